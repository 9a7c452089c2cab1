package packages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

// What systemd-analyze security may say of the service at most, times ten: 20 is the upper end of "OK" for what has to
// listen on the network.
const mostExposure = "20"

// checkService checks the unit below prefix, without a systemd that runs.
func checkService(t *testing.T, prefix string) {
	analyze := shell.Tool(t, "systemd-analyze")
	unit, err := os.ReadFile(filepath.Join(prefix, "lib/systemd/system/thingp2pd.service"))
	if err != nil {
		t.Fatal(err)
	}
	// The program is not where systemd would look for it.
	here := strings.Replace(string(unit), "ExecStart=thingp2pd", "ExecStart="+filepath.Join(prefix, "bin/thingp2pd"), 1)
	file := filepath.Join(t.TempDir(), "thingp2pd.service")
	if err := os.WriteFile(file, []byte(here), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := shell.Run(t, shell.RunTimeout, nil, analyze, "--man=no", "verify", file); out != "" {
		t.Errorf("systemd-analyze verify: %s", out)
	}
	shell.Run(t, shell.RunTimeout, nil, analyze, "security", "--offline=true", "--threshold="+mostExposure, file)
}
