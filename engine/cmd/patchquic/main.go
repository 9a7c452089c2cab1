// Command patchquic makes the QUIC library that libthingp2p is built with: a
// copy of quic-go with a few changes, something small in the place of what is not
// needed, and a go.mod that builds with all of it.
//
//	go run ./engine/cmd/patchquic build
//	go build -modfile=build/quic/go.mod -tags thingp2p_quic ./...
//
// quic-go's own tests run on the copy in the workspace that it makes besides:
//
//	cd build/quic/quic-go && GOWORK=$PWD/../go.work go test ./...
//
// Without it everything builds too, with quic-go as it is; see quic_stock.go in
// package engine for what is lost then.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	module  = "github.com/quic-go/quic-go"
	version = "v0.65.0" // the one that the changes were written for

	goVersion = "1.26.0" // that its go.mod asks for
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: patchquic FOLDER\nmakes FOLDER/quic/quic-go, FOLDER/quic/go.mod and FOLDER/quic/go.work; run it in the project's root")
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(filepath.Join(flag.Arg(0), "quic")); err != nil {
		fmt.Fprintln(os.Stderr, "patchquic:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	have, source, err := download()
	if err != nil {
		return err
	}
	if have != version {
		return fmt.Errorf("go.mod names %s %s, but the changes were written for %s: check them against the new version, then change this command", module, have, version)
	}
	// Made anew each time, which takes less than a second: what is built must be what
	// the changes make of quic-go, not what lies there.
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(folder, "fresh-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	if err := copySource(source, filepath.Join(fresh, "quic-go")); err != nil {
		return fmt.Errorf("copy %s: %w", module, err)
	}
	if err := patch(filepath.Join(fresh, "quic-go")); err != nil {
		return err
	}
	names := []string{"quic-go"}
	for _, s := range standIns {
		if err := s.write(fresh); err != nil {
			return err
		}
		names = append(names, s.folder)
	}
	for _, name := range names {
		if err := replaceTree(filepath.Join(fresh, name), filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return writeModule(folder)
}

// replaceTree puts a folder in another's place, unless the two hold the same: a
// build that runs beside this one may read there.
func replaceTree(fresh, old string) error {
	if same, err := sameTree(fresh, old); err != nil || same {
		return err
	}
	if err := os.RemoveAll(old); err != nil {
		return err
	}
	return os.Rename(fresh, old)
}

// download fetches quic-go, unless it is there already, and tells which version
// go.mod names and where it is.
func download() (have, folder string, err error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", module).Output()
	if err != nil {
		return "", "", fmt.Errorf("find %s in go.mod: %w", module, explain(err))
	}
	have = strings.TrimSpace(string(out))
	out, err = exec.Command("go", "mod", "download", "-json", module+"@"+have).Output()
	if err != nil {
		return have, "", fmt.Errorf("download %s %s: %w", module, have, explain(err))
	}
	var downloaded struct{ Dir string }
	err = json.Unmarshal(out, &downloaded)
	return have, downloaded.Dir, err
}

// explain adds what a command had to say.
func explain(err error) error {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
	}
	return err
}

// writeModule writes the project's go.mod with the copy and the stand-ins.
func writeModule(folder string) error {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		return fmt.Errorf("%w; run this in the project's root", err)
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	for _, replaced := range append([]standIn{{module: module, folder: "quic-go"}}, standIns...) {
		copied, err := filepath.Abs(filepath.Join(folder, replaced.folder))
		if err != nil {
			return err
		}
		// A relative path keeps builds in two folders the same.
		if relative, err := filepath.Rel(root, copied); err == nil && filepath.IsLocal(relative) {
			copied = "./" + filepath.ToSlash(relative)
		}
		text = append(text, "\nreplace "+replaced.module+" => "+strconv.Quote(copied)+"\n"...)
	}
	if err := os.WriteFile(filepath.Join(folder, "go.mod"), text, 0o644); err != nil {
		return err
	}
	if err := writeWorkspace(folder, root); err != nil {
		return err
	}
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "go.sum"), sums, 0o644)
}

// writeWorkspace writes a go.work for what loads packages by itself, and for
// quic-go's tests: the copy imports the project, and the project the copy.
func writeWorkspace(folder, root string) error {
	copied, err := filepath.Abs(filepath.Join(folder, "quic-go"))
	if err != nil {
		return err
	}
	text := fmt.Sprintf("go %s\n\nuse %q\nuse %q\n", goVersion, root, copied)
	return os.WriteFile(filepath.Join(folder, "go.work"), []byte(text), 0o644)
}
