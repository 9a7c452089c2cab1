use std::fmt;
use std::mem;
use std::os::raw::{c_char, c_int, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{check, Error, Result};
use crate::pairing::{self, Pairing};
use crate::registry::Registry;
use crate::text::{from_array, milliseconds, to_c};
use crate::{closing, sys, Session};

/// An app, as the device sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Peer {
    /// What the app says of its user.
    pub uid: String,
    /// Proven: names the app's key.
    pub app_id: String,
    pub trace_id: String,
    /// The app proved that it holds the device's ticket.
    pub has_ticket: bool,
}

impl Peer {
    fn from_c(p: &sys::thing_p2p_peer) -> Peer {
        Peer {
            uid: from_array(&p.uid),
            app_id: from_array(&p.app_id),
            trace_id: from_array(&p.trace_id),
            has_ticket: p.has_ticket == 1,
        }
    }
}

const STATUS_SIZE: usize = 2048;

#[doc(hidden)]
pub type Authorizer = dyn Fn(&Peer) -> Result<()> + Send + Sync;

static CONSENTS: Registry<Consent> = Registry::new();

/// Who decides about a device's apps.
struct Consent {
    device: c_int,
    now: Mutex<Wanted>,
}

struct Wanted {
    authorizer: Option<Arc<Authorizer>>,
    changes: usize, // so far
    asks: bool,     // C does, before it lets somebody in
}

impl Consent {
    fn now(&self) -> MutexGuard<'_, Wanted> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether C asks already.
    fn want(&self, authorizer: Option<Arc<Authorizer>>) -> bool {
        let mut now = self.now();
        now.changes += 1;
        let asks = now.asks;
        let _before = mem::replace(&mut now.authorizer, authorizer);
        drop(now); // before what the authorizer owned
        asks
    }

    /// Where nobody is to be asked.
    fn at_first(&self, peer: &Peer) -> Result<()> {
        if peer.has_ticket || pairing::list(self.device)?.iter().any(|p| p.app_id == peer.app_id) {
            return Ok(());
        }
        Err(Error::Auth)
    }

    /// Tells C what is wanted. Others may change that meanwhile, and their calls may come to C before this one: who comes last
    /// tells the latest.
    fn apply(&self, key: usize) -> Result<()> {
        loop {
            let (asks, changes) = {
                let now = self.now();
                (now.authorizer.is_some(), now.changes)
            };
            let ask: sys::thing_p2p_authorize_cb = if asks { Some(on_authorize) } else { None };
            check(unsafe { sys::thing_p2p_device_set_authorizer(self.device, ask, key as *mut c_void) })?;
            let mut now = self.now();
            if now.changes == changes {
                now.asks = asks;
                return Ok(());
            }
        }
    }
}

/// A device. Dropping it takes it offline and closes its sessions.
pub struct Device {
    handle: c_int,
    consent: Arc<Consent>,
    key: usize, // of that, in the registry
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("handle", &self.handle).finish()
    }
}

impl Device {
    /// A device whose identity is kept in a directory.
    pub fn open<P: AsRef<Path>>(state_dir: P) -> Result<Device> {
        let dir = to_c(state_dir.as_ref().to_str().ok_or(Error::InvalidParameter)?)?;
        Device::with(dir.as_ptr())
    }

    /// A device with a new identity, which ends with it.
    pub fn in_memory() -> Result<Device> {
        Device::with(ptr::null())
    }

    fn with(state_dir: *const c_char) -> Result<Device> {
        let handle = check(unsafe { sys::thing_p2p_device_open(state_dir) })?;
        let now = Mutex::new(Wanted { authorizer: None, changes: 0, asks: false });
        let consent = Arc::new(Consent { device: handle, now });
        Ok(Device { handle, key: CONSENTS.add(consent.clone()), consent })
    }

    pub fn handle(&self) -> i32 {
        self.handle
    }

    pub fn id(&self) -> Result<String> {
        self.text(sys::thing_p2p_device_id)
    }

    /// All that an app needs to reach the device; a secret.
    pub fn ticket(&self) -> Result<String> {
        self.text(sys::thing_p2p_device_ticket)
    }

    /// "address:port" in the local network, for [`crate::App::add_address`].
    pub fn address(&self) -> Result<String> {
        self.text(sys::thing_p2p_device_address)
    }

    /// How the device can be reached now, as JSON: see `thing_p2p_device_status` in include/thingp2p.h.
    pub fn status(&self) -> Result<String> {
        self.text(sys::thing_p2p_device_status)
    }

    /// The paired apps, the oldest first.
    pub fn pairings(&self) -> Result<Vec<Pairing>> {
        pairing::list(self.handle)
    }

    /// Forgets a paired app and ends its sessions.
    pub fn unpair(&self, app_id: &str) -> Result<()> {
        let app_id = to_c(app_id)?;
        check(unsafe { sys::thing_p2p_device_unpair(self.handle, app_id.as_ptr()) }).map(drop)
    }

    /// Gives the device a new ticket; the old one lets nobody in any more. Pairings stay.
    pub fn reset_ticket(&self) -> Result<()> {
        check(unsafe { sys::thing_p2p_device_reset_ticket(self.handle) }).map(drop)
    }

    fn text(&self, get: unsafe extern "C" fn(c_int, *mut c_char, c_int) -> c_int) -> Result<String> {
        let mut buffer = [0 as c_char; STATUS_SIZE]; // all others are shorter
        check(unsafe { get(self.handle, buffer.as_mut_ptr(), buffer.len() as c_int) })?;
        Ok(from_array(&buffer))
    }

    /// Sets who decides about apps; it is called on a thread of the library. This waits for one that is deciding, unless
    /// that makes the call: hold nothing that it needs.
    pub fn set_authorizer<F>(&self, decide: F) -> Result<()>
    where
        F: Fn(&Peer) -> Result<()> + Send + Sync + 'static,
    {
        self.consent.want(Some(Arc::new(decide)));
        self.consent.apply(self.key)
    }

    /// From now on, who holds the ticket, or is paired, may enter: as at first. It waits as `set_authorizer` does.
    pub fn remove_authorizer(&self) -> Result<()> {
        self.consent.want(None);
        self.consent.apply(self.key)
    }

    /// Sets or removes it, and waits for nobody: the one before may be deciding still.
    #[doc(hidden)]
    pub fn set_authorizer_soon(&self, decide: Option<Arc<Authorizer>>) -> Result<()> {
        let is_some = decide.is_some();
        if self.consent.want(decide) || !is_some {
            return Ok(()); // C asks here already, or need not
        }
        self.consent.apply(self.key)
    }

    /// Sets an option of this device only; before `listen`.
    pub fn set_option(&self, key: &str, value: &str) -> Result<()> {
        let (key, value) = (to_c(key)?, to_c(value)?);
        check(unsafe { sys::thing_p2p_device_set_option(self.handle, key.as_ptr(), value.as_ptr()) }).map(drop)
    }

    /// Goes online, and stays so.
    pub fn listen(&self) -> Result<()> {
        check(unsafe { sys::thing_p2p_device_listen(self.handle) }).map(drop)
    }

    /// Waits for an app; [`Session::peer`] says who it is.
    pub fn accept(&self, timeout: Option<Duration>) -> Result<Session> {
        let mut p: sys::thing_p2p_peer = unsafe { mem::zeroed() };
        p.struct_size = mem::size_of_val(&p) as u32;
        let handle = check(unsafe { sys::thing_p2p_accept(self.handle, milliseconds(timeout), &mut p) })?;
        Ok(Session::new(handle, Some(Peer::from_c(&p))))
    }

    /// Closes it now, and wakes the threads that wait in it. It waits for an authorizer that is deciding.
    pub fn close(&self) -> Result<()> {
        let closed = check(unsafe { sys::thing_p2p_device_close(self.handle) }).map(drop);
        closing::closed(0);
        closed
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = self.close(); // closed before, at worst
        CONSENTS.remove(self.key);
    }
}

extern "C" fn on_authorize(_device: c_int, peer: *const sys::thing_p2p_peer, user: *mut c_void) -> c_int {
    let consent = match CONSENTS.find(user) {
        Some(consent) => consent,
        None => return sys::THING_P2P_ERR_DEVICE_BUSY, // the device goes
    };
    let peer = Peer::from_c(unsafe { &*peer });
    let decide = consent.now().authorizer.clone();
    match catch_unwind(AssertUnwindSafe(|| decide.map_or_else(|| consent.at_first(&peer), |decide| decide(&peer)))) {
        Ok(Ok(())) => sys::THING_P2P_OK,
        Ok(Err(e)) if e.code() < 0 => e.code(),
        _ => sys::THING_P2P_ERR_AUTH, // a panic, or an error that is none in C, where it would let the app in
    }
}
