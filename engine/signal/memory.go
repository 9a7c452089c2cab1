package signal

import (
	"maps"
	"time"

	"github.com/thingp2p/libthingp2p/engine/limit"
)

// memory is what a gate has read of each sender, so that no message is read twice.
// It begins with the first message of a sender, and forgets of one only what is
// older than all that it will take. Whole senders it forgets too, but only
// strangers; so no crowd makes it take an old message of a friend.
//
// All times are the sender's own. Who has set its clock back is told how far it was:
// see lateError.
type memory struct {
	known     func(id string) bool
	friends   map[string]*limit.Once // who is known, or was
	strangers limit.Map[string, *limit.Once]
	prune     int // the number of friends at which to look who still is one
}

const (
	// maxOvertaken is how many messages of one sender may overtake another one, and
	// overtaking how old that may be. A connection to a broker keeps their order, but
	// goroutines that send at the same time do not.
	maxOvertaken = 64
	overtaking   = time.Second

	maxStrangers = 1024
)

func newMemory(known func(string) bool) *memory {
	m := &memory{known: known, friends: make(map[string]*limit.Once), prune: maxStrangers}
	m.strangers.Most = maxStrangers
	return m
}

// of returns what was read of a sender; nil: nothing.
func (m *memory) of(from string) *limit.Once {
	if read := m.friends[from]; read != nil {
		return read
	}
	read, _ := m.strangers.Get(from)
	return read
}

// begin returns the memory of a new sender, which is of messages made after a time.
func (m *memory) begin(from string, after int64) *limit.Once {
	read := &limit.Once{Most: maxOvertaken, After: after}
	if m.known(from) {
		m.befriend(from, read)
	} else if oldest, was, forgotten := m.strangers.Put(from, read); forgotten && m.known(oldest) {
		m.befriend(oldest, was) // it became one meanwhile
	}
	return read
}

func (m *memory) befriend(id string, read *limit.Once) {
	if len(m.friends) >= m.prune {
		maps.DeleteFunc(m.friends, func(id string, _ *limit.Once) bool { return !m.known(id) })
		m.prune = max(maxStrangers, 2*len(m.friends))
	}
	m.friends[id] = read
}
