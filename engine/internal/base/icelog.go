package base

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/pion/logging"
)

// ICELog sends pion's log to ours, all of it for debugging only. Pion logs ICE
// credentials and packets too, and a log may be sent to somebody. Of a message only
// the format passes, which is pion's source, and those of its arguments that hold no
// text.
type ICELog struct{ Log *slog.Logger }

func (l ICELog) NewLogger(string) logging.LeveledLogger { return iceLogger{l.Log} }

type iceLogger struct{ log *slog.Logger }

func (l iceLogger) Trace(string)              {}
func (l iceLogger) Tracef(string, ...any)     {}
func (l iceLogger) Debug(string)              {} // may be an error's text
func (l iceLogger) Debugf(f string, a ...any) { l.debugf(f, a...) }
func (l iceLogger) Info(string)               {}
func (l iceLogger) Infof(f string, a ...any)  { l.debugf(f, a...) }
func (l iceLogger) Warn(string)               {}
func (l iceLogger) Warnf(f string, a ...any)  { l.debugf(f, a...) }
func (l iceLogger) Error(string)              {}
func (l iceLogger) Errorf(f string, a ...any) { l.debugf(f, a...) }

// debugf formats only if somebody reads it.
func (l iceLogger) debugf(format string, a ...any) {
	if !l.log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	shown := make([]any, len(a))
	for i, v := range a {
		shown[i] = withoutText(v)
	}
	l.log.Debug("ice: " + fmt.Sprintf(format, shown...))
}

// withoutText returns v if it cannot hold a secret.
func withoutText(v any) any {
	switch v.(type) {
	case bool, int, int32, int64, uint16, uint32, uint64, time.Duration, net.Addr:
		return v
	}
	return hidden{}
}

// hidden stands for an argument, whatever the format makes of it.
type hidden struct{}

func (hidden) Format(s fmt.State, _ rune) { fmt.Fprint(s, "…") }
