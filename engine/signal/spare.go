package signal

import "context"

// spare is a connection that is dialled beside one that may be dead (as in RFC 8305).
type spare struct {
	made   chan *link // nil if it failed
	stop   func()
	client *Client
}

func (c *Client) dialSpare(ctx context.Context) *spare {
	s := &spare{made: make(chan *link, 1), client: c}
	ctx, s.stop = context.WithCancel(ctx)
	c.leaving.Go(func() {
		var l *link
		defer func() { s.made <- l }()
		defer s.stop()
		var err error
		if l, err = c.connect(ctx); err != nil {
			l = nil
			c.cfg.Log.Debug("the server cannot be reached beside a connection in doubt", "error", err)
		}
	})
	return s
}

// dialled tells of the link, or of nil.
func (s *spare) dialled() <-chan *link {
	if s == nil {
		return nil
	}
	return s.made
}

// drop gives up what is not wanted any more.
func (s *spare) drop() {
	if s == nil {
		return
	}
	s.stop()
	s.client.leaving.Go(func() {
		if late := <-s.made; late != nil {
			late.close() // it may have said that a device is on
		}
	})
}
