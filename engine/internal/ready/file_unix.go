//go:build unix && !linux

package ready

import (
	"syscall"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
)

// descriptor is a pipe that has a byte in it or none. Its ends are no os.File: Go would watch them itself.
type descriptor struct{ read, write int }

func (d *descriptor) open() error {
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		return codes.Because(codes.ErrNoMemory, err)
	}
	for _, end := range ends {
		syscall.CloseOnExec(end)
		syscall.SetNonblock(end, true)
	}
	*d = descriptor{ends[0], ends[1]}
	return nil
}

func (d *descriptor) number() int { return d.read }

func (d *descriptor) raise() { syscall.Write(d.write, []byte{1}) }

func (d *descriptor) lower() {
	var one [1]byte
	syscall.Read(d.read, one[:])
}

func (d *descriptor) close() {
	syscall.Close(d.read)
	syscall.Close(d.write)
}
