package engine

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// mustOpenState opens the state in dir.
func mustOpenState(t testing.TB, dir string) *state {
	t.Helper()
	s, err := openState(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStateSurvivesARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	first := mustOpenState(t, dir)
	app := testIdentity(7).id
	if err := first.pair(app, "user"); err != nil {
		t.Fatal(err)
	}
	second := mustOpenState(t, dir)
	if first.identity().id != second.identity().id || first.secret() != second.secret() {
		t.Error("another identity after a restart")
	}
	if !second.paired(app) || second.paired(testIdentity(8).id) {
		t.Error("the pairings have changed")
	}
	if !reflect.DeepEqual(first.file.Paired, second.file.Paired) {
		t.Errorf("pairings %v, before %v", second.file.Paired, first.file.Paired)
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
	if first.identity().id == second.identity().id || first.secret() == second.secret() {
		t.Error("two devices have the same key")
	}
	app := testIdentity(1).id
	if err := first.pair(app, "user"); err != nil || !first.paired(app) || second.paired(app) {
		t.Errorf("pairing: %v", err)
	}
}

// TestDamagedStateIsAnError: a device with a new identity could never be
// reached again by those who know it.
func TestDamagedStateIsAnError(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, stateName)
	whole := mustOpenState(t, dir)
	if err := whole.pair(testIdentity(1).id, "user"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(damage string, damaged []byte) {
		t.Helper()
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := openState(dir)
		if err != nil {
			if !strings.Contains(err.Error(), path) {
				t.Errorf("%s: the error does not name the file: %v", damage, err)
			}
		} else if got.identity().id != whole.identity().id || got.secret() != whole.secret() ||
			!reflect.DeepEqual(got.file.Paired, whole.file.Paired) {
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
	if _, err := openState(dir); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a directory in the file's place: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openState(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file in the directory's place: %v", err)
	}
	if _, err := NewDevice(Config{StateDir: file}); CodeOf(err) != ErrInvalidParameter {
		t.Errorf("a device without its state: %v", err)
	}
}

func TestLeftoverTemporaryFilesDoNotMatter(t *testing.T) {
	dir := t.TempDir()
	first := mustOpenState(t, dir)
	const old, fresh = temporaryName + "1", temporaryName + "2"
	for _, name := range []string{old, fresh, stateName + ".123", "other"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(`{"version":1`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(filepath.Join(dir, old), time.Time{}, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	second := mustOpenState(t, dir)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 4 || entries[0].Name() != fresh {
		t.Errorf("%v, %v", entries, err)
	}
	if err := second.pair(testIdentity(1).id, "user"); err != nil {
		t.Fatal(err)
	}
	if id := mustOpenState(t, dir).identity().id; id != first.identity().id {
		t.Error("another identity")
	}
}

func TestSavingLeavesNoTemporaryFile(t *testing.T) {
	dir := t.TempDir()
	s := mustOpenState(t, dir)
	for number := range byte(5) {
		if err := s.pair(testIdentity(number).id, "user"); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestPairingThatCannotBeSavedIsTriedAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := mustOpenState(t, dir)
	app := testIdentity(1).id
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.pair(app, "user"); err == nil {
		t.Fatal("saved nowhere")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.pair(app, "user"); err != nil {
		t.Fatal(err)
	}
	if !mustOpenState(t, dir).paired(app) {
		t.Error("the pairing is lost")
	}
}

func TestPairingsAreBounded(t *testing.T) {
	s := mustOpenState(t, "")
	var key [ed25519.PublicKeySize]byte
	for n := range maxPairings {
		key[0], key[1] = byte(n), byte(n>>8)
		if err := s.pair(formatID(key[:]), "user"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.pair(testIdentity(1).id, "user"); err == nil {
		t.Error("no bound")
	}
	if err := s.pair(formatID(key[:]), "user"); err != nil {
		t.Errorf("who is paired already: %v", err)
	}
	s.dir = t.TempDir()
	if err := s.file.save(s.dir); err != nil {
		t.Fatal(err)
	}
	if _, err := openState(s.dir); err != nil {
		t.Errorf("the fullest state cannot be read: %v", err)
	}
}

func FuzzState(f *testing.F) {
	dir := f.TempDir()
	if err := mustOpenState(f, dir).pair(testIdentity(1).id, "user"); err != nil {
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
		s := &state{file: file, dir: t.TempDir()}
		id, secret := s.identity().id, s.secret()
		if err := s.file.save(s.dir); err != nil {
			t.Fatal(err)
		}
		again := mustOpenState(t, s.dir)
		if again.identity().id != id || again.secret() != secret || len(again.file.Paired) != len(file.Paired) {
			t.Error("saved and read, it is another")
		}
	})
}
