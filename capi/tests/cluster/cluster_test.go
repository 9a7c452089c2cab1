// Package cluster tries the server's recipe for many machines, with three NATS servers on one.
package cluster

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nkeys"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

const (
	root       = "../../.."
	natsServer = "github.com/nats-io/nats-server/v2@v2.15.2"
)

// An app at one node meets a device at another, whichever process of the cluster has been killed.
func TestCluster(t *testing.T) {
	dir := t.TempDir()
	build := builtIn(t)
	tools := filepath.Join(build, "tools")
	if _, err := shell.Try(t, shell.BuildTimeout, []string{"GOBIN=" + tools, "GOFLAGS=", "GOWORK=off"}, "go", "install", natsServer); err != nil {
		shell.Missing(t, natsServer)
	}
	key, err := nkeys.CreateAccount()
	if err != nil {
		t.Fatal(err)
	}
	seed, _ := key.Seed()
	issuer, _ := key.PublicKey()
	write(t, dir, "seed", string(seed))
	write(t, dir, "publisher", "thingp2pd:secret")
	write(t, dir, "secret", "a secret of relays that is long enough")

	var nodes [3]*node
	for i := range nodes {
		nodes[i] = &node{t: t, name: fmt.Sprint("n", i+1), client: freePort(t), mqtt: freePort(t), cluster: freePort(t), program: filepath.Join(tools, "nats-server")}
	}
	for _, n := range nodes {
		n.config = n.configure(dir, issuer, nodes[:])
		n.start()
	}
	balancer := balance(t, nodes[:])
	server := "127.0.0.1:" + balancer.port

	thingp2pd := filepath.Join(build, "thingp2pd")
	door := func() *process {
		url := fmt.Sprintf("nats://auth:door@127.0.0.1:%s,nats://auth:door@127.0.0.1:%s", nodes[0].client, nodes[1].client)
		return start(t, " nats=nats://", thingp2pd, "auth", "-name", "127.0.0.1", "-nats", url, "-nats-issuer", filepath.Join(dir, "seed"),
			"-nats-account", "THINGS", "-publisher", filepath.Join(dir, "publisher"))
	}
	doors := []*process{door(), door()}
	await.Until(t, "a cluster that has chosen its leader", func() bool {
		_, err := try(t, "thingp2pd ready", thingp2pd, "publish", "-broker", "mqtt://thingp2pd:secret@"+server, "-turn", "127.0.0.1:0", "-public-ip", "127.0.0.1", "-secret", filepath.Join(dir, "secret"))
		return err == nil
	})

	balancer.first.Store(2)
	python, library := shell.Tool(t, "python3"), filepath.Join(build, "libthingp2p.so")
	ticket := start(t, "t2p1.", python, "-u", "peers.py", library, "device", "mqtt://"+server).ready
	connect := func(when string) {
		t.Helper()
		balancer.first.Store(0)
		began := time.Now()
		await.Until(t, "a connect "+when, func() bool {
			said, err := shell.Try(t, shell.RunTimeout, nil, python, "peers.py", library, "app", ticket)
			if err != nil {
				t.Logf("%s, %v after it: %s", when, time.Since(began).Round(time.Millisecond), said)
			}
			return err == nil
		})
		t.Logf("%s: connected after %v", when, time.Since(began).Round(time.Millisecond))
	}
	connect("when all is well")
	for i, n := range nodes {
		n.process.kill()
		connect(fmt.Sprintf("after %s was killed", n.name))
		n.start()
		balancer.first.Store(int64(i)) // whoever comes back
	}
	doors[0].kill()
	connect("after one door was killed")
	for _, n := range nodes {
		n.process.kill()
	}
	if _, err := shell.Try(t, shell.RunTimeout, nil, python, "peers.py", library, "app", ticket); err == nil {
		t.Error("none of this has shown anything, since an app needs no server")
	}
}

func builtIn(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("THINGP2P_BUILD_DIR")
	if dir == "" {
		dir = filepath.Join(t.TempDir(), "build")
		shell.Run(t, shell.BuildTimeout, []string{"THINGP2P_BUILD_DIR=" + dir}, root+"/build.sh")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// node is a NATS server.
type node struct {
	t                           *testing.T
	name, client, mqtt, cluster string // and ports
	program, config             string
	process                     *process
}

// configure makes the file that the server's README has for this node.
func (n *node) configure(dir, issuer string, all []*node) string {
	n.t.Helper()
	readme, err := os.ReadFile(filepath.Join(root, "engine/cmd/thingp2pd/README.md"))
	if err != nil {
		n.t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```conf\n(.*?)```").FindSubmatch(readme)
	if found == nil {
		n.t.Fatal("the server's README has no configuration of NATS")
	}
	change := []string{"0.0.0.0:4222", "127.0.0.1:" + n.client, "0.0.0.0:1883", "127.0.0.1:" + n.mqtt, "0.0.0.0:6222", "127.0.0.1:" + n.cluster,
		"/var/lib/nats", filepath.Join(dir, n.name), "ISSUER", issuer, "server_name: n1", "server_name: " + n.name}
	for i, other := range all {
		change = append(change, fmt.Sprintf("nats://n%d:6222", i+1), "nats://127.0.0.1:"+other.cluster)
	}
	write(n.t, dir, n.name+".conf", strings.NewReplacer(change...).Replace(string(found[1])))
	return filepath.Join(dir, n.name+".conf")
}

func (n *node) start() {
	n.t.Helper()
	n.process = start(n.t, "Server is ready", n.program, "-c", n.config)
}

// process runs until it is killed, or the test ends.
type process struct {
	cmd   *exec.Cmd
	ready string        // the line that said so
	done  chan struct{} // closed when its output has ended
}

// start starts a program and waits for a line of its output that has a text in it.
func start(t *testing.T, ready, program string, args ...string) *process {
	t.Helper()
	p, err := try(t, ready, program, args...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// try is start for a program that may end before it is ready.
func try(t *testing.T, ready, program string, args ...string) (*process, error) {
	t.Helper()
	p := &process{cmd: exec.Command(program, args...), done: make(chan struct{})}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	output, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = p.cmd.Stdout
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	lines := make(chan string)
	var log []string
	go func() {
		defer close(p.done)
		for s := bufio.NewScanner(output); s.Scan(); {
			select {
			case lines <- s.Text():
			case <-t.Context().Done():
			}
		}
		close(lines)
	}()
	timeout := time.After(await.Limit)
	for {
		select {
		case line, more := <-lines:
			log = append(log, line)
			if !more {
				return nil, fmt.Errorf("%s has ended:\n%s", filepath.Base(program), strings.Join(log, "\n"))
			}
			if strings.Contains(line, ready) {
				p.ready = line
				go func() {
					for range lines {
					}
				}()
				return p, nil
			}
		case <-timeout:
			return nil, fmt.Errorf("%s is not ready:\n%s", filepath.Base(program), strings.Join(log, "\n"))
		}
	}
}

func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.done
	p.cmd.Wait()
}

// balancer passes connections on to the first node that is there, from one on that can be chosen.
type balancer struct {
	nodes []*node
	first atomic.Int64
	port  string
}

func balance(t *testing.T, nodes []*node) *balancer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	b := &balancer{nodes: nodes}
	_, b.port, _ = net.SplitHostPort(l.Addr().String())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go b.pass(c)
		}
	}()
	return b
}

func (b *balancer) pass(from net.Conn) {
	defer from.Close()
	for i := range b.nodes {
		n := b.nodes[(int(b.first.Load())+i)%len(b.nodes)]
		to, err := net.Dial("tcp", "127.0.0.1:"+n.mqtt)
		if err != nil {
			continue
		}
		defer to.Close()
		go func() {
			io.Copy(to, from)
			to.Close()
			from.Close()
		}()
		io.Copy(from, to)
		return
	}
}
