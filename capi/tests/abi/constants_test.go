package abi

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

// The values of the header's enumerators and macros, and where the fields of its structs are (offset and size in bytes), as a C
// compiler sees them.
func TestConstants(t *testing.T) {
	header := read(t, root+"/include/thingp2p.h")
	names := make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?m)^#define (THING_P2P_\w+) +-?\d|^  (THING_P2P_\w+)(?: = |,|$)`).FindAllStringSubmatch(header, -1) {
		names[m[1]+m[2]] = true
	}
	maps.DeleteFunc(names, func(name string, _ bool) bool { return strings.HasPrefix(name, "THING_P2P_VERSION_") })

	var source strings.Builder
	source.WriteString("#include <stddef.h>\n#include <stdio.h>\n#include <thingp2p.h>\nint main(void) {\n")
	for _, name := range slices.Sorted(maps.Keys(names)) {
		fmt.Fprintf(&source, "printf(\"%s %%ld\\n\", (long)%s);\n", name, name)
	}
	for _, m := range regexp.MustCompile(`(?s)\ntypedef struct (\w+) \{(.*?)\n\}`).FindAllStringSubmatch(header, -1) {
		for _, f := range regexp.MustCompile(`(\w+)(?:\[\w+\])?[,;]`).FindAllStringSubmatch(comment.ReplaceAllString(m[2], ""), -1) {
			fmt.Fprintf(&source, "printf(\"%[1]s.%[2]s %%d+%%d\\n\", (int)offsetof(%[1]s, %[2]s), (int)sizeof(((%[1]s *)0)->%[2]s));\n", m[1], f[1])
		}
	}
	source.WriteString("return 0; }\n")
	program := filepath.Join(t.TempDir(), "constants")
	write(t, program+".c", []byte(source.String()))
	shell.Run(t, shell.BuildTimeout, nil, shell.Tool(t, "cc", "gcc", "clang"), "-I"+root+"/include", program+".c", "-o", program)
	output := shell.Run(t, shell.RunTimeout, nil, program) + "\n"

	if recording {
		write(t, constantsFile, []byte(output))
		return
	}
	compare(t, "constant or field", values(read(t, constantsFile)), values(output))
}

var comment = regexp.MustCompile(`(?s)/\*.*?\*/`)

func values(lines string) map[string]string {
	result := make(map[string]string)
	for line := range strings.Lines(lines) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		result[name] = value
	}
	return result
}
