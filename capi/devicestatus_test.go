package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/engine"
)

// TestStatusIsShort: whatever the error says, a buffer of 2 KB holds it, and it is JSON.
func TestStatusIsShort(t *testing.T) {
	for _, part := range []string{"x", "\"", "\\", "\x00", "\n", "\xff", "<", "ü", "𝄞", "\u2028"} {
		s := engine.Status{Server: strings.Repeat("\"", 200), Address: strings.Repeat("\"", 64), Sessions: 65536, Err: errors.New(strings.Repeat(part, 5000))}
		text := statusText(s)
		var back map[string]any
		if err := json.Unmarshal([]byte(text), &back); err != nil || len(text) >= 2048 || strings.ContainsAny(text, "\n\x00") {
			t.Errorf("%q: %d bytes, %v", part, len(text), err)
		}
		for _, member := range []string{"listening", "online", "server", "since", "code", "error", "sessions"} {
			if _, there := back[member]; !there {
				t.Errorf("no member %q in %s", member, text)
			}
		}
	}
}
