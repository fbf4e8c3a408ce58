//! Events for the functions, made from the samples in `events/`.

use std::{fs, path::Path};

use hyper::body::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::failure::{Failure, Result};

/// Events of the alert that is ingested.
const EVENTS: usize = 10;

/// The samples: an alert of ten events, and API Gateway's envelope for each route.
#[derive(Clone, Debug)]
pub(crate) struct Samples {
    alert: Value,
    ingest: Value,
    search: Value,
    close: Value,
    /// A record of a queue.
    record: Value,
}

impl Samples {
    /// Reads the samples of the checkout.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let sample = |path: &str| -> Result<Value> {
            let text = fs::read_to_string(root.join("events").join(path))
                .map_err(|error| format!("events/{path}: {error}"))?;
            Ok(serde_json::from_str(&text)?)
        };
        let mut alert = sample("alert-ingest/brute-force.json")?;
        let events =
            alert.get_mut("events").and_then(Value::as_array_mut).ok_or("the sample has no events")?;
        // A sample of fewer events is widened by its own, under ids of their own.
        for place in 0..EVENTS.saturating_sub(events.len()) {
            let mut event = events.get(place).cloned().ok_or("the sample has no events")?;
            put(&mut event, "ID", Uuid::new_v4().to_string())?;
            events.push(event);
        }
        events.truncate(EVENTS);
        Ok(Self {
            alert,
            ingest: sample("alert-ingest/api-gateway.json")?,
            search: sample("alert-search/api-gateway.json")?,
            close: sample("alert-close/api-gateway.json")?,
            record: sample("rvision-send/batch.json")?
                .pointer_mut("/Records/0")
                .map(Value::take)
                .ok_or("the sample has no records")?,
        })
    }

    /// The same with an alert of at most `bytes`: its events lose fields, from the end of the
    /// alphabet, the longest event first. They keep `ID` and `Timestamp`.
    pub(crate) fn within(&self, bytes: usize) -> Result<Self> {
        let mut smaller = self.clone();
        while smaller.alert.to_string().len() > bytes {
            let longest = smaller
                .alert
                .get_mut("events")
                .and_then(Value::as_array_mut)
                .and_then(|events| events.iter_mut().max_by_key(|event| event.to_string().len()))
                .and_then(Value::as_object_mut)
                .ok_or("the sample has no events")?;
            let last = longest.keys().rev().find(|name| !["ID", "Timestamp"].contains(&name.as_str()));
            let last = last.cloned().ok_or("the sample can not be made that small")?;
            longest.remove(&last);
        }
        Ok(smaller)
    }

    /// The alert under an id of its own, for a tenant.
    pub(crate) fn alert(&self, id: &str, tenant: &str) -> Result<Value> {
        let mut alert = self.alert.clone();
        put(&mut alert, "id", id)?;
        put(&mut alert, "tenantID", tenant)?;
        Ok(alert)
    }

    /// The alert with so many events of about so many bytes together. No two are alike: each has an
    /// id of its own and, if there is room, hexadecimal digits that do not pack well.
    pub(crate) fn large(&self, id: &str, tenant: &str, events: usize, bytes: usize) -> Result<Value> {
        let mut alert = self.alert(id, tenant)?;
        let list = alert.get_mut("events").and_then(Value::as_array_mut).ok_or("the sample has no events")?;
        let kinds = std::mem::take(list);
        for kind in kinds.iter().cycle().take(events) {
            let mut event = kind.clone();
            put(&mut event, "ID", Uuid::new_v4().to_string())?;
            put(&mut event, "Message", "")?;
            let room = (bytes / events).saturating_sub(event.to_string().len());
            let filler: String = std::iter::repeat_with(|| Uuid::new_v4().simple().to_string())
                .take(room.div_ceil(32))
                .collect();
            put(&mut event, "Message", filler.get(..room).unwrap_or_default())?;
            list.push(event);
        }
        Ok(alert)
    }

    /// The names of all fields of the alert's events.
    pub(crate) fn event_fields(&self) -> Vec<String> {
        let events = self.alert.get("events").and_then(Value::as_array);
        let names = events.into_iter().flatten().filter_map(Value::as_object).flat_map(|event| event.keys());
        let mut names: Vec<String> = names.cloned().chain(["Message".to_owned()]).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Messages of a queue, as one batch.
    pub(crate) fn batch(&self, messages: &[String]) -> Result<Bytes> {
        let record = |message: &String| -> Result<Value> {
            let mut record = self.record.clone();
            put(&mut record, "messageId", Uuid::new_v4().to_string())?;
            put(&mut record, "body", message.as_str())?;
            record.as_object_mut().and_then(|record| record.remove("md5OfBody"));
            Ok(record)
        };
        let records = messages.iter().map(record).collect::<Result<Vec<Value>>>()?;
        Ok(json!({ "Records": records }).to_string().into())
    }

    /// Posts this alert.
    pub(crate) fn ingest(&self, token: &str, alert: &Value) -> Result<Bytes> {
        event(&self.ingest, token, "", &alert.to_string())
    }

    /// Searches the first page with events.
    pub(crate) fn search(&self, token: &str) -> Result<Bytes> {
        event(&self.search, token, "withEvents", "")
    }

    /// Closes an alert.
    pub(crate) fn close(&self, token: &str, id: &str) -> Result<Bytes> {
        event(&self.close, token, "", &json!({ "id": id, "reason": "Responded" }).to_string())
    }
}

fn event(envelope: &Value, token: &str, query: &str, body: &str) -> Result<Bytes> {
    let mut event = envelope.clone();
    let headers = event.get_mut("headers").ok_or("the sample has no headers")?;
    put(headers, "authorization", format!("Bearer {token}"))?;
    put(&mut event, "rawQueryString", query)?;
    put(&mut event, "body", body)?;
    put(&mut event, "isBase64Encoded", false)?;
    Ok(event.to_string().into())
}

fn put(object: &mut Value, name: &str, value: impl Into<Value>) -> Result<()> {
    let object = object.as_object_mut().ok_or_else(|| Failure::from("the sample is no object"))?;
    object.insert(name.to_owned(), value.into());
    Ok(())
}
