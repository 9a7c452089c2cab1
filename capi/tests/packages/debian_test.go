package packages

import (
	"debug/buildinfo"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

const root = "../../.." // of the project

const (
	// The time that goes into what is built; any would do.
	epoch = "SOURCE_DATE_EPOCH=1700000000"
	// To compress as well as for a release takes most of the time.
	compression = "DPKG_DEB_COMPRESSOR_LEVEL=0"
)

// needDebian skips the test on a system that does not make packages.
func needDebian(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/etc/debian_version"); err != nil || runtime.GOOS != "linux" {
		t.Skip("not Debian")
	}
	shell.Tool(t, "dpkg-shlibdeps")
}

// buildDirectory is where the tests build, unless THINGP2P_BUILD_DIR says otherwise.
func buildDirectory(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("THINGP2P_BUILD_DIR")
	if dir == "" {
		dir = filepath.Join(root, "build")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// build builds the Debian packages and the wheel of the sources in a directory, and returns their files.
func build(t *testing.T, sources, dir string, env ...string) []string {
	t.Helper()
	env = append(env, epoch, compression, "THINGP2P_BUILD_DIR="+dir)
	var files []string
	for command, pattern := range map[string]string{"deb": "*.deb", "wheel": "*.whl"} {
		shell.Run(t, shell.BuildTimeout, env, filepath.Join(sources, "build.sh"), command)
		made, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(made) == 0 {
			t.Fatalf("build.sh %s made no %s", command, pattern)
		}
		files = append(files, made...)
	}
	return files
}

func TestPackages(t *testing.T) {
	needDebian(t)
	here := buildDirectory(t)
	files := build(t, root, here)
	system := t.TempDir()
	var debs []string
	for _, file := range files {
		if filepath.Ext(file) == ".deb" {
			debs = append(debs, file)
			shell.Run(t, shell.RunTimeout, nil, "dpkg-deb", "-x", file, system)
		}
	}

	t.Run("lintian", func(t *testing.T) {
		lintian := append([]string{"--allow-root", "--fail-on", "error,warning"}, debs...)
		shell.Run(t, shell.BuildTimeout, nil, shell.Tool(t, "lintian"), lintian...)
	})
	t.Run("licences", func(t *testing.T) { checkLicences(t, system) })
	t.Run("consumer", func(t *testing.T) { consume(t, system) })
	t.Run("reproducible", func(t *testing.T) { buildElsewhere(t, here, files) })
	t.Run("service", func(t *testing.T) { checkService(t, filepath.Join(system, "usr")) })
}

// checkLicences compares what the packages say of the modules in their binaries with what those say themselves.
func checkLicences(t *testing.T, system string) {
	for binary, name := range map[string]string{"bin/thingp2pd": "thingp2pd", "lib/*/libthingp2p.so.1": "libthingp2p1"} {
		files, err := filepath.Glob(filepath.Join(system, "usr", binary))
		if err != nil || len(files) != 1 {
			t.Fatal(binary, files, err)
		}
		info, err := buildinfo.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(system, "usr/share/doc", name, "copyright"))
		if err != nil {
			t.Fatal(err)
		}
		for _, module := range info.Deps {
			ours := module.Replace != nil && module.Path != "github.com/quic-go/quic-go"
			if !ours && !strings.Contains(string(text), "\nand "+module.Path+" "+module.Version+":\n") {
				t.Errorf("%s is in %s, and its licence is not in the package", module.Path, binary)
			}
		}
	}
}

// consume builds and runs a program with the packages' files, by pkg-config and by CMake.
func consume(t *testing.T, system string) {
	libdir := filepath.Join(system, "usr/lib", shell.Run(t, shell.RunTimeout, nil, "dpkg-architecture", "-qDEB_HOST_MULTIARCH"))
	env := []string{"PKG_CONFIG_SYSROOT_DIR=" + system, "PKG_CONFIG_LIBDIR=" + libdir + "/pkgconfig", "LD_LIBRARY_PATH=" + libdir}
	flags := shell.Run(t, shell.RunTimeout, env, shell.Tool(t, "pkg-config"), "--cflags", "--libs", "thingp2p")
	if strings.Contains(flags, "rpath") {
		t.Errorf("pkg-config says %s: a program of the system must look for libraries where the system does", flags)
	}
	program := filepath.Join(t.TempDir(), "program")
	args := append([]string{root + "/capi/tests/consumer/consumer.c", "-o", program}, strings.Fields(flags)...)
	shell.Run(t, shell.BuildTimeout, nil, shell.Tool(t, os.Getenv("CC"), "cc"), args...)
	shell.Run(t, shell.RunTimeout, env, program)

	dir := t.TempDir()
	cmake := shell.Tool(t, "cmake")
	shell.Run(t, shell.BuildTimeout, nil, cmake, "-S", root+"/capi/tests/consumer", "-B", dir, "-DWAY=find_package",
		"-DCMAKE_PREFIX_PATH="+system+"/usr")
	shell.Run(t, shell.BuildTimeout, nil, cmake, "--build", dir)
	shell.Run(t, shell.RunTimeout, nil, filepath.Join(dir, "consumer_shared"))
	shell.Run(t, shell.RunTimeout, nil, filepath.Join(dir, "consumer_static"))
}
