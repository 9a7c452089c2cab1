package nat

import (
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

const root = "../../.."

var workDir string

func TestMain(m *testing.M) {
	var err error
	if workDir, err = os.MkdirTemp("", "thingp2p-nat-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(workDir)
	os.Exit(code)
}

// built is the directory of the library, the server, and the C programs of
// this folder.
var built = sync.OnceValues(func() (string, error) {
	dir := os.Getenv("THINGP2P_BUILD_DIR")
	if dir == "" {
		dir = workDir
		for _, what := range []string{"lib", "server"} {
			cmd := exec.Command(root+"/build.sh", what)
			cmd.Env = append(os.Environ(), "THINGP2P_BUILD_DIR="+dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				return "", fmt.Errorf("build.sh %s: %w\n%s", what, err, out)
			}
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for _, program := range []string{"app", "device"} {
		out, err := exec.Command("cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic",
			"-Wno-unused-function", "-I"+root+"/include", "-I"+root+"/examples_c", "-I../c", "programs/"+program+".c", "-o", filepath.Join(workDir, program),
			"-L"+dir, "-Wl,-rpath,"+dir, "-lthingp2p", "-lpthread").CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("cc %s.c: %w\n%s", program, err, out)
		}
	}
	return dir, nil
})

// running are the process ids of all programs that run: a machine that is busy makes some of them wait.
var running = make(map[int]bool)

// stopwatch stands still while this process or a program waits for a processor.
func stopwatch() *await.Stopwatch { return await.Start(slices.Collect(maps.Keys(running))...) }

// program is a running program that prints lines.
type program struct {
	*lab.Program
	t *testing.T
}

// start runs a program in a namespace until the test ends.
func start(t *testing.T, h *lab.Host, server, path string, args ...string) *program {
	t.Helper()
	return startWith(t, h, []string{"THINGP2P_SERVER=" + server}, path, args...)
}

func startWith(t *testing.T, h *lab.Host, environment []string, path string, args ...string) *program {
	t.Helper()
	p := &program{h.Start(t, environment, path, args...), t}
	running[p.Cmd.Process.Pid] = true
	t.Cleanup(func() { delete(running, p.Cmd.Process.Pid) })
	return p
}

// line waits for as long as the program runs: it has a patience of its own.
func (p *program) line() string {
	p.t.Helper()
	line, ok := <-p.Lines
	if !ok {
		p.t.Fatalf("%s ended", p.Cmd.Path)
	}
	return line
}

// order sends a line and returns the answer.
func (p *program) order(order string) string {
	p.t.Helper()
	if _, err := io.WriteString(p.Stdin, order+"\n"); err != nil {
		p.t.Fatal(err)
	}
	return p.line()
}

func directory(t *testing.T) string {
	t.Helper()
	dir, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func startServer(t *testing.T, h *lab.Host, flags ...string) (url string) {
	t.Helper()
	url, _ = startServerToKill(t, h, flags...)
	return url
}

func startServerToKill(t *testing.T, h *lab.Host, flags ...string) (url string, kill func()) {
	t.Helper()
	p := start(t, h, "", filepath.Join(directory(t), "thingp2pd"), append([]string{"-public-ip", h.IP().String(),
		"-secret", filepath.Join(t.TempDir(), "secret")}, flags...)...)
	_, url, ok := strings.Cut(p.line(), "server=")
	if !ok {
		t.Fatal("thingp2pd does not say where it is")
	}
	return strings.Fields(url)[0], func() {
		p.Cmd.Process.Kill()
		for range p.Lines { // until it is gone
		}
	}
}

// startDevice returns its ticket.
func startDevice(t *testing.T, h *lab.Host, server string) (ticket string) {
	t.Helper()
	return start(t, h, server, filepath.Join(workDir, "device")).line()
}

func startApp(t *testing.T, h *lab.Host, server string) *program {
	t.Helper()
	return start(t, h, server, filepath.Join(workDir, "app"))
}

// connection is one that an app has made.
type connection struct {
	path int           // at first
	took time.Duration // as the app measured it
	own  time.Duration // without what the machine had no processor for
}

func (c connection) String() string {
	return fmt.Sprintf("%v (%v)", c.took, c.own.Round(time.Millisecond))
}

func (p *program) connect(ticket string) connection {
	p.t.Helper()
	return p.connected("connect " + ticket)
}

// connected wants a connection in the time that the library gives one by itself.
func (p *program) connected(order string) connection {
	p.t.Helper()
	const most = 15 * time.Second
	var path, took int
	clock := stopwatch()
	answer := p.order(order)
	if _, err := fmt.Sscanf(answer, "connected %d %d", &path, &took); err != nil {
		p.t.Fatalf("%.20s…: %s", order, answer)
	}
	c := connection{path: path, took: time.Duration(took) * time.Millisecond}
	if c.own = clock.Less(c.took); c.own > most {
		p.t.Errorf("%.20s…: took %v", order, c)
	}
	return c
}

// settle waits until the app's session is on one of some paths, and returns how long that took.
func (p *program) settle(paths ...string) (took, own time.Duration) {
	p.t.Helper()
	started, clock := time.Now(), stopwatch()
	await.Until(p.t, fmt.Sprint("the app's path is ", paths), func() bool { return slices.Contains(paths, p.order("own")) })
	return time.Since(started), clock.Elapsed()
}

// settleBoth waits until the app and the device are on a path; no transfer may run.
func (p *program) settleBoth(path string) {
	p.t.Helper()
	await.Until(p.t, "app and device are on path "+path, func() bool { return p.order("path") == path+" "+path })
}

// flow waits until a transfer has moved so many bytes.
func (p *program) flow(bytes int) {
	p.t.Helper()
	await.Until(p.t, fmt.Sprint(bytes, " bytes have moved"), func() bool {
		moved, err := strconv.Atoi(p.order("moved"))
		return err != nil || moved >= bytes
	})
}

// transfer moves bytes and checks each.
func (p *program) transfer(order string) {
	p.t.Helper()
	p.order(order)
	if answer := p.order("done"); answer != "ok" {
		p.t.Fatalf("%s: %s", order, answer)
	}
}
