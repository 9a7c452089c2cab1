package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// guardedPackages run in a host's process, or serve many clients: those, and all in
// engine/internal. A panic there ends a packet, a session or a connection, never the
// process.
var guardedPackages = []string{
	"engine", "engine/signal", "engine/discovery", "engine/limit", "engine/ident", "engine/congestion", "engine/rendezvous", "capi",
}

// callbacks are fields, and calls by their last argument, that give a function of
// ours to a library, which calls it in any goroutine. Who needs another one adds it.
var callbacks = []string{
	// crypto/tls, which QUIC runs in a goroutine of its own
	"VerifyConnection", "VerifyPeerCertificate", "GetConfigForClient", "GetCertificate", "GetClientCertificate",
	// quic-go
	"VerifySourceAddress", "ConnContext", "Tracer", "AllowConnectionWindowIncrease", "ThingP2PWhenReadable",
	"ThingP2PWhenOpened",
	// pion/ice, pion/turn
	"BindingRequestHandler", "InterfaceFilter", "IPFilter", "OnCandidate", "OnSelectedCandidatePairChange",
	"OnConnectionStateChange", "AuthHandler", "PermissionHandler",
	// paho
	"SetCustomOpenConnectionFn", "SetConnectionLostHandler", "SetDefaultPublishHandler", "SetOnConnectHandler",
	"SetReconnectingHandler", "SetConnectionAttemptHandler", "SetConnectionNotificationHandler", "SetCredentialsProvider",
	"AddRoute", "Subscribe", "SubscribeMultiple",
	// net/http, and the runtime
	"HandlerFunc", "ConnState", "SetFinalizer", "AddCleanup",
}

// calledByLibraries are the methods of our types that a library calls in any
// goroutine, but for those that only return something.
var calledByLibraries = map[string][]string{
	"base.batchConn":     {"ReadBatch", "WriteMsgUDP"}, // quic-go
	"base.plainConn":     {"ReadFrom", "WriteTo"},
	"base.SideConn":      {"ReadFrom", "WriteTo", "SetReadDeadline"},
	"base.sideBatchConn": {"ReadBatch", "ReadMsgUDP", "WriteMsgUDP"},

	"base.AgentMux":    {"GetConn"}, // pion/ice
	"base.STUNMux":     {"RemoveConnByUfrag"},
	"base.stunMuxConn": {"ReadFrom", "WriteTo", "Close"},

	"signal.checkedConn": {"Read", "Write", "Close"}, // paho

	"rendezvous.packetSocket": {"ReadFrom"}, // pion/turn
	"rendezvous.stream":       {"ReadFrom", "WriteTo"},
	"rendezvous.relay":        {"ReadFrom", "WriteTo", "Close"},
	"rendezvous.desk":         {"AllocatePacketConn"},
	"rendezvous.iceHook":      {"OnPacketEncode"}, // mochi
}

func TestEveryStartIsGuarded(t *testing.T) {
	files := token.NewFileSet()
	methods := make(map[string]bool)
	internal, err := filepath.Glob("internal/*")
	if err != nil || len(internal) == 0 {
		t.Fatal("no internal packages", err)
	}
	dirs := slices.Clone(guardedPackages)
	for _, dir := range internal {
		dirs = append(dirs, "engine/"+filepath.ToSlash(dir))
	}
	for _, dir := range dirs {
		parsed := parseSources(t, files, dir)
		for _, wrong := range unguarded(files, parsed) {
			t.Error(wrong)
		}
		for _, file := range parsed {
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok {
					methods[file.Name.Name+"."+receiver(f)+"."+f.Name.Name] = true
				}
			}
		}
	}
	for of, names := range calledByLibraries {
		for _, name := range names {
			if !methods[of+"."+name] {
				t.Errorf("%s has no method %s any more: take it off the list", of, name)
			}
		}
	}
}

func parseSources(t *testing.T, files *token.FileSet, dir string) (parsed []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	if len(parsed) == 0 {
		t.Fatalf("the source of %s was not found", dir)
	}
	return parsed
}

// unguarded says what is wrong in a package.
func unguarded(files *token.FileSet, pkg []*ast.File) (wrong []string) {
	say := func(n ast.Node, text string) {
		wrong = append(wrong, files.Position(n.Pos()).String()+": "+text+"; see package panics")
	}
	waitGroups := waitGroupNames(pkg)
	checkCallback := func(name string, value ast.Expr) {
		if id, ok := value.(*ast.Ident); !slices.Contains(callbacks, name) || ok && id.Name == "nil" {
			return
		}
		if f, ok := value.(*ast.FuncLit); !ok || !isGuarded(f.Type, f.Body) {
			say(value, name+" gets a function that a library calls in any goroutine: give it a function literal that begins with defer guard.Recover(), or defer guard.RecoverTo(&err) if it returns an error")
		}
	}
	for _, file := range pkg {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				say(n, "a go statement: use Go of a panics.Group that its owner waits for, or of a panics.Guard")
			case *ast.ImportSpec:
				if n.Path.Value == `"golang.org/x/sync/errgroup"` {
					say(n, "errgroup: use a panics.Group")
				}
			case *ast.SelectorExpr:
				switch types.ExprString(n) {
				case "time.AfterFunc":
					say(n, "time.AfterFunc: use After of a panics.Guard")
				case "context.AfterFunc":
					say(n, "context.AfterFunc: use WhenDone of a panics.Guard")
				}
				if n.Sel.Name == "Go" && waitGroups[lastName(n.X)] {
					say(n, "Go of a sync.WaitGroup: use a panics.Group")
				}
			case *ast.CallExpr:
				if called, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) > 0 {
					checkCallback(called.Sel.Name, n.Args[len(n.Args)-1])
				}
			case *ast.KeyValueExpr:
				checkCallback(lastName(n.Key), n.Value)
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					if _, ok := left.(*ast.SelectorExpr); ok && len(n.Rhs) == len(n.Lhs) {
						checkCallback(lastName(left), n.Rhs[i])
					}
				}
			case *ast.StructType:
				for _, field := range n.Fields.List {
					if len(field.Names) == 0 && types.ExprString(field.Type) == "sync.WaitGroup" {
						say(field, "an embedded sync.WaitGroup, whose Go hides: use a panics.Group, or give it a name")
					}
				}
			case *ast.FuncDecl:
				if n.Body == nil {
					return true
				}
				if slices.Contains(calledByLibraries[file.Name.Name+"."+receiver(n)], n.Name.Name) && !isGuarded(n.Type, n.Body) {
					say(n, receiver(n)+"."+n.Name.Name+" is called by a library in any goroutine: it must begin with defer guard.RecoverTo(&err), or defer guard.Recover() if it returns no error")
				}
				if isExported(n) && !beginsWith(n.Body, "guard(&result)") {
					say(n, n.Name.Name+" is called from C: it must begin with defer guard(&result)")
				}
				for _, lock := range unlockedTwice(n.Body) {
					say(n, n.Name.Name+" unlocks "+lock+" once more if it panics after its own Unlock, which ends the process whoever recovers: use unlocked")
				}
			case *ast.FuncLit:
				for _, lock := range unlockedTwice(n.Body) {
					say(n, "the function unlocks "+lock+" once more if it panics after its own Unlock, which ends the process whoever recovers: use unlocked")
				}
			}
			return true
		})
	}
	return wrong
}

// isGuarded reports whether a function begins with a deferred guard, after other
// deferred calls and plain assignments at most. One that returns an error must not
// return nil because it has panicked.
func isGuarded(signature *ast.FuncType, body *ast.BlockStmt) bool {
	fails := signature.Results != nil && slices.ContainsFunc(signature.Results.List, func(r *ast.Field) bool {
		return types.ExprString(r.Type) == "error"
	})
	for _, s := range body.List {
		d, ok := s.(*ast.DeferStmt)
		if _, plain := s.(*ast.AssignStmt); !ok && !plain {
			return false
		}
		if !ok {
			continue
		}
		switch lastName(d.Call.Fun) {
		case "Recover":
			return !fails
		case "RecoverTo":
			return fails
		}
	}
	return false
}

func beginsWith(body *ast.BlockStmt, call string) bool {
	if len(body.List) == 0 {
		return false
	}
	d, ok := body.List[0].(*ast.DeferStmt)
	return ok && types.ExprString(d.Call) == call
}

func isExported(f *ast.FuncDecl) bool {
	return f.Doc != nil && slices.ContainsFunc(f.Doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//export ") })
}

func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	return strings.TrimPrefix(types.ExprString(f.Recv.List[0].Type), "*")
}

// lastName is d of a.b.c.d.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// waitGroupNames are the names of fields and variables of type sync.WaitGroup.
func waitGroupNames(pkg []*ast.File) map[string]bool {
	names := make(map[string]bool)
	add := func(of ast.Expr, called ...*ast.Ident) {
		if of != nil && strings.TrimPrefix(types.ExprString(of), "*") == "sync.WaitGroup" {
			for _, name := range called {
				names[name.Name] = true
			}
		}
	}
	for _, file := range pkg {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Field:
				add(n.Type, n.Names...)
			case *ast.ValueSpec:
				add(n.Type, n.Names...)
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					name, ok := left.(*ast.Ident)
					if !ok || len(n.Rhs) != len(n.Lhs) {
						continue
					}
					switch made := types.ExprString(n.Rhs[i]); made {
					case "sync.WaitGroup{}", "&sync.WaitGroup{}", "new(sync.WaitGroup)":
						names[name.Name] = true
					}
				}
			}
			return true
		})
	}
	return names
}

// unlockedTwice are the locks that a function unlocks by defer and by itself.
func unlockedTwice(body *ast.BlockStmt) (locks []string) {
	deferred, plain := make(map[string]bool), make(map[string]bool)
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.DeferStmt:
			if lock, ok := unlocks(n.Call); ok {
				deferred[lock] = true
			}
			return false
		case *ast.CallExpr:
			if lock, ok := unlocks(n); ok {
				plain[lock] = true
			}
		}
		return true
	})
	for lock := range deferred {
		if plain[lock] {
			locks = append(locks, lock)
		}
	}
	return locks
}

func unlocks(call *ast.CallExpr) (lock string, ok bool) {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || f.Sel.Name != "Unlock" && f.Sel.Name != "RUnlock" {
		return "", false
	}
	return types.ExprString(f.X), true
}

// TestUnguardedStartsAreCaught shows that the test above sees what it is for.
func TestUnguardedStartsAreCaught(t *testing.T) {
	for _, c := range []struct{ source, want string }{ // want "": nothing is wrong
		{"func f() { go work() }", "a go statement"},
		{"func f() { time.AfterFunc(1, work) }", "time.AfterFunc"},
		{"var later = time.AfterFunc", "time.AfterFunc"},
		{"func f() { context.AfterFunc(ctx, work) }", "context.AfterFunc"},
		{"type T struct { a, wg sync.WaitGroup }; func (t *T) f() { t.wg.Go(work) }", "sync.WaitGroup"},
		{"func f() { var all sync.WaitGroup; all.Go(work) }", "sync.WaitGroup"},
		{"func f() { all := new(sync.WaitGroup); all.Go(work) }", "sync.WaitGroup"},
		{"type T struct { sync.WaitGroup }", "embedded"},
		{"import \"golang.org/x/sync/errgroup\"", "errgroup"},
		{"func f() { a.OnCandidate(work) }", "OnCandidate"},
		{"func f() { a.OnCandidate(func(c ice.Candidate) { work(c) }) }", "OnCandidate"},
		{"func f() { o.SetDefaultPublishHandler(c.receive) }", "SetDefaultPublishHandler"},
		{"func f() { c.SubscribeMultiple(topics, work) }", "SubscribeMultiple"},
		{"var c = tls.Config{VerifyConnection: verify}", "VerifyConnection"},
		{"func f() { c.GetConfigForClient = func(h *tls.ClientHelloInfo) (_ *tls.Config, err error) { return nil, nil } }", "GetConfigForClient"},
		{"func f() { c.VerifyConnection = func(s tls.ConnectionState) (err error) { defer guard.Recover(); return nil } }", "VerifyConnection"},
		{"func (c *plainConn) WriteTo(p []byte, to net.Addr) (n int, err error) { return 0, nil }", "plainConn.WriteTo"},
		{"//export f\nfunc f() (result C.int) { return 0 }", "called from C"},
		{"func f() { mu.Lock(); defer mu.Unlock(); mu.Unlock(); work(); mu.Lock() }", "unlocks mu once more"},
		{"func f() { func() { mu.Lock(); defer mu.Unlock(); mu.Unlock(); work(); mu.Lock() }() }", "unlocks mu once more"},

		{"func f() { g.Go(work); g.After(1, work); g.WhenDone(ctx, work) }", ""},
		{"type T struct { wg sync.WaitGroup; g panics.Group }; func (t *T) f() { t.wg.Add(1); t.g.Go(work) }", ""},
		{"func f() { a.OnCandidate(func(c ice.Candidate) { defer guard.Recover(); work(c) }) }", ""},
		{"func f() { c.SubscribeMultiple(topics, nil) }", ""},
		{"func f() { c.VerifyConnection = func(s tls.ConnectionState) (err error) { defer guard.RecoverTo(&err); return nil } }", ""},
		{"func (c *plainConn) WriteTo(p []byte, to net.Addr) (n int, err error) { defer c.guard.RecoverTo(&err); return 0, nil }", ""},
		{"//export f\nfunc f() (result C.int) { defer guard(&result); return 0 }", ""},
		{"func f() { mu.Lock(); work(); mu.Unlock(); other.Lock(); defer other.Unlock() }", ""},
	} {
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, "broken.go", "package base\n"+c.source, parser.ParseComments)
		if err != nil {
			t.Fatalf("%s: %v", c.source, err)
		}
		got := unguarded(files, []*ast.File{file})
		if c.want == "" && len(got) > 0 || c.want != "" && (len(got) == 0 || !strings.Contains(got[0], c.want)) {
			t.Errorf("%s\ngives %q, want %q", c.source, got, c.want)
		}
	}
}
