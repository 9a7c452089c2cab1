package engine_test

import (
	"go/ast"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// clocks are the calls that wait for the time to pass, or say when it will have.
var clocks = []string{
	"time.Sleep", "time.After", "time.AfterFunc", "time.Since", "time.Until", "time.Tick", "time.NewTicker", "time.NewTimer",
	"context.WithTimeout", "context.WithTimeoutCause", "context.WithDeadline", "context.WithDeadlineCause",
}

// patient are the calls that wait as long as they are told. Less than a second is for what is not to happen.
var patient = []string{".Accept", ".Read", ".Send", "connectIn", "attempt", "wantRefusal"}

// bubbles are the functions that run a function in fake time.
var bubbles = []string{"synctest.Test", "bubble.Run", "inBubble", "inWorld", "withBroker", "withServer", "withAdmission", "atHome"}

const inFakeTime = "it runs in bubbles only"

// realTime names the tests, and their helpers, that use the machine's clock all the same, and why a busy machine cannot
// break them.
var realTime = map[string]string{
	"capi/tests/nat TestServerRestartsUnderARelay": "the server is away for as long as that, or longer",
	"capi/tests/nat TestAppSleepsForLong":          "a process stands still for as long as that, or longer",
	"capi/tests/nat TestSleeps":                    "a process stands still for as long as that, or longer",
	"engine/signal Write":                          inFakeTime,
	"engine TestFramesThatBreakTheRules":           inFakeTime,

	"engine/cmd/thingp2pd/web TestManyConnections": "what must not happen has time to: on a busy machine it may go unseen, and nothing else is seen",

	"capi/tests/cluster TestCluster":              "it is printed",
	"capi/tests run":                              "a limit for what hangs",
	"capi/tests/nat TestLANFlood":                 "it floods for as long as that",
	"capi/tests/nat TestLANFloodFromManySources":  "it floods for as long as that",
	"capi/tests/nat settle":                       "it is printed; a stopwatch decides",
	"capi/tests/nat TestPathCarriesLess":          "it is printed; a stopwatch decides",
	"capi/tests/nat TestStandstill":               "a process stands still for as long as that, or longer",
	"engine TestFloodOfHandshakes":                "it floods for as long as that, and until it has flooded",
	"engine floodWithHandshakes":                  "it sends as fast as the machine can",
	"engine/panics TestEveryStartSurvivesAPanic":  inFakeTime,
	"engine TestLyingBroker":                      inFakeTime,
	"engine TestStateSurvivesKills":               "any moment is right to kill a process",
	"engine attempt":                              "its callers say how long, and are looked at",
	"engine connectIn":                            inFakeTime,
	"engine newSecrets":                           "it looks as often as the machine lets it",
	"engine TestStrangersGetNoAnswer":             "nothing is to come, however long it waits",
	"engine after":                                inFakeTime,
	"engine carry":                                inFakeTime,
	"engine connect":                              inFakeTime,
	"engine receive":                              inFakeTime,
	"engine dialTo":                               inFakeTime,
	"engine inUse":                                "the least of ten counts",
	"engine pair":                                 inFakeTime,
	"engine publishRelay":                         inFakeTime,
	"engine TestReportsNameTheCause":              inFakeTime,
	"engine/internal/journal at":                  inFakeTime,
	"engine rest":                                 "it compares processor time with it, of which a busy machine gives less",
	"engine send":                                 inFakeTime,
	"engine start":                                "it sends as fast as the machine can",
	"engine/internal/hosts after":                 inFakeTime,
	"engine/lab checkRTT":                         "it repeats what came late",
	"engine/lab fetch":                            "who calls it decides by a stopwatch",
	"engine/lab/await TestStopwatchRunsOtherwise": "it takes off the waiting",
	"engine/lab/await TestStopwatchStandsStillOnABusyMachine": "it makes the machine busy",
	"engine/rendezvous Admit":                                 inFakeTime,
	"engine/rendezvous TestBrokerTimers":                      inFakeTime,
	"engine/rendezvous TestQuotaOfRelaysForEachName":          "it asks again",
	"engine/rendezvous TestRateOfAClientsRelays":              "what took longer may pass more",
	"engine/rendezvous TestTenThousandKnocks":                 "it is printed; a stopwatch decides",
	"engine/rendezvous noMoreGoroutines":                      "it asks again",
	"engine/rendezvous throw":                                 "the quickest of ten must beat a timeout of 10 s",
}

// TestNoTestTrustsTheClock: outside of bubbles a test waits for events, by package await, since a machine may be busy with
// anything else for as long as it likes.
func TestNoTestTrustsTheClock(t *testing.T) {
	used := make(map[string]bool)
	dirs := make(map[string]bool)
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == "build" {
			return filepath.SkipDir
		}
		if strings.HasSuffix(file, "_test.go") {
			dirs[filepath.Dir(file)] = true
		}
		return err
	})
	if err != nil || len(dirs) < 10 {
		t.Fatalf("%d packages with tests, %v", len(dirs), err)
	}
	for dir := range dirs {
		p := parsePackage(t, dir)
		for name, call := range p.inRealTime() {
			name = strings.TrimPrefix(filepath.ToSlash(dir), "../") + " " + name
			used[name] = true
			if realTime[name] == "" {
				t.Errorf("%s calls %s: wait for an event, put it into fake time, or say in realTime why a busy machine does not matter", name, call)
			}
		}
	}
	for name := range realTime {
		if !used[name] {
			t.Errorf("realTime has no use for %s", name)
		}
	}
}

// inRealTime are the functions of tests that call a clock and may run outside of any bubble, with that call.
func (p *sources) inRealTime() map[string]string {
	found, seen := make(map[string]string), make(map[*ast.FuncDecl]bool)
	var follow func(f *ast.FuncDecl)
	follow = func(f *ast.FuncDecl) {
		if seen[f] {
			return
		}
		seen[f] = true
		if call := clockIn(f); call != "" {
			found[f.Name.Name] = call
		}
		for _, call := range calls(f, bubbles...) {
			for _, next := range p.functions[call[strings.LastIndex(call, ".")+1:]] {
				if p.tests[next] {
					follow(next)
				}
			}
		}
	}
	for name, functions := range p.functions {
		for _, f := range functions {
			if p.tests[f] && (strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz") || name == "init") {
				follow(f)
			}
		}
	}
	return found
}

// clockIn returns the call of a clock in a function, outside of bubbles and with another time than those of package await.
func clockIn(f *ast.FuncDecl) (found string) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		name := called(call)
		_, method, _ := strings.Cut(name, ".")
		switch {
		case slices.Contains(clocks, name) && !mentions(call.Args, "await.Limit"):
			found = name
		case slices.Contains(patient, name) || slices.Contains(patient, "."+method):
			if mentions(call.Args, "time.Second") || mentions(call.Args, "time.Minute") {
				found = name
			}
		}
		return !slices.Contains(bubbles, name)
	})
	return found
}

// mentions reports whether a name, such as x.f, is in one of some expressions.
func mentions(all []ast.Expr, name string) (found bool) {
	for _, e := range all {
		ast.Inspect(e, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			found = found || ok && selector(s) == name
			_, isFunction := n.(*ast.FuncLit)
			return !isFunction
		})
	}
	return found
}
