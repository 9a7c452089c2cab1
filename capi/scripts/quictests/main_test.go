package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const example = `package example

import (
	"os"
	"testing"
)

func TestA(t *testing.T)       {}
func TestFails(t *testing.T)   { t.Run("sub", func(t *testing.T) { t.Error("no") }) }
func TestPanics(t *testing.T)  { panic("no") }
func TestB(t *testing.T)       {}
func TestElsewhere(t *testing.T) {
	go func() { panic("in a goroutine") }()
	select {}
}
func TestC(t *testing.T)       {}
func TestExits(t *testing.T)   { os.Exit(3) }
func TestSkipped(t *testing.T) { t.Skip() }
func TestD(t *testing.T)       {}
`

// inExample makes a module of tests and works in it.
func inExample(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module example\n\ngo 1.26\n", "example_test.go": example} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOWORK", "off")
}

// A test that ends its process hides no other.
func TestAllAreHeard(t *testing.T) {
	inExample(t)
	all := []string{"./..."}
	there, err := listTests(nil, all)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := runAll(there, nil, all, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"TestA": "pass", "TestB": "pass", "TestC": "pass", "TestD": "pass", "TestSkipped": "skip",
		"TestFails": "fail", "TestPanics": "fail", "TestElsewhere": "fail", "TestExits": "fail",
	}
	if len(there) != len(want) {
		t.Errorf("%d tests are there: %v", len(there), there)
	}
	for name, result := range want {
		if got := seen.results[test{"example", name}]; got != result {
			t.Errorf("%s: %q, want %q", name, got, result)
		}
	}

	list := func(names ...string) map[test]string {
		m := make(map[test]string)
		for _, name := range names {
			m[test{"example", name}] = "a reason"
		}
		return m
	}
	failing := []string{"TestFails", "TestPanics", "TestElsewhere", "TestExits"}
	for _, c := range []struct {
		expected   map[test]string
		complaints []string // a part of each
	}{
		{list(failing...), nil},
		{list(failing[1:]...), []string{"FAILED  example TestFails"}},
		{list(append(failing, "TestA")...), []string{"example TestA: it is listed as failing, but the result is: pass"}},
		{list(append(failing, "TestSkipped")...), []string{"example TestSkipped: it is listed as failing, but the result is: skip"}},
		{list(append(failing, "TestGone")...), []string{"example TestGone: it is listed as failing, but there is no such test"}},
	} {
		got := judge(there, seen, c.expected)
		if !slices.EqualFunc(got, c.complaints, strings.Contains) {
			t.Errorf("with %v: %q, want %q", c.expected, got, c.complaints)
		}
	}
}

func TestWhatCannotBeBuiltIsToldOf(t *testing.T) {
	inExample(t)
	if err := os.WriteFile("example_test.go", []byte("package example\n\nfunc TestA(int) {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := listTests(nil, []string{"./..."}); err == nil || !strings.Contains(err.Error(), "wrong signature") {
		t.Errorf("%v", err)
	}
}

func TestList(t *testing.T) {
	list, err := parseList("# a comment\n\n a/b TestX  it is so\nc TestX because\n")
	if err != nil || len(list) != 2 || list[test{"a/b", "TestX"}] != "it is so" {
		t.Errorf("%v, %v", list, err)
	}
	for _, bad := range []string{"a TestX", "TestX", "a TestX once\na TestX twice"} {
		if list, err := parseList(bad); err == nil {
			t.Errorf("%q: %v", bad, list)
		}
	}
}
