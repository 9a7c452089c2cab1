use std::fmt;
use std::io::{self, ErrorKind};
use std::os::raw::c_int;

use crate::{sys, text};

pub type Result<T> = std::result::Result<T, Error>;

// One line for each code: the variant, and its name in C.
macro_rules! errors {
    ($($variant:ident = $code:ident,)*) => {
        /// What the library answered. Its text is a sentence that says what to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Error {
            $($variant,)*
            /// A code of a newer library.
            Unknown(i32),
        }

        impl Error {
            /// The error of a negative code.
            pub fn from_code(code: i32) -> Error {
                match code {
                    $(sys::$code => Error::$variant,)*
                    other => Error::Unknown(other),
                }
            }

            /// The code in C, which is negative.
            pub fn code(self) -> i32 {
                match self {
                    $(Error::$variant => sys::$code,)*
                    Error::Unknown(code) => code,
                }
            }
        }
    };
}

errors! {
    NotInitialized = THING_P2P_ERR_NOT_INITIALIZED,
    AlreadyInitialized = THING_P2P_ERR_ALREADY_INITIALIZED,
    Timeout = THING_P2P_ERR_TIMEOUT,
    InvalidId = THING_P2P_ERR_INVALID_ID,
    InvalidParameter = THING_P2P_ERR_INVALID_PARAMETER,
    DeviceNotOnline = THING_P2P_ERR_DEVICE_NOT_ONLINE,
    NoRelay = THING_P2P_ERR_NO_RELAY,
    InvalidSession = THING_P2P_ERR_INVALID_SESSION,
    ClosedRemote = THING_P2P_ERR_CLOSED_REMOTE,
    ClosedTimeout = THING_P2P_ERR_CLOSED_TIMEOUT,
    ClosedLocal = THING_P2P_ERR_CLOSED_LOCAL,
    ListenBreak = THING_P2P_ERR_LISTEN_BREAK,
    ConnectBreak = THING_P2P_ERR_CONNECT_BREAK,
    SessionLimit = THING_P2P_ERR_SESSION_LIMIT,
    NoMemory = THING_P2P_ERR_NO_MEMORY,
    Handshake = THING_P2P_ERR_HANDSHAKE,
    NoAnswer = THING_P2P_ERR_NO_ANSWER,
    Signaling = THING_P2P_ERR_SIGNALING,
    Remote = THING_P2P_ERR_REMOTE,
    DevicePrivacy = THING_P2P_ERR_DEVICE_PRIVACY,
    DeviceFull = THING_P2P_ERR_DEVICE_FULL,
    Auth = THING_P2P_ERR_AUTH,
    DeviceBusy = THING_P2P_ERR_DEVICE_BUSY,
    Forked = THING_P2P_ERR_FORKED,
    BufferTooSmall = THING_P2P_ERR_BUFFER_TOO_SMALL,
    Internal = THING_P2P_ERR_INTERNAL,
    KeyFrame = THING_P2P_ERR_KEY_FRAME,
    Busy = THING_P2P_ERR_BUSY,
}

impl Error {
    /// The code's name in C, such as "THING_P2P_ERR_TIMEOUT".
    pub fn name(self) -> String {
        text::from_c(unsafe { sys::thing_p2p_error_name(self.code()) })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::from_c(unsafe { sys::thing_p2p_strerror(self.code()) }))
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match error {
            Error::Timeout => ErrorKind::TimedOut,
            Error::InvalidId | Error::InvalidParameter => ErrorKind::InvalidInput,
            Error::ClosedRemote | Error::ClosedTimeout => ErrorKind::ConnectionReset,
            Error::ClosedLocal | Error::ListenBreak | Error::ConnectBreak => ErrorKind::ConnectionAborted,
            Error::InvalidSession => ErrorKind::NotConnected,
            Error::Auth => ErrorKind::PermissionDenied,
            Error::NoMemory => ErrorKind::OutOfMemory,
            _ => ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

/// Passes what is not an error.
pub(crate) fn check(result: c_int) -> Result<c_int> {
    if result < 0 {
        Err(Error::from_code(result))
    } else {
        Ok(result)
    }
}
