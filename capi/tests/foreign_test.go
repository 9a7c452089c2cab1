package tests

import (
	"os"
	"strings"
	"testing"
)

// foreignPrograms show what another processor, or another libc, could do differently. They start no other programs, and
// need no networks of their own, since an emulator has neither; nor do they take minutes there.
var foreignPrograms = []string{"structs", "codes", "log", "connect", "channels", "read_send", "frames", "poller", "pairing"}

// The same programs on another machine, or what stands for one; the server is this one's. "./build.sh test cross" says with
// which compiler, library and emulator.
func TestOnAnotherMachine(t *testing.T) {
	dir, compiler := os.Getenv("THINGP2P_FOREIGN_LIBRARY"), os.Getenv("THINGP2P_FOREIGN_CC")
	if dir == "" {
		t.Skip("./build.sh test cross runs it")
	}
	foreign := flavour{
		name:     "-foreign",
		compiler: compiler,
		library:  func(*testing.T) string { return dir },
		link:     append([]string{"-L", dir, "-lthingp2p", "-Wl,-rpath," + dir}, strings.Fields(os.Getenv("THINGP2P_FOREIGN_LINK"))...),
		wrapper:  strings.Fields(os.Getenv("THINGP2P_FOREIGN_RUN")),
	}
	for _, name := range foreignPrograms {
		t.Run(name, func(t *testing.T) { foreign.run(t, name, withServer(t)...) })
	}
}
