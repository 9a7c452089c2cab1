package bindings

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

const (
	objcClass     = root + "/capi/objc/ThingSmartP2pChannel.m"
	objcInstalled = "/share/thingp2p/objc/ThingSmartP2pChannel.m"
)

// buildObjectiveC compiles for GNUstep on the GNU runtime, without ARC.
func buildObjectiveC(t *testing.T, prefix, dir string) (command func(string) []string, env []string) {
	clang := shell.Tool(t, "clang")
	config := shell.Tool(t, "gnustep-config")
	if _, err := os.Stat("/usr/include/Block.h"); err != nil {
		shell.Missing(t, "libblocksruntime-dev")
	}
	args := []string{"-fblocks", "-Wno-unused-command-line-argument", prefix + objcInstalled}
	args = append(args, sharedCode()...)
	for _, flag := range strings.Fields(shell.Run(t, shell.RunTimeout, nil, config, "--objc-flags")) {
		if flag != "-MMD" && flag != "-MP" { // no dependency files beside the source
			args = append(args, flag)
		}
	}
	args = append(args, "-Wextra", "-Werror", "-I"+root+"/capi/objc/gnustep")
	// Debian's GNUstep uses GCC's Objective-C runtime, whose headers clang does not look for by itself.
	if out, err := exec.Command("gcc", "-print-file-name=include").Output(); err == nil {
		args = append(args, "-idirafter", strings.TrimSpace(string(out)))
	}
	args = append(args, packageFlags(t, prefix)...)
	args = append(args, "-lBlocksRuntime") // before GNUstep, see its blocks_runtime.h
	args = append(args, strings.Fields(shell.Run(t, shell.RunTimeout, nil, config, "--base-libs"))...)
	for _, program := range []string{"arguments", "members", "scenario"} {
		own := []string{"-o", filepath.Join(dir, program), "programs/" + program + ".m"}
		shell.Run(t, shell.BuildTimeout, nil, clang, append(own, args...)...)
	}
	return inFolder(dir), nil
}

// The class compiles for Apple's systems as well, against headers that declare what it uses of theirs.
func TestObjectiveCForApple(t *testing.T) {
	for _, target := range []string{"arm64-apple-ios13", "x86_64-apple-macosx11"} {
		for _, memory := range []string{"-fobjc-arc", "-fno-objc-arc"} {
			t.Run(target+memory, func(t *testing.T) {
				shell.Run(t, shell.BuildTimeout, nil, shell.Tool(t, "clang"), "-target", target, memory, "-ffreestanding", "-fblocks",
					"-Wall", "-Wextra", "-Werror", "-I"+root+"/include", "-Iprograms/apple", "-idirafter", "/usr/include",
					"-c", objcClass, "-o", t.TempDir()+"/object")
			})
		}
	}
}

// Its header alone compiles without a word in each standard of Objective-C and Objective-C++ that has blocks.
func TestObjectiveCDialects(t *testing.T) {
	for language, standards := range map[string][]string{
		"objective-c":   {"gnu89", "c99", "gnu99", "c11", "c17", "c2x"},
		"objective-c++": {"c++98", "c++11", "c++14", "c++17", "c++20", "c++2b"},
	} {
		for _, standard := range standards {
			t.Run(language+"_"+standard, func(t *testing.T) {
				t.Parallel()
				shell.Run(t, shell.BuildTimeout, nil, shell.Tool(t, "clang"), "-target", "arm64-apple-ios13", "-ffreestanding",
					"-fblocks", "-Wall", "-Wextra", "-pedantic", "-Werror", "-nostdinc++", "-Wno-unused-command-line-argument", "-isystem", "programs/apple", "-idirafter", "/usr/include",
					"-fsyntax-only", "-x", language, "-std="+standard, root+"/include/ThingSmartP2pChannel.h")
			})
		}
	}
}
