package bindings

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

// A language is one program: build makes it with the library that is installed in prefix, and returns the command that runs
// it, without its last argument, the ticket, and what it needs in its environment.
type language struct {
	name  string
	build func(t *testing.T, prefix, program string) (command, env []string)
}

// Go is missing: its scenario needs no program.
var languages = []language{
	{"c", buildC},
	{"c++", buildCXX},
	{"c++_static", buildCXXStatic},
	{"objective-c", buildObjectiveC},
	{"python", buildPython},
	{"rust", buildRust},
}

func TestScenario(t *testing.T) {
	prefix := install(t)
	server := startServer(t, prefix)
	ticket := startDevice(t, prefix, server)
	for _, l := range languages {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			command, env := l.build(t, prefix, filepath.Join(t.TempDir(), "program"))
			// Devices that the program opens itself use the server by its option.
			env = append(env, "THINGP2P_SERVER="+server)
			out := shell.Run(t, shell.RunTimeout, env, command[0], append(command[1:], ticket)...)
			if !strings.HasPrefix(out, "ok: ") {
				t.Fatalf("printed %q", out)
			}
			t.Log(out)
		})
	}
	t.Run("go", func(t *testing.T) {
		t.Parallel()
		scenarioInGo(t, server, ticket)
	})
}
