package tests

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

const serverReady = "thingp2pd ready: server="

var serverProcess *exec.Cmd

// serverProgram returns the path of the rendezvous server's command.
var serverProgram = sync.OnceValues(func() (string, error) {
	if dir := os.Getenv("THINGP2P_BUILD_DIR"); dir != "" {
		return filepath.Abs(filepath.Join(dir, "thingp2pd"))
	}
	program := filepath.Join(workDir, "thingp2pd")
	return program, build("-o", program, "./engine/cmd/thingp2pd")
})

// withServer returns the environment of a program that needs a server: the
// running one, and the command to start more.
func withServer(t *testing.T) []string {
	t.Helper()
	program, err := serverProgram()
	if err != nil {
		t.Fatal(err)
	}
	url, err := startedServer()
	if err != nil {
		t.Fatal(err)
	}
	return []string{"THINGP2P_SERVER=" + url, "THINGP2PD=" + program, "TEST_DIR=" + t.TempDir()}
}

// startedServer starts one server for all programs and returns its URL.
var startedServer = sync.OnceValues(func() (string, error) {
	program, err := serverProgram()
	if err != nil {
		return "", err
	}
	cmd := exec.Command(program, "-mqtt", "127.0.0.1:0", "-turn", "127.0.0.1:0", "-public-ip", "127.0.0.1",
		"-secret", filepath.Join(workDir, "secret"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.Create(filepath.Join(workDir, "server.log"))
	if err != nil {
		return "", err
	}
	defer log.Close()
	cmd.Stderr = log
	output, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	serverProcess = cmd
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), serverReady); ok {
			return strings.Fields(url)[0], nil
		}
	}
	return "", fmt.Errorf("thingp2pd ended before it was ready")
})

func stopServer() {
	if serverProcess != nil {
		serverProcess.Process.Signal(syscall.SIGTERM)
		serverProcess.Wait()
	}
}
