use std::mem;
use std::ops::BitOr;
use std::os::raw::c_int;
use std::time::Duration;

#[cfg(unix)]
use std::os::unix::io::{AsFd, AsRawFd, BorrowedFd, RawFd};

use crate::error::{check, Error, Result};
use crate::sys;
use crate::text::milliseconds;

/// Events that one call of [`Poller::wait`] tells at most; the next one tells of the others.
const AT_ONCE: usize = 64;

/// Waits for any number of sessions and devices in one call, where a thread for each would be too many. Any thread may use it,
/// and several may wait.
///
/// It is also a descriptor that is readable while [`wait`](Poller::wait) would return at once. A program with a loop of its own,
/// such as mio, async-io or epoll, puts it there, and calls `wait` with a timeout of zero until that is [`Error::Timeout`]; for
/// tokio there is the crate `thingp2p-tokio`. Nobody may read from the descriptor or close it.
#[derive(Debug)]
pub struct Poller {
    handle: c_int,
    descriptor: c_int, // on Windows there is none
}

impl Poller {
    /// It fails with [`Error::NoMemory`] if the process has too many open files.
    pub fn new() -> Result<Poller> {
        let handle = check(unsafe { sys::thing_p2p_poller_open() })?;
        let mut poller = Poller { handle, descriptor: -1 };
        if cfg!(unix) {
            poller.descriptor = check(unsafe { sys::thing_p2p_poller_fd(handle) })?;
        }
        Ok(poller)
    }

    /// Says what [`wait`](Poller::wait) tells from now on of a session or a device, by its handle; [`Events::NONE`]: nothing
    /// any more. Bit n of `channels` is channel n, for [`Events::READABLE`] and [`Events::WRITABLE`]. There is room to send
    /// nearly always: ask for `WRITABLE` only while something waits to be sent.
    pub fn set(&self, handle: i32, events: Events, channels: u32) -> Result<()> {
        check(unsafe { sys::thing_p2p_poller_set(self.handle, handle, events.0, channels) }).map(drop)
    }

    /// Waits until something is so that is watched for, and tells each session and device once; `None` waits for ever. For a
    /// call of [`wake`](Poller::wake) it tells nothing. When the time is up it fails with [`Error::Timeout`].
    pub fn wait(&self, timeout: Option<Duration>) -> Result<Vec<Event>> {
        let mut list: [sys::thing_p2p_event; AT_ONCE] = unsafe { mem::zeroed() };
        list[0].struct_size = mem::size_of_val(&list[0]) as u32;
        let (to, most) = (list.as_mut_ptr(), list.len() as c_int);
        let count = check(unsafe { sys::thing_p2p_poller_wait(self.handle, to, most, milliseconds(timeout)) })?;
        Ok(list[..count as usize].iter().map(Event::from_c).collect())
    }

    /// Makes one `wait` return: one of now, or the next.
    pub fn wake(&self) -> Result<()> {
        check(unsafe { sys::thing_p2p_poller_wake(self.handle) }).map(drop)
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        unsafe { sys::thing_p2p_poller_close(self.handle) };
    }
}

#[cfg(unix)]
impl AsRawFd for Poller {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor
    }
}

#[cfg(unix)]
impl AsFd for Poller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        unsafe { BorrowedFd::borrow_raw(self.descriptor) } // open as long as the poller is
    }
}

/// What may be so with a session or a device; `|` joins several. The first four are told as long as they are so, the others
/// once for each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Events(u32);

impl Events {
    pub const NONE: Events = Events(0);
    /// A channel has bytes or a whole frame.
    pub const READABLE: Events = Events(sys::THING_P2P_EVENT_READABLE);
    /// A channel's send buffer has room.
    pub const WRITABLE: Events = Events(sys::THING_P2P_EVENT_WRITABLE);
    /// A device has a session to accept.
    pub const ACCEPT: Events = Events(sys::THING_P2P_EVENT_ACCEPT);
    /// A session has ended, [`Event::error`] says why; until it is closed here, too.
    pub const CLOSED: Events = Events(sys::THING_P2P_EVENT_CLOSED);
    /// A session has moved to another path.
    pub const PATH: Events = Events(sys::THING_P2P_EVENT_PATH);
    /// A device's connection to its server: [`Event::error`] says why there is none.
    pub const ONLINE: Events = Events(sys::THING_P2P_EVENT_ONLINE);
    /// A device's pairings have changed.
    pub const PAIRED: Events = Events(sys::THING_P2P_EVENT_PAIRED);
    /// `frame_bps` of a session's info has changed by a tenth.
    pub const RATE: Events = Events(sys::THING_P2P_EVENT_RATE);

    /// Whether all of the others are among these.
    pub fn contains(self, others: Events) -> bool {
        self.0 & others.0 == others.0
    }
}

impl BitOr for Events {
    type Output = Events;

    fn bitor(self, other: Events) -> Events {
        Events(self.0 | other.0)
    }
}

/// What is so with a session or a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Of the session or the device.
    pub handle: i32,
    pub events: Events,
    /// Bit n: channel n has something to read.
    pub readable: u32,
    /// Bit n: channel n has room.
    pub writable: u32,
    /// Of [`Events::CLOSED`], and of [`Events::ONLINE`] if the device is not.
    pub error: Option<Error>,
}

impl Event {
    fn from_c(e: &sys::thing_p2p_event) -> Event {
        Event {
            handle: e.handle,
            events: Events(e.events),
            readable: e.readable,
            writable: e.writable,
            error: check(e.code).err(),
        }
    }
}
