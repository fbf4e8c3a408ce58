//! Connections that are kept for the next call.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use bridge_domain::{TargetId, Timestamp};
use bridge_http::Client;

/// Most targets whose connections are kept. The one used longest ago makes room.
const CAPACITY: usize = 64;

/// What a client was made from: it is of no use when any of it has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// When the target was last changed.
    pub(crate) updated: Timestamp,
    /// Version of the secret with the certificates.
    pub(crate) certificate: Option<String>,
}

/// Clients by target.
#[derive(Debug, Default)]
pub(crate) struct Opened(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    clients: HashMap<TargetId, Entry>,
    /// Counts uses: the clock may stand still between two of them.
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    stamp: Stamp,
    client: Client,
    used: u64,
}

impl Opened {
    /// The client of a target, if it was made from the same.
    pub(crate) fn get(&self, target: &TargetId, stamp: &Stamp) -> Option<Client> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let now = kept.uses;
        let entry = kept.clients.get_mut(target).filter(|entry| entry.stamp == *stamp)?;
        entry.used = now;
        Some(entry.client.clone())
    }

    /// Keeps a client instead of the one that the target had.
    pub(crate) fn put(&self, target: &TargetId, stamp: Stamp, client: Client) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let used = kept.uses;
        if kept.clients.len() >= CAPACITY && !kept.clients.contains_key(target) {
            let idle = kept.clients.iter().min_by_key(|(_, entry)| entry.used).map(|(id, _)| id.clone());
            idle.and_then(|id| kept.clients.remove(&id));
        }
        kept.clients.insert(target.clone(), Entry { stamp, client, used });
    }
}

#[cfg(test)]
mod tests;
