package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

// setting is a line of the configuration file: a flag's name and its value, "true" for one
// that stands alone.
type setting struct {
	line        int
	name, value string
}

// parseSettings reads a configuration file: in each line the name of a flag and, behind "="
// or a space, its value. Lines that begin with # are for people.
func parseSettings(text string) (all []setting) {
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		end := strings.IndexAny(line, "= \t")
		if end < 0 {
			all = append(all, setting{i + 1, line, "true"})
			continue
		}
		value := strings.TrimSpace(line[end:])
		value = strings.TrimSpace(strings.TrimPrefix(value, "="))
		all = append(all, setting{i + 1, line[:end], value})
	}
	return all
}

// readSettings sets flags as a file says. The error has a line for each that is wrong.
func readSettings(f *flag.FlagSet, file string) ([]setting, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the configuration cannot be read: %w", err)
	}
	var wrong []error
	all := parseSettings(string(text))
	for _, s := range all {
		where := fmt.Sprintf("%s:%d: %q", file, s.line, s.name)
		switch {
		case f.Lookup(s.name) == nil:
			err = fmt.Errorf("%s is not the name of a flag: %s", where, meant(f, s.name))
		case s.name == "config" || s.name == "check" || s.name == "version":
			err = fmt.Errorf("%s is for the command line only", where)
		default:
			if err = f.Set(s.name, s.value); err != nil {
				err = fmt.Errorf("%s: %w", where, err)
			}
		}
		wrong = append(wrong, err)
	}
	return all, errors.Join(wrong...)
}

// meant says what a name that no flag has may have been meant to be.
func meant(f *flag.FlagSet, name string) string {
	plain, nearest, most := strings.TrimLeft(name, "-"), "", 3
	f.VisitAll(func(f *flag.Flag) {
		if d := distance(plain, f.Name); d < most && d < len(f.Name) {
			nearest, most = f.Name, d
		}
	})
	switch {
	case nearest == "":
		return "-help lists them, and here they have no dash"
	case nearest == plain:
		return "here they have no dash"
	}
	return "did you mean " + nearest + "?"
}

// distance is how many letters have to be put in, left out or replaced to make b of a (Levenshtein). It
// looks at no more than a name has.
func distance(a, b string) int {
	const longest = 40
	a, b = a[:min(len(a), longest)], b[:min(len(b), longest)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
