package bindings

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

const javaBinding = root + "/capi/java"

// All warnings but the one that Java 8 is old, which later compilers have.
var javaWarnings = []string{"-Xlint:all,-options", "-Werror", "--release", "8"}

// buildJava makes the jar and its library, and compiles the programs against them. They run in a virtual machine that looks at
// what the library does by JNI, and prints it.
func buildJava(t *testing.T, prefix, dir string) (command func(string) []string, env []string) {
	javac := shell.Tool(t, "javac")
	shell.Run(t, shell.BuildTimeout, []string{"JAVACFLAGS=" + strings.Join(javaWarnings[:2], " "), "CFLAGS=" + strings.Join(warnings, " ") + " -Wmissing-prototypes"},
		javaBinding+"/build.sh", prefix+"/lib", dir)
	programs, err := filepath.Glob("programs/*.java")
	if err != nil || len(programs) == 0 {
		t.Fatal("no programs")
	}
	path := filepath.Join(dir, "thingp2p.jar") + ":" + dir
	shell.Run(t, shell.BuildTimeout, nil, javac, append(append(javaWarnings, "-cp", path, "-d", dir), programs...)...)
	return func(program string) []string {
		class := strings.ToUpper(program[:1]) + program[1:]
		return []string{"java", "-Xcheck:jni", "-XX:+AllowUserSignalHandlers", "-Djava.library.path=" + dir, "-cp", path, class}
	}, nil
}

// Java has each constant of the header, and its library calls each function.
func TestJavaHasAll(t *testing.T) {
	constants := read(t, javaBinding+"/src/com/thingp2p/Constants.java")
	for line := range strings.Lines(read(t, "../abi/constants.txt")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.Contains(name, ".") && !strings.Contains(constants, " "+name+" = "+value+";") {
			t.Errorf("Constants.java lacks %s = %s", name, value)
		}
	}
	sources, err := filepath.Glob(javaBinding + "/jni/*.c")
	if err != nil || len(sources) == 0 {
		t.Fatal("no sources")
	}
	var calls strings.Builder
	for _, source := range sources {
		calls.WriteString(read(t, source))
	}
	functions := regexp.MustCompile(`THING_P2P_API[^;]*?\b(thing_p2p_\w+)\(`).FindAllStringSubmatch(read(t, root+"/include/thingp2p.h"), -1)
	for _, f := range functions {
		if !regexp.MustCompile(f[1] + `\b`).MatchString(calls.String()) {
			t.Errorf("capi/java/jni does not call %s", f[1])
		}
	}
	if len(functions) < 40 {
		t.Errorf("the header has only %d functions", len(functions))
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
