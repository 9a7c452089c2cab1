package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/keys"
)

// state is what an endpoint remembers between runs: its key and, on a device,
// the ticket's secret and the apps that proved it.
//
// Reading never waits for the disk: readers see what was saved last, whole. All
// changes go through change, one after the other.
type state struct {
	dir    string                    // "": memory only
	lock   *stateLock                // keeps dir for us; nil if there is no dir
	saving sync.Mutex                // one change at a time
	saved  atomic.Pointer[stateFile] // never changed in place
}

// openState loads the state in dir, or makes a new one if there is none, and keeps
// dir for itself until close. A file that cannot be understood is an error: a
// device must not change its identity in silence.
func openState(dir string, log *slog.Logger) (*state, error) {
	s := &state{dir: dir}
	if dir == "" {
		s.saved.Store(newStateFile())
		return s, nil
	}
	if err := os.MkdirAll(dir, stateDirMode); err != nil {
		return nil, fmt.Errorf("make the state directory: %w", err)
	}
	err := secureStateDir(dir, log)
	if err != nil {
		return nil, err
	}
	if s.lock, err = lockState(dir, log); err != nil {
		return nil, err
	}
	file, err := loadState(dir)
	if err != nil {
		s.close()
		return nil, err
	}
	s.saved.Store(file)
	return s, nil
}

// loadState reads the file in a directory that is locked, or makes it.
func loadState(dir string) (*stateFile, error) {
	path := filepath.Join(dir, stateName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		file := newStateFile()
		return file, file.save(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	file, err := parseState(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; restore it from a backup, or remove it to start with a new identity", path, err)
	}
	removeLeftovers(dir)
	return file, nil
}

// close lets others use the directory.
func (s *state) close() {
	if s.lock != nil {
		s.lock.release()
	}
}

// now is the state as it was saved last. Nobody may change it.
func (s *state) now() *stateFile { return s.saved.Load() }

// change replaces the state by what decide makes of it: nil leaves it as it is. To
// look and to change are one step, and it is on disk before anybody sees it: what
// could not be saved has not happened.
func (s *state) change(decide func(now *stateFile) (*stateFile, error)) error {
	s.saving.Lock()
	defer s.saving.Unlock()
	changed, err := decide(s.now())
	if err != nil || changed == nil {
		return err
	}
	if s.dir != "" {
		if err := changed.save(s.dir); err != nil {
			return err
		}
	}
	s.saved.Store(changed)
	return nil
}

func (s *state) identity() keys.Identity { return keys.New(s.now().Seed) }

func (s *state) port() uint16 { return s.now().Port }

// keepPort remembers the socket's port: with the same one after a restart, what
// apps remember of the device, and its ticket, stay true.
func (s *state) keepPort(port uint16) error {
	return s.change(func(now *stateFile) (*stateFile, error) {
		if now.Port == port {
			return nil, nil
		}
		changed := now.clone()
		changed.Port = port
		return changed, nil
	})
}

// place returns where a device was reached last.
func (s *state) place(deviceID string) (netip.AddrPort, bool) {
	p, ok := s.now().Places[deviceID]
	return p.Address, ok
}

// reached remembers where a device was reached. An address that is known already
// is not written again.
func (s *state) reached(deviceID string, address netip.AddrPort) error {
	return s.change(func(now *stateFile) (*stateFile, error) {
		last, known := now.Places[deviceID]
		if known && last.Address == address {
			return nil, nil
		}
		changed := now.clone()
		if !known && len(changed.Places) >= maxPlaces {
			delete(changed.Places, oldest(changed.Places, func(p place) time.Time { return p.At }))
		}
		put(&changed.Places, deviceID, place{address, time.Now().UTC().Truncate(time.Second)})
		return changed, nil
	})
}

// oldest returns the key of the oldest entry.
func oldest[V any](entries map[string]V, at func(V) time.Time) string {
	oldest := ""
	for id, e := range entries {
		if oldest == "" || at(e).Before(at(entries[oldest])) {
			oldest = id
		}
	}
	return oldest
}

// mlkemKey returns the ML-KEM key of a device; nil: it is not known.
func (s *state) mlkemKey(deviceID string) []byte { return s.now().Keys[deviceID].Key }

// learnMLKEMKey remembers the ML-KEM key of a device, or that it has none.
func (s *state) learnMLKEMKey(deviceID string, key []byte) error {
	return s.change(func(now *stateFile) (*stateFile, error) {
		last, known := now.Keys[deviceID]
		if bytes.Equal(last.Key, key) {
			return nil, nil
		}
		changed := now.clone()
		if len(key) == 0 {
			delete(changed.Keys, deviceID)
			return changed, nil
		}
		if !known && len(changed.Keys) >= maxKeys {
			delete(changed.Keys, oldest(changed.Keys, func(k peerKey) time.Time { return k.At }))
		}
		put(&changed.Keys, deviceID, peerKey{key, time.Now().UTC().Truncate(time.Second)})
		return changed, nil
	})
}
