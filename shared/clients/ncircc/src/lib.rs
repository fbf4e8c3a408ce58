//! The account at NCIRCC (`GosSOPKA`), as the bridge calls it.
//!
//! It follows the contract of the account's API, version 1.1: names in `snake_case`, values of
//! dictionaries as plain Russian text. One call is one attempt: what may be repeated, and when, is
//! for the caller to decide by the class of the failure.

use bridge_domain::{CallError, Class, Timestamp, secret::Secret};
use bridge_http::{
    Client, Effect, HeaderName, HeaderValue, Names,
    reqwest::{
        Method, RequestBuilder, Url,
        header::{ACCEPT, CONTENT_TYPE},
    },
};
use serde_json::{Value, json};

mod answer;
mod card;
mod comment;
mod file;
mod query;
mod value;

pub use card::{CARD_FIELDS, Card, Created, Page};
pub use comment::{Comment, CommentPage, CommentQuery};
pub use file::{Attachment, MAX_UPLOAD, RemoteFile};
pub use query::{Condition, Direction, MAX_LIMIT, PAGE, Property, Query};

/// The name of this system in errors.
pub const SYSTEM: &str = "ncircc";

/// Longest answer that is read: a page of [`PAGE`] cards with their longest texts.
pub const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// What its settings are called. KUMA documents that its server leaves the intermediate certificate out.
pub const NAMES: Names =
    Names { token: "tokenSecretID", certificate: "rootCASecretID", omits_intermediate: true };

const INCIDENTS: &str = "/api/v2/incidents";
const ALL_COMMENTS: &str = "/api/v2/incidents/comments";
const COMMENTS: &str = "/api/v2/comments";

const TOKEN: HeaderName = HeaderName::from_static("x-token");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A client of the account.
#[derive(Clone, Debug)]
pub struct Ncircc {
    http: Client,
    token: HeaderValue,
}

impl Ncircc {
    /// A client that signs in with `token`.
    ///
    /// # Errors
    ///
    /// `Permanent` when no header can hold the token.
    pub fn new(http: Client, token: &Secret) -> Result<Self, CallError> {
        let mut token = HeaderValue::from_str(token.expose()).map_err(|_| {
            let setting = http.names().token;
            let public = format!(
                "the token in {setting} holds characters that no header can hold, a line break perhaps"
            );
            CallError::new(Class::Permanent, SYSTEM, public).with_code("settings")
        })?;
        token.set_sensitive(true);
        Ok(Self { http, token })
    }

    /// Whether the account can be read: one card at most, and nothing of it but its id.
    ///
    /// # Errors
    ///
    /// `Auth` when the token is refused; whatever a call can fail with.
    pub async fn probe(&self) -> Result<(), CallError> {
        let query = [("fields", json!(["uuid"]).to_string()), ("limit", "1".to_owned())];
        let answer = self.read(self.url(INCIDENTS, &query)).await?;
        card::page(answer, 1).map(drop)
    }

    /// Creates a notification. `body` is sent as it is.
    ///
    /// # Errors
    ///
    /// `Unknown` when it may have been created: look for it before it is sent again. `Auth`,
    /// `RateLimited` and `Transient` when it surely was not, and may be later; `Permanent` when
    /// NCIRCC refuses it.
    pub async fn create(&self, body: &str) -> Result<Created, CallError> {
        let answer = self.write(self.post_json(INCIDENTS, body.to_owned())).await?;
        card::created(answer)
    }

    /// Changes the notification, or the notice, whose uuid is in `body`, which is sent as it is.
    ///
    /// # Errors
    ///
    /// As [`Self::create`].
    pub async fn update(&self, body: &str) -> Result<(), CallError> {
        self.write(self.post_json(INCIDENTS, body.to_owned())).await.map(drop)
    }

    /// Adds files to a notification.
    ///
    /// # Errors
    ///
    /// As [`Self::create`]; `Invalid` when they are over [`MAX_UPLOAD`].
    pub async fn attach(
        &self,
        uuid: &str,
        company: Option<&str>,
        files: Vec<Attachment>,
    ) -> Result<(), CallError> {
        let form = file::form(checked(uuid)?, company, files)?;
        let request = self.request(Method::POST, self.http.url(INCIDENTS)).multipart(form);
        self.write(request).await.map(drop)
    }

    /// One page of cards.
    ///
    /// # Errors
    ///
    /// `Permanent` when the answer is not understood; whatever a call can fail with.
    pub async fn list(&self, query: &Query) -> Result<Page, CallError> {
        let answer = self.read(self.url(INCIDENTS, &query.pairs())).await?;
        card::page(answer, query.limit)
    }

    /// The files of a notification.
    ///
    /// # Errors
    ///
    /// As [`Self::list`].
    pub async fn files(&self, uuid: &str) -> Result<Vec<RemoteFile>, CallError> {
        let path = format!("{INCIDENTS}/{}/files", checked(uuid)?);
        file::list(self.read(self.url(&path, &[])).await?)
    }

    /// Adds a comment to a notification or a notice. Returns the comment's id there.
    ///
    /// # Errors
    ///
    /// As [`Self::create`].
    pub async fn comment(&self, uuid: &str, text: &str) -> Result<String, CallError> {
        // The key has a dot in it: it is one name, not two.
        let body = json!({"incident.uuid": checked(uuid)?, "data": {"comment": text}});
        comment::id(self.write(self.post_json(COMMENTS, body.to_string())).await?)
    }

    /// One page of the account's comments, oldest first.
    ///
    /// # Errors
    ///
    /// As [`Self::list`].
    pub async fn comments(&self, query: &CommentQuery) -> Result<CommentPage, CallError> {
        let answer = self.read(self.url(ALL_COMMENTS, &query.pairs())).await?;
        comment::page(answer, Some(query.limit))
    }

    /// The comments on one notification or notice, those since a moment.
    ///
    /// # Errors
    ///
    /// As [`Self::list`].
    pub async fn incident_comments(
        &self,
        uuid: &str,
        since: Option<Timestamp>,
    ) -> Result<Vec<Comment>, CallError> {
        let path = format!("{INCIDENTS}/{}/comments", checked(uuid)?);
        let query = comment::since(since);
        let pairs: Vec<_> =
            (!query.is_empty()).then(|| ("filter", Value::from(query).to_string())).into_iter().collect();
        Ok(comment::page(self.read(self.url(&path, &pairs)).await?, None)?.comments)
    }

    async fn read(&self, url: Url) -> Result<answer::Good, CallError> {
        let request = self.request(Method::GET, url);
        let answer = self.http.send(request, Effect::Repeatable).await?;
        answer::read(answer, &self.reader(Effect::Repeatable))
    }

    async fn write(&self, request: RequestBuilder) -> Result<answer::Good, CallError> {
        let answer = self.http.send(request, Effect::Once).await?;
        answer::read(answer, &self.reader(Effect::Once))
    }

    fn reader(&self, effect: Effect) -> answer::Reader<'_> {
        answer::Reader {
            host: self.http.host(),
            setting: self.http.names().token,
            token: self.token.as_bytes(),
            effect,
        }
    }

    fn post_json(&self, path: &str, body: String) -> RequestBuilder {
        self.request(Method::POST, self.http.url(path)).header(CONTENT_TYPE, JSON).body(body)
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.http.request(method, url).header(TOKEN, self.token.clone()).header(ACCEPT, JSON)
    }

    fn url(&self, path: &str, query: &[(&str, String)]) -> Url {
        let mut url = self.http.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
            // A plus sign means a space only to those who read a query as a form.
            let plain = url.query().unwrap_or_default().replace('+', "%20");
            url.set_query(Some(&plain));
        }
        url
    }
}

/// A uuid as it may stand in a path.
fn checked(uuid: &str) -> Result<&str, CallError> {
    if value::is_id(uuid) {
        Ok(uuid)
    } else {
        Err(CallError::new(Class::Invalid, SYSTEM, "that is no id of a card of NCIRCC").with_code("uuid"))
    }
}

/// A moment as the contract writes it: in UTC with three fraction digits. What is finer is cut off.
#[must_use]
pub fn date(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..23).map_or_else(|| text.clone(), |millis| format!("{millis}Z"))
}
