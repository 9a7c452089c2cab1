package main

import (
	"os"
	"path/filepath"
)

// standIn is a module that takes the place of one which pion's libraries import, and which libthingp2p does not need.
type standIn struct {
	module string
	folder string // in the folder that is made; its text is added/FOLDER.go.txt
	file   string // with the package's folder
}

var standIns = []standIn{
	{"github.com/pion/dtls/v2", "dtls", "dtls.go"},
	{"github.com/stretchr/testify", "testify", "require/require.go"},
}

func (s standIn) write(into string) error {
	text, err := additions.ReadFile("added/" + s.folder + ".go.txt")
	if err != nil {
		return err
	}
	file := filepath.Join(into, s.folder, filepath.FromSlash(s.file))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(into, s.folder, "go.mod"), []byte("module "+s.module+"\n\ngo 1.26\n"), 0o644); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}
