//go:build unix

package engine

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/state"
)

const stateEnv = "THINGP2P_TEST_STATE"

// TestStateSurvivesKills: a process that changes its state all the time is killed
// at any moment, also at its first, and the next one finds one of the states that
// were, whole.
func TestStateSurvivesKills(t *testing.T) {
	const kills = 60
	dir := t.TempDir()
	path := filepath.Join(dir, state.FileName)
	identity, changes := "", 0
	for n := range kills {
		if n%20 == 0 { // a new device
			identity = ""
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
		cmd, _, out := startSelf(t, stateEnv, dir)
		var last, before string // the secrets that it said it has, and that it had before
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			fields := strings.Fields(lines.Text())
			if len(fields) != 3 || fields[0] != "state" {
				continue
			}
			if last == "" {
				time.AfterFunc(time.Duration(rand.IntN(10_000))*time.Microsecond, func() { cmd.Process.Kill() })
			}
			if identity == "" {
				identity = fields[1]
			}
			if fields[1] != identity {
				t.Fatalf("kill %d: another identity", n)
			}
			last, before = fields[2], last
			changes++
		}
		cmd.Wait()
		if last == "" {
			t.Fatal("the process did not begin")
		}
		s, err := state.Open(dir, quiet)
		if err != nil {
			t.Fatalf("kill %d: %v", n, err)
		}
		s.Close()
		if s.Identity().ID != identity {
			t.Errorf("kill %d: another identity", n)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != state.SecretMode {
			t.Errorf("kill %d: mode %v, %v", n, info.Mode(), err)
		}
		if before != "" && fmt.Sprintf("%x", s.Secret()) == before {
			t.Errorf("kill %d: a secret that was replaced is back", n)
		}
	}
	t.Logf("%d changes", changes)
}

func init() { otherProcesses[stateEnv] = changeState }

// changeState is what that process does. What it says has happened.
func changeState(dir string) error {
	s, err := state.Open(dir, quiet)
	if err != nil {
		return err
	}
	for number := byte(0); ; number++ {
		app := testIdentity(number % 50).ID
		err := pairApp(s, app, fmt.Sprint(number))
		if number%3 == 0 {
			_, err = s.Unpair(app)
		}
		if err == nil {
			err = s.ResetSecret()
		}
		if err != nil {
			return err
		}
		fmt.Printf("state %s %x\n", s.Identity().ID, s.Secret())
	}
}
