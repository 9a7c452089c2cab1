package engine

import (
	"crypto/tls"
	"errors"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
)

// Configure changes the configuration of a device that has not been told to listen
// yet. change is called twice, so that the disk is read without a lock. UID, StateDir
// and Log stay as they are. The errors are ErrInvalidParameter, if a value cannot be
// used or the device has begun to listen, and ErrListenBreak once it is closed; nothing
// has changed then.
func (d *Device) Configure(change func(*Config)) error {
	had, config, err := d.configured(change)
	if err != nil {
		return err
	}
	roots, err := loadRoots(config.CAFile)
	if err != nil {
		return codes.Because(ErrInvalidParameter, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.mayBeConfigured(); err != nil {
		return err
	}
	config = d.config
	change(&config)
	config = config.withDefaults()
	d.config.adopt(config)
	if config.CAFile != had.CAFile {
		d.roots = roots
		d.ground.Relays.TLS = &tls.Config{RootCAs: roots}
	}
	d.ground.MapsPort = config.mapsPort()
	return nil
}

// configured is what the configuration is, and would be.
func (d *Device) configured(change func(*Config)) (now, then Config, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.mayBeConfigured(); err != nil {
		return now, then, err
	}
	now, then = d.config, d.config
	change(&then)
	then = then.withDefaults()
	return now, then, then.check()
}

// mayBeConfigured needs the lock.
func (d *Device) mayBeConfigured() error {
	switch {
	case d.closed:
		return ErrListenBreak
	case d.serving:
		return codes.Because(ErrInvalidParameter, errors.New("the device listens already: its options are set before"))
	}
	return nil
}

// adopt takes over what may change until a device listens. Nothing else is written: it
// is read without a lock.
func (c *Config) adopt(from Config) {
	c.Server, c.CAFile = from.Server, from.CAFile
	c.DisableLAN, c.LANPort = from.DisableLAN, from.LANPort
	c.Relay, c.Strangers, c.DisablePortMapping = from.Relay, from.Strangers, from.DisablePortMapping
	c.MaxSessions, c.MaxSessionsPerApp, c.AcceptBacklog = from.MaxSessions, from.MaxSessionsPerApp, from.AcceptBacklog
	c.OfflineAfter, c.SendBuffer = from.OfflineAfter, from.SendBuffer
}
