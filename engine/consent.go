package engine

import (
	"context"
	"slices"
	"sync"

	"github.com/thingp2p/libthingp2p/engine/limit"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// consent asks the authorizer about apps. It may be a person, and take as long as
// the app waits. So that nobody can keep another out by being asked about, there
// are three lines, for apps that are paired, those that hold the ticket, and
// strangers. In each, one question is put after the other, the apps taking turns, and
// none whose app has given up.
type consent struct {
	workers *panics.Group

	mu        sync.Mutex
	authorize func(Peer) Code // nil: nobody is asked
	lines     [linesOfConsent]line
}

const (
	linePaired = iota
	lineTicket
	lineStrangers
	linesOfConsent
)

// maxQuestions is how many may wait in a line, of an app as many as are left for others; the apps
// of more are told that the device is busy.
const maxQuestions = 32

// line is the questions of one kind, the first to come the first to be put.
type line struct {
	working bool      // a goroutine puts the questions
	put     *question // to the authorizer, now; nil: none
	waiting []*question
	places  limit.Shares[string]   // of those that wait, by app
	turns   limit.Map[string, int] // when each app's latest question was put
	turn    int
}

// question is what several connections may wait for: an app that loses one comes
// again by another, and its user is not asked twice.
type question struct {
	peer     Peer
	askers   int           // connections that wait; guarded by consent.mu
	answered chan struct{} // closed once code is there
	asked    bool
	code     Code
}

func lineOf(peer Peer) int {
	switch {
	case peer.Paired:
		return linePaired
	case peer.HasTicket:
		return lineTicket
	}
	return lineStrangers
}

func (c *consent) set(authorize func(Peer) Code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.authorize = authorize
}

// needed reports whether there is an authorizer.
func (c *consent) needed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.authorize != nil
}

// ask returns what the authorizer says, or that there is none. It waits until ctx
// ends, which is when the app has gone.
func (c *consent) ask(ctx context.Context, peer Peer) (asked bool, code Code) {
	q, code := c.enqueue(peer)
	if q == nil {
		return code != OK, code
	}
	select {
	case <-q.answered:
		return q.asked, q.code
	case <-ctx.Done():
		c.leave(q)
		return false, ErrConnectBreak
	}
}

// enqueue joins the question about peer, or adds it. Without one it returns OK if
// nobody is to be asked, else why that cannot be.
func (c *consent) enqueue(peer Peer) (*question, Code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.authorize == nil {
		return nil, OK
	}
	number := lineOf(peer)
	l := &c.lines[number]
	for _, q := range append(slices.Clone(l.waiting), l.put) {
		switch {
		case q == nil || q.peer.AppID != peer.AppID:
		case q.sameAs(peer):
			q.askers++
			return q, OK
		case number == lineStrangers: // with other words: one question at a time
			return nil, ErrDeviceBusy
		}
	}
	if l.places.Most, l.turns.Most = maxQuestions, 4*maxQuestions; !l.places.Take(peer.AppID) {
		return nil, ErrDeviceBusy
	}
	q := &question{peer: peer, askers: 1, answered: make(chan struct{}), code: ErrInternal}
	l.waiting = append(l.waiting, q)
	if !l.working {
		l.working = true
		c.workers.Go(func() { c.work(l) })
	}
	return q, OK
}

// sameAs reports whether the answer holds for peer too: for an app with a right it
// is about one attempt, for a stranger about who it is.
func (q *question) sameAs(peer Peer) bool {
	if lineOf(peer) == lineStrangers {
		peer.TraceID = q.peer.TraceID
	}
	return q.peer == peer
}

// leave takes a question back that nobody waits for any more, unless it has been
// put already.
func (c *consent) leave(q *question) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if q.askers--; q.askers == 0 {
		l := &c.lines[lineOf(q.peer)]
		if i := slices.Index(l.waiting, q); i >= 0 {
			l.take(i)
		}
	}
}

// take takes a question out of the line.
func (l *line) take(i int) *question {
	q := l.waiting[i]
	l.waiting = slices.Delete(l.waiting, i, i+1)
	l.places.Give(q.peer.AppID)
	return q
}

// first is the place of the question whose turn it is: of the app that was asked about longest ago.
func (l *line) first() (first int) {
	longest := l.turn
	for i, q := range l.waiting {
		if turn, _ := l.turns.Get(q.peer.AppID); turn < longest {
			first, longest = i, turn
		}
	}
	return first
}

// work puts the questions of a line until there are none.
func (c *consent) work(l *line) {
	for {
		q, authorize := c.next(l)
		if q == nil {
			return
		}
		c.putTo(authorize, q, l)
	}
}

// next takes the next question; if there is none, the work ends.
func (c *consent) next(l *line) (*question, func(Peer) Code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(l.waiting) == 0 {
		l.working = false
		return nil, nil
	}
	l.put = l.take(l.first())
	l.turn++
	l.turns.Put(l.put.peer.AppID, l.turn)
	return l.put, c.authorize
}

// putTo puts one question. The answer is given also if the authorizer panics.
func (c *consent) putTo(authorize func(Peer) Code, q *question, l *line) {
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		l.put = nil
		close(q.answered)
	}()
	defer c.workers.Recover()
	if authorize == nil { // it was taken away: as if it had never been
		q.code = OK
		return
	}
	q.asked = true
	if code := authorize(q.peer); code <= OK && code.Known() {
		q.code = code
	} else {
		q.code = ErrRemote
	}
}
