package state

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

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/keys"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/internal/names"
)

// silent is a log that nobody reads.
var silent = slog.New(slog.DiscardHandler)

// mustOpen opens the state in dir, until it is closed or the test ends.
func mustOpen(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir, silent)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// pair lets an app in that has the ticket.
func pair(s *Store, appID, uid string) error {
	_, err := s.Enter(appID, uid, func([names.SecretSize]byte) bool { return true })
	return err
}

// anApp is that of an app, the same for the same number.
func anApp(number byte) string { return keys.New(bytes.Repeat([]byte{number}, ed25519.SeedSize)).ID }

func TestStateSurvivesARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	first := mustOpen(t, dir)
	app := anApp(7)
	if err := pair(first, app, "user"); err != nil {
		t.Fatal(err)
	}
	first.Close()
	second := mustOpen(t, dir)
	if first.Identity().ID != second.Identity().ID || first.Secret() != second.Secret() {
		t.Error("another identity after a restart")
	}
	if !second.Paired(app) || second.Paired(anApp(8)) {
		t.Error("the pairings have changed")
	}
	if !reflect.DeepEqual(first.Now().Paired, second.Now().Paired) {
		t.Errorf("pairings %v, before %v", second.Now().Paired, first.Now().Paired)
	}
}

func TestStateIsForItsOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	mustOpen(t, dir)
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, FileName): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v", path, info.Mode(), err)
		}
	}
}

func TestStateInMemoryIsNewEachTime(t *testing.T) {
	first, second := mustOpen(t, ""), mustOpen(t, "")
	if first.Identity().ID == second.Identity().ID || first.Secret() == second.Secret() {
		t.Error("two devices have the same key")
	}
	app := anApp(1)
	if err := pair(first, app, "user"); err != nil || !first.Paired(app) || second.Paired(app) {
		t.Errorf("pairing: %v", err)
	}
}

// TestDamagedStateIsAnError: a device with a new identity could never be
// reached again by those who know it.
func TestDamagedStateIsAnError(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	whole := mustOpen(t, dir)
	if err := pair(whole, anApp(1), "user"); err != nil {
		t.Fatal(err)
	}
	whole.Close()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(damage string, damaged []byte) {
		t.Helper()
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Open(dir, silent)
		if err == nil {
			got.Close()
		}
		if err != nil {
			if !strings.Contains(err.Error(), path) {
				t.Errorf("%s: the error does not name the file: %v", damage, err)
			}
		} else if got.Identity().ID != whole.Identity().ID || got.Secret() != whole.Secret() ||
			!reflect.DeepEqual(got.Now().Paired, whole.Now().Paired) {
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
	path := filepath.Join(dir, FileName)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, silent); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a directory in the file's place: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, silent); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file in the directory's place: %v", err)
	}
}

func TestLeftoverTemporaryFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	first := mustOpen(t, dir)
	first.Close()
	for _, name := range []string{temporaryName + "1", temporaryName + "2", FileName + ".123", "other"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(`{"version":1`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	second := mustOpen(t, dir)
	wantFiles(t, dir, "other", lockName, FileName, FileName+".123")
	if err := pair(second, anApp(1), "user"); err != nil {
		t.Fatal(err)
	}
	second.Close()
	if id := mustOpen(t, dir).Identity().ID; id != first.Identity().ID {
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
	s := mustOpen(t, dir)
	for number := range byte(5) {
		if err := pair(s, anApp(number), "user"); err != nil {
			t.Fatal(err)
		}
	}
	wantFiles(t, dir, lockName, FileName)
}

func TestPairingThatCannotBeSavedIsTriedAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := mustOpen(t, dir)
	app := anApp(1)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := pair(s, app, "user"); err == nil {
		t.Fatal("saved nowhere")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := pair(s, app, "user"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if !mustOpen(t, dir).Paired(app) {
		t.Error("the pairing is lost")
	}
}

// fullState has n pairings.
func fullState(t *testing.T, dir string, n int) *Store {
	t.Helper()
	s := mustOpen(t, dir)
	if err := s.change(func(now *File) (*File, error) {
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
			err := pair(s, anApp(byte(n)), "user")
			if errors.Is(err, errPairingsFull) {
				refused.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(s.Now().Paired); n != maxPairings || refused.Load() != rivals-room {
		t.Errorf("%d paired, %d refused", n, refused.Load())
	}
	for id := range s.Now().Paired {
		if err := pair(s, id, "another user"); err != nil {
			t.Errorf("who is paired already: %v", err)
		}
		break
	}
	s.Close()
	if again := mustOpen(t, dir); len(again.Now().Paired) != maxPairings {
		t.Error("the fullest state has lost pairings")
	}
}

// TestReadingDoesNotWaitForTheDisk: signalling asks who is paired, and must not
// block.
func TestReadingDoesNotWaitForTheDisk(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	changing, saved := make(chan struct{}), make(chan struct{})
	go s.change(func(*File) (*File, error) {
		close(changing)
		<-saved
		return nil, nil
	})
	<-changing
	s.Paired(anApp(1))
	s.Secret()
	s.Now().Pairings()
	s.Place("")
	s.Ports()
	close(saved)
}

// TestKeysOfDevicesAreKept: over restarts, and of the latest devices.
func TestKeysOfDevicesAreKept(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	key := func(n int) []byte {
		return append(make([]byte, ident.MLKEMKeyBytes-2), byte(n>>8), byte(n))
	}
	learn := func(device string, key []byte) {
		t.Helper()
		if err := s.LearnMLKEMKey(device, key); err != nil {
			t.Fatal(err)
		}
	}
	learn("a", key(1))
	learn("a", key(2))
	learn("b", key(3))
	learn("b", nil)
	s.Close()
	s = mustOpen(t, dir)
	if !bytes.Equal(s.MLKEMKey("a"), key(2)) || s.MLKEMKey("b") != nil || s.MLKEMKey("") != nil {
		t.Errorf("%d keys after a restart", len(s.Now().Keys))
	}
	full := s.Now().clone()
	for n := range maxKeys {
		put(&full.Keys, fmt.Sprint(n), peerKey{key(n), time.Now()})
	}
	delete(full.Keys, "a")
	put(&full.Keys, "0", peerKey{key(0), time.Unix(0, 0)})
	s.saved.Store(full)
	learn("one more", key(7))
	if len(s.Now().Keys) != maxKeys || s.MLKEMKey("0") != nil || s.MLKEMKey("1") == nil || s.MLKEMKey("one more") == nil {
		t.Errorf("%d keys in a full state", len(s.Now().Keys))
	}
	s.Close()
	mustOpen(t, dir)
	s.Now().Keys["1"] = peerKey{Key: []byte("short")}
	short := *s.Now()
	short.Sum, _ = short.sum()
	text, _ := json.Marshal(short)
	if _, err := parseState(text); err == nil {
		t.Error("a key that is too short is none")
	}
}

func FuzzState(f *testing.F) {
	dir := f.TempDir()
	if err := pair(mustOpen(f, dir), anApp(1), "user"); err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, FileName))
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
		s := &Store{dir: t.TempDir()}
		s.saved.Store(file)
		id, secret := s.Identity().ID, s.Secret()
		if err := s.Now().save(s.dir); err != nil {
			t.Fatal(err)
		}
		again := mustOpen(t, s.dir)
		if again.Identity().ID != id || again.Secret() != secret || len(again.Now().Paired) != len(file.Paired) {
			t.Error("saved and read, it is another")
		}
	})
}

// What is closed changes nothing any more: the directory may be somebody else's.
func TestNothingChangesAfterClose(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	before := s.Now()
	s.Close()
	again := mustOpen(t, dir)
	if err := s.ResetSecret(); codes.Of(err) != codes.ErrInvalidSession {
		t.Errorf("a change after Close: %v", err)
	}
	if s.Now() != before || !reflect.DeepEqual(again.Now(), before) {
		t.Error("it has changed")
	}
}
