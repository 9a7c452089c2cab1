package main

import (
	"bytes"
	"embed"
	"fmt"
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
	"added/quic.go.txt":           "thingp2p.go",
	"added/repeat.go.txt":         "thingp2p_repeat.go",
	"added/tryread.go.txt":        "thingp2p_tryread.go",
	"added/trywrite.go.txt":       "thingp2p_trywrite.go",
	"added/retransmission.go.txt": "thingp2p_retransmission.go",
	"added/wirereuse.go.txt":      "internal/wire/thingp2p.go",
	"added/history.go.txt":        "internal/ackhandler/thingp2p.go",
	"added/congestion.go.txt":     "internal/congestion/thingp2p.go",
	"added/sorter.go.txt":         "thingp2p_sorter.go",
	"added/sorter_test.go.txt":    "thingp2p_sorter_test.go",
	"added/lean.go.txt":           "thingp2p_lean.go",
	"added/sendqueue.go.txt":      "thingp2p_send_queue.go",
	"added/handshake.go.txt":      "internal/handshake/thingp2p.go",
	"added/mocks.go.txt":          "internal/mocks/thingp2p.go",
	"added/ackmocks.go.txt":       "internal/mocks/ackhandler/thingp2p.go",
	"added/pmtu.go.txt":           "thingp2p_pmtu.go",
	"added/padding.go.txt":        "thingp2p_padding.go",
	"added/frames.go.txt":         "thingp2p_frames.go",
	"added/samepath.go.txt":       "thingp2p_samepath.go",
	"added/givenup.go.txt":        "internal/ackhandler/thingp2p_givenup.go",
	"added/blackhole.go.txt":      "internal/ackhandler/thingp2p_blackhole.go",
	"added/proof.go.txt":          "internal/ackhandler/thingp2p_proof.go",
	"added/rtt.go.txt":            "internal/ackhandler/thingp2p_rtt.go",

	"added/repeat_test.go.txt":         "thingp2p_repeat_test.go",
	"added/retransmission_test.go.txt": "thingp2p_retransmission_test.go",
	"added/lean_test.go.txt":           "thingp2p_lean_test.go",
	"added/sendqueue_test.go.txt":      "thingp2p_send_queue_test.go",
	"added/congestion_test.go.txt":     "internal/congestion/thingp2p_test.go",
	"added/padding_test.go.txt":        "thingp2p_padding_test.go",
	"added/pmtu_test.go.txt":           "thingp2p_pmtu_test.go",
	"added/samepath_test.go.txt":       "thingp2p_samepath_test.go",
	"added/givenup_test.go.txt":        "internal/ackhandler/thingp2p_givenup_test.go",
	"added/blackhole_test.go.txt":      "internal/ackhandler/thingp2p_blackhole_test.go",
	"added/proof_test.go.txt":          "internal/ackhandler/thingp2p_proof_test.go",
	"added/rtt_test.go.txt":            "internal/ackhandler/thingp2p_rtt_test.go",
	"added/alarm_test.go.txt":          "internal/ackhandler/thingp2p_alarm_test.go",
	"added/panics.go.txt":              "thingp2p_panics.go",
}

// patch changes the copy of quic-go in folder.
func patch(folder string) error {
	for _, c := range slices.Concat(changes, pathChanges, leanChanges, panicChanges, testChanges) {
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
