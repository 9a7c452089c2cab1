//! libthingp2p: connects an app to a device by the device's id, peer to peer, over eight reliable channels.
//!
//! ```no_run
//! use std::io::{BufRead, BufReader, Write};
//!
//! # fn main() -> std::io::Result<()> {
//! let app = thingp2p::App::new("alice")?;
//! let session = app.connect("t2p1.…")?;
//! let mut commands = session.channel(0);
//! commands.write_all(b"info\n")?;
//! let mut answer = String::new();
//! BufReader::new(commands).read_line(&mut answer)?;
//! # Ok(()) }
//! ```
//!
//! [`Session`] and [`Device`] end what they own when they are dropped, also while other threads wait in their channels:
//! those get [`Error::ClosedLocal`]. A timeout of `None` waits for ever. Callbacks run on threads of the library; a panic
//! in one ends there, after the panic hook has reported it. [`sys`] has the C functions, which `thingp2p.h` describes.

use std::os::raw::c_char;

mod app;
mod closing;
mod device;
mod error;
mod log;
mod pairing;
mod poller;
mod registry;
mod session;
pub mod sys;
mod text;

pub use app::{App, Mode};
#[doc(hidden)]
pub use closing::on_close;
pub use device::{Device, Peer};
pub use error::{Error, Result};
pub use log::{set_log, LogLevel};
pub use pairing::Pairing;
pub use poller::{Event, Events, Poller};
pub use session::{Channel, Frame, Info, Path, Session};

/// The number of channels of a session.
pub const CHANNELS: u32 = sys::THING_P2P_CHANNELS as u32;

/// The largest frame, in bytes.
pub const MAX_FRAME: usize = sys::THING_P2P_MAX_FRAME;

/// The version of the library that is loaded.
pub fn version() -> String {
    text::from_c(unsafe { sys::thing_p2p_version() })
}

/// Says, as JSON, how an attempt of either side goes or went, and its session: thingp2p.h lists the members, of which `summary`
/// says it in a sentence.
pub fn report(trace_id: &str) -> Result<String> {
    let trace_id = text::to_c(trace_id)?;
    let mut buffer = vec![0 as c_char; sys::THING_P2P_REPORT_SIZE];
    let size = text::length(buffer.len());
    error::check(unsafe { sys::thing_p2p_report(trace_id.as_ptr(), buffer.as_mut_ptr(), size) })?;
    Ok(text::from_array(&buffer))
}

/// Says that the host's network has changed, or that the process was suspended: the app and all devices look at once what
/// still works.
pub fn network_changed() -> Result<()> {
    error::check(unsafe { sys::thing_p2p_network_changed() }).map(drop)
}

/// Names the host's addresses, as in "192.168.1.5/24 fe80::1%wlan0/64", where the system does not tell; "": ask it again.
pub fn set_addresses(addresses: &str) -> Result<()> {
    let addresses = text::to_c(addresses)?;
    error::check(unsafe { sys::thing_p2p_set_addresses(addresses.as_ptr()) }).map(drop)
}

/// Sets an option, for what is opened after it; thingp2p.h lists them, "server" is the first to know.
pub fn set_option(key: &str, value: &str) -> Result<()> {
    let (key, value) = (text::to_c(key)?, text::to_c(value)?);
    error::check(unsafe { sys::thing_p2p_set_option(key.as_ptr(), value.as_ptr()) }).map(drop)
}
