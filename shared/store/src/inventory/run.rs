//! One import, driven from its first page to its end.

use std::collections::BTreeMap;

use bridge_domain::{
    ConnectionId, Timestamp,
    import::{
        engine::{Counts, End, Import, Marking},
        manifest::ExternalId,
    },
    ldap::account::{Account, Received},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{ImportError, Inventory};

/// Writes under way at once.
const AT_ONCE: usize = 16;

/// A run that is under way. What it has stored when it is dropped, the next run finds and makes good.
#[derive(Debug)]
pub struct ImportRun {
    inventory: Inventory,
    connection: ConnectionId,
    import: Import,
}

impl ImportRun {
    /// Begins a run: reads what is kept of those before, and takes the next number. Whoever begins one holds
    /// the lane of the connection, and stops when it is lost: the number keeps a late write of its from what
    /// a later run wrote, not from what that one found unchanged.
    ///
    /// # Errors
    /// When that can not be read, or another run began at the same moment.
    pub async fn begin(
        inventory: Inventory,
        connection: ConnectionId,
        began: Timestamp,
        storage_days: u16,
    ) -> Result<Self, ImportError> {
        let manifest = inventory.manifest(&connection).await?;
        let run = Self { import: Import::begin(manifest, began, storage_days), inventory, connection };
        run.inventory.claim(&run.connection, run.number()).await?;
        Ok(run)
    }

    /// What it has counted so far.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        self.import.counts()
    }

    /// How many records the last complete run brought; `None` when there was none.
    #[must_use]
    pub fn expected(&self) -> Option<u64> {
        self.import.expected()
    }

    /// Takes in a page: the accounts that are new or other than stored are written. All are of this
    /// connection.
    ///
    /// # Errors
    /// When they can not all be written: the run is over then.
    pub async fn page(&mut self, page: Vec<Received>) -> Result<(), ImportError> {
        let mut written: BTreeMap<ExternalId, Account> = BTreeMap::new();
        for received in page {
            let id = received.id().external();
            // Of one that comes twice the last counts.
            if self.import.see(id, received.hash())?.writes() {
                written.insert(id, received.account());
            }
        }
        let run = self.number();
        if let Some(journal) = self.import.journal() {
            self.inventory.put_journal(&self.connection, run, journal).await?;
        }
        let inventory = &self.inventory;
        // Each future owns its account: one that borrows it can not be sent to another thread.
        stream::iter(written.into_values())
            .map(|account| async move { inventory.put_account(run, &account).await })
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
        if self.import.wants_checkpoint() {
            let save = self.import.checkpoint();
            self.inventory.save(&self.connection, run, save).await?;
        }
        Ok(())
    }

    /// Ends the run: what is no longer received is marked or deleted, if it came to be known. `confirmed` says
    /// that somebody knows that much less is there than before.
    ///
    /// # Errors
    /// When that can not all be written: the next run makes it good.
    pub async fn finish(self, end: End, confirmed: bool) -> Result<(Counts, Marking), ImportError> {
        let run = self.number();
        let Self { inventory, connection, import } = self;
        let outcome = import.finish(end, confirmed);
        if let Some(journal) = outcome.journal {
            inventory.put_journal(&connection, run, journal).await?;
        }
        stream::iter(outcome.remove)
            .map(|id| inventory.delete_account(&connection, run, id))
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
        inventory.save(&connection, run, outcome.save).await?;
        stream::iter(outcome.expire)
            .map(|expiry| inventory.expire_account(&connection, run, expiry))
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
        if let Some(header) = outcome.close {
            inventory.put_header(&connection, run, &header).await?;
        }
        Ok((outcome.counts, outcome.marking))
    }

    /// Ends the last run of a connection, which received nothing: whatever the connection brought begins to
    /// expire, and what was kept of its imports is deleted.
    ///
    /// # Errors
    /// When that can not all be written: a further last run makes it good.
    pub async fn retire(self) -> Result<Counts, ImportError> {
        let (inventory, connection, run) = (self.inventory.clone(), self.connection.clone(), self.number());
        let (counts, _) = self.finish(End::Complete, true).await?;
        inventory.forget(&connection, run).await?;
        Ok(counts)
    }

    /// The number of this run as the table knows it.
    fn number(&self) -> i64 {
        i64::try_from(self.import.run()).unwrap_or(i64::MAX)
    }
}
