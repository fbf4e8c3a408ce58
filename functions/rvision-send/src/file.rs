//! The file with an alert's events.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bridge_domain::events::Events;
use bridge_rvision::File;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Name of the file.
const NAME: &str = "events.json";
/// Member of a correlation event that holds the events it was made of.
const BASE_EVENTS: &str = "BaseEvents";
/// Deepest nesting of base events that is followed.
const DEPTH: u32 = 8;
/// Events written before other tasks get a turn.
const TURN: usize = 100;

/// The events as a JSON array, each with the wanted fields only, base events inside the events that
/// were made of them; and a digest that tells whether the file is the same as another.
pub(crate) async fn events(events: &Events, wanted: &[String]) -> (File, String) {
    let wanted: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    let mut text = String::from("[");
    for (index, event) in events.as_slice().iter().enumerate() {
        if index % TURN == TURN - 1 {
            tokio::task::yield_now().await;
        }
        // Every event was read as an object when it came in.
        let Ok(mut event) = serde_json::from_str::<Map<String, Value>>(event.json()) else { continue };
        keep(&mut event, &wanted, DEPTH);
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&Value::Object(event).to_string());
    }
    text.push(']');
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()));
    (File { name: NAME.to_owned(), content: text.into() }, digest)
}

fn keep(event: &mut Map<String, Value>, wanted: &BTreeSet<&str>, depth: u32) {
    event.retain(|name, _| wanted.contains(name.as_str()) || name == BASE_EVENTS);
    let Some(Value::Array(base)) = event.get_mut(BASE_EVENTS).filter(|_| depth > 0) else {
        event.remove(BASE_EVENTS);
        return;
    };
    base.retain(Value::is_object);
    for event in base.iter_mut().filter_map(Value::as_object_mut) {
        keep(event, wanted, depth - 1);
    }
}

#[cfg(test)]
mod tests {
    use bridge_domain::events::Event;
    use serde_json::{json, value::RawValue};

    use super::*;

    async fn file(list: Value, wanted: &[&str]) -> (Value, String) {
        let list: Vec<Box<RawValue>> = serde_json::from_str(&list.to_string()).unwrap();
        let list = list.into_iter().map(|raw| Event::parse(raw).unwrap()).collect();
        let wanted: Vec<String> = wanted.iter().map(|&name| name.to_owned()).collect();
        let (file, digest) = events(&Events::new(list, false), &wanted).await;
        assert_eq!(file.name, "events.json");
        (serde_json::from_slice(&file.content).unwrap(), digest)
    }

    #[tokio::test]
    async fn only_the_wanted_fields_are_sent_down_to_the_base_events() {
        let list = json!([{
            "ID": "1", "Name": "Brute force", "Raw": "secret",
            "BaseEvents": [{"ID": "2", "Name": "Login", "Raw": "x", "BaseEvents": [{"Name": "deep"}]}, 7],
        }]);
        let (text, _) = file(list, &["Name"]).await;
        assert_eq!(
            text,
            json!([{"Name": "Brute force", "BaseEvents": [{"Name": "Login", "BaseEvents": [{"Name": "deep"}]}]}])
        );
    }

    #[tokio::test]
    async fn the_digest_tells_whether_anything_that_is_sent_changed() {
        let one = |name: &str, raw: &str| json!([{"ID": "1", "Name": name, "Raw": raw}]);
        let (_, first) = file(one("a", "x"), &["Name"]).await;
        assert_eq!(file(one("a", "y"), &["Name"]).await.1, first);
        assert_ne!(file(one("b", "x"), &["Name"]).await.1, first);
        assert_eq!(file(json!([]), &["Name"]).await.0, json!([]));
    }
}
