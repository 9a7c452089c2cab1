package tests

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

// programLimit ends a program that hangs: the slowest takes some 20 seconds, and here it may have a twentieth of a processor,
// or run under valgrind.
const programLimit = 20 * time.Minute

var (
	root, _ = filepath.Abs("../..")
	workDir string // of this run, removed at its end
)

func TestMain(m *testing.M) {
	var err error
	if workDir, err = os.MkdirTemp("", "thingp2p-abi-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	stopServer()
	os.RemoveAll(workDir)
	os.Exit(status)
}

// library returns the folder of libthingp2p.so: the one that THINGP2P_BUILD_DIR
// names, or one with a library made now.
func library(t *testing.T) string {
	t.Helper()
	shell.Tool(t, "gcc")
	dir, err := builtLibrary()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var builtLibrary = sync.OnceValues(func() (string, error) {
	if dir := os.Getenv("THINGP2P_BUILD_DIR"); dir != "" {
		return filepath.Abs(dir)
	}
	cmd := exec.Command(filepath.Join(root, "build.sh"), "lib")
	cmd.Env = append(os.Environ(), "THINGP2P_BUILD_DIR="+workDir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build.sh lib: %w\n%s", err, out)
	}
	return workDir, nil
})

func build(arguments ...string) error { return buildWith(nil, arguments...) }

func buildWith(env []string, arguments ...string) error {
	cmd := exec.Command("go", append([]string{"build"}, arguments...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
	return nil
}

// A flavour is a way to build and run the programs.
type flavour struct {
	name     string
	library  func(t *testing.T) string // the folder of libthingp2p.so
	compiler string
	flags    []string // of the compiler
	link     []string // instead of the shared library
	wrapper  []string // a command that runs the program
	env      []string
}

var plain = flavour{library: library}

// compile makes the program of one C file.
func (f flavour) compile(t *testing.T, name string) string {
	t.Helper()
	dir := f.library(t)
	program := filepath.Join(workDir, name+f.name)
	link := f.link
	if link == nil {
		link = []string{"-L", dir, "-lthingp2p", "-Wl,-rpath," + dir}
	}
	args := append([]string{"-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-I", filepath.Join(root, "include"),
		"-o", program, filepath.Join("c", name+".c")}, f.flags...)
	compiler := cmp.Or(f.compiler, "gcc")
	out, err := exec.Command(compiler, append(args, link...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s c/%s.c: %v\n%s", compiler, name, err, out)
	}
	return program
}

func run(t *testing.T, name string, env ...string) string {
	t.Helper()
	return plain.run(t, name, env...)
}

// run runs a program, turns its "pass" and "fail" lines into subtests and
// returns its output. A program that crashes or hangs fails.
func (f flavour) run(t *testing.T, name string, env ...string) string {
	t.Helper()
	command := append(slices.Clone(f.wrapper), f.compile(t, name))
	ctx, cancel := context.WithTimeout(t.Context(), programLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(append(os.Environ(), env...), f.env...)
	// A group of its own, to end what the program has started too.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	err := cmd.Run()
	if cmd.Process != nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	failed := report(t, output.String())
	if ctx.Err() != nil {
		t.Fatalf("%s did not end within %v\n%s", name, programLimit, output.String())
	}
	if err != nil && !failed {
		t.Fatalf("%s: %v\n%s", name, err, output.String())
	}
	return output.String()
}

// report makes a subtest of each test in a program's output and tells whether
// one failed.
func report(t *testing.T, output string) (failed bool) {
	var details []string
	lines := bufio.NewScanner(strings.NewReader(output))
	for lines.Scan() {
		verdict, test, _ := strings.Cut(lines.Text(), " ")
		switch verdict {
		case "run":
			details = nil
		case "pass", "fail":
			t.Run(test, func(t *testing.T) {
				if verdict == "fail" {
					failed = true
					t.Error("\n" + strings.Join(details, "\n"))
				}
			})
		default:
			details = append(details, lines.Text())
		}
	}
	return failed
}
