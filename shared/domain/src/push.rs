//! KUMA's own push to an IRP, which is pointed at the bridge: a form that names an alert.
//!
//! KUMA knows one IRP and calls it in the way of R-Vision. The form says which alert of which tenant
//! was made or has changed; everything else is read from the Core. The names of the two fields
//! that count are the Core administrator's choice and part of the settings of the target.

use std::fmt;

use crate::{AlertId, secret::Secret, target::KumaCore};

/// The field of an alert that keeps the link to it in KUMA's console.
pub const URL_FIELD: &str = "bridgeURL";
/// The form field with the name of the tenant.
pub const COMPANY: &str = "company";
/// The form field with the token, for senders that put it there.
pub const TOKEN: &str = "token";
/// Most fields of a form.
pub const MAX_FIELDS: usize = 256;
/// Longest value of a field that is kept, in bytes. Longer ones are of no interest here.
pub const MAX_VALUE: usize = 4 * 1024;
/// Longest link, in characters.
pub const MAX_URL: usize = 2_048;

/// Why a form is refused: the field, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The name of the field.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// The texts of a form, by name. Files are no part of it. Values may be secret or personal.
#[derive(Clone, Default)]
pub struct Form(Vec<(String, String)>);

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Form").field("fields", &self.0.len()).finish_non_exhaustive()
    }
}

impl Form {
    /// Reads `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// Too many fields.
    pub fn urlencoded(body: &[u8]) -> Result<Self, Fault> {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            form.add(name.into_owned(), value.into_owned())?;
        }
        Ok(form)
    }

    /// Adds a field.
    ///
    /// # Errors
    /// Too many fields.
    pub fn add(&mut self, name: String, value: String) -> Result<(), Fault> {
        if self.0.len() >= MAX_FIELDS {
            return Err(Fault {
                field: "body".to_owned(),
                message: format!("a form has at most {MAX_FIELDS} fields"),
            });
        }
        self.0.push((name, value));
        Ok(())
    }

    /// The value of a field, trimmed: by its exact name or else whatever the case; `None` when there
    /// is none or it is blank.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let folded = name.to_lowercase();
        let exact = self.0.iter().find(|(key, _)| key == name);
        exact
            .or_else(|| self.0.iter().find(|(key, _)| key.to_lowercase() == folded))
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// The name of the tenant.
    #[must_use]
    pub fn company(&self) -> Option<&str> {
        self.get(COMPANY)
    }

    /// The token, where a sender put it into the form.
    #[must_use]
    pub fn token(&self) -> Option<Secret> {
        self.get(TOKEN).map(|value| Secret::new(value.to_owned()))
    }
}

/// What a push says about one alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The alert.
    pub alert: AlertId,
    /// The link to it. What is no link is left out: the alert counts for more.
    pub url: Option<String>,
}

/// Reads a form by the names that a target gives its fields; `None` when the field of the alert's
/// id is not there.
///
/// # Errors
/// The value is no id.
pub fn read(form: &Form, settings: &KumaCore) -> Result<Option<Push>, Fault> {
    let Some(id) = form.get(&settings.alert_id_field) else { return Ok(None) };
    let alert = id.parse().map_err(|error: crate::id::IdError| Fault {
        field: settings.alert_id_field.clone(),
        message: error.to_string(),
    })?;
    let url = form.get(&settings.alert_url_field).filter(|url| is_link(url)).map(ToOwned::to_owned);
    Ok(Some(Push { alert, url }))
}

/// Whether a text can be shown as a link. Anything but a web address might run in a browser.
fn is_link(text: &str) -> bool {
    let address = url::Url::parse(text);
    text.chars().count() <= MAX_URL
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && address.is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings() -> KumaCore {
        serde_json::from_value(json!({
            "url": "https://kuma:7223", "secretID": "s", "timeoutSeconds": 30, "requestsPerSecond": 10,
            "alertIDField": "ALERT_ID", "alertURLField": "ALERT_URL",
            "acceptPush": true, "pull": true, "pullIntervalSeconds": 60, "sendClose": true
        }))
        .unwrap()
    }

    fn form(text: &str) -> Form {
        Form::urlencoded(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_fields_are_found_by_their_name_exactly_or_whatever_the_case() {
        let push = |text: &str| read(&form(text), &settings()).unwrap();
        let found =
            push("level=high&alert_id=a-1&ALERT_URL=https%3A%2F%2Fkuma%3A7220%2Falerts%2Fa-1").unwrap();
        assert_eq!(found.alert.as_str(), "a-1");
        assert_eq!(found.url.as_deref(), Some("https://kuma:7220/alerts/a-1"));
        assert_eq!(push("alert_id=other&ALERT_ID=exact").unwrap().alert.as_str(), "exact");
        assert_eq!(push("kuma_id=a-1"), None);
        assert_eq!(push("ALERT_ID=+"), None);
        assert_eq!(
            form("Company=%D0%93%D0%BE%D0%BB%D0%BE%D0%B2%D0%BD%D0%BE%D0%B9+").company(),
            Some("Головной")
        );
    }

    #[test]
    fn a_bad_id_names_its_field_and_a_bad_link_is_left_out() {
        assert_eq!(read(&form("ALERT_ID=a%23b"), &settings()).unwrap_err().field, "ALERT_ID");
        for url in [
            "",
            "kuma/alerts/1",
            "javascript:alert(1)",
            "https://",
            "https://kuma/a b",
            "https:\t//kuma",
            "ftp://kuma/",
        ] {
            let mut form = form("ALERT_ID=a");
            form.add("ALERT_URL".into(), url.into()).unwrap();
            assert_eq!(read(&form, &settings()).unwrap().unwrap().url, None, "{url:?}");
        }
        let long = format!("ALERT_ID=a&ALERT_URL=https://kuma/{}", "x".repeat(MAX_URL));
        assert_eq!(read(&form(&long), &settings()).unwrap().unwrap().url, None);
    }

    #[test]
    fn a_form_has_an_end_and_prints_no_value() {
        assert!(Form::urlencoded("a=1&".repeat(MAX_FIELDS).as_bytes()).is_ok());
        assert_eq!(Form::urlencoded("a=1&".repeat(MAX_FIELDS + 1).as_bytes()).unwrap_err().field, "body");
        let form = form("token=canary");
        assert!(!format!("{form:?} {:?}", form.token()).contains("canary"));
        assert_eq!(form.token().unwrap().expose(), "canary");
    }
}
