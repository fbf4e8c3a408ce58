//! Alerts as items: what is packed, what is in chunks, and back.

use std::sync::Arc;

use bridge_domain::{
    AlertId, CallError, Class, IncidentId, Name, TenantId, Timestamp,
    alert::{Alert, Closing, Latest, Status},
    events::{Event, Events, MAX_EVENT_BYTES, MAX_EVENTS},
    intake::MAX_FIELD_BYTES,
    outbox::Outbox,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};
use uuid::Uuid;

use crate::{
    error::damaged,
    item::{Item, attr},
    keys::{Key, Moment, Partition, outbox_shard, shard_of},
    pack::Packer,
};

/// Most packed bytes in one item; DynamoDB's limit of 400 KB leaves room for the rest.
pub(crate) const ITEM_BUDGET: usize = 350 * 1024;
/// Most packed bytes of the fields, so that they always fit beside everything else.
const FIELDS_BUDGET: usize = 300 * 1024;

/// The packed fields: status as it was sent, and everything that has no attribute of its own.
#[derive(Serialize, Deserialize)]
struct Packed<T> {
    status: Status,
    fields: T,
}

/// An alert ready to be written: the item, and the chunks that must be there before it.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) item: Item,
    pub(crate) chunks: Vec<(Key, Vec<u8>)>,
}

impl Encoded {
    pub(crate) fn chunk_keys(&self) -> Vec<Key> {
        self.chunks.iter().map(|(key, _)| key.clone()).collect()
    }
}

/// Packs an alert as revision `revision`.
///
/// # Errors
/// `Invalid` when the fields do not fit even when packed.
pub(crate) fn encode(
    alert: &Alert,
    outbox: &Outbox,
    revision: i64,
    packer: &Packer,
) -> Result<Encoded, CallError> {
    let sent = Packed { status: alert.latest.status, fields: &alert.latest.fields };
    let fields = serde_json::to_vec(&sent).map_err(|_| damaged(attr::FIELDS))?;
    let packed_fields = pack(packer, &fields)?;
    if packed_fields.len() > FIELDS_BUDGET {
        return Err(CallError::new(
            Class::Invalid,
            "store",
            "the alert is too large even without its events",
        ));
    }
    let status = alert.status();
    let place = |at| Moment { at, id: alert.id.to_string() }.to_string();
    let mut item = Item::new(&Key::Alert(alert.id.clone()))
        .number(attr::REVISION, revision)
        .text(attr::TENANT, alert.tenant.as_str())
        .text(attr::NAME, alert.latest.name.as_str())
        .text(attr::STATUS, status.as_str())
        .number(attr::FIRST_SEEN, alert.first_seen.micros())
        .number(attr::LAST_SEEN, alert.latest.last_seen.micros())
        .flag(attr::OVERFLOW, alert.events.overflow())
        .number(attr::FIELDS_SIZE, size(fields.len()))
        .number(attr::EVENTS_SIZE, size(alert.events.json_len()))
        .text(attr::TENANT_PARTITION, Partition::Tenant(alert.tenant.clone(), status).to_string())
        .text(attr::ALL_PARTITION, Partition::shard_of(&alert.id, status).to_string())
        .text(attr::LAST_KEY, place(alert.latest.last_seen))
        .text(attr::FIRST_KEY, place(alert.first_seen))
        .text(attr::OUTBOX, outbox_text(outbox)?);
    if let Some((partition, key)) = due_place(&alert.id, outbox) {
        item = item.text(attr::DUE_PARTITION, partition).text(attr::DUE_KEY, key);
    }
    if let Some(closing) = &alert.closing {
        item = item.text(attr::CLOSING_REASON, &closing.reason).number(attr::CLOSING_AT, closing.at.micros());
    }
    if let Some(incident) = &alert.incident {
        item = item.text(attr::INCIDENT, incident.as_str());
    }
    let events = pack(packer, alert.events.to_json().as_bytes())?;
    let mut chunks = Vec::new();
    if packed_fields.len() + events.len() <= ITEM_BUDGET {
        item = item.bytes(attr::EVENTS, events);
    } else {
        let generation = Uuid::new_v4().simple().to_string();
        for (index, bytes) in (0..).zip(events.chunks(ITEM_BUDGET)) {
            let key = Key::Events { alert: alert.id.clone(), generation: generation.clone(), index };
            chunks.push((key, bytes.to_vec()));
        }
        item = item.text(attr::GENERATION, generation).number(attr::CHUNKS, size(chunks.len()));
    }
    Ok(Encoded { item: item.bytes(attr::FIELDS, packed_fields), chunks })
}

/// An outbox as it is stored.
pub(crate) fn outbox_text(outbox: &Outbox) -> Result<String, CallError> {
    serde_json::to_string(outbox).map_err(|_| damaged(attr::OUTBOX))
}

/// Where an alert is in the index of what is due; nowhere when nothing is owed.
pub(crate) fn due_place(alert: &AlertId, outbox: &Outbox) -> Option<(String, String)> {
    let at = outbox.due()?;
    Some((outbox_shard(shard_of(alert)), Moment { at, id: alert.to_string() }.to_string()))
}

/// The outbox of an item. One that was written before there were outboxes has an empty one.
pub(crate) fn outbox_of(item: &Item) -> Result<Outbox, CallError> {
    if !item.has(attr::OUTBOX) {
        return Ok(Outbox::default());
    }
    serde_json::from_str(item.get_text(attr::OUTBOX)?).map_err(|_| damaged(attr::OUTBOX))
}

fn size(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

fn pack(packer: &Packer, bytes: &[u8]) -> Result<Vec<u8>, CallError> {
    packer.pack(bytes).map_err(|_| damaged(attr::FIELDS))
}

fn unpack(
    packer: &Packer,
    bytes: &[u8],
    size: usize,
    limit: usize,
    name: &str,
) -> Result<Vec<u8>, CallError> {
    if size > limit {
        return Err(damaged(name));
    }
    packer.unpack(bytes, size).map_err(|_| damaged(name))
}

/// Where the events of an alert are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EventsAt {
    /// In the item.
    Item(Vec<u8>),
    /// In chunks of their own.
    Chunks { generation: String, count: u32 },
    /// Not read.
    NotRead,
}

/// An alert that a search found: everything but its events, which may be large, is at hand.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its id.
    pub id: AlertId,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its name.
    pub name: Name,
    /// The status that counts.
    pub status: Status,
    /// Time of its first event.
    pub first_seen: Timestamp,
    /// Time of its last event.
    pub last_seen: Timestamp,
    /// Why it was closed; empty while it is open.
    pub closing_reason: String,
    /// Whether events were left out when it was stored.
    pub overflow: bool,
    /// Size of its events as a JSON array, in bytes.
    pub events_size: usize,
    /// The incident it is part of.
    pub incident: Option<IncidentId>,
    pub(crate) revision: i64,
    outbox: Option<String>,
    pub(crate) closing_at: Option<Timestamp>,
    pub(crate) events: EventsAt,
    fields: Vec<u8>,
    fields_size: usize,
    packer: Arc<Packer>,
}

impl Found {
    pub(crate) fn from_item(item: &Item, packer: &Arc<Packer>) -> Result<Self, CallError> {
        let Key::Alert(id) = item.key()? else { return Err(damaged(attr::PK)) };
        let events = if item.has(attr::EVENTS) {
            EventsAt::Item(item.get_bytes(attr::EVENTS)?.to_vec())
        } else if item.has(attr::GENERATION) {
            EventsAt::Chunks {
                generation: item.get_text(attr::GENERATION)?.to_owned(),
                count: u32::try_from(item.get_number(attr::CHUNKS)?).map_err(|_| damaged(attr::CHUNKS))?,
            }
        } else {
            EventsAt::NotRead
        };
        let closing_at =
            if item.has(attr::CLOSING_AT) { Some(item.get_time(attr::CLOSING_AT)?) } else { None };
        Ok(Self {
            id,
            tenant: item.get_parsed(attr::TENANT)?,
            name: item.get_parsed(attr::NAME)?,
            status: item.get_parsed(attr::STATUS).map_err(|_| damaged(attr::STATUS))?,
            first_seen: item.get_time(attr::FIRST_SEEN)?,
            last_seen: item.get_time(attr::LAST_SEEN)?,
            closing_reason: match closing_at {
                Some(_) => item.get_text(attr::CLOSING_REASON)?.to_owned(),
                None => String::new(),
            },
            overflow: item.get_flag(attr::OVERFLOW)?,
            events_size: item.get_size(attr::EVENTS_SIZE)?,
            incident: item.has(attr::INCIDENT).then(|| item.get_parsed(attr::INCIDENT)).transpose()?,
            revision: item.get_number(attr::REVISION)?,
            outbox: item
                .has(attr::OUTBOX)
                .then(|| item.get_text(attr::OUTBOX))
                .transpose()?
                .map(str::to_owned),
            closing_at,
            events,
            fields: item.get_bytes(attr::FIELDS)?.to_vec(),
            fields_size: item.get_size(attr::FIELDS_SIZE)?,
            packer: Arc::clone(packer),
        })
    }

    /// Every field that has no member of its own here, unknown ones included.
    ///
    /// # Errors
    /// `Permanent` when the stored bytes can not be read.
    pub fn fields(&self) -> Result<Map<String, Value>, CallError> {
        Ok(self.packed()?.fields)
    }

    /// The status that its SIEM gave it last, whatever became of it here.
    ///
    /// # Errors
    /// `Permanent` when the stored bytes can not be read.
    pub fn sent_status(&self) -> Result<Status, CallError> {
        Ok(self.packed()?.status)
    }

    /// What its targets want and have, and its change log.
    ///
    /// # Errors
    /// `Permanent` when the stored text can not be read.
    pub fn outbox(&self) -> Result<Outbox, CallError> {
        match &self.outbox {
            // Written before there were outboxes.
            None => Ok(Outbox::default()),
            Some(text) => serde_json::from_str(text).map_err(|_| damaged(attr::OUTBOX)),
        }
    }

    /// The alert as it is after its outbox was written.
    pub(crate) fn with_outbox(mut self, outbox: &Outbox) -> Result<Self, CallError> {
        self.revision += 1;
        self.outbox = Some(outbox_text(outbox)?);
        Ok(self)
    }

    fn packed(&self) -> Result<Packed<Map<String, Value>>, CallError> {
        // Room for the wrapper around the fields.
        let bytes = unpack(&self.packer, &self.fields, self.fields_size, 2 * MAX_FIELD_BYTES, attr::FIELDS)?;
        serde_json::from_slice(&bytes).map_err(|_| damaged(attr::FIELDS))
    }

    /// Keys of its chunks, none when the events are in the item.
    pub(crate) fn chunk_keys(&self) -> Vec<Key> {
        match &self.events {
            EventsAt::Chunks { generation, count } => (0..*count)
                .map(|index| Key::Events { alert: self.id.clone(), generation: generation.clone(), index })
                .collect(),
            EventsAt::Item(_) | EventsAt::NotRead => Vec::new(),
        }
    }

    /// Unpacks the events: a JSON array.
    pub(crate) fn unpack_events(&self, packed: &[u8]) -> Result<String, CallError> {
        let limit = MAX_EVENT_BYTES + MAX_EVENTS + 2;
        let bytes = unpack(&self.packer, packed, self.events_size, limit, attr::EVENTS)?;
        String::from_utf8(bytes).map_err(|_| damaged(attr::EVENTS))
    }

    /// The whole alert, given its events.
    ///
    /// # Errors
    /// `Permanent` when the stored bytes can not be read.
    pub fn into_alert(self, events: &str) -> Result<Alert, CallError> {
        let list: Vec<Box<RawValue>> = serde_json::from_str(events).map_err(|_| damaged(attr::EVENTS))?;
        let list = list
            .into_iter()
            .map(Event::parse)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| damaged(attr::EVENTS))?;
        let packed = self.packed()?;
        Ok(Alert {
            id: self.id,
            tenant: self.tenant,
            first_seen: self.first_seen,
            latest: Latest {
                last_seen: self.last_seen,
                name: self.name,
                status: packed.status,
                fields: packed.fields,
            },
            closing: self.closing_at.map(|at| Closing { at, reason: self.closing_reason }),
            incident: self.incident,
            events: Events::new(list, self.overflow),
        })
    }
}
