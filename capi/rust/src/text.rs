//! Between Rust's values and C's.

use std::ffi::{CStr, CString};
use std::os::raw::{c_char, c_int};
use std::time::Duration;

use crate::{Error, Result};

pub fn to_c(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::InvalidParameter)
}

/// Copies a text that the library returned, or gave to a callback.
pub fn from_c(text: *const c_char) -> String {
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// Copies a text out of a struct.
pub fn from_array(text: &[c_char]) -> String {
    let bytes: Vec<u8> = text.iter().take_while(|c| **c != 0).map(|c| *c as u8).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A timeout in ms, rounded up so that what is not zero stays so.
pub fn milliseconds(timeout: Option<Duration>) -> c_int {
    match timeout {
        None => -1,
        Some(t) => c_int::try_from((t.as_nanos() + 999_999) / 1_000_000).unwrap_or(c_int::MAX),
    }
}

/// A deadline in ms, where 0 is none in C: one that is now must not become that.
pub fn deadline_ms(deadline: Option<Duration>) -> c_int {
    deadline.map_or(0, |d| milliseconds(Some(d)).max(1))
}

pub fn length(size: usize) -> c_int {
    c_int::try_from(size).unwrap_or(c_int::MAX)
}
