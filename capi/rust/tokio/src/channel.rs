use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use thingp2p::{Error, Frame, Result};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::reactor::Reactor;
use crate::waiter::{Wait, Waiter};

/// One channel of a session, a stream of bytes, or of live frames: [`AsyncRead`] and [`AsyncWrite`], as [`thingp2p::Channel`] is
/// `Read` and `Write`. For one task; a clone is for another.
///
/// A write ends when the library has taken the bytes, and it sends them without a flush. A shutdown does nothing: a channel ends
/// with its session.
#[derive(Clone, Debug)]
pub struct Channel {
    sync: thingp2p::Channel, // which does not wait
    input: Waiter,
    room: Waiter,
}

impl Channel {
    pub(crate) fn new(session: &thingp2p::Session, number: u32, reactor: &Reactor) -> Channel {
        let mut sync = session.channel(number);
        sync.set_read_timeout(Some(Duration::ZERO));
        sync.set_write_timeout(Some(Duration::ZERO));
        let waiter = |poller| Waiter::new(poller, session.handle(), number);
        Channel { sync, input: waiter(&reactor.input), room: waiter(&reactor.room) }
    }

    /// Waits for the next whole frame, as [`thingp2p::Channel::read_frame`].
    pub async fn read_frame(&mut self) -> Result<Frame> {
        let attempt = || self.sync.read_frame();
        Wait { waiter: &mut self.input, gone: Error::ClosedLocal, attempt }.await
    }

    /// Sends a live frame, as [`thingp2p::Channel::send_frame`]. Never waits.
    pub fn send_frame(&self, frame: &[u8], key: bool, deadline: Option<Duration>) -> Result<()> {
        self.sync.send_frame(frame, key, deadline)
    }

    /// Drops what is queued and has not left yet, as [`thingp2p::Channel::clear`].
    pub fn clear(&self) -> Result<usize> {
        self.sync.clear()
    }

    /// How many bytes are queued and have not left yet, and for how long the oldest has been.
    pub fn unsent(&self) -> Result<(usize, Duration)> {
        self.sync.unsent()
    }
}

/// What the library has answered.
fn code(e: io::Error) -> Error {
    e.get_ref().and_then(|e| e.downcast_ref()).copied().unwrap_or(Error::Internal)
}

impl AsyncRead for Channel {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = || (&this.sync).read(to.initialize_unfilled()).map_err(code);
        let done = this.input.poll(cx, Error::ClosedLocal, read);
        done.map_ok(|size| to.advance(size)).map_err(io::Error::from)
    }
}

impl AsyncWrite for Channel {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let write = || (&this.sync).write(bytes).map_err(code);
        this.room.poll(cx, Error::ClosedLocal, write).map_err(io::Error::from)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
