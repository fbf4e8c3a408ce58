//! A request, read completely and taken apart.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Method, Request, header::CONTENT_TYPE};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use multer::Multipart;
use serde_json::Value;

/// More than this is nobody's request.
const LIMIT: usize = 128 * 1024 * 1024;

/// One request.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Without a slash at its end.
    pub(crate) path: String,
    /// Decoded; a parameter without `=` has an empty value.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    /// The body, or why it can not be read.
    pub(crate) content: Result<Content, String>,
}

/// What a body holds.
#[derive(Debug)]
pub(crate) enum Content {
    Nothing,
    Json(Value),
    Form(Form),
}

/// A form of either kind.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub(crate) fields: Vec<(String, String)>,
    /// By the names of their parts.
    pub(crate) files: Vec<(String, Upload)>,
}

/// A file of a form.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
}

impl Call {
    /// Reads a request to its end; `None` when the client went away or sends without end.
    pub(crate) async fn read(request: Request<Incoming>) -> Option<Self> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, LIMIT).collect().await.ok()?.to_bytes();
        let content = content(&parts.headers, body).await;
        let path = parts.uri.path().strip_suffix('/').unwrap_or(parts.uri.path()).to_owned();
        let query = parts.uri.query().unwrap_or_default();
        let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Some(Self { method: parts.method, path, query, headers: parts.headers, content })
    }

    /// A header that is there once and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.get_all(name).iter();
        let one = all.next()?.to_str().ok()?;
        all.next().is_none().then_some(one)
    }

    /// The names of what the body holds.
    pub(crate) fn fields(&self) -> Vec<String> {
        match &self.content {
            Ok(Content::Json(Value::Object(members))) => members.keys().cloned().collect(),
            Ok(Content::Form(form)) => {
                let files = form.files.iter().map(|(part, _)| part);
                form.fields.iter().map(|(name, _)| name).chain(files).cloned().collect()
            }
            _ => Vec::new(),
        }
    }
}

async fn content(headers: &HeaderMap, body: Bytes) -> Result<Content, String> {
    if body.is_empty() {
        return Ok(Content::Nothing);
    }
    let full = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match full.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/json" => {
            serde_json::from_slice(&body).map(Content::Json).map_err(|error| format!("no JSON: {error}"))
        }
        "application/x-www-form-urlencoded" => {
            let fields = form_urlencoded::parse(&body).into_owned().collect();
            Ok(Content::Form(Form { fields, files: Vec::new() }))
        }
        "multipart/form-data" => {
            let boundary = multer::parse_boundary(full).map_err(|error| error.to_string())?;
            multipart(body, boundary).await.map(Content::Form).map_err(|error| format!("no form: {error}"))
        }
        _ => Err("unsupported content type".to_owned()),
    }
}

async fn multipart(body: Bytes, boundary: String) -> multer::Result<Form> {
    let mut parts = Multipart::new(stream::iter([Ok::<_, Infallible>(body)]), boundary);
    let mut form = Form::default();
    while let Some(part) = parts.next_field().await? {
        let part_name = part.name().unwrap_or_default().to_owned();
        match part.file_name().map(ToOwned::to_owned) {
            Some(name) => {
                let content_type =
                    part.content_type().map_or("application/octet-stream", |mime| mime.as_ref()).to_owned();
                let bytes = part.bytes().await?;
                form.files.push((part_name, Upload { name, content_type, bytes }));
            }
            None => form.fields.push((part_name, part.text().await?)),
        }
    }
    Ok(form)
}
