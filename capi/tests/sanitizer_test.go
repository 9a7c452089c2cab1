package tests

import (
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

// Each of these builds the library once more and runs those programs that have something to say to it, in under a minute.

// Go code that touches memory of C is checked too, such as the buffers of read and send.
func TestAddressSanitizer(t *testing.T) {
	needSanitizers(t)
	flavour{
		name:    "-asan",
		library: built("asan", nil, "-asan"),
		flags:   []string{"-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer"},
		env:     []string{"ASAN_OPTIONS=detect_leaks=1", "UBSAN_OPTIONS=print_stacktrace=1"},
	}.runAll(t, "arguments", "handles", "options", "log", "codes", "structs", "read_send", "frames", "poller", "callbacks", "pairing", "device")
}

// Races in C, between the program's threads and the callbacks that run on threads of Go. ThreadSanitizer knows nothing of
// how Go's goroutines wait for each other; the flags make cgo tell it that each call into Go and back is a point of
// synchronisation. So it does not see a race that is only inside of Go, for which there is "go test -race", and may miss one
// between two programs' threads that both were in the library in between.
func TestThreadSanitizer(t *testing.T) {
	needSanitizers(t)
	const flag = "-fsanitize=thread"
	flavour{
		name:    "-tsan",
		library: built("tsan", []string{"CGO_CFLAGS=-g -O1 " + flag, "CGO_LDFLAGS=" + flag}),
		flags:   []string{flag},
		env:     []string{"TSAN_OPTIONS=halt_on_error=1"},
	}.runAll(t, "handles", "frames", "poller", "log", "connect", "break_connect", "callbacks", "pairing", "device")
}

// With the tag, the Go runtime tells valgrind of its heap and its stacks. What it does to preempt a goroutine is still an
// error to valgrind, so that is off; and its pools are too much for the search for leaks, which is AddressSanitizer's anyway.
func TestValgrind(t *testing.T) {
	needSanitizers(t)
	flavour{
		name:    "-valgrind",
		library: built("valgrind", nil, "-tags=valgrind", "-ldflags=-w"),
		wrapper: []string{shell.Tool(t, "valgrind"), "--quiet", "--leak-check=no", "--error-exitcode=99", "--suppressions=valgrind.supp",
			"--fair-sched=yes"}, // a thread of Go that spins could keep all others from running for ever
		// To the program under it, valgrind's processor has RDTSCP even where the machine's does not.
		env: []string{"GODEBUG=asyncpreemptoff=1,cpu.rdtscp=off"},
	}.runAll(t, "arguments", "options", "structs", "pairing") // handles has hung in Go's runtime there
}

func (f flavour) runAll(t *testing.T, programs ...string) {
	server := withServer(t)
	f.library(t)
	for _, name := range programs {
		t.Run(name, func(t *testing.T) {
			if name == "options" {
				f.run(t, name, "THINGP2P_RELAY=perhaps", "THINGP2P_SERVER=mqtt://localhost")
			} else {
				f.run(t, name, server...)
			}
		})
	}
}

// built builds a library of its own for a flavour, once.
func built(name string, env []string, arguments ...string) func(t *testing.T) string {
	dir := filepath.Join(workDir, name)
	once := sync.OnceValue(func() error {
		arguments = append(arguments, "-buildmode=c-shared", "-o", filepath.Join(dir, "libthingp2p.so"), "./capi")
		return buildWith(append(env, "CGO_ENABLED=1", "CC=gcc"), arguments...)
	})
	return func(t *testing.T) string {
		t.Helper()
		if err := once(); err != nil {
			t.Fatal(err)
		}
		return dir
	}
}

func needSanitizers(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("for Linux on amd64")
	}
	shell.Tool(t, "gcc")
}
