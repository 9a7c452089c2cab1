package main

// #include "shim.h"
import "C"

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
)

// setters knows every option: it puts a valid value into the configuration and
// reports whether it was one.
var setters = map[string]func(c *engine.Config, value string) bool{
	"server": func(c *engine.Config, value string) bool {
		c.Server = value
		return engine.CheckServer(value) == nil
	},
	"state_dir": func(c *engine.Config, value string) bool { c.StateDir = value; return true },
	"ca_file":   func(c *engine.Config, value string) bool { c.CAFile = value; return true },
	"lan": func(c *engine.Config, value string) bool {
		c.DisableLAN = value == "off"
		return value == "on" || value == "off"
	},
	"lan_port": func(c *engine.Config, value string) bool {
		port, ok := number(value, 1, 65535)
		c.LANPort = uint16(port)
		return ok
	},
	"relay": func(c *engine.Config, value string) (ok bool) {
		c.Relay, ok = map[string]engine.RelayPolicy{
			"auto": engine.RelayAuto, "never": engine.RelayNever, "only": engine.RelayOnly,
		}[value]
		return ok
	},
	"max_sessions": func(c *engine.Config, value string) (ok bool) {
		c.MaxSessions, ok = number(value, 1, 65536)
		return ok
	},
	"offline_ms": func(c *engine.Config, value string) bool {
		ms, ok := number(value, 1000, 3_600_000)
		c.OfflineAfter = time.Duration(ms) * time.Millisecond
		return ok
	},
	"send_buffer": func(c *engine.Config, value string) (ok bool) {
		c.SendBuffer, ok = number(value, 4096, 64<<20)
		return ok
	},
}

// number accepts decimal digits only.
func number(value string, least, most int) (int, bool) {
	n, err := strconv.ParseUint(value, 10, 31)
	return int(n), err == nil && int(n) >= least && int(n) <= most
}

// options holds what the next init or device_open will use.
var options optionSet

type optionSet struct {
	mu          sync.Mutex
	environment sync.Once
	values      engine.Config
	rejected    []string // variables with bad values
}

// set reports whether key and value are valid.
func (o *optionSet) set(key, value string) bool {
	setter, ok := setters[key]
	if !ok {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	changed := o.values
	if !setter(&changed, value) {
		return false
	}
	o.values = changed
	return true
}

// config returns the options as a configuration.
func (o *optionSet) config() engine.Config {
	o.readEnvironment()
	o.mu.Lock()
	c, rejected := o.values, o.rejected
	o.mu.Unlock()
	for _, variable := range rejected {
		logger.Warn("ignored an environment variable with a bad value", "variable", variable)
	}
	c.Log = logger
	return c
}

// readEnvironment applies the variables as they were when the library was
// loaded. It must come before the first set.
func (o *optionSet) readEnvironment() {
	o.environment.Do(func() {
		for i := C.int(0); ; i++ {
			variable := C.tp2p_environment(i)
			if variable == nil {
				return
			}
			name, value, _ := strings.Cut(C.GoString(variable), "=")
			key := strings.ToLower(strings.TrimPrefix(name, "THINGP2P_"))
			if _, known := setters[key]; known && !o.set(key, value) {
				o.rejected = append(o.rejected, name)
			}
		}
	})
}

//export tp2pGoSetOption
func tp2pGoSetOption(key, value *C.char) (result C.int) {
	defer guard(&result)
	options.readEnvironment()
	if !options.set(C.GoString(key), C.GoString(value)) {
		return toC(engine.ErrInvalidParameter)
	}
	return toC(engine.OK)
}
