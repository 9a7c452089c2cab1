package tests

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

// The header alone must compile without a word in every dialect.
func TestHeader(t *testing.T) {
	const source = "#include <thingp2p.h>\n#include <thingp2p.h>\n" +
		"int main(void) { return thing_p2p_version() == 0 || THING_P2P_CHANNELS != 8; }\n"
	dialects := []struct {
		compiler, language string
		standards          []string
	}{
		{"gcc", "c", []string{"c89", "gnu89", "iso9899:199409", "c99", "gnu99", "c11", "gnu11", "c17", "gnu17", "c2x", "gnu2x"}},
		{"clang", "c", []string{"c89", "gnu89", "iso9899:199409", "c99", "gnu99", "c11", "gnu11", "c17", "gnu17", "c2x", "gnu2x"}},
		{"g++", "c++", []string{"c++98", "gnu++98", "c++03", "c++11", "c++14", "c++17", "c++20", "c++2b"}},
		{"clang++", "c++", []string{"c++98", "gnu++98", "c++03", "c++11", "c++14", "c++17", "c++20", "c++2b"}},
		{"clang", "objective-c", []string{"c89", "c99", "c11", "c17", "c2x"}},
		{"gcc", "objective-c", []string{"c89", "c99", "c11", "c17", "c2x"}},
		{"clang", "objective-c++", []string{"c++98", "c++11", "c++14", "c++17", "c++20", "c++2b"}},
		{"g++", "objective-c++", []string{"c++98", "c++11", "c++14", "c++17", "c++20", "c++2b"}},
	}
	for _, d := range dialects {
		for _, standard := range d.standards {
			t.Run(d.compiler+"_"+d.language+"_"+standard, func(t *testing.T) {
				cmd := exec.Command(shell.Tool(t, d.compiler), "-x", d.language, "-std="+standard,
					"-Wall", "-Wextra", "-pedantic", "-Wstrict-prototypes", "-Werror", "-fsyntax-only",
					"-I", filepath.Join(root, "include"), "-")
				if d.language == "c++" || d.language == "objective-c++" {
					cmd.Args = slices.DeleteFunc(cmd.Args, func(a string) bool { return a == "-Wstrict-prototypes" })
				}
				cmd.Stdin = bytes.NewReader([]byte(source))
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
}

// The library exports what the header declares, and nothing else.
func TestSymbols(t *testing.T) {
	header, err := os.ReadFile(filepath.Join(root, "include/thingp2p.h"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, m := range regexp.MustCompile(`THING_P2P_API[^;]*?\b(thing_p2p_\w+)\(`).FindAllSubmatch(header, -1) {
		want = append(want, string(m[1]))
	}
	library, err := elf.Open(filepath.Join(library(t), "libthingp2p.so"))
	if err != nil {
		t.Fatal(err)
	}
	defer library.Close()
	symbols, err := library.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF && s.Section < elf.SHN_LORESERVE { // absolute: the version's name
			got = append(got, s.Name)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("exported:\n%q\ndeclared:\n%q", got, want)
	}
	if soname, _ := library.DynString(elf.DT_SONAME); !slices.Equal(soname, []string{"libthingp2p.so.1"}) {
		t.Errorf("soname is %q", soname)
	}
}
