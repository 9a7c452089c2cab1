package frames

import (
	"math/rand/v2"
	"testing"
	"time"
)

// world is a path and a camera that follows a Rate, asked at each frame.
type world struct {
	rate      Rate
	now       time.Time
	bandwidth float64 // bit/s, as it is thought to be
	takes     float64 // bit/s, as it is
	queued    float64 // bytes
	load      Load
	bps       uint64
}

const interval = time.Second / 30

func (w *world) run(length time.Duration) {
	if w.now.IsZero() {
		w.now = time.Unix(0, 0)
	}
	for end := w.now.Add(length); w.now.Before(end); w.now = w.now.Add(interval) {
		w.queued += float64(w.bps) / 8 * interval.Seconds()
		sent := min(w.queued, w.takes/8*interval.Seconds())
		w.queued -= sent
		w.load.Sent += uint64(sent)
		w.load.Bandwidth, w.load.Queued = uint64(w.bandwidth), int(w.queued)
		w.bps = w.rate.Update(w.now, w.load)
	}
}

func (w *world) want(t *testing.T, what string, least, most float64) {
	t.Helper()
	if got := float64(w.bps); got < least || got > most {
		t.Errorf("%s: %.0f bit/s, want %.0f to %.0f", what, got, least, most)
	}
}

func TestRateFollowsThePath(t *testing.T) {
	var w world
	w.run(time.Second)
	w.want(t, "as long as nothing is known", 0, 0)
	w.bandwidth, w.takes = 4e6, 4e6
	w.run(5 * time.Second)
	w.want(t, "on a path that is steady", 3.5e6, 3.6e6)
	w.bandwidth, w.takes = 1e6, 1e6
	w.run(2 * interval)
	w.want(t, "right after it has become slower", 0.1e6, 0.9e6)
	w.run(10 * time.Second)
	w.want(t, "later", 0.7e6, 0.9e6)
	w.bandwidth, w.takes = 4e6, 4e6
	w.run(2 * interval)
	w.want(t, "right after it has become faster", 0.8e6, 1.2e6)
	w.run(1500 * time.Millisecond)
	w.want(t, "soon after", 3.2e6, 3.6e6)
}

// TestRateBelievesWhatThePathTakes: congestion control may say more.
func TestRateBelievesWhatThePathTakes(t *testing.T) {
	w := world{bandwidth: 4e6, takes: 2e6}
	w.run(5 * time.Second)
	sent := w.load.Sent
	w.run(10 * time.Second)
	if used := float64(w.load.Sent-sent) * 8 / 10 / 2e6; used < 0.75 {
		t.Errorf("%.2f of it is used", used)
	}
	if late := w.queued * 8 / 2e6; late > 0.3 {
		t.Errorf("the queue is %.2f s", late)
	}
}

func TestRateAfterAnOutage(t *testing.T) {
	w := world{bandwidth: 4e6, takes: 4e6}
	w.run(5 * time.Second)
	w.takes = 0
	w.run(5 * time.Second)
	w.want(t, "in an outage", 0, 0.3e6)
	w.takes, w.queued = 4e6, 0 // late frames were dropped
	w.run(3 * time.Second)
	w.want(t, "after it", 2.4e6, 3.6e6)
}

// TestRateLeavesRoom: for what is more urgent, and on a path that swings.
func TestRateLeavesRoom(t *testing.T) {
	w := world{bandwidth: 4e6, takes: 4e6}
	for range 10 * 30 {
		w.load.Urgent += 1_000_000 / 8 / 30
		w.run(interval)
	}
	w.want(t, "beside 1 Mbit/s of commands and sound", 2.6e6, 2.8e6)

	w = world{}
	random := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		w.bandwidth = 2e6 + 2e6*random.Float64()
		w.takes = w.bandwidth
		w.run(300 * time.Millisecond)
	}
	w.want(t, "on a path that swings", 0.5*w.bandwidth, 0.88*w.bandwidth)
}
