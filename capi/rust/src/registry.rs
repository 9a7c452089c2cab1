//! Callbacks that the library may call many times. C gets a number instead of a pointer, so one that was replaced while a
//! call was on its way is not found, and one that replaces itself lives until it returns.

use std::os::raw::c_void;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub struct Registry<F: ?Sized>(Mutex<Entries<F>>);

struct Entries<F: ?Sized> {
    last: usize,
    all: Vec<(usize, Arc<F>)>,
}

impl<F: ?Sized> Registry<F> {
    pub const fn new() -> Self {
        Registry(Mutex::new(Entries { last: 0, all: Vec::new() }))
    }

    fn entries(&self) -> MutexGuard<'_, Entries<F>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn add(&self, callback: Arc<F>) -> usize {
        let mut entries = self.entries();
        entries.last += 1;
        let key = entries.last;
        entries.all.push((key, callback));
        key
    }

    pub fn find(&self, user: *mut c_void) -> Option<Arc<F>> {
        self.entries().all.iter().find(|(key, _)| *key == user as usize).map(|(_, callback)| callback.clone())
    }

    /// Key 0 is none.
    pub fn remove(&self, key: usize) {
        let mut entries = self.entries();
        let found = entries.all.iter().position(|(k, _)| *k == key);
        let _last_owner = found.map(|at| entries.all.swap_remove(at));
        drop(entries); // before what the callback owned
    }
}
