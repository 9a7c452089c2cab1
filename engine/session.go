package engine

import (
	"io"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/channel"
	"github.com/thingp2p/libthingp2p/engine/internal/frames"
	"github.com/thingp2p/libthingp2p/engine/internal/ready"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Peer is who asks a device for a session, or has one.
type Peer struct {
	UID       string // what the app says of its user
	AppID     string // proven: names the app's key
	TraceID   string // of the app's attempt
	HasTicket bool   // the app proved that it holds the device's ticket
	Paired    bool   // the device knew the app already
}

// Session is a connection between an app and a device with eight channels. All
// its methods may be called from any goroutine.
//
//	           Close, bye, silence, QUIC's end
//	usable ─────────────────────────────────────► ending ──────► done
//	                                     flush or drain    all released
type Session struct {
	conn      *quicConn
	control   channel.Stream
	listening sync.WaitGroup // one, until the control stream has ended
	taking    sync.WaitGroup // who reads frames
	farewell  atomic.Bool    // the peer has said goodbye
	streams   [Channels]channel.Streams
	channels  [Channels]*channel.Channel
	live      [Channels]live
	lives     atomic.Int32 // channels on which the peer sends frames
	credits   credits
	encoder   encoder
	most      int          // bytes in a channel's send buffer
	arrived   atomic.Int32 // of the peer's streams
	announced atomic.Int32 // how many it has opened; Channels until it says so
	about     about
	log       *slog.Logger
	guard     panics.Guard // its fault is the session's end
	watched   ready.Source

	way     way
	watch   *pathWatch
	silence *silenceWatch
	forget  func(*Session) // by its owner; called once, at the end

	mu     sync.Mutex
	reason error                          // nil while usable
	over   bool                           // nothing comes any more
	ended  chan struct{}                  // closed once not usable
	noMore struct{ streams, frames bool } // come
	done   chan struct{}                  // closed once all is released
}

// about is what does not change in a session.
type about struct {
	traceID     string
	deviceID    string
	peer        Peer          // devices only
	connectTime time.Duration // apps only
	brief       brief
}

// Send buffers follow the path's bandwidth, down to a message of some size. They hold what
// leaves until a thread that waits for room has surely been woken, and no more: what is
// queued gets late.
const (
	bufferTime = 60 * time.Millisecond
	minBuffer  = 8 << 10
)

// How long an ending session may take.
const (
	flushTime  = time.Second           // for what was buffered here
	byeTime    = 2 * time.Second       // for what the peer still sends after its goodbye
	silentTime = 50 * time.Millisecond // for what has arrived from a peer gone silent

	askInterval = 50 * time.Millisecond // at least: whether the peer has what was sent
)

// newSession takes over an established connection, and the way that carries it, and
// begins to watch the peer and the path.
func newSession(conn *quicConn, control channel.Stream, about about, config Config, w way, forget func(*Session)) *Session {
	conn.forgetPeer()
	s := &Session{
		conn:    conn,
		control: control,
		about:   about,
		log:     config.Log.With("trace", about.traceID),
		way:     w,
		forget:  forget,
		most:    config.SendBuffer,
		ended:   make(chan struct{}),
		done:    make(chan struct{}),
	}
	s.guard = panics.Guard{Log: s.log, Failed: s.failed}
	s.watched.Ask = s.isReady
	s.announced.Store(Channels)
	for number := range s.streams {
		stream := &s.streams[number]
		stream.Number = byte(number)
		stream.Open = func() (channel.SendStream, error) { return s.conn.openChannel(number) }
		stream.Arrived = s.bytesArrived
		s.channels[number] = channel.New(stream, config.SendBuffer, s.progress, s.guard)
		s.channels[number].PathTakes = s.pathTakes
		s.channels[number].Arrived = s.bytesArrived
		s.channels[number].HasRoom = s.hasRoom
	}
	s.watch = newPathWatch(s.guard, s.conn.answered, s.conn.unproven, s.rtt, func() { s.conn.ask(control) }, w.lost)
	s.watch.back = s.encoder.lookAnew
	w.attach(s.end, s.hasMoved)
	s.silence = watchSilence(s.guard, config.OfflineAfter, s.packetsReceived, s.watch.doubt, func() { s.end(ErrClosedTimeout) })
	s.listening.Add(1)
	s.listen()
	s.conn.whenOpened(s.guard, s.attach)
	return s
}

// Read reads from a channel as soon as it has at least one byte. A negative
// timeout waits for ever, 0 not at all. The errors are ErrTimeout and the
// reason why the session ended, that one only when all bytes that had arrived
// before have been read.
func (s *Session) Read(channel int, p []byte, timeout time.Duration) (int, error) {
	if channel < 0 || channel >= Channels || len(p) == 0 {
		return 0, ErrInvalidParameter
	}
	if s.live[channel].in.Load() == carriesFrames {
		return 0, ErrInvalidParameter
	}
	defer s.watched.Recheck()
	return s.channels[channel].Read(p, timeout)
}

// Send puts p into a channel's send buffer and returns how much of it was taken
// when all of it was, or the time is up. A negative timeout waits for ever, 0
// not at all. The errors are ErrTimeout, if nothing could be taken, and the
// reason why the session ended.
func (s *Session) Send(channel int, p []byte, timeout time.Duration) (int, error) {
	if channel < 0 || channel >= Channels || len(p) == 0 {
		return 0, ErrInvalidParameter
	}
	if !s.live[channel].decide(&s.live[channel].out, carriesBytes) {
		return 0, ErrInvalidParameter
	}
	defer s.watched.Recheck()
	return s.channels[channel].Send(p, timeout)
}

// Check returns nil while the session is usable, then the reason why not.
func (s *Session) Check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reason
}

// Peer returns the app at the other end of a device's session. In an app's session it
// is empty: the other end is the device of Info.
func (s *Session) Peer() Peer { return s.about.peer }

// Close sends what is buffered for up to a second and ends the session; every
// blocked call returns ErrClosedLocal at once. It returns when all is released.
func (s *Session) Close() error {
	s.Unwatch()
	s.end(ErrClosedLocal)
	<-s.done
	return nil
}

// revoke ends a session of an app that has lost its right to it: what is buffered
// is not sent, and nothing that comes is taken. It does not wait.
func (s *Session) revoke() {
	s.end(ErrClosedLocal) // before the connection's end can give another reason
	s.conn.close()
}

// end makes the session unusable and starts to take it down; only the first
// call counts, except that a local close still wakes all readers.
func (s *Session) end(reason Code) {
	s.mu.Lock()
	first := s.reason == nil
	if first {
		s.reason = reason
		close(s.ended)
	}
	s.mu.Unlock()
	if first || reason == ErrClosedLocal {
		for _, c := range s.channels {
			c.Refuse(reason)
		}
		s.refuseFrames(reason)
		s.watched.Changed(ready.All)
	}
	if first {
		s.log.Info("session ends", "reason", reason.Name())
		panics.Guard{Log: s.log}.Go(func() { s.takeDown(reason) })
	}
}

// takeDown gives each side what it can still have, then releases everything,
// whatever goes wrong meanwhile.
func (s *Session) takeDown(reason Code) {
	defer close(s.done)
	defer s.forget(s)
	defer s.way.close()
	defer s.release()
	s.silence.stop()
	s.watch.stop()
	s.encoder.stop()
	s.way.settled()
	switch reason {
	case ErrClosedLocal:
		s.sayGoodbye(time.Now().Add(flushTime))
	case ErrClosedRemote:
		s.drain(time.Now().Add(byeTime))
	case ErrClosedTimeout:
		s.drain(time.Now().Add(silentTime))
		s.conn.closeSilent()
	}
}

// release ends the connection, and waits for all that used it.
func (s *Session) release() {
	s.conn.close()
	s.finishStreams()
	s.finishFrames()
	for number, c := range s.channels {
		s.live[number].wait()
		c.Wait()
	}
	s.taking.Wait()
	s.listening.Wait()
	s.isOver()
}

// sayGoodbye ends all streams and waits for the peer, which closes the
// connection when it has read them.
func (s *Session) sayGoodbye(deadline time.Time) {
	s.control.Write([]byte{signalBye})
	opened := byte(0)
	for number, c := range s.channels {
		c.Flush(deadline)
		if s.streams[number].Opened() || s.live[number].flush(deadline) {
			opened++
		}
	}
	s.control.Write([]byte{signalOpened + opened})
	s.control.Close()
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	asking := time.NewTicker(max(askInterval, s.rtt()))
	defer asking.Stop()
	for {
		select {
		case <-s.conn.Context().Done():
			return
		case <-asking.C: // an answer shows what was lost, which is sent again then
			s.conn.ask(s.control)
		case <-timer.C:
			return
		}
	}
}

func (s *Session) drain(deadline time.Time) {
	for _, c := range s.channels {
		c.Drain(deadline)
	}
	for _, c := range s.channels {
		c.WaitDrained()
	}
	for number := range s.live {
		s.live[number].drain(deadline)
	}
}

// listen reads the control stream, whenever there is something to read, until
// the connection ends.
func (s *Session) listen() {
	s.conn.whenReadable(s.guard, s.control, func() {
		more := false
		defer func() {
			if !more {
				s.listening.Done()
			}
		}()
		if more = s.readSignals(); more {
			s.listen()
		}
	})
}

// readSignals returns false when no more will come.
func (s *Session) readSignals() bool {
	var signals [16]byte
	n, err := s.control.Read(signals[:])
	for _, signal := range signals[:n] {
		switch {
		case signal == signalBye:
			s.farewell.Store(true)
			s.end(ErrClosedRemote)
		case signal == signalDone:
			s.way.settled()
		case signal >= signalOpened && signal <= signalOpened+Channels:
			s.announced.Store(int32(signal - signalOpened))
			s.finishIfAllArrived()
		case signal >= signalCredit && signal < signalCredit+Channels:
			if sender := s.live[signal-signalCredit].sender.Load(); sender != nil {
				sender.Credit()
			}
		}
	}
	if err != nil {
		s.end(s.conn.closeReason(err))
		if err != io.EOF { // after that, streams may still be on their way
			s.finishStreams()
			s.finishFrames()
		}
	}
	return err == nil
}

// attach takes a stream that the peer has opened to the channel that its first
// byte names, or ends the session of a peer that breaks the rules.
func (s *Session) attach(in channel.ReceiveStream) {
	var first [1]byte
	if n, err := in.Read(first[:]); n == 0 {
		if s.beginTaking() {
			defer s.taking.Done()
			s.attachReset(err)
		}
		return
	}
	number, isFrames := frames.IsFirst(first[0])
	if isFrames {
		s.attachFrame(number, first[0], in)
		return
	}
	if number = int(first[0]); number >= Channels || !s.expectsBytes(number) || !s.streams[number].Attach(in) {
		s.conn.close()
		return
	}
	s.oneArrived()
}

// oneArrived counts a stream that the peer's last signal tells of.
func (s *Session) oneArrived() {
	s.arrived.Add(1)
	s.finishIfAllArrived()
}

func (s *Session) finishIfAllArrived() {
	if s.arrived.Load() >= s.announced.Load() {
		s.finishStreams()
	}
}

// finishStreams tells the channels without a stream that they will have none.
func (s *Session) finishStreams() {
	s.mu.Lock()
	s.noMore.streams = true
	s.mu.Unlock()
	for number := range s.streams {
		s.streams[number].Finish()
		s.live[number].finishIfUnused()
	}
}

// pathTakes is what a channel may have queued, as far as the path is concerned:
// what it carries within bufferTime.
func (s *Session) pathTakes() int {
	bandwidth := s.conn.bandwidth()
	if bandwidth == 0 {
		return math.MaxInt
	}
	return max(minBuffer, int(float64(bandwidth)/8*bufferTime.Seconds()))
}

// failed ends the session after a fault of ours.
func (s *Session) failed() { s.end(ErrInternal) }

func (s *Session) progress() { s.watch.touch() }

func (s *Session) rtt() time.Duration { return s.conn.ConnectionStats().SmoothedRTT }

func (s *Session) packetsReceived() uint64 { return s.conn.ConnectionStats().PacketsReceived }
