//go:build !linux

package discovery

import (
	"net"
	"strconv"
)

// indexOf is the number of an interface, by its name or number; 0: there is none.
func indexOf(name string) int {
	if index, err := strconv.Atoi(name); err == nil && index > 0 {
		return index
	}
	found, err := net.InterfaceByName(name)
	if err != nil {
		return 0
	}
	return found.Index
}
