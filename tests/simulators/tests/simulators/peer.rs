//! A simulator with a client that trusts it.

use std::time::Duration;

use bridge_simulators::{Control, KumaCore, Ncircc, Options, RVision, Running};
use reqwest::{Certificate, Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

pub(crate) const TENANT: &str = "8f4bd7f2-9d4a-4b3b-8a53-1d1a8e6f0001";

pub(crate) struct Peer {
    pub(crate) running: Running,
    pub(crate) client: Client,
    /// For `X-Token`.
    token: &'static str,
}

/// An answer: its status and its body, null when that is no JSON.
#[derive(Debug, PartialEq)]
pub(crate) struct Reply(pub(crate) u16, pub(crate) Value);

pub(crate) async fn sent(request: RequestBuilder) -> Reply {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    Reply(status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
}

impl Reply {
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!(self.0 < 300, "{self:?}");
        self.1
    }

    /// Refused by R-Vision, with a text that has this part.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, part: &str) {
        assert_eq!((self.0, &self.1["success"]), (status, &json!(false)), "{self:?}");
        assert!(self.1["error"].as_str().unwrap().contains(part), "{self:?} has no `{part}`");
    }
}

impl Peer {
    fn of(running: Running) -> Self {
        let client = client(&running.ca_pem);
        Self { running, client, token: "r-vision-token" }
    }

    pub(crate) async fn rvision() -> Self {
        Self::of(RVision::start(Options::default()).await.unwrap())
    }

    /// NCIRCC with a client that trusts the certificate which its server leaves out.
    pub(crate) async fn ncircc() -> Self {
        let running = Ncircc::start(Options::default()).await.unwrap();
        let client = client(&running.intermediate_pem);
        Self { running, client, token: "ncircc-token" }
    }

    pub(crate) async fn kuma() -> Self {
        let this = Self::of(KumaCore::start(Options::default()).await.unwrap());
        let tenants = json!({"tenants": [{"id": TENANT, "name": "Main", "main": true}]});
        this.control().configure(&tenants).await.unwrap();
        this
    }

    pub(crate) fn control(&self) -> &Control {
        &self.running.control
    }

    pub(crate) fn url(&self, target: &str) -> String {
        format!("{}{target}", self.running.url)
    }

    /// A GET with the right token for either.
    pub(crate) fn get(&self, target: &str) -> RequestBuilder {
        self.with_token(self.client.get(self.url(target)))
    }

    pub(crate) fn post(&self, target: &str) -> RequestBuilder {
        self.with_token(self.client.post(self.url(target)))
    }

    fn with_token(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("X-Token", self.token).header("authorization", "Bearer kuma-token")
    }

    /// A GET with these parameters, escaped.
    pub(crate) async fn query(&self, target: &str, parameters: &[(&str, &str)]) -> Reply {
        sent(self.get(target).query(parameters)).await
    }

    /// Waits until the state is as wanted.
    pub(crate) async fn state_when(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let state = self.control().state().await.unwrap();
            if wanted(&state) {
                return state;
            }
            assert!(Instant::now() < end, "it did not come to that: {state:#}");
            sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn idle(&self) -> Value {
        self.state_when(|state| state["idle"] == true).await
    }
}

pub(crate) fn client(ca: &str) -> Client {
    let roots = Certificate::from_pem_bundle(ca.as_bytes()).unwrap();
    Client::builder().tls_certs_only(roots).no_proxy().timeout(Duration::from_secs(20)).build().unwrap()
}

/// What an incident needs.
pub(crate) fn incident() -> Value {
    json!({
        "ALERT_ID": Uuid::new_v4().to_string(), "company": "Main", "level": "Высокий", "category": "Инцидент KUMA",
        "description": "Brute force", "detection": "2024-05-06T10:00:00.000Z",
    })
}

/// The same with changes.
pub(crate) fn with(value: &Value, changes: Value) -> Value {
    let mut value = value.clone();
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    value.as_object_mut().unwrap().extend(changes);
    value
}

/// What a notification needs.
pub(crate) fn notification() -> Value {
    json!({
        "company": "Ромашка", "category": "Уведомление о компьютерном инциденте", "type": "Заражение ВПО",
        "owner_name": "Ромашка", "event_description": "Brute force", "tlp": "TLP:RED",
        "detect_time": "2024-05-06T10:00:00Z", "activity_status": "Проводятся мероприятия по реагированию",
        "affected_system_name": "Mail", "affected_system_function": "Банковская сфера и иные сферы финансового рынка",
        "affected_system_category": "Информационный ресурс не является объектом КИИ", "location": "RU-MOW",
    })
}

pub(crate) fn alert(minute: u32) -> Value {
    let last_seen = format!("2024-05-06T10:{minute:02}:00.000Z");
    json!({
        "id": Uuid::new_v4().to_string(), "tenantID": TENANT, "name": "Brute force", "priority": "high",
        "firstSeen": "2024-05-06T09:00:00.000Z", "lastSeen": last_seen,
        "events": [{"ID": "e1", "Timestamp": 1_714_989_600_000_i64, "DeviceVendor": "Microsoft"}],
        "affectedAssets": [{"id": "a1", "name": "host"}], "affectedAccounts": [{"upn": "user@example.com"}],
    })
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is no text in {value}"))
}
