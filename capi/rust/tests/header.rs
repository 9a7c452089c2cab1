//! Compares `sys` with include/thingp2p.h: a C program that declares all of it once more, from what Rust has, must compile.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::mem::{size_of, MaybeUninit};
use std::process::{Command, Stdio};
use std::ptr::addr_of;

use thingp2p::sys;

const SYS: &str = include_str!("../src/sys.rs");
const HEADER: &str = include_str!("../../../include/thingp2p.h");

fn c_type(rust: &str) -> String {
    let (base, pointer) = match rust.strip_prefix("*const ") {
        Some(base) => (base, "const {} *"),
        None => rust.strip_prefix("*mut ").map_or((rust, "{}"), |base| (base, "{} *")),
    };
    let base = match base {
        "u32" => "uint32_t",
        _ => base.strip_prefix("c_").unwrap_or(base),
    };
    pointer.replace("{}", base)
}

/// "pub fn name(a: T, b: U) -> R" as a declaration in C.
fn c_function(rust: &str) -> String {
    let (name, rest) = rust.split_once('(').unwrap();
    let (arguments, result) = rest.rsplit_once(')').unwrap();
    let arguments: Vec<_> =
        arguments.split(',').filter_map(|a| a.split_once(':')).map(|(_, t)| c_type(t.trim())).collect();
    let arguments = if arguments.is_empty() { "void".into() } else { arguments.join(", ") };
    format!("{} {}({});", c_type(result.trim().trim_start_matches("-> ")), name, arguments)
}

macro_rules! layout {
    ($c:expr, $name:ident, $($field:ident)*) => {{
        let value = MaybeUninit::<sys::$name>::uninit();
        let start = value.as_ptr();
        let name = stringify!($name);
        writeln!($c, "_Static_assert(sizeof({}) == {}, \"\");", name, size_of::<sys::$name>()).unwrap();
        $(
            let offset = unsafe { addr_of!((*start).$field) } as usize - start as usize;
            writeln!($c, "_Static_assert(offsetof({}, {}) == {}, \"\");", name, stringify!($field), offset).unwrap();
        )*
    }};
}

#[test]
fn sys_is_what_the_header_declares() {
    let mut c = String::from("#include <stddef.h>\n#include <thingp2p.h>\n");
    let flat = SYS.split_whitespace().collect::<Vec<_>>().join(" ");
    for item in flat.split("pub fn ").skip(1) {
        writeln!(c, "{}", c_function(item.split_once(';').unwrap().0)).unwrap();
    }
    for item in flat.split("pub const ").skip(1) {
        let (name, value) = item.split_once(';').unwrap().0.split_once(" = ").unwrap();
        writeln!(c, "_Static_assert({} == {}, \"\");", name.split(':').next().unwrap(), value).unwrap();
    }
    layout!(c, thing_p2p_info, struct_size path rtt_us min_rtt_us connect_ms bytes_sent bytes_received packets_sent
        packets_lost bandwidth_bps trace_id device_id local_address remote_address frame_bps);
    layout!(c, thing_p2p_frame, struct_size flags sequence missing length);
    layout!(c, thing_p2p_event, struct_size handle events readable writable code);
    layout!(c, thing_p2p_peer, struct_size uid app_id trace_id has_ticket);
    layout!(c, thing_p2p_pairing, struct_size sessions since app_id uid);

    let include = concat!(env!("CARGO_MANIFEST_DIR"), "/../../include");
    let mut cc = Command::new(std::env::var("CC").unwrap_or_else(|_| "cc".into()))
        .args(["-xc", "-std=c11", "-Werror", "-fsyntax-only", "-I", include, "-"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("a C compiler");
    cc.stdin.take().unwrap().write_all(c.as_bytes()).unwrap();
    assert!(cc.wait().unwrap().success(), "{}", c);
}

fn names(text: &str) -> HashSet<&str> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.filter(|w| w.to_lowercase().starts_with("thing_p2p_")).collect()
}

#[test]
fn nothing_is_missing() {
    let macros = ["API", "VERSION", "VERSION_MAJOR", "VERSION_MINOR", "VERSION_PATCH", "STATIC", "BUILD"];
    let texts = ["ERR_UNKNOWN"]; // and what stands before "..." in a comment, which ends in "_"
    let bound = names(SYS);
    for name in names(HEADER).difference(&bound).filter(|name| !name.ends_with('_')) {
        let short = name.trim_start_matches("THING_P2P_");
        assert!(macros.contains(&short) || texts.contains(&short), "{} is not in sys.rs", name);
    }
}

#[test]
fn the_versions_are_the_same() {
    let version = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(HEADER.contains(&format!("THING_P2P_VERSION       {}", version)));
    assert!(include_str!("../tokio/Cargo.toml").contains(&format!("\nversion = {}", version)));
}
