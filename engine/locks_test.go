package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// declared are the methods and functions of the engine, as "type.method" or "function", and its locks, as "type.field".
func declared(t *testing.T) (functions, locks map[string]bool) {
	t.Helper()
	functions, locks = make(map[string]bool), make(map[string]bool)
	files, err := filepath.Glob("internal/*/*.go")
	own, err2 := filepath.Glob("*.go")
	if err != nil || err2 != nil || len(files) == 0 {
		t.Fatal("no sources", err, err2)
	}
	for _, name := range append(files, own...) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				functions[strings.TrimPrefix(receiver(n)+"."+n.Name.Name, ".")] = true
			case *ast.TypeSpec:
				s, ok := n.Type.(*ast.StructType)
				if !ok {
					return true
				}
				for _, field := range s.Fields.List {
					if kind := types.ExprString(field.Type); kind == "sync.Mutex" || kind == "sync.RWMutex" {
						for _, f := range field.Names {
							locks[n.Name.Name+"."+f.Name] = true
						}
					}
				}
			}
			return true
		})
	}
	return functions, locks
}

// section is what a README says under a heading.
func section(t *testing.T, file, heading string) string {
	t.Helper()
	_, text, found := strings.Cut(readme(t, file), "\n### "+heading+"\n")
	if !found {
		t.Fatalf("%s has no %q", file, heading)
	}
	text, _, _ = strings.Cut(text, "\n##")
	return text
}

// TestEachLockHasItsPlace: who adds a lock says where it stands in the order.
func TestEachLockHasItsPlace(t *testing.T) {
	text := section(t, "README.md", "Locks")
	_, locks := declared(t)
	for lock := range locks {
		if !regexp.MustCompile(`(?i)\b` + regexp.QuoteMeta(lock) + `\b`).MatchString(text) {
			t.Errorf("README.md, Locks, does not name %s", lock)
		}
	}
	for _, named := range regexp.MustCompile(`\b\w+\.(?:mu|Mu|relayMu|saving)\b`).FindAllString(text, -1) {
		known := named == "Client.mu" // of signal
		for lock := range locks {
			known = known || strings.EqualFold(lock, named)
		}
		if !known {
			t.Errorf("README.md, Locks, names %s, which is none", named)
		}
	}
}

// TestTheWaysAreThere: who follows one of README's lists finds each name.
func TestTheWaysAreThere(t *testing.T) {
	functions, _ := declared(t)
	named := 0
	for _, line := range strings.Split(section(t, "README.md", "Three ways, from top to bottom"), "\n") {
		if len(line) < 13 || strings.HasPrefix(line, "```") {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimSpace(line[13:]), " ")
		if !strings.Contains(name, ".") && !strings.HasPrefix(name, "new") {
			continue
		}
		named++
		if !functions[name] {
			t.Errorf("there is no %s", name)
		}
	}
	if named < 20 {
		t.Errorf("%d names", named)
	}
}
