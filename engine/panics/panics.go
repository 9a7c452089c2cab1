// Package panics keeps a panic in the library from ending the host's process.
//
// Go ends a process when a goroutine panics and nobody in that goroutine
// recovers. Whoever links the library has not asked for that, so every place
// where code of ours starts to run has a [Guard]:
//
//	goroutine    Guard.Go, Group.Go     nobody waits, or the Group does
//	timer        Guard.After
//	context      Guard.WhenDone
//	callback     defer Guard.Recover()  on a goroutine of a library that we use
//	  with error defer Guard.RecoverTo(&err)
//
// There is no other way to start one: a test over the sources says so.
//
// What recover cannot catch ends the process all the same: data races that the
// runtime finds in maps, unlocking what is not locked, no memory, no stack, and a
// panic in a goroutine that another library has started and where it runs its own
// code.
package panics

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// Guard says what happens when the code that it watches panics: the panic and
// its stack are logged, then Failed is called. The zero value logs to standard
// error.
type Guard struct {
	Log    *slog.Logger
	Failed func() // ends the owner; nil: nobody has to know
}

// Recover, deferred, ends a panic.
func (g Guard) Recover() {
	if v := recover(); v != nil {
		g.caught(v)
	}
}

// RecoverTo, deferred, ends a panic and makes it the error that the function
// returns. What decides about a peer must not say yes because it panicked.
func (g Guard) RecoverTo(err *error) {
	if v := recover(); v != nil {
		*err = g.caught(v)
	}
}

// Run runs f here.
func (g Guard) Run(f func()) {
	defer g.Recover()
	f()
}

// Go runs f in a goroutine that nobody waits for.
func (g Guard) Go(f func()) { go g.Run(f) }

// After is time.AfterFunc.
func (g Guard) After(d time.Duration, f func()) *time.Timer {
	return time.AfterFunc(d, func() { g.Run(f) })
}

// WhenDone is context.AfterFunc.
func (g Guard) WhenDone(ctx context.Context, f func()) (stop func() bool) {
	return context.AfterFunc(ctx, func() { g.Run(f) })
}

func (g Guard) caught(v any) error {
	e := New(v)
	e.Report(g.Log)
	if g.Failed != nil {
		Guard{Log: g.Log}.Run(g.Failed)
	}
	return e
}

// Error is a panic, on its way to who ends the owner of what panicked.
type Error struct {
	text, stack string
	once        sync.Once
}

// New makes an error of a panic; it must be called by who has just recovered it.
func New(v any) *Error {
	if e, ok := v.(*Error); ok {
		return e
	}
	return &Error{text: fmt.Sprint(v), stack: string(debug.Stack())}
}

func (e *Error) Error() string { return "a fault in the library: " + e.text }

// Catch, deferred, ends a panic where there is no log: whoever gets the error
// reports it.
func Catch(err *error) {
	if v := recover(); v != nil {
		*err = New(v)
	}
}

// Report logs the panic, once. It writes to standard error if log is nil or
// takes no errors, or panics itself: a panic must not get lost.
func (e *Error) Report(log *slog.Logger) {
	e.once.Do(func() {
		defer func() {
			if v := recover(); v != nil {
				e.print()
			}
		}()
		if log == nil || !log.Enabled(context.Background(), slog.LevelError) {
			e.print()
			return
		}
		log.Error("a fault in the library", "panic", e.text, "stack", e.stack)
	})
}

func (e *Error) print() {
	// Not by os.Stderr, which ends the process when nobody reads it.
	print("libthingp2p: ", e.Error(), "\n", e.stack)
}

// Report logs a panic that its caller has just recovered.
func Report(log *slog.Logger, v any) { New(v).Report(log) }
