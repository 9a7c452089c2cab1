package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// decoders are the calls that make something of bytes, or hand them to a library that does.
var decoders = map[string]bool{
	"json.Unmarshal": true, "plainjson.Unmarshal": true, "io.ReadFull": true, "url.Parse": true, "netip.ParseAddr": true, "netip.ParseAddrPort": true,
	"strconv.ParseInt": true, "strconv.ParseUint": true, "strconv.Atoi": true, "stun.IsMessage": true, "stun.ParseURI": true,
	"hpke.NewRecipient": true, "ice.NewAgent": true, "pion.NewServer": true, "packets.ReadPacket": true,
	".Uint16": true, ".Uint32": true, ".Uint64": true, ".DecodeString": true, ".Decode": true, ".HandleInbound": true,
	".EstablishConnection": true, ".Upgrade": true, ".NextReader": true, ".GetFrom": true,
}

// otherwise says of functions that call one of them, and that no target calls by name, which one reaches them all the same,
// and how; or, without a target, whose bytes they read.
var otherwise = map[string]struct{ target, why string }{
	"engine.AddAddress":          {"", "the caller's"},
	"rendezvous.withReason":      {"", "its own answer"},
	"base.Alias":                 {"", "its own"},
	"base.isRequest":             {"", "an ICE agent's of this process"},
	"base.request":               {"FuzzSTUNMux", "by deliver"},
	"base.controlled":            {"", "QUIC's of this process, and the kernel's"},
	"discovery.indexOf":          {"", "the caller's"},
	"hosts.nameserverNow":        {"", "the system's"},
	"hosts.nameservers":          {"", "the system's"},
	"main.number":                {"FuzzOptions", "by the table of options"},
	"rendezvous.AdmitByService":  {"", "the operator's"},
	"rendezvous.isHost":          {"", "the operator's"},
	"rendezvous.Read":            {"FuzzWebSocket", "by io.Copy"},
	"rendezvous.boundIP":         {"", "the operator's"},
	"rendezvous.homeAsked":       {"FuzzTURN", "by pion, for who wants a relay"},
	"rendezvous.isErrorResponse": {"", "the server's own answers"},
	"rendezvous.isCalled":        {"FuzzBroker", "by a hook"},
	"rendezvous.setOffer":        {"", "the operator's"},
	"rendezvous.serve":           {"FuzzTURN", "one of several methods of this name"},
	"signal.Read":                {"FuzzWebSocket", "one of two methods of this name"},
	"signal.next":                {"FuzzFrames", "one of two functions of this name"},
}

// TestEachParserIsFuzzed: each function that reads what strangers send is reached by a fuzz target of its package.
func TestEachParserIsFuzzed(t *testing.T) {
	used := make(map[string]bool)
	internal, err := filepath.Glob("internal/*")
	if err != nil || len(internal) == 0 {
		t.Fatal("no internal packages", err)
	}
	for _, dir := range append(internal, ".", "signal", "discovery", "ident", "limit", "rendezvous", "../capi") {
		p := parsePackage(t, dir)
		reached := p.fuzzed()
		for name, call := range p.parsers() {
			full := p.name + "." + name
			other, ok := otherwise[full]
			used[full] = ok && !reached[name]
			if !reached[name] && (!ok || other.target != "" && p.functions[other.target] == nil) {
				t.Errorf("%s calls %s, and no fuzz target reaches it: write one, or say in otherwise how one does or whose bytes it reads", full, call)
			}
		}
	}
	for name := range otherwise {
		if !used[name] {
			t.Errorf("otherwise has no use for %s", name)
		}
	}
}

// sources is a package: its functions, by name.
type sources struct {
	name      string
	functions map[string][]*ast.FuncDecl
	tests     map[*ast.FuncDecl]bool
}

func parsePackage(t *testing.T, dir string) *sources {
	t.Helper()
	p := &sources{functions: make(map[string][]*ast.FuncDecl), tests: make(map[*ast.FuncDecl]bool)}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no sources, %v", dir, err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		p.name = strings.TrimSuffix(parsed.Name.Name, "_test")
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
				p.functions[f.Name.Name] = append(p.functions[f.Name.Name], f)
				p.tests[f] = strings.HasSuffix(file, "_test.go")
			}
		}
	}
	return p
}

// parsers are the functions that call a decoder, and which one.
func (p *sources) parsers() map[string]string {
	found := make(map[string]string)
	for name, functions := range p.functions {
		for _, f := range functions {
			if p.tests[f] {
				continue
			}
			for _, call := range calls(f) {
				pkg, method, _ := strings.Cut(call, ".")
				if decoders[call] || pkg != "" && decoders["."+method] {
					found[name] = call
				}
			}
		}
	}
	return found
}

// fuzzed are the names of the functions that a fuzz target calls, directly or not. What has a name that others have, too, is
// not followed, nor is a target that needs a whole world, since it calls everything.
func (p *sources) fuzzed() map[string]bool {
	reached := make(map[string]bool)
	var follow func(f *ast.FuncDecl)
	follow = func(f *ast.FuncDecl) {
		for _, call := range calls(f) {
			name := call[strings.LastIndex(call, ".")+1:]
			if next := p.functions[name]; len(next) == 1 && !reached[name] {
				reached[name] = true
				follow(next[0])
			}
		}
	}
	for name, functions := range p.functions {
		for _, f := range functions {
			if strings.HasPrefix(name, "Fuzz") && p.tests[f] && !strings.Contains(strings.Join(calls(f), " "), "inWorld") {
				follow(f)
			}
		}
	}
	return reached
}

// calls are what a function calls, or names: "f", "x.f" for a function of package x or a method of something in x, "?.f" for
// one of something else. What it passes to one of but, a function that it calls, is left out.
func calls(f *ast.FuncDecl, but ...string) []string {
	var all []string
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			all = append(all, n.Name)
		case *ast.SelectorExpr:
			all = append(all, selector(n))
		case *ast.CallExpr:
			return !slices.Contains(but, called(n))
		}
		return true
	})
	return all
}

// called is the name of what is called, as calls gives it.
func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return selector(f)
	}
	return ""
}

func selector(s *ast.SelectorExpr) string {
	if x, ok := s.X.(*ast.Ident); ok {
		return x.Name + "." + s.Sel.Name
	}
	return "?." + s.Sel.Name
}
