package panics

import (
	"context"
	"log/slog"
)

// Logger returns a logger that survives what a host's handler does: libraries
// that we use write to it from goroutines of their own.
func Logger(log *slog.Logger) *slog.Logger {
	if _, guarded := log.Handler().(handler); guarded {
		return log
	}
	return slog.New(handler{log.Handler()})
}

type handler struct{ slog.Handler }

func (h handler) Enabled(ctx context.Context, level slog.Level) (enabled bool) {
	defer Guard{}.Recover()
	return h.Handler.Enabled(ctx, level)
}

func (h handler) Handle(ctx context.Context, r slog.Record) (err error) {
	defer Guard{}.RecoverTo(&err)
	return h.Handler.Handle(ctx, r)
}

func (h handler) WithAttrs(attrs []slog.Attr) (with slog.Handler) {
	with = h
	defer Guard{}.Recover()
	return handler{h.Handler.WithAttrs(attrs)}
}

func (h handler) WithGroup(name string) (with slog.Handler) {
	with = h
	defer Guard{}.Recover()
	return handler{h.Handler.WithGroup(name)}
}
