package main

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// notNeeded are quic-go's folders that neither the library nor quic-go's tests need.
var notNeeded = []string{".github", "assets", "example", "interop"}

// copySource copies all else, tests and what they read included.
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
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o644)
	})
}

// sameTree reports whether two folders hold the same files, and nothing else.
func sameTree(a, b string) (bool, error) {
	left, err := readTree(a)
	if err != nil {
		return false, err
	}
	right, err := readTree(b)
	if err != nil {
		return false, err
	}
	return maps.EqualFunc(left, right, bytes.Equal), nil
}

// readTree returns the files of a folder by name; a folder that is not there is
// empty. What is no ordinary file has no content that counts.
func readTree(folder string) (map[string][]byte, error) {
	files := make(map[string][]byte)
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case os.IsNotExist(err) && path == folder:
			return filepath.SkipAll
		case err != nil || entry.IsDir():
			return err
		case !entry.Type().IsRegular():
			files[path[len(folder):]+" is no file"] = nil
			return nil
		}
		text, err := os.ReadFile(path)
		files[path[len(folder):]] = text
		return err
	})
	return files, err
}
