// Package codes has the engine's table of codes in C's words, for the tests that compare other tables with it.
package codes

import (
	"slices"
	"strings"

	"github.com/thingp2p/libthingp2p/engine"
)

// Code is a code as C has it.
type Code struct {
	Number int
	Name   string // without THING_P2P_
	Text   string
}

// Words are what the engine's sentences call a thing, each followed by what C calls it.
var Words = []string{
	"NewApp", "thing_p2p_init",
	"NewPoller", "thing_p2p_poller_open",
	"SetAddresses", "thing_p2p_set_addresses",
	"NewDevice", "thing_p2p_device_open",
	"App.Close", "thing_p2p_deinit",
	"App.AddDevice", "thing_p2p_add_device",
	"Config.Relay", "the option relay",
	"Config.MaxSessions", "the option max_sessions",
	"Config.Server", "the option server",
	"Config.StateDir", "state_dir",
}

// All returns every code, from 0 down.
func All() []Code {
	inC := strings.NewReplacer(Words...)
	var all []Code
	for _, c := range engine.Codes() {
		all = append(all, Code{int(c), c.Name(), inC.Replace(c.Error())})
	}
	slices.SortFunc(all, func(a, b Code) int { return b.Number - a.Number })
	return all
}
