package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/channel"
	"github.com/thingp2p/libthingp2p/engine/internal/frames"
	"github.com/thingp2p/libthingp2p/engine/internal/ready"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Frame is one that has come whole.
type Frame = frames.Frame

// MaxFrame is the largest frame, in bytes.
const MaxFrame = frames.Most

// live is a channel that carries frames, in one direction or both. Most do not, and cost
// nothing more.
type live struct {
	out, in  atomic.Int32 // what the channel carries
	sender   atomic.Pointer[frames.Sender]
	receiver atomic.Pointer[frames.Receiver]
}

// What a direction of a channel carries, as its sender's first call decides.
const (
	undecided int32 = iota
	carriesBytes
	carriesFrames
)

// decide reports whether a direction carries this, from here on at the latest.
func (l *live) decide(direction *atomic.Int32, kind int32) bool {
	return direction.CompareAndSwap(undecided, kind) || direction.Load() == kind
}

// SendFrame takes a frame whole, which goes to the other side in one piece, or says why not. It never waits.
//
// A deadline says how long from now the frame is of use at the other side; 0 or less: for
// ever. What cannot be there in time is not sent, nor is what needs it: all frames up to the
// next that is a key frame. The errors are ErrTimeout, if this frame could not be in time, or
// too much waits already; ErrKeyFrame, if one that it needs was dropped, so that only a key
// frame helps; ErrInvalidParameter, if the channel carries bytes, or the frame has more than
// MaxFrame; and the reason why the session ended.
func (s *Session) SendFrame(channel int, p []byte, key bool, deadline time.Duration) error {
	if channel < 0 || channel >= Channels || len(p) == 0 || len(p) > MaxFrame {
		return ErrInvalidParameter
	}
	l := &s.live[channel]
	if !l.decide(&l.out, carriesFrames) {
		return ErrInvalidParameter
	}
	defer s.watched.Recheck()
	sender := s.frameSender(channel)
	s.FrameRate() // it learns by looking, at what has waited: this frame has not
	err := sender.Send(p, key, max(deadline, 0))
	s.encoder.lookLater(s)
	return err
}

// ReadFrame returns the next frame, in the order in which they were sent. If it has more
// than so many bytes, it stays, and the error is ErrBufferTooSmall. A negative timeout waits
// for ever, 0 not at all. The other errors are ErrTimeout, ErrInvalidParameter if the channel
// carries bytes, and the reason why the session ended, when all frames that had come whole
// before have been read.
func (s *Session) ReadFrame(channel int, most int, timeout time.Duration) (Frame, error) {
	if channel < 0 || channel >= Channels || most < 0 || s.live[channel].in.Load() == carriesBytes {
		return Frame{}, ErrInvalidParameter
	}
	defer s.watched.Recheck()
	return s.frameReceiver(channel).Read(most, timeout)
}

// Clear drops what is queued on a channel and has not begun to leave, and returns how many
// bytes that was. Frames are always dropped whole. Of bytes, what comes next follows at the
// other side right behind the last that had left: clear between two messages of your own.
func (s *Session) Clear(channel int) (int, error) {
	if channel < 0 || channel >= Channels {
		return 0, ErrInvalidParameter
	}
	if err := s.Check(); err != nil {
		return 0, err
	}
	if sender := s.live[channel].sender.Load(); sender != nil {
		return sender.Clear(), nil
	}
	return s.channels[channel].Clear(), nil
}

// Unsent is how many bytes are queued on a channel, and how long the oldest has been.
func (s *Session) Unsent(channel int) (bytes int, age time.Duration, err error) {
	if channel < 0 || channel >= Channels {
		return 0, 0, ErrInvalidParameter
	}
	if err := s.Check(); err != nil {
		return 0, 0, err
	}
	if sender := s.live[channel].sender.Load(); sender != nil {
		bytes, age = sender.Unsent()
	} else {
		bytes, age = s.channels[channel].Unsent()
	}
	return bytes, age, nil
}

// encoder is what is known for an encoder of frames.
type encoder struct {
	mu      sync.Mutex
	rate    frames.Rate
	told    uint64      // the rate, to pollers
	timer   *time.Timer // of the next look; nil before the first frame
	pause   time.Duration
	stopped bool
}

// An encoder that has been told to produce less, or nothing, waits to be told of more: the rate is
// looked at without it, too, ever more rarely after the last frame, and then no more: until the path
// has come back after an outage, or is another.
const (
	firstLook = 250 * time.Millisecond
	lastLook  = 16 * time.Second
)

// lookLater begins with the looks, or anew.
func (e *encoder) lookLater(s *Session) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.timer == nil && !e.stopped {
		e.timer = panics.Guard{Log: s.log}.After(firstLook, func() {
			s.FrameRate()
			e.lookAgain()
		})
	}
	e.restart()
}

// lookAnew is for a path that has come back, or is another: who has sent no frames does not look.
func (e *encoder) lookAnew() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.restart()
}

// restart needs the lock.
func (e *encoder) restart() {
	if e.timer != nil && !e.stopped {
		e.pause = firstLook
		e.timer.Reset(e.pause)
	}
}

func (e *encoder) lookAgain() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.stopped && e.pause < lastLook {
		e.pause *= 2
		e.timer.Reset(e.pause)
	}
}

func (e *encoder) stop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stopped = true
	if e.timer != nil {
		e.timer.Stop()
	}
}

// ownQueue is what congestion control may keep in the path's queue, to have it busy.
const ownQueue = 20 * time.Millisecond

// FrameRate is what an encoder should produce now, in bit/s, for all channels on which this
// side has sent frames; 0: not known yet. It is for the encoder of the least urgent of them.
func (s *Session) FrameRate() uint64 {
	stats := s.conn.ConnectionStats()
	load := frames.Load{
		Bandwidth: s.conn.bandwidth(),
		Standing:  max(0, min(stats.LatestRTT, stats.SmoothedRTT)-stats.MinRTT-ownQueue),
		Sent:      stats.BytesSent - min(stats.BytesLost, stats.BytesSent),
	}
	least := int8(-1)
	for number := range s.live {
		if sender := s.live[number].sender.Load(); sender != nil {
			load.Queued += sender.Waiting()
			least = max(least, urgency[number])
		}
	}
	if least < 0 {
		return 0
	}
	for number, c := range s.channels {
		if urgency[number] < least {
			sent, _ := s.live[number].counts()
			load.Urgent += sent + c.Sent.Load()
		}
	}
	rate, isNews := s.encoder.update(load)
	if isNews {
		s.watched.Happened(ready.Rate)
	}
	return rate
}

// update reports whether the rate has changed by a tenth since it last did.
func (e *encoder) update(load frames.Load) (rate uint64, isNews bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	rate = e.rate.Update(time.Now(), load)
	if max(rate, e.told)-min(rate, e.told) < max(e.told/10, 1) {
		return rate, false
	}
	e.told = rate
	return rate, true
}

// frameSender makes the sender at its first use.
func (s *Session) frameSender(channel int) *frames.Sender {
	l := &s.live[channel]
	if sender := l.sender.Load(); sender != nil {
		return sender
	}
	open := func() (frames.Stream, error) { return s.conn.openFrame(channel) }
	sender := frames.NewSender(channel, open, s.framePath, s.most, s.progress, s.guard)
	sender.HasRoom = s.hasRoom
	if l.sender.CompareAndSwap(nil, sender) {
		if reason := s.Check(); reason != nil { // or end finds it
			sender.Refuse(reason)
		}
	}
	return l.sender.Load()
}

func (s *Session) frameReceiver(channel int) *frames.Receiver {
	l := &s.live[channel]
	if receiver := l.receiver.Load(); receiver != nil {
		return receiver
	}
	receiver := frames.NewReceiver()
	receiver.Arrived = s.bytesArrived
	if l.receiver.CompareAndSwap(nil, receiver) {
		if reason := s.Check(); reason != nil {
			receiver.Refuse(reason)
		}
		s.mu.Lock()
		over := s.noMore.frames || s.noMore.streams && l.in.Load() != carriesFrames
		s.mu.Unlock()
		if over {
			l.receiver.Load().Finish()
		}
		if l.in.Load() == carriesBytes { // or expectsBytes finds it
			l.refuseReaders()
		}
	}
	return l.receiver.Load()
}

// framePath is what a sender of frames knows of the path.
func (s *Session) framePath() frames.Path {
	stats := s.conn.ConnectionStats()
	oneWay := stats.MinRTT / 2
	return frames.Path{Bandwidth: s.conn.bandwidth(), OneWay: oneWay, Back: max(oneWay, stats.SmoothedRTT+4*stats.MeanDeviation-oneWay)}
}

// attachFrame takes a stream of a channel that carries frames.
func (s *Session) attachFrame(number int, first byte, in channel.ReceiveStream) {
	if !s.beginTaking() {
		return
	}
	defer s.taking.Done()
	if !s.expectsFrames(number) {
		s.conn.close()
		return
	}
	s.progress()
	s.giveCredit(number)
	last, err := s.frameReceiver(number).Take(first, in)
	s.progress()
	switch {
	case err == nil && last:
		s.oneArrived()
	case err == nil:
		s.giveCredit(number)
	default:
		s.attachReset(err)
	}
}

// beginTaking returns false once nobody waits for those who read any more.
func (s *Session) beginTaking() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.noMore.frames {
		return false
	}
	s.taking.Add(1)
	return true
}

// attachReset notes that a stream of a frame was reset, or ends the session of a peer that
// breaks the rules.
func (s *Session) attachReset(err error) {
	reason, ok := resetReason(err)
	if !ok {
		s.conn.close() // or it has ended already
		return
	}
	number, ordinal := frames.Reset(reason)
	if !s.expectsFrames(number) || s.frameReceiver(number).Gone(ordinal) != nil {
		s.conn.close()
		return
	}
	s.giveCredit(number)
}

// expectsFrames notes that a channel brings frames, or says that it does not.
func (s *Session) expectsFrames(number int) bool {
	l := &s.live[number]
	if l.in.CompareAndSwap(undecided, carriesFrames) {
		s.conn.allowFrames(int(s.lives.Add(1)))
		s.channels[number].RefuseReading(ErrInvalidParameter)
		s.streams[number].Finish()
	}
	return l.in.Load() == carriesFrames
}

// expectsBytes is the same for bytes.
func (s *Session) expectsBytes(number int) bool {
	l := &s.live[number]
	if !l.decide(&l.in, carriesBytes) {
		return false
	}
	l.refuseReaders()
	return true
}

// refuseReaders tells who waits for frames that the channel brings bytes.
func (l *live) refuseReaders() {
	if receiver := l.receiver.Load(); receiver != nil {
		receiver.Refuse(ErrInvalidParameter)
		receiver.Finish()
	}
}

// refuseFrames is for the session's end.
func (s *Session) refuseFrames(reason Code) {
	for number := range s.live {
		if sender := s.live[number].sender.Load(); sender != nil {
			sender.Refuse(reason)
		}
		if receiver := s.live[number].receiver.Load(); receiver != nil {
			receiver.Refuse(reason)
		}
	}
}

// finishFrames says that no more frames come on any channel.
func (s *Session) finishFrames() {
	s.mu.Lock()
	s.noMore.frames = true
	s.mu.Unlock()
	for number := range s.live {
		if receiver := s.live[number].receiver.Load(); receiver != nil {
			receiver.Finish()
		}
	}
}

// finishIfUnused says so on a channel that has not brought any.
func (l *live) finishIfUnused() {
	if receiver := l.receiver.Load(); receiver != nil && l.in.Load() != carriesFrames {
		receiver.Finish()
	}
}

// flush waits until what was taken has left, and reports whether there was anything.
func (l *live) flush(deadline time.Time) bool {
	sender := l.sender.Load()
	return sender != nil && sender.Flush(deadline)
}

// drain waits until all frames have come.
func (l *live) drain(deadline time.Time) {
	if receiver := l.receiver.Load(); receiver != nil {
		receiver.WaitWhole(deadline)
	}
}

// wait returns once nothing of the channel runs; the connection must have ended.
func (l *live) wait() {
	if sender := l.sender.Load(); sender != nil {
		sender.Wait()
	}
}

func (l *live) counts() (sent, received uint64) {
	if sender := l.sender.Load(); sender != nil {
		sent = sender.Sent.Load()
	}
	if receiver := l.receiver.Load(); receiver != nil {
		received = receiver.Received.Load()
	}
	return sent, received
}
