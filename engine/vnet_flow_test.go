package engine

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// flow is a stream of bytes from one end of a session to the other.
type flow struct {
	from, to *Session
	channel  int
	part     int           // bytes at a time
	interval time.Duration // from part to part; 0: as fast as it goes
	parts    int
}

// arrival is what happened to a flow.
type arrival struct {
	err    error
	times  []time.Time // of each read
	bytes  int
	silent time.Duration // the longest time without a byte
}

// run sends all, checks that exactly that arrives, and returns when it has.
func (f flow) run() arrival {
	var sending sync.WaitGroup
	var sendErr error
	sending.Go(func() { sendErr = f.send() })
	a := f.receive()
	sending.Wait()
	if sendErr != nil && a.err == nil {
		a.err = fmt.Errorf("channel %d: send: %w", f.channel, sendErr)
	}
	return a
}

func (f flow) source() *rand.ChaCha8 {
	return rand.NewChaCha8([32]byte{byte(f.channel), byte(f.part), byte(f.parts)})
}

func (f flow) send() error {
	source := f.source()
	part := make([]byte, f.part)
	for range f.parts {
		source.Read(part)
		for rest := part; len(rest) > 0; {
			n, err := f.from.Send(f.channel, rest, time.Minute)
			if err != nil {
				return err
			}
			rest = rest[n:]
		}
		time.Sleep(f.interval)
	}
	return nil
}

func (f flow) receive() (a arrival) {
	source := f.source()
	got, want := make([]byte, 32<<10), make([]byte, 32<<10)
	last := time.Now()
	for a.bytes < f.part*f.parts {
		n, err := f.to.Read(f.channel, got, time.Minute)
		if err != nil {
			a.err = fmt.Errorf("channel %d: read after %d bytes: %w", f.channel, a.bytes, err)
			return a
		}
		source.Read(want[:n])
		if !bytes.Equal(got[:n], want[:n]) {
			a.err = fmt.Errorf("channel %d: other bytes than were sent, within %d after byte %d", f.channel, n, a.bytes)
			return a
		}
		now := time.Now()
		a.silent = max(a.silent, now.Sub(last))
		a.times = append(a.times, now)
		a.bytes += n
		last = now
	}
	return a
}

// runAll runs flows at the same time and returns the first error.
func runAll(flows ...flow) ([]arrival, error) {
	arrivals := make([]arrival, len(flows))
	var all sync.WaitGroup
	for i, f := range flows {
		all.Go(func() { arrivals[i] = f.run() })
	}
	all.Wait()
	for _, a := range arrivals {
		if a.err != nil {
			return arrivals, a.err
		}
	}
	return arrivals, nil
}

// exchange sends some bytes both ways on several channels at once.
func exchange(app, device *Session) error { return exchangeOn(app, device, 0, 1, 5) }

func exchangeOn(app, device *Session, channels ...int) error {
	var flows []flow
	for _, channel := range channels {
		flows = append(flows,
			flow{from: app, to: device, channel: channel, part: 3000, parts: 4},
			flow{from: device, to: app, channel: channel, part: 5000, parts: 4})
	}
	_, err := runAll(flows...)
	return err
}
