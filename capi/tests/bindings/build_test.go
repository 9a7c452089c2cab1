package bindings

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	root         = "../../.." // of the project
	buildTimeout = 5 * time.Minute
	runTimeout   = time.Minute
)

// libraryDir returns the absolute directory of libthingp2p.so and thingp2pd: THINGP2P_BUILD_DIR if it is set, else a
// fresh build.
func libraryDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("THINGP2P_BUILD_DIR")
	if dir == "" {
		dir = t.TempDir()
		for _, what := range []string{"lib", "server"} {
			run(t, buildTimeout, []string{"THINGP2P_BUILD_DIR=" + dir}, root+"/build.sh", what)
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "libthingp2p.so")); err != nil {
		t.Fatalf("THINGP2P_BUILD_DIR holds no library: %v", err)
	}
	return dir
}

// run runs a program to its end and returns its output; it fails the test if the program fails.
func run(t *testing.T, timeout time.Duration, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// missing skips the test, or fails it where everything has to be there.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("missing: %s", what)
	}
	t.Skipf("missing: %s", what)
}

// compiler returns the first of the candidates that is installed.
func compiler(t *testing.T, candidates ...string) string {
	t.Helper()
	for _, name := range candidates {
		if name == "" {
			continue
		}
		if _, err := exec.LookPath(name); err == nil {
			return name
		}
	}
	missing(t, strings.Join(candidates, " or "))
	return ""
}

// linkFlags link a program with the shared library in dir, which it finds again at run time.
func linkFlags(dir string) []string {
	return []string{"-L" + dir, "-Wl,-rpath," + dir, "-lthingp2p", "-lpthread"}
}

func includeFlags() []string {
	return []string{"-I" + root + "/include", "-I" + root + "/examples_c", "-Iprograms"}
}
