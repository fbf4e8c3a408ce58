//! How far each KUMA Core was asked, and what asking it needs to know of the alerts here.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::SdkError,
    types::{AttributeValue, ReturnValue},
};
use bridge_domain::{
    AlertId, CallError, Name, TargetId, TenantId, Timestamp,
    alert::Status,
    pull::{Known, State},
    search::TimestampField,
};

use crate::{
    Store,
    body::Found,
    error::{call_error, damaged},
    item::{Item, SCHEMA_VERSION, attr, key_map},
    keys::{Key, Moment, Partition},
    listing::{Listing, Range},
};

// Attributes of the item; all but this module leave it alone.
const WATERMARK: &str = "wm";
const CLAIMED: &str = "cl";
const NOT_BEFORE: &str = "nb";
const FAILURES: &str = "fa";
const WALK_BEGAN: &str = "wb";
const WALK_AT: &str = "wa";
/// Until when a run holds the item, and which run.
const LEASE: &str = "le";
const HOLDER: &str = "ho";

/// Whoever runs holds the item: nobody else changes it, and a lost lease changes nothing more.
const HELD: &str = "#ho = :ho";

/// Statuses in which an alert is open, in the order in which they are walked.
const OPEN: [Status; 3] = [Status::New, Status::Assigned, Status::Escalated];

impl Store {
    /// How far these Cores were asked, in no order; one that never was is left out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn pull_states(&self, targets: &[TargetId]) -> Result<HashMap<TargetId, State>, CallError> {
        let keys: Vec<Key> = targets.iter().cloned().map(Key::Pull).collect();
        let items = self.read_many(&keys, &[]).await?;
        items
            .into_iter()
            .map(|item| match item.key()? {
                Key::Pull(id) => Ok((id, state(&item)?)),
                _ => Err(damaged(attr::PK)),
            })
            .collect()
    }

    /// Notes that a run was queued at `now`, unless one was after `limit`. Of any number of calls
    /// at once one is told `true`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn claim_pull(
        &self,
        target: &TargetId,
        limit: Timestamp,
        now: Timestamp,
    ) -> Result<bool, CallError> {
        let change = Change::new("SET #v = :v, #cl = :cl", "attribute_not_exists(#cl) OR #cl <= :limit")
            .time(CLAIMED, now)
            .value("limit", number(limit.micros()));
        Ok(self.change_pull(target, change).await?.is_some())
    }

    /// Takes the claim of `now` back: the run could not be queued.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unclaim_pull(&self, target: &TargetId, now: Timestamp) -> Result<(), CallError> {
        let change = Change::new("SET #v = :v REMOVE #cl", "#cl = :cl").time(CLAIMED, now);
        self.change_pull(target, change).await.map(drop)
    }

    /// Begins a run for `holder` that ends at `until` at the latest. `None` when another one is
    /// under way.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn begin_pull(
        &self,
        target: &TargetId,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<State>, CallError> {
        let change =
            Change::new("SET #v = :v, #le = :le, #ho = :ho", "attribute_not_exists(#le) OR #le <= :now")
                .time(LEASE, until)
                .held_by(holder)
                .value("now", number(now.micros()));
        self.change_pull(target, change).await?.map(|item| state(&item)).transpose()
    }

    /// Moves the mark to `to`: everything up to there is stored. `false` when the run lost its lease,
    /// or the mark was there before.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn advance_pull(
        &self,
        target: &TargetId,
        holder: &str,
        to: Timestamp,
    ) -> Result<bool, CallError> {
        let change =
            Change::new("SET #v = :v, #wm = :wm", "#ho = :ho AND (attribute_not_exists(#wm) OR #wm < :wm)")
                .time(WATERMARK, to)
                .held_by(holder);
        Ok(self.change_pull(target, change).await?.is_some())
    }

    /// Notes how far the walk over the open alerts came; `at` is `None` when it is through. `false`
    /// when the run lost its lease.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn walk_pull(
        &self,
        target: &TargetId,
        holder: &str,
        began: Timestamp,
        at: Option<&str>,
    ) -> Result<bool, CallError> {
        let change = match at {
            Some(at) => Change::new("SET #v = :v, #wb = :wb, #wa = :wa", HELD)
                .name(WALK_AT)
                .value(WALK_AT, AttributeValue::S(at.to_owned())),
            None => Change::new("SET #v = :v, #wb = :wb REMOVE #wa", HELD).name(WALK_AT),
        };
        let change = change.time(WALK_BEGAN, began).held_by(holder);
        Ok(self.change_pull(target, change).await?.is_some())
    }

    /// Ends a run: `failures` in a row by now, and nothing is asked before `not_before`. `false` when
    /// the run lost its lease.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_pull(
        &self,
        target: &TargetId,
        holder: &str,
        failures: u32,
        not_before: Option<Timestamp>,
    ) -> Result<bool, CallError> {
        let change = match not_before {
            Some(at) => {
                Change::new("SET #v = :v, #fa = :fa, #nb = :nb REMOVE #le, #ho", HELD).time(NOT_BEFORE, at)
            }
            None => Change::new("SET #v = :v, #fa = :fa REMOVE #le, #ho, #nb", HELD).name(NOT_BEFORE),
        };
        let change =
            change.name(FAILURES).value(FAILURES, number(i64::from(failures))).name(LEASE).held_by(holder);
        Ok(self.change_pull(target, change).await?.is_some())
    }

    /// Carries a change out and gives the item as it is then; `None` when its condition fails.
    async fn change_pull(&self, target: &TargetId, change: Change) -> Result<Option<Item>, CallError> {
        let change = change.name(attr::SCHEMA).value(attr::SCHEMA, number(SCHEMA_VERSION));
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_map(&Key::Pull(target.clone()))))
            .update_expression(change.update)
            .condition_expression(change.condition)
            .set_expression_attribute_names(Some(change.names))
            .set_expression_attribute_values(Some(change.values))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        match result {
            Ok(answer) => Ok(Some(Item::from_map(answer.attributes.unwrap_or_default()))),
            Err(SdkError::ServiceError(failure)) if failure.err().is_conditional_check_failed_exception() => {
                Ok(None)
            }
            Err(error) => Err(call_error("UpdateItem", &error)),
        }
    }

    /// What is known of these alerts, and of which tenant each is; absent ones are left out. Read by
    /// key, without events.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn known(&self, ids: &[AlertId]) -> Result<HashMap<AlertId, (TenantId, Known)>, CallError> {
        let mut known = HashMap::with_capacity(ids.len());
        for found in self.load(ids, false).await? {
            known.insert(found.id.clone(), known_of(found)?);
        }
        Ok(known)
    }

    /// Ids of the next open alerts of a tenant, at most `limit`, and where to go on; `None` when there
    /// are no more. They come from an index, which may lag a moment.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open_alerts(
        &self,
        tenant: &TenantId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<AlertId>, Option<String>), CallError> {
        let mut after = after.and_then(place);
        let begin = after.as_ref().map_or(Status::New, |(status, _)| *status);
        let mut ids = Vec::new();
        for status in OPEN.into_iter().filter(|status| *status >= begin) {
            let below = after.take().map(|(_, moment)| moment);
            let range = Range {
                partition: Partition::Tenant(tenant.clone(), status),
                field: TimestampField::LastSeen,
                from: Timestamp::MIN,
                to: below.as_ref().map_or(Timestamp::MAX, |moment| moment.at),
                newest_first: true,
            };
            let mut listing = Listing::new(range, limit);
            while listing.peek(self).await?.is_some() {
                let Some(entry) = listing.take() else { break };
                if below.as_ref().is_some_and(|below| entry.place >= *below) {
                    continue;
                }
                if let Key::Alert(id) = entry.key {
                    ids.push(id);
                }
                if ids.len() >= limit {
                    return Ok((ids, Some(format!("{}#{}", status.as_str(), entry.place))));
                }
            }
        }
        Ok((ids, None))
    }

    /// The tenant that has this name, whatever the case.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tenant_named(&self, name: &Name) -> Result<Option<TenantId>, CallError> {
        let taken = self.read(&Key::TenantName(name.folded()), &[]).await?;
        taken.map(|item| item.get_parsed(attr::TENANT)).transpose()
    }
}

/// Where a walk over open alerts goes on.
fn place(text: &str) -> Option<(Status, Moment)> {
    let (status, moment) = text.split_once('#')?;
    Some((status.parse().ok()?, Moment::parse(moment)?))
}

fn known_of(found: Found) -> Result<(TenantId, Known), CallError> {
    let fields = found.fields()?;
    Ok((found.tenant, Known { last_seen: found.last_seen, name: found.name, status: found.status, fields }))
}

fn state(item: &Item) -> Result<State, CallError> {
    let time = |name| item.has(name).then(|| item.get_time(name)).transpose();
    let failures = if item.has(FAILURES) { item.get_number(FAILURES)? } else { 0 };
    Ok(State {
        watermark: time(WATERMARK)?,
        claimed: time(CLAIMED)?,
        not_before: time(NOT_BEFORE)?,
        failures: u32::try_from(failures).map_err(|_| damaged(FAILURES))?,
        walk_began: time(WALK_BEGAN)?,
        walk_at: item.has(WALK_AT).then(|| item.get_text(WALK_AT).map(ToOwned::to_owned)).transpose()?,
    })
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// One conditional update.
#[derive(Debug)]
struct Change {
    update: &'static str,
    condition: &'static str,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Change {
    fn new(update: &'static str, condition: &'static str) -> Self {
        Self { update, condition, names: HashMap::new(), values: HashMap::new() }
    }

    fn name(mut self, name: &str) -> Self {
        self.names.insert(format!("#{name}"), name.to_owned());
        self
    }

    fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(format!(":{name}"), value);
        self
    }

    fn time(self, name: &str, at: Timestamp) -> Self {
        self.name(name).value(name, number(at.micros()))
    }

    fn held_by(self, holder: &str) -> Self {
        self.name(HOLDER).value(HOLDER, AttributeValue::S(holder.to_owned()))
    }
}
