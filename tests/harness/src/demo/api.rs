//! Requests of one user of the API.

use bridge_harness::Stack;
use http::StatusCode;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use crate::failure::{Context as _, Failure, Result};

/// The API as the holder of one token sees it.
pub(super) struct Api {
    client: Client,
    url: String,
    authorization: String,
}

impl Api {
    pub(super) fn new(stack: &Stack, token: &str) -> Result<Self> {
        Ok(Self {
            client: stack.client().context("making a client")?,
            url: stack.url.clone(),
            authorization: format!("Bearer {token}"),
        })
    }

    pub(super) async fn get(&self, target: &str) -> Result<(StatusCode, Value)> {
        self.send(self.client.get(format!("{}{target}", self.url)), target).await
    }

    pub(super) async fn post(&self, target: &str, body: &Value) -> Result<(StatusCode, Value)> {
        let request = self.client.post(format!("{}{target}", self.url)).json(body);
        self.send(request, target).await
    }

    pub(super) async fn put(&self, target: &str, body: &Value) -> Result<(StatusCode, Value)> {
        let request = self.client.put(format!("{}{target}", self.url)).json(body);
        self.send(request, target).await
    }

    pub(super) async fn delete(&self, target: &str) -> Result<()> {
        let (status, body) = self.send(self.client.delete(format!("{}{target}", self.url)), target).await?;
        match status {
            StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => Ok(()),
            _ => Err(unexpected("deleting", status, &body)),
        }
    }

    /// Everything in a paged listing.
    pub(super) async fn list(&self, target: &str) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        for page in 1.. {
            let (status, body) = self.get(&format!("{target}?page={page}")).await?;
            match body {
                Value::Array(entries) if entries.is_empty() => break,
                Value::Array(entries) => all.extend(entries),
                _ => return Err(unexpected("listing", status, &body)),
            }
        }
        Ok(all)
    }

    /// The entry of a listing that has this name.
    pub(super) async fn find(&self, target: &str, name: &str) -> Result<Option<Value>> {
        Ok(self.list(target).await?.into_iter().find(|entry| text(entry, "name") == name))
    }

    async fn send(&self, request: RequestBuilder, target: &str) -> Result<(StatusCode, Value)> {
        // In lower case, as Security Vision sends it.
        let request = request.header("authorization", &self.authorization);
        let answer = request.send().await.context(target)?;
        let status = answer.status();
        let body = answer.bytes().await.context(target)?;
        if body.is_empty() {
            return Ok((status, Value::Null));
        }
        let body = serde_json::from_slice(&body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
        Ok((status, body))
    }
}

/// A text field, empty when there is none.
pub(super) fn text(value: &Value, field: &str) -> String {
    value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

pub(super) fn unexpected(doing: &str, status: StatusCode, body: &Value) -> Failure {
    Failure::new(format!("{doing}: the API answered {status}: {body}\n  its log is .local/ministack.log"))
}
