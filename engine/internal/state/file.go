package state

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/internal/names"
)

// File is the file in which an endpoint's state lies.
type File struct {
	Version int                  `json:"version"`
	Seed    []byte               `json:"seed"`            // of the Ed25519 key
	Secret  []byte               `json:"secret"`          // of the ticket
	Paired  map[string]time.Time `json:"paired,omitzero"` // by the app's id: since when
	UIDs    map[string]string    `json:"uids,omitzero"`   // by the app's id: what it called its user
	Places  map[string]place     `json:"places,omitzero"` // by the device's id: where an app reached it last
	Keys    map[string]peerKey   `json:"keys,omitzero"`   // by the device's id: its ML-KEM key
	Port    uint16               `json:"port,omitzero"`   // of a device's socket the first time
	Spare   uint16               `json:"spare,omitzero"`  // of it when that one was somebody else's

	Statements map[string]Statement `json:"statements,omitzero"` // by the device's id: that this app belongs to it

	Sum []byte `json:"sum"` // SHA-256 of all before, as JSON: a damaged seed is a seed too
}

// place is an address, and when it last worked.
type place struct {
	Address netip.AddrPort `json:"address"`
	At      time.Time      `json:"at"`
}

// peerKey is an ML-KEM key, and since when it is known.
type peerKey struct {
	Key []byte    `json:"mlkem"`
	At  time.Time `json:"at"`
}

func (f File) sum() ([]byte, error) {
	f.Sum = nil
	text, err := json.Marshal(f)
	sum := sha256.Sum256(text)
	return sum[:], err
}

const (
	FileName      = "thingp2p.json"
	temporaryName = "." + FileName + ".new-" // and a number
	stateVersion  = 1
	maxStateBytes = 8 << 20
	maxPairings   = 10_000
	maxPlaces     = 1000
	maxKeys       = 1000
	MaxStatements = 1000
	stateDirMode  = 0o700
	SecretMode    = 0o600
)

// newStateFile is the state of a new endpoint.
func newStateFile() *File {
	f := &File{Version: stateVersion, Seed: make([]byte, ed25519.SeedSize), Secret: make([]byte, names.SecretSize)}
	rand.Read(f.Seed)
	rand.Read(f.Secret)
	return f
}

// clone returns a copy that may be changed.
func (f *File) clone() *File {
	c := *f
	c.Paired, c.UIDs, c.Places, c.Keys = maps.Clone(f.Paired), maps.Clone(f.UIDs), maps.Clone(f.Places), maps.Clone(f.Keys)
	c.Statements = maps.Clone(f.Statements)
	return &c
}

// put sets an entry of a map that may not be made yet.
func put[V any](m *map[string]V, key string, value V) {
	if *m == nil {
		*m = make(map[string]V)
	}
	(*m)[key] = value
}

func parseState(text []byte) (*File, error) {
	f := new(File)
	if len(text) > maxStateBytes {
		return f, errors.New("the state file is too large")
	}
	if err := json.Unmarshal(text, f); err != nil {
		return f, fmt.Errorf("the state file is damaged: %w", err)
	}
	if f.Version != stateVersion {
		return f, fmt.Errorf("the state file has version %d, this library knows version %d", f.Version, stateVersion)
	}
	if len(f.Seed) != ed25519.SeedSize || len(f.Secret) != names.SecretSize || len(f.Paired) > maxPairings || len(f.UIDs) > maxPairings ||
		len(f.Places) > maxPlaces || len(f.Keys) > maxKeys || len(f.Statements) > MaxStatements {
		return f, errors.New("the state file is damaged")
	}
	if sum, err := f.sum(); err != nil || !bytes.Equal(sum, f.Sum) {
		return f, errors.New("the state file is damaged: its checksum is wrong")
	}
	for id := range f.Paired {
		if _, err := ident.Parse(id); err != nil {
			return f, errors.New("the state file is damaged: " + err.Error())
		}
	}
	for _, k := range f.Keys {
		if len(k.Key) != ident.MLKEMKeyBytes {
			return f, errors.New("the state file is damaged")
		}
	}
	return f, nil
}

// save replaces the file as a whole: a kill at any point leaves the old state
// or the new one.
func (f *File) save(dir string) error {
	var err error
	if f.Sum, err = f.sum(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(dir, temporaryName+"*")
	if err != nil {
		return fmt.Errorf("save the state: %w", err)
	}
	defer os.Remove(temporary.Name()) // fails once renamed
	_, err = temporary.Write(append(text, '\n'))
	if err == nil {
		err = temporary.Chmod(SecretMode)
	}
	if err == nil {
		err = temporary.Sync()
	}
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temporary.Name(), filepath.Join(dir, FileName))
	}
	if err != nil {
		return fmt.Errorf("save the state: %w", err)
	}
	syncDir(dir)
	return nil
}

// syncDir makes what is new in a directory, or renamed, durable where the system can.
func syncDir(dir string) {
	if folder, err := os.Open(dir); err == nil {
		folder.Sync()
		folder.Close()
	}
}

// removeLeftovers removes what processes left that were killed while they saved.
func removeLeftovers(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), temporaryName) {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
