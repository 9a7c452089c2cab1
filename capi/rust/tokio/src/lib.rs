//! libthingp2p with tokio: the crate [`thingp2p`], where what waits is `async`, and needs no thread.
//!
//! ```no_run
//! use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
//!
//! # async fn example() -> std::io::Result<()> {
//! let app = thingp2p_tokio::App::new("alice")?;
//! let session = app.connect("t2p1.…").await?;
//! let mut commands = session.channel(0);
//! commands.write_all(b"info\n").await?;
//! let mut answer = String::new();
//! BufReader::new(commands).read_line(&mut answer).await?;
//! # Ok(()) }
//! ```
//!
//! An [`App`] and a [`Device`] belong to the runtime in which they are made, by any thread of it; it must have its I/O enabled,
//! and run for as long as somebody waits for them or their sessions, in whatever runtime. They have two pollers of the library,
//! whose descriptors are in the runtime, and a task for each.
//!
//! Who gives up what waits, by `timeout` or `select!` of tokio's, loses nothing: the next read or accept gets what has come. To give
//! up a connect breaks it off. What does not wait is as in [`thingp2p`], whose types these dereference to.

mod app;
mod channel;
mod device;
mod poller;
mod reactor;
mod session;
mod waiter;

pub use app::App;
pub use channel::Channel;
pub use device::Device;
pub use session::Session;
