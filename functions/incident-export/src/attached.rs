//! A supplement as it comes: JSON, or a form with files.

use std::convert::Infallible;

use bridge_domain::{form::Form, ncircc::Problem};
use bridge_runtime::http::{HttpError, Request};
use bytes::Bytes;
use futures_util::stream;
use http::header::CONTENT_TYPE;
use multer::{Field, Multipart};
use serde_json::{Map, Value, json};

/// Most bytes that the files of one supplement may have together: 4 MiB. A Lambda event carries 6 MB,
/// and files travel in it as base64, which takes a third more.
pub(crate) const FILES_LIMIT: usize = 4 * 1024 * 1024;
/// What NCIRCC itself takes.
const THERE: &str = "50 MB";
/// Most files of one supplement.
const FILES: usize = 20;
/// Longest name of a file, in characters.
const NAME_LIMIT: usize = 255;
/// Longest text part, in bytes: 5,000 characters and some, of which the check of the field tells.
const TEXT_LIMIT: usize = 32 * 1024;
/// How much of a body the multipart reader sees at once, in bytes.
const PIECE: usize = 64 * 1024;
/// What a file is when nobody says.
const ANY_TYPE: &str = "application/octet-stream";

/// A file.
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
}

/// What was sent.
#[derive(Default)]
pub(crate) struct Sent {
    pub(crate) form: Form,
    pub(crate) files: Vec<Upload>,
    /// What is wrong with the files.
    pub(crate) problems: Vec<Problem>,
}

/// Reads the body of a request.
pub(crate) async fn read(request: &Request) -> Result<Sent, HttpError> {
    let kind = request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("multipart/form-data") {
        return Ok(Sent { form: request.json()?, ..Sent::default() });
    }
    let boundary = multer::parse_boundary(kind)
        .map_err(|_| HttpError::bad_request("invalid body: the multipart form names no boundary", ()))?;
    multipart(Bytes::copy_from_slice(&request.body), boundary).await
}

async fn multipart(body: Bytes, boundary: String) -> Result<Sent, HttpError> {
    let pieces = (0..body.len())
        .step_by(PIECE)
        .map(move |from| Ok::<_, Infallible>(body.slice(from..body.len().min(from + PIECE))));
    let mut parts = Multipart::new(stream::iter(pieces), boundary);
    let (mut sent, mut members, mut size) = (Sent::default(), Map::new(), 0);
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let name = part.name().unwrap_or_default().to_owned();
        if name == "files" || part.file_name().is_some() {
            let upload = upload(part, &name, &mut sent).await?;
            size += upload.bytes.len();
            if size > FILES_LIMIT {
                return Err(too_large());
            }
            sent.files.push(upload);
            if sent.files.len() > FILES {
                return Err(HttpError::bad_request(format!("a supplement may have {FILES} files"), ()));
            }
        } else {
            let text = part.bytes().await.map_err(broken)?;
            if text.len() > TEXT_LIMIT {
                return Err(HttpError::bad_request("invalid body: a text part is too long", ()));
            }
            let text = String::from_utf8(text.into())
                .map_err(|_| HttpError::bad_request("invalid body: a text part is not UTF-8", ()))?;
            if members.insert(name, Value::String(text)).is_some() {
                return Err(HttpError::bad_request("invalid body: a text part is there twice", ()));
            }
        }
    }
    sent.form = serde_json::from_value(Value::Object(members))
        .map_err(|_| HttpError::bad_request("invalid body: the name of a text part can not be used", ()))?;
    Ok(sent)
}

async fn upload(part: Field<'_>, name: &str, sent: &mut Sent) -> Result<Upload, HttpError> {
    let field = format!("files[{}]", sent.files.len());
    let mut problem = |rule: &str, fix: &str| {
        sent.problems.push(Problem { field: field.clone(), rule: rule.to_owned(), fix: fix.to_owned() });
    };
    if name != "files" {
        problem("must be in a part named files", "rename the part");
    }
    // A browser may send a path, of which only the end is the name.
    let told = part.file_name().unwrap_or_default();
    let told = told.rsplit(['/', '\\']).next().unwrap_or_default().trim().to_owned();
    if told.is_empty() || told.chars().count() > NAME_LIMIT || told.contains(char::is_control) {
        problem("must have a name of 1 to 255 printable characters", "give the part a filename");
    }
    let content_type = part.content_type().map_or(ANY_TYPE, |kind| kind.essence_str()).to_owned();
    let bytes = part.bytes().await.map_err(broken)?;
    if bytes.is_empty() {
        problem("must not be empty", "leave it out, or send what is in it");
    }
    Ok(Upload { name: told, content_type, bytes })
}

fn broken(_: multer::Error) -> HttpError {
    HttpError::bad_request("invalid body: the multipart form is broken or cut short", ())
}

/// What fits through neither our door nor AWS's.
fn too_large() -> HttpError {
    let message = format!(
        "the files of a supplement may have {FILES_LIMIT} bytes together on this way: NCIRCC takes {THERE}, so attach \
         larger ones in its account"
    );
    HttpError::too_large(message, json!({ "limitBytes": FILES_LIMIT }))
}
