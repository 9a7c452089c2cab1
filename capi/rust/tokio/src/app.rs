use std::ops::Deref;
use std::time::Duration;

use thingp2p::{Error, Mode, Result};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use crate::reactor::{in_background, Owner, Reactor};
use crate::Session;

/// The app side of this process; one at a time. Dropping it ends all attempts and sessions, which may take a second.
#[derive(Debug)]
pub struct App {
    sync: thingp2p::App,
    owner: Owner,
}

impl App {
    /// As [`thingp2p::App::new`].
    ///
    /// # Panics
    ///
    /// Outside of a runtime, and in one whose I/O is not enabled.
    pub fn new(uid: &str) -> Result<App> {
        let owner = Owner(Reactor::new()?);
        Ok(App { sync: thingp2p::App::new(uid)?, owner })
    }

    /// Connects to a device id, a ticket, or a name that `add_device` bound, within 15 seconds.
    pub async fn connect(&self, to: &str) -> Result<Session> {
        self.connect_with(to, Mode::Internet, None).await
    }

    /// The timeout `None` means 15 seconds, in LAN mode 3. To give it up breaks the attempt off.
    pub async fn connect_with(&self, to: &str, mode: Mode, timeout: Option<Duration>) -> Result<Session> {
        let (done, outcome) = oneshot::channel();
        let trace_id = self.sync.start_connect(to, mode, timeout, move |result| drop(done.send(result)))?;
        let mut attempt = Attempt { app: &self.sync, trace_id, outcome, over: false };
        let session = (&mut attempt.outcome).await.unwrap_or(Err(Error::Internal));
        attempt.over = true;
        Ok(Session::new(session?, self.owner.0.clone()))
    }

    /// Ends it as dropping does, and holds up no other task. Those that wait in its sessions get [`Error::ClosedLocal`].
    pub async fn close(self) {
        let _ = spawn_blocking(move || drop(self)).await;
    }
}

impl Deref for App {
    type Target = thingp2p::App;

    fn deref(&self) -> &thingp2p::App {
        &self.sync
    }
}

struct Attempt<'a> {
    app: &'a thingp2p::App,
    trace_id: String,
    outcome: oneshot::Receiver<Result<thingp2p::Session>>,
    over: bool,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.over {
            let _ = self.app.break_connect(&self.trace_id); // over by now, at best
            self.outcome.close();
            if let Ok(session) = self.outcome.try_recv() {
                in_background(move || drop(session)); // to close it takes up to a second
            }
        }
    }
}
