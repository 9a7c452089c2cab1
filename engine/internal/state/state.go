// Package state keeps on disk what an app or a device remembers between runs, for
// one process at a time.
package state

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/keys"
)

// Store is what an endpoint remembers between runs: its key and, on a device,
// the ticket's secret and the apps that proved it.
//
// Reading never waits for the disk: readers see what was saved last, whole. All
// changes go through change, one after the other.
type Store struct {
	dir    string               // "": memory only
	lock   *stateLock           // keeps dir for us; nil if there is no dir
	saving sync.Mutex           // one change at a time
	closed bool                 // with saving held
	saved  atomic.Pointer[File] // never changed in place

	Repaired func() // called when pairings have changed; nil: nobody needs it
}

// Open loads the state in dir, or makes a new one if there is none, and keeps
// dir for itself until close. A file that cannot be understood is an error: a
// device must not change its identity in silence.
func Open(dir string, log *slog.Logger) (*Store, error) {
	s := &Store{dir: dir}
	if dir == "" {
		s.saved.Store(newStateFile())
		return s, nil
	}
	err := makeDir(filepath.Clean(dir))
	if err != nil {
		return nil, fmt.Errorf("make the state directory: %w", err)
	}
	err = secureStateDir(dir, log)
	if err != nil {
		return nil, err
	}
	if s.lock, err = lockState(dir, log); err != nil {
		return nil, err
	}
	file, err := loadState(dir)
	if err != nil {
		s.Close()
		return nil, err
	}
	s.saved.Store(file)
	return s, nil
}

// makeDir makes a directory, and those it lies in, if they are not there, to last like what is saved in it.
func makeDir(dir string) error {
	parent := filepath.Dir(dir)
	err := os.Mkdir(dir, stateDirMode)
	if errors.Is(err, fs.ErrNotExist) && parent != dir {
		if err := makeDir(parent); err != nil {
			return err
		}
		err = os.Mkdir(dir, stateDirMode)
	}
	if err == nil {
		syncDir(parent)
	} else if isDir(dir) {
		return nil
	}
	return err
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// loadState reads the file in a directory that is locked, or makes it.
func loadState(dir string) (*File, error) {
	path := filepath.Join(dir, FileName)
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

// Close lets others use the directory. A change that is under way is saved before; later ones fail.
func (s *Store) Close() {
	s.saving.Lock()
	s.closed = true
	s.saving.Unlock()
	if s.lock != nil {
		s.lock.release()
	}
}

// Now is the state as it was saved last. Nobody may change it.
func (s *Store) Now() *File { return s.saved.Load() }

// change replaces the state by what decide makes of it: nil leaves it as it is. To
// look and to change are one step, and it is on disk before anybody sees it: what
// could not be saved has not happened.
func (s *Store) change(decide func(now *File) (*File, error)) error {
	repaired, err := s.replace(decide)
	if repaired && s.Repaired != nil {
		s.Repaired()
	}
	return err
}

func (s *Store) replace(decide func(now *File) (*File, error)) (repaired bool, err error) {
	s.saving.Lock()
	defer s.saving.Unlock()
	if s.closed { // the directory may be somebody else's by now
		return false, codes.ErrInvalidSession
	}
	now := s.Now()
	changed, err := decide(now)
	if err != nil || changed == nil {
		return false, err
	}
	if s.dir != "" {
		if err := changed.save(s.dir); err != nil {
			return false, err
		}
	}
	s.saved.Store(changed)
	return !maps.Equal(changed.Paired, now.Paired) || !maps.Equal(changed.UIDs, now.UIDs), nil
}

func (s *Store) Identity() keys.Identity { return keys.New(s.Now().Seed) }

// Ports are those that a device's socket should have, the best first; 0: none is remembered.
func (s *Store) Ports() []uint16 { return []uint16{s.Now().Port, s.Now().Spare} }

// KeepPort remembers the socket's port: with the same one after a restart, what
// apps remember of the device, and its ticket, stay true. The first is the one on the
// device's label: who holds it for a while does not change that.
func (s *Store) KeepPort(port uint16) error {
	return s.change(func(now *File) (*File, error) {
		if now.Port == port || now.Spare == port {
			return nil, nil
		}
		changed := now.clone()
		if now.Port == 0 {
			changed.Port = port
		} else {
			changed.Spare = port
		}
		return changed, nil
	})
}

// Place returns where a device was reached last.
func (s *Store) Place(deviceID string) (netip.AddrPort, bool) {
	p, ok := s.Now().Places[deviceID]
	return p.Address, ok
}

// Reached remembers where a device was reached. An address that is known already
// is not written again.
func (s *Store) Reached(deviceID string, address netip.AddrPort) error {
	return s.change(func(now *File) (*File, error) {
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

// MLKEMKey returns the ML-KEM key of a device; nil: it is not known.
func (s *Store) MLKEMKey(deviceID string) []byte { return s.Now().Keys[deviceID].Key }

// LearnMLKEMKey remembers the ML-KEM key of a device, or that it has none.
func (s *Store) LearnMLKEMKey(deviceID string, key []byte) error {
	return s.change(func(now *File) (*File, error) {
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
