package engine

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// iceLog sends pion's log to ours, all of it for debugging only.
type iceLog struct{ log *slog.Logger }

func (l iceLog) NewLogger(string) logging.LeveledLogger { return iceLogger(l) }

type iceLogger struct{ log *slog.Logger }

func (l iceLogger) Trace(string)                  {}
func (l iceLogger) Tracef(string, ...interface{}) {}
func (l iceLogger) Debug(m string)                { l.log.Debug("ice: " + m) }
func (l iceLogger) Debugf(f string, a ...any)     { l.debugf(f, a...) }
func (l iceLogger) Info(m string)                 { l.log.Debug("ice: " + m) }
func (l iceLogger) Infof(f string, a ...any)      { l.debugf(f, a...) }
func (l iceLogger) Warn(string)                   {} // "Failed to ping without candidate pairs", at each check
func (l iceLogger) Warnf(f string, a ...any)      { l.debugf(f, a...) }
func (l iceLogger) Error(m string)                { l.log.Debug("ice: " + m) }
func (l iceLogger) Errorf(f string, a ...any)     { l.debugf(f, a...) }

// debugf formats only if somebody reads it.
func (l iceLogger) debugf(format string, a ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug("ice: " + fmt.Sprintf(format, a...))
	}
}
