//go:build linux

package bench

import "math"

// Row is one line of the results: a figure of ours beside that of others, each
// the median of its runs.
type Row struct {
	Group     string  `json:"group"`
	Name      string  `json:"name"`
	Unit      string  `json:"unit"`
	Better    Better  `json:"better,omitempty"`
	Ratio     float64 `json:"ratio,omitempty"` // ours to the best baseline, above 1 if ours is better; 0: none
	Ours      Value   `json:"ours"`
	Baselines []Value `json:"baselines,omitempty"`
	Note      string  `json:"note,omitempty"`
}

// Better says in which direction a figure is better.
type Better string

const (
	More Better = "more"
	Less Better = "less"
)

// Value is one contender's figure.
type Value struct {
	Name   string    `json:"name"`
	Value  float64   `json:"value"`
	Ratio  float64   `json:"ratio,omitempty"` // of ours to this one, above 1 if ours is better
	Runs   []float64 `json:"runs,omitempty"`
	Detail string    `json:"detail,omitempty"`
	Error  string    `json:"error,omitempty"` // instead of a value
}

// ok reports whether there is a figure.
func (v Value) ok() bool { return v.Error == "" && len(v.Runs) > 0 }

// compare fills the ratios in.
func (r *Row) compare() {
	r.Ratio = 0
	for i := range r.Baselines {
		base := &r.Baselines[i]
		base.Ratio = ratio(r.Ours, *base, r.Better)
		if base.Ratio > 0 && (r.Ratio == 0 || base.Ratio < r.Ratio) {
			r.Ratio = base.Ratio
		}
	}
}

func ratio(ours, base Value, better Better) float64 {
	if !ours.ok() || !base.ok() || ours.Value <= 0 || base.Value <= 0 {
		return 0
	}
	q := ours.Value / base.Value
	switch better {
	case Less:
		q = 1 / q
	case More:
	default:
		return 0
	}
	return math.Round(q*1000) / 1000
}
