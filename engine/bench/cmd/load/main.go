// Command load puts a load on a rendezvous server, and says what it took: so many clients log in, at so many a second, some
// of them hold a relay, and all stay for a while. With the server's process id it says what each of them costs in
// memory.
//
//	load -server mqtt://127.0.0.1:1883 -clients 1000 -rate 500 -relays 100 -pid $(pidof thingp2pd)
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"time"
)

func main() {
	var l load
	server := flag.String("server", "mqtt://127.0.0.1:1883", "the server's `URL`, mqtt or mqtts")
	flag.IntVar(&l.clients, "clients", 1000, "`N` clients log in")
	flag.IntVar(&l.rate, "rate", 500, "`N` of them in a second")
	flag.IntVar(&l.relays, "relays", 0, "`N` of them hold a relay")
	stay := flag.Duration("for", 0, "how long all stay")
	pid := flag.Int("pid", 0, "the server's process `ID`, to see its memory and processor time")
	insecure := flag.Bool("insecure", false, "take any certificate")
	flag.Parse()
	u, err := url.Parse(*server)
	if err != nil || u.Host == "" || u.Scheme != "mqtt" && u.Scheme != "mqtts" || l.clients < 1 || l.rate < 1 {
		fmt.Fprintln(os.Stderr, "load: give -server as mqtt://host:port or mqtts://host:port, and at least one client and one login a second")
		os.Exit(2)
	}
	l.server, l.tls = u, &tls.Config{InsecureSkipVerify: *insecure}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	before := measure(*pid)
	r := l.run(ctx, func() {
		select {
		case <-time.After(*stay):
		case <-ctx.Done():
		}
		if after := measure(*pid); *pid > 0 {
			fmt.Printf("memory     %d KB before, %d KB with them: %.1f KB each\n", before.kb, after.kb, float64(after.kb-before.kb)/float64(l.clients))
			fmt.Printf("processor  %v\n", after.busy-before.busy)
		}
	})
	fmt.Printf("clients    %d logged in within %v, the slowest one in %v; %d were refused\n", r.loggedIn, r.logins.Round(time.Millisecond), r.slowest.Round(time.Millisecond), r.refused)
	fmt.Printf("relays     %d of %d\n", r.relays, l.relays)
	if r.refused > 0 || r.relays < int64(min(l.relays, l.clients)) {
		fmt.Fprintln(os.Stderr, "load: one was refused:", r.why)
		os.Exit(1)
	}
}

// usage is that of a process; zero for none.
type usage struct {
	kb   int64 // resident
	busy time.Duration
}

func measure(pid int) (u usage) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return u
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			fmt.Sscan(rest, &u.kb)
		}
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name may hold anything
	var user, system int64
	if fields := strings.Fields(rest); len(fields) > 12 {
		fmt.Sscan(fields[11], &user)
		fmt.Sscan(fields[12], &system)
	}
	u.busy = time.Duration(user+system) * time.Second / 100 // clock ticks, of which Linux has a hundred a second
	return u
}
