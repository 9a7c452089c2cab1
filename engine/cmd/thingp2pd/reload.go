package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

// whileItRuns are the flags that a running server takes over. The files of -cert, -key and
// -admit are read again by themselves when they change.
var whileItRuns = []string{"max-clients", "max-clients-per-ip", "max-relays", "max-relays-per-client", "relay-rate", "allow-private-peers", "relay-allow", "relay-deny", "ttl", "turn-url", "secret", "drain", "v"}

// mayBeRepeated are those of which the command line's are added to those of a file.
var mayBeRepeated = []string{"name", "turn-url", "relay-allow", "relay-deny", "proxy-protocol", "forwarded-for"}

// reloader reads the configuration again. With one that is wrong everything stays as it is.
type reloader struct {
	args    []string
	server  *rendezvous.Server
	now     *options
	started []setting // of the file with which it was started
	secrets []string
	log     *slog.Logger
	level   *slog.LevelVar
}

// hangups returns a channel that gets SIGHUP, which ends the process no more from here on; nor does it that nobody reads the
// log any more.
func hangups() <-chan os.Signal {
	signal.Ignore(syscall.SIGPIPE)
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c
}

// serve reloads after each SIGHUP, until ctx is done.
func (r *reloader) serve(ctx context.Context, hangup <-chan os.Signal) {
	for {
		select {
		case <-hangup:
			r.reload()
		case <-ctx.Done():
			return
		}
	}
}

func (r *reloader) reload() {
	var says bytes.Buffer
	next, err := parseFlags(r.args, &says)
	if err != nil {
		r.log.Error("the configuration is wrong: everything stays as it was", "error", strings.TrimSpace(says.String()))
		return
	}
	if len(next.settings) == 0 && len(r.now.settings) > 0 { // it is being written, or the disk was full then
		r.log.Error("the configuration file is empty: everything stays as it was; leave a setting in it if all others are to have their defaults")
		return
	}
	next.reload = true
	cfg, err := next.config(r.log)
	if err == nil {
		err = cfg.Check()
	}
	if err != nil {
		r.log.Error("what the configuration names cannot be used: everything stays as it was", "error", err)
		return
	}
	names := changed(r.now.settings, next.settings)
	for _, name := range changed(r.started, next.settings) {
		overridden := next.given[name] && !slices.Contains(mayBeRepeated, name)
		if !slices.Contains(whileItRuns, name) && !overridden {
			r.log.Warn("a flag has changed that a running server cannot take over: restart it", "flag", name)
		}
	}
	if next.secret != "" && !slices.Equal(secretsOf(cfg), r.secrets) {
		r.server.SetSecret(cfg.Secret, cfg.OldSecrets)
		r.secrets = secretsOf(cfg)
		r.log.Info("credentials of a new secret are given out", "and_accepted_of_old_ones", len(cfg.OldSecrets))
	}
	r.server.SetLimits(cfg)
	r.server.SetOffer(cfg)
	next.setLevel(r.level)
	*r.now = *next
	r.log.Info("the configuration was read again", "changed", strings.Join(names, " "))
}

func secretsOf(cfg rendezvous.Config) []string {
	return append([]string{cfg.Secret}, cfg.OldSecrets...)
}

// changed are the names that have other values in two configuration files.
func changed(before, after []setting) (names []string) {
	values := func(all []setting) map[string]string {
		of := map[string]string{}
		for _, s := range all {
			of[s.name] += s.value + "\n"
		}
		return of
	}
	old, now := values(before), values(after)
	for name, value := range now {
		if old[name] != value {
			names = append(names, name)
		}
	}
	for name := range old {
		if _, there := now[name]; !there {
			names = append(names, name)
		}
	}
	return slices.Sorted(slices.Values(names))
}
