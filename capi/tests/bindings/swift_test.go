package bindings

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

// What Swift would import is a module to clang, too.
func TestSwiftModule(t *testing.T) {
	source := filepath.Join(t.TempDir(), "import.m")
	if err := os.WriteFile(source, []byte("@import CThingP2P;\nint channels = THING_P2P_CHANNELS;\nint (*call)(void) = thing_p2p_deinit;\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	shell.Run(t, shell.BuildTimeout, nil, shell.Tool(t, "clang"), "-fmodules", "-fmodules-cache-path="+t.TempDir(), "-fsyntax-only",
		"-Wall", "-Wextra", "-Werror", "-fmodule-map-file="+root+"/capi/swift/Sources/CThingP2P/module.modulemap", "-I"+root+"/include", source)
}
