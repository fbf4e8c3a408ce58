//! What NCIRCC does: its operators, its numbers, its messages.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    State,
    card::{Card, in_seconds, now},
    dictionary::{MESSAGE_STATUSES, MESSAGE_TYPES, REGISTERED, STATUSES},
    fields,
};
use crate::{host::Refusal, settings::Setting};

/// Who speaks for NCIRCC.
const OPERATOR: &str = "Оператор НКЦКИ";
const MANY: usize = 100_000;

type Done = Result<Value, Refusal>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToOne {
    uuid: String,
    status: String,
    at: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToMany {
    uuids: Vec<String>,
    status: String,
    at: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Register {
    uuid: String,
    number: Option<String>,
    at: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    uuid: Option<String>,
    /// Null: it has none yet.
    #[serde(default)]
    number: Setting<String>,
    at: Option<String>,
    #[serde(default)]
    fields: Map<String, Value>,
    /// Fields may stand beside the others as well.
    #[serde(flatten)]
    more: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    uuid: String,
    text: String,
    login: Option<String>,
    at: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Many {
    count: usize,
    at: Option<String>,
}

fn at(text: Option<&str>) -> Result<OffsetDateTime, Refusal> {
    text.map_or_else(
        || Ok(now()),
        |text| OffsetDateTime::parse(text, &Rfc3339).map_err(|_| Refusal::new(400, "`at` is no time")),
    )
}

fn read<T: DeserializeOwned>(body: Map<String, Value>) -> Result<T, Refusal> {
    Ok(serde_json::from_value(Value::Object(body))?)
}

impl State {
    /// Does one act, or a list of them.
    pub(super) fn act(&mut self, body: Value) -> Done {
        match body {
            Value::Array(acts) => acts.into_iter().map(|act| self.act_one(act)).collect(),
            one => self.act_one(one),
        }
    }

    fn act_one(&mut self, body: Value) -> Done {
        let Value::Object(mut body) = body else {
            return Err(Refusal::new(400, "an act is an object"));
        };
        let kind = body.remove("act");
        match kind.as_ref().and_then(Value::as_str) {
            Some("status") => {
                let ToOne { uuid, status, at: when } = read(body)?;
                self.set_statuses(&[uuid], &status, at(when.as_deref())?)
            }
            Some("statuses") => {
                let ToMany { uuids, status, at: when } = read(body)?;
                self.set_statuses(&uuids, &status, at(when.as_deref())?)
            }
            Some("register") => self.register(read(body)?),
            Some("message") => self.message(read(body)?),
            Some("comment") => {
                let Said { uuid, text, login, at: when } = read(body)?;
                let login = login.unwrap_or_else(|| OPERATOR.to_owned());
                let told = self.add_comment(&uuid, &text, login, at(when.as_deref())?);
                told.map_err(|error| Refusal::new(404, error.1))
            }
            Some("many") => self.many(&read(body)?),
            _ => Err(Refusal::new(400, "there is no such act")),
        }
    }

    fn card(&mut self, uuid: &str) -> Result<&mut Card, Refusal> {
        let place = self.place(uuid).map_err(|error| Refusal::new(404, error.1))?;
        self.cards.get_mut(place).ok_or_else(|| Refusal::new(404, "there is no such card"))
    }

    fn set_statuses(&mut self, uuids: &[String], status: &str, at: OffsetDateTime) -> Done {
        for uuid in uuids {
            let card = self.card(uuid)?;
            let known: &[&str] = if card.message { &MESSAGE_STATUSES } else { &STATUSES };
            if !known.contains(&status) {
                return Err(Refusal::new(400, "there is no such status"));
            }
        }
        for uuid in uuids {
            let card = self.card(uuid)?;
            status.clone_into(&mut card.status);
            card.updated = at;
        }
        Ok(Value::Null)
    }

    fn register(&mut self, act: Register) -> Done {
        let at = at(act.at.as_deref())?;
        let card = self.card(&act.uuid)?;
        if card.message {
            // It only gets a number, which somebody has to choose.
            let number = act.number.ok_or_else(|| Refusal::new(409, "a message is not registered"))?;
            card.reg_number = Some(number.clone());
            card.updated = at;
            return Ok(json!({ "number": number }));
        }
        let number = act.number.unwrap_or_else(|| card.usual_number());
        card.reg_number = Some(number.clone());
        REGISTERED.clone_into(&mut card.status);
        card.updated = at;
        Ok(json!({ "number": number }))
    }

    fn message(&mut self, act: Message) -> Done {
        let at = at(act.at.as_deref())?;
        if !MESSAGE_TYPES.contains(&act.kind.as_str()) {
            return Err(Refusal::new(400, "there is no such type of message"));
        }
        let mut body = Map::new();
        let usual = [
            ("type", act.kind.as_str()),
            ("company", &self.settings.company),
            ("owner_name", &self.settings.company),
            ("event_description", "Обнаружена активность"),
            ("tlp", "TLP:AMBER"),
        ];
        body.extend(usual.into_iter().map(|(tag, value)| (tag.to_owned(), value.into())));
        body.insert("detect_time".to_owned(), in_seconds(at).into());
        let given: Map<String, Value> = act.fields.into_iter().chain(act.more).collect();
        if let Some(tag) = given.keys().find(|tag| fields::is_read_only(tag) || *tag == "category") {
            return Err(Refusal::new(400, format!("`{tag}` of a message can not be chosen")));
        }
        body.extend(given);
        fields::check_known(body.keys().map(String::as_str)).map_err(|error| Refusal::new(400, error.1))?;
        if act.uuid.as_deref().is_some_and(|uuid| self.place(uuid).is_ok()) {
            return Err(Refusal::new(409, "this uuid is taken"));
        }
        let mut card = Card::new(self.cards.len() + 1, act.uuid, true, body, at);
        card.reg_number = match act.number {
            Setting::Unsaid => Some(card.usual_number()),
            Setting::Gone => None,
            Setting::Given(number) => Some(number),
        };
        let told = json!({"uuid": card.uuid, "identifier": card.identifier, "number": card.reg_number});
        self.add(card);
        Ok(told)
    }

    /// Registered notifications that are all alike.
    fn many(&mut self, act: &Many) -> Done {
        let at = at(act.at.as_deref())?;
        if act.count > MANY {
            return Err(Refusal::new(400, "these are too many"));
        }
        let body = json!({
            "category": super::dictionary::INCIDENT,
            "type": "Заражение ВПО",
            "company": self.settings.company,
            "tlp": "TLP:RED",
            "detect_time": in_seconds(at),
        });
        let Value::Object(body) = body else {
            return Ok(Value::Null);
        };
        let mut uuids = Vec::with_capacity(act.count);
        for _ in 0..act.count {
            let mut card = Card::new(self.cards.len() + 1, None, false, body.clone(), at);
            card.reg_number = Some(card.usual_number());
            REGISTERED.clone_into(&mut card.status);
            uuids.push(card.uuid.clone());
            self.add(card);
        }
        Ok(json!({ "uuids": uuids }))
    }
}
