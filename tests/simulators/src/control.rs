//! The other end of the control: what a test drives a simulator with.

use std::{error::Error, fmt};

use http::Method;
use reqwest::Client;
use serde_json::Value;

/// Drives a simulator, in this process or in another.
#[derive(Debug, Clone)]
pub struct Control {
    url: String,
    client: Client,
}

/// A command that was not done.
#[derive(Debug)]
#[non_exhaustive]
pub enum ControlError {
    /// The simulator did not answer.
    Gone(reqwest::Error),
    /// It refused.
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said.
        body: Value,
    },
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(error) => write!(f, "the simulator did not answer: {error}"),
            Self::Refused { status, body } => write!(f, "the simulator refused with {status}: {body}"),
        }
    }
}

impl Error for ControlError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Gone(error) => Some(error),
            Self::Refused { .. } => None,
        }
    }
}

impl From<reqwest::Error> for ControlError {
    fn from(error: reqwest::Error) -> Self {
        Self::Gone(error)
    }
}

impl Control {
    /// A control at this address.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        // Without a proxy nothing can fail here: no certificates are read.
        let client = Client::builder().no_proxy().build().unwrap_or_default();
        Self { url: url.into(), client }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Changes settings: members that are not named stay as they are.
    ///
    /// # Errors
    /// When a setting is refused; for KUMA Core also when the IRP's token can not be checked.
    pub async fn configure(&self, settings: &Value) -> Result<Value, ControlError> {
        self.send(Method::POST, "/configure", Some(settings)).await
    }

    /// Adds a fault, or a list of them.
    ///
    /// # Errors
    /// When it is no fault of the menu.
    pub async fn fault(&self, order: &Value) -> Result<(), ControlError> {
        self.send(Method::POST, "/faults", Some(order)).await.map(drop)
    }

    /// The faults in force, each with how often it has met a request.
    ///
    /// # Errors
    /// When the simulator is gone.
    pub async fn faults(&self) -> Result<Value, ControlError> {
        self.send(Method::GET, "/faults", None).await
    }

    /// Ends all faults.
    ///
    /// # Errors
    /// When the simulator is gone.
    pub async fn clear_faults(&self) -> Result<(), ControlError> {
        self.send(Method::DELETE, "/faults", None).await.map(drop)
    }

    /// Does what an analyst does there.
    ///
    /// # Errors
    /// When there is nothing to do it to.
    pub async fn act(&self, act: &Value) -> Result<Value, ControlError> {
        self.send(Method::POST, "/act", Some(act)).await
    }

    /// KUMA Core only: creates or changes one alert or several, and pushes each.
    ///
    /// # Errors
    /// When one is no alert: then none is taken.
    pub async fn put_alerts(&self, alerts: &Value) -> Result<(), ControlError> {
        self.send(Method::POST, "/alerts", Some(alerts)).await.map(drop)
    }

    /// The same without a push.
    ///
    /// # Errors
    /// When one is no alert: then none is taken.
    pub async fn put_alerts_silently(&self, alerts: &Value) -> Result<(), ControlError> {
        self.send(Method::POST, "/alerts?silent", Some(alerts)).await.map(drop)
    }

    /// What the simulator holds.
    ///
    /// # Errors
    /// When the simulator is gone.
    pub async fn state(&self) -> Result<Value, ControlError> {
        self.send(Method::GET, "/state", None).await
    }

    /// Every request so far, oldest first.
    ///
    /// # Errors
    /// When the simulator is gone.
    pub async fn history(&self) -> Result<Vec<Value>, ControlError> {
        self.history_since(0).await
    }

    /// Every request from this number on: `requests` of the state tells the next.
    ///
    /// # Errors
    /// When the simulator is gone.
    pub async fn history_since(&self, n: u64) -> Result<Vec<Value>, ControlError> {
        match self.send(Method::GET, &format!("/history?since={n}"), None).await? {
            Value::Array(records) => Ok(records),
            body => Err(ControlError::Refused { status: 200, body }),
        }
    }

    /// Forgets everything but the settings, faults too.
    ///
    /// # Errors
    /// When the simulator is gone.
    pub async fn reset(&self) -> Result<(), ControlError> {
        self.send(Method::POST, "/reset", None).await.map(drop)
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, ControlError> {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await?;
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        if status < 300 { Ok(body) } else { Err(ControlError::Refused { status, body }) }
    }
}
