package bindings

import (
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// examples_c/poller.c with three apps: one whose bytes it cannot get rid of holds up no other, and one that leaves is noticed
// while the standard input is watched.
func echoOfPoller(t *testing.T, prefix, server string) {
	device := startC(t, prefix, server, root+"/examples_c/poller.c")
	app, err := engine.NewApp(engine.Config{UID: "poller", Server: server})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	target, err := app.Resolve(device.line())
	if err != nil {
		t.Fatal(err)
	}
	var sessions []*engine.Session
	for range 3 {
		session, err := app.Connect(await.Context(t, nil), target, engine.ConnectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for c := range engine.Channels {
			session.Channel(c).SetDeadline(await.Deadline())
		}
		sessions = append(sessions, session)
	}
	lazy, busy, leaving := sessions[0], sessions[1], sessions[2]

	film := make([]byte, 8<<20) // more than the buffers hold
	rand.Read(film)
	sent := make(chan error, 1)
	go func() {
		_, err := lazy.Channel(video).Write(film)
		sent <- err
	}()
	echo(t, busy, "busy")
	echo(t, leaving, "leaving")
	select {
	case <-sent:
		t.Fatal("the buffers hold all of the film: it proves nothing")
	default:
	}
	leaving.Close()
	for left := ""; left != "apps: 2"; left = device.line() {
		fmt.Fprintln(device.stdin)
	}
	echo(t, busy, "still busy")

	got := make([]byte, len(film))
	if _, err := io.ReadFull(lazy.Channel(video), got); err != nil || !slices.Equal(got, film) {
		t.Errorf("the film came back changed: %v", err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	echo(t, lazy, "awake")
}

// echo sends a text on each channel, and wants it back.
func echo(t *testing.T, session *engine.Session, text string) {
	t.Helper()
	for c := range engine.Channels {
		if _, err := fmt.Fprintf(session.Channel(c), "%s %d", text, c); err != nil {
			t.Fatal(err)
		}
	}
	for c := range engine.Channels {
		want := fmt.Sprintf("%s %d", text, c)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(session.Channel(c), got); err != nil || string(got) != want {
			t.Fatalf("%q on channel %d: %v", got, c, err)
		}
	}
}
