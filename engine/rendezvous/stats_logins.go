package rendezvous

import (
	"errors"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// LoginStats counts logins to the embedded broker since it started.
type LoginStats struct {
	Accepted uint64
	Refused  map[string]uint64 // by reason; each reason is there, also with 0
}

// loginRefusals are the reasons for which a login is refused, by the errors that say
// so. Their set is fixed, whatever strangers send: whoever watches a server has one
// line for each.
var loginRefusals = map[string][]error{
	"malformed":    {ident.ErrLoginForm},
	"time":         {ident.ErrLoginTime},
	"signature":    {ident.ErrLoginSignature},
	"server_name":  {errServerName},
	"will":         {errWill},
	"replayed":     {errUsedLogin},
	"before_start": {errOlderLogin},
	"too_fast":     {errTooFast},
	"full":         {errFull, errManyLogins},
	"gave_way":     {errTooLate},
	"not_admitted": {errNotAdmitted},
	otherRefusal:   nil, // such as an admission service that does not answer
}

const otherRefusal = "other"

// loginCounter is safe for concurrent use.
type loginCounter struct {
	accepted atomic.Uint64
	refused  counts
}

func newLoginCounter() *loginCounter {
	return &loginCounter{refused: newCounts(slices.Collect(maps.Keys(loginRefusals))...)}
}

// count counts a login that has ended with err; nil: it was accepted.
func (c *loginCounter) count(err error) {
	if err == nil {
		c.accepted.Add(1)
		return
	}
	c.refused.add(refusalOf(err))
}

func refusalOf(err error) string {
	for reason, causes := range loginRefusals {
		for _, cause := range causes {
			if errors.Is(err, cause) {
				return reason
			}
		}
	}
	return otherRefusal
}

func (c *loginCounter) stats() LoginStats {
	return LoginStats{c.accepted.Load(), c.refused.read()}
}
