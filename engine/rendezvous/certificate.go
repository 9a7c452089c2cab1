package rendezvous

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// LoadCertificate returns a TLS configuration with the certificate chain and
// key of two PEM files. The files are read again when they change, so a renewed
// certificate needs no restart.
func LoadCertificate(certFile, keyFile string) (*tls.Config, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile}
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

	mu      sync.Mutex
	pair    *tls.Certificate
	changed time.Time // of certFile, when pair was read
}

func (c *certificate) get() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if info, err := os.Stat(c.certFile); err == nil && !info.ModTime().Equal(c.changed) {
		c.load() // half-written files: the old pair serves until both fit
	}
	return c.pair
}

func (c *certificate) load() error {
	info, err := os.Stat(c.certFile)
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.pair, c.changed = &pair, info.ModTime()
	return nil
}
