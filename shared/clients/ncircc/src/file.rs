//! Files of a notification.

use std::fmt;

use bridge_domain::{CallError, Class};
use bridge_http::{
    HeaderMap, HeaderValue,
    reqwest::{
        Body,
        header::CONTENT_TYPE,
        multipart::{Form, Part},
    },
};
use bytes::Bytes;
use serde_json::Value;

use crate::{
    SYSTEM,
    answer::{Good, STRANGE},
    value,
};

/// Most bytes of files in one request.
pub const MAX_UPLOAD: usize = 50 * 1024 * 1024;

/// A file to add.
#[derive(Clone)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its type, for example `text/plain`.
    pub content_type: String,
    /// Its content.
    pub bytes: Bytes,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// A file that NCIRCC has.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteFile {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// MD5 of its content, in lower-case hexadecimal.
    pub md5: Option<String>,
    /// SHA-1 of its content, likewise.
    pub sha1: Option<String>,
}

impl fmt::Debug for RemoteFile {
    /// Without the name, which may be of an incident.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteFile").field("id", &self.id).field("size", &self.size).finish_non_exhaustive()
    }
}

/// The form that adds files to a notification, the files last.
pub(crate) fn form(uuid: &str, company: Option<&str>, files: Vec<Attachment>) -> Result<Form, CallError> {
    if files.iter().map(|file| file.bytes.len()).sum::<usize>() > MAX_UPLOAD {
        let public = format!("NCIRCC takes files up to {} MB at once", MAX_UPLOAD >> 20);
        return Err(CallError::new(Class::Invalid, SYSTEM, public).with_code("too_large"));
    }
    // The library's own escapes would move a name into a parameter that not every server reads.
    let mut form = Form::new().percent_encode_noop().text("uuid", uuid.to_owned());
    if let Some(company) = company {
        form = form.text("company", company.to_owned());
    }
    for file in files {
        // Shares the bytes: files may be the greater part of what a function may hold.
        let length = u64::try_from(file.bytes.len()).unwrap_or(u64::MAX);
        let kind = HeaderValue::from_str(&file.content_type)
            .unwrap_or(HeaderValue::from_static("application/octet-stream"));
        let part = Part::stream_with_length(Body::from(file.bytes), length)
            .file_name(escaped(&file.name))
            .headers(HeaderMap::from_iter([(CONTENT_TYPE, kind)]));
        form = form.part("files", part);
    }
    Ok(form)
}

/// A name as browsers write it into a form: what would end it or its line is escaped.
fn escaped(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// The files in an answer.
pub(crate) fn list(answer: Good) -> Result<Vec<RemoteFile>, CallError> {
    let (answer, data) = answer.parts();
    let (rows, _) = data.and_then(value::rows).ok_or_else(|| answer.unreadable(STRANGE))?;
    Ok(rows.into_iter().filter_map(read).collect())
}

fn read(row: Value) -> Option<RemoteFile> {
    let Value::Object(mut row) = row else { return None };
    let mut text = |name| value::take_text(&mut row, name);
    let digest = |text: String| text.to_ascii_lowercase();
    Some(RemoteFile {
        id: text("id")?,
        name: text("filename").or_else(|| text("name")),
        size: text("size").and_then(|size| size.parse().ok()),
        md5: text("md5").map(digest),
        sha1: text("sha1").map(digest),
    })
}
