//! A poller of the library that wakes tasks.

use std::collections::HashMap;
use std::mem;
use std::os::unix::io::{AsRawFd, RawFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use thingp2p::{Event, Events, Result};
use tokio::io::unix::AsyncFd;

/// Wakes each task once, when there may be something to do. Until one waits again, the library does not watch for it: so what
/// nobody wants wakes nobody.
#[derive(Debug)]
pub struct Poller {
    library: thingp2p::Poller,
    events: Events,
    waiting: Mutex<HashMap<i32, Vec<Waiting>>>, // by the handle of a session or a device; the library watches for all of it
}

/// Who waits for one channel. An accept waits for channel 0 of its device.
#[derive(Debug)]
struct Waiting {
    channel: u32,
    place: usize,
    waker: Waker,
}

fn channels(waiting: &[Waiting]) -> u32 {
    waiting.iter().fold(0, |all, w| all | 1 << w.channel)
}

fn take(all: &mut HashMap<i32, Vec<Waiting>>, handle: i32, place: usize) -> Option<Waiting> {
    let waiting = all.get_mut(&handle)?;
    let at = waiting.iter().position(|w| w.place == place)?;
    let taken = waiting.swap_remove(at);
    if waiting.is_empty() {
        all.remove(&handle);
    }
    Some(taken)
}

impl Poller {
    pub fn new(events: Events) -> Result<Poller> {
        Ok(Poller { library: thingp2p::Poller::new()?, events, waiting: Mutex::default() })
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<i32, Vec<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes a task once a channel has changed, or the handle is gone. Of a place, the last call counts.
    pub fn wake_later(&self, handle: i32, channel: u32, place: usize, waker: Waker) {
        let mut all = self.waiting();
        let before = all.get(&handle).map_or(0, |waiting| channels(waiting));
        let _old = take(&mut all, handle, place); // what a waker drops may call `forget`, so not with the lock
        let waiting = all.entry(handle).or_default();
        waiting.push(Waiting { channel, place, waker });
        let now = channels(waiting);
        let gone = now != before && self.watch(handle, now).is_err();
        drop(all);
        if gone {
            self.wake(handle);
        }
    }

    pub fn forget(&self, handle: i32, place: usize) {
        let _gone = take(&mut self.waiting(), handle, place);
    }

    fn watch(&self, handle: i32, channels: u32) -> Result<()> {
        self.library.set(handle, if channels == 0 { Events::NONE } else { self.events }, channels)
    }

    /// Wakes who waits for a session or a device, which is gone.
    pub fn wake(&self, handle: i32) {
        let gone = self.waiting().remove(&handle);
        gone.into_iter().flatten().for_each(|w| w.waker.wake());
    }

    /// Wakes everyone, since any may be gone.
    pub fn wake_all(&self) {
        let all = mem::take(&mut *self.waiting());
        all.into_values().flatten().for_each(|w| w.waker.wake());
    }

    /// Wakes tasks, as long as the runtime runs.
    pub async fn run(descriptor: AsyncFd<Descriptor>) {
        let this = &descriptor.get_ref().0;
        while let Ok(mut ready) = descriptor.readable().await {
            // To the end: the runtime notices only that the descriptor becomes readable, not that it is.
            while let Ok(events) = this.library.wait(Some(Duration::ZERO)) {
                events.iter().for_each(|e| this.tell(e));
            }
            ready.clear_ready();
        }
    }

    fn tell(&self, event: &Event) {
        let closed = event.events.contains(Events::CLOSED);
        let changed = event.readable | event.writable | u32::from(event.events.contains(Events::ACCEPT));
        let mut all = self.waiting();
        let waiting = all.remove(&event.handle).unwrap_or_default();
        let (mut woken, left): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|w| closed || changed >> w.channel & 1 == 1);
        if self.watch(event.handle, channels(&left)).is_err() {
            woken.extend(left); // it has gone
        } else if !left.is_empty() {
            all.insert(event.handle, left);
        }
        drop(all);
        woken.into_iter().for_each(|w| w.waker.wake());
    }
}

/// What the runtime watches.
pub struct Descriptor(pub Arc<Poller>);

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.library.as_raw_fd()
    }
}
