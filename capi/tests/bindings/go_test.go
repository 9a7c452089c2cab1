package bindings

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

const (
	commands, video = 0, 1
	streamBytes     = 64 << 20
	blockBytes      = 256 << 10
)

// The scenario in Go, by package engine.
func scenarioInGo(t *testing.T, server, ticket string) {
	app, err := engine.NewApp(engine.Config{UID: "go", Server: server})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	if _, err := app.Resolve("nobody"); !errors.Is(err, engine.ErrInvalidID) {
		t.Errorf("bad id: %v", err)
	}
	target, err := app.Resolve(ticket)
	if err != nil {
		t.Fatal(err)
	}
	session, err := app.Connect(await.Context(t, nil), target, engine.ConnectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	commands, video := session.Channel(commands), session.Channel(video)
	commands.SetDeadline(await.Deadline())
	video.SetDeadline(await.Deadline())
	lines := bufio.NewReader(commands)
	ask := func(format string, args ...any) {
		t.Helper()
		if _, err := fmt.Fprintf(commands, format+"\n", args...); err != nil {
			t.Fatal(err)
		}
	}
	answer := func() string {
		t.Helper()
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(line)
	}

	if ask("echo hello"); answer() != "hello" {
		t.Error("wrong echo")
	}
	commands.SetReadDeadline(time.Now())
	if _, err := commands.Read(make([]byte, 1)); !errors.Is(err, engine.ErrTimeout) {
		t.Errorf("read of nothing: %v", err)
	}
	commands.SetReadDeadline(await.Deadline())

	want, pattern := crc32.NewIEEE(), patternBytes()
	for done := 0; done < streamBytes; done += blockBytes {
		want.Write(pattern[done%251:][:blockBytes])
	}
	ask("stream %d", streamBytes)
	got := crc32.NewIEEE()
	if _, err := io.CopyN(got, video, streamBytes); err != nil {
		t.Fatal(err)
	}
	if got.Sum32() != want.Sum32() {
		t.Error("the stream changed on its way here")
	}
	ask("sink %d", streamBytes)
	for done := 0; done < streamBytes; done += blockBytes {
		if _, err := video.Write(pattern[done%251:][:blockBytes]); err != nil {
			t.Fatal(err)
		}
	}
	if answer() != fmt.Sprint(want.Sum32()) {
		t.Error("the stream changed on its way to the device")
	}

	ask("bye")
	if _, err := lines.ReadByte(); err != io.EOF {
		t.Errorf("read at the end: %v", err)
	}
	if err := session.Check(); !errors.Is(err, engine.ErrClosedRemote) {
		t.Errorf("check at the end: %v", err)
	}
	session.Close()
}

func patternBytes() []byte {
	pattern := make([]byte, blockBytes+251)
	for i := range pattern {
		pattern[i] = byte(i % 251)
	}
	return pattern
}
