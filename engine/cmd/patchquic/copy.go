package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// notNeeded are quic-go's folders that the library does not import.
var notNeeded = []string{".github", "assets", "example", "http3", "integrationtests", "interop", "metrics"}

// copySource copies what is compiled: Go files that are not tests, and go.mod.
func copySource(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		if entry.IsDir() {
			if slices.Contains(notNeeded, name) {
				return filepath.SkipDir
			}
			return os.MkdirAll(target, 0o755)
		}
		compiled := true
		if !compiled {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o644)
	})
}
