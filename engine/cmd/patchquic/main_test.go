package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestWhatIsPlantedIsNotBuilt: whatever somebody has put into the copy, the next
// build makes it what it has to be.
func TestWhatIsPlantedIsNotBuilt(t *testing.T) {
	t.Chdir("../../..")
	folder := filepath.Join(t.TempDir(), "quic")
	make := func() map[string][]byte {
		t.Helper()
		if err := run(folder); err != nil {
			t.Fatal(err)
		}
		files, err := readTree(folder)
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	clean := make()
	for name, plant := range map[string]func() error{
		"a file more":       func() error { return os.WriteFile(filepath.Join(folder, "quic-go", "more.go"), nil, 0o644) },
		"a file less":       func() error { return os.Remove(filepath.Join(folder, "quic-go", "transport.go")) },
		"another file":      func() error { return os.WriteFile(filepath.Join(folder, "quic-go", "transport.go"), nil, 0o644) },
		"a link":            func() error { return os.Symlink("/dev/null", filepath.Join(folder, "dtls", "link.go")) },
		"another go.mod":    func() error { return os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module x\n"), 0o644) },
		"the changes gone":  func() error { return os.RemoveAll(filepath.Join(folder, "quic-go")) },
		"nothing different": func() error { return nil },
	} {
		if err := plant(); err != nil {
			t.Fatal(err)
		}
		again := make()
		if len(again) != len(clean) {
			t.Errorf("%s: %d files, before %d", name, len(again), len(clean))
		}
		for file, text := range clean {
			if string(again[file]) != string(text) {
				t.Errorf("%s: %s is built as it was planted", name, file)
			}
		}
	}
}
