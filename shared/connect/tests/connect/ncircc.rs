//! The connection with NCIRCC: its secrets lie in tenants of their own choice, and its settings have
//! names of their own.

use bridge_domain::{ncircc::settings::Settings, vault::Value};

use super::*;
use crate::peer::json as json_answer;

const NO_CARDS: &str = r#"{"success":true,"data":{"next":false,"result":[]}}"#;
const WRONG_TOKEN: &str = r#"{"success":false,"error":"Передан неверный токен","statusCode":400}"#;

/// The token lies in the main tenant, the certificate in another.
fn settings(url: &str) -> Settings {
    let settings = json!({
        "enabled": true, "url": url, "tenantID": "t",
        "tokenSecretID": {"tenantID": "main", "id": "token"}, "rootCASecretID": {"tenantID": "t", "id": "ca"},
        "companyScope": "Communication", "companyName": "Ромашка", "location": "RU-MOW",
        "timeoutSeconds": 20, "requestsPerSecond": 1, "exportTenantIDs": ["t"],
        "allowVulnerabilityNotifications": false,
        "created": "2026-11-20T09:30:00Z", "updated": "2026-11-20T09:30:00Z",
    });
    serde_json::from_value(settings).unwrap()
}

/// An account that knows one token, the secrets for it, and a connector.
async fn account(known: &'static str) -> (Peer, Secrets, Connector) {
    let ca = Authority::new("ca");
    let peer = Peer::start(ca.localhost(), move |request| {
        let signed_in = request.header("x-token") == Some(known);
        if signed_in { json_answer(200, NO_CARDS) } else { json_answer(400, WRONG_TOKEN) }
    })
    .await;
    let secrets = Secrets::default();
    secrets.put("main/token", &token("canary-1"));
    secrets.put("t/ca", &certificate(&ca.pem));
    let connector = Connector::new(secrets.vault().await);
    (peer, secrets, connector)
}

#[tokio::test]
async fn a_client_is_made_of_the_secrets_where_they_lie() {
    let (peer, secrets, connector) = account("canary-1").await;
    let mut settings = settings(&peer.url());
    for connection in [1, 1, 2] {
        let mut opened = connector.ncircc(&settings).await.unwrap();
        opened.with_fresh_token(|client| async move { client.probe().await }).await.unwrap();
        assert_eq!(peer.seen().last().unwrap().connection, connection);
        assert!(!format!("{opened:?}").contains("canary"));
        if peer.seen().len() == 2 {
            settings.updated = settings.updated.plus_seconds(1);
        }
    }
    assert_eq!(secrets.reads(), ["stack/vault/main/token", "stack/vault/t/ca"], "each once");
}

#[tokio::test]
async fn a_refused_token_is_read_again_and_the_newer_one_used() {
    let (peer, secrets, connector) = account("canary-2").await;
    let mut opened = connector.ncircc(&settings(&peer.url())).await.unwrap();
    let error = opened.with_fresh_token(|client| async move { client.probe().await }).await.unwrap_err();
    assert_eq!(error.class, Class::Auth);
    assert!(said(&error).contains("tokenSecretID"), "{error:?}");
    assert_eq!(peer.seen().len(), 1, "there was no newer one");
    secrets.put("main/token", &token("canary-2"));
    opened.with_fresh_token(|client| async move { client.probe().await }).await.unwrap();
    let tokens: Vec<String> =
        peer.seen().iter().map(|request| request.header("x-token").unwrap().to_owned()).collect();
    assert_eq!(tokens, ["canary-1", "canary-1", "canary-2"]);
}

#[tokio::test]
async fn a_secret_that_can_not_serve_is_named_by_its_setting() {
    let unusable = [
        ("main/token", None, "the secret that tokenSecretID names does not exist"),
        ("t/ca", None, "the secret that rootCASecretID names does not exist"),
        ("main/token", Some(certificate("canary")), "tokenSecretID must name a secret of type token"),
        ("t/ca", Some(token("canary")), "rootCASecretID must name a secret of type certificate"),
        (
            "t/ca",
            Some(certificate("canary")),
            "the secret in rootCASecretID holds a certificate that can not",
        ),
        ("main/token", Some(token("canary\n")), "the token in tokenSecretID holds characters"),
    ];
    for (name, value, text) in unusable {
        let secrets = Secrets::default();
        let usable = [("main/token", token("canary-1")), ("t/ca", certificate(&Authority::new("ca").pem))];
        for (usual, value) in usable {
            if usual != name {
                secrets.put(usual, &value);
            }
        }
        if let Some(value) = value.as_ref().map(Value::render) {
            secrets.put_text(name, value.expose());
        }
        let connector = Connector::new(secrets.vault().await);
        let error = connector.ncircc(&settings("https://localhost:1")).await.unwrap_err();
        assert_eq!(error.class, Class::Permanent, "{text}");
        assert!(said(&error).contains(text), "{error:?}");
    }
}

#[tokio::test]
async fn the_proxy_and_the_certificate_of_the_settings_are_used() {
    let (peer, secrets, connector) = account("canary-1").await;
    let mut settings = settings(&peer.url());
    settings.proxy = Some("http://proxy.invalid:3128".into());
    let error = connector.ncircc(&settings).await.unwrap().client().probe().await.unwrap_err();
    assert!(said(&error).contains("the proxy proxy.invalid:3128"), "{error:?}");

    (settings.proxy, settings.root_ca) = (None, None);
    settings.updated = settings.updated.plus_seconds(1);
    let error = connector.ncircc(&settings).await.unwrap().client().probe().await.unwrap_err();
    let said = said(&error);
    assert!(said.contains("INTERMEDIATE") && said.contains("rootCASecretID"), "{said}");
    assert_eq!(peer.seen().len(), 0);
    assert_eq!(secrets.reads(), ["stack/vault/main/token", "stack/vault/t/ca"]);
}
