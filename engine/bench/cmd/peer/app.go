//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// app is the app's end. It takes the orders of programs/app.c.
type app struct {
	carrier carrier
	session session
	held    []session // by open
	orders  *messageWriter
	usage   chan message

	mu     sync.Mutex
	report *report
}

func takeOrders(c carrier) error {
	a := &app{carrier: c}
	for scanner := bufio.NewScanner(os.Stdin); scanner.Scan(); {
		var kind, address string
		var what uint64
		var ms, ping int64
		var count int
		var err error
		switch line := scanner.Text(); {
		case scan(line, "run %s %d %d %d", &kind, &what, &ms, &ping):
			err = a.run(kind, what, ms, ping)
		case scan(line, "connect %s", &address):
			err = a.connect(address)
		case scan(line, "open %s %d", &address, &count):
			err = a.open(address, count)
		case line == "close":
			a.session.close()
			fmt.Println("ok")
		default:
			err = fmt.Errorf("unknown order %q", line)
		}
		if err != nil {
			fmt.Println("failed", strings.ReplaceAll(err.Error(), "\n", " "))
		}
	}
	return nil
}

func scan(line, format string, to ...any) bool {
	n, err := fmt.Sscanf(line, format, to...)
	return err == nil && n == len(to)
}

func (a *app) connect(address string) error {
	start := now()
	s, err := a.carrier.dial(address, appTLS())
	if err != nil {
		return err
	}
	took := now() - start
	orders, err := s.channel(commands)
	if err != nil {
		return err
	}
	a.session, a.orders, a.usage = s, &messageWriter{c: orders}, make(chan message, 1)
	go a.readAnswers(orders, a.usage)
	fmt.Println("ok", 2, took) // a direct path
	return nil
}

func (a *app) open(address string, count int) error {
	for range count {
		s, err := a.carrier.dial(address, appTLS())
		if err != nil {
			return err
		}
		a.held = append(a.held, s)
	}
	fmt.Println("ok", count)
	return nil
}

// readAnswers runs until the session ends.
func (a *app) readAnswers(c channel, usage chan<- message) {
	for {
		m, err := readMessage(c)
		if err != nil {
			return
		}
		if m.Kind != kindPing {
			usage <- m
			continue
		}
		a.mu.Lock()
		r := a.report
		a.mu.Unlock()
		r.pong(int(m.Arguments[0]))
	}
}

func (a *app) tell(kind rune, first, second uint64) error {
	return a.orders.write(message{Kind: uint64(kind), Arguments: [7]uint64{first, second}})
}

func (a *app) read(r *report, put bool) reading {
	out := reading{at: now(), cpu: cpu(), bytes: r.total()}
	a.tell(kindUsage, 0, 0)
	m := <-a.usage
	out.deviceCPU, out.deviceAt = int64(m.Arguments[1]), int64(m.Arguments[2])
	if put {
		out.at, out.bytes = out.deviceAt, m.Arguments[0]
	}
	return out
}

func (a *app) run(kind string, what uint64, ms, pingMs int64) error {
	mask := what
	switch kind {
	case "camera":
		mask = 1 << video
	case "idle":
		mask = 0
	}
	var used []channel
	for number := range channels {
		if mask>>number&1 == 1 {
			c, err := a.session.channel(number)
			if err != nil {
				return err
			}
			used = append(used, c)
		}
	}
	start := now()
	r := newReport(start, start+ms*1000)
	a.mu.Lock()
	a.report = r
	a.mu.Unlock()
	var work func(channel)
	switch kind {
	case "camera":
		r.framesMissing = int(ms * framesPerSecond / 1000)
		a.tell(kindCamera, what, uint64(ms))
		work = r.watch
	case "get":
		a.tell(kindFlood, what, uint64(ms))
		work = r.get
	case "put":
		a.tell(kindSink, what, uint64(ms))
		work = func(c channel) { flood(c, r.until) }
	}
	var workers sync.WaitGroup
	for _, c := range used {
		workers.Go(func() { work(c) })
	}
	if pingMs > 0 {
		workers.Go(func() { a.ping(r, pingMs*1000) })
	}
	sleepUntil(start + ms*1000/5)
	first := a.read(r, kind == "put")
	sleepUntil(r.until)
	second := a.read(r, kind == "put")
	workers.Wait()
	return r.print(first, second)
}

func (r *report) get(c channel) {
	c.SetReadDeadline(deadline(r.until))
	block := make([]byte, blockBytes)
	for {
		n, err := c.Read(block)
		r.arrival(n)
		if err != nil {
			return
		}
	}
}

// watch reads all frames that the camera takes, or those that come until
// latestUs after its end.
func (r *report) watch(c channel) {
	c.SetReadDeadline(deadline(r.until + latestUs))
	counted := io.TeeReader(c, arrivals{r})
	for {
		var head [frameHeadBytes]byte
		if _, err := io.ReadFull(counted, head[:]); err != nil {
			return
		}
		size := int64(binary.NativeEndian.Uint64(head[:]))
		if _, err := io.CopyN(io.Discard, counted, size-frameHeadBytes); err != nil {
			return
		}
		if r.frame(now()-int64(binary.NativeEndian.Uint64(head[8:]))) == 0 {
			return
		}
	}
}

type arrivals struct{ r *report }

func (a arrivals) Write(p []byte) (int, error) {
	a.r.arrival(len(p))
	return len(p), nil
}

// ping counts from when each should have gone: waiting to send counts.
func (a *app) ping(r *report, every int64) {
	for at := r.start; at < r.until; at += every {
		sleepUntil(at)
		a.tell(kindPing, uint64(r.ping(at)), 0)
	}
	for end := r.until + latestUs; now() < end && !r.allBack(); {
		sleepUntil(now() + 10_000)
	}
}

var background = context.Background()
