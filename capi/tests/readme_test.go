package tests

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestReadmeProgram compiles README's first program and runs it against the
// example device.
func TestReadmeProgram(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, program, found := strings.Cut(string(text), "```c\n")
	program, _, closed := strings.Cut(program, "```")
	if !found || !closed {
		t.Fatal("README.md has no C program")
	}
	if lines := strings.Count(program, "\n"); lines >= 30 {
		t.Errorf("README's first program has %d lines, and should be under 30", lines)
	}
	source := filepath.Join(t.TempDir(), "first.c")
	if err := os.WriteFile(source, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	first := compileExample(t, source)
	device := compileExample(t, filepath.Join(root, "examples_c/device.c"))

	server := withServer(t)
	ticket := startExampleDevice(t, device, server)
	cmd := exec.Command(first, ticket)
	cmd.Env = append(os.Environ(), server...)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "camera") {
		t.Errorf("README's first program: %v\n%s", err, out)
	}
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
