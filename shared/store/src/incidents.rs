//! Incidents, and the alerts that become part of them.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use bridge_domain::{
    AlertId, CallError, IncidentId,
    alert::Status,
    incident::{Comment, Incident},
    outbox::{Change, Outbox, Queued, What},
};

use crate::{
    Store,
    alerts::{names, note},
    body::Found,
    error::{call_error, damaged},
    item::{Item, attr, key_map},
    keys::{COMMENTS, Key, Moment, Partition},
    search::WITHOUT_EVENTS,
    transact::{Guard, Revised, Transaction},
    update::Update,
};

/// Why an incident was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IncidentConflict {
    /// There is an incident with this id, or of this remote id.
    Exists,
    /// Somebody else changed the incident or one of the alerts meanwhile.
    Changed,
    /// The store failed: nobody knows whether it was written.
    Call(CallError),
}

impl From<CallError> for IncidentConflict {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

/// An incident that was written with alerts.
#[derive(Clone, Debug)]
pub struct Linked {
    /// The incident as it is now.
    pub incident: Revised<Incident>,
    /// What has to be queued now: the alerts' targets are told of the new status.
    pub queue: Vec<Queued>,
}

/// Whether alerts go into an incident or out of it.
#[derive(Clone, Copy)]
enum Way {
    In,
    Out,
}

impl Store {
    /// A number that no incident had or will have. Numbers that are never used leave gaps.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn next_incident_number(&self) -> Result<u64, CallError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_map(&Key::IncidentCounter)))
            .update_expression("ADD #cnt :one")
            .expression_attribute_names("#cnt", attr::COUNT)
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(|error| call_error("UpdateItem", &error))?;
        let number = Item::from_map(answer.attributes.unwrap_or_default()).get_number(attr::COUNT)?;
        u64::try_from(number).map_err(|_| damaged(attr::COUNT))
    }

    /// An incident, strongly consistent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn incident(&self, id: &IncidentId) -> Result<Option<Revised<Incident>>, CallError> {
        self.read(&Key::Incident(id.clone()), &[]).await?.map(|item| decode(&item)).transpose()
    }

    /// Incidents by id, strongly consistent, in no order; absent ones are left out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn incidents_by_id(&self, ids: &[IncidentId]) -> Result<Vec<Revised<Incident>>, CallError> {
        let keys: Vec<Key> = ids.iter().cloned().map(Key::Incident).collect();
        self.read_many(&keys, &[]).await?.iter().map(decode).collect()
    }

    /// Alerts without their events, for being linked; strongly consistent, in no order, absent ones
    /// left out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn alerts_by_id(&self, ids: &[AlertId]) -> Result<Vec<Found>, CallError> {
        let keys: Vec<Key> = ids.iter().cloned().map(Key::Alert).collect();
        let mut wanted = WITHOUT_EVENTS.to_vec();
        wanted.push(attr::OUTBOX);
        let items = self.read_many(&keys, &wanted).await?;
        items.iter().map(|item| Found::from_item(item, &self.packer)).collect()
    }

    /// Makes an incident, and makes `alerts` part of it, which it names already: all or nothing.
    /// With `remote`, it is found by that uuid of NCIRCC's from then on.
    ///
    /// # Errors
    /// The id or the uuid is taken, or an alert was changed since it was read.
    pub async fn create_incident(
        &self,
        incident: &Incident,
        alerts: &[Found],
        remote: Option<&str>,
        change: Change<'_>,
    ) -> Result<Linked, IncidentConflict> {
        let mut steps = self.transaction();
        steps.put(encode(incident, 1)?, Guard::Absent, IncidentConflict::Exists)?;
        if let Some(uuid) = remote {
            steps.put(remote_item(uuid, &incident.id), Guard::Absent, IncidentConflict::Exists)?;
        }
        let queue = move_alerts(&mut steps, Way::In, &incident.id, alerts, change)?;
        steps.commit(IncidentConflict::Changed).await?;
        Ok(Linked { incident: Revised { value: incident.clone(), revision: 1 }, queue })
    }

    /// Puts `new` in the place of `old`, and makes `alerts` part of it, which it names already.
    ///
    /// # Errors
    /// The incident or an alert was changed since it was read.
    pub async fn link_alerts(
        &self,
        old: &Revised<Incident>,
        new: &Incident,
        alerts: &[Found],
        change: Change<'_>,
    ) -> Result<Linked, IncidentConflict> {
        self.move_alerts(Way::In, old, new, alerts, change).await
    }

    /// Puts `new` in the place of `old`, and takes `alerts` out of it, which it names no more. Each
    /// gets back the status that its SIEM gave it last.
    ///
    /// # Errors
    /// The incident or an alert was changed since it was read.
    pub async fn unlink_alerts(
        &self,
        old: &Revised<Incident>,
        new: &Incident,
        alerts: &[Found],
        change: Change<'_>,
    ) -> Result<Linked, IncidentConflict> {
        self.move_alerts(Way::Out, old, new, alerts, change).await
    }

    async fn move_alerts(
        &self,
        way: Way,
        old: &Revised<Incident>,
        new: &Incident,
        alerts: &[Found],
        change: Change<'_>,
    ) -> Result<Linked, IncidentConflict> {
        let mut steps = self.transaction();
        let revision = old.revision + 1;
        steps.put(encode(new, revision)?, Guard::Revision(old.revision), IncidentConflict::Changed)?;
        let queue = move_alerts(&mut steps, way, &new.id, alerts, change)?;
        steps.commit(IncidentConflict::Changed).await?;
        Ok(Linked { incident: Revised { value: new.clone(), revision }, queue })
    }

    /// Puts `new` in the place of `old`; gives it with its revision.
    ///
    /// # Errors
    /// Somebody else changed it meanwhile.
    pub async fn change_incident(
        &self,
        old: &Revised<Incident>,
        new: &Incident,
    ) -> Result<Revised<Incident>, IncidentConflict> {
        let mut steps = self.transaction();
        let revision = old.revision + 1;
        steps.put(encode(new, revision)?, Guard::Revision(old.revision), IncidentConflict::Changed)?;
        steps.commit(IncidentConflict::Changed).await?;
        Ok(Revised { value: new.clone(), revision })
    }

    /// Which incidents these uuids of NCIRCC's are; unknown ones are left out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn incidents_of(&self, uuids: &[String]) -> Result<Vec<(String, IncidentId)>, CallError> {
        let keys: Vec<Key> = uuids.iter().cloned().map(Key::Remote).collect();
        let pair = |item: &Item| match item.key()? {
            Key::Remote(uuid) => Ok((uuid, item.get_parsed(attr::INCIDENT)?)),
            _ => Err(damaged(attr::PK)),
        };
        self.read_many(&keys, &[]).await?.iter().map(pair).collect()
    }

    /// Stores a comment; one that is there already stays as it is.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_comment(&self, incident: &IncidentId, comment: &Comment) -> Result<(), CallError> {
        let key = Key::Comment { incident: incident.clone(), at: comment.at, id: comment.id.clone() };
        let text = serde_json::to_string(comment).map_err(|_| damaged(attr::BODY))?;
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(Item::new(&key).text(attr::BODY, text).into_map()))
            .send()
            .await
            .map_err(|error| call_error("PutItem", &error))?;
        Ok(())
    }

    /// Up to `limit` comments on an incident that were made after `after`, oldest first, strongly
    /// consistent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn comments(
        &self,
        incident: &IncidentId,
        after: Option<&Moment>,
        limit: u16,
    ) -> Result<Vec<Comment>, CallError> {
        // `#` and `~` are before and after whatever a place may hold behind the time.
        let from = after.map_or_else(|| COMMENTS.to_owned(), |place| format!("{COMMENTS}{place}\u{0}"));
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :from AND :to")
            .set_expression_attribute_names(Some(names(&[attr::PK, attr::SK])))
            .expression_attribute_values(":pk", AttributeValue::S(Key::Incident(incident.clone()).pk()))
            .expression_attribute_values(":from", AttributeValue::S(from))
            .expression_attribute_values(":to", AttributeValue::S(format!("{COMMENTS}~")))
            .limit(i32::from(limit))
            .send()
            .await
            .map_err(|error| call_error("Query", &error))?;
        let read = |map| {
            let item = Item::from_map(map);
            serde_json::from_str(item.get_text(attr::BODY)?).map_err(|_| damaged(attr::BODY))
        };
        answer.items.unwrap_or_default().into_iter().map(read).collect()
    }
}

/// Adds the steps that move alerts; gives what has to be queued then.
fn move_alerts(
    steps: &mut Transaction<'_, IncidentConflict>,
    way: Way,
    incident: &IncidentId,
    alerts: &[Found],
    change: Change<'_>,
) -> Result<Vec<Queued>, CallError> {
    let mut queue = Vec::new();
    for alert in alerts {
        let mut outbox: Outbox = alert.outbox()?;
        queue.extend(note(&mut outbox, &alert.id, &alert.tenant, What::Updated { closed: false }, change));
        let status = match way {
            _ if alert.status == Status::Closed => Status::Closed,
            Way::In => Status::Escalated,
            Way::Out => alert.sent_status()?,
        };
        let update = Update::of(&alert.id, alert.revision)
            .set(attr::STATUS, status.as_str())
            .set(attr::TENANT_PARTITION, Partition::Tenant(alert.tenant.clone(), status).to_string())
            .set(attr::ALL_PARTITION, Partition::shard_of(&alert.id, status).to_string())
            .outbox(&alert.id, &outbox)?;
        let update = match way {
            Way::In => update.set(attr::INCIDENT, incident.as_str()),
            Way::Out => update.remove(attr::INCIDENT),
        };
        let (key, expression, terms) = update.into_terms();
        steps.update(&key, &expression, terms, IncidentConflict::Changed)?;
    }
    Ok(queue)
}

/// Says which incident a uuid of NCIRCC's is.
pub(crate) fn remote_item(uuid: &str, incident: &IncidentId) -> Item {
    Item::new(&Key::Remote(uuid.to_owned())).text(attr::INCIDENT, incident.as_str())
}

pub(crate) fn encode(incident: &Incident, revision: i64) -> Result<Item, CallError> {
    let place = |at| Moment { at, id: incident.id.to_string() }.to_string();
    let body = serde_json::to_string(incident).map_err(|_| damaged(attr::BODY))?;
    Ok(Item::new(&Key::Incident(incident.id.clone()))
        .number(attr::REVISION, revision)
        .text(attr::TENANT, incident.tenant.as_str())
        .text(attr::NAME, incident.name.as_str())
        .text(attr::BODY, body)
        .text(
            attr::TENANT_PARTITION,
            Partition::Incidents(incident.tenant.clone(), incident.status).to_string(),
        )
        .text(attr::ALL_PARTITION, Partition::AllIncidents(incident.status).to_string())
        .text(attr::LAST_KEY, place(incident.last_seen))
        .text(attr::FIRST_KEY, place(incident.first_seen)))
}

pub(crate) fn decode(item: &Item) -> Result<Revised<Incident>, CallError> {
    let value = serde_json::from_str(item.get_text(attr::BODY)?).map_err(|_| damaged(attr::BODY))?;
    Ok(Revised { value, revision: item.get_number(attr::REVISION)? })
}
