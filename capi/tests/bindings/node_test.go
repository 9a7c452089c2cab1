package bindings

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

// buildNode installs what npm packs, with the dependency whose hashes stand in package-lock.json. The programs have a single one
// of libuv's threads: what held it would stop them.
func buildNode(t *testing.T, prefix, dir string) (command func(string) []string, env []string) {
	node, npm := shell.Tool(t, "node"), shell.Tool(t, "npm")
	run := func(name string, args ...string) {
		t.Helper()
		shell.Run(t, shell.BuildTimeout, nil, name, args...)
	}
	installed := filepath.Join(dir, "node_modules/thingp2p")
	if err := os.MkdirAll(installed, 0o755); err != nil {
		t.Fatal(err)
	}
	run(npm, "pack", "--pack-destination", dir, root+"/capi/node")
	run("tar", "-xzf", glob(t, filepath.Join(dir, "thingp2p-*.tgz"))[0], "-C", installed, "--strip-components=1")
	run("cp", root+"/capi/node/package-lock.json", installed)
	ci := []string{"ci", "--prefix", installed, "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"}
	if out, err := shell.Try(t, shell.BuildTimeout, nil, npm, ci...); err != nil {
		shell.Missing(t, "what npm installs: "+out)
	}
	for _, program := range glob(t, "programs/*.mjs") {
		run("cp", program, dir)
	}

	env = []string{"THINGP2P_LIBRARY=", "UV_THREADPOOL_SIZE=1", "NODE_OPTIONS=", "NODE_PATH="}
	command = func(program string) []string { return []string{node, filepath.Join(dir, program+".mjs")} }
	byLoader := append([]string{"LD_LIBRARY_PATH=" + prefix + "/lib"}, env...)
	shell.Run(t, shell.RunTimeout, byLoader, node, command("header")[1], root+"/include/thingp2p.h")
	run("cp", "-L", filepath.Join(prefix, "lib/libthingp2p.so.1"), installed)
	return command, env
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no %s", pattern)
	}
	return files
}
