package rendezvous

import (
	"context"
	"log/slog"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// publisher keeps a fresh ICEDocument on ICETopic.
type publisher struct {
	log     *slog.Logger
	ttl     func() time.Duration
	publish func(ctx context.Context) error // set before start
	review  func(ctx context.Context) bool  // set before start; whether there is something to publish; nil: no need

	again chan struct{} // asks for a new document now
	ctx   context.Context
	stop  context.CancelFunc
	work  panics.Group
}

func newPublisher(log *slog.Logger, ttl func() time.Duration) *publisher {
	p := &publisher{log: log, ttl: ttl, again: make(chan struct{}, 1)}
	p.work.Guard = panics.Guard{Log: log}
	p.ctx, p.stop = context.WithCancel(context.Background())
	return p
}

// start publishes the first document and goes on until close.
func (p *publisher) start() error {
	if err := p.once(); err != nil {
		return err
	}
	p.work.Go(p.run)
	return nil
}

func (p *publisher) run() {
	// At half of its life: whoever fetched the old document a moment ago has
	// the other half to use it.
	renew := time.NewTicker(p.ttl() / 2)
	defer renew.Stop()
	var review <-chan time.Time
	if p.review != nil {
		reviews := time.NewTicker(reviewInterval)
		defer reviews.Stop()
		review = reviews.C
	}
	for {
		select {
		case <-renew.C:
		case <-p.again:
			renew.Reset(p.ttl() / 2) // it may have changed
		case <-review:
			if !p.review(p.ctx) {
				continue
			}
		case <-p.ctx.Done():
			return
		}
		if err := p.once(); err != nil && p.ctx.Err() == nil {
			p.log.Warn("TURN credentials not published: next try when the broker is back", "error", err)
		}
	}
}

func (p *publisher) once() (err error) {
	defer p.work.RecoverTo(&err)
	return p.publish(p.ctx)
}

// republish asks for a new document, for a broker that may have lost the old.
func (p *publisher) republish() {
	select {
	case p.again <- struct{}{}:
	default: // one is on its way
	}
}

func (p *publisher) close() {
	p.stop()
	p.work.Wait()
}
