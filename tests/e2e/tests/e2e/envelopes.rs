//! Every file under `events/`: what is shown there as an example works as it stands.
//!
//! The envelopes are what API Gateway hands to a function. Each is sent as the request that it was
//! made of, with a token of this stack and with ids that exist here, and must succeed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use bridge_slapd::Authority;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    alerts::{alert, counts, event_ids, text, uuid},
    ldap,
    ncircc_settings::{NCIRCC, turn},
    tenant::{Tenant, of},
    vault::{keep, token},
    world::{Reply, User, World, encoded},
};

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events")
}

/// Every file under `events/`, by its path there.
fn files() -> BTreeMap<String, Value> {
    let mut files = BTreeMap::new();
    for function in fs::read_dir(events()).unwrap() {
        let function = function.unwrap();
        for file in fs::read_dir(function.path()).unwrap() {
            let file = file.unwrap();
            let name = format!("{}/{}", function.file_name().display(), file.file_name().display());
            files.insert(name, serde_json::from_slice(&fs::read(file.path()).unwrap()).unwrap());
        }
    }
    files
}

/// Two tenants of this stack in the place of the two of the samples, and an id for each of theirs.
struct Here {
    user: User,
    admin: User,
    tenants: [Tenant; 2],
    /// A secret of the first tenant, for what needs one.
    secret: String,
    credentials: String,
    certificate: String,
    ids: BTreeMap<String, String>,
}

const TENANTS: [&str; 2] = ["7f2c1d8e-5a0b-4c36-9e21-3b8a6f4d0c15", "c04b9a77-1e5d-4f8b-8a62-9d3e7f51b286"];

/// The secret of the samples.
const SECRET: &str = "b1c7e0a2-93d4-4f6b-8a55-2e0d7c91f346";

/// The connection of the samples, its secrets, and its controllers.
const CONNECTION: &str = "5d0c7e31-8f42-4b6a-a1d9-6e2f3c907b58";
const CREDENTIALS: &str = "2a9e6c14-70b3-4d58-9f21-c4e8b05d3a67";
const CERTIFICATE: &str = "91b4f7d2-5c08-4e3a-86d1-0a7f2c95e634";
const CONTROLLERS: &str = "dc1.example.com:389,dc2.example.com:389";

/// The incident of the samples.
const INCIDENT: &str = "INC-7";

impl Here {
    async fn new() -> Self {
        let world = World::new();
        let tenants: [Tenant; 2] = Tenant::several(&world, 2).await.try_into().ok().unwrap();
        let user = of(&[&tenants[0], &tenants[1]], "analyst").await;
        let admin = world.admin();
        let secret = keep(&admin, &token(&tenants[0], "sample")).await;
        // Whose push is taken; nobody listens there.
        let core = json!({
            "kind": "kuma-core", "tenantID": tenants[0].id, "name": "Core", "url": "https://localhost:9",
            "secretID": secret, "pull": false,
        });
        admin.post("/bridge/v1/integrations/irp", &core).await.expect(201);
        let authority = Authority::new("Samples").unwrap();
        let credentials = keep(&admin, &ldap::credentials(&tenants[0], "reader@example.com", "x")).await;
        let certificate = keep(&admin, &ldap::certificate(&tenants[0], &authority.root_pem)).await;
        Self { user, admin, tenants, secret, credentials, certificate, ids: BTreeMap::new() }
    }

    /// The text with tenants, alerts and names of this stack.
    fn moved(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (sample, tenant) in TENANTS.iter().zip(&self.tenants) {
            text = text.replace(sample, &tenant.id);
        }
        text = text.replace(SECRET, &self.secret);
        // Nobody shall be called who is not ours; nobody listens here.
        text = text.replace("https://lk.cert.gov.ru", "https://localhost:9");
        text = text.replace(CONTROLLERS, "localhost:9");
        text = text.replace(CREDENTIALS, &self.credentials).replace(CERTIFICATE, &self.certificate);
        // A form, and a form in parts.
        text = text.replace("company=Head+office", &encoded(&[("company", &self.tenants[0].name)]));
        text = text.replace("\r\n\r\nHead office\r\n", &format!("\r\n\r\n{}\r\n", self.tenants[0].name));
        // Alerts belong to one tenant for ever: each run needs ids of its own.
        for alert in ALERTS {
            let id = self.ids.entry(alert.to_owned()).or_insert_with(uuid);
            text = text.replace(alert, id);
        }
        text.replace(
            r#"{"name":"Head office"}"#,
            &json!({"name": format!("Head office {}", uuid())}).to_string(),
        )
    }

    fn id(&self, sample: &str) -> &str {
        &self.ids[sample]
    }
}

/// The alerts of the samples.
const ALERTS: [&str; 5] = [
    "060bed79-2141-49cf-ad84-cc7956364be9",
    "0e5c6000-c6e5-4f4d-a936-be1a54e66454",
    "3ece2523-3752-47c6-ac54-21f1805913ee",
    "5251802d-9384-4ea6-95b9-7bd73bc4bb7d",
    "8eeb4467-a5c4-4004-8b9b-515fe4ec9f0d",
];

#[tokio::test]
async fn every_sample_alert_is_taken_and_shown_as_it_is() {
    let mut here = Here::new().await;
    let mut seen = 0;
    for (name, file) in files() {
        if !name.starts_with("alert-ingest/") || file.get("routeKey").is_some() {
            continue;
        }
        let posted: Value = serde_json::from_str(&here.moved(&file.to_string())).unwrap();
        let alerts = posted.as_array().cloned().unwrap_or_else(|| vec![posted.clone()]);
        let answer = here.user.ingest(&posted).await.expect(202).json();
        assert_eq!(counts(&answer), [alerts.len() as u64, 0, 0, 0, 0], "{name}: {answer}");
        for alert in alerts {
            let shown = here.user.alert(text(&alert, "id")).await;
            assert_eq!(event_ids(&shown).len(), alert["events"].as_array().unwrap().len());
            for key in alert.as_object().unwrap().keys() {
                if !["firstSeen", "lastSeen", "events"].contains(&key.as_str()) {
                    assert_eq!(shown[key], alert[key], "{name} {key}");
                }
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 5, "the samples have changed: name their alerts here");
}

#[tokio::test]
async fn every_envelope_is_a_request_that_succeeds() {
    let mut here = Here::new().await;
    let _turn = turn(&here.admin).await;
    let mut sent = BTreeMap::new();
    let envelopes: BTreeMap<String, Value> =
        files().into_iter().filter(|(_, file)| file.get("routeKey").is_some()).collect();
    // What is posted first can be searched, and what is searched can be closed.
    let order = |name: &str| {
        [
            "settings",
            "ncircc-settings/put",
            "ncircc-settings",
            "ldap-settings/create",
            "ldap-settings",
            "task-api",
            "alert-ingest",
            "alert-search",
            "incident-api",
            "alert-close",
            "account-api",
        ]
        .iter()
        .position(|f| name.starts_with(f))
    };
    // Those of incident-export need an export in several states, those of logins a domain: their own tests
    // hold them to it.
    let elsewhere = ["incident-export/", "domain-auth/", "login/"];
    let mut names: Vec<&String> = envelopes
        .keys()
        .filter(|name| !elsewhere.iter().any(|function| name.starts_with(function)))
        .collect();
    names.sort_by_key(|name| {
        (
            order(name).unwrap_or_else(|| panic!("of which function is {name}?")),
            !name.ends_with("create.json"),
        )
    });
    for name in names {
        let envelope = &envelopes[name];
        let http = &envelope["requestContext"]["http"];
        let method: Method = text(http, "method").parse().unwrap();
        let mut route = format!("{method} {}", text(envelope, "rawPath"));
        for (parameter, value) in envelope["pathParameters"].as_object().into_iter().flatten() {
            route = route.replace(value.as_str().unwrap(), &format!("{{{parameter}}}"));
        }
        assert_eq!(text(envelope, "routeKey"), route, "{name}");
        assert_eq!(envelope["isBase64Encoded"], false, "{name}");
        if let Some(body) = envelope["body"].as_str() {
            assert_eq!(text(&envelope["headers"], "content-length"), body.len().to_string(), "{name}");
        }

        let administers =
            ["settings/", "ncircc-settings/", "ldap-settings/"].iter().any(|of| name.starts_with(of));
        let user = if administers { &here.admin } else { &here.user }.clone();
        // Each way to make an incident has one of its own to close, and an alert of its own in it.
        let made = if name.contains("/kuma-") {
            "incident-api/kuma-create.json"
        } else {
            "incident-api/create.json"
        };
        let incident = sent.get(made).map(|reply: &Reply| text(&reply.json(), "id").to_owned());
        let incident = incident.unwrap_or_default();
        let mut target = here.moved(text(envelope, "rawPath")).replace(INCIDENT, &incident);
        if let Some(made) = sent.get("ldap-settings/create-connection.json") {
            target = target.replace(CONNECTION, text(&made.json(), "id"));
        }
        if !text(envelope, "rawQueryString").is_empty() {
            target = format!("{target}?{}", text(envelope, "rawQueryString"));
        }
        let mut request = user.request(&method, &target);
        for (header, value) in envelope["headers"].as_object().unwrap() {
            if !["authorization", "content-length", "host", "x-token"].contains(&header.as_str()) {
                request = request.header(header, value.as_str().unwrap());
            }
        }
        if let Some(body) = envelope["body"].as_str() {
            let mut body = here.moved(body).replace(INCIDENT, &incident);
            if name == "incident-api/kuma-create.json" {
                let other = alert(&here.tenants[0]);
                here.user.ingest(&other).await.expect(202);
                body = body.replace(here.id(ALERTS[0]), text(&other, "id"));
            }
            request = request.body(body);
        }
        let reply = Reply::of(request).await;
        assert!((200..300).contains(&reply.status), "{name}: {reply:?}");
        sent.insert(name.clone(), reply);
    }
    here.admin.delete(NCIRCC).await.expect(204);
    let answer = |name: &str| sent.get(name).unwrap_or_else(|| panic!("{name} is gone"));
    assert_eq!(counts(&answer("alert-ingest/api-gateway.json").json()), [1, 0, 0, 0, 0]);
    let shown = answer("alert-search/api-gateway.json").array();
    assert_eq!(shown.len(), 1);
    assert_eq!(text(&shown[0], "id"), here.id(ALERTS[0]));
    assert_eq!(text(&answer("alert-search/alert.json").json(), "id"), here.id(ALERTS[0]));
    assert_eq!(answer("alert-close/api-gateway.json").status, 204);
    assert!(answer("account-api/search.json").array().is_empty());
    assert_eq!(here.user.alert(here.id(ALERTS[0])).await["closingReason"], "responded");
}
