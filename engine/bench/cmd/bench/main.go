//go:build linux

// Command bench measures the library beside others and writes a table, JSON and
// plots; see package bench. build.sh builds what it needs and starts it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/thingp2p/libthingp2p/engine/bench"
)

func main() {
	build := flag.String("build", "build", "`DIR` of libthingp2p.so and thingp2pd; bench.json and plots go there")
	tools := flag.String("tools", "build/bench", "`DIR` of the bench's programs")
	quick := flag.Bool("quick", false, "measure for two minutes")
	rows := flag.String("rows", "", "only these groups: `LETTERS` out of abcdefg; with -traces, only rows with this in their names, or with one of\nseveral with commas between them")
	plots := flag.String("plots", "", "write the plots to this `DIR` too")
	parallel := flag.Int("parallel", 0, "trials of slow links at a time")
	traces := flag.String("traces", "", "instead of all else, live video on the links recorded in this `DIR`, in mahimahi's format, and on some made ones")
	offsets := flag.String("offsets", "", "where in each recording a row begins: `SECONDS`, with commas between several")
	deadline := flag.Int("deadline", 400, "`MS` for which a live frame is of use; 0: for ever")
	runs := flag.Int("runs", 1, "of each row of live video")
	flag.Parse()
	size := bench.Full
	if *quick {
		size = bench.Quick
	}
	if *parallel > 0 {
		size.Parallel = *parallel
	}
	// What is started is ended by the trials' own cleanup, so a second signal is not
	// answered any faster.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	files := bench.Files{Build: *build, Tools: *tools}
	if *traces != "" {
		o := bench.LiveOptions{
			Traces: *traces, Rows: *rows, Deadline: time.Duration(*deadline) * time.Millisecond, Runs: *runs, Parallel: max(*parallel, 1),
		}
		exit(live(ctx, files, o, *offsets))
	}
	result, err := bench.Run(ctx, files, size, *rows, os.Stderr)
	if result != nil {
		result.Print(os.Stdout)
	}
	if err == nil {
		err = errors.Join(result.Save(filepath.Join(*build, "bench.json")), result.SavePlots(filepath.Join(*build, "plots")))
		if *plots != "" {
			err = errors.Join(err, result.SavePlots(*plots))
		}
	}
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func live(ctx context.Context, files bench.Files, o bench.LiveOptions, offsets string) error {
	for _, text := range strings.FieldsFunc(offsets, func(r rune) bool { return r == ',' }) {
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil || seconds < 0 || seconds > 1e6 {
			return fmt.Errorf("-offsets: %q is no number of seconds", text)
		}
		o.Offsets = append(o.Offsets, time.Duration(seconds*float64(time.Second)))
	}
	result, err := bench.Live(ctx, files, o, os.Stderr)
	if result == nil {
		return err
	}
	result.Print(os.Stdout)
	return errors.Join(err, result.Save(filepath.Join(files.Build, "live.json")))
}
