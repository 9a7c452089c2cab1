package main

// #include "shim.h"
import "C"

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/thingp2p/libthingp2p/engine"
)

// deviceStatus is what thing_p2p_device_status writes, as the header has it.
type deviceStatus struct {
	Listening bool   `json:"listening"`
	Online    bool   `json:"online"`
	Server    string `json:"server"`
	Since     int64  `json:"since"`
	Code      int    `json:"code"`
	Error     string `json:"error"`
	Address   string `json:"address,omitempty"`
	Sessions  int    `json:"sessions"`
}

// maxReason keeps the whole below 2 KB, however many characters have to be escaped.
const maxReason = 500

func giveDeviceStatus(handle C.int, buffer *C.char, size C.int) C.int {
	d, ok := find[*device](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	return giveText(buffer, size, statusText(d.engine.Status()))
}

func statusText(s engine.Status) string {
	c := deviceStatus{
		Listening: s.Listening, Online: s.Online, Server: s.Server, Since: s.Since.Unix(),
		Code: int(engine.CodeOf(s.Err)), Address: s.Address, Sessions: s.Sessions,
	}
	if s.Err != nil {
		c.Error = sentence(s.Err)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // which would make it long, and helps nobody here
	encoder.Encode(c)
	return strings.TrimSuffix(text.String(), "\n")
}

// sentence is an error as one line of bounded length.
func sentence(err error) string {
	text := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, err.Error())
	if len(text) <= maxReason {
		return text
	}
	end := maxReason
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
