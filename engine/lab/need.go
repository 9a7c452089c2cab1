//go:build linux

package lab

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// TB is what a lab needs of a testing.TB. A program that is no test can bring its
// own, with Fatalf and Skipf that do not return.
type TB interface {
	Helper()
	Cleanup(func())
	Failed() bool
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
}

// Need skips the test if this machine cannot run a lab, and says what is missing.
// With CI=true in the environment the test fails instead.
func Need(tb TB) {
	tb.Helper()
	err := usable()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		tb.Fatalf("lab: cannot run here: %v", err)
	default:
		tb.Skipf("lab: cannot run here: %v", err)
	}
}

// usable tries once what a lab does, as a look at the machine cannot tell what
// its kernel was built with, or what a container was allowed.
var usable = sync.OnceValue(func() error {
	var missing []string
	if os.Geteuid() != 0 {
		missing = append(missing, "root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		missing = append(missing, "the command ip (package iproute2)")
	}
	if _, err := exec.LookPath("nft"); err != nil {
		missing = append(missing, "the command nft (package nftables)")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		missing = append(missing, "/dev/net/tun")
	}
	if missing != nil {
		return errors.New("missing: " + strings.Join(missing, ", "))
	}
	ns, err := newNamespace("probe")
	if err != nil {
		return err
	}
	defer ns.close()
	tun, err := openTUN(ns)
	if err != nil {
		return err
	}
	defer tun.Close()
	return ns.nft(ruleset(FullCone) + ruleset(Symmetric))
})
