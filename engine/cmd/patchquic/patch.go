package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// additions are compiled into quic-go's packages.
//
//go:embed added
var additions embed.FS

// places are where the additions go, in the copy.
var places = map[string]string{
	"added/quic.go.txt":       "thingp2p.go",
	"added/repeat.go.txt":     "thingp2p_repeat.go",
	"added/trywrite.go.txt":   "thingp2p_trywrite.go",
	"added/congestion.go.txt": "internal/congestion/thingp2p.go",
}

// change replaces the one place in a file where before stands.
type change struct{ file, before, after string }

var changes = []change{
	// A new connection, and a connection on a new path, get our controller.
	{
		file: "internal/ackhandler/sent_packet_handler.go",
		before: "\tcongestion := congestion.NewCubicSender(\n\t\tcongestion.DefaultClock{},\n\t\trttStats,\n\t\tconnStats,\n" +
			"\t\tinitialMaxDatagramSize,\n\t\ttrue, // use Reno\n\t\tqlogger,\n\t)\n",
		after: "\tcongestion := congestion.NewThingP2PSender(connStats, initialMaxDatagramSize)\n",
	},
	{
		file: "internal/ackhandler/sent_packet_handler.go",
		before: "\th.congestion = congestion.NewCubicSender(\n\t\tcongestion.DefaultClock{},\n\t\th.rttStats,\n\t\th.connStats,\n" +
			"\t\tinitialMaxDatagramSize,\n\t\ttrue, // use Reno\n\t\th.qlogger,\n\t)\n",
		after: "\th.congestion = congestion.NewThingP2PSender(h.connStats, initialMaxDatagramSize)\n",
	},
	// Its estimate of the bandwidth is for the application, too.
	{
		file:   "internal/utils/connstats.go",
		before: "\tCongestionWindow atomic.Uint64\n",
		after:  "\tCongestionWindow atomic.Uint64\n\tBandwidth        atomic.Uint64 // bit/s; 0: not known yet\n",
	},
	// Paths are probed even when the congestion window is full.
	{
		file:   "connection.go",
		before: "func (c *Conn) triggerSending(now monotime.Time) error {\n\tc.pacingDeadline = 0\n",
		after: "func (c *Conn) triggerSending(now monotime.Time) error {\n\tc.pacingDeadline = 0\n\n" +
			"\tif err := c.sendPathProbes(now); err != nil {\n\t\treturn err\n\t}\n",
	},
	// Short urgent frames are sent twice.
	{
		file:   "framer.go",
		before: "\tcontrolFrameMutex          sync.Mutex\n",
		after:  "\trepeats repeatBudget\n\n\tcontrolFrameMutex          sync.Mutex\n",
	},
	{
		file:   "framer.go",
		before: "\tframe, blocked, hasMoreData := str.popStreamFrame(maxLen, v)\n",
		after:  "\tframe, blocked, hasMoreData := str.popStreamFrame(maxLen, v)\n\tf.repeat(id, str.streamFrameGetter, frame.Frame, hasMoreData)\n",
	},
	// That queue mostly holds one frame, and keeps the room for it.
	{
		file:   "send_stream.go",
		before: "\t\ts.retransmissionQueue = s.retransmissionQueue[1:]\n",
		after:  "\t\ts.retransmissionQueue = withoutFirst(s.retransmissionQueue)\n",
	},
}

// patch changes the copy of quic-go in folder.
func patch(folder string) error {
	for _, c := range changes {
		path := filepath.Join(folder, c.file)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if n := bytes.Count(text, []byte(c.before)); n != 1 {
			return fmt.Errorf("%s of %s %s has %d places like\n\n%s\nand not one: quic-go has changed, check the changes against it",
				c.file, module, version, n, c.before)
		}
		text = bytes.Replace(text, []byte(c.before), []byte(c.after), 1)
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	for name, place := range places {
		text, err := additions.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, place), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// fingerprint tells whether a copy was made with these changes.
func fingerprint() string {
	h := sha256.New()
	fmt.Fprintln(h, version, changes, notNeeded)
	for _, name := range slices.Sorted(maps.Keys(places)) {
		text, _ := additions.ReadFile(name) // it is embedded
		h.Write(text)
	}
	return fmt.Sprintf("%x\n", h.Sum(nil))
}
