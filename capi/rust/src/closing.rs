//! Of what is closed here, the library tells no poller. Who waits with one hears of it from here.

use std::sync::{Mutex, PoisonError};

static LISTENERS: Mutex<Vec<fn(i32)>> = Mutex::new(Vec::new());

/// Has a function called after each close: with the handle of a session, or with 0 where any may have gone. For crates that
/// wait for sessions in a way of their own.
#[doc(hidden)]
pub fn on_close(listener: fn(i32)) {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner).push(listener);
}

pub(crate) fn closed(handle: i32) {
    let listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    listeners.iter().for_each(|listener| listener(handle));
}
