//go:build unix

package ready

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"golang.org/x/sys/unix"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
)

func shows(t *testing.T, fd int) bool {
	t.Helper()
	list := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(list, 0)
	for err == unix.EINTR { // Go's own signals
		n, err = unix.Poll(list, 0)
	}
	if err != nil || n > 0 && list[0].Revents != unix.POLLIN {
		t.Fatalf("%d, %v, %x", n, err, list[0].Revents)
	}
	return n > 0
}

// model is a set as its description has it: simple, and slow.
type model struct {
	things  []*thing
	watched []map[Events]bool // nil: not
	news    []map[Events]bool
	wakes   int
}

// ready is what is to be told of a thing.
func (m *model) ready(i int) (s State) {
	w := m.watched[i]
	if w[Readable] {
		if s.Readable = m.things[i].bytes.Load(); s.Readable != 0 {
			s.Events |= Readable
		}
	}
	if w[Closed] && m.things[i].closed.Load() {
		s.Events |= Closed
		s.Code = codes.ErrClosedRemote
	}
	for event := range m.news[i] {
		if w[event] {
			s.Events |= event
		}
	}
	return s
}

func (m *model) shows() bool {
	for i := range m.things {
		if m.ready(i).Events != 0 {
			return true
		}
	}
	return m.wakes > 0
}

// TestSetAgainstAModel: after each of many operations, Wait and the descriptor say what the model says.
func TestSetAgainstAModel(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { bubble.Run(t, func(t *testing.T) { againstAModel(t, seed, 1000) }) })
	}
}

func againstAModel(t *testing.T, seed uint64, operations int) {
	random := rand.New(rand.NewPCG(seed, 0))
	const things = 4
	p := newSet(t)
	m := model{watched: make([]map[Events]bool, things), news: make([]map[Events]bool, things)}
	ever := make([]map[Events]bool, things) // what has happened
	renew := func(i int) { m.watched[i], m.news[i], ever[i] = nil, make(map[Events]bool), make(map[Events]bool) }
	for i := range things {
		m.things = append(m.things, newThing())
		renew(i)
	}
	fd := -1
	levels, changes := []Events{Readable, Closed}, []Events{Path, Online, Paired, Rate}
	for range operations {
		i := random.IntN(things)
		a := m.things[i]
		inTime := false // whether the descriptor must be right at once
		switch random.IntN(12) {
		case 0, 1:
			a.arrive(1 << random.IntN(8))
		case 2, 3, 4:
			a.take(random.Uint32())
			inTime = true
		case 5:
			event := changes[random.IntN(len(changes))]
			ever[i][event] = true
			if m.watched[i][event] || event == Online || event == Rate {
				m.news[i][event] = true
			}
			a.Happened(event)
		case 6, 7:
			var events Events
			next := make(map[Events]bool)
			for _, event := range append(levels, changes...) {
				if random.IntN(2) == 0 {
					events |= event
					next[event] = true
				}
			}
			if random.IntN(5) == 0 {
				events, next = 0, nil
			}
			for _, event := range changes { // what is watched anew
				if !m.watched[i][event] {
					m.news[i][event] = next[event] && (event == Online || event == Rate) && ever[i][event]
				}
				if !m.news[i][event] || !next[event] {
					delete(m.news[i], event)
				}
			}
			m.watched[i] = next
			mustWatch(t, p, &a.Source, int32(i), events)
			inTime = true
		case 8:
			a.closed.Store(true)
			a.Changed(Closed)
		case 9:
			if random.IntN(4) == 0 {
				a.Leave()
				m.things[i] = newThing()
				renew(i)
				inTime = true
			}
		case 10:
			if m.wakes < 2 {
				m.wakes++
				p.Wake()
				inTime = true
			}
		case 11:
			if fd < 0 && random.IntN(10) == 0 {
				var err error
				if fd, err = p.Descriptor(); err != nil {
					t.Fatal(err)
				}
				inTime = true
			}
		}
		if fd >= 0 && inTime && m.shows() != shows(t, fd) {
			t.Fatalf("the descriptor does not say at once %v", m.shows())
		}
		synctest.Wait()
		if fd >= 0 && m.shows() != shows(t, fd) {
			t.Fatalf("the descriptor does not say %v", m.shows())
		}
		if random.IntN(3) == 0 {
			m.wait(t, p, 1+random.IntN(things+1))
		}
		if fd >= 0 && m.shows() != shows(t, fd) {
			t.Fatalf("after Wait, the descriptor does not say %v", m.shows())
		}
	}
}

// wait compares what Wait tells with what is so.
func (m *model) wait(t *testing.T, p *Set, most int) {
	t.Helper()
	events := make([]Event, most)
	n, err := p.Wait(events, 0)
	if m.wakes > 0 {
		m.wakes--
		if n != 0 || err != nil {
			t.Fatalf("woken: %d, %v", n, err)
		}
		return
	}
	ready := 0
	for i := range m.things {
		if m.ready(i).Events != 0 {
			ready++
		}
	}
	if want := min(ready, most); n != want || (n == 0) != (err == codes.ErrTimeout) {
		t.Fatalf("told %d, %v, want %d", n, err, want)
	}
	for _, e := range events[:n] {
		if want := m.ready(int(e.Tag)); e.State != want {
			t.Fatalf("told %+v, want %+v", e, want)
		}
		for event := range m.news[e.Tag] {
			if m.watched[e.Tag][event] {
				delete(m.news[e.Tag], event)
			}
		}
	}
}

func TestNoDescriptorOfWhatIsClosed(t *testing.T) {
	p := newSet(t)
	fd, err := p.Descriptor()
	again, err2 := p.Descriptor()
	if err != nil || err2 != nil || fd != again || fd < 0 {
		t.Errorf("%d, %v, then %d, %v", fd, err, again, err2)
	}
	p.Close()
	if _, err := p.Descriptor(); err != codes.ErrInvalidSession {
		t.Errorf("of a closed set: %v", err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != unix.EBADF {
		t.Errorf("the descriptor is left: %v", err)
	}
}
