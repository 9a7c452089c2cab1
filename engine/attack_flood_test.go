//go:build linux && !race

package engine

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// TestFloodOfOffers: 10,000 offers a second of strangers, through a broker that
// holds nobody up, cost a device neither its memory nor its friends.
func TestFloodOfOffers(t *testing.T) {
	const (
		perSecond = 10_000
		messages  = 10 * perSecond
		moreKB    = 20 << 10
	)
	broker := startOpenBroker(t)
	device := startDeviceProcess(t, broker.url)

	here, copied := t.TempDir(), t.TempDir()
	friend := newFriend(t, broker.url, here)
	state, err := os.ReadFile(filepath.Join(here, "thingp2p.json")) // before it knows where the device is
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(copied, "thingp2p.json"), state, 0o600); err != nil {
		t.Fatal(err)
	}
	connect(t, friend, device.ticket)
	friend.Close()

	attack := newFlood(t, broker.url, device.id)
	device.rest(t)
	idleKB := device.residentKB(t)
	mostKB := idleKB
	clock, cpuBefore := await.Start(device.pid), device.cpuTime(t)
	stop := attack.start(perSecond)
	for n := range int64(10) {
		await.Until(t, "the flood goes on", func() bool { return attack.sent.Load() > (n+1)*messages/10 })
		friend := newFriend(t, broker.url, copied)
		clock := await.Start(device.pid)
		connect(t, friend, device.id)
		took := clock.Elapsed()
		t.Logf("connected in %v, and %v of waiting for a processor", took, clock.Waited())
		if took > 2*time.Second {
			t.Errorf("a paired app connected after %v", took)
		}
		friend.Close()
		os.WriteFile(filepath.Join(copied, "thingp2p.json"), state, 0o600)
		mostKB = max(mostKB, device.residentKB(t))
	}
	took := clock.Elapsed()
	stop()
	sent, cpu := attack.sent.Load(), device.cpuTime(t)-cpuBefore
	device.rest(t)
	t.Logf("%d messages in %v, and %v of waiting for a processor; %v of the device's CPU time; memory %d KB, at most %d KB",
		sent, took, clock.Waited(), cpu, idleKB, mostKB)
	if float64(sent) < took.Seconds()*perSecond/2 {
		t.Errorf("only %d messages were sent in %v", sent, took)
	}
	if mostKB > idleKB+moreKB {
		t.Errorf("memory grew from %d to %d KB", idleKB, mostKB)
	}
}

func newFriend(t *testing.T, server, dir string) *App {
	t.Helper()
	app, err := NewApp(Config{UID: "friend", Server: server, StateDir: dir, DisableLAN: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { app.Close() })
	return app
}

// connect connects and closes.
func connect(t *testing.T, app *App, to string) {
	t.Helper()
	target, err := app.Resolve(to)
	if err != nil {
		t.Fatal(err)
	}
	s, err := app.Connect(await.Context(t, nil), target, ConnectOptions{})
	if err != nil {
		t.Fatalf("a friend: %v", err)
	}
	s.Close()
}

// flood is what strangers send: offers of many keys, offers that say they are of
// yet others, and garbage.
type flood struct {
	t        *testing.T
	conns    []net.Conn
	messages [][]byte
	topic    string
	sent     atomic.Int64
}

func newFlood(t *testing.T, server, deviceID string) *flood {
	f := &flood{t: t, topic: "t2p/1/d/" + deviceID + "/rx"}
	for i := range 2000 {
		_, key, _ := ed25519.GenerateKey(rand.Reader)
		offer := sealedMessage(t, key, deviceID, map[string]any{
			"kind": "offer", "attempt": fmt.Sprint(i), "ufrag": "ufrag", "pwd": "0123456789012345678901",
			"candidates": []map[string]string{{"type": "host", "address": "192.0.2.1:1"}},
		})
		pretended := append([]byte(nil), offer...)
		rand.Read(pretended[1:33])
		garbage := make([]byte, 1+i*4)
		rand.Read(garbage)
		f.messages = append(f.messages, offer, pretended, garbage)
	}
	for range 4 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(server, "mqtt://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		f.conns = append(f.conns, conn)
	}
	return f
}

// start sends so many messages a second, as far as the machine can, until stop.
func (f *flood) start(perSecond int) (stop func()) {
	const tick = 10 * time.Millisecond
	done := make(chan struct{})
	var all sync.WaitGroup
	begin := time.Now()
	for i, conn := range f.conns {
		all.Go(func() {
			out := bufio.NewWriterSize(conn, 64<<10)
			ticker := time.NewTicker(tick)
			defer ticker.Stop()
			for n := 0; ; n++ {
				for n >= int(time.Since(begin).Seconds()*float64(perSecond)/float64(len(f.conns))) {
					out.Flush()
					select {
					case <-done:
						return
					case <-ticker.C:
					}
				}
				if publishPacket(f.topic, f.messages[(i+n)*7%len(f.messages)], false).Write(out) != nil {
					return
				}
				f.sent.Add(1)
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	return func() {
		close(done)
		all.Wait()
	}
}

// deviceProcess is a device in a process of its own.
type deviceProcess struct {
	id, ticket string
	pid        int
}

const deviceEnv = "THINGP2P_TEST_DEVICE"

func startDeviceProcess(t *testing.T, server string) *deviceProcess {
	t.Helper()
	cmd, in, out := startSelf(t, deviceEnv, server)
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the device: %v", err)
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == "device" {
			go io.Copy(io.Discard, out)
			return &deviceProcess{fields[1], fields[2], cmd.Process.Pid}
		}
	}
	t.Fatal("no device")
	return nil
}

func init() { otherProcesses[deviceEnv] = beDevice }

// beDevice is what that process does.
func beDevice(server string) error {
	d, err := NewDevice(Config{Server: server, DisableLAN: true})
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Listen(); err != nil {
		return err
	}
	fmt.Println("device", d.ID(), d.Ticket())
	go func() {
		for {
			if s, err := d.Accept(-1); err == ErrListenBreak {
				return
			} else if err == nil {
				defer s.Close()
			}
		}
	}()
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func (d *deviceProcess) proc(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", d.pid, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (d *deviceProcess) residentKB(t *testing.T) int {
	_, rest, _ := strings.Cut(d.proc(t, "status"), "VmRSS:")
	kb, _ := strconv.Atoi(strings.Fields(rest)[0])
	return kb
}

// cpuTime is what the process has used, in steps of 10 ms (proc_pid_stat(5)).
func (d *deviceProcess) cpuTime(t *testing.T) time.Duration {
	_, rest, _ := strings.Cut(d.proc(t, "stat"), ") ")
	fields := strings.Fields(rest)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// rest returns once the process has nothing to do: it uses less than a tenth of a processor.
func (d *deviceProcess) rest(t *testing.T) {
	t.Helper()
	await.Until(t, "the device rests", func() bool {
		const while = time.Second
		before := d.cpuTime(t)
		time.Sleep(while)
		return d.cpuTime(t)-before < while/10
	})
}
