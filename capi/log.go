package main

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"fmt"
	standard "log"
	"log/slog"
	"sync/atomic"
	"unsafe"

	"github.com/thingp2p/libthingp2p/engine"
)

// What dependencies write to Go's standard log goes the same way, instead of to
// the host program's stderr.
func init() {
	standard.SetFlags(0)
	standard.SetOutput(slog.NewLogLogger(logger.Handler(), slog.LevelWarn).Writer())
}

// maxLines is how many lines may wait for a slow callback.
const maxLines = 1024

// sink is where the log goes now; nil: nowhere.
var sink atomic.Pointer[logSink]

// logSink is one registration of thing_p2p_set_log.
type logSink struct {
	level          int // THING_P2P_LOG_…
	callback, user C.uintptr_t
	queue          *queue
	ended          atomic.Bool
	waiting        atomic.Int32
	dropped        atomic.Int32
}

//export tp2pGoSetLog
func tp2pGoSetLog(level C.int, callback, user, caller C.uintptr_t) (result C.int) {
	defer guard(&result)
	var next *logSink
	if level != C.THING_P2P_LOG_OFF && callback != 0 {
		next = &logSink{level: int(level), callback: callback, user: user, queue: newQueue()}
	}
	if previous := sink.Swap(next); previous != nil {
		previous.ended.Store(true)
		previous.queue.drain(uintptr(caller))
	}
	return toC(engine.OK)
}

func levelToC(level slog.Level) int {
	switch {
	case level >= slog.LevelError:
		return C.THING_P2P_LOG_ERROR
	case level >= slog.LevelWarn:
		return C.THING_P2P_LOG_WARN
	case level >= slog.LevelInfo:
		return C.THING_P2P_LOG_INFO
	}
	return C.THING_P2P_LOG_DEBUG
}

func logging(level slog.Level) bool {
	s := sink.Load()
	return s != nil && levelToC(level) <= s.level
}

// writeLog queues a line. It never blocks and drops what is too much.
func writeLog(level slog.Level, line string) {
	s := sink.Load()
	if s == nil || levelToC(level) > s.level {
		return
	}
	if s.waiting.Add(1) > maxLines {
		s.waiting.Add(-1)
		s.dropped.Add(1)
		return
	}
	s.queue.post(func() {
		s.waiting.Add(-1)
		if n := s.dropped.Swap(0); n > 0 {
			s.call(C.THING_P2P_LOG_WARN, fmt.Sprintf("dropped log lines, the log callback is too slow: count=%d", n))
		}
		s.call(levelToC(level), line)
	})
}

func (s *logSink) call(level int, line string) {
	if s.ended.Load() || level > s.level {
		return
	}
	text := C.CString(line)
	defer C.free(unsafe.Pointer(text))
	C.tp2p_call_log(C.uintptr_t(s.queue.id), s.callback, C.int(level), text, s.user)
}
