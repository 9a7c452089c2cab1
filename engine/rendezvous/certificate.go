package rendezvous

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// LoadCertificate returns a TLS configuration with the certificate chain and
// key of two PEM files. The files are read again when they change, so a renewed
// certificate needs no restart. While they cannot be read, which the log says once, the
// certificate that was read before serves.
func LoadCertificate(certFile, keyFile string, log *slog.Logger) (*tls.Config, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	if err := c.load(); err != nil {
		return nil, fmt.Errorf("the certificate cannot be used: %w: give -cert a PEM chain and -key its private key", err)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (_ *tls.Certificate, err error) {
			defer panics.Guard{}.RecoverTo(&err)
			return c.get(), nil
		},
	}, nil
}

type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	changed [2]os.FileInfo // the files, when pair was read
	failed  bool           // the files could not be read the last time
}

func (c *certificate) get() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.refresh()
	if err != nil && !c.failed {
		c.log.Error("the certificate cannot be read again: the one that was read before serves", "cert", c.certFile, "error", err)
	}
	c.failed = err != nil
	return c.pair
}

// refresh reads the files unless they are as they were. Half-written ones do not fit.
func (c *certificate) refresh() error {
	changed, err := c.lastChange()
	if err != nil || sameFile(changed[0], c.changed[0]) && sameFile(changed[1], c.changed[1]) {
		return err
	}
	if err := c.load(); err != nil {
		return err
	}
	c.log.Info("the certificate was read again", "cert", c.certFile, "until", c.pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
	return nil
}

func (c *certificate) load() error {
	changed, err := c.lastChange()
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.pair, c.changed = &pair, changed
	return nil
}

func (c *certificate) lastChange() (files [2]os.FileInfo, err error) {
	for i, file := range []string{c.certFile, c.keyFile} {
		if files[i], err = os.Stat(file); err != nil {
			return files, err
		}
	}
	return files, nil
}

// sameFile reports whether a file is as it was: where times are fixed, as in images, another has taken its place.
func sameFile(now, before os.FileInfo) bool {
	return before != nil && os.SameFile(now, before) && now.ModTime().Equal(before.ModTime()) && now.Size() == before.Size()
}
