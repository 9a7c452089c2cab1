package rendezvous

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// Verifier is the door of a broker that others wrote: it checks the logins that clients make for
// one of its names, and says what belongs to whom. A login is good once; of those from before its own start, which
// it cannot remember, it takes none. All methods may be called from any goroutine.
type Verifier struct {
	checks  checks
	counted *loginCounter
	strange warnings
}

// NewVerifier returns the door of brokers that clients reach under these names and addresses.
func NewVerifier(names []string, log *slog.Logger) *Verifier {
	return &Verifier{checks: newChecks(names), counted: newLoginCounter(), strange: warnings{log: log}}
}

// Login checks what a client gives as user name and password, and returns its id.
func (v *Verifier) Login(user, password string) (id string, err error) {
	l, err := v.checks.login(user, password, nil, func() error { return nil })
	v.counted.count(err)
	if err != nil {
		v.strange.warn("a client was refused", "error", err)
		return "", err
	}
	return l.ID, nil
}

// Logins returns how many logins were accepted, and refused.
func (v *Verifier) Logins() LoginStats { return v.counted.stats() }

// MayPublish reports whether the holder of an id may publish to a topic, and with retain whether that may be retained.
// An id logs in as a device or as an app, as its holder likes, so both count.
func MayPublish(id, topic string, retain bool) bool {
	return ident.Valid(id) && (member{ident.Device, id}.mayPublish(topic) || member{ident.App, id}.mayPublish(topic)) && (!retain || isStatus(topic))
}

// MaySubscribe reports whether the holder of an id may subscribe to a topic, or to what a filter matches.
func MaySubscribe(id, filter string) bool {
	return ident.Valid(id) && (member{ident.Device, id}.maySubscribe(filter) || member{ident.App, id}.maySubscribe(filter))
}

// Rights are the topics to which the holder of an id may publish and subscribe, for brokers that want to know them at
// once. Each id has its place where a topic has +; whether somebody asks for all of them, the broker does not tell.
func Rights(id string) (publish, subscribe []string) {
	const anybody = "+"
	return []string{statusTopic(id), inboxTopic(ident.Device, anybody), inboxTopic(ident.App, anybody)},
		[]string{ICETopic, inboxTopic(ident.Device, id), inboxTopic(ident.App, id), statusTopic(anybody)}
}

// checks are what a login has to pass.
type checks struct {
	names  []string
	logins *logins
}

func newChecks(names []string) checks {
	c := checks{logins: newLogins(maxLogins, time.Now())}
	for _, name := range names {
		if name != "" {
			c.names = append(c.names, plainName(name))
		}
	}
	return c
}

// login checks in the order of cost; mayWork comes before what costs most. local is the
// address that the connection came to, nil if that is not known.
func (c *checks) login(user, password string, local net.Addr, mayWork func() error) (*ident.Login, error) {
	l, err := ident.ParseLogin(user, password)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	if err := l.CheckTime(now); err != nil {
		return nil, err
	}
	if host := l.Host(); !c.isCalled(host, local) {
		return nil, fmt.Errorf("%w %q: if that is this one, give -name %s", errServerName, host, host)
	}
	if err := c.logins.checkAge(l, now); err != nil {
		return nil, err
	}
	if err := mayWork(); err != nil {
		return nil, err
	}
	if err := l.CheckSignature(); err != nil {
		return nil, err
	}
	return l, c.logins.use(l, now)
}

// isCalled reports whether clients reach this server under host: by one of its
// names, or by the address that the connection came to. The port does not
// count, since a port may be forwarded from any other.
func (c *checks) isCalled(host string, local net.Addr) bool {
	here := addressOf(local).Addr().WithZone("") // the client's zone has another name
	if ip, err := netip.ParseAddr(host); err == nil && ip.Unmap().WithZone("") == here {
		return true
	}
	name := plainName(host)
	return slices.Contains(c.names, name) || name == "localhost" && here.IsLoopback() // RFC 6761, section 6.3
}

// plainName is a host's name or address in one spelling.
func plainName(host string) string {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().String()
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}
