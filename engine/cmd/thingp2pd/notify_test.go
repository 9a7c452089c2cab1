package main

import (
	"net"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// A service manager is told when clients can come, and when no more should.
func TestServiceManagerIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	manager.SetDeadline(await.Deadline())
	told := func(want string) {
		t.Helper()
		text := make([]byte, 100)
		n, err := manager.Read(text)
		if err != nil || string(text[:n]) != want {
			t.Errorf("told %q, %v, want %q", text[:n], err, want)
		}
	}
	t.Setenv("NOTIFY_SOCKET", path)
	d := start(t, "-mqtt", "127.0.0.1:0", "-turn", "")
	told("READY=1")
	d.stop(syscall.SIGTERM)
	told("STOPPING=1")
}
