//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd || windows)

package hosts

import (
	"errors"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

func watchSystem(panics.Guard, func()) (stop func(), err error) { return nil, errors.ErrUnsupported }
