package bindings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

const root = "../../.." // of the project

// install installs the library as a user would, and returns the prefix. It is built in THINGP2P_BUILD_DIR, if that is set.
func install(t *testing.T) string {
	t.Helper()
	prefix := filepath.Join(t.TempDir(), "prefix")
	shell.Run(t, shell.BuildTimeout, []string{"THINGP2P_BUILD_DIR=" + builtIn(prefix)}, root+"/build.sh", "install", "--prefix", prefix)
	return prefix
}

// builtIn is the folder in which install builds what it installs to the prefix.
func builtIn(prefix string) string {
	if dir := os.Getenv("THINGP2P_BUILD_DIR"); dir != "" {
		return dir
	}
	return filepath.Join(filepath.Dir(prefix), "build")
}

// packageFlags are what pkg-config says of the installed library; with them a program finds it again at run time.
func packageFlags(t *testing.T, prefix string) []string {
	t.Helper()
	out := shell.Run(t, shell.RunTimeout, packageEnv(prefix), shell.Tool(t, os.Getenv("PKG_CONFIG"), "pkg-config"), "--cflags", "--libs", "thingp2p")
	return append(strings.Fields(out), "-lpthread")
}

func packageEnv(prefix string) []string {
	return []string{"PKG_CONFIG_PATH=" + prefix + "/lib/pkgconfig"}
}

// sharedCode is what the programs include of the project.
func sharedCode() []string {
	return []string{"-I" + root + "/examples_c", "-Iprograms"}
}
