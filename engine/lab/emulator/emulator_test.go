package emulator

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/trace"
)

const ms = time.Millisecond

// arrival is one packet as the receiver saw it.
type arrival struct {
	number int
	after  time.Duration // since the test's start
}

// pair is a network with two ports: all links but a's up link are perfect.
type pair struct {
	*Network
	a, b     *Port
	start    time.Time
	sent     int
	arrivals []arrival // at b
}

func newPair(t *testing.T, link Link) *pair {
	p := &pair{Network: New(Options{Seed: 7}), start: time.Now()}
	t.Cleanup(p.Close)
	p.a = p.Attach("a", link, Link{}, func([]byte) {}, netip.MustParseAddr("192.0.2.1"))
	p.b = p.Attach("b", Link{}, Link{}, func(packet []byte) {
		number := int(binary.BigEndian.Uint32(packet[20:]))
		p.arrivals = append(p.arrivals, arrival{number, time.Since(p.start)})
	}, netip.MustParseAddr("192.0.2.2"))
	return p
}

// send sends n packets of size bytes each, numbered from 0 over all calls.
func (p *pair) send(n, size int) {
	for range n {
		packet := NewPacket()
		b := packet.Buffer()
		b[0], b[9] = 0x45, protocolUDP
		copy(b[16:], []byte{192, 0, 2, 2})
		binary.BigEndian.PutUint32(b[20:], uint32(p.sent))
		packet.SetSize(size)
		p.a.Send(packet)
		p.sent++
	}
}

// settle waits until all that was sent has arrived or never will.
func settle() {
	time.Sleep(time.Minute)
	synctest.Wait()
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Link{Delay: 30 * ms})
		p.b.SetLinks(Link{}, Link{Delay: 12 * ms})
		p.send(3, 100)
		settle()
		if len(p.arrivals) != 3 {
			t.Fatalf("%d packets arrived", len(p.arrivals))
		}
		for i, a := range p.arrivals {
			if a.number != i || a.after != 42*ms {
				t.Errorf("packet %d arrived in place %d after %v, want 42ms", a.number, i, a.after)
			}
		}
	})
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Link{Rate: 8_000_000, Queue: time.Second}) // 1000 bytes take 1 ms
		p.send(500, 1000)
		settle()
		for i, a := range p.arrivals {
			if want := time.Duration(i+1) * ms; a.after != want {
				t.Fatalf("packet %d arrived after %v, want %v", i, a.after, want)
			}
		}
		if up, _ := p.a.Stats(); up.Packets != 500 || up.Bytes != 500_000 || up.Dropped() != 0 {
			t.Errorf("counters: %+v", up)
		}
	})
}

func TestQueueDropsTail(t *testing.T) {
	for name, link := range map[string]Link{
		"time":           {Rate: 8_000_000, Queue: 50 * ms},
		"bytes":          {Rate: 8_000_000, QueueBytes: 50_000},
		"smaller counts": {Rate: 8_000_000, QueueBytes: 50_000, Queue: time.Second},
		"default":        {Rate: 4_000_000},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t, link)
				p.send(80, 1000)
				settle()
				if len(p.arrivals) != 50 || p.arrivals[49].number != 49 {
					t.Fatalf("%d packets arrived, want the first 50", len(p.arrivals))
				}
				if up, _ := p.a.Stats(); up.Overflow != 30 {
					t.Errorf("overflow %d, want 30", up.Overflow)
				}
			})
		})
	}
}

func TestIdleWireTakesAnyPacket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Link{Rate: 8_000, QueueBytes: 100})
		p.send(2, 1000)
		settle()
		if len(p.arrivals) != 1 || p.arrivals[0].after != time.Second {
			t.Fatalf("arrivals %v, want one after 1s", p.arrivals)
		}
	})
}

func TestTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		times, err := trace.New([]uint32{10, 20, 20, 50})
		if err != nil {
			t.Fatal(err)
		}
		p := newPair(t, Link{})
		time.Sleep(5 * ms) // the trace begins when it is set, not when the network did
		p.a.SetLinks(Link{Trace: times, Offset: 15 * ms, Delay: 7 * ms, QueueBytes: 5000}, Link{})
		p.send(6, 1000)
		settle()
		// At 10, 10, 40 (of the trace: 20, 20, 50) and 50 (10 of the next round).
		want := []arrival{{0, 17 * ms}, {1, 17 * ms}, {2, 17 * ms}, {3, 47 * ms}, {4, 57 * ms}}
		if !slices.Equal(p.arrivals, want) {
			t.Errorf("arrivals %v, want %v", p.arrivals, want)
		}
		if up, _ := p.a.Stats(); up.Overflow != 1 {
			t.Errorf("counters: %+v", up)
		}
		p.a.SetLinks(Link{Rate: 8_000_000}, Link{})
		p.start, p.arrivals = time.Now(), nil
		p.send(2, 1000)
		settle()
		if want := []arrival{{6, ms}, {7, 2 * ms}}; !slices.Equal(p.arrivals, want) {
			t.Errorf("after the trace: arrivals %v, want %v", p.arrivals, want)
		}
	})
}

func TestLossShareAndSeed(t *testing.T) {
	var runs [2][]arrival
	for i := range runs {
		synctest.Test(t, func(t *testing.T) {
			p := newPair(t, Link{Loss: 0.05})
			p.send(20_000, 100)
			settle()
			up, _ := p.a.Stats()
			if up.Lost < 900 || up.Lost > 1100 || up.Packets+up.Lost != 20_000 {
				t.Errorf("lost %d of 20000 at 5 %%", up.Lost)
			}
			runs[i] = p.arrivals
		})
	}
	for i := range runs[0] {
		if runs[0][i].number != runs[1][i].number {
			t.Fatal("the same seed lost other packets")
		}
	}
}

func TestJitterVariesAndKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Link{Delay: 20 * ms, Jitter: 10 * ms})
		const gap = 200 * time.Microsecond
		for range 10_000 {
			p.send(1, 100)
			time.Sleep(gap)
		}
		settle()
		least, most := time.Hour, time.Duration(0)
		for i, a := range p.arrivals {
			if a.number != i {
				t.Fatalf("packet %d arrived in place %d", a.number, i)
			}
			d := a.after - time.Duration(i)*gap
			least, most = min(least, d), max(most, d)
		}
		if least < 20*ms || least > 21*ms || most > 30*ms || most < 29*ms {
			t.Errorf("delay from %v to %v, want about 20 to 30 ms", least, most)
		}
	})
}

func TestReorder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Link{Delay: 5 * ms, Reorder: 0.1})
		for range 2000 {
			p.send(1, 100)
			time.Sleep(ms / 2)
		}
		settle()
		late, highest := 0, -1
		for _, a := range p.arrivals {
			if a.number < highest {
				late++
			}
			highest = max(highest, a.number)
		}
		if len(p.arrivals) != 2000 || late < 140 || late > 260 {
			t.Errorf("%d of %d packets were overtaken, want about 10 %%", late, len(p.arrivals))
		}
	})
}

func TestShorterDelayKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Link{Delay: 100 * ms})
		p.send(1, 100)
		p.a.SetLinks(Link{Delay: 10 * ms}, Link{})
		p.send(1, 100)
		time.Sleep(150 * ms)
		p.send(1, 100)
		settle()
		want := []arrival{{0, 100 * ms}, {1, 100 * ms}, {2, 160 * ms}}
		for i, a := range p.arrivals {
			if a != want[i] {
				t.Errorf("arrival %d is %v, want %v", i, a, want[i])
			}
		}
	})
}

func TestBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Link{Delay: ms})
		arrived := func() int { p.arrivals = nil; p.send(1, 100); settle(); return len(p.arrivals) }
		for _, block := range []struct {
			name    string
			on, off func()
		}{
			{"pair", func() { p.Block(p.a, p.b) }, func() { p.Unblock(p.b, p.a) }},
			{"UDP of the sender", func() { p.a.BlockUDP(true) }, func() { p.a.BlockUDP(false) }},
			{"UDP of the receiver", func() { p.b.BlockUDP(true) }, func() { p.b.BlockUDP(false) }},
			{"address", func() { p.b.SetAddresses() }, func() { p.b.SetAddresses(netip.MustParseAddr("192.0.2.2")) }},
		} {
			block.on()
			if arrived() != 0 {
				t.Errorf("%s: a packet passed while blocked", block.name)
			}
			block.off()
			if arrived() != 1 {
				t.Errorf("%s: no packet passed after the block", block.name)
			}
		}
		if up, _ := p.a.Stats(); up.Blocked != 3 || up.Unrouted != 1 || up.Packets != 4 {
			t.Errorf("counters: %+v", up)
		}
	})
}

func TestGarbageAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, Link{Delay: ms})
		for _, b := range [][]byte{{}, {0x45}, {0x60, 1, 2}, make([]byte, MTU)} {
			packet := NewPacket()
			packet.SetSize(copy(packet.Buffer(), b))
			p.a.Send(packet)
		}
		p.send(1, 100)
		p.Close()
		p.send(1, 100)
		settle()
		if len(p.arrivals) != 0 {
			t.Error("a packet arrived after Close")
		}
		if up, _ := p.a.Stats(); up.Unrouted != 4 {
			t.Errorf("counters: %+v", up)
		}
	})
}

func BenchmarkSend(b *testing.B) {
	n := New(Options{})
	defer n.Close()
	port := n.Attach("a", Link{Delay: ms, Rate: 1e12}, Link{}, func([]byte) {}, netip.MustParseAddr("192.0.2.1"))
	b.ReportAllocs()
	for b.Loop() {
		packet := NewPacket()
		packet.Buffer()[0], packet.Buffer()[9] = 0x45, protocolUDP
		copy(packet.Buffer()[16:], []byte{192, 0, 2, 1})
		packet.SetSize(1200)
		port.Send(packet)
	}
}
