package engine

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// state is what an endpoint remembers between runs: its key and, on a device,
// the ticket's secret and the apps that proved it.
type state struct {
	dir string // "": memory only

	mu   sync.Mutex
	file stateFile
}

type stateFile struct {
	Version int                  `json:"version"`
	Seed    []byte               `json:"seed"`            // of the Ed25519 key
	Secret  []byte               `json:"secret"`          // of the ticket
	Paired  map[string]time.Time `json:"paired,omitzero"` // by the app's id: since when
	UIDs    map[string]string    `json:"uids,omitzero"`   // by the app's id: what it called its user
	Places  map[string]place     `json:"places,omitzero"` // by the device's id: where an app reached it last
	Port    uint16               `json:"port,omitzero"`   // of a device's socket the last time
	Sum     []byte               `json:"sum"`             // SHA-256 of all before, as JSON: a damaged seed is a seed too
}

// place is an address, and when it last worked.
type place struct {
	Address netip.AddrPort `json:"address"`
	At      time.Time      `json:"at"`
}

func (f stateFile) sum() ([]byte, error) {
	f.Sum = nil
	text, err := json.Marshal(f)
	sum := sha256.Sum256(text)
	return sum[:], err
}

const (
	stateName       = "thingp2p.json"
	temporaryName   = "." + stateName + ".new-" // and a number
	stateVersion    = 1
	maxStateBytes   = 8 << 20
	maxPairings     = 10_000
	maxPlaces       = 1000
	stateDirMode    = 0o700
	stateSecretMode = 0o600
)

// openState loads the state in dir, or makes a new one if there is none. A
// file that cannot be understood is an error: a device must not change its
// identity in silence.
func openState(dir string) (*state, error) {
	s := &state{dir: dir}
	if dir == "" {
		return s, s.fill()
	}
	if err := os.MkdirAll(dir, stateDirMode); err != nil {
		return nil, fmt.Errorf("make the state directory: %w", err)
	}
	path := filepath.Join(dir, stateName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := s.fill(); err != nil {
			return nil, err
		}
		return s, s.file.save(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	if s.file, err = parseState(text); err != nil {
		return nil, fmt.Errorf("%s: %w; restore it from a backup, or remove it to start with a new identity", path, err)
	}
	removeLeftovers(dir)
	return s, nil
}

// removeLeftovers removes what processes left that were killed while they saved.
// What is younger may be another's that is saving now.
func removeLeftovers(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && strings.HasPrefix(e.Name(), temporaryName) && time.Since(info.ModTime()) > time.Minute {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

func (s *state) fill() error {
	s.file = stateFile{Version: stateVersion, Seed: make([]byte, ed25519.SeedSize), Secret: make([]byte, secretSize)}
	rand.Read(s.file.Seed)
	rand.Read(s.file.Secret)
	return nil
}

func parseState(text []byte) (stateFile, error) {
	var f stateFile
	if len(text) > maxStateBytes {
		return f, errors.New("the state file is too large")
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return f, fmt.Errorf("the state file is damaged: %w", err)
	}
	if f.Version != stateVersion {
		return f, fmt.Errorf("the state file has version %d, this library knows version %d", f.Version, stateVersion)
	}
	if len(f.Seed) != ed25519.SeedSize || len(f.Secret) != secretSize || len(f.Paired) > maxPairings || len(f.UIDs) > maxPairings || len(f.Places) > maxPlaces {
		return f, errors.New("the state file is damaged")
	}
	if sum, err := f.sum(); err != nil || !bytes.Equal(sum, f.Sum) {
		return f, errors.New("the state file is damaged: its checksum is wrong")
	}
	for id := range f.Paired {
		if _, err := parseID(id); err != nil {
			return f, errors.New("the state file is damaged: " + err.Error())
		}
	}
	return f, nil
}

func (s *state) identity() identity { return newIdentity(s.file.Seed) }

// keepPort remembers the socket's port: with the same one after a restart, what
// apps remember of the device, and its ticket, stay true.
func (s *state) keepPort(port uint16) error {
	if s.port() == port {
		return nil
	}
	return s.change(func(f *stateFile) { f.Port = port })
}

func (s *state) port() uint16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.Port
}

// place returns where a device was reached last.
func (s *state) place(deviceID string) (netip.AddrPort, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.file.Places[deviceID]
	return p.Address, ok
}

// reached remembers where a device was reached. An address that is known already
// is not written again.
func (s *state) reached(deviceID string, address netip.AddrPort) error {
	if known, _ := s.place(deviceID); known == address {
		return nil
	}
	return s.change(func(f *stateFile) {
		if _, known := f.Places[deviceID]; !known && len(f.Places) >= maxPlaces {
			oldest := ""
			for id, p := range f.Places {
				if oldest == "" || p.At.Before(f.Places[oldest].At) {
					oldest = id
				}
			}
			delete(f.Places, oldest)
		}
		put(&f.Places, deviceID, place{address, time.Now().UTC().Truncate(time.Second)})
	})
}

// change changes the state, on disk first: what could not be saved has not
// happened.
func (s *state) change(edit func(*stateFile)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dir == "" {
		edit(&s.file)
		return nil
	}
	changed := s.file
	changed.Paired = maps.Clone(s.file.Paired)
	changed.UIDs = maps.Clone(s.file.UIDs)
	changed.Places = maps.Clone(s.file.Places)
	edit(&changed)
	if err := changed.save(s.dir); err != nil {
		return err
	}
	s.file = changed
	return nil
}

// put sets an entry of a map that may not be made yet.
func put[V any](m *map[string]V, key string, value V) {
	if *m == nil {
		*m = make(map[string]V)
	}
	(*m)[key] = value
}

// save replaces the file as a whole: a kill at any point leaves the old state
// or the new one.
func (f *stateFile) save(dir string) error {
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
		err = temporary.Chmod(stateSecretMode)
	}
	if err == nil {
		err = temporary.Sync()
	}
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temporary.Name(), filepath.Join(dir, stateName))
	}
	if err != nil {
		return fmt.Errorf("save the state: %w", err)
	}
	if folder, err := os.Open(dir); err == nil {
		folder.Sync() // makes the rename durable where the system can
		folder.Close()
	}
	return nil
}
