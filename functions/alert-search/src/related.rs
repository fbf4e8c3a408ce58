//! Accounts that the events of the alerts of a page name, added to what the SIEM sent of them.
//!
//! They are an addition: when the table of accounts can not be read, or not in time, the page goes out
//! without them.

use std::{collections::BTreeSet, time::Duration};

use bridge_domain::{Timestamp, ldap::related::Affected};
use bridge_runtime::http::Answer;
use bridge_store::{AccountName, Inventory};
use tokio::time::timeout;

use crate::page::Row;

/// Most names that are looked up for a page: those of the first alerts on it.
const LOOKUPS_LIMIT: usize = 500;
/// Longest time for all of it.
const PATIENCE: Duration = Duration::from_secs(3);

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    lookups: usize,
    added: usize,
    failed: bool,
}

impl Outcome {
    pub(crate) fn note(self, answer: Answer) -> Answer {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        answer
            .metrics("AccountLookups", count(self.lookups))
            .metrics("AccountsAdded", count(self.added))
            .metrics("AccountLookupFailures", u64::from(self.failed))
    }
}

/// Looks up what the alerts name, each in its own tenant, and adds what is found.
pub(crate) async fn add(inventory: &Inventory, rows: &mut [Row], now: Timestamp) -> Outcome {
    let mut wanted: BTreeSet<AccountName> = BTreeSet::new();
    for name in rows.iter().flat_map(Row::names) {
        if wanted.len() == LOOKUPS_LIMIT {
            break;
        }
        wanted.insert(name);
    }
    let mut outcome = Outcome { lookups: wanted.len(), ..Outcome::default() };
    let asked = timeout(PATIENCE, inventory.named(&wanted, now, |account| Affected::from(account)));
    let found = match asked.await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            tracing::warn!(class = ?error.class, detail = %error.detail, "accounts are left out: they can not be read");
            return Outcome { failed: true, ..outcome };
        }
        Err(_) => {
            tracing::warn!("accounts are left out: they were not read in time");
            return Outcome { failed: true, ..outcome };
        }
    };
    for row in rows {
        let accounts: Vec<Affected> =
            row.names().filter_map(|name| found.get(&name)).flatten().cloned().collect();
        outcome.added += row.relate(&accounts);
    }
    outcome
}

#[cfg(test)]
mod tests;
