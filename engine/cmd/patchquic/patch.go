package main

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
)

// added is compiled into quic-go's own package.
//
//go:embed added.go.txt
var added []byte

// change replaces the one place in a file where before stands.
type change struct{ file, before, after string }

var changes = []change{
	{
		file:   "connection.go",
		before: "func (c *Conn) triggerSending(now monotime.Time) error {\n\tc.pacingDeadline = 0\n",
		after: "func (c *Conn) triggerSending(now monotime.Time) error {\n\tc.pacingDeadline = 0\n\n" +
			"\tif err := c.sendPathProbes(now); err != nil {\n\t\treturn err\n\t}\n",
	},
}

// patch changes the copy of quic-go in folder.
func patch(folder string) error {
	for _, c := range changes {
		path := filepath.Join(folder, c.file)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if n := bytes.Count(text, []byte(c.before)); n != 1 {
			return fmt.Errorf("%s of %s %s has %d places like\n\n%s\nand not one: quic-go has changed, check the changes against it",
				c.file, module, version, n, c.before)
		}
		text = bytes.Replace(text, []byte(c.before), []byte(c.after), 1)
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(folder, "thingp2p.go"), added, 0o644)
}

// fingerprint tells whether a copy was made with these changes.
func fingerprint() string {
	h := sha256.New()
	fmt.Fprintln(h, version, changes, notNeeded)
	h.Write(added)
	return fmt.Sprintf("%x\n", h.Sum(nil))
}
