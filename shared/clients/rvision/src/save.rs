//! Creating and changing incidents: both are one call.

use std::fmt;

use bridge_domain::CallError;
use bridge_http::{
    HeaderMap, HeaderValue,
    reqwest::{
        Body,
        header::CONTENT_TYPE,
        multipart::{Form, Part},
    },
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use crate::{answer::Good, incident::text_or_number};

/// Which incident is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// By its number for people.
    Identifier(String),
    /// By its id.
    Uuid(String),
}

/// What is written.
#[derive(Clone, Default)]
pub struct Save {
    /// The incident to change; a new one is created when absent.
    pub incident: Option<Key>,
    /// Names and values of fields, in the order in which they are sent.
    pub fields: Vec<(String, String)>,
    /// Files to attach.
    pub files: Vec<File>,
}

/// A file to attach, in JSON.
#[derive(Clone)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its content.
    pub content: Bytes,
}

impl fmt::Debug for Save {
    /// Names only: the values are an alert's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Save")
            .field("incident", &self.incident)
            .field("fields", &names)
            .field("files", &self.files)
            .finish()
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("bytes", &self.content.len()).finish_non_exhaustive()
    }
}

/// The incident as it is after a save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Its number for people.
    pub identifier: String,
    /// Its id.
    pub uuid: Option<String>,
}

impl Key {
    /// Name and value of the field.
    pub(crate) fn pair(&self) -> (&'static str, &str) {
        match self {
            Self::Identifier(identifier) => ("identifier", identifier),
            Self::Uuid(uuid) => ("uuid", uuid),
        }
    }
}

impl Save {
    /// The form: the key first, then the fields, the files last.
    pub(crate) fn form(&self) -> Form {
        // Tags may be in any script. The library's own escapes would move such a name into a
        // parameter that servers do not read.
        let mut form = Form::new().percent_encode_noop();
        if let Some((name, value)) = self.incident.as_ref().map(Key::pair) {
            form = form.text(name, value.to_owned());
        }
        for (name, value) in &self.fields {
            form = form.text(escaped(name), value.clone());
        }
        for file in &self.files {
            // Shares the bytes: a file may be the greater part of what a function may hold.
            let length = u64::try_from(file.content.len()).unwrap_or(u64::MAX);
            let part = Part::stream_with_length(Body::from(file.content.clone()), length)
                .file_name(escaped(&file.name))
                .headers(HeaderMap::from_iter([(
                    CONTENT_TYPE,
                    HeaderValue::from_static("application/json"),
                )]));
            form = form.part("files", part);
        }
        form
    }
}

/// A name as browsers write it into a form: what would end it or its line is escaped.
fn escaped(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[derive(Deserialize)]
struct Written {
    #[serde(deserialize_with = "text_or_number")]
    identifier: String,
    #[serde(default)]
    uuid: Option<String>,
}

/// What R-Vision says it has saved.
pub(crate) fn saved(save: &Save, answer: &Good) -> Result<Saved, CallError> {
    let first = |data: Value| match data {
        Value::Array(list) => list.into_iter().next(),
        object @ Value::Object(_) => Some(object),
        _ => None,
    };
    let written = answer.data().ok().and_then(first).and_then(|data| Written::deserialize(data).ok());
    match (written, &save.incident) {
        (Some(Written { identifier, uuid }), _) => Ok(Saved { identifier, uuid }),
        // `success` alone is enough for a change: which incident it is, we know.
        (None, Some(Key::Identifier(identifier))) => Ok(Saved { identifier: identifier.clone(), uuid: None }),
        (None, _) => Err(answer.unreadable("does not say which incident it has saved")),
    }
}
