package paths

// RelayPolicy says whether a TURN relay may carry a session.
type RelayPolicy int

const (
	RelayAuto  RelayPolicy = iota // when nothing more direct works, and meanwhile
	RelayNever                    // not at all
	RelayOnly                     // nothing else, for tests
)
