package main

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"fmt"
	standard "log"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
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

// sink is the program's callback; nil: none. Beside it there is the file that
// the option log names, see logfile.c.
var sink atomic.Pointer[logSink]

// Lines of all callbacks are delivered by one queue, so that they stay in order,
// and no two run at once. posting keeps a line from being queued for a callback
// that has been replaced.
var (
	lines   = newQueue()
	posting sync.Mutex
)

// logSink is one registration of thing_p2p_set_log.
type logSink struct {
	level          int // THING_P2P_LOG_…
	callback, user C.uintptr_t
	ended          atomic.Bool
	waiting        atomic.Int32
	dropped        atomic.Int32
}

// setLog returns when the callback before has had its lines, and when no callback
// runs of those before, also if somebody else has ended it. When a log callback makes
// the call the rest is lost: it would be called inside of that call.
func setLog(level C.int, callback, user, caller C.uintptr_t) C.int {
	previous := setSink(level, callback, user)
	lines.flush(uintptr(caller))
	if previous != nil {
		previous.ended.Store(true)
	}
	return toC(engine.OK)
}

// setSink returns what was there before.
func setSink(level C.int, callback, user C.uintptr_t) (previous *logSink) {
	var next *logSink
	if level != C.THING_P2P_LOG_OFF && callback != 0 {
		next = &logSink{level: int(level), callback: callback, user: user}
	}
	posting.Lock()
	defer posting.Unlock()
	return sink.Swap(next)
}

// logTime is how long a call that fails waits for the log's callback, which may itself wait for what the caller holds.
const logTime = 5 * time.Second

// deliverLog returns when the callback, if there is one, has had the lines that were
// written before. caller is as in queue.drain; a log callback itself does not wait.
func deliverLog(caller uintptr) {
	if sink.Load() != nil {
		timer := time.NewTimer(logTime)
		defer timer.Stop()
		lines.flushUntil(caller, timer.C)
	}
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
	return s != nil && levelToC(level) <= s.level || inFile(level)
}

// inFile reports whether the option log wants lines of this level.
func inFile(level slog.Level) bool {
	wanted := (*int32)(unsafe.Pointer(&C.tp2p_file_level))
	return levelToC(level) <= int(atomic.LoadInt32(wanted))
}

// writeLog writes a line to the file, and queues it for the callback, for which
// it never waits: what is too much is dropped.
func writeLog(level slog.Level, line string) {
	if inFile(level) {
		text := C.CString(line)
		C.tp2p_log_write(C.int(levelToC(level)), text)
		C.free(unsafe.Pointer(text))
	}
	if s := sink.Load(); s == nil || levelToC(level) > s.level {
		return
	}
	posting.Lock()
	defer posting.Unlock()
	s := sink.Load()
	if s == nil || levelToC(level) > s.level {
		return
	}
	if s.waiting.Add(1) > maxLines {
		s.waiting.Add(-1)
		s.dropped.Add(1)
		return
	}
	lines.post(func() {
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
	C.tp2p_call_log(C.uintptr_t(lines.id), s.callback, C.int(level), text, s.user)
}
