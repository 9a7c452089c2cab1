package rendezvous

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// LoadSelfSigned returns a TLS configuration with a certificate that this server
// made itself, and the pin of its key for Config.Pin. The key and the certificate
// are kept in file, which is made, with mode 0600, when it is not there.
//
// No authority vouches for it: the server's URL does, which holds the pin.
func LoadSelfSigned(file string) (config *tls.Config, pin string, err error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err = createOnce(file, newSelfSigned()); err == nil {
			text, err = os.ReadFile(file)
		}
	}
	if err != nil {
		return nil, "", fmt.Errorf("the server's own certificate cannot be kept: %w: give -self-signed a path in a directory that exists and is writable", err)
	}
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return nil, "", fmt.Errorf("the server's own certificate cannot be read from %s: %w: delete the file to have a new one made, whose URL is another", file, err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}, ident.Pin(pair.Leaf), nil
}

// newSelfSigned returns a new key and its certificate as PEM.
func newSelfSigned() []byte {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // only for a broken curve
	}
	// Name and dates mean nothing to who checks the pin.
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{"thingp2pd"},
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // "no expiry", RFC 5280, section 4.1.2.5
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	keyDER, err2 := x509.MarshalPKCS8PrivateKey(key)
	if err := errors.Join(err, err2); err != nil {
		panic(err) // of our own template and key
	}
	var out bytes.Buffer
	pem.Encode(&out, &pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	return out.Bytes()
}
