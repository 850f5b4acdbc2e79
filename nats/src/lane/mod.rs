//! The lane.
use crate::Reactor;
pub(crate) struct Lane {}
impl Lane {
    pub(crate) fn new<R: Reactor>(_reactor: R) -> Self {
        Self {}
    }
}
