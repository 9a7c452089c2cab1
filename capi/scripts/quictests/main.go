// Command quictests runs quic-go's own tests on the copy that the library is built with, and holds what fails against a
// list of what has to: with another controller of congestion, tests of quic-go's fail. Run it in the copy's folder:
//
//	GOWORK=…/go.work quictests LIST LOG [FLAG OF GO TEST...] PACKAGE...
//
// A flag and its value are one word: -timeout=5m.
//
// It fails if a test fails that is not listed, or if one is listed that passes or is not there. A test that panics takes
// those behind it along; they run again without it. The whole output goes to LOG.
package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: quictests LIST LOG [FLAG OF GO TEST...] PACKAGE...")
		os.Exit(2)
	}
	wrong, err := run(os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "quictests:", err)
	}
	if err != nil || wrong {
		os.Exit(1)
	}
}

func run(listPath, logPath string, args []string) (wrong bool, err error) {
	flags, packages := split(args)
	text, err := os.ReadFile(listPath)
	if err != nil {
		return false, err
	}
	expected, err := parseList(string(text))
	if err != nil {
		return false, fmt.Errorf("%s: %w", listPath, err)
	}
	log, err := os.Create(logPath)
	if err != nil {
		return false, err
	}
	defer log.Close()
	there, err := listTests(flags, packages)
	if err != nil {
		return false, err
	}
	seen, err := runAll(there, flags, packages, log)
	if err != nil {
		return false, err
	}
	complaints := judge(there, seen, expected)
	for _, c := range complaints {
		fmt.Println(c)
	}
	passed := 0
	for _, r := range seen.results {
		if r == "pass" {
			passed++
		}
	}
	fmt.Printf("%d tests pass, %d fail as they have to\n", passed, len(expected))
	return len(complaints) > 0, nil
}

// runAll runs all tests, and again those of which nothing was heard, as long as that brings news.
func runAll(there []test, flags, packages []string, log io.Writer) (*outcome, error) {
	seen := newOutcome()
	if err := seen.run(log, slices.Concat(flags, packages)...); err != nil {
		return nil, err
	}
	for missing := seen.missing(there); len(missing) > 0; {
		for pkg, names := range byPackage(missing) {
			if err := seen.run(log, slices.Concat(flags, []string{"-run", only(names), pkg})...); err != nil {
				return nil, err
			}
		}
		left := seen.missing(there)
		if len(left) == len(missing) {
			break
		}
		missing = left
	}
	return seen, nil
}

func split(args []string) (flags, packages []string) {
	for _, arg := range args {
		if strings.HasPrefix(arg, "-") {
			flags = append(flags, arg)
		} else {
			packages = append(packages, arg)
		}
	}
	return flags, packages
}
