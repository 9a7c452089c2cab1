package rendezvous

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// Realm is the realm of the TURN server's long-term credentials.
const Realm = "thingp2p"

// sharedName is the name in credentials that all clients share, because they
// read them from an outside broker. Others have a pseudonym for a name, and quotas
// by it.
const sharedName = "t2p"

// Pseudonym is the name in the credentials of who is on an account: the same each
// time, and for each server that has the secret, so that quotas can go by it. Names
// cross the network in clear, and who has no secret cannot tell whose they are.
func Pseudonym(secret, account string) string {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "thingp2p: names of relays' clients", sha256.Size)
	if err != nil {
		panic(err) // the length is right
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(account))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// Credential returns a TURN username and password for name that hold until
// expires, by the scheme that coturn calls use-auth-secret: the username is
// "unix time:name" and the password base64(HMAC-SHA1(secret, username)).
func Credential(secret, name string, expires time.Time) (username, password string) {
	username = strconv.FormatInt(expires.Unix(), 10) + ":" + name
	return username, passwordOf(secret, username)
}

func passwordOf(secret, username string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(username))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// expiryOf returns when a username's credential ends. It accepts "time" and
// "time:anything", as coturn does.
func expiryOf(username string) (time.Time, bool) {
	digits, _, _ := strings.Cut(username, ":")
	// ParseInt would accept a sign; a number past 2^53 can only be an attack.
	if digits == "" || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(digits, 10, 64)
	return time.Unix(seconds, 0), err == nil
}

// nameOf returns the name in a username, or "" if it is one that many share.
func nameOf(username string) string {
	_, name, _ := strings.Cut(username, ":")
	if name == sharedName {
		return ""
	}
	return name
}

// newSecret returns 32 random bytes as text.
func newSecret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return hex.EncodeToString(b)
}
