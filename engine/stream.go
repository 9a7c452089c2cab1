package engine

import (
	"io"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/channel"
	"github.com/thingp2p/libthingp2p/engine/internal/codes"
)

// Channel is one of a session's channels as Go's other packages want it, like a
// net.Conn: a stream of bytes in each direction, with deadlines in place of timeouts.
// It has no Close, its session has. All Channels of one number are the same channel,
// with the same deadlines. All methods may be called from any goroutine; the bytes of
// two that write at the same time may mix.
type Channel struct {
	session *Session
	channel *channel.Channel
}

// Channel returns a channel, 0 to Channels-1; with any other number it panics, as an
// index does.
func (s *Session) Channel(number int) *Channel { return &Channel{s, s.channels[number]} }

// Read reads what is there, and waits until at least one byte is. The errors are
// ErrTimeout (which is os.ErrDeadlineExceeded too) from the deadline on, and when all
// that has come is read, io.EOF if the other side has closed the session and nothing
// is missing, ErrClosedRemote (io.ErrUnexpectedEOF too) if it ended otherwise,
// ErrClosedTimeout if the other side went silent; at once, ErrClosedLocal (net.ErrClosed
// too) if the session was closed here.
func (c *Channel) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	defer c.session.watched.Recheck()
	n, err := c.channel.ReadByDeadline(p)
	if err == io.EOF && !c.session.farewell.Load() {
		err = ErrClosedRemote
	}
	if err == ErrClosedRemote {
		err = codes.Because(ErrClosedRemote, io.ErrUnexpectedEOF)
	}
	return n, err
}

// Write puts all of p into the channel's send buffer, and waits until it has room. It
// returns how much was taken, which is all, or the error is not nil: ErrTimeout (which
// is os.ErrDeadlineExceeded too) from the deadline on, or the reason why the session
// ended. It does not wait until the other side has the bytes.
func (c *Channel) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	defer c.session.watched.Recheck()
	return c.channel.WriteByDeadline(p)
}

// SetDeadline sets both deadlines, see SetReadDeadline and SetWriteDeadline.
func (c *Channel) SetDeadline(t time.Time) error {
	c.channel.SetReadDeadline(t)
	c.channel.SetWriteDeadline(t)
	return nil
}

// SetReadDeadline says until when Read may wait, those calls included that wait now.
// The zero time, as at first, lets it wait for ever. It never fails.
func (c *Channel) SetReadDeadline(t time.Time) error {
	c.channel.SetReadDeadline(t)
	return nil
}

// SetWriteDeadline is SetReadDeadline for Write.
func (c *Channel) SetWriteDeadline(t time.Time) error {
	c.channel.SetWriteDeadline(t)
	return nil
}
