//! The manifest of a connection: its header, its chunks, its journal.

use aws_sdk_dynamodb::{operation::query::builders::QueryFluentBuilder, types::AttributeValue};
use bridge_domain::{
    CallError, ConnectionId,
    import::manifest::{ChunkId, Header, Manifest, Save},
};

use super::{ImportError, Inventory};
use crate::{
    alerts::names,
    error::{call_error, damaged},
    item::{Item, attr},
    keys::inventory::{CHUNKS, InventoryKey},
};

impl Inventory {
    /// What is kept of a connection's imports, strongly consistent. All of it is in memory at once, see
    /// [`Manifest`].
    pub(super) async fn manifest(&self, connection: &ConnectionId) -> Result<Manifest, ImportError> {
        let claim = self.get(&InventoryKey::Claim(connection.clone())).await?;
        let claimed = claim.map(|item| item.get_number(attr::RUN)).transpose()?.unwrap_or_default();
        let header = self.get(&InventoryKey::Header(connection.clone())).await?;
        let mut header = header.map(|item| decode_header(&item)).transpose()?.unwrap_or_default();
        // Runs that began and stored nothing have had their numbers as well.
        header.run = header.run.max(u64::try_from(claimed).unwrap_or_default());
        let mut manifest = Manifest::new(Some(header));
        let mut resume = None;
        loop {
            let answer = self.chunks(connection).set_exclusive_start_key(resume.take()).send().await;
            let answer = answer.map_err(|error| call_error("Query", &error))?;
            for item in answer.items.unwrap_or_default() {
                let item = Item::from_map(item);
                manifest.load(chunk(&item)?, item.get_bytes(attr::BODY)?)?;
            }
            resume = answer.last_evaluated_key;
            if resume.is_none() {
                break;
            }
        }
        if let Some(journal) = self.get(&InventoryKey::Journal(connection.clone())).await? {
            manifest.recover(journal.get_bytes(attr::BODY)?)?;
        }
        Ok(manifest)
    }

    /// The chunks, whether they count or not, strongly consistent.
    fn chunks(&self, connection: &ConnectionId) -> QueryFluentBuilder {
        let pk = InventoryKey::Header(connection.clone()).pk();
        self.client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :chunks)")
            .set_expression_attribute_names(Some(names(&[attr::PK, attr::SK])))
            .expression_attribute_values(":pk", AttributeValue::S(pk))
            .expression_attribute_values(":chunks", AttributeValue::S(CHUNKS.to_owned()))
    }

    /// Deletes all that is kept of a connection's imports. Without the header first, no chunk counts any
    /// more; the number of the run goes last, so that a further one has a greater one.
    pub(super) async fn forget(&self, connection: &ConnectionId, run: i64) -> Result<(), ImportError> {
        self.delete(&InventoryKey::Header(connection.clone()), run).await?;
        self.delete(&InventoryKey::Journal(connection.clone()), run).await?;
        let mut resume = None;
        loop {
            let keys = self.chunks(connection).projection_expression("#pk,#sk");
            let answer = keys.set_exclusive_start_key(resume.take()).send().await;
            let answer = answer.map_err(|error| call_error("Query", &error))?;
            for item in answer.items.unwrap_or_default() {
                let id = chunk(&Item::from_map(item))?;
                self.delete(&InventoryKey::Chunk(connection.clone(), id), run).await?;
            }
            resume = answer.last_evaluated_key;
            if resume.is_none() {
                break;
            }
        }
        self.delete(&InventoryKey::Claim(connection.clone()), run).await
    }

    /// Takes the number of a run: no other run has it then, and none has a greater one yet.
    pub(super) async fn claim(&self, connection: &ConnectionId, run: i64) -> Result<(), ImportError> {
        // The newest claim is older: that of the same number would be of another runner.
        self.put_after(&InventoryKey::Claim(connection.clone()), run, run.saturating_sub(1), Item::default())
            .await
    }

    /// Stores ids that are about to be written.
    pub(super) async fn put_journal(
        &self,
        connection: &ConnectionId,
        run: i64,
        journal: Vec<u8>,
    ) -> Result<(), ImportError> {
        let item = Item::default().bytes(attr::BODY, journal);
        self.put(&InventoryKey::Journal(connection.clone()), run, item).await
    }

    /// Stores what changed of a manifest, its header after the chunks that the header speaks of.
    pub(super) async fn save(
        &self,
        connection: &ConnectionId,
        run: i64,
        save: Save,
    ) -> Result<(), ImportError> {
        for (id, bytes) in save.chunks {
            let key = InventoryKey::Chunk(connection.clone(), id);
            self.put(&key, run, Item::default().bytes(attr::BODY, bytes)).await?;
        }
        self.put_header(connection, run, &save.header).await?;
        for id in save.drop {
            self.delete(&InventoryKey::Chunk(connection.clone(), id), run).await?;
        }
        Ok(())
    }

    /// Stores the header alone.
    pub(super) async fn put_header(
        &self,
        connection: &ConnectionId,
        run: i64,
        header: &Header,
    ) -> Result<(), ImportError> {
        let text = serde_json::to_string(header).map_err(|_| damaged(attr::BODY))?;
        let item = Item::default().text(attr::BODY, text);
        self.put(&InventoryKey::Header(connection.clone()), run, item).await
    }
}

fn decode_header(item: &Item) -> Result<Header, CallError> {
    serde_json::from_str(item.get_text(attr::BODY)?).map_err(|_| damaged(attr::BODY))
}

fn chunk(item: &Item) -> Result<ChunkId, CallError> {
    match InventoryKey::parse(item.get_text(attr::PK)?, item.get_text(attr::SK)?) {
        Some(InventoryKey::Chunk(_, id)) => Ok(id),
        _ => Err(damaged(attr::SK)),
    }
}
