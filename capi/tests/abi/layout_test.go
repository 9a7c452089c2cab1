package abi

import (
	"path/filepath"
	"runtime"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

// The functions with their types, and the structs. The library itself has no debug information that libabigail could use,
// so the C sources that define its functions are compiled and linked alone, with the library's version script.
func TestLayout(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("recorded for Linux on amd64")
	}
	abidw, abidiff := shell.Tool(t, "abidw"), shell.Tool(t, "abidiff")
	dir, err := filepath.Abs(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "_cgo_export.h"), nil) // the Go side, which no program sees
	library := filepath.Join(dir, "libthingp2p.so")
	shell.Run(t, shell.BuildTimeout, nil, "sh", "-c", `cd "$1" && exec gcc -g -O0 -fPIC -shared -std=gnu99 -w -I"$0" -I../include shim.c codes.c \
		-Wl,--version-script=libthingp2p.map -Wl,-soname,libthingp2p.so.1 -Wl,--unresolved-symbols=ignore-all -o "$0/libthingp2p.so"`,
		dir, root+"/capi")
	if recording {
		shell.Run(t, shell.RunTimeout, nil, abidw, "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs",
			"--no-elf-needed", "--headers-dir", root+"/include", "--drop-private-types", "--out-file", layoutFile, library)
		return
	}

	diff := func(args ...string) (string, error) {
		args = append(args, layoutFile, library)
		return shell.Try(t, shell.RunTimeout, nil, abidiff, args...)
	}
	if out, err := diff("--no-added-syms", "--suppressions", "growth.abignore"); err != nil {
		t.Fatalf("a function or a struct changed: programs that were compiled before break; change it back (%v)\n%s", err, out)
	}
	if out, err := diff(); err != nil {
		askToRecord(t, out)
	}
}
