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
	"syscall"

	"github.com/thingp2p/libthingp2p/engine/bench"
)

func main() {
	build := flag.String("build", "build", "`DIR` of libthingp2p.so and thingp2pd; bench.json and plots go there")
	tools := flag.String("tools", "build/bench", "`DIR` of the bench's programs")
	quick := flag.Bool("quick", false, "measure for two minutes")
	rows := flag.String("rows", "", "only these groups: `LETTERS` out of abcdef")
	plots := flag.String("plots", "", "write the plots to this `DIR` too")
	parallel := flag.Int("parallel", 0, "trials of slow links at a time")
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
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
