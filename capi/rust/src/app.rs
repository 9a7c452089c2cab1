use std::os::raw::{c_char, c_int, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::error::{check, Error, Result};
use crate::text::{from_array, milliseconds, to_c};
use crate::{closing, sys, Session};

/// Which way to the device gets the head start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Internet = sys::THING_P2P_MODE_INTERNET as isize,
    Lan = sys::THING_P2P_MODE_LAN as isize,
}

/// The app side of this process; one at a time. Dropping it ends all attempts and sessions.
#[derive(Debug)]
pub struct App(());

// C lets the same uid in twice, but dropping one would end what the other is for.
static TAKEN: AtomicBool = AtomicBool::new(false);

type Outcome = Box<dyn FnOnce(Result<Session>) + Send>;

impl App {
    /// [`Error::AlreadyInitialized`] while there is one, whatever its uid.
    pub fn new(uid: &str) -> Result<App> {
        let uid = to_c(uid)?;
        let size = uid.as_bytes_with_nul().len();
        if size < 2 || size > sys::THING_P2P_ID_SIZE {
            return Err(Error::InvalidParameter);
        }
        if TAKEN.swap(true, Ordering::AcqRel) {
            return Err(Error::AlreadyInitialized);
        }
        let made = check(unsafe { sys::thing_p2p_init(uid.as_ptr()) });
        if made.is_err() {
            TAKEN.store(false, Ordering::Release);
        }
        made.map(|_| App(()))
    }

    /// Binds a name to a ticket, so that `connect` takes the name.
    pub fn add_device(&self, name: &str, ticket: &str) -> Result<()> {
        let (name, ticket) = (to_c(name)?, to_c(ticket)?);
        check(unsafe { sys::thing_p2p_add_device(name.as_ptr(), ticket.as_ptr()) }).map(drop)
    }

    /// Tells of an address at which other means have found the device, such as Bonjour; see [`crate::Device::address`].
    pub fn add_address(&self, to: &str, address: &str) -> Result<()> {
        let (to, address) = (to_c(to)?, to_c(address)?);
        check(unsafe { sys::thing_p2p_add_address(to.as_ptr(), address.as_ptr()) }).map(drop)
    }

    /// Connects to a device id, a ticket, or a name that `add_device` bound, within 15 seconds.
    pub fn connect(&self, to: &str) -> Result<Session> {
        self.connect_with(to, Mode::Internet, None)
    }

    /// The timeout `None` means 15 seconds, in LAN mode 3.
    pub fn connect_with(&self, to: &str, mode: Mode, timeout: Option<Duration>) -> Result<Session> {
        let to = to_c(to)?;
        let handle =
            unsafe { sys::thing_p2p_connect_wait(to.as_ptr(), mode as c_int, connect_ms(timeout), ptr::null_mut()) };
        Ok(Session::new(check(handle)?, None))
    }

    /// Starts to connect, and returns the attempt's trace id, for `break_connect`. `done` is called once, on a thread of
    /// the library; not if this returns an error.
    pub fn start_connect<F>(&self, to: &str, mode: Mode, timeout: Option<Duration>, done: F) -> Result<String>
    where
        F: FnOnce(Result<Session>) + Send + 'static,
    {
        let to = to_c(to)?;
        let mut trace_id = [0 as c_char; sys::THING_P2P_TRACE_ID_SIZE];
        let outcome: Outcome = Box::new(done);
        let user = Box::into_raw(Box::new(outcome)); // one callback takes it back
        let (mode, ms) = (mode as c_int, connect_ms(timeout));
        let started = check(unsafe {
            sys::thing_p2p_connect(
                to.as_ptr(),
                mode,
                ms,
                Some(on_success),
                Some(on_failure),
                user.cast(),
                trace_id.as_mut_ptr(),
            )
        });
        if let Err(e) = started {
            drop(unsafe { Box::from_raw(user) });
            return Err(e);
        }
        Ok(from_array(&trace_id))
    }

    /// Ends the attempt that the trace id names: it gets [`Error::ConnectBreak`].
    pub fn break_connect(&self, trace_id: &str) -> Result<()> {
        let trace_id = to_c(trace_id)?;
        check(unsafe { sys::thing_p2p_break_connect(trace_id.as_ptr()) }).map(drop)
    }

    /// Makes the next connect to a device take one round trip, if it comes within five minutes; the device's user hears
    /// nothing of it. For eight devices at a time.
    pub fn preconnect(&self, to: &str) -> Result<()> {
        let to = to_c(to)?;
        check(unsafe { sys::thing_p2p_preconnect(to.as_ptr()) }).map(drop)
    }

    /// Ends what `preconnect` has begun with a device, if anything.
    pub fn close_preconnect(&self, to: &str) -> Result<()> {
        let to = to_c(to)?;
        check(unsafe { sys::thing_p2p_close_preconnect(to.as_ptr()) }).map(drop)
    }

    /// Makes the attempts to a device that are under way ask it again now, since it has just woken.
    pub fn resend_offer(&self, to: &str) -> Result<()> {
        let to = to_c(to)?;
        check(unsafe { sys::thing_p2p_resend_offer(to.as_ptr()) }).map(drop)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        unsafe { sys::thing_p2p_deinit() };
        closing::closed(0);
        TAKEN.store(false, Ordering::Release);
    }
}

/// Zero would be the default in C.
fn connect_ms(timeout: Option<Duration>) -> c_int {
    timeout.map_or(0, |t| milliseconds(Some(t)).max(1))
}

extern "C" fn on_success(handle: c_int, user: *mut c_void) {
    finish(Ok(Session::new(handle, None)), user);
}

extern "C" fn on_failure(code: c_int, user: *mut c_void) {
    finish(Err(Error::from_code(code)), user);
}

fn finish(result: Result<Session>, user: *mut c_void) {
    let done = unsafe { Box::from_raw(user.cast::<Outcome>()) };
    let _ = catch_unwind(AssertUnwindSafe(|| done(result)));
}
