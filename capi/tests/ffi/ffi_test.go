package ffi

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A language is one program: build returns the command that runs it, without its last argument, the ticket.
type language struct {
	name  string
	build func(t *testing.T, dir, program string) []string
}

var languages = []language{
	{"python", buildPython},
	{"rust", buildRust},
	{"c++", buildCXX},
	{"objective-c", buildObjectiveC},
}

func TestMainScenario(t *testing.T) {
	dir := libraryDir(t)
	ticket := startDevice(t, dir, startServer(t, dir))
	for _, l := range languages {
		t.Run(l.name, func(t *testing.T) {
			command := l.build(t, dir, filepath.Join(t.TempDir(), "program"))
			out := run(t, runTimeout, nil, command[0], append(command[1:], ticket)...)
			if !strings.HasPrefix(out, "ok: ") {
				t.Fatalf("printed %q", out)
			}
			t.Log(out)
		})
	}
}

func buildPython(t *testing.T, dir, _ string) []string {
	return []string{compiler(t, "python3"), "programs/main_scenario.py", filepath.Join(dir, "libthingp2p.so")}
}

func buildRust(t *testing.T, dir, program string) []string {
	rustc := compiler(t, "rustc")
	run(t, buildTimeout, nil, rustc, "--edition", "2021", "-D", "warnings", "-L", dir, "-C", "link-arg=-Wl,-rpath,"+dir,
		"programs/main_scenario.rs", "-o", program)
	return []string{program}
}

func buildCXX(t *testing.T, dir, program string) []string {
	cxx := compiler(t, os.Getenv("CXX"), "c++", "g++", "clang++")
	args := append([]string{"-std=c++17", "-Wall", "-Wextra", "-Werror", "-pedantic", "programs/main_scenario.cpp", "-o", program}, includeFlags()...)
	run(t, buildTimeout, nil, cxx, append(args, linkFlags(dir)...)...)
	return []string{program}
}

func buildObjectiveC(t *testing.T, dir, program string) []string {
	clang := compiler(t, "clang")
	config := compiler(t, "gnustep-config")
	args := append([]string{"-Wno-unused-command-line-argument", "programs/main_scenario.m", "-o", program}, includeFlags()...)
	for _, flag := range strings.Fields(run(t, runTimeout, nil, config, "--objc-flags")) {
		if flag != "-MMD" && flag != "-MP" { // no dependency files beside the source
			args = append(args, flag)
		}
	}
	// Debian's GNUstep uses GCC's Objective-C runtime, whose headers clang does not look for by itself.
	if out, err := exec.Command("gcc", "-print-file-name=include").Output(); err == nil {
		args = append(args, "-idirafter", strings.TrimSpace(string(out)))
	}
	args = append(args, linkFlags(dir)...)
	args = append(args, strings.Fields(run(t, runTimeout, nil, config, "--base-libs"))...)
	run(t, buildTimeout, nil, clang, args...)
	return []string{program}
}
