use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::task::{Context, Poll};

use thingp2p::{Error, Result};

use crate::poller::Poller;

/// So often in a row there may be something at once; then it is the turn of other tasks.
const TURNS: u32 = 64;

static LAST_PLACE: AtomicUsize = AtomicUsize::new(0);

/// A place to wait at a channel, for one task at a time. Dropping it leaves the place.
#[derive(Debug)]
pub struct Waiter {
    poller: Arc<Poller>,
    handle: i32,
    channel: u32,
    place: usize,
    waits: bool,
    turns: u32,
}

impl Waiter {
    pub fn new(poller: &Arc<Poller>, handle: i32, channel: u32) -> Waiter {
        let place = LAST_PLACE.fetch_add(1, Ordering::Relaxed);
        Waiter { poller: poller.clone(), handle, channel, place, waits: false, turns: 0 }
    }

    /// What the attempt gives, which does not wait, once it is not [`Error::Timeout`] any more. `gone` is the error if the
    /// handle goes meanwhile.
    pub fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        gone: Error,
        attempt: impl FnOnce() -> Result<T>,
    ) -> Poll<Result<T>> {
        if self.turns == TURNS {
            self.turns = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.turns += 1;
        match attempt() {
            Err(Error::Timeout) => {
                (self.waits, self.turns) = (true, 0);
                self.poller.wake_later(self.handle, self.channel, self.place, cx.waker().clone());
                Poll::Pending
            }
            Err(Error::InvalidSession) if self.waits => Poll::Ready(Err(gone)),
            done => Poll::Ready(done),
        }
    }
}

/// [`Waiter::poll`] as a future.
pub struct Wait<'a, F> {
    pub waiter: &'a mut Waiter,
    pub gone: Error,
    pub attempt: F,
}

impl<T, F: Fn() -> Result<T> + Unpin> Future for Wait<'_, F> {
    type Output = Result<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let this = self.get_mut();
        this.waiter.poll(cx, this.gone, &this.attempt)
    }
}

impl Clone for Waiter {
    fn clone(&self) -> Waiter {
        Waiter::new(&self.poller, self.handle, self.channel)
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if self.waits {
            self.poller.forget(self.handle, self.place);
        }
    }
}
