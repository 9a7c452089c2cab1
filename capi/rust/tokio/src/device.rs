use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use thingp2p::{Error, Peer, Result};
use tokio::task::spawn_blocking;

use crate::reactor::{Owner, Reactor};
use crate::waiter::{Wait, Waiter};
use crate::Session;

/// A device. Dropping it takes it offline and closes its sessions, which may take a second.
#[derive(Debug)]
pub struct Device {
    sync: Arc<thingp2p::Device>,
    owner: Owner,
}

impl Device {
    /// A device whose identity is kept in a directory. It panics where [`App::new`](crate::App::new) does.
    pub fn open<P: AsRef<Path>>(state_dir: P) -> Result<Device> {
        Device::new(thingp2p::Device::open(state_dir)?)
    }

    /// A device with a new identity, which ends with it.
    pub fn in_memory() -> Result<Device> {
        Device::new(thingp2p::Device::in_memory()?)
    }

    fn new(sync: thingp2p::Device) -> Result<Device> {
        Ok(Device { sync: Arc::new(sync), owner: Owner(Reactor::new()?) })
    }

    /// Waits for an app; [`peer`](thingp2p::Session::peer) of the session says who it is.
    pub async fn accept(&self) -> Result<Session> {
        let mut waiter = Waiter::new(&self.owner.0.input, self.sync.handle(), 0);
        let attempt = || self.sync.accept(Some(Duration::ZERO));
        let session = Wait { waiter: &mut waiter, gone: Error::ListenBreak, attempt }.await?;
        Ok(Session::new(session, self.owner.0.clone()))
    }

    /// Closes it now, and wakes the tasks that wait: an accept gets [`Error::ListenBreak`], those in its sessions get
    /// [`Error::ClosedLocal`]. It holds up no other task, as dropping may.
    pub async fn close(&self) -> Result<()> {
        let sync = self.sync.clone();
        spawn_blocking(move || sync.close()).await.unwrap_or(Err(Error::Internal))
    }

    /// As [`thingp2p::Device::set_authorizer`], but waits for nobody: the one before may be deciding still.
    pub fn set_authorizer<F>(&self, decide: F) -> Result<()>
    where
        F: Fn(&Peer) -> Result<()> + Send + Sync + 'static,
    {
        self.sync.set_authorizer_soon(Some(Arc::new(decide)))
    }

    /// As [`thingp2p::Device::remove_authorizer`], but waits for nobody.
    pub fn remove_authorizer(&self) -> Result<()> {
        self.sync.set_authorizer_soon(None)
    }
}

impl Deref for Device {
    type Target = thingp2p::Device;

    fn deref(&self) -> &thingp2p::Device {
        &self.sync
    }
}
