//go:build linux

package bench

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// machine is what the figures were measured on, in a line.
func machine() string {
	var u unix.Utsname
	unix.Uname(&u)
	model := ""
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				model = ", " + strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("Linux %s, %d cores%s", strings.SplitN(unix.ByteSliceToString(u.Release[:]), "-", 2)[0], runtime.NumCPU(), model)
}

// load is what the processors have done since the machine's start, in ticks.
type load struct{ busy, all float64 }

func readLoad() (l load) {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		ticks, err := strconv.ParseFloat(field, 64)
		if err != nil || i > 8 { // the name; the time of guests is in that of users
			continue
		}
		l.all += ticks
		if i != 4 && i != 5 { // idle, and idle while a disk works
			l.busy += ticks
		}
	}
	return l
}

// since is the share of the time in which the processors were busy.
func (l load) since(before load) float64 {
	if l.all <= before.all {
		return 0
	}
	return (l.busy - before.busy) / (l.all - before.all)
}
