package engine_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

const module = "github.com/thingp2p/libthingp2p/"

// sourceImports are the imports of each non-test file of the module, by its
// path from the module's root.
func sourceImports(t *testing.T) map[string][]string {
	t.Helper()
	imports := make(map[string][]string)
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel("..", file)
		name = filepath.ToSlash(name)
		if d.IsDir() && (name == "build" || strings.HasPrefix(d.Name(), ".") && name != "." || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		imports[name] = nil
		for _, i := range parsed.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			imports[name] = append(imports[name], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(imports["engine/app.go"]) == 0 || len(imports["engine/signal/link.go"]) == 0 {
		t.Fatal("the source was not found")
	}
	return imports
}

func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".") && imported != "C"
}

// above says which of our packages a package may import: those of its line and what
// those may. Who is not in it is free: tests, the bench, and tools.
//
//	capi ──► engine ──► signal, discovery ──► ident ◄── rendezvous ◄── thingp2pd
//	           └──► internal/… ──► congestion
var above = map[string]string{
	"engine/panics":            "",
	"engine/limit":             "",
	"engine/plainjson":         "",
	"engine/congestion":        "",
	"engine/lab/trace":         "",
	"engine/congestion/sim":    "engine/congestion engine/lab/trace",
	"engine/ident":             "engine/panics",
	"engine/discovery":         "engine/ident engine/internal/hosts engine/limit",
	"engine/signal":            "engine/ident engine/internal/patience engine/limit engine/plainjson",
	"engine/internal/codes":    "",
	"engine/internal/waitlist": "",
	"engine/internal/patience": "",
	"engine/internal/hosts":    "engine/internal/patience",
	"engine/internal/names":    "engine/internal/codes engine/signal",
	"engine/internal/keys":     "engine/ident engine/panics",
	"engine/internal/gate":     "engine/discovery engine/internal/hosts",
	"engine/internal/state":    "engine/internal/keys engine/internal/names",
	"engine/internal/base":     "engine/discovery engine/signal engine/internal/codes engine/internal/hosts",
	"engine/internal/portmap":  "engine/internal/hosts engine/limit",
	"engine/internal/journal":  "engine/internal/codes engine/internal/hosts",
	"engine/internal/paths":    "engine/internal/base engine/internal/gate engine/internal/journal engine/internal/portmap",
	"engine/internal/channel":  "engine/internal/codes engine/internal/waitlist",
	"engine/internal/frames":   "engine/internal/codes engine/internal/waitlist",
	"engine/internal/ready":    "engine/internal/codes engine/internal/waitlist",
	"engine":                   "engine/internal/paths engine/internal/state engine/internal/channel engine/internal/frames engine/internal/ready",
	"capi":                     "engine",

	"engine/rendezvous":          "engine/ident engine/limit",
	"engine/cmd/thingp2pd/admin": "engine/cmd/thingp2pd/web engine/rendezvous",
	"engine/cmd/thingp2pd/auth":  "engine/cmd/thingp2pd/web engine/rendezvous",
	"engine/cmd/thingp2pd":       "engine/cmd/thingp2pd/admin engine/cmd/thingp2pd/auth engine/rendezvous",
}

func TestImportsPointOneWay(t *testing.T) {
	seen := map[string]bool{}
	for file, imports := range sourceImports(t) {
		dir := path.Dir(file)
		rule, known := above[dir]
		seen[dir] = true
		if !known {
			if strings.HasPrefix(dir, "engine/internal/") {
				t.Errorf("nothing says what %s may import", dir)
			}
			continue
		}
		may := mayImport(strings.Fields(rule))
		for _, imported := range imports {
			name, ours := strings.CutPrefix(imported, module)
			if ours && !may[name] && !(name == "engine/panics" && dir != "engine/congestion") {
				t.Errorf("%s must not import %s", file, imported)
			}
			if !ours && !isStandard(imported) && slices.Contains(plain, dir) && imported != "filippo.io/edwards25519" {
				t.Errorf("%s must not import %s", file, imported)
			}
		}
	}
	for dir := range above {
		if !seen[dir] {
			t.Errorf("there is no package %s", dir)
		}
	}
}

// plain packages need only the standard library, and the curve.
var plain = []string{"engine/panics", "engine/congestion", "engine/congestion/sim", "engine/ident", "engine/internal/codes", "engine/lab/trace"}

// mayImport adds what the packages may import themselves.
func mayImport(packages []string) map[string]bool {
	may := map[string]bool{}
	for _, p := range packages {
		may[p] = true
		maps.Copy(may, mayImport(strings.Fields(above[p])))
	}
	return may
}

// TestOneFileKnowsEachLibrary: who wants to replace one has one file to change.
func TestOneFileKnowsEachLibrary(t *testing.T) {
	for library, allowed := range map[string]string{
		"github.com/pion/ice/":                "engine/internal/paths/agent.go",
		"github.com/quic-go/quic-go":          "engine/quic*.go",
		"github.com/eclipse/paho.mqtt.golang": "engine/signal/link.go",
	} {
		known := false
		for file, imports := range sourceImports(t) {
			if strings.HasPrefix(file, "engine/bench/") { // it measures the libraries as they are, too
				continue
			}
			for _, imported := range imports {
				if !strings.HasPrefix(imported, library) {
					continue
				}
				ok, _ := path.Match(allowed, file)
				known = known || ok
				if !ok && file != "engine/rendezvous/outside.go" { // the server, as a client of another broker
					t.Errorf("%s imports %s; only %s may", file, imported, allowed)
				}
			}
		}
		if !known {
			t.Errorf("nobody imports %s", library)
		}
	}
}

func TestServerAndLibraryHaveOneVersion(t *testing.T) {
	if rendezvous.Version != engine.Version {
		t.Errorf("the server has %s, the library %s", rendezvous.Version, engine.Version)
	}
}
