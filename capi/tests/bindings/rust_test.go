package bindings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

func buildRust(t *testing.T, prefix, dir string) (command func(string) []string, env []string) {
	cargo := shell.Tool(t, "cargo")
	env = append(packageEnv(prefix), "THINGP2P_LIB_DIR="+prefix+"/lib", "CARGO_TARGET_DIR="+dir, "RUSTFLAGS=-D warnings")
	manifest := []string{"--release", "--offline", "--locked", "--manifest-path", root + "/capi/rust/Cargo.toml"}
	shell.Run(t, shell.BuildTimeout, env, cargo, append([]string{"test", "--test", "header"}, manifest...)...)
	shell.Run(t, shell.BuildTimeout, env, cargo, append([]string{"build", "--examples"}, manifest...)...)
	return inFolder(dir + "/release/examples"), env
}

// buildTokio makes a user's project, which depends on the crate for tokio, in a folder of its own.
func buildTokio(t *testing.T, prefix, dir string) (command func(string) []string, env []string) {
	cargo := shell.Tool(t, "cargo")
	crates := shell.Crates(t, "tokio")
	sources, err := filepath.Abs(root + "/capi")
	if err != nil {
		t.Fatal(err)
	}
	manifest := filepath.Join(dir, "Cargo.toml")
	if err := os.WriteFile(manifest, []byte(strings.ReplaceAll(tokioProject, "CAPI", sources)), 0o644); err != nil {
		t.Fatal(err)
	}
	env = append(packageEnv(prefix), "THINGP2P_LIB_DIR="+prefix+"/lib", "CARGO_TARGET_DIR="+dir, "RUSTFLAGS=-D warnings")
	shell.Run(t, shell.BuildTimeout, env, cargo, "build", "--offline", "--manifest-path", manifest,
		"--config", `source.crates-io.replace-with="debian"`, "--config", `source.debian.directory="`+crates+`"`)
	return inFolder(dir + "/debug"), env
}

const tokioProject = `[package]
name = "bindings"
version = "0.1.0"
edition = "2021"

[[bin]]
name = "scenario"
path = "CAPI/tests/bindings/programs/tokio.rs"

[dependencies]
thingp2p = { path = "CAPI/rust" }
thingp2p-tokio = { path = "CAPI/rust/tokio" }
tokio = { version = "1", features = ["io-util", "net", "rt", "time"] }

[profile.dev]
opt-level = 1 # for the hash of a stream
debug = false

[profile.dev.package."*"]
opt-level = 0
`
