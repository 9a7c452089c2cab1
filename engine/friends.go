package engine

import (
	"github.com/thingp2p/libthingp2p/engine/discovery"
	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/internal/keys"
	"github.com/thingp2p/libthingp2p/engine/internal/state"
)

// markUse is what a secret of two keys is for here, see ident.Pairwise.
const markUse = "thingp2p/1 mark of a question\n"

// markFor is how the questions of one of two are known to the other, who has that id.
func markFor(i keys.Identity, id string) (discovery.Mark, error) {
	secret, err := ident.Pairwise(i.Key, id, markUse)
	if err != nil {
		return discovery.Mark{}, err
	}
	return discovery.NewMark(secret)
}

// friends are the apps that were paired last, with their marks. It is for one
// goroutine at a time.
type friends struct {
	identity keys.Identity
	state    *state.Store

	of     *state.File // the pairings that marked is of
	marked []discovery.Friend
}

// now is called for each question, and does little unless a pairing has changed.
func (f *friends) now() []discovery.Friend {
	now := f.state.Now()
	if now == f.of {
		return f.marked
	}
	marks := make(map[string]discovery.Mark)
	for _, friend := range f.marked {
		marks[friend.ID] = friend.Mark
	}
	f.of, f.marked = now, nil
	paired := now.Pairings()
	for _, p := range paired[max(0, len(paired)-discovery.MaxFriends):] {
		mark, known := marks[p.AppID]
		if !known {
			var err error
			if mark, err = markFor(f.identity, p.AppID); err != nil {
				continue // it asks like a stranger
			}
		}
		f.marked = append(f.marked, discovery.Friend{ID: p.AppID, Mark: mark})
	}
	return f.marked
}
