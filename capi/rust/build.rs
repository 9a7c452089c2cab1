//! Finds libthingp2p: in THINGP2P_LIB_DIR, else where ./build.sh has put it, else by pkg-config. It is linked in, so that a
//! program needs no library when it runs; with the feature "shared", and where there is only that, the shared library is used.

use std::env;
use std::path::PathBuf;
use std::process::{self, Command};

const ARCHIVE: &str = "libthingp2p.a";

fn main() {
    for variable in ["THINGP2P_LIB_DIR", "PKG_CONFIG", "PKG_CONFIG_PATH"] {
        println!("cargo:rerun-if-env-changed={}", variable);
    }
    let dir = find().unwrap_or_else(|| {
        eprintln!(
            "libthingp2p was not found: build it with ./build.sh lib in {}, or install it, or set THINGP2P_LIB_DIR to its folder",
            project().display()
        );
        process::exit(1)
    });
    let (archive, dir) = (dir.join(ARCHIVE), dir.display());
    println!("cargo:rustc-link-search=native={}", dir);
    println!("cargo:lib_dir={}", dir); // the build script of a package that depends on this one finds it in DEP_THINGP2P_LIB_DIR
    if env::var_os("CARGO_FEATURE_SHARED").is_none() && archive.exists() {
        println!("cargo:rerun-if-changed={}", archive.display());
        println!("cargo:rustc-link-lib=static=thingp2p");
        println!("cargo:rustc-link-lib=resolv"); // for Go's part of it
        println!("cargo:rustc-link-lib=pthread");
    } else {
        println!("cargo:rustc-link-lib=dylib=thingp2p");
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", dir); // for this package's own tests and examples
    }
}

fn find() -> Option<PathBuf> {
    let given = env::var_os("THINGP2P_LIB_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let built = || Some(project().join("build")).filter(|dir| dir.join(ARCHIVE).exists());
    given.or_else(built).or_else(installed)
}

fn project() -> PathBuf {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap());
    package.ancestors().nth(2).unwrap_or(&package).to_path_buf()
}

fn installed() -> Option<PathBuf> {
    let tool = env::var_os("PKG_CONFIG").unwrap_or_else(|| "pkg-config".into());
    let found = Command::new(tool).args(["--variable=libdir", "thingp2p"]).output().ok()?;
    let dir = String::from_utf8(found.stdout).ok()?;
    Some(dir.trim()).filter(|dir| found.status.success() && !dir.is_empty()).map(PathBuf::from)
}
