package rendezvous

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Who asks for relays all the time does not fill the log.
func TestStrangersDoNotFillTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		table := newRelays(TURNConfig{PublicIP: loopback, RelayPorts: DefaultRelayPorts, MaxRelays: 0, Rate: DefaultRelayRate, Log: slog.New(slog.NewTextHandler(&log, nil))})
		const lasts = time.Minute
		for begin := time.Now(); time.Since(begin) < lasts; time.Sleep(time.Millisecond) {
			if _, err := table.allocate(client{}, table.homes[0], 0); err == nil {
				t.Fatal("a relay of none was allocated")
			}
		}
		if n := strings.Count(log.String(), "\n"); n < 5 || n > 5+int(lasts/(10*time.Second)) {
			t.Errorf("%d lines in %v", n, lasts)
		}
		if table.strange.warn("something else"); !strings.Contains(log.String(), "something else") {
			t.Error("another message does not come through")
		}
	})
}
