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

// install installs the library as a user would, and returns the prefix. It is built in THINGP2P_BUILD_DIR, if that is set.
func install(t *testing.T) string {
	t.Helper()
	prefix := filepath.Join(t.TempDir(), "prefix")
	var env []string
	if os.Getenv("THINGP2P_BUILD_DIR") == "" {
		env = append(env, "THINGP2P_BUILD_DIR="+t.TempDir())
	}
	run(t, buildTimeout, env, root+"/build.sh", "install", "--prefix", prefix)
	return prefix
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

// packageFlags are what pkg-config says of the installed library, and where a program finds it again at run time.
func packageFlags(t *testing.T, prefix string) []string {
	t.Helper()
	out := run(t, runTimeout, packageEnv(prefix), compiler(t, os.Getenv("PKG_CONFIG"), "pkg-config"), "--cflags", "--libs", "thingp2p")
	return append(strings.Fields(out), "-Wl,-rpath,"+prefix+"/lib", "-lpthread")
}

func packageEnv(prefix string) []string {
	return []string{"PKG_CONFIG_PATH=" + prefix + "/lib/pkgconfig"}
}

// sharedCode is what the programs include of the project.
func sharedCode() []string {
	return []string{"-I" + root + "/examples_c", "-Iprograms"}
}
