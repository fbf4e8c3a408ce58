//! A bridge with one tenant, and what its functions are made of.

use std::time::Duration;

use bridge_connect::{Connector as Connections, Vault};
use bridge_delivery::{Connector, Dispatcher, Engine, Gatekeeper, Message, Parts, Queues, Swept, sweep};
use bridge_domain::{
    AlertId, TargetId, Timestamp, TokenId,
    alert::Alert,
    close::Reason,
    intake,
    outbox::{Change, Delivery, Origin, Outbox, Queued, Route},
    secret::Secret,
    target::Target,
    tenant::Tenant,
    vault::{Entry, Kind, Value as SecretValue, place},
};
use bridge_runtime::{
    config::{Env, load_from},
    secrets::{SecretCache, TTL},
    telemetry::Output,
};
use bridge_simulators::Running;
use bridge_store::{Cache, Closed, Store, Upserted};
use serde_json::{Value, json};

use crate::{Amazon, Hand, Post};

/// The tenant there always is. Its name is the company of R-Vision's simulator.
pub const TENANT: &str = "t";
/// What the names of the secrets begin with.
pub const PREFIX: &str = "stack/vault/";
/// URL of the queue of rvision-send.
pub const RVISION_QUEUE: &str = "http://queues/rvision";
/// URL of the queue of kuma-send.
pub const KUMA_QUEUE: &str = "http://queues/kuma";
/// Between two sweeps, in seconds.
const SWEEPS: i64 = 300;

/// Everything a sender works with.
#[derive(Debug)]
pub struct World {
    /// The time.
    pub hand: Hand,
    /// The services.
    pub amazon: Amazon,
    /// The State table.
    pub store: Store,
    /// Event lines.
    pub output: Output,
    dispatcher: Dispatcher,
}

impl World {
    /// Starts one.
    pub async fn start() -> Self {
        let (amazon, hand) = (Amazon::start().await, Hand::default());
        let store = Store::new(&amazon.engine.config, bridge_engine::STATE.parse().unwrap());
        let env = Env::from_pairs([
            ("LOG_LEVEL", "info"),
            ("RVISION_QUEUE", RVISION_QUEUE),
            ("KUMA_QUEUE", KUMA_QUEUE),
        ]);
        let queues = load_from(env, Queues::read).map(|loaded| loaded.config).unwrap();
        let dispatcher = Dispatcher::new(amazon.aws.sqs(), queues);
        let world = Self { hand, amazon, store, output: Output::memory(), dispatcher };
        world.add_tenant(TENANT, "Main").await;
        world
    }

    /// Makes a tenant.
    pub async fn add_tenant(&self, id: &str, name: &str) {
        let now = self.hand.now();
        let tenant = Tenant {
            id: id.parse().unwrap(),
            name: name.parse().unwrap(),
            description: String::new(),
            main: false,
            disabled: false,
            created: now,
            updated: now,
        };
        self.store.create_tenant(&tenant).await.unwrap();
    }

    /// Makes a target with its secrets: a token, and the certificate of its authority.
    pub async fn add_target(&self, target: &Value, token: &str, ca: &str) -> TargetId {
        let target: Target = serde_json::from_value(target.clone()).unwrap();
        for secret in target.secrets() {
            let value = match secret.kind {
                Kind::Certificate => SecretValue::Certificate(Secret::new(ca.to_owned())),
                _ => SecretValue::Token(Secret::new(token.to_owned())),
            };
            self.add_secret(target.tenant.as_str(), secret.id.as_str(), &value).await;
        }
        self.store.create_target(&target).await.unwrap();
        target.id
    }

    /// Makes a secret with this value, named like its id.
    pub async fn add_secret(&self, tenant: &str, id: &str, value: &SecretValue) {
        let now = self.hand.now();
        let entry = Entry {
            id: id.parse().unwrap(),
            tenant: tenant.parse().unwrap(),
            name: id.parse().unwrap(),
            kind: value.kind(),
            description: String::new(),
            tags: Vec::new(),
            used_by: [].into(),
            created: now,
            updated: now,
        };
        self.store.create_secret(&entry).await.unwrap();
        self.put_secret(tenant, id, value);
    }

    pub(crate) fn put_secret(&self, tenant: &str, id: &str, value: &SecretValue) {
        let name = place(PREFIX, &tenant.parse().unwrap(), &id.parse().unwrap());
        self.amazon.put_secret(&name, value.render().expose());
    }

    /// Gives a target's token another value.
    pub fn rotate(&self, target: &TargetId, token: &str) {
        let value = SecretValue::Token(Secret::new(token.to_owned()));
        self.put_secret(TENANT, &format!("{target}-token"), &value);
    }

    /// Changes a target, and lets time pass until everybody knows.
    pub async fn change_target(&self, target: &TargetId, change: impl FnOnce(&mut Target)) {
        let old = self.store.target_by_id(target).await.unwrap().unwrap();
        let mut new = old.value.clone();
        change(&mut new);
        new.updated = new.updated.plus_seconds(1);
        self.store.replace_target(&old, &new).await.unwrap();
        self.hand.pass(11);
    }

    /// A sender, as a new process has it.
    pub fn sender<C: Connector>(
        &self,
        function: &'static str,
        make: impl FnOnce(Connections) -> C,
    ) -> Engine<C> {
        let clock = self.hand.clock();
        let secrets = SecretCache::with_clock(self.amazon.aws.secrets(), TTL, clock.clone());
        let cache = Cache::new(&self.amazon.engine.config, bridge_engine::CACHE.parse().unwrap());
        Engine::new(Parts {
            function,
            store: self.store.clone(),
            gatekeeper: Gatekeeper::new(cache, clock.clone()),
            connector: make(Connections::new(Vault::new(secrets, PREFIX.to_owned()))),
            clock,
            output: self.output.clone(),
        })
    }

    async fn routes(&self, tenant: &str) -> Vec<Route> {
        let (_, targets) = self.store.tenant_with_targets(&tenant.parse().unwrap()).await.unwrap().unwrap();
        Route::to_all(&targets)
    }

    /// Takes an alert in as alert-ingest does.
    pub async fn take(&self, alert: Alert) -> Upserted {
        let routes = self.routes(alert.tenant.as_str()).await;
        let change = Change { origin: &Origin::Siem, routes: &routes, now: self.hand.now() };
        let stored = self.store.upsert(alert, change).await.unwrap();
        self.dispatcher.send(&stored.queue).await;
        stored.what
    }

    /// Closes an alert as alert-close does, for the holder of a token.
    pub async fn close(&self, alert: &str, reason: Reason, token: &str) -> Vec<Queued> {
        let head = self.store.alert_head(&alert.parse().unwrap()).await.unwrap().unwrap();
        let routes = self.routes(head.tenant.as_str()).await;
        let origin = Origin::Token(token.parse::<TokenId>().unwrap());
        let change = Change { origin: &origin, routes: &routes, now: self.hand.now() };
        let Closed::Now(queue) = self.store.close(head, reason, change).await.unwrap() else {
            return Vec::new();
        };
        self.dispatcher.send(&queue).await;
        queue
    }

    /// Brings what was queued into the letters of a sender.
    pub fn collect(&self, post: &mut Post) {
        for queue in [RVISION_QUEUE, KUMA_QUEUE] {
            for body in self.amazon.drain(queue) {
                let message: Message = serde_json::from_str(&body).unwrap();
                post.letters.push(crate::Letter { message, visible: self.hand.now(), receives: 0 });
            }
        }
    }

    /// Runs the sweeper once.
    pub async fn sweep(&self) -> Swept {
        sweep(&self.store, &self.dispatcher, || self.hand.now(), || true).await.unwrap()
    }

    /// Lets time pass up to `span`: the sender works as soon as there is something to do, the sweeper in
    /// its period. Ends before its time when there is nothing left to do.
    pub async fn run<C: Connector>(&self, post: &mut Post, engine: &Engine<C>, span: Duration) {
        let end = self.hand.now().plus(span);
        let mut next_sweep = self.hand.now();
        loop {
            if self.hand.now() >= next_sweep {
                self.sweep().await;
                next_sweep = self.hand.now().plus_seconds(SWEEPS);
            }
            self.collect(post);
            post.work(engine, || self.hand.now()).await;
            self.collect(post);
            let next = post.next().unwrap_or(next_sweep).min(next_sweep);
            if next > end || (post.letters.is_empty() && !self.owes().await) {
                return self.hand.reach(end.min(next.max(self.hand.now())));
            }
            self.hand.reach(next);
        }
    }

    /// Whether the sweeper would find something, sooner or later.
    async fn owes(&self) -> bool {
        for shard in 0..bridge_store::keys::SHARDS {
            if !self.store.overdue(shard, Timestamp::MAX, 1).await.unwrap().is_empty() {
                return true;
            }
        }
        false
    }

    /// Works until nothing is owed any more; fails when that takes longer than a day.
    pub async fn settle<C: Connector>(&self, post: &mut Post, engine: &Engine<C>) {
        self.run(post, engine, Duration::from_hours(25)).await;
        assert!(!self.owes().await && post.letters.is_empty(), "something is left to do: {post:?}");
    }

    /// The outbox of an alert.
    pub async fn outbox(&self, alert: &str) -> Outbox {
        self.store.found(&alert.parse::<AlertId>().unwrap()).await.unwrap().unwrap().outbox().unwrap()
    }

    /// What a target has of an alert.
    pub async fn delivery(&self, alert: &str, target: &TargetId) -> Delivery {
        self.outbox(alert).await.delivery(target).unwrap().clone()
    }
}

/// An alert whose last event was so many seconds after 9:30. `more` adds members or replaces them.
#[must_use]
pub fn alert(id: &str, seconds: i64, more: &Value) -> Alert {
    let last: Timestamp = "2026-11-20T09:30:00Z".parse().unwrap();
    let last = last.plus_seconds(seconds);
    let mut alert = json!({
        "id": id, "tenantID": TENANT, "name": format!("Alert {id}"), "priority": "high", "status": "new",
        "firstSeen": "2026-11-20T09:30:00Z", "lastSeen": last.to_string(),
        "events": [{"ID": "1", "Timestamp": 1, "Name": "Login", "Raw": "canary"}],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        alert[name] = value.clone();
    }
    intake::read(alert.to_string().as_bytes(), None, last).unwrap().remove(0).unwrap()
}

fn target(id: &str, kind: &str, simulator: &Running) -> Value {
    json!({
        "id": id, "tenantID": TENANT, "name": id, "disabled": false,
        "created": "2026-11-20T09:30:00Z", "updated": "2026-11-20T09:30:00Z",
        "kind": kind, "url": simulator.url, "secretID": format!("{id}-token"),
        "certificateSecretID": format!("{id}-ca"), "timeoutSeconds": 1, "requestsPerSecond": 100,
        "alertIDField": "ALERT_ID", "alertURLField": "ALERT_URL", "sendClose": true,
    })
}

fn with(mut target: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().into_iter().flatten() {
        target[name] = value.clone();
    }
    target
}

/// Settings of a target that is an R-Vision simulator as it is without configuration.
#[must_use]
pub fn rvision_target(id: &str, simulator: &Running, more: &Value) -> Value {
    let settings = json!({
        "category": "Инцидент KUMA", "eventFields": ["Name"], "closedStatus": "Закрыт", "fields": {},
        "severity": {"low": "Низкий", "medium": "Средний", "high": "Высокий", "critical": "Критический"},
        "sendAlerts": true, "sendChanges": true, "acceptClose": true,
    });
    with(with(target(id, "r-vision", simulator), &settings), more)
}

/// Settings of a target that is a KUMA simulator.
#[must_use]
pub fn kuma_target(id: &str, simulator: &Running, more: &Value) -> Value {
    let settings = json!({"acceptPush": true, "pull": true, "pullIntervalSeconds": 60});
    with(with(target(id, "kuma-core", simulator), &settings), more)
}
