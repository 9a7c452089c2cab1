package rendezvous

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// shortestSecret is what a hand-written secret must have at least, in bytes.
const shortestSecret = 16

// LoadSecret returns the secret that file holds, in its first line, and those before it,
// in the lines below: see Config.OldSecrets. When there is no such file it
// is made, with mode 0600 and a new random secret, and so is its directory, with
// mode 0700; of several processes that do so at once, all get the same one.
func LoadSecret(file string) (secret string, old []string, err error) {
	secret, old, err = readSecret(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, old, err
	}
	if err := createOnce(file, []byte(newSecret()+"\n")); err != nil {
		return "", nil, fmt.Errorf("the secret file cannot be made: %w: give -secret a path in a directory that exists and is writable", err)
	}
	return readSecret(file)
}

func readSecret(file string) (secret string, old []string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", nil, fmt.Errorf("the secret file cannot be read: %w", err)
	}
	all := slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool { return strings.TrimSpace(line) == "" })
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	if i := slices.IndexFunc(all, func(s string) bool { return len(s) < shortestSecret }); len(all) == 0 || i >= 0 {
		return "", nil, fmt.Errorf("a secret in %s is shorter than %d characters: delete the file to have a new one made", file, shortestSecret)
	}
	return all[0], all[1:], nil
}

// createOnce makes file, with mode 0600, whole or not at all, and leaves one that
// is there. The directory that it is in is made, but not those above.
func createOnce(file string, text []byte) error {
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".secret-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(text)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	// Unlike a rename, a link never replaces a file that someone else made.
	if err := os.Link(tmp.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return os.Rename(tmp.Name(), file) // a file system without links
	}
	return nil
}
