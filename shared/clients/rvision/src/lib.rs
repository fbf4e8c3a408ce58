//! A client of the R-Vision IRP / SOAR API.
//!
//! It follows what public clients of the API send and read: there is no public reference. Values of
//! catalog fields are written as plain names and read back as objects.

use bridge_domain::{CallError, Class, Timestamp, secret::Secret};
use bridge_http::{Client, Effect, HeaderName, HeaderValue, reqwest::Method, reqwest::RequestBuilder};
use serde::Deserialize;
use serde_json::json;

mod answer;
mod incident;
mod save;

pub use incident::Incident;
pub use save::{File, Key, Save, Saved};

/// The name of this system in errors.
pub const SYSTEM: &str = "r-vision";

/// Longest answer that is read: all we ask for is short.
pub const MAX_ANSWER: usize = 4 * 1024 * 1024;

const INCIDENTS: &str = "/api/v2/incidents";
const COMPANIES: &str = "/api/v2/companies";
const TOKEN_INFO: &str = "/api/v2/tokens/get_info_by_token";

const TOKEN: HeaderName = HeaderName::from_static("x-token");

/// Most incidents of one alert that are looked at to find the oldest.
const MATCHES: u32 = 100;

/// A client of one R-Vision.
#[derive(Clone, Debug)]
pub struct RVision {
    http: Client,
    token: HeaderValue,
}

/// Address of an incident in the web console of the R-Vision at `base` (`https://host[:port]`).
///
/// A guess: no public document tells the form.
#[must_use]
pub fn incident_link(base: &str, identifier: &str) -> String {
    format!("{}/incidents/{identifier}", base.trim_end_matches('/'))
}

/// A moment as R-Vision's own client writes it: in UTC with three fraction digits.
#[must_use]
pub fn date(at: Timestamp) -> String {
    let text = at.to_string();
    // The type writes three digits or six.
    text.get(..23).map_or_else(|| text.clone(), |millis| format!("{millis}Z"))
}

impl RVision {
    /// A client that signs in with `token`.
    ///
    /// # Errors
    ///
    /// `Permanent` when no header can hold the token.
    pub fn new(http: Client, token: &Secret) -> Result<Self, CallError> {
        let token = HeaderValue::from_str(token.expose()).map_err(|_| {
            let public =
                "the token in secretID holds characters that no header can hold, a line break perhaps";
            CallError::new(Class::Permanent, SYSTEM, public).with_code("settings")
        })?;
        let mut client = Self { http, token };
        client.token.set_sensitive(true);
        Ok(client)
    }

    /// Whether R-Vision knows the token.
    ///
    /// # Errors
    ///
    /// `Auth` when it does not; whatever a call can fail with.
    pub async fn check(&self) -> Result<(), CallError> {
        #[derive(Deserialize)]
        struct Info {
            success: bool,
        }
        let answer = self.http.send(self.get(TOKEN_INFO, &[]), Effect::Repeatable).await?.accepted()?;
        match serde_json::from_slice(&answer.body) {
            Ok(Info { success: true }) => Ok(()),
            Ok(Info { success: false }) => {
                let public =
                    format!("{} does not know the token: check the secret in secretID", self.http.host());
                Err(CallError::new(Class::Auth, SYSTEM, public).with_code("token"))
            }
            Err(_) => Err(answer.unreadable(answer::STRANGE)),
        }
    }

    /// The incident whose field `alert_id_field` holds `alert_id`; the oldest when there are several.
    ///
    /// # Errors
    ///
    /// `Permanent` when R-Vision answers with incidents of other alerts: it does so when the field
    /// does not exist, and we would write into somebody else's incident.
    pub async fn find(&self, alert_id_field: &str, alert_id: &str) -> Result<Option<Incident>, CallError> {
        let fields = json!(["identifier", "uuid", "status", "creation", alert_id_field]);
        let filter = json!([{"property": alert_id_field, "operator": "=", "value": alert_id}]);
        let sort = json!([{"property": "creation", "direction": "ASC"}]);
        let query = [
            ("fields", fields.to_string()),
            ("filter", filter.to_string()),
            ("sort", sort.to_string()),
            ("limit", MATCHES.to_string()),
            ("offset", "0".to_owned()),
        ];
        let answer = self.http.send(self.get(INCIDENTS, &query), Effect::Repeatable).await?;
        incident::oldest(&answer::read(answer, &[alert_id_field])?, alert_id_field, alert_id)
    }

    /// Creates an incident, or changes the one that `save` names.
    ///
    /// # Errors
    ///
    /// `Unknown` when nobody knows whether it was, or will be, carried out: look for an incident before
    /// creating it again, and wait before changing it again, or the late change undoes the later one.
    /// `NotFound` when the incident to change does not exist. `Permanent` when R-Vision refuses the
    /// save; the text names the fields that its answer mentions.
    pub async fn save(&self, save: &Save) -> Result<Saved, CallError> {
        match (self.try_save(save).await, &save.incident) {
            (Err(refusal), Some(key)) if refusal.class == Class::Permanent => {
                // How R-Vision refuses to change what it does not have is not known, so it is asked.
                if self.lacks(key).await.unwrap_or(false) {
                    let error =
                        CallError::new(Class::NotFound, SYSTEM, "R-Vision does not have the incident");
                    return Err(error.with_code(refusal.code).with_detail(refusal.detail));
                }
                Err(refusal)
            }
            (result, _) => result,
        }
    }

    async fn try_save(&self, save: &Save) -> Result<Saved, CallError> {
        let request = self.request(Method::POST, self.http.url(INCIDENTS)).multipart(save.form());
        let answer = self.http.send(request, Effect::Once).await?;
        let names: Vec<&str> = save.fields.iter().map(|(name, _)| name.as_str()).collect();
        save::saved(save, &answer::read(answer, &names)?)
    }

    /// Whether R-Vision says that it has no incident of this key.
    async fn lacks(&self, key: &Key) -> Result<bool, CallError> {
        let (property, value) = key.pair();
        let filter = json!([{"property": property, "operator": "=", "value": value}]);
        let query = [
            ("fields", json!(["identifier", "uuid"]).to_string()),
            ("filter", filter.to_string()),
            ("limit", "1".to_owned()),
            ("offset", "0".to_owned()),
        ];
        let answer = self.http.send(self.get(INCIDENTS, &query), Effect::Repeatable).await?;
        incident::none(&answer::read(answer, &[])?)
    }

    /// Whether there is a company with this short name.
    ///
    /// # Errors
    ///
    /// Whatever a call can fail with.
    pub async fn company(&self, name: &str) -> Result<bool, CallError> {
        #[derive(Deserialize)]
        struct Company {
            name: String,
        }
        let filter = json!([{"property": "name", "operator": "=", "value": name}]);
        let query = [
            ("fields", "id".to_owned()),
            ("fields", "uuid".to_owned()),
            ("fields", "name".to_owned()),
            ("filter", filter.to_string()),
            ("limit", "1000".to_owned()),
        ];
        let answer = self.http.send(self.get(COMPANIES, &query), Effect::Repeatable).await?;
        let answer = answer::read(answer, &[])?;
        let companies: Vec<Company> = answer.data()?;
        Ok(companies.iter().any(|company| company.name == name))
    }

    fn get(&self, path: &str, query: &[(&str, String)]) -> RequestBuilder {
        let mut url = self.http.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.request(Method::GET, url)
    }

    fn request(&self, method: Method, url: bridge_http::reqwest::Url) -> RequestBuilder {
        self.http.request(method, url).header(TOKEN, self.token.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_three_fraction_digits_and_a_z() {
        for (text, date_there) in [
            ("2026-11-20T09:30:00Z", "2026-11-20T09:30:00.000Z"),
            ("2026-11-20T09:30:00.123456Z", "2026-11-20T09:30:00.123Z"),
            ("2026-11-20T12:30:00.999999999+03:00", "2026-11-20T09:30:00.999Z"),
        ] {
            assert_eq!(date(text.parse().unwrap()), date_there);
        }
    }

    #[test]
    fn a_link_begins_with_the_address_of_the_console() {
        assert_eq!(incident_link("https://irp.example", "24-05-1"), "https://irp.example/incidents/24-05-1");
        assert_eq!(incident_link("https://irp.example/", "24-05-1"), "https://irp.example/incidents/24-05-1");
    }
}
