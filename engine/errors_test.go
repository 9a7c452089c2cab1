package engine

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// eachSource calls visit with the syntax tree of each file of the engine that is no test.
func eachSource(t *testing.T, visit func(name string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err == nil {
			visit(name, file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Each constant of type Code is in the table, under its own name: ErrNoRelay is ERR_NO_RELAY.
func TestEachCodeIsInTheTable(t *testing.T) {
	words := regexp.MustCompile(`[A-Z]+(?:[a-z]+|$)`)
	constants := 0
	eachSource(t, func(name string, file *ast.File) {
		if name != "internal/codes/codes.go" {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 {
				return true
			}
			if of, ok := spec.Type.(*ast.Ident); !ok || of.Name != "Code" {
				return true
			}
			constants++
			want := strings.ToUpper(strings.Join(words.FindAllString(spec.Names[0].Name, -1), "_"))
			for _, c := range Codes() {
				if c.Name() == want {
					return true
				}
			}
			t.Errorf("%s is not in the table as %s", spec.Names[0].Name, want)
			return true
		})
	})
	if constants != len(Codes()) {
		t.Errorf("%d constants, %d codes in the table", constants, len(Codes()))
	}
}

// Go's users read Go's words: no text of the engine names a function or an option of C.
func TestTextsSpeakGo(t *testing.T) {
	ofC := regexp.MustCompile(`(?i)thing_p2p_|the option |\b(state_dir|ca_file|lan_port|port_mapping|max_sessions|accept_backlog|offline_ms|send_buffer)`)
	files := 0
	eachSource(t, func(name string, file *ast.File) {
		files++
		ast.Inspect(file, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				if ofC.MatchString(text.Value) {
					t.Errorf("%s: %s names a thing of C", name, text.Value)
				}
			}
			return true
		})
	})
	if files < 50 {
		t.Fatalf("only %d files were found", files)
	}
}

// Who imports this package needs no other for its codes.
func TestEachCodeHasItsNameHere(t *testing.T) {
	names := 0
	eachSource(t, func(name string, file *ast.File) {
		if name != "errors.go" {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				names += len(spec.Names)
			}
			return true
		})
	})
	if names != len(Codes()) {
		t.Errorf("%d of %d codes", names, len(Codes()))
	}
}

// README's table of the codes to expect has the numbers and names of the real one.
func TestReadmesCodes(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| (-\\d+) `(ERR_\\w+)` \\|").FindAllStringSubmatch(string(text), -1)
	for _, row := range rows {
		number, _ := strconv.Atoi(row[1])
		if name := Code(number).Name(); name != row[2] {
			t.Errorf("README calls %d %s; it is %s", number, row[2], name)
		}
	}
	if len(rows) < 5 {
		t.Errorf("README names %d codes", len(rows))
	}
}
