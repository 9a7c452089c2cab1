package abi

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/codes"
)

// A codeTable is what a file has of the codes: a line for each, one after the other, from 0 down.
type codeTable struct {
	file    string
	line    *regexp.Regexp
	of      func(c codes.Code, short string) string // short: without ERR_
	without string                                  // what it does not have
	byHand  bool                                    // not written by recording
}

var codeTables = []codeTable{
	{
		file: "include/thingp2p.h", line: regexp.MustCompile(`(?m)^  THING_P2P_\w+ = (?:-\d|0).*\n`), byHand: true,
		of: func(c codes.Code, _ string) string { return fmt.Sprintf("  THING_P2P_%s = %d", c.Name, c.Number) },
	},
	{
		file: "capi/codes.c", line: regexp.MustCompile(`(?m)^    CODE\(.*\)\n`),
		of: func(c codes.Code, _ string) string { return fmt.Sprintf("    CODE(%s, %q)", c.Name, c.Text) },
	},
	{
		file: "include/thingp2p/error.hpp", line: regexp.MustCompile(`(?m)^  \w+ = THING_P2P_(?:OK|ERR_\w+),?\n`),
		of: func(c codes.Code, short string) string {
			return fmt.Sprintf("  %s = THING_P2P_%s,", strings.ToLower(short), c.Name)
		},
	},
	{
		file: "capi/java/src/com/thingp2p/Constants.java",
		line: regexp.MustCompile(`(?m)^  public static final int THING_P2P_(?:OK|ERR_\w+) = .*\n`),
		of: func(c codes.Code, _ string) string {
			return fmt.Sprintf("  public static final int THING_P2P_%s = %d;", c.Name, c.Number)
		},
	},
	{
		file: "capi/python/thingp2p/_errors.py", line: regexp.MustCompile(`(?m)^    [A-Z_]+ = -?\d+\n`),
		of: func(c codes.Code, short string) string { return fmt.Sprintf("    %s = %d", short, c.Number) },
	},
	{
		file: "capi/node/lib/errors.js", line: regexp.MustCompile(`(?m)^  [A-Z_]+: -?\d+,\n`),
		of: func(c codes.Code, short string) string { return fmt.Sprintf("  %s: %d,", short, c.Number) },
	},
	{
		file: "capi/node/index.d.ts", line: regexp.MustCompile(`(?m)^  readonly [A-Z_]+: -?\d+;\n`),
		of: func(c codes.Code, short string) string { return fmt.Sprintf("  readonly %s: %d;", short, c.Number) },
	},
	{
		file: "capi/rust/src/sys.rs", line: regexp.MustCompile(`(?m)^pub const THING_P2P_(?:OK|ERR_\w+): .*\n`),
		of: func(c codes.Code, _ string) string {
			return fmt.Sprintf("pub const THING_P2P_%s: c_int = %d;", c.Name, c.Number)
		},
	},
	{
		file: "capi/rust/src/error.rs", line: regexp.MustCompile(`(?m)^    \w+ = THING_P2P_ERR_\w+,\n`), without: "OK",
		of: func(c codes.Code, short string) string {
			return fmt.Sprintf("    %s = THING_P2P_%s,", camel(short), c.Name)
		},
	},
}

// camel makes DeviceBusy of DEVICE_BUSY.
func camel(name string) string {
	var result string
	for part := range strings.SplitSeq(name, "_") {
		result += part[:1] + strings.ToLower(part[1:])
	}
	return result
}

// The codes stand once in the engine, with names and sentences; each other table of them is what that one makes it.
func TestCodeTables(t *testing.T) {
	for _, table := range codeTables {
		t.Run(table.file, table.test)
	}
}

func (table codeTable) test(t *testing.T) {
	file := root + "/" + table.file
	text := read(t, file)
	var want []string
	for _, c := range codes.All() {
		if c.Name != table.without {
			want = append(want, table.of(c, strings.TrimPrefix(c.Name, "ERR_")))
		}
	}
	lines, start, end := table.block(text)
	if len(lines) == 0 {
		t.Fatalf("%s has no line that matches %s", table.file, table.line)
	}
	if recording && !table.byHand {
		write(t, file, []byte(text[:start]+strings.Join(want, "\n")+"\n"+text[end:]))
		return
	}
	for i := range max(len(lines), len(want)) {
		switch {
		case i >= len(lines):
			t.Fatalf("%s lacks\n%s\n%s", table.file, strings.Join(want[i:], "\n"), table.help())
		case i >= len(want):
			t.Fatalf("%s has what engine/internal/codes/codes.go has not\n%s\n%s", table.file, strings.Join(lines[i:], "\n"), table.help())
		case lines[i] != want[i] && !(table.byHand && sameButForComment(lines[i], want[i])):
			t.Fatalf("%s has\n%s\nwhere engine/internal/codes/codes.go makes it\n%s\n%s", table.file, lines[i], want[i], table.help())
		}
	}
}

// block returns the lines that match and follow each other, and where in the text they are.
func (table codeTable) block(text string) (lines []string, start, end int) {
	for _, at := range table.line.FindAllStringIndex(text, -1) {
		if len(lines) == 0 {
			start, end = at[0], at[0]
		}
		if at[0] != end {
			break
		}
		lines, end = append(lines, text[at[0]:at[1]-1]), at[1]
	}
	return lines, start, end
}

// sameButForComment compares what stands before a comma or a comment.
func sameButForComment(line, want string) bool {
	code, _, _ := strings.Cut(line, "/*")
	return strings.TrimRight(code, ", ") == want
}

func (table codeTable) help() string {
	if table.byHand {
		return "change it by hand"
	}
	return "run ./build.sh abi-record"
}

// Whoever reads a sentence in C meets C's words only, and no translation is left that nothing needs.
func TestSentencesSpeakC(t *testing.T) {
	goWord := regexp.MustCompile(`[a-z][A-Z]|\w\.[A-Z]|\bnil\b`)
	var sentences []string
	for _, c := range codes.All() {
		sentences = append(sentences, c.Text)
		if word := goWord.FindString(strings.ReplaceAll(c.Text, "TURN", "")); word != "" {
			t.Errorf("%s speaks Go (%q) to C: %s; see capi/tests/codes", c.Name, word, c.Text)
		}
	}
	for pair := range slices.Chunk(codes.Words, 2) {
		if !strings.Contains(strings.Join(sentences, "\n"), pair[1]) {
			t.Errorf("no sentence of the engine calls anything %q", pair[0])
		}
	}
}
