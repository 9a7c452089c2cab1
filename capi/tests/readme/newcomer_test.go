package readme

import (
	"bufio"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

// newcomer is who reads README: a folder with the sources, and a shell in it.
type newcomer struct {
	t      *testing.T
	dir    string
	prefix string // where to install; "": where README says
	env    []string
	ticket string // of the device that README starts
}

func newNewcomer(t *testing.T) *newcomer {
	t.Helper()
	n := &newcomer{t: t, dir: filepath.Join(t.TempDir(), "libthingp2p")}
	for _, name := range []string{"go.mod", "go.sum", "LICENSE", "README.md", "CMakeLists.txt", "build.sh", "capi", "engine", "examples_c", "include"} {
		n.copy(name)
	}
	film := make([]byte, 20<<20)
	rand.Read(film)
	n.write("film.mp4", string(film))
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); !isOurs(name) {
			n.env = append(n.env, variable)
		}
	}
	if os.Getenv(disposable) == "" {
		n.prefix = filepath.Join(t.TempDir(), "prefix")
		n.env = append(n.env, "PKG_CONFIG_PATH="+n.prefix+"/lib/pkgconfig", "CMAKE_PREFIX_PATH="+n.prefix)
	}
	return n
}

// isOurs reports whether a variable would make things work that do not work for who has not set it.
func isOurs(name string) bool {
	return strings.HasPrefix(name, "THINGP2P_") || strings.HasPrefix(name, "CARGO_TARGET") ||
		slices.Contains([]string{"LD_LIBRARY_PATH", "LIBRARY_PATH", "CPATH", "PKG_CONFIG_PATH", "CMAKE_PREFIX_PATH", "PYTHONPATH", "RUSTFLAGS"}, name)
}

// copy copies a file or a folder of the project.
func (n *newcomer) copy(name string) {
	n.t.Helper()
	err := os.MkdirAll(n.dir, 0o755)
	if err == nil {
		err = exec.Command("cp", "-R", filepath.Join(root, name), n.dir).Run()
	}
	if err != nil {
		n.t.Fatal(err)
	}
}

func (n *newcomer) write(name, text string) {
	n.t.Helper()
	file := filepath.Join(n.dir, name)
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err == nil {
		err = os.WriteFile(file, []byte(text), 0o644)
	}
	if err != nil {
		n.t.Fatal(err)
	}
}

// shell runs a script in the folder and returns its output.
func (n *newcomer) shell(t *testing.T, script string) string {
	t.Helper()
	environment := append([]string{"-i", "-C", n.dir}, n.env...)
	return shell.Run(t, patience, nil, "env", append(environment, "sh", "-ec", script)...)
}

// start starts a line that runs until it is interrupted, and waits for what it prints first: a ticket, or what the comment
// below it says. A server stays on this machine, on free ports.
func (n *newcomer) start(t *testing.T, line, block string) {
	words := strings.Fields(line)
	_, comment, isServer := strings.Cut(block, "\n# ")
	if isServer {
		words = append(words, "-mqtt", "127.0.0.1:0", "-turn", "127.0.0.1:0")
		if os.Getenv(disposable) == "" {
			for i, word := range words {
				words[i] = strings.Replace(word, "/var/lib", t.TempDir(), 1)
			}
		}
	}
	cmd := exec.Command(filepath.Join(n.dir, words[0]), words[1:]...)
	cmd.Dir, cmd.Env, cmd.Stderr = n.dir, n.env, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	output, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	n.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	printed, _ := bufio.NewReader(output).ReadString('\n')
	if !isServer {
		if n.ticket = strings.TrimSpace(printed); !strings.HasPrefix(n.ticket, "t2p1.") {
			t.Fatalf("%s printed %q", line, printed)
		}
		return
	}
	address, _, _ := strings.Cut(comment, "203.0.113.7")
	if address == "" || !strings.HasPrefix(printed, address+"127.0.0.1:") {
		t.Errorf("printed %q, README says %q", printed, comment)
	}
}
