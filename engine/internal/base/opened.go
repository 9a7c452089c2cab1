package base

import (
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
)

// opened is a socket of the system's: the first one, or one in the place of another that
// was taken away.
type opened struct {
	net.PacketConn
	udp   *net.UDPConn // the same; nil: a test's
	batch *batchReader // nil: none
}

// open takes the wanted port, or any if that is 0, or if it is not free and any will do.
func open(network hosts.Network, wanted uint16, anyPort bool) (*opened, error) {
	conn, err := network.Listen(wanted)
	if err != nil && anyPort {
		conn, err = network.Listen(0)
	}
	if err != nil {
		return nil, err
	}
	o := &opened{PacketConn: conn}
	if o.udp, _ = conn.(*net.UDPConn); o.udp != nil {
		o.batch, _ = newBatchReader(o.udp)
	}
	return o, nil
}

// openFirst takes the first of the ports that is free, or any.
func openFirst(network hosts.Network, wanted []uint16) (*opened, error) {
	for _, port := range wanted {
		if port == 0 {
			continue
		}
		if o, err := open(network, port, false); err == nil {
			return o, nil
		}
	}
	return open(network, 0, true)
}

// use needs the lock, but for the first one.
func (s *Socket) use(next *opened) {
	s.port.Store(uint32(hosts.AddrPort(next.LocalAddr()).Port()))
	s.now.Store(next)
}

// How long to wait before a socket is opened again that could not be.
const (
	firstReopening = 10 * time.Millisecond
	maxReopening   = 5 * time.Second

	// portTries are so many, since who writes at that moment holds the old one for a little longer.
	portTries = 5

	// passingRest keeps an error that lasts from being read in a loop.
	passingRest = time.Millisecond
)

// goesOn reports that there is something to read from again, after a read of old has
// failed. It waits for it.
func (s *Socket) goesOn(old *opened, why error) bool {
	if s.closed.Load() || isTimeout(why) {
		return false
	}
	if isPassing(why) {
		return s.rest(passingRest)
	}
	s.log.Warn("the system has taken the UDP socket away, opening another", "error", why)
	old.Close() // its port is wanted again
	port, pause := s.Port(), firstReopening
	for tries := 1; ; tries++ {
		err := s.reopen(tries >= portTries)
		if err == nil {
			break
		}
		s.log.Debug("no UDP socket yet", "error", err)
		if !s.rest(pause) {
			return false
		}
		pause = min(2*pause, maxReopening)
	}
	if s.Port() != port && s.Moved != nil {
		s.Moved()
	}
	return true
}

// rest waits, and reports whether the reading is still wanted.
func (s *Socket) rest(pause time.Duration) bool {
	s.mu.Lock()
	ended := s.ended
	s.mu.Unlock()
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.done:
	case <-ended:
	}
	return false
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// Revive makes the socket be replaced if the system has taken it away without saying so.
func (s *Socket) Revive() {
	if now := s.now.Load(); now.udp != nil && !isAlive(now.udp) {
		now.Close() // which its reader notices
	}
}

// reopen puts another socket in the place of the one that was.
func (s *Socket) reopen(anyPort bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return nil
	}
	next, err := open(s.network, s.Port(), anyPort)
	if err != nil {
		return err
	}
	for _, set := range s.settings {
		set(next.udp)
	}
	next.SetReadDeadline(s.deadline)
	s.use(next)
	return nil
}

func (s *Socket) setReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = t
	select {
	case <-s.ended:
		if t.IsZero() {
			s.ended = make(chan struct{})
		}
	default:
		if !t.IsZero() { // QUIC knows no other one than now
			close(s.ended)
		}
	}
	return s.now.Load().SetReadDeadline(t)
}

// Close ends the reading too.
func (s *Socket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed.Swap(true) {
		close(s.done)
	}
	return s.now.Load().Close()
}

// isAlive asks the system whether a socket still has its address.
func isAlive(udp *net.UDPConn) bool {
	raw, err := udp.SyscallConn()
	if err != nil {
		return false
	}
	alive := false
	err = raw.Control(func(fd uintptr) { alive = hasAddress(fd) })
	return err == nil && alive
}

// keep remembers what QUIC sets on the socket, for the one that may have to take its place.
func (s *Socket) keep(set func(*net.UDPConn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = append(s.settings, set)
}

// optionKeeper remembers what QUIC sets by the socket's descriptor.
type optionKeeper struct {
	syscall.RawConn
	socket *Socket
}

func (k optionKeeper) Control(set func(fd uintptr)) error {
	k.socket.keep(func(udp *net.UDPConn) {
		if raw, err := udp.SyscallConn(); err == nil {
			raw.Control(set)
		}
	})
	return k.RawConn.Control(set)
}
