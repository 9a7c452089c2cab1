package bindings

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

var warnings = []string{"-Wall", "-Wextra", "-Werror", "-pedantic", "-O2"}

// inFolder is the command of a program in a folder.
func inFolder(dir string) func(program string) []string {
	return func(program string) []string { return []string{filepath.Join(dir, program)} }
}

func buildC(t *testing.T, prefix, dir string) (command func(string) []string, env []string) {
	args := append([]string{"-std=c99", "programs/scenario.c", "-o", filepath.Join(dir, "scenario")}, warnings...)
	args = append(append(args, sharedCode()...), packageFlags(t, prefix)...)
	shell.Run(t, shell.BuildTimeout, nil, shell.Tool(t, os.Getenv("CC"), "cc"), args...)
	return inFolder(dir), nil
}

func buildCXX(t *testing.T, prefix, dir string) (command func(string) []string, env []string) {
	return buildByCMake(t, prefix, dir, "shared"), nil
}

func buildCXXStatic(t *testing.T, prefix, dir string) (command func(string) []string, env []string) {
	return buildByCMake(t, prefix, dir, "static"), nil
}

func buildByCMake(t *testing.T, prefix, dir, kind string) (command func(string) []string) {
	cmake := shell.Tool(t, "cmake")
	shell.Run(t, shell.BuildTimeout, nil, cmake, "-S", "programs", "-B", dir, "-DKIND="+kind, "-DCMAKE_PREFIX_PATH="+prefix,
		"-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_COMPILER="+shell.Tool(t, os.Getenv("CXX"), "c++", "g++", "clang++"))
	shell.Run(t, shell.BuildTimeout, nil, cmake, "--build", dir)
	return inFolder(dir)
}

// thingp2p.hpp, and each header of it alone, compiles without a word from C++17 on.
func TestCXXDialects(t *testing.T) {
	headers, err := filepath.Glob(root + "/include/thingp2p/*.hpp")
	if err != nil || len(headers) == 0 {
		t.Fatal("no headers")
	}
	for cxx, standards := range map[string][]string{"g++": {"c++17", "gnu++20", "c++2b"}, "clang++": {"c++17", "gnu++2b"}} {
		for _, standard := range standards {
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

// A call that takes a text takes thingp2p::text, which is what refuses null pointers and NULs.
func TestCXXTakesTexts(t *testing.T) {
	headers, _ := filepath.Glob(root + "/include/thingp2p/*.hpp")
	texts := 0
	for _, header := range append(headers, root+"/include/thingp2p.hpp") {
		source, err := os.ReadFile(header)
		if err != nil {
			t.Fatal(err)
		}
		texts += strings.Count(string(source), "const text& ")
		if parameter := regexp.MustCompile(`[(,] *(?:const )?std::string(?:_view)?[ &]+\w+[,)]`).Find(source); parameter != nil && filepath.Base(header) != "log.hpp" {
			t.Errorf("%s: %q should be a const text&", header, parameter)
		}
	}
	if texts < 20 {
		t.Errorf("only %d parameters are texts", texts)
	}
}
