package bindings

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// buildPython makes a wheel, twice to see that it comes out the same, and unpacks it as pip would.
func buildPython(t *testing.T, dir, _ string) (command, env []string) {
	python := compiler(t, "python3")
	var wheels [2][]byte
	site := filepath.Join(t.TempDir(), "site-packages")
	for i := range wheels {
		to := t.TempDir()
		name := run(t, buildTimeout, []string{"THINGP2P_LIBRARY=" + filepath.Join(dir, "libthingp2p.so")},
			python, root+"/capi/python/wheel_backend.py", to)
		var err error
		if wheels[i], err = os.ReadFile(filepath.Join(to, name)); err != nil {
			t.Fatal(err)
		}
		run(t, runTimeout, nil, python, "-m", "zipfile", "-e", filepath.Join(to, name), site)
	}
	if !bytes.Equal(wheels[0], wheels[1]) {
		t.Error("two wheels of the same differ")
	}
	env = []string{"PYTHONPATH=" + site, "PYTHONDONTWRITEBYTECODE=1", "THINGP2P_LIBRARY="}
	env = append(env, "PYTHONWARNINGS=ignore::DeprecationWarning") // of fork in a process with threads
	run(t, runTimeout, env, python, "programs/header.py", root+"/include/thingp2p.h")
	return []string{python, "programs/scenario.py"}, env
}
