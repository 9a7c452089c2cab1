use std::mem::{self, size_of};
use std::os::raw::c_int;
use std::ptr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::{check, Result};
use crate::sys;
use crate::text::from_array;

/// An app that a device remembers, so that it needs no ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pairing {
    /// Proven when it was paired: names the app's key.
    pub app_id: String,
    /// What the app said of its user when it came last.
    pub uid: String,
    /// By the device's clock.
    pub since: SystemTime,
    /// That it has now.
    pub sessions: u32,
}

pub fn list(device: c_int) -> Result<Vec<Pairing>> {
    let mut list: Vec<sys::thing_p2p_pairing> = Vec::new();
    let mut count = check(unsafe { sys::thing_p2p_device_pairings(device, ptr::null_mut(), 0) })?;
    while count as usize > list.len() {
        list.resize(count as usize, unsafe { mem::zeroed() }); // there may be more by now
        list[0].struct_size = size_of::<sys::thing_p2p_pairing>() as u32;
        count = check(unsafe { sys::thing_p2p_device_pairings(device, list.as_mut_ptr(), count) })?;
    }
    list.truncate(count as usize);
    Ok(list.iter().map(from_c).collect())
}

fn from_c(p: &sys::thing_p2p_pairing) -> Pairing {
    Pairing {
        app_id: from_array(&p.app_id),
        uid: from_array(&p.uid),
        since: UNIX_EPOCH + Duration::from_secs(p.since.try_into().unwrap_or(0)),
        sessions: p.sessions.try_into().unwrap_or(0),
    }
}
