package abi

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

const (
	root = "../../.." // of the project

	symbolsFile   = root + "/capi/debian/libthingp2p1.symbols"
	constantsFile = "constants.txt"
	layoutFile    = "thingp2p.abi"
)

// recording tells whether to record what there is, instead of comparing with it.
var recording = os.Getenv("THINGP2P_ABI_RECORD") == "1"

// compare compares what is recorded, by name, with what there is.
func compare(t *testing.T, what string, recorded, current map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(recorded)) {
		is, there := current[name]
		if !there {
			t.Errorf("the %s %s is gone: programs that use it break; bring it back", what, name)
		} else if is != recorded[name] {
			t.Errorf("the %s %s was %s and is %s: programs that use it break; change it back", what, name, recorded[name], is)
		}
	}
	var added []string
	for _, name := range slices.Sorted(maps.Keys(current)) {
		if _, there := recorded[name]; !there {
			added = append(added, name)
		}
	}
	if len(added) > 0 {
		askToRecord(t, added...)
	}
}

func askToRecord(t *testing.T, added ...string) {
	t.Helper()
	t.Run("new", func(t *testing.T) {
		t.Skipf("new in the ABI, to be recorded by ./build.sh abi-record: %s", strings.Join(added, ", "))
	})
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
