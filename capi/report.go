package main

// #include "shim.h"
import "C"

import (
	"github.com/thingp2p/libthingp2p/engine"
)

func giveReport(traceID, buffer *C.char, size C.int) C.int {
	text, err := reportOn(C.GoString(traceID))
	if err != nil {
		return failed(err)
	}
	return giveText(buffer, size, string(text))
}

// reportOn asks whoever in this process may know of an attempt.
func reportOn(trace string) ([]byte, error) {
	err := error(engine.ErrNotInitialized)
	if a, code := currentApp(); code == engine.OK {
		var text []byte
		if text, err = a.engine.Report(trace); err == nil {
			return text, nil
		}
	}
	for _, d := range all[*device](&handles) {
		var text []byte
		if text, err = d.engine.Report(trace); err == nil {
			return text, nil
		}
	}
	for _, s := range all[*engine.Session](&handles) { // also those that the other side has closed
		if s.Info().TraceID == trace {
			return s.Report(), nil
		}
	}
	return nil, err
}
