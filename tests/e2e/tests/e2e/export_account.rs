//! An account at NCIRCC beside the stack, and the connection that joins the two.

use std::time::Duration;

use bridge_e2e::{Run, invoke};
use bridge_simulators::Process;
use serde_json::{Value, json};
use tokio::sync::MutexGuard;

use crate::{
    alerts::{text, uuid, with},
    incidents::{made, place},
    irp::secret,
    kuma_core::eventually,
    ncircc_settings::{NCIRCC, form as settings_form, turn},
    tenant::Tenant,
    vault::place as secret_place,
    world::{Reply, User},
};

/// What it takes to begin a run of ncircc-sync that another one is in the way of.
const SYNC_ATTEMPTS: u32 = 60;

/// The account, and somebody who exports to it. Nobody else has the connection until this is dropped.
pub(crate) struct Account {
    pub(crate) peer: Process,
    pub(crate) tenant: Tenant,
    /// An analyst of the tenant.
    pub(crate) user: User,
    /// What the bridge calls the account with.
    pub(crate) token: String,
    /// Id of the secret that holds it.
    pub(crate) secret: String,
    /// The settings as they were asked for.
    pub(crate) settings: Value,
    _turn: MutexGuard<'static, ()>,
}

impl Account {
    /// A connection that works. `changes` are settings that are not plain.
    pub(crate) async fn new(changes: Value) -> Self {
        let tenant = Tenant::new().await;
        let turn = turn(&tenant.admin).await;
        let peer = Process::start("sim-ncircc", &[]).await.unwrap();
        let token = format!("ncircc-canary-{}", uuid());
        peer.control.configure(&json!({ "token": token })).await.unwrap();
        let secret = secret(&tenant, "token", &token).await;
        let chain = format!("{}\n{}", peer.intermediate_pem, peer.ca_pem);
        let plain = json!({
            "enabled": true, "url": peer.url, "companyName": "Ромашка", "requestsPerSecond": 50, "timeoutSeconds": 5,
            "rootCASecretID": self::secret(&tenant, "certificate", &chain).await,
        });
        let settings = with(&with(&settings_form(&tenant, &secret), plain), changes);
        tenant.admin.put(NCIRCC, &settings).await.expect(201);
        let user = tenant.analyst().await;
        Self { peer, tenant, user, token, secret, settings, _turn: turn }
    }

    /// Changes the connection.
    pub(crate) async fn change(&self, changes: Value) {
        self.tenant.admin.put(NCIRCC, &with(&self.settings, changes)).await.expect(200);
    }

    /// Gives the secret another value.
    pub(crate) async fn rotate(&self, token: &str) {
        let change = json!({"name": format!("NCIRCC {}", uuid()), "value": {"token": token}});
        self.tenant.admin.put(&secret_place(&self.secret), &change).await.expect(200);
    }

    /// An incident of the tenant; gives its id.
    pub(crate) async fn incident(&self, more: Value) -> String {
        let incident =
            made(&self.tenant, &self.user, with(&json!({"type": "Malware infection"}), more)).await;
        text(&incident, "id").to_owned()
    }

    pub(crate) async fn export(&self, incident: &str, more: Value) -> Reply {
        self.user.post(&format!("{}/export", place(incident)), &with(&form(), more)).await
    }

    /// Orders something beside the export.
    pub(crate) async fn order(&self, incident: &str, what: &str, body: &Value) -> Reply {
        self.user.post(&format!("{}/{what}", place(incident)), body).await
    }

    /// The ledger of an incident, once it fits.
    pub(crate) async fn shown(&self, incident: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        for _ in 0..450 {
            last = self.user.get(&format!("{}/export", place(incident))).await.expect(200).json();
            if fits(&last) {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        panic!("{incident} does not come to fit: {last}");
    }

    /// The same once it is sent.
    pub(crate) async fn sent(&self, incident: &str) -> Value {
        self.shown(incident, |shown| shown["state"] == "sent").await
    }

    /// A row of a kind, once it is sent.
    pub(crate) async fn row(&self, incident: &str, kind: &str) -> Value {
        let of_kind = |shown: &Value| {
            let mut rows = shown["rows"].as_array().unwrap().iter();
            rows.find(|row| row["kind"] == kind && row["state"] == "sent").cloned()
        };
        let shown = self.shown(incident, |shown| of_kind(shown).is_some()).await;
        of_kind(&shown).unwrap()
    }

    /// What the account has.
    pub(crate) async fn state(&self) -> Value {
        self.peer.control.state().await.unwrap()
    }

    /// The notifications it has.
    pub(crate) async fn notifications(&self) -> Vec<Value> {
        self.state().await["notifications"].as_array().unwrap().clone()
    }

    pub(crate) async fn act(&self, act: Value) -> Value {
        self.peer.control.act(&act).await.unwrap()
    }

    /// Reads the account now, as the schedule does every five minutes.
    pub(crate) async fn sync(&self) {
        for _ in 0..SYNC_ATTEMPTS {
            match invoke(&self.tenant.admin.world.stack, "ncircc-sync", &json!({})).await {
                Run::Done => return,
                Run::Failed => panic!("ncircc-sync failed"),
                Run::Busy => {}
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("ncircc-sync is always at work");
    }

    /// Our incident, once what the account says of it fits.
    pub(crate) async fn synced(&self, incident: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.sync().await;
        eventually(&format!("{incident} in step with NCIRCC"), || async {
            let shown = self.user.get(&place(incident)).await.expect(200).json();
            Some(shown).filter(|shown| fits(&shown["ncircc"]))
        })
        .await
    }
}

/// What has to be filled in, and no more.
pub(crate) fn form() -> Value {
    json!({
        "affectedSystemName": "ERP", "affectedSystemCategory": "Information resource is not a CII object",
    })
}
