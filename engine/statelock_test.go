//go:build unix

package engine

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/internal/state"
)

// TestStateDirIsForOne: a second endpoint of this process is refused as long as the
// first one has the directory, and told who that is.
func TestStateDirIsForOne(t *testing.T) {
	dir := t.TempDir()
	device, err := NewDevice(Config{StateDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	secret := device.state.Secret()
	for role, open := range map[string]func() error{
		"device": func() error { _, err := NewDevice(Config{StateDir: dir}); return err },
		"app":    func() error { _, err := NewApp(Config{UID: "user", StateDir: dir}); return err },
	} {
		if err := open(); CodeOf(err) != ErrBusy || !strings.Contains(err.Error(), "this process") || !strings.Contains(err.Error(), dir) {
			t.Errorf("a second %s: %v", role, err)
		}
	}
	if err := device.ResetTicket(); err != nil {
		t.Fatal(err)
	}
	device.Close()
	again, err := NewDevice(Config{StateDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if again.state.Secret() == secret {
		t.Error("a ticket that was reset is valid again")
	}
}

const holdStateEnv = "THINGP2P_TEST_HOLD_STATE"

func init() { otherProcesses[holdStateEnv] = holdState }

// holdState keeps a state directory until it is killed.
func holdState(dir string) error {
	s, err := state.Open(dir, quiet)
	if err != nil {
		fmt.Println("refused", err)
		return nil
	}
	fmt.Println("holds", s.Identity().ID)
	bufio.NewReader(os.Stdin).ReadString(0)
	return nil
}

// holder is another process that wants a state directory.
type holder struct {
	*exec.Cmd
	said *bufio.Scanner
}

func startHolder(t *testing.T, dir string) holder {
	t.Helper()
	cmd, stdin, out := startSelf(t, holdStateEnv, dir)
	t.Cleanup(func() {
		stdin.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	return holder{cmd, bufio.NewScanner(out)}
}

// answer is whether it got the directory, and what it says of that.
func (h holder) answer(t *testing.T) (holds bool, said string) {
	t.Helper()
	for h.said.Scan() {
		line := h.said.Text()
		if id, ok := strings.CutPrefix(line, "holds "); ok {
			return true, id
		}
		if why, ok := strings.CutPrefix(line, "refused "); ok {
			return false, why
		}
	}
	t.Fatal("the other process said nothing")
	return false, ""
}

// TestStateDirIsForOneProcess: of processes that start at once on a directory that
// is new, one gets it and its identity stays; the next one gets it after a kill.
func TestStateDirIsForOneProcess(t *testing.T) {
	const rounds, rivals = 10, 3
	for range rounds {
		dir := filepath.Join(t.TempDir(), "new")
		var rival [rivals]holder
		for i := range rival {
			rival[i] = startHolder(t, dir)
		}
		var first *holder
		var identity string
		for i := range rival {
			holds, said := rival[i].answer(t)
			switch {
			case holds && first != nil:
				t.Errorf("two have it: %s, %s", identity, said)
			case holds:
				first, identity = &rival[i], said
			case !strings.Contains(said, dir) || !strings.Contains(said, "process"):
				t.Errorf("it is not told who has it: %s", said)
			}
		}
		if first == nil {
			t.Fatal("nobody has it")
		}
		if _, err := state.Open(dir, quiet); CodeOf(err) != ErrBusy || !strings.Contains(err.Error(), fmt.Sprint("process ", first.Process.Pid)) {
			t.Errorf("a directory that process %d has: %v", first.Process.Pid, err)
		}
		first.Process.Kill()
		first.Wait()
		s := mustOpenState(t, dir)
		if s.Identity().ID != identity {
			t.Error("another identity after a kill")
		}
		s.Close()
	}
}

// TestLooseStateDir: a directory in which others could put another state is
// refused, and a key that others could read is closed to them.
func TestLooseStateDir(t *testing.T) {
	dir := t.TempDir()
	mustOpenState(t, dir).Close()
	path := filepath.Join(dir, state.FileName)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	mustOpenState(t, dir).Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != state.SecretMode {
		t.Errorf("the state has mode %v, %v", info.Mode(), err)
	}
	for mode, refused := range map[os.FileMode]bool{0o700: false, 0o755: false, 0o777: true, 0o777 | os.ModeSticky: false} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		s, err := state.Open(dir, quiet)
		if err == nil {
			s.Close()
		}
		if (err != nil) != refused {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
	if os.Geteuid() != 0 {
		return // only root can give a directory away
	}
	os.Chmod(dir, 0o700)
	if err := os.Chown(dir, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	s, err := state.Open(dir, quiet)
	if err != nil {
		t.Fatalf("root uses a user's directory: %v", err)
	}
	s.Close()
}
