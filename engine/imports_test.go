package engine_test

import (
	"go/parser"
	"go/token"
	"io/fs"
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
	if len(imports["engine/agent.go"]) == 0 || len(imports["engine/signal/link.go"]) == 0 {
		t.Fatal("the source was not found")
	}
	return imports
}

// isWithin reports whether a package is in the tree under one of ours.
func isWithin(imported, room string) bool {
	return imported == module+room || strings.HasPrefix(imported, module+room+"/")
}

func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".") && imported != "C"
}

// TestImportsPointOneWay keeps the picture easy to draw:
//
//	capi ──► engine ──► signal ──► ident ◄── rendezvous ◄── thingp2pd
//	           ├──────► discovery ──► ident
//	           └──────► congestion
//
// Below ident and congestion there is only the standard library, and the curve;
// limit and plainjson are for whoever talks to strangers, and panics for whoever starts
// anything.
func TestImportsPointOneWay(t *testing.T) {
	for file, imports := range sourceImports(t) {
		for _, imported := range imports {
			ours := strings.HasPrefix(imported, module)
			wrong := false
			switch dir := path.Dir(file); {
			case imported == module+"engine/panics" && dir != "engine/congestion":
			case dir == "engine/panics":
				wrong = !isStandard(imported)
			case dir == "engine/congestion":
				wrong = !isStandard(imported)
			case dir == "engine/ident":
				wrong = !isStandard(imported) && imported != "filippo.io/edwards25519"
			case dir == "engine/congestion/sim": // for its tests
				wrong = !isStandard(imported) && imported != module+"engine/congestion"
			case dir == "engine/limit" || dir == "engine/plainjson":
				wrong = ours
			case imported == module+"engine/plainjson" && (dir == "engine" || dir == "engine/signal"):
			case dir == "engine/discovery" || dir == "engine/signal":
				wrong = ours && imported != module+"engine/ident" && imported != module+"engine/limit"
			case strings.HasPrefix(dir, "engine/rendezvous"):
				wrong = ours && !isWithin(imported, "engine/rendezvous") && imported != module+"engine/ident" && imported != module+"engine/limit"
			case dir == "engine":
				rooms := []string{"engine/signal", "engine/discovery", "engine/congestion", "engine/ident", "engine/limit"}
				wrong = ours && !slices.ContainsFunc(rooms, func(room string) bool { return isWithin(imported, room) })
			case dir == "capi":
				wrong = ours && imported != module+"engine"
			case dir == "engine/cmd/thingp2pd":
				wrong = ours && !isWithin(imported, "engine/rendezvous")
			}
			if wrong {
				t.Errorf("%s must not import %s", file, imported)
			}
		}
	}
}

// TestOneFileKnowsEachLibrary: who wants to replace one has one file to change.
func TestOneFileKnowsEachLibrary(t *testing.T) {
	for library, allowed := range map[string]string{
		"github.com/pion/ice/":                "engine/agent.go",
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
