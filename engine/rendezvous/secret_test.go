package rendezvous

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

func TestSecretFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	secrets := make([]string, 8)
	var wg sync.WaitGroup
	for i := range secrets {
		wg.Go(func() {
			var err error
			if secrets[i], _, err = LoadSecret(file); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, s := range secrets {
		if s != secrets[0] || len(s) != 64 {
			t.Fatalf("%q and %q", s, secrets[0])
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*")); len(left) != 1 {
		t.Errorf("files left: %v", left)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".*-*")); len(left) != 0 {
		t.Errorf("files left: %v", left)
	}

	os.WriteFile(file, []byte("short\n"), 0o600)
	if _, _, err := LoadSecret(file); err == nil {
		t.Error("a short secret is accepted")
	}
	os.WriteFile(file, []byte("  sixteen bytes at least\n"), 0o600)
	if s, old, err := LoadSecret(file); err != nil || s != "sixteen bytes at least" || len(old) > 0 {
		t.Errorf("%q %q %v", s, old, err)
	}
	os.WriteFile(file, []byte("the new one, long enough\n\nthe one before, as well\n"), 0o600)
	if s, old, err := LoadSecret(file); err != nil || s != "the new one, long enough" || !slices.Equal(old, []string{"the one before, as well"}) {
		t.Errorf("%q %q %v", s, old, err)
	}
	os.WriteFile(file, []byte("the new one, long enough\nshort\n"), 0o600)
	if _, _, err := LoadSecret(file); err == nil {
		t.Error("a short old secret is accepted")
	}
	if _, _, err := LoadSecret(filepath.Join(file, "below a file")); err == nil {
		t.Error("a secret below a file")
	}
	fresh := filepath.Join(t.TempDir(), "thingp2pd")
	if _, _, err := LoadSecret(filepath.Join(fresh, "secret")); err != nil {
		t.Errorf("a secret in a directory that is not there yet: %v", err)
	}
	if info, err := os.Stat(fresh); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory that was made: %v %v", info, err)
	}
	if _, _, err := LoadSecret(filepath.Join(t.TempDir(), "no", "such", "directory")); err == nil {
		t.Error("a secret in no directory")
	}
}
