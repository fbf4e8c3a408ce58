//! What a target of some kind has to offer.

use bridge_domain::{
    CallError, Timestamp,
    alert::Alert,
    outbox::{Delivery, Entry, Progress},
    target::Target,
    tenant::Tenant,
};

/// A delivery to be made.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    /// The alert as it is now, with its events.
    pub alert: &'a Alert,
    /// Its change log, oldest first.
    pub log: &'a [Entry],
    /// What the target has so far.
    pub delivery: &'a Delivery,
    /// The target.
    pub target: &'a Target,
    /// Its tenant.
    pub tenant: &'a Tenant,
    /// Now.
    pub now: Timestamp,
}

/// Why a delivery was not made, and what was achieved all the same.
#[derive(Clone, Debug)]
pub struct Broken {
    /// The failure.
    pub error: Box<CallError>,
    /// What the target was brought to before it.
    pub progress: Progress,
}

impl From<CallError> for Broken {
    fn from(error: CallError) -> Self {
        Self { error: Box::new(error), progress: Progress::default() }
    }
}

/// Brings targets of one kind to what an alert has become.
///
/// The engine holds the lease, counts attempts, keeps to circuit and rate, and decides about
/// retries; a connector only speaks to the target. It must tolerate that all it is asked to do was
/// done before: the process may have died before that was written down.
pub trait Connector: Send + Sync {
    /// Makes the target agree with `work.alert`. `None` when the target has no use for it.
    fn deliver(&self, work: Work<'_>) -> impl Future<Output = Result<Option<Progress>, Broken>> + Send;
}
