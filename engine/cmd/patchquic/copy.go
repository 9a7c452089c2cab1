package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// notNeeded are quic-go's folders that the library does not import.
var notNeeded = []string{".github", "assets", "example", "http3", "integrationtests", "interop", "metrics", "testutils"}

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
		compiled := strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
		if !compiled && name != "go.mod" && name != "LICENSE" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o644)
	})
}
