package bindings

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

var warnings = []string{"-Wall", "-Wextra", "-Werror", "-pedantic", "-O2"}

func buildC(t *testing.T, prefix, program string) (command, env []string) {
	args := append([]string{"-std=c99", "programs/scenario.c", "-o", program}, warnings...)
	args = append(append(args, sharedCode()...), packageFlags(t, prefix)...)
	shell.Run(t, shell.BuildTimeout, nil, shell.Tool(t, os.Getenv("CC"), "cc"), args...)
	return []string{program}, nil
}

func buildCXX(t *testing.T, prefix, _ string) (command, env []string) {
	return buildByCMake(t, prefix, "shared"), nil
}

func buildCXXStatic(t *testing.T, prefix, _ string) (command, env []string) {
	return buildByCMake(t, prefix, "static"), nil
}

func buildByCMake(t *testing.T, prefix, kind string) (command []string) {
	cmake, dir := shell.Tool(t, "cmake"), t.TempDir()
	shell.Run(t, shell.BuildTimeout, nil, cmake, "-S", "programs", "-B", dir, "-DKIND="+kind, "-DCMAKE_PREFIX_PATH="+prefix,
		"-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_COMPILER="+shell.Tool(t, os.Getenv("CXX"), "c++", "g++", "clang++"))
	shell.Run(t, shell.BuildTimeout, nil, cmake, "--build", dir)
	return []string{filepath.Join(dir, "scenario")}
}

// thingp2p.hpp, and each header of it alone, compiles without a word from C++17 on.
func TestCXXDialects(t *testing.T) {
	headers, err := filepath.Glob(root + "/include/thingp2p/*.hpp")
	if err != nil || len(headers) == 0 {
		t.Fatal("no headers")
	}
	for _, cxx := range []string{"g++", "clang++"} {
		for _, standard := range []string{"c++17", "gnu++17", "c++20", "gnu++20", "c++2b"} {
			t.Run(cxx+"_"+standard, func(t *testing.T) {
				t.Parallel()
				args := append([]string{"-std=" + standard, "-fsyntax-only", "-I" + root + "/include"}, warnings...)
				shell.Run(t, shell.BuildTimeout, nil, shell.Tool(t, cxx), append(args, "programs/dialects.cpp")...)
				if standard == "c++17" {
					shell.Run(t, shell.BuildTimeout, nil, cxx, append(append(args, "-xc++"), headers...)...)
				}
			})
		}
	}
}

func buildRust(t *testing.T, prefix, _ string) (command, env []string) {
	cargo := shell.Tool(t, "cargo")
	target := t.TempDir()
	env = append(packageEnv(prefix), "THINGP2P_LIB_DIR=", "LD_LIBRARY_PATH="+prefix+"/lib", "CARGO_TARGET_DIR="+target,
		"RUSTFLAGS=-D warnings")
	manifest := []string{"--offline", "--locked", "--manifest-path", root + "/capi/rust/Cargo.toml"}
	shell.Run(t, shell.BuildTimeout, env, cargo, append([]string{"test", "--release", "--test", "header"}, manifest...)...)
	shell.Run(t, shell.BuildTimeout, env, cargo, append([]string{"build", "--release", "--example", "scenario"}, manifest...)...)
	return []string{filepath.Join(target, "release/examples/scenario")}, env
}
