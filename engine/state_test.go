package engine

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/internal/names"
)

// quiet is a log that nobody reads.
var quiet = slog.New(slog.DiscardHandler)

// mustOpenState opens the state in dir, until it is closed or the test ends.
func mustOpenState(t testing.TB, dir string) *state {
	t.Helper()
	s, err := openState(dir, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

// pair lets an app in that has the ticket.
func pairApp(s *state, appID, uid string) error {
	_, err := s.enter(appID, uid, func([names.SecretSize]byte) bool { return true })
	return err
}

func TestStateSurvivesARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	first := mustOpenState(t, dir)
	app := testIdentity(7).ID
	if err := pairApp(first, app, "user"); err != nil {
		t.Fatal(err)
	}
	first.close()
	second := mustOpenState(t, dir)
	if first.identity().ID != second.identity().ID || first.secret() != second.secret() {
		t.Error("another identity after a restart")
	}
	if !second.paired(app) || second.paired(testIdentity(8).ID) {
		t.Error("the pairings have changed")
	}
	if !reflect.DeepEqual(first.now().Paired, second.now().Paired) {
		t.Errorf("pairings %v, before %v", second.now().Paired, first.now().Paired)
	}
}

func TestStateIsForItsOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	mustOpenState(t, dir)
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, stateName): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v", path, info.Mode(), err)
		}
	}
}

func TestStateInMemoryIsNewEachTime(t *testing.T) {
	first, second := mustOpenState(t, ""), mustOpenState(t, "")
	if first.identity().ID == second.identity().ID || first.secret() == second.secret() {
		t.Error("two devices have the same key")
	}
	app := testIdentity(1).ID
	if err := pairApp(first, app, "user"); err != nil || !first.paired(app) || second.paired(app) {
		t.Errorf("pairing: %v", err)
	}
}

// TestDamagedStateIsAnError: a device with a new identity could never be
// reached again by those who know it.
func TestDamagedStateIsAnError(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, stateName)
	whole := mustOpenState(t, dir)
	if err := pairApp(whole, testIdentity(1).ID, "user"); err != nil {
		t.Fatal(err)
	}
	whole.close()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(damage string, damaged []byte) {
		t.Helper()
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := openState(dir, quiet)
		if err == nil {
			got.close()
		}
		if err != nil {
			if !strings.Contains(err.Error(), path) {
				t.Errorf("%s: the error does not name the file: %v", damage, err)
			}
		} else if got.identity().ID != whole.identity().ID || got.secret() != whole.secret() ||
			!reflect.DeepEqual(got.now().Paired, whole.now().Paired) {
			// White space and the case of names may change.
			t.Errorf("%s: another state, and no error", damage)
		}
		if kept, _ := os.ReadFile(path); !bytes.Equal(kept, damaged) {
			t.Errorf("%s: the file was overwritten", damage)
		}
	}
	for n := range text {
		check(fmt.Sprintf("cut after %d bytes", n), text[:n])
		for _, flip := range []byte{0x01, 0x20, 0x80} {
			damaged := bytes.Clone(text)
			damaged[n] ^= flip
			check(fmt.Sprintf("byte %d xor %#x", n, flip), damaged)
		}
	}
	check("a newer version", bytes.Replace(text, []byte(`"version": 1`), []byte(`"version": 2`), 1))
	check("too large", append(bytes.Clone(text), bytes.Repeat([]byte(" "), maxStateBytes)...))
	check("zeros", make([]byte, len(text)))
}

func TestStateThatCannotBeReadIsAnError(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, stateName)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := openState(dir, quiet); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a directory in the file's place: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openState(file, quiet); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file in the directory's place: %v", err)
	}
	if _, err := NewDevice(Config{StateDir: file}); CodeOf(err) != ErrInvalidParameter {
		t.Errorf("a device without its state: %v", err)
	}
}

func TestLeftoverTemporaryFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	first := mustOpenState(t, dir)
	first.close()
	for _, name := range []string{temporaryName + "1", temporaryName + "2", stateName + ".123", "other"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(`{"version":1`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	second := mustOpenState(t, dir)
	wantFiles(t, dir, "other", lockName, stateName, stateName+".123")
	if err := pairApp(second, testIdentity(1).ID, "user"); err != nil {
		t.Fatal(err)
	}
	second.close()
	if id := mustOpenState(t, dir).identity().ID; id != first.identity().ID {
		t.Error("another identity")
	}
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("files %q, want %q", names, want)
	}
}

func TestSavingLeavesNoTemporaryFile(t *testing.T) {
	dir := t.TempDir()
	s := mustOpenState(t, dir)
	for number := range byte(5) {
		if err := pairApp(s, testIdentity(number).ID, "user"); err != nil {
			t.Fatal(err)
		}
	}
	wantFiles(t, dir, lockName, stateName)
}

func TestPairingThatCannotBeSavedIsTriedAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := mustOpenState(t, dir)
	app := testIdentity(1).ID
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := pairApp(s, app, "user"); err == nil {
		t.Fatal("saved nowhere")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := pairApp(s, app, "user"); err != nil {
		t.Fatal(err)
	}
	s.close()
	if !mustOpenState(t, dir).paired(app) {
		t.Error("the pairing is lost")
	}
}

// fullState has n pairings.
func fullState(t *testing.T, dir string, n int) *state {
	t.Helper()
	s := mustOpenState(t, dir)
	if err := s.change(func(now *stateFile) (*stateFile, error) {
		full := now.clone()
		var key [ed25519.PublicKeySize]byte
		for i := range n {
			key[0], key[1] = byte(i), byte(i>>8)
			put(&full.Paired, ident.Format(key[:]), time.Unix(0, 0).UTC())
			put(&full.UIDs, ident.Format(key[:]), "user")
		}
		return full, nil
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestPairingsAreBounded: also when several apps come at once; a file with more
// could not be read again.
func TestPairingsAreBounded(t *testing.T) {
	const room, rivals = 3, 40
	dir := t.TempDir()
	s := fullState(t, dir, maxPairings-room)
	var all sync.WaitGroup
	var refused atomic.Int32
	for n := range rivals {
		all.Go(func() {
			err := pairApp(s, testIdentity(byte(n)).ID, "user")
			if errors.Is(err, errPairingsFull) {
				refused.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(s.now().Paired); n != maxPairings || refused.Load() != rivals-room {
		t.Errorf("%d paired, %d refused", n, refused.Load())
	}
	for id := range s.now().Paired {
		if err := pairApp(s, id, "another user"); err != nil {
			t.Errorf("who is paired already: %v", err)
		}
		break
	}
	s.close()
	if again := mustOpenState(t, dir); len(again.now().Paired) != maxPairings {
		t.Error("the fullest state has lost pairings")
	}
}

// TestReadingDoesNotWaitForTheDisk: signalling asks who is paired, and must not
// block.
func TestReadingDoesNotWaitForTheDisk(t *testing.T) {
	s := mustOpenState(t, t.TempDir())
	changing, saved := make(chan struct{}), make(chan struct{})
	go s.change(func(*stateFile) (*stateFile, error) {
		close(changing)
		<-saved
		return nil, nil
	})
	<-changing
	s.paired(testIdentity(1).ID)
	s.secret()
	s.now().pairings()
	s.place("")
	s.port()
	close(saved)
}

// TestKeysOfDevicesAreKept: over restarts, and of the latest devices.
func TestKeysOfDevicesAreKept(t *testing.T) {
	dir := t.TempDir()
	s := mustOpenState(t, dir)
	key := func(n int) []byte {
		return append(make([]byte, ident.MLKEMKeyBytes-2), byte(n>>8), byte(n))
	}
	learn := func(device string, key []byte) {
		t.Helper()
		if err := s.learnMLKEMKey(device, key); err != nil {
			t.Fatal(err)
		}
	}
	learn("a", key(1))
	learn("a", key(2))
	learn("b", key(3))
	learn("b", nil)
	s.close()
	s = mustOpenState(t, dir)
	if !bytes.Equal(s.mlkemKey("a"), key(2)) || s.mlkemKey("b") != nil || s.mlkemKey("") != nil {
		t.Errorf("%d keys after a restart", len(s.now().Keys))
	}
	full := s.now().clone()
	for n := range maxKeys {
		put(&full.Keys, fmt.Sprint(n), peerKey{key(n), time.Now()})
	}
	delete(full.Keys, "a")
	put(&full.Keys, "0", peerKey{key(0), time.Unix(0, 0)})
	s.saved.Store(full)
	learn("one more", key(7))
	if len(s.now().Keys) != maxKeys || s.mlkemKey("0") != nil || s.mlkemKey("1") == nil || s.mlkemKey("one more") == nil {
		t.Errorf("%d keys in a full state", len(s.now().Keys))
	}
	s.close()
	mustOpenState(t, dir)
	s.now().Keys["1"] = peerKey{Key: []byte("short")}
	short := *s.now()
	short.Sum, _ = short.sum()
	text, _ := json.Marshal(short)
	if _, err := parseState(text); err == nil {
		t.Error("a key that is too short is none")
	}
}

func FuzzState(f *testing.F) {
	dir := f.TempDir()
	if err := pairApp(mustOpenState(f, dir), testIdentity(1).ID, "user"); err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, stateName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"version":1,"seed":null,"paired":{"":"0001-01-01T00:00:00Z"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := parseState(text)
		if err != nil {
			return
		}
		s := &state{dir: t.TempDir()}
		s.saved.Store(file)
		id, secret := s.identity().ID, s.secret()
		if err := s.now().save(s.dir); err != nil {
			t.Fatal(err)
		}
		again := mustOpenState(t, s.dir)
		if again.identity().ID != id || again.secret() != secret || len(again.now().Paired) != len(file.Paired) {
			t.Error("saved and read, it is another")
		}
	})
}
