//go:build linux

package bench

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// plot is a picture. The colours are readable on a light and on a dark page, and
// the background is left to the page.
type plot interface {
	name() string // of the file, without extension
	svg() string
}

const (
	plotWidth, plotHeight = 760, 300
	plotLeft, plotRight   = 52, 16
	plotTop, plotBottom   = 58, 34
	ink                   = "#808890"
)

var colours = map[string]string{
	ours.name: "#2f81f7", stock.name: "#e08a3c", bbr.name: "#3fa66b", cubic.name: "#a371d7",
}

// canvas is the frame of a plot: title, legend, and a scale on the left.
type canvas struct {
	strings.Builder
	top float64 // the scale's end
}

func newCanvas(title, unit string, series []string, highest float64) *canvas {
	c := &canvas{}
	step := niceStep(highest)
	c.top = step * max(1, math.Ceil(highest/step))
	fmt.Fprintf(c, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" font-family="system-ui, sans-serif" font-size="12" fill="%s">`+"\n",
		plotWidth, plotHeight, ink)
	fmt.Fprintf(c, `<title>%s</title>`+"\n", html.EscapeString(title))
	c.text(plotLeft, 18, "start", `font-size="14" font-weight="600"`, title)
	x := float64(plotLeft)
	for _, name := range series {
		fmt.Fprintf(c, `<rect x="%.1f" y="30" width="10" height="10" rx="2" fill="%s"/>`+"\n", x, colours[name])
		c.text(x+15, 39, "start", "", name)
		x += 40 + 7*float64(len(name))
	}
	for v := 0.0; v <= c.top+step/2; v += step {
		y := c.y(v)
		fmt.Fprintf(c, `<path d="M%d %.1fH%d" stroke="%s" stroke-opacity="0.3"/>`+"\n", plotLeft, y, plotWidth-plotRight, ink)
		label := fmt.Sprintf("%g", math.Round(v*1000)/1000)
		if v+step > c.top+step/2 {
			label += " " + unit
		}
		if strings.Contains(label, " ") { // the topmost has the unit, above the line
			c.text(4, y-5, "start", "", label)
			continue
		}
		c.text(plotLeft-6, y+4, "end", "", label)
	}
	return c
}

// niceStep gives four to eight lines.
func niceStep(highest float64) float64 {
	if highest <= 0 || math.IsNaN(highest) {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(highest/4)))
	for _, factor := range []float64{1, 2, 5} {
		if highest/(unit*factor) <= 8 {
			return unit * factor
		}
	}
	return unit * 10
}

func (c *canvas) y(value float64) float64 {
	const height = plotHeight - plotTop - plotBottom
	return plotTop + height*(1-min(value, c.top)/c.top)
}

func (c *canvas) text(x, y float64, anchor, style, text string) {
	fmt.Fprintf(c, `<text x="%.1f" y="%.1f" text-anchor="%s" %s>%s</text>`+"\n", x, y, anchor, style, html.EscapeString(text))
}

func (c *canvas) end() string {
	c.WriteString("</svg>\n")
	return c.String()
}

// bars are groups of bars, one bar for each of the series.
type bars struct {
	file, title, unit string
	top               float64 // the scale's end at least
	series            []string
	groups            []string
	values            [][]Value
}

func (b *bars) add(group string, values []Value) {
	b.groups = append(b.groups, group)
	b.values = append(b.values, values)
}

func (b bars) name() string { return b.file }

func (b bars) svg() string {
	highest := b.top
	for _, group := range b.values {
		for _, v := range group {
			highest = max(highest, v.Value)
		}
	}
	c := newCanvas(b.title, b.unit, b.series, highest)
	width := float64(plotWidth-plotLeft-plotRight) / float64(len(b.groups))
	bar := min(width*0.8/float64(len(b.series)), 34)
	for i, group := range b.values {
		middle := plotLeft + width*(float64(i)+0.5)
		x := middle - bar*float64(len(b.series))/2
		for k, v := range group {
			at := x + bar*float64(k)
			if !v.ok() {
				continue
			}
			fmt.Fprintf(c, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="2" fill="%s"/>`+"\n",
				at+1, c.y(v.Value), bar-2, c.y(0)-c.y(v.Value), colours[b.series[k]])
			c.text(at+bar/2, c.y(v.Value)-4, "middle", `font-size="10"`, short(v.Value))
		}
		c.text(middle, plotHeight-plotBottom+18, "middle", "", b.groups[i])
	}
	return c.end()
}

func short(v float64) string {
	if v >= 20 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.1f", v)
}

// lines are values over time.
type lines struct {
	file, title, unit string
	series            []string
	values            [][]float64
	step              float64 // seconds between two values
	smooth            int     // values that are averaged
}

func (l lines) name() string { return l.file }

func (l lines) svg() string {
	highest, longest := 0.0, 0
	for i, values := range l.values {
		l.values[i] = smoothed(values, l.smooth)
		for _, v := range l.values[i] {
			highest = max(highest, v)
		}
		longest = max(longest, len(values))
	}
	c := newCanvas(l.title, l.unit, l.series, highest)
	across := float64(plotWidth-plotLeft-plotRight) / float64(max(longest, 1))
	for i := len(l.values) - 1; i >= 0; i-- { // ours comes first, so on top
		var path strings.Builder
		for k, v := range l.values[i] {
			command := "L"
			if k == 0 {
				command = "M"
			}
			fmt.Fprintf(&path, "%s%.1f %.1f", command, plotLeft+across*(float64(k)+0.5), c.y(v))
		}
		fmt.Fprintf(c, `<path d="%s" fill="none" stroke="%s" stroke-width="%.1f" stroke-linejoin="round"/>`+"\n",
			path.String(), colours[l.series[i]], []float64{2.5, 1.5}[min(i, 1)])
	}
	seconds := float64(longest) * l.step
	for at, step := 0.0, niceStep(seconds); at <= seconds; at += step {
		c.text(plotLeft+across*at/l.step, plotHeight-plotBottom+18, "middle", "", fmt.Sprintf("%g s", at))
	}
	return c.end()
}

// smoothed is the mean of each value and those before it.
func smoothed(values []float64, over int) []float64 {
	out := make([]float64, len(values))
	for i := range values {
		from := max(0, i-over+1)
		for _, v := range values[from : i+1] {
			out[i] += v / float64(i+1-from)
		}
	}
	return out
}
