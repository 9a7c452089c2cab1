use std::os::raw::{c_char, c_int, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use crate::error::{check, Result};
use crate::registry::Registry;
use crate::{sys, text};

/// Levels of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    Off = sys::THING_P2P_LOG_OFF as isize,
    Error = sys::THING_P2P_LOG_ERROR as isize,
    Warn = sys::THING_P2P_LOG_WARN as isize,
    Info = sys::THING_P2P_LOG_INFO as isize,
    Debug = sys::THING_P2P_LOG_DEBUG as isize,
}

type Log = dyn Fn(LogLevel, &str) + Send + Sync;

static LOGS: Registry<Log> = Registry::new();
static CURRENT: AtomicUsize = AtomicUsize::new(0); // in the registry

/// Sends the log up to `level` to `log`; [`LogLevel::Off`] turns it off. For one thread at a time: the last call's `log`
/// might be lost else.
pub fn set_log<F>(level: LogLevel, log: F) -> Result<()>
where
    F: Fn(LogLevel, &str) + Send + Sync + 'static,
{
    let key = LOGS.add(Arc::new(log));
    let set = check(unsafe { sys::thing_p2p_set_log(level as c_int, Some(on_log), key as *mut c_void) });
    LOGS.remove(if set.is_ok() { CURRENT.swap(key, Ordering::AcqRel) } else { key });
    set.map(drop)
}

extern "C" fn on_log(level: c_int, line: *const c_char, user: *mut c_void) {
    let level = match level {
        sys::THING_P2P_LOG_ERROR => LogLevel::Error,
        sys::THING_P2P_LOG_WARN => LogLevel::Warn,
        sys::THING_P2P_LOG_INFO => LogLevel::Info,
        _ => LogLevel::Debug,
    };
    if let Some(log) = LOGS.find(user) {
        let line = text::from_c(line);
        let _ = catch_unwind(AssertUnwindSafe(|| log(level, &line)));
    }
}
