//! Writing alerts: one conditional write decides every race.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::{put_item::PutItemError, update_item::UpdateItemError},
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use bridge_domain::{
    AlertId, CallError, TenantId,
    alert::{Alert, Status},
    close::Reason,
    merge::merge,
    outbox::{Change, Outbox, Queued, What},
};

use crate::{
    Store,
    batch::back_off,
    body::{Encoded, EventsAt, Found, encode, outbox_of},
    error::{call_error, contended},
    item::{Item, attr, key_map},
    keys::{Key, Partition, events_prefix},
    update::{REVISION_HOLDS, Update},
};

/// Attempts of an upsert. Each lost race means that somebody else's write went through.
const ATTEMPTS: u32 = 60;
/// Attempts to read chunks that a writer replaces meanwhile.
const READ_ATTEMPTS: u32 = 5;

/// What an upsert did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upserted {
    /// The alert is new.
    Created,
    /// The alert was known and has changed.
    Updated,
    /// The alert was known and says the same; nothing was written.
    Duplicate,
    /// The id belongs to an alert of another tenant; nothing was written.
    OtherTenant,
}

/// A stored change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// What the upsert did.
    pub what: Upserted,
    /// What has to be queued now. The sweeper does it when the caller can not.
    pub queue: Vec<Queued>,
}

impl From<Upserted> for Stored {
    fn from(what: Upserted) -> Self {
        Self { what, queue: Vec::new() }
    }
}

/// What closing did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It is closed now, by this call; this has to be queued.
    Now(Vec<Queued>),
    /// It was closed before.
    Already,
}

/// What came of writing an outbox.
#[derive(Clone, Debug)]
pub enum Put {
    /// It is written; the alert as it is now.
    Done(Found),
    /// Somebody else changed the alert first, to this; nothing was written.
    Stale(Found),
}

/// What has to be known of an alert before it is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertHead {
    /// Its id.
    pub id: AlertId,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its status.
    pub status: Status,
    revision: i64,
    outbox: Outbox,
}

impl AlertHead {
    fn from_item(id: AlertId, item: &Item) -> Result<Self, CallError> {
        Ok(Self {
            id,
            tenant: item.get_parsed(attr::TENANT)?,
            status: item.get_parsed(attr::STATUS)?,
            revision: item.get_number(attr::REVISION)?,
            outbox: outbox_of(item)?,
        })
    }
}

/// Takes a change into an outbox; gives what has to be queued.
pub(crate) fn note(
    outbox: &mut Outbox,
    alert: &AlertId,
    tenant: &TenantId,
    what: What,
    change: Change<'_>,
) -> Vec<Queued> {
    let queued = |(target, channel)| Queued { tenant: tenant.clone(), alert: alert.clone(), target, channel };
    outbox.note(what, change).into_iter().map(queued).collect()
}

impl Store {
    /// Stores an alert, or joins it with what is known of it. What the tenant's targets have to be
    /// told because of it is part of the same write.
    ///
    /// A new alert that fits one item costs one write and no read. The write is conditional, so of
    /// any number of equal calls at once exactly one is told [`Upserted::Created`].
    ///
    /// # Errors
    /// `Invalid` when the alert can not be stored at all; `Transient` when the store fails or
    /// others keep changing the alert. Calling again is always safe.
    pub async fn upsert(&self, alert: Alert, change: Change<'_>) -> Result<Stored, CallError> {
        let create = || {
            let mut outbox = Outbox::default();
            let what = What::Created { closed: alert.closing.is_some() };
            let queue = note(&mut outbox, &alert.id, &alert.tenant, what, change);
            Ok::<_, CallError>((encode(&alert, &outbox, 1, &self.packer)?, queue))
        };
        let first = create()?;
        // A large alert is read first, so that its chunks are not written in vain.
        let mut known = if first.0.chunks.is_empty() { None } else { self.found(&alert.id).await? };
        let mut first = Some(first);
        for attempt in 0..ATTEMPTS {
            if attempt > 1 {
                back_off(attempt).await;
            }
            let (encoded, queue, revision, stale, what) = match known.take() {
                None => {
                    let (encoded, queue) = first.take().map_or_else(create, Ok)?;
                    (encoded, queue, None, Vec::new(), Upserted::Created)
                }
                Some(found) if found.tenant != alert.tenant => return Ok(Upserted::OtherTenant.into()),
                Some(found) => {
                    let (revision, stale) = (found.revision, found.chunk_keys());
                    let Some((found, events)) = self.with_events(found).await? else { continue };
                    let mut outbox = found.outbox()?;
                    let stored = found.into_alert(&events)?;
                    let merged = merge(stored.clone(), alert.clone());
                    if merged == stored {
                        return Ok(Upserted::Duplicate.into());
                    }
                    let closed = stored.closing.is_none() && merged.closing.is_some();
                    let what = What::Updated { closed };
                    // A SIEM that tells of a closing which we told it of says nothing new to anybody.
                    let queue = if merged.reads_as(&stored) {
                        Vec::new()
                    } else {
                        note(&mut outbox, &merged.id, &merged.tenant, what, change)
                    };
                    let encoded = encode(&merged, &outbox, revision + 1, &self.packer)?;
                    (encoded, queue, Some(revision), stale, Upserted::Updated)
                }
            };
            let written = encoded.chunk_keys();
            match self.put_alert(encoded, revision).await? {
                None => {
                    // A crash here leaves chunks that no item names; they are never read.
                    self.delete_many(&stale).await?;
                    return Ok(Stored { what, queue });
                }
                Some(winner) => {
                    self.delete_many(&written).await?;
                    known = Some(winner);
                }
            }
        }
        Err(contended("PutItem"))
    }

    /// Writes chunks, then the item if its revision is still `revision` (absent: if there is
    /// none). Gives the item that stands in the way, if one does.
    async fn put_alert(&self, encoded: Encoded, revision: Option<i64>) -> Result<Option<Found>, CallError> {
        for (key, bytes) in encoded.chunks {
            let chunk = Item::new(&key).bytes(attr::EVENTS, bytes);
            self.client
                .put_item()
                .table_name(&self.table)
                .set_item(Some(chunk.into_map()))
                .send()
                .await
                .map_err(|error| call_error("PutItem", &error))?;
        }
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(encoded.item.into_map()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = match revision {
            None => put
                .condition_expression("attribute_not_exists(#pk)")
                .expression_attribute_names("#pk", attr::PK),
            Some(revision) => put
                .condition_expression("#rv = :rv")
                .expression_attribute_names("#rv", attr::REVISION)
                .expression_attribute_values(":rv", AttributeValue::N(revision.to_string())),
        };
        match put.send().await {
            Ok(_) => Ok(None),
            Err(SdkError::ServiceError(failure)) if failure.err().is_conditional_check_failed_exception() => {
                let PutItemError::ConditionalCheckFailedException(failed) = failure.into_err() else {
                    return Err(contended("PutItem"));
                };
                let item = Item::from_map(failed.item.unwrap_or_default());
                Found::from_item(&item, &self.packer).map(Some)
            }
            Err(error) => Err(call_error("PutItem", &error)),
        }
    }

    /// One alert by id, strongly consistent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn found(&self, id: &AlertId) -> Result<Option<Found>, CallError> {
        let item = self.read(&Key::Alert(id.clone()), &[]).await?;
        item.map(|item| Found::from_item(&item, &self.packer)).transpose()
    }

    /// An alert with its events, a JSON array. When a writer replaces chunks meanwhile, the alert
    /// is read anew, so what comes back may be newer than what was given; `None` when it is gone.
    ///
    /// # Errors
    /// When the store fails or the alert does not stand still.
    pub async fn with_events(&self, mut found: Found) -> Result<Option<(Found, String)>, CallError> {
        for attempt in 0..READ_ATTEMPTS {
            let packed = match &found.events {
                EventsAt::Item(bytes) => Some(bytes.clone()),
                EventsAt::Chunks { generation, count } => self.chunks(&found.id, generation, *count).await?,
                EventsAt::NotRead => None,
            };
            if let Some(packed) = packed {
                let events = found.unpack_events(&packed)?;
                return Ok(Some((found, events)));
            }
            if attempt > 0 {
                back_off(attempt).await;
            }
            let Some(newer) = self.found(&found.id).await? else { return Ok(None) };
            found = newer;
        }
        Err(contended("Query"))
    }

    /// The chunks of one generation in one piece; `None` when some are gone.
    async fn chunks(&self, id: &AlertId, generation: &str, count: u32) -> Result<Option<Vec<u8>>, CallError> {
        let mut packed = Vec::new();
        let mut seen = 0;
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
                .expression_attribute_names("#pk", attr::PK)
                .expression_attribute_names("#sk", attr::SK)
                .expression_attribute_values(":pk", AttributeValue::S(Key::Alert(id.clone()).pk()))
                .expression_attribute_values(":prefix", AttributeValue::S(events_prefix(generation)))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| call_error("Query", &error))?;
            for item in answer.items.unwrap_or_default() {
                packed.extend_from_slice(Item::from_map(item).get_bytes(attr::EVENTS)?);
                seen += 1;
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok((seen == count).then_some(packed));
            }
        }
    }

    /// What has to be known before closing; strongly consistent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn alert_head(&self, id: &AlertId) -> Result<Option<AlertHead>, CallError> {
        let wanted = [attr::TENANT, attr::STATUS, attr::REVISION, attr::OUTBOX];
        let item = self.read(&Key::Alert(id.clone()), &wanted).await?;
        item.map(|item| AlertHead::from_item(id.clone(), &item)).transpose()
    }

    /// Closes an alert: one conditional update, unless somebody changes the alert meanwhile. Of any
    /// number of calls at once exactly one is told [`Closed::Now`]. What the tenant's targets have
    /// to be told because of it is part of the same write.
    ///
    /// # Errors
    /// When the store fails, or others keep changing the alert.
    pub async fn close(
        &self,
        alert: AlertHead,
        reason: Reason,
        change: Change<'_>,
    ) -> Result<Closed, CallError> {
        let mut alert = alert;
        for attempt in 0..ATTEMPTS {
            if alert.status == Status::Closed {
                return Ok(Closed::Already);
            }
            if attempt > 1 {
                back_off(attempt).await;
            }
            let mut outbox = alert.outbox.clone();
            let queue = note(&mut outbox, &alert.id, &alert.tenant, What::Closed, change);
            match self.put_closing(&alert, reason, &outbox).await? {
                None => return Ok(Closed::Now(queue)),
                Some(newer) => alert = newer,
            }
        }
        Err(contended("UpdateItem"))
    }

    /// Writes a closing if the alert is still as it was read; gives it as it is if it is not.
    async fn put_closing(
        &self,
        alert: &AlertHead,
        reason: Reason,
        outbox: &Outbox,
    ) -> Result<Option<AlertHead>, CallError> {
        let closed = Status::Closed;
        let tenant_partition = Partition::Tenant(alert.tenant.clone(), closed).to_string();
        let all_partition = Partition::shard_of(&alert.id, closed).to_string();
        let set = Update::of(&alert.id, alert.revision)
            .set(attr::STATUS, closed.as_str())
            .set(attr::CLOSING_REASON, reason.as_str())
            .copy(attr::CLOSING_AT, attr::LAST_SEEN)
            .set(attr::TENANT_PARTITION, tenant_partition)
            .set(attr::ALL_PARTITION, all_partition)
            .outbox(&alert.id, outbox)?;
        let newer = self.update(set).await?;
        newer.map(|item| AlertHead::from_item(alert.id.clone(), &item)).transpose()
    }

    /// Writes the outbox of an alert if the alert is still as it was read.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_outbox(&self, alert: Found, outbox: &Outbox) -> Result<Put, CallError> {
        let update = Update::of(&alert.id, alert.revision).outbox(&alert.id, outbox)?;
        match self.update(update).await? {
            None => Ok(Put::Done(alert.with_outbox(outbox)?)),
            Some(item) => Found::from_item(&item, &self.packer).map(Put::Stale),
        }
    }

    /// Carries an update out. `None` when it went through, else the item that stands in the way.
    pub(crate) async fn update(&self, update: Update) -> Result<Option<Item>, CallError> {
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_map(&update.key)))
            .update_expression(update.expression())
            .condition_expression(REVISION_HOLDS)
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match result {
            Ok(_) => Ok(None),
            Err(SdkError::ServiceError(failure)) if failure.err().is_conditional_check_failed_exception() => {
                let UpdateItemError::ConditionalCheckFailedException(failed) = failure.into_err() else {
                    return Err(contended("UpdateItem"));
                };
                Ok(Some(Item::from_map(failed.item.unwrap_or_default())))
            }
            Err(error) => Err(call_error("UpdateItem", &error)),
        }
    }

    /// One item by key, strongly consistent; `projection` names the attributes wanted, all when empty.
    pub(crate) async fn read(&self, key: &Key, projection: &[&str]) -> Result<Option<Item>, CallError> {
        let mut get =
            self.client.get_item().table_name(&self.table).set_key(Some(key_map(key))).consistent_read(true);
        if !projection.is_empty() {
            let list: Vec<String> = projection.iter().map(|name| format!("#{name}")).collect();
            get = get
                .projection_expression(list.join(","))
                .set_expression_attribute_names(Some(names(projection)));
        }
        let answer = get.send().await.map_err(|error| call_error("GetItem", &error))?;
        Ok(answer.item.map(Item::from_map))
    }
}

/// `#name` for each attribute name: every expression here writes names so, since several of
/// DynamoDB's reserved words are among them.
pub(crate) fn names(list: &[&str]) -> HashMap<String, String> {
    list.iter().map(|name| (format!("#{name}"), (*name).to_owned())).collect()
}
