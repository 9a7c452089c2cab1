package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// parseList reads lines of a package, a test and the reason why it has to fail. Lines that begin with # are comments.
func parseList(text string) (map[test]string, error) {
	list := make(map[test]string)
	for number, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 3 {
			return nil, fmt.Errorf("line %d: write a package, a test and the reason why it has to fail", number+1)
		}
		t := test{fields[0], fields[1]}
		if _, twice := list[t]; twice {
			return nil, fmt.Errorf("line %d: %s is listed twice", number+1, t.name)
		}
		list[t] = strings.Join(fields[2:], " ")
	}
	return list, nil
}

// judge compares what happened with what has to, and returns what is wrong.
func judge(there []test, seen *outcome, expected map[test]string) (complaints []string) {
	failing := make(map[string]bool) // packages with a test that failed
	for _, t := range there {
		_, listed := expected[t]
		switch result := seen.results[t]; {
		case result == "":
			complaints = append(complaints, fmt.Sprintf("NOT RUN %s %s: its package ended before, each time", t.pkg, t.name))
		case result == "fail":
			failing[t.pkg] = true
			if !listed {
				complaints = append(complaints, fmt.Sprintf("%sFAILED  %s %s", seen.output[t], t.pkg, t.name))
			}
		case listed:
			complaints = append(complaints, fmt.Sprintf("FAILED  %s %s: it is listed as failing, but the result is: %s; take it off the list", t.pkg, t.name, result))
		}
	}
	for _, t := range slices.SortedFunc(maps.Keys(expected), func(a, b test) int { return cmp.Compare(a.pkg+a.name, b.pkg+b.name) }) {
		if !slices.Contains(there, t) {
			complaints = append(complaints, fmt.Sprintf("FAILED  %s %s: it is listed as failing, but there is no such test; take it off the list", t.pkg, t.name))
		}
	}
	for t, result := range seen.results {
		if t.name == "" && result == "fail" && !failing[t.pkg] {
			complaints = append(complaints, fmt.Sprintf("%sFAILED  %s as a whole", seen.output[t], t.pkg))
		}
	}
	return complaints
}
