use std::io::{self, Read, Write};
use std::mem;
use std::os::raw::c_int;
use std::time::{Duration, Instant};

use crate::error::{check, Error, Result};
use crate::text::{deadline_ms, from_array, length, milliseconds};
use crate::{closing, sys, Peer};

/// A connection with eight channels, on either side. Dropping it closes it, and sends what is buffered for up to a second.
#[derive(Debug)]
pub struct Session {
    handle: c_int,
    peer: Option<Peer>,
}

impl Session {
    pub(crate) fn new(handle: c_int, peer: Option<Peer>) -> Session {
        Session { handle, peer }
    }

    /// The handle in C. The session keeps it.
    pub fn handle(&self) -> i32 {
        self.handle
    }

    /// On the device's side: the app.
    pub fn peer(&self) -> Option<&Peer> {
        self.peer.as_ref()
    }

    /// One of the channels 0 to 7. It does not keep the session open.
    pub fn channel(&self, number: u32) -> Channel {
        let number = c_int::try_from(number).unwrap_or(c_int::MAX);
        Channel { handle: self.handle, number, read_timeout: None, write_timeout: None }
    }

    /// Why the session is not usable, if so.
    pub fn check(&self) -> Result<()> {
        check(unsafe { sys::thing_p2p_active_check(self.handle) }).map(drop)
    }

    pub fn info(&self) -> Result<Info> {
        let mut i: sys::thing_p2p_info = unsafe { mem::zeroed() };
        i.struct_size = mem::size_of_val(&i) as u32;
        check(unsafe { sys::thing_p2p_session_info(self.handle, &mut i) })?;
        Ok(Info {
            path: Path::from_c(i.path),
            rtt: Duration::from_micros(i.rtt_us.into()),
            min_rtt: Duration::from_micros(i.min_rtt_us.into()),
            connect_time: Duration::from_millis(i.connect_ms.into()),
            bytes_sent: i.bytes_sent,
            bytes_received: i.bytes_received,
            packets_sent: i.packets_sent,
            packets_lost: i.packets_lost,
            bandwidth_bps: i.bandwidth_bps,
            trace_id: from_array(&i.trace_id),
            device_id: from_array(&i.device_id),
            local_address: from_array(&i.local_address),
            remote_address: from_array(&i.remote_address),
            frame_bps: i.frame_bps,
        })
    }

    /// Closes it now, and wakes the threads that wait in its channels.
    pub fn close(&self) -> Result<()> {
        let closed = check(unsafe { sys::thing_p2p_disconnect(self.handle) }).map(drop);
        closing::closed(self.handle);
        closed
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.close(); // closed before, at worst
    }
}

/// One channel of a session, a stream of bytes: [`Read`] and [`Write`], also behind a shared reference. Reading ends with
/// `Ok(0)` when the other side has closed the session and all that it had sent has been read.
///
/// Or it carries live frames, by [`send_frame`](Channel::send_frame) and [`read_frame`](Channel::read_frame): in each
/// direction one of the two, as the sender's first call decides.
#[derive(Clone, Debug)]
pub struct Channel {
    handle: c_int,
    number: c_int,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

impl Channel {
    /// How long a read waits for the first byte, or for a frame: then it fails with `ErrorKind::TimedOut`, or
    /// [`Error::Timeout`]. `None`, as at first: for ever.
    pub fn set_read_timeout(&mut self, timeout: Option<Duration>) {
        self.read_timeout = timeout;
    }

    /// How long a write waits for room for a byte.
    pub fn set_write_timeout(&mut self, timeout: Option<Duration>) {
        self.write_timeout = timeout;
    }

    /// Sends a live frame, such as a picture, of up to [`MAX_FRAME`](crate::MAX_FRAME) bytes: it arrives whole or not at
    /// all, and holds up no other. Never waits. How much an encoder should produce: [`Info::frame_bps`].
    ///
    /// A key frame needs none before it; each other frame needs all since the last key frame. The deadline is how long
    /// from now the frame is of use at the other side, `None`: for ever. One that could not be there in time fails with
    /// [`Error::Timeout`], one that needs a frame that was dropped with [`Error::KeyFrame`]: then the encoder shall
    /// produce a key frame.
    pub fn send_frame(&self, frame: &[u8], key: bool, deadline: Option<Duration>) -> Result<()> {
        let (from, size) = (frame.as_ptr().cast(), length(frame.len()));
        let (flags, ms) = (if key { sys::THING_P2P_FRAME_KEY } else { 0 }, deadline_ms(deadline));
        check(unsafe { sys::thing_p2p_send_frame(self.handle, self.number, from, size, flags, ms) }).map(drop)
    }

    /// Waits for the next whole frame, in the order in which they were sent. When the other side has closed the session
    /// and all that had come has been read, it fails with [`Error::ClosedRemote`].
    pub fn read_frame(&self) -> Result<Frame> {
        let start = Instant::now();
        let mut f: sys::thing_p2p_frame = unsafe { mem::zeroed() };
        f.struct_size = mem::size_of_val(&f) as u32;
        let mut data = vec![0; 1]; // which makes the library tell the length
        loop {
            let ms = milliseconds(self.read_timeout.map(|t| t.saturating_sub(start.elapsed())));
            let (to, size) = (data.as_mut_ptr().cast(), length(data.len()));
            match check(unsafe { sys::thing_p2p_read_frame(self.handle, self.number, to, size, &mut f, ms) }) {
                Err(Error::BufferTooSmall) => data = vec![0; f.length as usize], // the frame has stayed
                result => {
                    data.truncate(result? as usize); // a shorter one, if another thread has taken that
                    let key = f.flags & sys::THING_P2P_FRAME_KEY as u32 != 0;
                    return Ok(Frame { data, key, sequence: f.sequence, missing: f.missing });
                }
            }
        }
    }

    /// Drops what is queued and has not left yet, and returns how many bytes that was: after a seek, say. If frames were
    /// dropped, the next one must be a key frame. Of bytes, the reader sees what is sent next right behind what had left:
    /// clear between two messages of your own.
    pub fn clear(&self) -> Result<usize> {
        check(unsafe { sys::thing_p2p_clear(self.handle, self.number) }).map(|n| n as usize)
    }

    /// How many bytes are queued and have not left yet, and for how long the oldest has been.
    pub fn unsent(&self) -> Result<(usize, Duration)> {
        let mut age_ms = 0;
        let n = check(unsafe { sys::thing_p2p_unsent(self.handle, self.number, &mut age_ms) })?;
        Ok((n as usize, Duration::from_millis(age_ms as u64)))
    }
}

impl Read for &Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let (to, size, ms) = (buffer.as_mut_ptr().cast(), length(buffer.len()), milliseconds(self.read_timeout));
        match check(unsafe { sys::thing_p2p_read(self.handle, self.number, to, size, ms) }) {
            Ok(n) => Ok(n as usize),
            Err(Error::ClosedRemote) => Ok(0),
            Err(e) => Err(e.into()),
        }
    }
}

impl Write for &Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let (from, size, ms) = (bytes.as_ptr().cast(), length(bytes.len()), milliseconds(self.write_timeout));
        Ok(check(unsafe { sys::thing_p2p_send(self.handle, self.number, from, size, ms) })? as usize)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(()) // the library sends without being asked
    }
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A live frame that came whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    pub data: Vec<u8>,
    /// It needs none before it.
    pub key: bool,
    /// 1, 2, ...: each frame that `send_frame` has taken at the other side.
    pub sequence: u64,
    /// Frames since the last one that was read, which will not come.
    pub missing: u32,
}

/// What carries a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Path {
    None,
    Lan,
    Direct,
    Relay,
}

impl Path {
    fn from_c(path: c_int) -> Path {
        match path {
            sys::THING_P2P_PATH_LAN => Path::Lan,
            sys::THING_P2P_PATH_DIRECT => Path::Direct,
            sys::THING_P2P_PATH_RELAY => Path::Relay,
            _ => Path::None,
        }
    }
}

/// A session's figures.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Info {
    pub path: Path,
    pub rtt: Duration,
    pub min_rtt: Duration,
    pub connect_time: Duration,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    pub packets_sent: u64,
    pub packets_lost: u64,
    /// 0: not known yet.
    pub bandwidth_bps: u64,
    pub trace_id: String,
    pub device_id: String,
    pub local_address: String,
    pub remote_address: String,
    /// What a live encoder should produce now, bit/s, for all of its frames. 0: not known yet, or no frame was sent here.
    pub frame_bps: u64,
}
