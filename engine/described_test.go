package engine_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sourceTexts are the sources of the module, tests or the rest, one behind the other.
func sourceTexts(t *testing.T, tests bool) string {
	t.Helper()
	var all strings.Builder
	for _, dir := range []string{".", "../capi"} {
		err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") != tests {
				return err
			}
			text, err := os.ReadFile(file)
			all.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

func readme(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestNamedTestsExist: who reads in a README that a test tries something finds it.
func TestNamedTestsExist(t *testing.T) {
	sources, named := sourceTexts(t, true), 0
	for _, file := range []string{"README.md", "../README.md", "bench/README.md", "cmd/thingp2pd/README.md"} {
		for _, name := range regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Za-z0-9_]+)`").FindAllStringSubmatch(readme(t, file), -1) {
			named++
			if !strings.Contains(sources, "\nfunc "+name[1]+"(") {
				t.Errorf("%s: there is no %s", file, name[1])
			}
		}
	}
	if named < 20 {
		t.Errorf("%d tests are named", named)
	}
}

// TestDomainsAreAsDescribed: the strings that keep the uses of a key apart are those
// that README tells others.
func TestDomainsAreAsDescribed(t *testing.T) {
	text := readme(t, "README.md")
	_, table, _ := strings.Cut(text, "| domain | keeps apart |")
	table, _, _ = strings.Cut(table, "\n\n")
	sources, domains := sourceTexts(t, false), 0
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, domain := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[1], -1) {
			domains++
			if literal := `"` + strings.TrimSuffix(domain[1], `\n`); !strings.Contains(sources, literal) {
				t.Errorf("no source has %s", literal)
			}
		}
	}
	if domains < 10 {
		t.Errorf("%d domains", domains)
	}
}
