//! The normalized events of an alert, kept exactly as they were sent.

use std::cmp::Ordering;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// Most events that one alert keeps. KUMA's own limit.
pub const MAX_EVENTS: usize = 10_000;
/// Most bytes of event JSON that one alert keeps. KUMA's own limit.
pub const MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

/// One normalized event: an open map whose text is never rewritten.
#[derive(Clone, Debug)]
pub struct Event {
    timestamp: i64,
    key: String,
    raw: Box<RawValue>,
}

/// What is wrong with an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Not a JSON object.
    #[error("must be a JSON object")]
    NotAnObject,
    /// `ID` is there but no text.
    #[error("ID must be a text")]
    Id,
    /// `Timestamp` is there but no whole number of milliseconds.
    #[error("Timestamp must be a whole number of milliseconds since 1970")]
    Timestamp,
}

/// The two members that the bridge reads of an event.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "ID", borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(rename = "Timestamp", borrow, default)]
    timestamp: Option<&'a RawValue>,
}

impl Event {
    /// Reads an event. Without an `ID`, the event is known by its content.
    ///
    /// # Errors
    /// Says which member is not of its type; other members may be anything.
    pub fn parse(raw: Box<RawValue>) -> Result<Self, EventError> {
        let head: Head<'_> = match raw.get().as_bytes().first() {
            Some(b'{') => serde_json::from_str(raw.get()).map_err(|_| EventError::NotAnObject)?,
            _ => return Err(EventError::NotAnObject),
        };
        let id = match head.id.map(RawValue::get) {
            None | Some("null" | "\"\"") => None,
            Some(text) => Some(serde_json::from_str::<String>(text).map_err(|_| EventError::Id)?),
        };
        let timestamp = match head.timestamp.map(RawValue::get) {
            None | Some("null") => 0,
            Some(text) => serde_json::from_str(text).map_err(|_| EventError::Timestamp)?,
        };
        let key = id.unwrap_or_else(|| STANDARD.encode(Sha256::digest(raw.get().as_bytes())));
        Ok(Self { timestamp, key, raw })
    }

    /// The event's JSON text, as it was sent.
    #[must_use]
    pub fn json(&self) -> &str {
        self.raw.get()
    }

    fn order(&self, other: &Self) -> Ordering {
        (self.timestamp, &self.key, self.raw.get()).cmp(&(other.timestamp, &other.key, other.raw.get()))
    }
}

/// The events of one alert: each id once, oldest first, within the limits.
#[derive(Clone, Debug, Default)]
pub struct Events {
    list: Vec<Event>,
    overflow: bool,
}

impl Events {
    /// A set out of events in any order; of two with one id the same one is kept whatever the order.
    #[must_use]
    pub fn new(list: Vec<Event>, overflow: bool) -> Self {
        Self::capped(list, overflow, MAX_EVENTS, MAX_EVENT_BYTES)
    }

    /// [`Events::new`] under other limits.
    #[must_use]
    pub fn capped(mut list: Vec<Event>, overflow: bool, most: usize, most_bytes: usize) -> Self {
        list.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| b.order(a)));
        list.dedup_by(|a, b| a.key == b.key);
        list.sort_by(Event::order);
        let (mut kept, mut bytes) = (0_usize, 0_usize);
        for event in list.iter().rev() {
            bytes = bytes.saturating_add(event.json().len() + 1);
            if kept == most || bytes > most_bytes {
                break;
            }
            kept += 1;
        }
        let cut = list.len() - kept;
        list.drain(..cut);
        Self { list, overflow: overflow || cut > 0 }
    }

    /// Both sets in one.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        let overflow = self.overflow || other.overflow;
        let mut list = self.list;
        list.extend(other.list);
        Self::new(list, overflow)
    }

    /// Whether events were left out because there were too many.
    #[must_use]
    pub const fn overflow(&self) -> bool {
        self.overflow
    }

    /// The events, oldest first.
    #[must_use]
    pub fn as_slice(&self) -> &[Event] {
        &self.list
    }

    /// How many bytes [`Events::to_json`] gives.
    #[must_use]
    pub fn json_len(&self) -> usize {
        json_len(self.list.iter().map(Event::json))
    }

    /// The JSON array, oldest first.
    #[must_use]
    pub fn to_json(&self) -> String {
        to_json(self.list.iter().map(Event::json), self.json_len())
    }
}

impl PartialEq for Events {
    fn eq(&self, other: &Self) -> bool {
        self.overflow == other.overflow
            && self.list.len() == other.list.len()
            && self.list.iter().zip(&other.list).all(|(a, b)| a.json() == b.json())
    }
}

impl Eq for Events {}

fn json_len<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(|text| text.len() + 1).sum::<usize>().max(1) + 1
}

fn to_json<'a>(texts: impl Iterator<Item = &'a str>, capacity: usize) -> String {
    let mut json = String::with_capacity(capacity);
    json.push('[');
    for (index, text) in texts.enumerate() {
        if index > 0 {
            json.push(',');
        }
        json.push_str(text);
    }
    json.push(']');
    json
}

/// Cuts a JSON array of events, oldest first, from the front until it fits `budget` bytes.
/// Gives the array and whether anything was cut; the newest event stays if it alone fits.
///
/// # Errors
/// The text is not a JSON array.
pub fn newest_within(array: String, budget: usize) -> Result<(String, bool), serde_json::Error> {
    if array.len() <= budget {
        return Ok((array, false));
    }
    let texts: Vec<&RawValue> = serde_json::from_str(&array)?;
    // The brackets, less the comma that the first element does without.
    let mut bytes = 1_usize;
    let kept = texts
        .iter()
        .rev()
        .take_while(|text| {
            bytes = bytes.saturating_add(text.get().len() + 1);
            bytes <= budget
        })
        .count();
    let newest = texts.iter().skip(texts.len() - kept).map(|text| text.get());
    Ok((to_json(newest, budget.min(array.len())), kept < texts.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, timestamp: i64, note: &str) -> Event {
        let text = format!(r#"{{"ID":"{id}","Timestamp":{timestamp},"Note":"{note}"}}"#);
        Event::parse(RawValue::from_string(text).unwrap()).unwrap()
    }

    #[test]
    fn an_id_is_kept_once_and_the_oldest_fall_out_first() {
        let list = vec![event("c", 3, ""), event("a", 1, "x"), event("b", 2, ""), event("a", 1, "x")];
        let events = Events::capped(list, false, 2, MAX_EVENT_BYTES);
        assert!(events.overflow());
        assert_eq!(events.as_slice().iter().map(|e| e.key.as_str()).collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(events.json_len(), events.to_json().len());
        assert_eq!(Events::default().to_json().len(), Events::default().json_len());
    }

    #[test]
    fn the_byte_limit_counts_too() {
        let list = vec![event("a", 1, ""), event("b", 2, "")];
        let one = list[1].json().len() + 1;
        let events = Events::capped(list, false, 10, one);
        assert!(events.overflow());
        assert_eq!(events.as_slice().len(), 1);
    }

    #[test]
    fn an_event_without_an_id_is_known_by_its_content() {
        let parse = |text: &str| Event::parse(RawValue::from_string(text.into()).unwrap());
        let twice = vec![parse(r#"{"Name":"a"}"#).unwrap(), parse(r#"{"Name":"a"}"#).unwrap()];
        assert_eq!(Events::new(twice, false).as_slice().len(), 1);
        assert_eq!(parse("[]").unwrap_err(), EventError::NotAnObject);
        assert_eq!(parse(r#"{"ID":7}"#).unwrap_err(), EventError::Id);
        assert_eq!(parse(r#"{"Timestamp":"now"}"#).unwrap_err(), EventError::Timestamp);
    }

    #[test]
    fn a_cut_keeps_the_newest_and_says_so() {
        let events = Events::new(vec![event("a", 1, ""), event("b", 2, "")], false);
        let whole = events.to_json();
        let (same, cut) = newest_within(whole.clone(), whole.len()).unwrap();
        assert!(same == whole && !cut);
        let (newest, cut) = newest_within(whole.clone(), whole.len() - 1).unwrap();
        assert!(cut && newest.contains(r#""ID":"b""#) && !newest.contains(r#""ID":"a""#));
        assert_eq!(newest_within(whole, 2).unwrap(), ("[]".to_owned(), true));
    }
}
