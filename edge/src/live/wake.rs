//! What wakes a connection: something new in the ring, or something that it is told and nobody keeps.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::rendered::Announcement;

#[derive(Default)]
pub(super) struct Wake {
    notify: Notify,
    /// The newest that was not taken: whoever is slower than what they are told misses some of it.
    told: Mutex<Option<Arc<Announcement>>>,
}

impl Wake {
    pub(super) fn wake(&self) {
        self.notify.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.notify.notified().await;
    }

    pub(super) fn tell(&self, what: &Arc<Announcement>) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(what));
        self.wake();
    }

    pub(super) fn take(&self) -> Option<Arc<Announcement>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
