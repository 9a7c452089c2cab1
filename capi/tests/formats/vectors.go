package formats

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Vector is one thing that is read, and what it says.
type Vector struct {
	Name  string `json:"name"`
	With  Fields `json:"with"`  // what a reader is given: bytes in hex
	Reads Fields `json:"reads"` // null: it refuses
}

// update is the variable that makes tests write their vectors anew.
const update = "THINGP2P_UPDATE_VECTORS"

// CheckVectors reads the vectors of a file with both implementations. With THINGP2P_UPDATE_VECTORS=1 it first writes them: what
// made returns, and what the first implementation reads of it. That is for a format that has changed, and no other reason.
func CheckVectors(t *testing.T, file, do string, made func() []Vector, read func(with Fields) Fields) {
	t.Helper()
	if os.Getenv(update) != "" {
		write(t, file, made(), read)
	}
	vectors := Vectors(t, file)
	if len(vectors) != len(made()) {
		t.Errorf("%s has %d vectors, the test makes %d", file, len(vectors), len(made()))
	}
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			first := read(v.With)
			if (first == nil) != (v.Reads == nil) || !same(first, v.Reads) {
				t.Errorf("Go reads %v, want %v", first, v.Reads)
			}
			Agree(t, do, v.With, v.Reads)
		})
	}
}

// Vectors are those in a file.
func Vectors(t testing.TB, file string) (vectors []Vector) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &vectors)
	}
	if err != nil {
		t.Fatalf("%s: %v; %s=1 makes the file", file, err, update)
	}
	return vectors
}

func write(t *testing.T, file string, vectors []Vector, read func(Fields) Fields) {
	t.Helper()
	for i := range vectors {
		vectors[i].Reads = read(vectors[i].With)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(vectors); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Sort puts vectors in an order that is always the same.
func Sort(vectors []Vector) {
	slices.SortFunc(vectors, func(a, b Vector) int { return strings.Compare(a.Name, b.Name) })
}
