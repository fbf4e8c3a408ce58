//! Writing alerts: one conditional write decides every race.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::put_item::PutItemError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use bridge_domain::{
    AlertId, CallError, TenantId,
    alert::{Alert, Status},
    close::Reason,
    merge::merge,
};

use crate::{
    Store,
    batch::back_off,
    body::{Encoded, EventsAt, Found, encode},
    error::{call_error, contended},
    item::{Item, attr, key_map},
    keys::{Key, Partition, events_prefix},
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

/// What closing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It is closed now, by this call.
    Now,
    /// It was closed before.
    Already,
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
}

impl Store {
    /// Stores an alert, or joins it with what is known of it.
    ///
    /// A new alert that fits one item costs one write and no read. The write is conditional, so of
    /// any number of equal calls at once exactly one is told [`Upserted::Created`].
    ///
    /// # Errors
    /// `Invalid` when the alert can not be stored at all; `Transient` when the store fails or
    /// others keep changing the alert. Calling again is always safe.
    pub async fn upsert(&self, alert: Alert) -> Result<Upserted, CallError> {
        let first = encode(&alert, 1, &self.packer)?;
        // A large alert is read first, so that its chunks are not written in vain.
        let mut known = if first.chunks.is_empty() { None } else { self.found(&alert.id).await? };
        let mut first = Some(first);
        for attempt in 0..ATTEMPTS {
            if attempt > 1 {
                back_off(attempt).await;
            }
            let (encoded, revision, stale, outcome) = match known.take() {
                None => {
                    let encoded = first.take().map_or_else(|| encode(&alert, 1, &self.packer), Ok)?;
                    (encoded, None, Vec::new(), Upserted::Created)
                }
                Some(found) if found.tenant != alert.tenant => return Ok(Upserted::OtherTenant),
                Some(found) => {
                    let (revision, stale) = (found.revision, found.chunk_keys());
                    let Some((found, events)) = self.with_events(found).await? else { continue };
                    let stored = found.into_alert(&events)?;
                    let merged = merge(stored.clone(), alert.clone());
                    if merged == stored {
                        return Ok(Upserted::Duplicate);
                    }
                    let encoded = encode(&merged, revision + 1, &self.packer)?;
                    (encoded, Some(revision), stale, Upserted::Updated)
                }
            };
            let written = encoded.chunk_keys();
            match self.put_alert(encoded, revision).await? {
                None => {
                    // A crash here leaves chunks that no item names; they are never read.
                    self.delete_many(&stale).await?;
                    return Ok(outcome);
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
    async fn found(&self, id: &AlertId) -> Result<Option<Found>, CallError> {
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
        let item = self.read(&Key::Alert(id.clone()), &[attr::TENANT, attr::STATUS]).await?;
        item.map(|item| {
            Ok(AlertHead {
                id: id.clone(),
                tenant: item.get_parsed(attr::TENANT)?,
                status: item.get_parsed(attr::STATUS)?,
            })
        })
        .transpose()
    }

    /// Closes an alert: one conditional update. Of any number of calls at once exactly one is told
    /// [`Closed::Now`].
    ///
    /// # Errors
    /// When the store fails.
    pub async fn close(&self, alert: &AlertHead, reason: Reason) -> Result<Closed, CallError> {
        let text = |value: String| AttributeValue::S(value);
        let closed = Status::Closed;
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_map(&Key::Alert(alert.id.clone()))))
            .update_expression(
                "SET #st = :closed, #cr = :reason, #ca = #ls, #tp = :tp, #ap = :ap ADD #rv :one",
            )
            .condition_expression("#t = :t AND #st <> :closed")
            .set_expression_attribute_names(Some(names(&[
                attr::STATUS,
                attr::CLOSING_REASON,
                attr::CLOSING_AT,
                attr::LAST_SEEN,
                attr::TENANT_PARTITION,
                attr::ALL_PARTITION,
                attr::REVISION,
                attr::TENANT,
            ])))
            .expression_attribute_values(":closed", text(closed.as_str().to_owned()))
            .expression_attribute_values(":reason", text(reason.as_str().to_owned()))
            .expression_attribute_values(
                ":tp",
                text(Partition::Tenant(alert.tenant.clone(), closed).to_string()),
            )
            .expression_attribute_values(":ap", text(Partition::shard_of(&alert.id, closed).to_string()))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .expression_attribute_values(":t", text(alert.tenant.to_string()))
            .send()
            .await;
        match result {
            Ok(_) => Ok(Closed::Now),
            Err(SdkError::ServiceError(failure)) if failure.err().is_conditional_check_failed_exception() => {
                Ok(Closed::Already)
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
