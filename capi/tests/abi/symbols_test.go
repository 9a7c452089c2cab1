package abi

import (
	"debug/elf"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The symbols that the library exports, each with the version of the library that had it first.
func TestSymbols(t *testing.T) {
	dir := os.Getenv("THINGP2P_BUILD_DIR")
	if dir == "" {
		dir = root + "/build"
	}
	library, err := elf.Open(filepath.Join(dir, "libthingp2p.so"))
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("no library: %v", err)
	} else if err != nil {
		t.Skipf("no library, build it with ./build.sh lib: %v", err)
	}
	defer library.Close()
	symbols, err := library.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	current := make(map[string]string)
	for _, s := range symbols {
		if s.Section == elf.SHN_ABS { // a version node, which has no version itself
			current[s.Name] = s.Name
		} else if s.Section != elf.SHN_UNDEF {
			current[s.Name] = s.Version
		}
	}

	text := read(t, symbolsFile)
	recorded := make(map[string]string)
	for _, m := range regexp.MustCompile(`(?m)^ (\w+)@(\w+) `).FindAllStringSubmatch(text, -1) {
		recorded[m[1]] = m[2]
	}
	if !recording {
		compare(t, "exported symbol", recorded, current)
		return
	}
	version := regexp.MustCompile(`THING_P2P_VERSION +"(.*)"`).FindStringSubmatch(read(t, root+"/include/thingp2p.h"))[1]
	head, lines, _ := strings.Cut(strings.TrimSuffix(text, "\n"), "\n")
	all := strings.Split(lines, "\n")
	for _, name := range slices.Sorted(maps.Keys(current)) {
		if _, there := recorded[name]; !there {
			all = append(all, fmt.Sprintf(" %s@%s %s", name, current[name], version))
		}
	}
	slices.Sort(all)
	write(t, symbolsFile, []byte(head+"\n"+strings.Join(all, "\n")+"\n"))
}
