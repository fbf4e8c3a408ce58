//! A card: a notification or a message, and how it is shown.

use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use super::{
    Settings,
    dictionary::{CREATED, MESSAGE, NEW},
    fields,
    filter::Cell,
};
use crate::call::Upload;

#[derive(Debug)]
pub(super) struct Card {
    pub(super) number: usize,
    pub(super) uuid: String,
    pub(super) identifier: String,
    pub(super) reg_number: Option<String>,
    pub(super) message: bool,
    pub(super) status: String,
    pub(super) int_result: Option<String>,
    pub(super) created: OffsetDateTime,
    pub(super) updated: OffsetDateTime,
    /// What was written when it was made.
    pub(super) body: Map<String, Value>,
    /// What it says now.
    pub(super) fields: Map<String, Value>,
    /// The bodies of later writes.
    pub(super) updates: Vec<Value>,
    pub(super) files: Vec<File>,
    pub(super) comments: Vec<Comment>,
}

#[derive(Debug)]
pub(super) struct File {
    pub(super) id: u64,
    pub(super) upload: Upload,
    added: OffsetDateTime,
    // Reckoned once: a file may be large and is listed often.
    md5: String,
    sha1: String,
}

#[derive(Debug)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) text: String,
    pub(super) login: String,
    pub(super) at: OffsetDateTime,
}

/// A time with milliseconds.
pub(super) fn with_milliseconds(time: OffsetDateTime) -> String {
    let whole = in_seconds(time);
    format!("{}.{:03}Z", whole.trim_end_matches('Z'), time.millisecond())
}

/// A time without.
pub(super) fn in_seconds(time: OffsetDateTime) -> String {
    time.replace_nanosecond(0).unwrap_or(time).format(&Rfc3339).unwrap_or_default()
}

/// The present as far as it can be told: a filter must find what it was shown.
pub(super) fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_millisecond(now.millisecond()).unwrap_or(now)
}

/// The year and the month as numbers have them.
pub(super) fn month(time: OffsetDateTime) -> String {
    format!("{:02}-{:02}", time.year() % 100, u8::from(time.month()))
}

/// A word of a dictionary as it is read. What its number is has no meaning but this: equal words, equal numbers.
fn word(name: &str) -> Value {
    let id = name.bytes().fold(7_u32, |id, byte| id.wrapping_mul(31).wrapping_add(byte.into()));
    json!({"id": id % 100_000, "name": name})
}

impl File {
    pub(super) fn new(id: u64, upload: Upload) -> Self {
        let md5 = format!("{:x}", md5::compute(&upload.bytes));
        let sha1 = sha1_smol::Sha1::from(&upload.bytes).digest().to_string();
        Self { id, upload, added: now(), md5, sha1 }
    }

    pub(super) fn told(&self) -> Value {
        let Upload { name, content_type, bytes } = &self.upload;
        json!({
            "id": self.id,
            "name": name,
            "filename": name,
            "description": "",
            "size": bytes.len(),
            "type": content_type,
            "md5": self.md5,
            "sha1": self.sha1,
            "source": "api",
            "add_date": with_milliseconds(self.added),
        })
    }
}

impl Card {
    pub(super) fn new(
        number: usize,
        uuid: Option<String>,
        message: bool,
        body: Map<String, Value>,
        at: OffsetDateTime,
    ) -> Self {
        Self {
            number,
            uuid: uuid.unwrap_or_else(|| Uuid::new_v4().to_string()),
            identifier: format!("{}-{number}", month(at)),
            reg_number: None,
            message,
            status: if message { NEW } else { CREATED }.to_owned(),
            int_result: None,
            created: at,
            updated: at,
            fields: body.clone(),
            body,
            updates: Vec::new(),
            files: Vec::new(),
            comments: Vec::new(),
        }
    }

    /// The number that NCIRCC gives.
    pub(super) fn usual_number(&self) -> String {
        let kind = if self.message { "ALRT" } else { "RMSH" };
        format!("{kind}-{}-{}", month(self.created), self.number)
    }

    pub(super) fn category(&self) -> &str {
        if self.message { MESSAGE } else { self.said("category").unwrap_or_default() }
    }

    fn said(&self, tag: &str) -> Option<&str> {
        self.fields.get(tag)?.as_str()
    }

    /// The moment of its making, as exactly as the account tells it.
    pub(super) fn create_time(&self, settings: &Settings) -> OffsetDateTime {
        if settings.create_time_ms {
            self.created
        } else {
            self.created.replace_nanosecond(0).unwrap_or(self.created)
        }
    }

    pub(super) fn create_time_text(&self, settings: &Settings) -> String {
        if settings.create_time_ms { with_milliseconds(self.created) } else { in_seconds(self.created) }
    }

    /// What a filter or an order sees of a field.
    pub(super) fn cell(&self, tag: &str, settings: &Settings) -> Cell {
        match tag {
            "create_time" => Cell::Date(self.create_time(settings)),
            "updated" => Cell::Date(self.updated),
            "detect_time" | "end_time" => {
                self.said(tag).and_then(fields::time).map_or(Cell::Nothing, Cell::Date)
            }
            _ => self.text(tag).map_or(Cell::Nothing, |text| Cell::Text(text.to_owned())),
        }
    }

    fn text(&self, tag: &str) -> Option<&str> {
        match tag {
            "uuid" => Some(&self.uuid),
            "identifier" => Some(&self.identifier),
            "reg_number" => self.reg_number.as_deref(),
            "status" => Some(&self.status),
            "int_result" => self.int_result.as_deref(),
            "category" => Some(self.category()),
            _ => self.said(tag),
        }
    }

    /// A field as it is read.
    fn value(&self, tag: &str, settings: &Settings) -> Value {
        match tag {
            "create_time" => self.create_time_text(settings).into(),
            "updated" => with_milliseconds(self.updated).into(),
            "company" => Settings::company_told(self.said(tag).unwrap_or(&settings.company)),
            "location" => self.said(tag).map_or(
                Value::Null,
                |code| json!([{"name": code, "code": code, "linked": null, "coordinate": null}]),
            ),
            _ if fields::is_dictionary(tag) => self.text(tag).map_or(Value::Null, word),
            _ => match self.text(tag) {
                Some(text) => text.into(),
                None => self.fields.get(tag).cloned().unwrap_or_default(),
            },
        }
    }

    /// These fields and no others.
    pub(super) fn shown(&self, tags: &[String], settings: &Settings) -> Value {
        tags.iter().map(|tag| (tag.clone(), self.value(tag, settings))).collect::<Map<_, _>>().into()
    }

    pub(super) fn files_told(&self) -> Value {
        self.files.iter().map(File::told).collect()
    }

    /// For the control.
    pub(super) fn told(&self, settings: &Settings) -> Value {
        let comment = |comment: &Comment| {
            json!({
                "id": comment.id, "text": comment.text, "login": comment.login,
                "at": with_milliseconds(comment.at),
            })
        };
        json!({
            "uuid": self.uuid,
            "identifier": self.identifier,
            "number": self.reg_number,
            "category": self.category(),
            "status": self.status,
            "result": self.int_result,
            "created": self.create_time_text(settings),
            "updated": with_milliseconds(self.updated),
            "body": self.body,
            "fields": self.fields,
            "updates": self.updates,
            "files": self.files_told(),
            "comments": self.comments.iter().map(comment).collect::<Value>(),
        })
    }
}
