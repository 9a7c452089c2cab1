package discovery

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// indexOf is the number of an interface, by its name or number; 0: there is none. It asks
// in a way that is allowed also where interfaces may not be listed.
func indexOf(name string) int {
	if index, err := strconv.Atoi(name); err == nil && index > 0 {
		return index
	}
	request, err := unix.NewIfreq(name)
	if err != nil {
		return 0
	}
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(socket)
	if err := unix.IoctlIfreq(socket, unix.SIOCGIFINDEX, request); err != nil {
		return 0
	}
	return int(request.Uint32())
}
