// Package shell runs the programs that the tests of the ABI are made of: compilers, build.sh, what those have built.
package shell

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Limits of one program, which only end what hangs: the machine may be busy with anything.
const (
	BuildTimeout = 20 * time.Minute
	RunTimeout   = 20 * time.Minute
)

// Run runs a program to its end and returns its output; it fails the test if the program fails.
func Run(t *testing.T, timeout time.Duration, env []string, name string, args ...string) string {
	t.Helper()
	out, err := Try(t, timeout, env, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

// Try is Run for a program that may fail.
func Try(t *testing.T, timeout time.Duration, env []string, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = 5 * time.Second // for the output, which its children may hold open
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// Tool returns the first of the candidates that is installed.
func Tool(t *testing.T, candidates ...string) string {
	t.Helper()
	for _, name := range candidates {
		if name == "" {
			continue
		}
		if _, err := exec.LookPath(name); err == nil {
			return name
		}
	}
	Missing(t, strings.TrimSpace(strings.Join(candidates, " ")))
	return ""
}

// Crates returns the folder with the sources of the crates that Debian packages, which stand for crates.io in tests. The crate
// must be among them.
func Crates(t *testing.T, crate string) string {
	t.Helper()
	const folder = "/usr/share/cargo/registry"
	if found, _ := filepath.Glob(filepath.Join(folder, crate+"-[0-9]*")); len(found) == 0 {
		Missing(t, "librust-"+crate+"-dev")
	}
	return folder
}

// Missing skips the test, or fails it where everything has to be there.
func Missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("missing: %s", what)
	}
	t.Skipf("missing: %s", what)
}
