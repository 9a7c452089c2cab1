package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"

	"github.com/thingp2p/libthingp2p/engine/cmd/thingp2pd/auth"
	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

// authOptions are the flags of "thingp2pd auth".
type authOptions struct {
	names        []string
	http         string
	nats, issuer string
	account      string
	publisher    string
	log          options // of which the log's
}

// runAuth is the door of brokers that others wrote; it serves until ctx is done.
func runAuth(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	hangup := hangups()
	o, err := parseAuth(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2 // what is wrong has been said
	}
	lines := newLogQueue(stderr)
	defer lines.close()
	log := o.log.logger(lines, new(slog.LevelVar))
	var publisher auth.Account
	if o.publisher != "" {
		if publisher, err = auth.LoadAccount(o.publisher); err != nil {
			return fail(stderr, err)
		}
	}
	door := auth.NewDoor(rendezvous.NewVerifier(o.names, log), publisher)
	ready := "thingp2pd auth ready:"
	if o.http != "" {
		h, err := auth.ListenHTTP(o.http, door, log)
		if err != nil {
			return fail(stderr, err)
		}
		defer h.Close()
		ready += " http=" + h.Addr().String()
	}
	if o.nats != "" {
		n, err := auth.DialNATS(ctx, o.nats, o.issuer, o.account, door, log)
		if err != nil {
			return fail(stderr, err)
		}
		defer n.Close()
		ready += " nats=" + n.Server()
	}
	fmt.Fprintln(stdout, ready)
	notify("READY=1", log)
	for {
		select {
		case <-hangup:
			log.Warn("nothing is read again here: restart it to change something")
			continue
		case <-ctx.Done():
		}
		notify("STOPPING=1", log)
		log.Info("stopping")
		return 0
	}
}

func parseAuth(args []string, stderr io.Writer) (*authOptions, error) {
	o := &authOptions{}
	f := flag.NewFlagSet("thingp2pd auth", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Func("name", "`NAME` or address, without port, under which clients reach the brokers; may be repeated", func(name string) error {
		o.names = append(o.names, name)
		return nil
	})
	f.StringVar(&o.http, "http", "", "brokers ask at `ADDR`, over HTTP: EMQX at /emqx/login and /emqx/acl, mosquitto-go-auth at /mosquitto/user, /superuser and /acl")
	f.StringVar(&o.nats, "nats", "", "answer NATS's auth callout through the server at `URL`, nats://user:password@host:4222; several are separated by commas")
	f.StringVar(&o.issuer, "nats-issuer", "", "`FILE` with the seed of the account key that the callout names as issuer")
	f.StringVar(&o.account, "nats-account", "$G", "clients belong to the account `NAME`")
	f.StringVar(&o.publisher, "publisher", "", "`FILE` with name:password of the account with which thingp2pd publish gives out the relays' credentials")
	f.StringVar(&o.log.logFormat, "log-format", "text", "the log is `FORMAT`: text or json")
	f.BoolVar(&o.log.verbose, "v", false, "log more")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	var wrong []error
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if f.NArg() > 0 {
		say("%q is not a flag: thingp2pd auth -help lists them", f.Arg(0))
	}
	if len(o.names) == 0 {
		say("give -name: a login is for a server by its name, and is refused for any other")
	}
	if o.http == "" && o.nats == "" {
		say("nobody could ask: give -http or -nats")
	}
	if (o.nats == "") != (o.issuer == "") {
		say("-nats and -nats-issuer need each other")
	}
	if format := o.log.logFormat; format != "text" && format != "json" {
		say("there is no -log-format %q: give text or json", format)
	}
	err := errors.Join(wrong...)
	if err != nil {
		fmt.Fprintln(stderr, "thingp2pd auth:", err)
	}
	return o, err
}
