package main

import (
	"os"
	"path/filepath"
)

const dtlsModule = "github.com/pion/dtls/v2"

// writeDTLS writes a module that takes the place of pion's DTLS.
func writeDTLS(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module "+dtlsModule+"\n\ngo 1.26\n"), 0o644); err != nil {
		return err
	}
	text, err := additions.ReadFile("added/dtls.go.txt")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "dtls.go"), text, 0o644)
}
