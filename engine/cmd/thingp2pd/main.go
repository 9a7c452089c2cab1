// Command thingp2pd is the rendezvous server: MQTT broker, STUN and TURN in one
// binary. With a broker that others wrote, "thingp2pd publish" gives the relays' credentials
// out through it, and "thingp2pd auth" is its door. When everything listens it prints one line on standard output,
//
//	thingp2pd ready: server=mqtt://203.0.113.1:1883
//
// with the address that apps and devices need, and serves until SIGINT or
// SIGTERM. After SIGHUP it reads its configuration again. The log goes to standard
// error. The exit code is 0 after a signal, 1 when it cannot start, 2 for flags that it
// does not understand.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/thingp2p/libthingp2p/engine/cmd/thingp2pd/admin"
	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole command; it serves until ctx is done.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	role := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		role, args = args[0], args[1:]
	}
	switch role {
	case "", "publish":
	case "auth":
		return runAuth(ctx, args, stdout, stderr)
	default:
		fmt.Fprintf(stderr, "thingp2pd: there is no command %q: it is publish, auth, or none\n", role)
		return 2
	}
	hangup := hangups()
	opts, err := parseFlags(args, stderr)
	if err == nil && role == "publish" && opts.server.Broker == "" && !opts.version {
		err = errors.New("publish needs -broker")
		fmt.Fprintln(stderr, "thingp2pd: publish needs -broker, the URL of the one to publish through")
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2 // parseFlags has said what is wrong
	case opts.version:
		fmt.Fprintln(stdout, "thingp2pd", rendezvous.Version)
		return 0
	}

	level := new(slog.LevelVar)
	lines := newLogQueue(stderr)
	defer lines.close()
	log := opts.logger(lines, level)
	cfg, err := opts.config(log)
	if opts.check {
		if err = errors.Join(err, cfg.Check()); err != nil {
			return fail(stderr, err)
		}
		fmt.Fprintln(stdout, "ok")
		return 0
	}
	if err != nil {
		return fail(stderr, err)
	}
	server, err := rendezvous.Start(ctx, cfg)
	if err != nil {
		if ctx.Err() != nil {
			return 0 // told to stop before it was ready
		}
		return fail(stderr, err)
	}
	if opts.admin != "" {
		watch, err := admin.Listen(opts.admin, server, log)
		if err != nil {
			server.Close()
			return fail(stderr, err)
		}
		defer watch.Close()
		log.Info("its figures are shown", "url", "http://"+watch.Addr().String()+"/")
	}
	fmt.Fprintf(stdout, "thingp2pd ready: server=%s\n", server.URL())
	notify("READY=1", log)
	r := reloader{args: args, server: server, now: opts, started: opts.settings, secrets: secretsOf(cfg), log: log, level: level}
	r.serve(ctx, hangup)
	notify("STOPPING=1", log)
	drain(server, opts.drain, log)
	log.Info("stopping")
	if err := server.Close(); err != nil {
		log.Warn("not everything closed in order", "error", err)
	}
	return 0
}

// logger writes to w what is at least of the level, which it sets.
func (o *options) logger(w io.Writer, level *slog.LevelVar) *slog.Logger {
	o.setLevel(level)
	options := &slog.HandlerOptions{Level: level}
	if o.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

func (o *options) setLevel(level *slog.LevelVar) {
	level.Set(slog.LevelInfo)
	if o.verbose {
		level.Set(slog.LevelDebug)
	}
}

// drain lets the relays that there are end by themselves, for a while.
func drain(server *rendezvous.Server, most time.Duration, log *slog.Logger) {
	if relays := server.Stats().Relays; relays > 0 && most > 0 {
		log.Info("no new relays: waiting for those that there are to end", "relays", relays, "at_most", most)
	}
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	if server.Drain(ctx) != nil && most > 0 {
		log.Warn("relays are ended that are in use", "relays", server.Stats().Relays)
	}
}

func fail(stderr io.Writer, err error) int {
	fmt.Fprintln(stderr, "thingp2pd:", err)
	return 1
}
