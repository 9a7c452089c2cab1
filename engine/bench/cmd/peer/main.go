//go:build linux

// Command peer stands for the others in the bench: quic-go as it is on a plain
// UDP socket, and TLS over the kernel's TCP. It does what the C programs of the
// bench do with libthingp2p, and is built without our changes to quic-go.
//
//	peer device -over quic|tls [-cc bbr|cubic] [-hold] ADDRESS
//	peer app    -over quic|tls [-cc bbr|cubic]
//	peer about
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

// channel is one of a session's byte streams.
type channel interface {
	Read(p []byte) (int, error)
	Write(p []byte) (int, error)
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// session has up to eight channels.
type session interface {
	channel(number int) (channel, error)
	close()
}

const (
	channels = 8
	commands = 0
	video    = 1

	blockBytes = 64 << 10 // how much is passed to one call
)

// carrier is what the sessions run over.
type carrier interface {
	listen(address string, config *tls.Config, serve func(session)) error // until the process ends
	dial(address string, config *tls.Config) (session, error)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func run() error {
	flags := flag.NewFlagSet("peer", flag.ExitOnError)
	over := flags.String("over", "quic", "quic or tls")
	congestion := flags.String("cc", "cubic", "TCP's congestion control")
	hold := flags.Bool("hold", false, "leave sessions alone")
	role := ""
	if len(os.Args) > 1 {
		role = os.Args[1]
		flags.Parse(os.Args[2:])
	}
	var c carrier = quicCarrier{}
	if *over == "tls" {
		c = tlsCarrier{congestion: *congestion}
	}
	switch role {
	case "device":
		config, err := deviceTLS()
		if err != nil {
			return err
		}
		return c.listen(flags.Arg(0), config, func(s session) {
			if *hold {
				return
			}
			newDevice(s).serve()
		})
	case "app":
		return takeOrders(c)
	case "about":
		return about()
	}
	return fmt.Errorf("unknown role %q", role)
}

// about prints which quic-go this is.
func about() error {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path != "github.com/quic-go/quic-go" {
			continue
		}
		if module.Replace != nil {
			return fmt.Errorf("built with another quic-go: %s", module.Replace.Path)
		}
		fmt.Println("quic-go", module.Version)
		return nil
	}
	return fmt.Errorf("built without quic-go")
}
