use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};

use thingp2p::{Error, Events, Result};
use tokio::io::unix::AsyncFd;
use tokio::io::Interest;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::poller::{Descriptor, Poller};

/// What an app or a device, and all its sessions, wait with. Its pollers are two, since the library watches the same channels
/// of a session for all events, and there is room nearly always.
#[derive(Debug)]
pub struct Reactor {
    pub input: Arc<Poller>,
    pub room: Arc<Poller>,
    tasks: [JoinHandle<()>; 2],
}

impl Reactor {
    pub fn new() -> Result<Arc<Reactor>> {
        let (input, input_descriptor) = open(Events::READABLE | Events::ACCEPT | Events::CLOSED)?;
        let (room, room_descriptor) = open(Events::WRITABLE | Events::CLOSED)?;
        let tasks = [input_descriptor, room_descriptor].map(|d| tokio::spawn(Poller::run(d))); // once nothing can fail
        let reactor = Arc::new(Reactor { input, room, tasks });
        LISTENING.call_once(|| thingp2p::on_close(tell_all));
        let mut all = all();
        all.retain(|one| one.strong_count() > 0);
        all.push(Arc::downgrade(&reactor));
        drop(all);
        Ok(reactor)
    }

    /// Says that a session is gone: of what is closed here, the library does not tell.
    fn gone(&self, handle: i32) {
        self.input.wake(handle);
        self.room.wake(handle);
    }

    /// Says that the app or the device is gone, and with it all its sessions.
    pub fn all_gone(&self) {
        self.input.wake_all();
        self.room.wake_all();
    }
}

static LISTENING: Once = Once::new();
static ALL: Mutex<Vec<Weak<Reactor>>> = Mutex::new(Vec::new());

fn all() -> MutexGuard<'static, Vec<Weak<Reactor>>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hears what is closed, by whomever: a session, or with 0 what may have been any.
fn tell_all(handle: i32) {
    let reactors: Vec<_> = all().iter().filter_map(Weak::upgrade).collect(); // dropped without the lock
    for reactor in reactors {
        match handle {
            0 => reactor.all_gone(),
            _ => reactor.gone(handle),
        }
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn open(events: Events) -> Result<(Arc<Poller>, AsyncFd<Descriptor>)> {
    let poller = Arc::new(Poller::new(events)?);
    let descriptor = Descriptor(poller.clone());
    let descriptor = AsyncFd::with_interest(descriptor, Interest::READABLE).map_err(|_| Error::NoMemory)?;
    Ok((poller, descriptor))
}

/// The last thing that an app or a device drops.
#[derive(Debug)]
pub struct Owner(pub Arc<Reactor>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.all_gone();
    }
}

/// Runs what may take a second where it holds up no task.
pub fn in_background<F: FnOnce() + Send + 'static>(run: F) {
    match Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn_blocking(run)),
        Err(_) => run(),
    }
}
