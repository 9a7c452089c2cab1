package tests

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

// The library as a guest in a program that knows nothing of Go.

func TestSignalFD(t *testing.T)  { run(t, "signalfd", withServer(t)...) }
func TestHandlers(t *testing.T)  { run(t, "handlers", withServer(t)...) }
func TestHostState(t *testing.T) { run(t, "host_state", withServer(t)...) }
func TestLimits(t *testing.T)    { flavour{name: "-open", library: openLibrary}.run(t, "limits") }
func TestMemory(t *testing.T)    { run(t, "memory", withServer(t)...) }
func TestCancel(t *testing.T)    { run(t, "cancel", withServer(t)...) }
func TestFirstCall(t *testing.T) { run(t, "first_call") }
func TestFaults(t *testing.T)    { run(t, "faults", withServer(t)...) }

// openLibrary is a copy that any user can load: one that root has built may be in a folder of root's.
func openLibrary(t *testing.T) string {
	file, err := os.ReadFile(filepath.Join(library(t), "libthingp2p.so.1"))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "thingp2p-open-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	err = errors.Join(
		os.Chmod(dir, 0o755),
		os.WriteFile(filepath.Join(dir, "libthingp2p.so.1"), file, 0o644),
		os.Symlink("libthingp2p.so.1", filepath.Join(dir, "libthingp2p.so")),
	)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// The static library is linked from the same object, and starts as late.
func TestStaticGuest(t *testing.T) {
	dir := library(t)
	static := flavour{name: "-static", library: library, link: []string{filepath.Join(dir, "libthingp2p.a"), "-lresolv"}}
	for _, name := range []string{"fork", "signalfd", "host_state"} {
		t.Run(name, func(t *testing.T) { static.run(t, name, withServer(t)...) })
	}
}

// There Go takes up to half a gigabyte of addresses, whatever that leaves.
func TestLimitsOf32Bit(t *testing.T) {
	needSanitizers(t)
	compiler := shell.Tool(t, "i686-linux-gnu-gcc")
	if err := exec.Command("/lib/ld-linux.so.2", "--version").Run(); errors.Is(err, syscall.ENOEXEC) {
		t.Skip("the kernel runs no programs of 32 bits, and an emulator has limits of its own")
	}
	dir := filepath.Join(workDir, "386")
	env := []string{"CC=" + compiler, "GOARCH=386", "CGO_ENABLED=1", "THINGP2P_BUILD_DIR=" + dir}
	shell.Run(t, shell.BuildTimeout, env, filepath.Join(root, "build.sh"), "lib")
	flavour{
		name:     "-386",
		compiler: compiler,
		library:  func(*testing.T) string { return dir },
		link:     []string{filepath.Join(dir, "libthingp2p.a"), "-lresolv"}, // the user without threads cannot read the folder
	}.run(t, "limits")
}

// Whoever starts a setuid program chooses its environment: neither where it writes nor what it is.
func TestSetuid(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to make a program of root's")
	}
	dir, err := os.MkdirTemp("", "thingp2p-setuid-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	static := flavour{name: "-setuid", library: library, link: []string{filepath.Join(library(t), "libthingp2p.a"), "-lresolv"}}
	program := filepath.Join(dir, "program")
	shell.Run(t, shell.RunTimeout, nil, "install", "-m", "4755", static.compile(t, "setuid"), program)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	stranger := []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}
	state, log := filepath.Join(dir, "state"), filepath.Join(dir, "log")
	env := []string{"THINGP2P_STATE_DIR=" + state, "THINGP2P_LOG=debug:" + log}
	report(t, shell.Run(t, shell.RunTimeout, env, stranger[0], append(stranger[1:], program)...))
	for _, path := range []string{state, log} {
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("a stranger has made root write %s", path)
		}
	}
}

func TestLoad(t *testing.T) {
	file := filepath.Join(library(t), "libthingp2p.so.1")
	loader := flavour{name: "-dl", library: library, link: []string{"-ldl"}}
	report(t, shell.Run(t, shell.RunTimeout, nil, loader.compile(t, "load"), file))

	// Into programs that do not know of it.
	preload := []string{"LD_PRELOAD=" + file}
	if out := shell.Run(t, shell.RunTimeout, preload, "sh", "-c", "ls / | grep -c . && echo all is well"); !strings.HasSuffix(out, "all is well") {
		t.Errorf("a shell printed %q", out)
	}
	python := shell.Tool(t, "python3")
	program := "import ctypes, subprocess; print(subprocess.check_output(['echo', 'child']), ctypes.CDLL(None).thing_p2p_device_open(None))"
	if out := shell.Run(t, shell.RunTimeout, preload, python, "-c", program); out != `b'child\n' 1` {
		t.Errorf("python3 printed %q", out)
	}
}
