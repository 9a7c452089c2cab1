package main

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/thingp2p/libthingp2p/engine"
)

// The options are kept and checked in C, see options.c. setters puts the value
// of each into the configuration, and reports whether it could.
var setters = map[string]func(c *engine.Config, value string) bool{
	"server": func(c *engine.Config, value string) bool {
		c.Server = value
		return engine.CheckServer(value) == nil
	},
	"state_dir": func(c *engine.Config, value string) bool { c.StateDir = value; return true },
	"ca_file":   func(c *engine.Config, value string) bool { c.CAFile = value; return true },
	"lan": func(c *engine.Config, value string) bool {
		c.DisableLAN = value == "off"
		return true
	},
	"port_mapping": func(c *engine.Config, value string) bool {
		c.DisablePortMapping = value == "off"
		return true
	},
	"lan_port": func(c *engine.Config, value string) bool {
		port, ok := number(value)
		c.LANPort = uint16(port)
		return ok
	},
	"relay": func(c *engine.Config, value string) (ok bool) {
		c.Relay, ok = map[string]engine.RelayPolicy{
			"auto": engine.RelayAuto, "never": engine.RelayNever, "only": engine.RelayOnly,
		}[value]
		return ok
	},
	"strangers": func(c *engine.Config, value string) bool {
		c.Strangers = map[string]engine.Strangers{"off": engine.StrangersOff, "ask": engine.StrangersAsk}[value]
		return true
	},
	"max_sessions": func(c *engine.Config, value string) (ok bool) {
		c.MaxSessions, ok = number(value)
		return ok
	},
	"max_sessions_per_app": func(c *engine.Config, value string) (ok bool) {
		c.MaxSessionsPerApp, ok = number(value)
		return ok
	},
	"accept_backlog": func(c *engine.Config, value string) (ok bool) {
		c.AcceptBacklog, ok = number(value)
		return ok
	},
	"offline_ms": func(c *engine.Config, value string) bool {
		ms, ok := number(value)
		c.OfflineAfter = time.Duration(ms) * time.Millisecond
		return ok
	},
	"send_buffer": func(c *engine.Config, value string) (ok bool) {
		c.SendBuffer, ok = number(value)
		return ok
	},
}

func number(value string) (int, bool) {
	n, err := strconv.Atoi(value)
	return n, err == nil
}

// options returns what the next init or device_open uses.
func options() engine.Config {
	var c engine.Config
	for key, set := range setters {
		if value, ok := option(key); ok && !set(&c, value) {
			logger.Error("ignored an option that cannot be used", "option", key)
		}
	}
	for i := C.int(0); ; i++ {
		variable := C.tp2p_rejected(i)
		if variable == nil {
			break
		}
		name, _, _ := strings.Cut(C.GoString(variable), "=")
		logger.Warn("ignored an environment variable with a bad value", "variable", name)
	}
	c.Log = logger
	return c
}

// option returns what an option was set to.
func option(key string) (value string, ok bool) {
	k := C.CString(key)
	defer C.free(unsafe.Pointer(k))
	v := C.tp2p_option(k)
	defer C.free(unsafe.Pointer(v))
	return C.GoString(v), v != nil
}

// setOption is thing_p2p_set_option, for tests.
func setOption(key, value string) engine.Code {
	k, v := C.CString(key), C.CString(value)
	defer C.free(unsafe.Pointer(k))
	defer C.free(unsafe.Pointer(v))
	return engine.Code(C.tp2p_set_option(k, v))
}
