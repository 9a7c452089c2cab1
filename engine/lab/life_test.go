//go:build linux

package lab

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestCommandRunsOnTheHostAndDiesWithTheLab(t *testing.T) {
	var left *exec.Cmd
	t.Run("lab", func(t *testing.T) {
		host := New(t, Options{}).NAT("home", FullCone, Link{}).Host("app")
		out, err := host.Command("ip", "-brief", "-4", "addr", "show", "lan0").CombinedOutput()
		if want := host.IP().String(); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%q, %v; want %s", out, err, want)
		}

		killed := host.Command("sleep", "600")
		if err := killed.Start(); err != nil {
			t.Fatal(err)
		}
		killed.Process.Kill()
		killed.Wait()

		left = host.Command("sh", "-c", "echo started; exec sleep 600")
		pipe, err := left.StdoutPipe()
		if err == nil {
			err = left.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		bufio.NewReader(pipe).ReadString('\n') // or the process would not yet be in the namespace
	})
	if left == nil {
		t.Skip("no lab")
	}
	left.Wait() // hangs if the process was not killed
	if status := left.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGKILL {
		t.Errorf("ended with %v", left.ProcessState)
	}
}

// TestKilledLab runs this test in a second process, which makes a lab and is
// killed with it.
func TestKilledLab(t *testing.T) {
	if os.Getenv("LAB_TEST_HANG") != "" {
		New(t, Options{}).PublicHost("orphan", Link{})
		fmt.Println("ready")
		select {}
	}
	Need(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledLab$")
	cmd.Env = append(os.Environ(), "LAB_TEST_HANG=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	pipe, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(pipe).ReadString('\n')
	cmd.Process.Kill()
	cmd.Wait()
	pattern := fmt.Sprintf("%s/%s-%d-*", namespaceDir, namespacePrefix, cmd.Process.Pid)
	if before, _ := filepath.Glob(pattern); line != "ready\n" || len(before) == 0 {
		t.Fatalf("the other process made no lab: %q", line)
	}
	New(t, Options{})
	if after, _ := filepath.Glob(pattern); len(after) != 0 {
		t.Errorf("still there: %v", after)
	}
}
