//go:build linux

package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

const appProcesses = 4 // that hold the sessions

// memory is what idle sessions cost a device.
func memory(s Size) group {
	g := group{
		name: "idle sessions", letter: "f", serial: true,
		about: "Growth of the device process with sessions that do nothing, after a pause: resident memory for each, threads and " +
			"descriptors in all. The device has read from the channel of commands once; it has no thread for a session.",
	}
	counts := pick(s, []int{10, 100, 1000}, []int{10, 100})
	pause := pick(s, 10*time.Second, time.Second)
	contenders := pick(s, []contender{ours, stock, cubic}, []contender{ours, stock})
	const condition = "idle"
	g.each(condition, contenders, 1, time.Minute, func(j *job, c contender) { j.holdSessions(c, counts, pause) })
	g.each(condition, []contender{ours}, 1, time.Second, func(j *job, _ contender) {
		info, err := os.Stat(j.files.library())
		j.check(err)
		j.set("library", float64(info.Size())/1e6)
	})
	g.rows = func(r *results) (rows []Row) {
		row := func(metric, name, unit string) {
			rows = append(rows, r.row(g.name, condition, metric, name, unit, Less, contenders[1:]...))
		}
		row("kb 0", "none: the whole process", "KB")
		for _, n := range counts {
			row(fmt.Sprintf("kb %d", n), fmt.Sprintf("%d: each", n), "KB")
		}
		last := counts[len(counts)-1]
		row(fmt.Sprintf("threads %d", last), fmt.Sprintf("%d: threads in all", last), "")
		row(fmt.Sprintf("fds %d", last), fmt.Sprintf("%d: descriptors in all", last), "")
		return append(rows, r.row(g.name, condition, "library", "libthingp2p.so", "MB", Less))
	}
	return g
}

func (j *job) holdSessions(c contender, counts []int, pause time.Duration) {
	w := j.world(lab.Link{}, lab.Link{})
	server := w.serverFor(c)
	address, device := j.device(c, w.device, server, firstPort, "-hold")
	var apps []*program
	for range appProcesses {
		apps = append(apps, j.app(c, w.app, server))
	}
	j.sleep(pause)
	empty := j.resident(device)
	j.set("kb 0", empty)
	open := 0
	for _, count := range counts {
		for i, app := range apps { // what does not divide goes to the first ones
			more := (count - open + appProcesses - 1 - i) / appProcesses
			app.send(fmt.Sprintf("open %s %d", address, more))
		}
		for _, app := range apps {
			if answer := app.line(3 * time.Minute); !strings.HasPrefix(answer, "ok") {
				j.Fatalf("%d sessions: %s", count, answer)
			}
		}
		open = count
		j.sleep(pause)
		j.set(fmt.Sprintf("kb %d", count), (j.resident(device)-empty)/float64(count))
		j.set(fmt.Sprintf("threads %d", count), j.status(device, "Threads"))
		fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", device.Cmd.Process.Pid))
		j.check(err)
		j.set(fmt.Sprintf("fds %d", count), float64(len(fds)))
	}
}

// resident is in KB.
func (j *job) resident(p *program) float64 { return j.status(p, "VmRSS") }

// status reads a number from /proc/PID/status.
func (j *job) status(p *program, field string) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Cmd.Process.Pid))
	j.check(err)
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); name == field {
			number, err := strconv.ParseFloat(strings.Fields(value)[0], 64)
			j.check(err)
			return number
		}
	}
	j.Fatalf("no %s in /proc/PID/status", field)
	return 0
}
