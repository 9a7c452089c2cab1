package await

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// waits says how long each thread has waited for a processor while it could have run (Documentation/scheduler/sched-stats
// of the kernel: the second number).
func waits(pids []int) map[string]time.Duration {
	all := make(map[string]time.Duration)
	for _, pid := range pids {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		for _, file := range threads {
			text, _ := os.ReadFile(file) // it may have ended
			if fields := strings.Fields(string(text)); len(fields) > 1 {
				ns, _ := strconv.ParseInt(fields[1], 10, 64)
				all[file] = time.Duration(ns)
			}
		}
	}
	return all
}
