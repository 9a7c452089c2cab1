package engine

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The time is multiplied and divided later; a sum that wraps around would end
// every session at once.
func TestSilenceHasBounds(t *testing.T) {
	for after, good := range map[time.Duration]bool{
		0: true, time.Millisecond: true, time.Hour: true, // 0: the default
		-1: false, time.Hour + 1: false, math.MinInt64: false, math.MaxInt64: false,
	} {
		config := Config{UID: "user", DisableLAN: true, OfflineAfter: after}
		if a, err := NewApp(config); good != (err == nil) || !good && CodeOf(err) != ErrInvalidParameter {
			t.Errorf("an app with %v: %v", after, err)
		} else if good {
			a.Close()
		}
		if d, err := NewDevice(config); good != (err == nil) || !good && CodeOf(err) != ErrInvalidParameter {
			t.Errorf("a device with %v: %v", after, err)
		} else if good {
			d.Close()
		}
	}
}

func TestSessionsPerAppHaveBounds(t *testing.T) {
	for most, good := range map[int]bool{0: true, 1: true, maxSessionsPerApp: true, -1: false, maxSessionsPerApp + 1: false} {
		d, err := NewDevice(Config{DisableLAN: true, MaxSessionsPerApp: most})
		if good != (err == nil) || !good && CodeOf(err) != ErrInvalidParameter {
			t.Errorf("%d: %v", most, err)
		}
		if err == nil {
			d.Close()
		}
	}
}

func TestDeviceNeedsItsStateDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewDevice(Config{StateDir: file}); CodeOf(err) != ErrInvalidParameter {
		t.Errorf("a device without its state: %v", err)
	}
}
