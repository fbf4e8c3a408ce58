//! Simulated R-Visions beside the stack, and the integrations that join the two.

use std::time::{Duration, Instant};

use bridge_simulators::Process;
use reqwest::{Certificate, Client};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    alerts::{text, with},
    kuma_core::eventually,
    tenant::{Tenant, issue},
    vault::keep,
    world::User,
};

pub(crate) const IRP: &str = "/bridge/v1/integrations/irp";

/// Fields of the simulated incidents beside R-Vision's own.
const FIELDS: [&str; 9] = [
    "ALERT_ID",
    "ALERT_URL",
    "ALERT_NAME",
    "ALERT_STATUS",
    "ALERT_LAST_SEEN",
    "ALERT_ASSIGNEE",
    "ALERT_ASSETS",
    "ALERT_USERS",
    "ALERT_LOG",
];

/// Longest wait for a delivery: a little less than the one of everything, to say what is wrong with it.
const PATIENCE: Duration = Duration::from_secs(115);

/// An R-Vision of one tenant, joined to the stack.
pub(crate) struct Irp {
    pub(crate) vision: Process,
    /// What the bridge calls it with.
    pub(crate) token: String,
    /// Id of the secret that holds this token.
    pub(crate) secret: String,
    /// Id of the integration.
    pub(crate) id: String,
    /// The integration as it was asked for.
    pub(crate) settings: Value,
}

impl Irp {
    /// An R-Vision of this tenant that closes nothing here. `changes` are settings of the integration
    /// that are not plain.
    pub(crate) async fn new(tenant: &Tenant, changes: Value) -> Self {
        let vision = Process::start("sim-rvision", &[]).await.unwrap();
        let token = format!("rvision-canary-{}", Uuid::new_v4());
        let there = json!({"token": token, "companies": [tenant.name], "fields": FIELDS});
        vision.control.configure(&there).await.unwrap();
        let secret = secret(tenant, "token", &token).await;
        let plain = json!({
            "kind": "r-vision", "tenantID": tenant.id, "name": format!("SOC {}", Uuid::new_v4()),
            "url": vision.url, "secretID": secret,
            "certificateSecretID": self::secret(tenant, "certificate", &vision.ca_pem).await,
            "alertIDField": "ALERT_ID", "alertURLField": "ALERT_URL", "category": "Инцидент KUMA",
            "eventFields": ["ID", "DeviceVendor"], "requestsPerSecond": 100, "timeoutSeconds": 10,
            "severity": {"low": "Низкий", "medium": "Средний", "high": "Высокий", "critical": "Критический"},
        });
        let settings = with(&plain, changes);
        let made = tenant.admin.post(IRP, &settings).await.expect(201).json();
        Self { vision, token, secret, id: text(&made, "id").to_owned(), settings }
    }

    /// One whose playbook closes alerts here, with a token of its own.
    pub(crate) async fn closing(tenant: &Tenant, changes: Value) -> Self {
        let roles = json!([{"tenantID": tenant.id, "role": "analyst"}]);
        let wanted = json!({"name": "Playbook", "roles": roles, "operations": ["POST /alerts/close"]});
        let playbook = issue(&tenant.admin, wanted).await;
        let irp = Self::new(tenant, with(&json!({"callerTokenID": playbook.id}), changes)).await;
        let stack = &tenant.admin.world.stack;
        let connector = json!({
            "url": format!("{}/api/v1/alerts/close", stack.url), "token": playbook.user.token, "ca": stack.ca,
            "reason": "Incorrect Data ",
        });
        irp.vision.control.configure(&json!({ "connector": connector })).await.unwrap();
        irp
    }

    pub(crate) async fn fault(&self, order: Value) {
        self.vision.control.fault(&order).await.unwrap();
    }

    /// What the analyst does to the incident of an alert.
    pub(crate) async fn act(&self, act: &str, alert: &str) {
        self.vision.control.act(&json!({"act": act, "alertID": alert})).await.unwrap();
    }

    /// Every incident of an alert.
    pub(crate) async fn incidents(&self, alert: &str) -> Vec<Value> {
        let state = self.vision.control.state().await.unwrap();
        let all = state["incidents"].as_array().unwrap().iter();
        all.filter(|incident| incident["alertID"] == alert).cloned().collect()
    }

    /// The only incident of an alert, once there is one that fits.
    pub(crate) async fn incident(&self, alert: &str, fits: impl Fn(&Value) -> bool) -> Value {
        eventually(&format!("the incident of {alert}"), || async {
            let mut found = self.incidents(alert).await;
            assert!(found.len() < 2, "{found:?}");
            found.pop().filter(|incident| fits(incident))
        })
        .await
    }

    /// The events in the newest file of an incident, read over R-Vision's own API.
    pub(crate) async fn events(&self, incident: &Value) -> Vec<Value> {
        let ca = Certificate::from_pem(self.vision.ca_pem.as_bytes()).unwrap();
        let client = Client::builder().tls_certs_only([ca]).no_proxy().build().unwrap();
        let file = incident["files"].as_array().unwrap().last().unwrap();
        assert_eq!(file["name"], "events.json");
        let url = format!("{}/api/v2/incidents/files/{}/download", self.vision.url, file["id"]);
        let answer = client.get(url).header("X-Token", &self.token).send().await.unwrap();
        serde_json::from_slice(&answer.error_for_status().unwrap().bytes().await.unwrap()).unwrap()
    }

    /// How many writes R-Vision was asked for.
    pub(crate) async fn writes(&self) -> usize {
        let history = self.vision.control.history().await.unwrap();
        history.iter().filter(|call| call["method"] == "POST").count()
    }

    /// What the bridge says of its delivery of an alert, once that fits.
    pub(crate) async fn delivery(&self, user: &User, alert: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let begin = Instant::now();
        eventually(&format!("the delivery of {alert}"), || async {
            let shown = delivery(&detail(user, alert).await, &self.id);
            let fitting = shown.clone().filter(|delivery| fits(delivery));
            assert!(
                fitting.is_some() || begin.elapsed() < PATIENCE,
                "{alert}: not in {PATIENCE:?}: {shown:?}"
            );
            fitting
        })
        .await
    }

    /// The same once everything is delivered.
    pub(crate) async fn delivered(&self, user: &User, alert: &str) -> Value {
        self.delivery(user, alert, |delivery| delivery["state"] == "delivered").await
    }
}

/// Makes a secret of a tenant; gives its id.
pub(crate) async fn secret(tenant: &Tenant, kind: &str, value: &str) -> String {
    let wanted = json!({
        "tenantID": tenant.id, "name": format!("{kind} {}", Uuid::new_v4()), "type": kind, "value": {kind: value},
    });
    keep(&tenant.admin, &wanted).await
}

/// Where an alert has gone.
pub(crate) async fn detail(user: &User, alert: &str) -> Value {
    user.get(&format!("/bridge/v1/alerts/{alert}")).await.expect(200).json()
}

/// What it says of one integration.
pub(crate) fn delivery(detail: &Value, target: &str) -> Option<Value> {
    let mut all = detail["deliveries"].as_array().unwrap().iter();
    all.find(|delivery| delivery["targetID"] == target).cloned()
}

/// The names of what an object has, in their order.
pub(crate) fn names(list: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = list.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    names.sort_unstable();
    names
}
