package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

// options are the flags, parsed but not yet acted on.
type options struct {
	server            rendezvous.Config
	cert, key, secret string
	selfSigned, admit string
	version, verbose  bool
	check             bool
	reload            bool // of a server that runs
	configFile        string
	settings          []setting       // of the file
	given             map[string]bool // on the command line
	logFormat         string
	drain             time.Duration
	admin             string
}

// listName is the file beside the secret that -admit known names.
const listName = "known"

// parseFlags reads args. What is wrong with them, or the help that they ask
// for, goes to stderr.
func parseFlags(args []string, stderr io.Writer) (*options, error) {
	o, f, err := parseArgs(args, "", stderr)
	given := map[string]bool{}
	f.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if err == nil && o.configFile != "" {
		o, f, err = parseArgs(args, o.configFile, stderr) // the file first, so that the command line has the last word
	}
	o.given = given
	if err != nil {
		return o, err
	}
	if err = o.checkFlags(f); err != nil {
		fmt.Fprintln(stderr, "thingp2pd:", err)
	}
	return o, err
}

// parseArgs reads a configuration file, if there is one, and then args.
func parseArgs(args []string, file string, stderr io.Writer) (*options, *flag.FlagSet, error) {
	o := &options{}
	f := flag.NewFlagSet("thingp2pd", flag.ContinueOnError)
	f.SetOutput(stderr)
	o.define(f)
	if file != "" {
		var err error
		if o.settings, err = readSettings(f, file); err != nil {
			fmt.Fprintln(stderr, err)
			return o, f, err
		}
	}
	return o, f, f.Parse(args)
}

// define gives the flags their places.
func (o *options) define(f *flag.FlagSet) {
	c := &o.server
	f.StringVar(&c.MQTT, "mqtt", ":1883", "MQTT over TCP listens on `ADDR`; empty: off")
	f.StringVar(&c.MQTTS, "mqtts", "", "MQTT over TLS listens on `ADDR`, usually :8883")
	f.StringVar(&c.WS, "ws", "", "MQTT over WebSocket listens on `ADDR`")
	f.StringVar(&c.WSS, "wss", "", "MQTT over WebSocket over TLS listens on `ADDR`")
	f.StringVar(&c.TURN, "turn", ":3478", "STUN and TURN listen on `ADDR`, UDP and TCP; empty: off")
	f.StringVar(&c.TURNS, "turns", "", "TURN over TLS listens on `ADDR`, usually :5349 or :443")
	f.StringVar(&o.cert, "cert", "", "PEM `FILE` with the certificate chain for -mqtts, -wss and -turns; read again when it changes")
	f.StringVar(&o.key, "key", "", "PEM `FILE` with its private key")
	f.StringVar(&o.selfSigned, "self-signed", "", "`FILE` with a key and certificate of this server's own for -mqtts, -wss and -turns, made when absent; its pin becomes part of the printed address")
	f.TextVar(&c.PublicIP, "public-ip", netip.Addr{}, "IPv4 address `IP` at which apps and devices reach this machine (default: that of the default route's interface)")
	f.TextVar(&c.PublicIP6, "public-ip6", netip.Addr{}, "IPv6 address `IP` at which they do: relays of IPv6, for who asks for such ones, are there (default: there are none)")
	f.StringVar(&c.Host, "host", "", "DNS `NAME` of this machine, printed and published in place of -public-ip; it may be that of an IPv6 address, too")
	f.Func("name", "another `NAME` or address, without port, under which clients reach this machine; may be repeated", func(name string) error {
		c.Names = append(c.Names, name)
		return nil
	})
	f.StringVar(&o.secret, "secret", "", "`FILE` with the TURN secret, and those before it in the lines below, made when absent, with its directory (default: a new secret at each start)")
	f.DurationVar(&c.TTL, "ttl", rendezvous.DefaultTTL, "lifetime of TURN credentials")
	f.StringVar(&c.Broker, "broker", "", "publish the credentials through the MQTT broker at `URL` instead of embedding one")
	f.Func("turn-url", "publish another TURN server, `URL`, that shares the secret; may be repeated", func(url string) error {
		c.TURNURLs = append(c.TURNURLs, url)
		return nil
	})
	f.Func("relay-ports", "UDP `PORTS` of relays (default "+rendezvous.DefaultRelayPorts.String()+")", func(s string) (err error) {
		c.RelayPorts, err = rendezvous.ParsePortRange(s)
		return err
	})
	f.IntVar(&c.MaxClients, "max-clients", rendezvous.DefaultMaxClients, "MQTT connections at once, `N`")
	f.IntVar(&c.MaxAddress, "max-clients-per-ip", rendezvous.DefaultMaxAddress, "of them from one address, `N`; loopback has no limit")
	f.IntVar(&c.MaxRelays, "max-relays", rendezvous.DefaultMaxRelays, "TURN allocations at once, `N`")
	f.IntVar(&c.MaxRelaysPerClient, "max-relays-per-client", rendezvous.DefaultMaxRelaysPerClient, "of them for one client, `N`")
	f.IntVar(&c.RelayRate, "relay-rate", rendezvous.DefaultRelayRate, "of one client's relays, both ways, in bits per second, `N`")
	f.StringVar(&o.admit, "admit", "open", "`WHO` may use the relays: open, everybody; a file with the id of a device in each line, or known, the file "+listName+" beside -secret, for those and the apps that they speak for; or the http(s):// URL of a service that says so")
	f.BoolVar(&c.RefuseOthers, "refuse-others", false, "those whom -admit does not admit may not even signal")
	f.BoolVar(&c.AllowPrivatePeers, "allow-private-peers", false, "relay to private addresses although the public one is not private")
	f.Func("relay-allow", "relays send to the address or network `CIDR`, also where they would not by themselves; may be repeated", func(text string) error {
		return addNetwork(&c.RelayAllow, text)
	})
	f.Func("relay-deny", "relays send nothing to the address or network `CIDR`; may be repeated, and the most specific network decides", func(text string) error {
		return addNetwork(&c.RelayDeny, text)
	})
	f.Func("proxy-protocol", "connections from the proxy or network `CIDR` begin with a header of the PROXY protocol, and count as the client's that it names; may be repeated", func(text string) error {
		c.ProxyHeader = proxyHeader
		return addNetwork(&c.Proxies, text)
	})
	f.Func("forwarded-for", "the proxy or network `CIDR` is believed which client's WebSocket it passes on, by X-Forwarded-For; may be repeated", func(text string) error {
		return addNetwork(&c.HTTPProxies, text)
	})
	f.BoolVar(&o.version, "version", false, "print the version and exit")
	f.StringVar(&o.admin, "admin", "", "a page with the server's figures, /metrics for Prometheus, /healthz and /readyz are at `ADDR`, over HTTP and without a login, usually 127.0.0.1:9471")
	f.StringVar(&o.configFile, "config", "", "read `FILE` first: in each line a flag's name, without a dash, and its value; SIGHUP reads it again")
	f.BoolVar(&o.check, "check", false, "say what is wrong with the flags and the files that they name, or ok, and exit")
	f.DurationVar(&o.drain, "drain", 0, "after SIGTERM, wait until no relay is left, but no longer than this")
	f.StringVar(&o.logFormat, "log-format", "text", "the log is `FORMAT`: text or json")
	f.BoolVar(&o.verbose, "v", false, "log more")
}

// checkFlags finds flags that do not go together. The error has a line for each.
func (o *options) checkFlags(f *flag.FlagSet) error {
	var wrong []error
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if f.NArg() > 0 {
		say("%q is not a flag: -help lists them", f.Arg(0))
	}
	if (o.cert == "") != (o.key == "") {
		say("-cert and -key need each other")
	}
	if o.cert != "" && o.selfSigned != "" {
		say("-self-signed takes the place of -cert and -key: give one or the other")
	}
	if o.logFormat != "text" && o.logFormat != "json" {
		say("there is no -log-format %q: give text or json", o.logFormat)
	}
	if o.admit == "known" && o.secret == "" {
		say("-admit known is the file %s beside the one of -secret: give that, or -admit a file", listName)
	}
	if o.server.Broker != "" {
		given := false
		f.Visit(func(f *flag.Flag) { given = given || f.Name == "mqtt" })
		if !given {
			o.server.MQTT = "" // the default is for the embedded broker
		}
	}
	return errors.Join(wrong...)
}

// config loads what the flags name. The error has a line for each thing that cannot be
// loaded.
func (o *options) config(log *slog.Logger) (cfg rendezvous.Config, err error) {
	cfg = o.server
	cfg.Log = log
	var wrong [4]error
	if o.cert != "" {
		cfg.TLS, wrong[0] = rendezvous.LoadCertificate(o.cert, o.key, log)
		if o.check && wrong[0] == nil {
			wrong[0] = validNow(cfg.TLS)
		}
	}
	if o.selfSigned != "" {
		var make bool
		if make, wrong[1] = o.mayMake(o.selfSigned); make {
			cfg.TLS, cfg.Pin, wrong[1] = rendezvous.LoadSelfSigned(o.selfSigned)
		}
	}
	if o.secret != "" {
		var make bool
		if make, wrong[2] = o.mayMake(o.secret); make {
			cfg.Secret, cfg.OldSecrets, wrong[2] = rendezvous.LoadSecret(o.secret)
		}
	}
	cfg.Admit, wrong[3] = o.admission(log)
	return cfg, errors.Join(wrong[:]...)
}

// validNow reports whether a certificate's time has not come, or has gone.
func validNow(config *tls.Config) error {
	c, err := config.GetCertificate(nil)
	if err != nil {
		return err
	}
	if now := time.Now(); now.Before(c.Leaf.NotBefore) || now.After(c.Leaf.NotAfter) {
		return fmt.Errorf("the certificate is valid from %s to %s: renew it", c.Leaf.NotBefore.Format(time.DateTime), c.Leaf.NotAfter.Format(time.DateTime))
	}
	return nil
}

// mayMake reports whether a file may be read, or made if it is not there: -check leaves no trace, and what a server that runs has
// given out would be worth nothing with another secret or key.
func (o *options) mayMake(file string) (bool, error) {
	_, err := os.Stat(file)
	switch missing := errors.Is(err, fs.ErrNotExist); {
	case missing && o.reload:
		return false, fmt.Errorf("%s is gone: put it back, or restart the server to have a new one made", file)
	default:
		return !missing || !o.check, nil
	}
}

// admission returns nil for everybody.
func (o *options) admission(log *slog.Logger) (rendezvous.Admission, error) {
	switch {
	case o.admit == "open":
		return nil, nil
	case o.admit == "known":
		return rendezvous.AdmitListed(filepath.Join(filepath.Dir(o.secret), listName), log)
	case strings.Contains(o.admit, "://"): // no file: an error must not repeat a password in it
		return rendezvous.AdmitByService(o.admit)
	}
	return rendezvous.AdmitListed(o.admit, log)
}
