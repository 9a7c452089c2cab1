use std::ops::Deref;
use std::sync::Arc;

use thingp2p::{Error, Result};
use tokio::task::spawn_blocking;

use crate::reactor::{in_background, Reactor};
use crate::Channel;

/// A connection with eight channels, on either side. Dropping it closes it, in the background: what is buffered is sent for up
/// to a second.
#[derive(Debug)]
pub struct Session {
    sync: Arc<thingp2p::Session>,
    reactor: Arc<Reactor>,
}

impl Session {
    pub(crate) fn new(sync: thingp2p::Session, reactor: Arc<Reactor>) -> Session {
        Session { sync: Arc::new(sync), reactor }
    }

    /// One of the channels 0 to 7. It does not keep the session open.
    pub fn channel(&self, number: u32) -> Channel {
        Channel::new(&self.sync, number, &self.reactor)
    }

    /// Closes it now, and wakes the tasks that wait in its channels: they get [`Error::ClosedLocal`].
    pub async fn close(&self) -> Result<()> {
        spawn_blocking(self.closing()).await.unwrap_or(Err(Error::Internal))
    }

    fn closing(&self) -> impl FnOnce() -> Result<()> {
        let sync = self.sync.clone();
        move || sync.close()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.sync.check() != Err(Error::InvalidSession) {
            let closing = self.closing();
            in_background(move || {
                let _ = closing();
            });
        }
    }
}

impl Deref for Session {
    type Target = thingp2p::Session;

    fn deref(&self) -> &thingp2p::Session {
        &self.sync
    }
}
