package packages

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

// buildElsewhere: the same sources in another folder, built under another umask, time zone and locale, give the same bytes: both libraries,
// the server, the wheel, the packages. Go's cache is shared, since what it holds does not depend on the folder (what does,
// the package in C, is compiled again). Only where the build folder lies in the sources counts: Go writes down the path, from
// there, of its replacement of quic-go.
func buildElsewhere(t *testing.T, here string, files []string) {
	for _, name := range []string{"libthingp2p.so", "libthingp2p.a", "thingp2pd"} {
		files = append(files, filepath.Join(here, name))
	}

	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	inside, err := filepath.Rel(top, here)
	if err != nil || !filepath.IsLocal(inside) {
		t.Skip("the build folder is not in the sources")
	}

	sources := filepath.Join(t.TempDir(), "another folder")
	if err := os.Mkdir(sources, 0o700); err != nil {
		t.Fatal(err)
	}
	shell.Run(t, shell.RunTimeout, nil, "sh", "-c", `cd "$1" && tar c --exclude="./$2" --exclude=./.git . | (umask 077 && tar xC "$0" --no-same-permissions)`,
		sources, top, inside)
	there := filepath.Join(sources, inside)
	build(t, sources, there, "TZ=Asia/Tokyo", "LC_ALL=C.UTF-8")

	for _, file := range files {
		a, errA := os.ReadFile(file)
		b, errB := os.ReadFile(filepath.Join(there, filepath.Base(file)))
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs in another folder (%v, %v)", filepath.Base(file), errA, errB)
		}
	}
}
