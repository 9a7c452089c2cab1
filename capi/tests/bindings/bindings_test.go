package bindings

import (
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

// A language has the program "scenario", whose last argument is the ticket, and others that are given none: "arguments" hands the
// library what it must refuse. build makes them in a folder with the library that is installed in prefix, and returns the
// command that runs one, and what they need in their environment.
type language struct {
	name   string
	others []string
	build  func(t *testing.T, prefix, dir string) (command func(program string) []string, env []string)
}

// Go is missing: its scenario needs no program. C's arguments are among its own tests.
var languages = []language{
	{"c", nil, buildC},
	{"c++", []string{"arguments"}, buildCXX},
	{"c++_static", []string{"arguments"}, buildCXXStatic},
	{"objective-c", []string{"arguments", "members"}, buildObjectiveC},
	{"java", []string{"arguments"}, buildJava},
	{"python", []string{"arguments", "aio_many"}, buildPython},
	{"rust", []string{"arguments"}, buildRust},
	{"tokio", nil, buildTokio},
	{"node", []string{"arguments", "many"}, buildNode},
}

func TestScenario(t *testing.T) {
	prefix := install(t)
	server := startServer(t, prefix)
	ticket := startDevice(t, prefix, server)
	for _, l := range languages {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			command, env := l.build(t, prefix, t.TempDir())
			// Devices that a program opens itself use the server by its option.
			run := func(program string, arguments ...string) {
				t.Helper()
				words := append(command(program), arguments...)
				out := shell.Run(t, shell.RunTimeout, append(env, "THINGP2P_SERVER="+server), words[0], words[1:]...)
				if !strings.HasPrefix(out, "ok: ") {
					t.Fatalf("%s printed %q", program, out)
				}
				t.Log(out)
			}
			for _, program := range l.others {
				run(program)
			}
			run("scenario", ticket)
		})
	}
	t.Run("poller", func(t *testing.T) {
		t.Parallel()
		echoOfPoller(t, prefix, server)
	})
	t.Run("go", func(t *testing.T) {
		t.Parallel()
		scenarioInGo(t, server, ticket)
	})
}
