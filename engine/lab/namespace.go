//go:build linux

package lab

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	namespaceDir    = "/run/netns" // where `ip netns` keeps them
	namespacePrefix = "thingp2p-lab"
)

var namespacesMade atomic.Int64

// namespace is a network namespace that `ip netns` knows by name.
type namespace struct {
	name string
	file *os.File // holds it, for setns
}

// newNamespace makes a namespace with the loopback interface up and IPv6 off:
// what the kernel sends there on its own would only blur the counters.
func newNamespace(label string) (*namespace, error) {
	ns := &namespace{name: fmt.Sprintf("%s-%d-%d-%d-%s",
		namespacePrefix, os.Getpid(), startTime(os.Getpid()), namespacesMade.Add(1), label)}
	if err := run("", "ip", "netns", "add", ns.name); err != nil {
		return nil, err
	}
	var err error
	if ns.file, err = os.Open(filepath.Join(namespaceDir, ns.name)); err == nil {
		err = ns.ip("link set lo up")
	}
	if err == nil {
		err = ns.sysctl("net/ipv6/conf/all/disable_ipv6", "1", "net/ipv6/conf/default/disable_ipv6", "1")
	}
	if err != nil {
		ns.close()
		return nil, err
	}
	return ns, nil
}

// withIPv6 lets it have IPv6.
func (ns *namespace) withIPv6() error {
	return ns.sysctl("net/ipv6/conf/all/disable_ipv6", "0", "net/ipv6/conf/default/disable_ipv6", "0")
}

// close kills what still runs in the namespace and removes it.
func (ns *namespace) close() error {
	if ns.file != nil {
		ns.file.Close()
	}
	return removeNamespace(ns.name)
}

func removeNamespace(name string) error {
	pids, _ := exec.Command("ip", "netns", "pids", name).Output()
	for _, field := range strings.Fields(string(pids)) {
		if pid, err := strconv.Atoi(field); err == nil && pid != os.Getpid() {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	os.RemoveAll(filepath.Join(resolverDir, name))
	return run("", "ip", "netns", "delete", name)
}

// removeStale removes the namespaces of processes that are gone.
func removeStale() {
	names, _ := filepath.Glob(filepath.Join(namespaceDir, namespacePrefix+"-*"))
	for _, path := range names {
		name := filepath.Base(path)
		var pid, start int
		if n, _ := fmt.Sscanf(name, namespacePrefix+"-%d-%d-", &pid, &start); n == 2 && startTime(pid) != start {
			removeNamespace(name) // fails if another process is just doing the same
		}
	}
}

// startTime tells a process from a later one with the same pid: clock ticks since
// boot, 0 if there is no such process.
func startTime(pid int) int {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The command in parentheses may contain anything; field 22 is the 20th after it.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	ticks, _ := strconv.Atoi(fields[19])
	return ticks
}

// do runs f on the calling goroutine with its thread in the namespace.
func (ns *namespace) do(f func()) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer own.Close()
	if err := unix.Setns(int(ns.file.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("setns: %w", err)
	}
	defer func() {
		if err := unix.Setns(int(own.Fd()), unix.CLONE_NEWNET); err != nil {
			panic(fmt.Sprintf("lab: cannot leave a namespace: %v", err)) // the thread is of no use to anyone else
		}
	}()
	f()
	return nil
}

// sysctl takes pairs of a path below /proc/sys and a value.
func (ns *namespace) sysctl(pairs ...string) (err error) {
	nsErr := ns.do(func() {
		for i := 0; i < len(pairs) && err == nil; i += 2 {
			path := filepath.Join("/proc/sys", pairs[i])
			if err = os.WriteFile(path, []byte(pairs[i+1]), 0); os.IsNotExist(err) {
				err = nil // a kernel without IPv6, say
			}
		}
	})
	return firstError(nsErr, err)
}

// ip runs commands of iproute2 in the namespace, one per line.
func (ns *namespace) ip(lines ...string) error {
	return run(strings.Join(lines, "\n")+"\n", "ip", "-netns", ns.name, "-batch", "-")
}

// nft loads rules in the namespace.
func (ns *namespace) nft(rules string) error {
	return run(rules, "ip", "netns", "exec", ns.name, "nft", "-f", "-")
}

func run(stdin, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
