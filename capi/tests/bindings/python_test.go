package bindings

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

// buildPython makes a wheel, twice to see that it comes out the same, and installs it in a fresh virtual environment.
func buildPython(t *testing.T, prefix, dir string) (command func(string) []string, env []string) {
	python := shell.Tool(t, "python3")
	if exec.Command(python, "-c", "import ensurepip").Run() != nil {
		shell.Missing(t, "python3-venv")
	}
	var wheels [2][]byte
	var file string
	for i := range wheels {
		to := t.TempDir()
		sources := []string{"THINGP2P_LIBRARY=" + filepath.Join(prefix, "lib/libthingp2p.so"), "THINGP2P_LICENSES=" + filepath.Join(builtIn(prefix), "libthingp2p-licenses.txt")}
		name := shell.Run(t, shell.BuildTimeout, sources, python, "-B", root+"/capi/python/wheel_backend.py", to)
		var err error
		file = filepath.Join(to, name)
		if wheels[i], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(wheels[0], wheels[1]) {
		t.Error("two wheels of the same differ")
	}
	venv := filepath.Join(dir, "venv")
	shell.Run(t, shell.BuildTimeout, nil, python, "-m", "venv", venv)
	python = filepath.Join(venv, "bin/python")
	shell.Run(t, shell.BuildTimeout, nil, python, "-m", "pip", "install", "--quiet", "--no-index", file)

	env = []string{"PYTHONPATH=", "PYTHONDONTWRITEBYTECODE=1", "THINGP2P_LIBRARY="}
	env = append(env, "PYTHONWARNINGS=ignore::DeprecationWarning") // of fork in a process with threads
	shell.Run(t, shell.RunTimeout, env, python, "programs/header.py", root+"/include/thingp2p.h")
	return func(program string) []string { return []string{python, "programs/" + program + ".py"} }, env
}
