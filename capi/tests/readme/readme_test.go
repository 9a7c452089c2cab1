package readme

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

// notRun is what is not run here, and why.
var notRun = map[string]string{
	"./build.sh demo":        "it runs with a file",
	"./build.sh test":        "it is what runs this",
	"./build.sh bench quick": "it takes half an hour; the tests of engine/bench run its parts",
}

const (
	ticket = "t2p1.…" // stands in README for the one that was printed

	// disposable says that this machine is thrown away afterwards, so that the test may install into it; ./build.sh test clean
	// makes such a one. Elsewhere what README installs goes to a folder.
	disposable = "THINGP2P_DISPOSABLE"

	patience = 15 * time.Minute // for one block: the first one compiles everything
)

// tools are what README's commands need beside Go and a C compiler.
var tools = []string{"cc", "c++", "cmake", "pkg-config", "javac", "python3", "cargo", "npm", "go"}

func TestReadme(t *testing.T) {
	text, blocks := readBlocks(t)
	n := newNewcomer(t)
	ran := make(map[string]bool)
	for _, b := range blocks {
		switch {
		case b.file != "":
			n.write(b.file, b.text)
		case b.language == "sh":
			t.Run(b.title(), func(t *testing.T) { n.follow(t, b, ran) })
		default:
			t.Errorf("nobody runs README's code in %q", b.language)
		}
	}
	for line := range notRun {
		if !ran[line] {
			t.Errorf("README.md does not have %q any more", line)
		}
	}
	t.Run("warnings", func(t *testing.T) {
		const strict = " -fsyntax-only -Wall -Wextra -Wconversion -Werror -Iinclude "
		n.shell(t, shell.Tool(t, "cc")+" -std=c99 -pedantic"+strict+"first.c")
		n.shell(t, shell.Tool(t, "c++")+" -std=c++17 -pedantic"+strict+"first.cpp")
	})
	t.Run("rust, shared", func(t *testing.T) { n.linkRustShared(t, text) })
	commandsExist(t, text)
}

// follow runs the lines of a block, in one shell, as they stand there.
func (n *newcomer) follow(t *testing.T, b block, ran map[string]bool) {
	var script []string
	for _, line := range b.lines() {
		switch {
		case notRun[line] != "":
			ran[line] = true
		case strings.HasPrefix(line, "build/"): // it runs until it is interrupted
			n.run(t, script)
			script = nil
			n.start(t, line, b.text)
		default:
			script = append(script, line)
		}
	}
	n.run(t, script)
}

// run runs lines. One with a ticket is given the device's, and must print what the device answers; without an argument it must
// say what it needs.
func (n *newcomer) run(t *testing.T, lines []string) {
	t.Helper()
	if len(lines) == 0 {
		return
	}
	script := strings.Join(lines, "\n")
	for _, tool := range tools {
		if regexp.MustCompile(`(?m)(^|&& |\$\()` + regexp.QuoteMeta(tool) + ` `).MatchString(script) {
			shell.Tool(t, tool)
		}
	}
	if strings.Contains(script, "first-tokio") {
		n.write(".cargo/config.toml", "[source]\ncrates-io.replace-with = \"debian\"\ndebian.directory = \""+shell.Crates(t, "tokio")+"\"\n")
	}
	if strings.Contains(script, "python3 -m venv") && exec.Command("python3", "-c", "import ensurepip").Run() != nil {
		shell.Missing(t, "python3-venv")
	}
	needsTicket := strings.Contains(script, ticket)
	if needsTicket && n.ticket == "" {
		t.Fatal("no device has printed a ticket")
	}
	out := n.shell(t, n.here(script, n.ticket))
	if !needsTicket {
		return
	}
	if !strings.Contains(out, "camera") {
		t.Errorf("%s\nprinted %q", script, out)
	}
	last := lines[len(lines)-1]
	alone := n.here(strings.Join(lines[:len(lines)-1], "\n"), n.ticket)
	if folder := regexp.MustCompile(`&& (cd \S+)$`).FindStringSubmatch(alone); folder != nil {
		alone = folder[1]
	} else {
		alone = ""
	}
	if i := strings.LastIndex(last, "&& "); i >= 0 {
		last = last[i+len("&& "):]
	}
	command := n.here(last, "")
	usage := n.shell(t, alone+"\nif "+command+"; then exit 1; else test $? -lt 126; fi") // more: a signal, or no program
	if !strings.Contains(usage, "usage: ") {
		t.Errorf("%s\nwithout an argument printed %q", command, usage)
	}
}

// here makes README's lines those of this machine.
func (n *newcomer) here(script, t string) string {
	script = strings.ReplaceAll(script, ticket, t)
	if n.prefix != "" {
		script = strings.ReplaceAll(script, "./build.sh install", "./build.sh install --prefix "+n.prefix)
	}
	return script
}

// The crate with the feature "shared", and the line that README gives for the build script.
func (n *newcomer) linkRustShared(t *testing.T, text string) {
	shell.Tool(t, "cargo")
	line := regexp.MustCompile("`(println!.*?;)`").FindStringSubmatch(text)
	if line == nil || !strings.Contains(text, "`--features shared`") {
		t.Fatal("README.md does not say how to link with the shared library")
	}
	if _, err := os.Stat(filepath.Join(n.dir, "first-rust")); err != nil || n.ticket == "" {
		t.Skip("the block in Rust has not run")
	}
	n.write("first-rust/build.rs", "fn main() { "+line[1]+" }\n")
	out := n.shell(t, "cd first-rust\ncargo add thingp2p --path ../capi/rust --features shared\ncargo run "+n.ticket)
	if !strings.Contains(out, "camera") {
		t.Errorf("printed %q", out)
	}
	if needed := n.shell(t, "readelf -d first-rust/target/debug/first-rust"); !strings.Contains(needed, "libthingp2p.so.1") {
		t.Error("it does not use the shared library")
	}
}

// commandsExist looks for each command of build.sh that README names, in its help.
func commandsExist(t *testing.T, text string) {
	help := shell.Run(t, shell.RunTimeout, nil, root+"/build.sh", "help")
	found := regexp.MustCompile(`\./build\.sh (\w+)`).FindAllStringSubmatch(strings.ReplaceAll(text, "\n", " "), -1)
	if len(found) == 0 {
		t.Error("README.md has no command of build.sh")
	}
	for _, m := range found {
		if !strings.Contains(help, "\n  "+m[1]+" ") && !strings.Contains(help, "\n  "+m[1]+"\n") && m[1] != "help" && m[1] != "alone" {
			t.Errorf("build.sh help does not have %q", m[1])
		}
	}
}
