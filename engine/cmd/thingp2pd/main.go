// Command thingp2pd is the rendezvous server: MQTT broker, STUN and TURN in one
// binary. When everything listens it prints one line on standard output,
//
//	thingp2pd ready: server=mqtt://203.0.113.1:1883
//
// with the address that apps and devices need, and serves until SIGINT or
// SIGTERM. The log goes to standard error. The exit code is 0 after a signal,
// 1 when it cannot start, 2 for flags that it does not understand.
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
	"syscall"

	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole command; it serves until ctx is done.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts, err := parseFlags(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2 // parseFlags has said what is wrong
	case opts.version:
		fmt.Fprintln(stdout, "thingp2pd", rendezvous.Version)
		return 0
	}

	level := slog.LevelInfo
	if opts.verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))

	cfg, err := opts.config(log)
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
	fmt.Fprintf(stdout, "thingp2pd ready: server=%s\n", server.URL())
	<-ctx.Done()
	log.Info("stopping")
	if err := server.Close(); err != nil {
		log.Warn("not everything closed in order", "error", err)
	}
	return 0
}

func fail(stderr io.Writer, err error) int {
	fmt.Fprintln(stderr, "thingp2pd:", err)
	return 1
}
