//go:build linux

package bench

import "time"

// Size says how much is measured.
type Size struct {
	quick    bool
	runs     int // of each trial
	Parallel int // trials of slow links at a time
}

// Full takes up to 20 minutes, Quick two.
var (
	Full  = Size{runs: 3, Parallel: 5}
	Quick = Size{runs: 1, Parallel: 6, quick: true}
)

// pick is a length, or number, for the full or the quick bench.
func pick[T any](s Size, full, quick T) T {
	if s.quick {
		return quick
	}
	return full
}

// group is a part of the bench.
type group struct {
	name   string // also that of its rows
	letter string // by which it can be chosen
	about  string // what was measured, in a sentence or two
	serial bool   // the processor limits it: one trial at a time
	trials []trial
	rows   func(*results) []Row
	plots  func(*results) []plot
}

// groups are in the order in which they are printed.
func groups(s Size) []group {
	all := []group{lossy(s), command(s), cameraFrames(s), throughput(s, veth)}
	if !s.quick {
		all = append(all, throughput(s, loopback))
	}
	return append(all, shares(s), connectTime(s), steps(s), memory(s), waiting(s))
}

// each makes trials of one condition, for contenders and runs.
func (g *group) each(condition string, contenders []contender, runs int, length time.Duration, do func(*job, contender)) {
	for run := range runs {
		for _, c := range contenders {
			g.trials = append(g.trials, trial{
				group: g.name, condition: condition, contender: c.name, run: run, length: length,
				do: func(j *job) { do(j, c) },
			})
		}
	}
}
