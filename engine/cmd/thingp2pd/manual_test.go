package main

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The manual page has each flag that -help lists, and no other.
func TestManual(t *testing.T) {
	var help bytes.Buffer
	parseFlags([]string{"-help"}, &help)
	page, err := os.ReadFile("thingp2pd.8")
	if err != nil {
		t.Fatal(err)
	}
	want := names(`(?m)^  -([a-z-]+)`, help.String())
	want = append(want, "help")
	slices.Sort(want)
	if got := names(`(?m)^\.It Fl ([a-z-]+)`, string(page)); !slices.Equal(got, want) {
		t.Errorf("the page has %q, -help %q", got, want)
	}
}

// The page is as mdoc(7) wants it.
func TestManualFormat(t *testing.T) {
	mandoc, err := exec.LookPath("mandoc")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("missing: mandoc")
		}
		t.Skip("missing: mandoc")
	}
	if out, err := exec.Command(mandoc, "-T", "lint", "-W", "warning", "thingp2pd.8").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func names(pattern, text string) []string {
	var found []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, strings.TrimSpace(m[1]))
	}
	slices.Sort(found)
	return found
}
