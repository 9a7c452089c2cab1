//go:build !unix

package ready

import "github.com/thingp2p/libthingp2p/engine/internal/codes"

// descriptor is not to be had: here poll is for sockets only.
type descriptor struct{}

func (*descriptor) open() error { return codes.ErrInvalidParameter }

func (*descriptor) number() int { return 0 }

func (*descriptor) raise() {}

func (*descriptor) lower() {}

func (*descriptor) close() {}
