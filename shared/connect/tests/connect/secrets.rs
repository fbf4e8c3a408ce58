//! A Secrets Manager over a real socket.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_secretsmanager::config::{
    BehaviorVersion, Credentials, Region, SharedCredentialsProvider, retry::RetryConfig,
};
use bridge_connect::Vault;
use bridge_domain::vault::Value;
use bridge_runtime::{aws::Aws, secrets::SecretCache};
use tokio::{io::AsyncWriteExt as _, net::TcpListener};

use crate::peer::receive;

/// Begins the names of the secrets.
pub(crate) const PREFIX: &str = "stack/vault/";

#[derive(Clone, Default)]
pub(crate) struct Secrets {
    /// Versions and texts by name.
    kept: Arc<Mutex<HashMap<String, (u32, String)>>>,
    /// Names that were read.
    reads: Arc<Mutex<Vec<String>>>,
}

impl Secrets {
    /// Stores a value under a new version.
    pub(crate) fn put(&self, name: &str, value: &Value) {
        self.put_text(name, value.render().expose());
    }

    pub(crate) fn put_text(&self, name: &str, text: &str) {
        let mut kept = self.kept.lock().unwrap();
        let entry = kept.entry(format!("{PREFIX}{name}")).or_default();
        *entry = (entry.0 + 1, text.to_owned());
    }

    pub(crate) fn reads(&self) -> Vec<String> {
        self.reads.lock().unwrap().clone()
    }

    /// A vault that keeps what it has read for an hour.
    pub(crate) async fn vault(&self) -> Vault {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let secrets = self.clone();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let secrets = secrets.clone();
                tokio::spawn(async move {
                    while let Ok(request) = receive(&mut socket).await {
                        assert_eq!(request.header("x-amz-target"), Some("secretsmanager.GetSecretValue"));
                        let (status, body) = secrets.answer(&request.text());
                        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len());
                        socket.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
                    }
                });
            }
        });
        let credentials = SharedCredentialsProvider::new(Credentials::new("id", "key", None, None, "test"));
        let aws: Aws = aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-central-1"))
            .credentials_provider(credentials)
            .endpoint_url(url)
            .retry_config(RetryConfig::disabled())
            .build()
            .into();
        Vault::new(SecretCache::new(aws.secrets(), Duration::from_hours(1)), PREFIX.to_owned())
    }

    fn answer(&self, body: &str) -> (u16, String) {
        let asked: serde_json::Value = serde_json::from_str(body).unwrap();
        let name = asked["SecretId"].as_str().unwrap();
        self.reads.lock().unwrap().push(name.to_owned());
        match self.kept.lock().unwrap().get(name) {
            Some((_, text)) if text == "busy" => (500, "{}".to_owned()),
            Some((version, text)) => {
                let answer = serde_json::json!({"Name": name, "VersionId": format!("v{version}"), "SecretString": text});
                (200, answer.to_string())
            }
            None => (400, r#"{"__type":"ResourceNotFoundException"}"#.to_owned()),
        }
    }
}
