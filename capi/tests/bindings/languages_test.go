package bindings

import (
	"os"
	"path/filepath"
	"testing"
)

var warnings = []string{"-Wall", "-Wextra", "-Werror", "-pedantic", "-O2"}

func buildC(t *testing.T, dir, program string) (command, env []string) {
	args := append([]string{"-std=c99", "programs/scenario.c", "-o", program}, warnings...)
	args = append(append(args, includeFlags()...), linkFlags(dir)...)
	run(t, buildTimeout, nil, compiler(t, os.Getenv("CC"), "cc"), args...)
	return []string{program}, nil
}

func buildCXX(t *testing.T, dir, program string) (command, env []string) {
	args := append([]string{"-std=c++17", "programs/scenario.cpp", "-o", program}, warnings...)
	args = append(append(args, includeFlags()...), linkFlags(dir)...)
	run(t, buildTimeout, nil, compiler(t, os.Getenv("CXX"), "c++", "g++", "clang++"), args...)
	return []string{program}, nil
}

// thingp2p.hpp compiles without a word from C++17 on.
func TestCXXDialects(t *testing.T) {
	for _, cxx := range []string{"g++", "clang++"} {
		for _, standard := range []string{"c++17", "c++20", "c++2b"} {
			t.Run(cxx+"_"+standard, func(t *testing.T) {
				t.Parallel()
				args := append([]string{"-std=" + standard, "-fsyntax-only", "programs/dialects.cpp"}, warnings...)
				run(t, buildTimeout, nil, compiler(t, cxx), append(args, includeFlags()...)...)
			})
		}
	}
}

func buildRust(t *testing.T, dir, _ string) (command, env []string) {
	cargo := compiler(t, "cargo")
	target := t.TempDir()
	env = []string{"THINGP2P_LIB_DIR=" + dir, "CARGO_TARGET_DIR=" + target, "RUSTFLAGS=-D warnings"}
	manifest := []string{"--offline", "--locked", "--manifest-path", root + "/capi/rust/Cargo.toml"}
	run(t, buildTimeout, env, cargo, append([]string{"test", "--release", "--test", "header"}, manifest...)...)
	run(t, buildTimeout, env, cargo, append([]string{"build", "--release", "--example", "scenario"}, manifest...)...)
	return []string{filepath.Join(target, "release/examples/scenario")}, nil
}
