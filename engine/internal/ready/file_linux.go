package ready

import (
	"golang.org/x/sys/unix"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
)

// descriptor is an eventfd. It is no os.File: Go would watch that itself.
type descriptor int

func (d *descriptor) open() error {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return codes.Because(codes.ErrNoMemory, err)
	}
	*d = descriptor(fd)
	return nil
}

func (d *descriptor) number() int { return int(*d) }

func (d *descriptor) raise() { unix.Write(int(*d), []byte{1, 1, 1, 1, 1, 1, 1, 1}) } // in any byte order not 0, nor the most

func (d *descriptor) lower() {
	var count [8]byte
	unix.Read(int(*d), count[:])
}

func (d *descriptor) close() { unix.Close(int(*d)) }
