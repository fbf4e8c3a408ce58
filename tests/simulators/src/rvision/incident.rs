//! An incident and how it is shown.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use super::catalog::Settings;
use crate::{call::Upload, settings::now};

/// Fields that every incident has and that can be written.
const WRITABLE: [&str; 10] = [
    "category",
    "company",
    "deadline_date",
    "description",
    "detection",
    "detection_date",
    "level",
    "occur_date",
    "status",
    "type",
];
/// Those that R-Vision writes itself.
const READ_ONLY: [&str; 6] = ["closure_date", "creation", "files", "identifier", "updated", "uuid"];
const DATES: [&str; 4] = ["deadline_date", "detection", "detection_date", "occur_date"];

pub(super) fn is_writable(tag: &str) -> bool {
    WRITABLE.contains(&tag)
}

/// Whether every incident has this field.
pub(super) fn is_system(tag: &str) -> bool {
    is_writable(tag) || READ_ONLY.contains(&tag)
}

pub(super) fn is_date(tag: &str) -> bool {
    DATES.contains(&tag)
}

/// Dates are written in one form only: UTC with milliseconds.
pub(super) fn good_date(text: &str) -> bool {
    text.len() == "2024-05-06T07:08:09.000Z".len()
        && text.ends_with('Z')
        && text.get(10..11) == Some("T")
        && text.get(19..20) == Some(".")
        && OffsetDateTime::parse(text, &Rfc3339).is_ok()
}

#[derive(Debug)]
pub(super) struct Incident {
    pub(super) identifier: String,
    pub(super) uuid: Uuid,
    /// What was written, by tag; a catalog's field holds the name.
    pub(super) fields: BTreeMap<String, String>,
    pub(super) files: Vec<File>,
    pub(super) comments: Vec<Comment>,
    /// Every write, the first one too.
    pub(super) writes: Vec<Value>,
    pub(super) creation: String,
    pub(super) updated: String,
    pub(super) closure: Option<String>,
}

#[derive(Debug)]
pub(super) struct File {
    pub(super) id: u64,
    pub(super) upload: Upload,
    added: String,
    // Reckoned once: a file may be large and is listed often.
    md5: String,
    sha1: String,
}

#[derive(Debug)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) text: String,
    pub(super) created: String,
}

impl File {
    pub(super) fn new(id: u64, upload: Upload) -> Self {
        let md5 = format!("{:x}", md5::compute(&upload.bytes));
        let sha1 = sha1_smol::Sha1::from(&upload.bytes).digest().to_string();
        Self { id, upload, added: now(), md5, sha1 }
    }

    fn told(&self) -> Value {
        let Upload { name, content_type, bytes } = &self.upload;
        json!({
            "id": self.id,
            "filename": name,
            "name": name,
            "description": "",
            "size": bytes.len(),
            "type": content_type,
            "md5": self.md5,
            "sha1": self.sha1,
            "add_date": self.added,
        })
    }
}

impl Incident {
    pub(super) fn new(number: usize) -> Self {
        let today = OffsetDateTime::now_utc();
        let identifier = format!("{}-{}-{number}", today.year() % 100, u8::from(today.month()));
        let now = now();
        Self {
            identifier,
            uuid: Uuid::new_v4(),
            fields: BTreeMap::new(),
            files: Vec::new(),
            comments: Vec::new(),
            writes: Vec::new(),
            creation: now.clone(),
            updated: now,
            closure: None,
        }
    }

    /// Writes fields; whether the incident became closed by it.
    pub(super) fn set(&mut self, fields: Vec<(String, String)>, closed: &str) -> bool {
        let was = self.is_closed(closed);
        self.fields.extend(fields);
        let is = self.is_closed(closed);
        self.updated = now();
        if !is {
            self.closure = None;
        } else if !was {
            self.closure = Some(self.updated.clone());
        }
        is && !was
    }

    pub(super) fn is_closed(&self, closed: &str) -> bool {
        self.fields.get("status").is_some_and(|status| status == closed)
    }

    /// A field as text, which is what filters compare.
    pub(super) fn text(&self, tag: &str) -> Option<Cow<'_, str>> {
        match tag {
            "identifier" => Some(Cow::Borrowed(&self.identifier)),
            "uuid" => Some(Cow::Owned(self.uuid.to_string())),
            "creation" => Some(Cow::Borrowed(&self.creation)),
            "updated" => Some(Cow::Borrowed(&self.updated)),
            "closure_date" => self.closure.as_deref().map(Cow::Borrowed),
            _ => self.fields.get(tag).map(|text| Cow::Borrowed(&**text)),
        }
    }

    /// A field as it is read: what comes from a catalog is an object.
    pub(super) fn value(&self, tag: &str, settings: &Settings) -> Value {
        if tag == "files" {
            return self.files_told();
        }
        match (self.text(tag), settings.catalog(tag)) {
            (Some(name), Some(catalog)) => catalog.told(&name),
            (Some(text), None) => text.into(),
            (None, _) => Value::Null,
        }
    }

    /// All of it, or these fields.
    pub(super) fn shown(&self, settings: &Settings, fields: Option<&[String]>) -> Value {
        let all = || {
            let system = WRITABLE.iter().chain(&READ_ONLY).map(|tag| (*tag).to_owned());
            system.chain(settings.fields.iter().cloned()).collect()
        };
        let tags: Vec<String> = fields.map_or_else(all, <[String]>::to_vec);
        let shown: Map<String, Value> =
            tags.into_iter().map(|tag| (tag.clone(), self.value(&tag, settings))).collect();
        Value::Object(shown)
    }

    pub(super) fn files_told(&self) -> Value {
        self.files.iter().map(File::told).collect()
    }

    pub(super) fn comments_told(&self) -> Value {
        let told = |comment: &Comment| json!({"id": comment.id, "login": "api", "text": comment.text, "create_time": comment.created});
        self.comments.iter().map(told).collect()
    }

    /// For the control: everything, with plain text in every field.
    pub(super) fn told(&self, settings: &Settings) -> Value {
        json!({
            "identifier": self.identifier,
            "uuid": self.uuid.to_string(),
            "alertID": self.fields.get(&settings.alert_id_field),
            "closed": self.is_closed(&settings.closed_status),
            "fields": self.fields,
            "files": self.files_told(),
            "comments": self.comments_told(),
            "writes": self.writes,
        })
    }
}
