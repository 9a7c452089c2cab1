//! Finds libthingp2p: in THINGP2P_LIB_DIR, else by pkg-config.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=THINGP2P_LIB_DIR");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    if let Some(dir) = env::var("THINGP2P_LIB_DIR").ok().filter(|dir| !dir.is_empty()) {
        println!("cargo:rustc-link-search=native={}", dir);
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", dir); // for this package's own tests and examples
    } else {
        let tool = env::var("PKG_CONFIG").unwrap_or_else(|_| "pkg-config".into());
        match Command::new(&tool).args(["--libs-only-L", "thingp2p"]).output() {
            Ok(found) if found.status.success() => {
                for dir in String::from_utf8_lossy(&found.stdout).split_whitespace() {
                    println!("cargo:rustc-link-search=native={}", dir.trim_start_matches("-L"));
                }
            }
            _ => println!("cargo:warning=set THINGP2P_LIB_DIR, or PKG_CONFIG_PATH to where thingp2p.pc is"),
        }
    }
    println!("cargo:rustc-link-lib=dylib=thingp2p");
}
