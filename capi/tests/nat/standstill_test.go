package nat

import (
	"fmt"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// One of the two processes stands still for a while, in the middle of a transfer or with one command on the way. Both ends
// know the path's round-trip time again as soon as packets pass, and all goes on.
func TestStandstill(t *testing.T) {
	const pause, soon = 5 * time.Second, 100 * time.Millisecond // of 40 ms
	for _, side := range []string{"app", "device"} {
		for _, order := range []string{"get 10000000", "path"} {
			t.Run(side+", "+order, func(t *testing.T) {
				n := lab.New(t, lab.Options{Seed: 1})
				server := startServer(t, n.PublicHost("server", lab.Link{}))
				link := lab.Link{Delay: ownLink, Rate: 40_000_000}
				directory(t)
				device := start(t, n.PublicHost("device", link), server, filepath.Join(workDir, "device"))
				ticket := device.line()
				app := startApp(t, n.PublicHost("app", link), server)
				app.connect(ticket)
				app.settle(onDirect)
				app.transfer("get 300000")
				moved := 0
				if order == "path" {
					fmt.Fprintln(app.Stdin, order)
				} else {
					app.order(order)
					app.flow(2_000_000)
					moved, _ = strconv.Atoi(app.order("moved"))
				}
				process := map[string]*program{"app": app, "device": device}[side].Cmd.Process
				process.Signal(syscall.SIGSTOP)
				stopped := time.Now()
				await.Until(t, "the pause is over", func() bool { return time.Since(stopped) > pause })
				process.Signal(syscall.SIGCONT)
				if order == "path" {
					app.line()
				} else {
					app.flow(moved + 500_000)
					if answer := app.order("done"); answer != "ok" {
						t.Error("bytes were lost on the way")
					}
				}
				asked := 0
				await.Until(t, "both ends know the round-trip time", func() bool {
					asked++
					var own, theirs int // microseconds
					answer := app.order("rtt")
					if _, err := fmt.Sscan(answer, &own, &theirs); err != nil {
						t.Fatal(answer)
					}
					t.Logf("question %d: %s", asked, answer)
					rtt := time.Duration(max(own, theirs)) * time.Microsecond
					if rtt > pause/4 {
						t.Errorf("a standstill of %v became a round-trip time of %v", pause, rtt)
					}
					return rtt < soon
				})
			})
		}
	}
}
