//! A KUMA Core beside the stack, and the integration that joins the two.

use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use bridge_domain::pull::State;
use bridge_runtime::aws::Aws;
use bridge_simulators::Process;
use bridge_store::Store;
use serde_json::{Value, json};

use crate::{
    alerts::{text, uuid, with},
    tenant::{Tenant, issue},
    vault::keep,
    world::User,
};

/// The longest a test waits for what has to come by itself.
const PATIENCE: Duration = Duration::from_mins(2);

/// What the Core's push and its API are called with.
const TOKEN: &str = "core-token-canary";

/// A simulated Core whose one tenant has the name of ours.
pub(crate) struct Core {
    pub(crate) kuma: Process,
    pub(crate) tenant: Tenant,
    /// Somebody who may search and close in our tenant.
    pub(crate) user: User,
    /// Id of the integration.
    pub(crate) id: String,
    /// Id of the tenant there.
    pub(crate) kuma_tenant: String,
}

impl Core {
    /// A Core of a tenant of its own, joined to the stack. `settings` are those of the integration that
    /// are not plain.
    pub(crate) async fn new(settings: Value) -> Self {
        let mut core = Self::alone().await;
        core.join(settings).await;
        core
    }

    /// A Core that the stack does not know yet: the schedule asks it from the moment it does.
    pub(crate) async fn alone() -> Self {
        let tenant = Tenant::new().await;
        let kuma = Process::start("sim-kuma", &[]).await.unwrap();
        let kuma_tenant = uuid();
        let tenants = json!([{"id": kuma_tenant, "name": tenant.name.to_uppercase()}]);
        kuma.control.configure(&json!({"token": TOKEN, "tenants": tenants})).await.unwrap();
        let user = tenant.analyst().await;
        Self { kuma, tenant, user, id: String::new(), kuma_tenant }
    }

    /// Makes the integration.
    pub(crate) async fn join(&mut self, settings: Value) {
        self.id = integrate(&self.tenant, &self.kuma, settings).await;
    }

    /// Points the Core's setting "IRP / SOAR" at the bridge.
    pub(crate) async fn push_by(&self, form: &str) {
        let stack = &self.tenant.admin.world.stack;
        let roles = json!([{"tenantID": self.tenant.id, "role": "operator"}]);
        let wanted = json!({"name": "KUMA", "roles": roles, "operations": ["POST /bridge/alerts"]});
        let pusher = issue(&self.tenant.admin, wanted).await.user;
        let irp = json!({
            "url": stack.url, "token": pusher.token, "ca": stack.ca, "form": form,
            "alertIDField": "ALERT_ID", "alertURLField": "ALERT_URL",
        });
        let probed = self.kuma.control.configure(&json!({ "irp": irp })).await.unwrap();
        assert_eq!(probed["probe"]["success"], true, "{probed}");
    }

    /// An alert of the Core, of an hour that is `minutes` ago.
    pub(crate) fn alert(&self, minutes: i64, changes: Value) -> Value {
        let alert = json!({
            "id": uuid(), "tenantID": self.kuma_tenant, "name": "Brute force", "priority": "high",
            "correlationRuleID": "rule-1", "firstSeen": ago(minutes + 60), "lastSeen": ago(minutes),
            "events": [
                {"ID": "e1", "Timestamp": 1_714_989_600_000_i64, "DeviceVendor": "Microsoft"},
                {"ID": "e2", "Timestamp": 1_714_989_600_500_i64, "DeviceVendor": "Microsoft"},
            ],
            "affectedAssets": [{"id": "h1", "fqdn": ["host.example.com"]}],
            "affectedAccounts": [{"displayName": "A. User"}],
        });
        with(&alert, changes)
    }

    /// Queues a run that asks this Core.
    pub(crate) async fn pull(&self) {
        let work = json!({"tenantID": self.tenant.id, "targetID": self.id, "pull": true});
        queue(&self.tenant, &work).await;
    }

    /// Our alert of this id, once there is one that fits.
    pub(crate) async fn brought(&self, id: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let query = format!("withEvents&withAffected&id={id}");
        eventually(&format!("alert {id}"), || async {
            self.user.search(&query).await.pop().filter(|alert| fits(alert))
        })
        .await
    }

    /// How far the Core was asked.
    pub(crate) async fn state(&self) -> State {
        let table = self.tenant.admin.world.stack.state_table.parse().unwrap();
        let store = Store::new(Aws::load().await.config(), table);
        let id = self.id.parse().unwrap();
        store.pull_states(std::slice::from_ref(&id)).await.unwrap().remove(&id).unwrap_or_default()
    }
}

/// Makes the integration of a Core; gives its id.
pub(crate) async fn integrate(tenant: &Tenant, kuma: &Process, settings: Value) -> String {
    let secret = |kind: &'static str, value: &str| {
        let wanted = json!({
            "tenantID": tenant.id, "name": format!("{kind} {}", uuid()), "type": kind, "value": {kind: value},
        });
        async move { keep(&tenant.admin, &wanted).await }
    };
    let wanted = json!({
        "kind": "kuma-core", "tenantID": tenant.id, "name": format!("Core {}", uuid()), "url": kuma.url,
        "secretID": secret("token", TOKEN).await,
        "certificateSecretID": secret("certificate", &kuma.ca_pem).await,
        "requestsPerSecond": 100,
    });
    let made = tenant.admin.post("/bridge/v1/integrations/irp", &with(&wanted, settings)).await;
    text(&made.expect(201).json(), "id").to_owned()
}

/// Puts a message into the queue of alert-pull.
pub(crate) async fn queue(tenant: &Tenant, work: &Value) {
    let client: Client = Aws::load().await.sqs();
    let send = client.send_message().queue_url(&tenant.admin.world.stack.pull_queue);
    send.message_body(work.to_string()).send().await.unwrap();
}

/// A time that is some minutes ago.
pub(crate) fn ago(minutes: i64) -> String {
    let now = bridge_domain::Timestamp::from_system(std::time::SystemTime::now());
    now.plus_seconds(-60 * minutes).to_string()
}

/// What `look` sees once it sees something.
pub(crate) async fn eventually<T, Looking>(what: &str, mut look: impl FnMut() -> Looking) -> T
where
    Looking: Future<Output = Option<T>>,
{
    let begin = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(begin.elapsed() < PATIENCE, "{what}: not in {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}
