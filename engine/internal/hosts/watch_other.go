//go:build !linux

package hosts

import (
	"errors"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

func watchSystem(panics.Guard, func()) (stop func(), err error) { return nil, errors.ErrUnsupported }
