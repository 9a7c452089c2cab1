package tests

import "testing"

// The library as a guest in a program that knows nothing of Go.

func TestSignalFD(t *testing.T)  { run(t, "signalfd", withServer(t)...) }
func TestHandlers(t *testing.T)  { run(t, "handlers", withServer(t)...) }
func TestHostState(t *testing.T) { run(t, "host_state", withServer(t)...) }
