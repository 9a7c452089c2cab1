package main

import (
	"context"
	"testing"

	"github.com/thingp2p/libthingp2p/engine"
)

// An attempt without an engine panics: its caller is told ErrInternal. This stack is
// expected.
func TestFaultInAnAttempt(t *testing.T) {
	a := &app{attempts: make(map[string]*attempt)}
	at := &attempt{app: a, trace: "1-2"}
	at.context, at.cancel = context.WithCancel(context.Background())
	a.attempts[at.trace] = at
	if handle, code := at.settle(at.run()); code != engine.ErrInternal || handle != 0 {
		t.Errorf("got %d, %d", handle, code)
	}
	if len(a.attempts) > 0 {
		t.Error("the attempt can still be broken")
	}
}
