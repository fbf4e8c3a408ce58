//! A client of KUMA Core's public REST API.

use bridge_domain::{CallError, Class, close::Reason, secret::Secret};
use bridge_http::{
    Client, Effect, HeaderValue,
    reqwest::{Method, RequestBuilder, Url, header::AUTHORIZATION},
};
use serde::Deserialize;
use serde_json::{json, value::RawValue};

mod answer;
mod filter;

pub use filter::{Filter, TimestampField};

/// The name of this system in errors.
pub const SYSTEM: &str = "kuma-core";

/// Longest short answer that is read.
pub const MAX_ANSWER: usize = 1024 * 1024;

/// Longest answer with alerts: one alert with its events has been seen at some 40 MB.
pub const MAX_ALERTS: usize = 64 * 1024 * 1024;

/// Alerts on one page: a page with fewer is the last.
pub const PAGE: usize = 250;

const ALERTS: &str = "/api/v1/alerts";
const CLOSE: &str = "/api/v1/alerts/close";
const WHOAMI: &str = "/api/v1/users/whoami";

/// A client of one KUMA Core.
#[derive(Clone, Debug)]
pub struct Kuma {
    http: Client,
    token: HeaderValue,
}

/// An alert after it was to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// This call closed it.
    Now,
    /// It had been closed before.
    Already,
}

/// A tenant that the token's user may see.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct VisibleTenant {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
}

impl Kuma {
    /// A client that signs in with `token`.
    ///
    /// # Errors
    ///
    /// `Permanent` when no header can hold the token.
    pub fn new(http: Client, token: &Secret) -> Result<Self, CallError> {
        let token = HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| {
            let public =
                "the token in secretID holds characters that no header can hold, a line break perhaps";
            CallError::new(Class::Permanent, SYSTEM, public).with_code("settings")
        })?;
        let mut client = Self { http: http.with_max_body(MAX_ANSWER), token };
        client.token.set_sensitive(true);
        Ok(client)
    }

    /// One page of the alerts that match, newest first, each as KUMA wrote it.
    ///
    /// # Errors
    ///
    /// Whatever a call can fail with.
    pub async fn alerts(&self, filter: &Filter) -> Result<Vec<Box<RawValue>>, CallError> {
        let mut url = self.http.url(ALERTS);
        filter.write(&mut url);
        let http = self.http.clone().with_max_body(MAX_ALERTS);
        let answer = http.send(self.request(Method::GET, url), Effect::Repeatable).await?;
        let answer = answer::accepted(answer)?;
        serde_json::from_slice(&answer.body).map_err(|_| answer.unreadable(answer::STRANGE))
    }

    /// One alert with its events and what they affect; `None` when there is no such alert, or the
    /// token's user may not see it.
    ///
    /// # Errors
    ///
    /// Whatever a call can fail with.
    pub async fn alert(&self, id: &str) -> Result<Option<Box<RawValue>>, CallError> {
        #[derive(Deserialize)]
        struct Head<'a> {
            #[serde(borrow)]
            id: std::borrow::Cow<'a, str>,
        }
        let filter =
            Filter { ids: vec![id.to_owned()], with_events: true, with_affected: true, ..Filter::default() };
        let alerts = self.alerts(&filter).await?;
        // Held against what was asked for: whoever does not know the parameter answers with any alerts.
        let is_it =
            |alert: &RawValue| serde_json::from_str::<Head<'_>>(alert.get()).is_ok_and(|a| a.id == id);
        let others = !alerts.is_empty();
        match alerts.into_iter().find(|alert| is_it(alert)) {
            None if others => {
                let public = format!("{} answers with other alerts than the one asked for", self.http.host());
                Err(CallError::new(Class::Permanent, SYSTEM, public).with_code("answer"))
            }
            found => Ok(found),
        }
    }

    /// Closes an alert. May be repeated: closing a closed one changes nothing.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is no such alert; `Transient` also when the alert's correlator does not
    /// run, without which nothing can be closed.
    pub async fn close(&self, id: &str, reason: Reason) -> Result<Closed, CallError> {
        let body = json!({"id": id, "reason": reason.as_str()});
        let request = self.request(Method::POST, self.http.url(CLOSE)).json(&body);
        let answer = self.http.send(request, Effect::Repeatable).await?;
        answer::closed(&answer)
    }

    /// The tenants that the token's user may see.
    ///
    /// # Errors
    ///
    /// Whatever a call can fail with; `Auth` when the token is not known.
    pub async fn whoami(&self) -> Result<Vec<VisibleTenant>, CallError> {
        #[derive(Deserialize)]
        struct Role {
            #[serde(default)]
            tenants: Vec<VisibleTenant>,
        }
        /// Later versions of the API list the tenants by role.
        #[derive(Deserialize)]
        struct User {
            #[serde(rename = "id")]
            _id: String,
            #[serde(default)]
            tenants: Vec<VisibleTenant>,
            #[serde(default)]
            roles: Vec<Role>,
        }
        let request = self.request(Method::GET, self.http.url(WHOAMI));
        let answer = answer::accepted(self.http.send(request, Effect::Repeatable).await?)?;
        let user: User =
            serde_json::from_slice(&answer.body).map_err(|_| answer.unreadable(answer::STRANGE))?;
        let mut tenants = user.tenants;
        tenants.extend(user.roles.into_iter().flat_map(|role| role.tenants));
        tenants.sort_by(|a, b| a.id.cmp(&b.id));
        tenants.dedup_by(|a, b| a.id == b.id);
        Ok(tenants)
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.http.request(method, url).header(AUTHORIZATION, self.token.clone())
    }
}
