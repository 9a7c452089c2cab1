package tests

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// What stands in README.md as code works, as it stands there.
func TestReadme(t *testing.T) {
	server := withServer(t)
	device := compileExample(t, filepath.Join(root, "examples_c/device.c"))
	r := readme{code: readmeCode(t), server: server, ticket: startExampleDevice(t, device, server)}
	t.Run("c", r.inC)
	t.Run("cpp", r.inCXX)
	t.Run("python", r.inPython)
	t.Run("rust", r.inRust)
	t.Run("server", r.ofServer)
	t.Run("commands", r.ofBuild)
	for language := range r.code {
		// acl is for another broker, and capi/tests/nat/others_test.go runs it.
		if !strings.Contains(" c cpp python rust sh acl ", " "+language+" ") && language != "" {
			t.Errorf("nobody runs README's code in %q", language)
		}
	}
}

type readme struct {
	code   map[string][]string // by language
	server []string            // its environment
	ticket string
}

func readmeCode(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	code := make(map[string][]string)
	for _, m := range regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		code[m[1]] = append(code[m[1]], m[2])
	}
	return code
}

// program writes the only program in a language to a file of a new folder, which it returns.
func (r readme) program(t *testing.T, language, name string) (dir string) {
	t.Helper()
	if len(r.code[language]) != 1 {
		t.Fatalf("README.md has %d programs in %s", len(r.code[language]), language)
	}
	program := r.code[language][0]
	if lines := strings.Count(program, "\n"); lines >= 30 {
		t.Errorf("README's program in %s has %d lines, and should be under 30", language, lines)
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// answers runs a command, to which the ticket is added, and wants the device's answer.
func (r readme) answers(t *testing.T, env []string, command ...string) {
	t.Helper()
	env = append(env, r.server...)
	// They have the patience of an example, which may not be enough on a busy machine.
	await.Until(t, "the device answers README's program", func() bool {
		out, err := shell.Try(t, shell.RunTimeout, env, command[0], append(command[1:], r.ticket)...)
		t.Logf("printed %q, %v", out, err)
		return err == nil && strings.Contains(out, "camera")
	})
}

// The first program, by the line of shell below it.
func (r readme) inC(t *testing.T) {
	dir := r.program(t, "c", "first.c")
	var line string
	for _, code := range r.code["sh"] {
		if strings.HasPrefix(code, "cc first.c ") {
			line = strings.Replace(code, "t2p1.…", `"$0"`, 1)
		}
	}
	if !strings.Contains(line, `"$0"`) {
		t.Fatal("README.md does not say how to run its first program")
	}
	for name, target := range map[string]string{"include": filepath.Join(root, "include"), "build": library(t)} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	r.answers(t, nil, "sh", "-c", `cd "`+dir+`" && `+line)
}

func (r readme) inCXX(t *testing.T) {
	dir := r.program(t, "cpp", "first.cpp")
	program := filepath.Join(dir, "first")
	shell.Run(t, shell.BuildTimeout, nil, shell.Tool(t, "g++", "clang++"), "-std=c++17", "-Wall", "-Wextra", "-Werror",
		program+".cpp", "-I"+filepath.Join(root, "include"), "-L"+library(t), "-lthingp2p", "-o", program)
	r.answers(t, []string{"LD_LIBRARY_PATH=" + library(t)}, program)
}

// With a wheel, in a virtual environment that has nothing else.
func (r readme) inPython(t *testing.T) {
	dir := r.program(t, "python", "first.py")
	python := shell.Tool(t, "python3")
	if exec.Command(python, "-c", "import ensurepip").Run() != nil {
		shell.Missing(t, "python3-venv")
	}
	wheel := shell.Run(t, shell.BuildTimeout, []string{"THINGP2P_LIBRARY=" + filepath.Join(library(t), "libthingp2p.so")},
		python, "-B", filepath.Join(root, "capi/python/wheel_backend.py"), dir)
	shell.Run(t, shell.BuildTimeout, nil, python, "-m", "venv", filepath.Join(dir, "venv"))
	python = filepath.Join(dir, "venv/bin/python")
	shell.Run(t, shell.BuildTimeout, nil, python, "-m", "pip", "install", "--quiet", "--no-index", filepath.Join(dir, wheel))
	r.answers(t, []string{"PYTHONPATH=", "THINGP2P_LIBRARY="}, python, filepath.Join(dir, "first.py"))
}

// As a crate that depends on ours by its path.
func (r readme) inRust(t *testing.T) {
	cargo := shell.Tool(t, "cargo")
	dir := r.program(t, "rust", "main.rs")
	manifest := "[package]\nname = \"first\"\nversion = \"0.1.0\"\nedition = \"2021\"\n" +
		"[[bin]]\nname = \"first\"\npath = \"main.rs\"\n" +
		"[dependencies]\nthingp2p = { path = \"" + filepath.Join(root, "capi/rust") + "\" }\n"
	if err := os.WriteFile(filepath.Join(dir, "Cargo.toml"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"THINGP2P_LIB_DIR=" + library(t), "CARGO_TARGET_DIR=" + filepath.Join(dir, "target"), "LD_LIBRARY_PATH=" + library(t)}
	shell.Run(t, shell.BuildTimeout, env, cargo, "build", "--offline", "--manifest-path", filepath.Join(dir, "Cargo.toml"))
	r.answers(t, env, filepath.Join(dir, "target/debug/first"))
}

// The server starts as README says, but for its addresses, which stay on this machine, and the secret's file.
func (r readme) ofServer(t *testing.T) {
	program, err := serverProgram()
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range r.code["sh"] {
		arguments, isServer := strings.CutPrefix(code, "thingp2pd ")
		if !isServer {
			continue
		}
		arguments, comment, _ := strings.Cut(arguments, "\n# ")
		arguments = strings.Replace(arguments, "/var/lib/thingp2pd", t.TempDir(), 1) + " -mqtt 127.0.0.1:0 -turn 127.0.0.1:0"
		line := firstLine(t, exec.Command(program, strings.Fields(arguments)...))
		want, _, _ := strings.Cut(comment, "203.0.113.7")
		if want == "" || !strings.HasPrefix(line, want+"127.0.0.1:") {
			t.Errorf("printed %q, README says %q", line, comment)
		}
		return
	}
	t.Error("README.md does not start a server")
}

// Each command of build.sh that README names is one.
func (r readme) ofBuild(t *testing.T) {
	help := shell.Run(t, shell.RunTimeout, nil, filepath.Join(root, "build.sh"), "help")
	found := 0
	for _, code := range r.code["sh"] {
		for _, m := range regexp.MustCompile(`(?m)^\./build\.sh (\w+)`).FindAllStringSubmatch(code, -1) {
			found++
			if !strings.Contains(help, "\n  "+m[1]+" ") {
				t.Errorf("build.sh help does not have %q", m[1])
			}
		}
	}
	if found == 0 {
		t.Error("README.md has no command of build.sh")
	}
}

// firstLine runs a program until it has printed a line.
func firstLine(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	output, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	line, _ := bufio.NewReader(output).ReadString('\n')
	return strings.TrimSpace(line)
}

func compileExample(t *testing.T, source string) string {
	t.Helper()
	dir := library(t)
	program := filepath.Join(t.TempDir(), "program")
	out, err := exec.Command("gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-I", filepath.Join(root, "include"),
		source, "-o", program, "-L", dir, "-lthingp2p", "-Wl,-rpath,"+dir, "-pthread").CombinedOutput()
	if err != nil {
		t.Fatalf("gcc %s: %v\n%s", source, err, out)
	}
	return program
}

// startExampleDevice returns the ticket that the device prints.
func startExampleDevice(t *testing.T, program string, env []string) string {
	t.Helper()
	cmd := exec.Command(program, filepath.Join(root, "README.md"))
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = os.Stderr
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if i := strings.Index(lines.Text(), "t2p1."); i >= 0 {
			return strings.Fields(lines.Text()[i:])[0]
		}
	}
	t.Fatal("the device prints no ticket")
	return ""
}
