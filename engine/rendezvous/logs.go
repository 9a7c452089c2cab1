package rendezvous

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pion/logging"
)

// What strangers do must not fill the log, and mochi and pion report each
// malformed packet as a warning or an error. Both therefore log at debug level.

// warnings are what strangers cause, as far as somebody can read it: of each message five at
// once and one each ten seconds after. What comes more often is for -v.
type warnings struct {
	log *slog.Logger

	mu   sync.Mutex
	told map[string]*bucket // by message, of which there are a few
}

func (w *warnings) warn(message string, args ...any) {
	w.mu.Lock()
	told := w.told[message]
	if told == nil {
		told = new(bucket)
		if w.told == nil {
			w.told = map[string]*bucket{}
		}
		w.told[message] = told
	}
	loud := told.take(1, 0.1, 5, time.Now())
	w.mu.Unlock()
	level := slog.LevelDebug
	if loud {
		level = slog.LevelWarn
	}
	w.log.Log(context.Background(), level, message, args...)
}

// quiet is a handler that lowers every record to debug level and leaves out
// packets, since they hold passwords.
type quiet struct{ slog.Handler }

func quietLogger(log *slog.Logger, part string) *slog.Logger {
	return slog.New(quiet{log.With("part", part).Handler()})
}

func (q quiet) Enabled(ctx context.Context, _ slog.Level) bool {
	return q.Handler.Enabled(ctx, slog.LevelDebug)
}

func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	lowered := slog.NewRecord(r.Time, slog.LevelDebug, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != "pk" && a.Key != "packet" && a.Key != "will" {
			lowered.AddAttrs(a)
		}
		return true
	})
	return q.Handler.Handle(ctx, lowered)
}

func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }
func (q quiet) WithGroup(name string) slog.Handler       { return quiet{q.Handler.WithGroup(name)} }

// pionLogs makes pion's loggers. Its debug and trace levels report each packet
// and are dropped.
type pionLogs struct{ log *slog.Logger }

func (p pionLogs) NewLogger(scope string) logging.LeveledLogger {
	return pionLog{p.log.With("part", scope)}
}

type pionLog struct{ log *slog.Logger }

func (l pionLog) Trace(string)          {}
func (l pionLog) Tracef(string, ...any) {}
func (l pionLog) Debug(string)          {}
func (l pionLog) Debugf(string, ...any) {}
func (l pionLog) Info(msg string)       { l.log.Debug(msg) }
func (l pionLog) Warn(msg string)       { l.log.Debug(msg) }
func (l pionLog) Error(msg string)      { l.log.Debug(msg) }

func (l pionLog) Infof(format string, args ...any)  { l.printf(format, args) }
func (l pionLog) Warnf(format string, args ...any)  { l.printf(format, args) }
func (l pionLog) Errorf(format string, args ...any) { l.printf(format, args) }

func (l pionLog) printf(format string, args []any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug(fmt.Sprintf(format, args...))
	}
}
