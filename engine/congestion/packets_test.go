package congestion

import (
	"testing"
	"time"
)

// A session that was busy must not hold for ever what it needed then.
func TestRecordsOfABurstAreGivenBack(t *testing.T) {
	const packets, bytes = 1000, 1200
	c := New(1, bytes)
	now := Time(time.Second)
	for burst := range 3 {
		first := int64(burst) * packets
		for n := range packets {
			c.OnSent(now, first+int64(n), bytes, (n+1)*bytes, true)
		}
		if len(c.records.ring) < packets {
			t.Fatalf("%d records for %d packets", len(c.records.ring), packets)
		}
		now += Time(2 * keptFor)
		for n := range packets {
			c.OnAcked(now, first+int64(n), bytes, (packets-n)*bytes)
		}
		if len(c.records.ring) != fewestRecords {
			t.Errorf("burst %d: %d records are left", burst, len(c.records.ring))
		}
	}
}
