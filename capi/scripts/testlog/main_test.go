package main

import (
	"io"
	"strings"
	"testing"
)

func TestTellsWhatFailedWhatWasSkippedAndWhy(t *testing.T) {
	const in = `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:7: got 1, want 2\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:5: missing: nft\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"fail","Package":"p","Test":"TestB","Elapsed":1.5}
{"Action":"pass","Package":"p","Test":"TestC","Elapsed":0}
no JSON at all
{"Action":"fail","Package":"p","Elapsed":2}`
	const want = `SKIPPED p TestA: missing: nft
FAILED  p TestB (1.5 s)
    b_test.go:7: got 1, want 2
no JSON at all
FAILED  p  (2.0 s)
1 tests passed
`
	var out strings.Builder
	s := summary{log: io.Discard, out: &out, output: make(map[key]*strings.Builder)}
	if err := s.read(strings.NewReader(in)); err != nil {
		t.Fatal(err)
	}
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
}
