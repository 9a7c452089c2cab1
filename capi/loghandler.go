package main

import (
	"context"
	"log/slog"
	"strconv"
	"strings"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// logger is what the engine and the border write to.
var logger = panics.Logger(slog.New(logHandler{}))

// logHandler makes lines of the form: message key=value key="two words".
type logHandler struct {
	attrs string // formatted, each with a space before it
	group string // "a.b."
}

func (logHandler) Enabled(_ context.Context, level slog.Level) bool { return logging(level) }

func (h logHandler) Handle(_ context.Context, r slog.Record) error {
	attrs := make([]slog.Attr, 0, r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, a)
		return true
	})
	writeLog(r.Level, h.format(r.Message, attrs...))
	return nil
}

func (h logHandler) format(message string, attrs ...slog.Attr) string {
	var line strings.Builder
	line.WriteString(oneLine.Replace(message))
	line.WriteString(h.attrs)
	for _, a := range attrs {
		appendAttr(&line, h.group, a)
	}
	return line.String()
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	b.WriteString(h.attrs)
	for _, a := range attrs {
		appendAttr(&b, h.group, a)
	}
	h.attrs = b.String()
	return h
}

func (h logHandler) WithGroup(name string) slog.Handler {
	if name != "" {
		h.group += name + "."
	}
	return h
}

func appendAttr(b *strings.Builder, group string, a slog.Attr) {
	value := a.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		if a.Key != "" {
			group += a.Key + "."
		}
		for _, member := range value.Group() {
			appendAttr(b, group, member)
		}
		return
	}
	if a.Key == "" {
		return
	}
	text := value.String()
	if text == "" || strings.ContainsFunc(text, needsQuotes) {
		text = strconv.Quote(text)
	}
	b.WriteString(" " + group + a.Key + "=" + text)
}

func needsQuotes(r rune) bool { return r <= ' ' || r == '"' || r == '=' || r == 0x7f }

// oneLine keeps a message on its line, and whole as a C string.
var oneLine = strings.NewReplacer("\n", " ", "\r", " ", "\x00", " ")
