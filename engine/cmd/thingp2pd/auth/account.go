package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Account is a name and a password; the zero Account is nobody's.
type Account struct{ Name, password string }

// LoadAccount reads "name:password" from the first line of a file.
func LoadAccount(file string) (Account, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Account{}, fmt.Errorf("the publisher's account cannot be read: %w: give -publisher a file with name:password", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	name, password, _ := strings.Cut(strings.TrimSpace(line), ":")
	if name == "" || password == "" {
		return Account{}, fmt.Errorf("%s has no account: its first line should be name:password", file)
	}
	return Account{name, password}, nil
}

func (a Account) is(name string) bool { return a.Name != "" && a.Name == name }

var errPassword = errors.New("the publisher's password is another")

func (a Account) check(password string) error {
	given, want := sha256.Sum256([]byte(password)), sha256.Sum256([]byte(a.password))
	if subtle.ConstantTimeCompare(given[:], want[:]) != 1 {
		return errPassword
	}
	return nil
}
