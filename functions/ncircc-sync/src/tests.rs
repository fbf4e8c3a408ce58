//! The function as it is, against NCIRCC's account over TLS and tables in a real engine.

mod comments;
mod crash;
mod faults;
mod many;
mod notices;
mod statuses;

use std::{collections::BTreeMap, sync::Arc};

use bridge_connect::{Connector, Vault};
use bridge_domain::{
    CallError, Timestamp,
    incident::{Incident, Report, ReportState},
    ncircc::settings::Settings,
    outbox::{Change, Origin},
};
use bridge_runtime::{
    deadline::Deadline,
    schedule::Run,
    secrets::{SecretCache, TTL},
};
use bridge_simulators::{Ncircc, Options, Running};
use bridge_store::Store;
use bridge_world::{PREFIX, World};
use serde_json::{Value, json};

use crate::{app::App, handler};

/// Half an hour before the clock's first time.
const EARLY: &str = "2026-11-20T09:30:00.000Z";
/// Between two runs, in seconds.
const PERIOD: i64 = 300;

/// A bridge that is connected with an account.
struct Bench {
    world: World,
    there: Running,
    settings: Settings,
    app: Arc<App>,
}

impl Bench {
    async fn start() -> Self {
        Self::with(json!({})).await
    }

    /// `more` replaces settings.
    async fn with(more: Value) -> Self {
        let (world, there) = (World::start().await, Ncircc::start(Options::default()).await.unwrap());
        let settings = world.join_ncircc(&there, &more).await;
        let app = app(&world);
        Self { world, there, settings, app }
    }

    /// The function's process is another one from now on.
    fn restart(&mut self) {
        self.app = app(&self.world);
    }

    /// What is to happen at a run that has so many seconds.
    fn run_of(&self, seconds: i64) -> impl Future<Output = Result<(), CallError>> + use<> {
        let now = self.world.hand.now();
        let run = Run { now, deadline: Deadline::at(now.plus_seconds(seconds)), request_id: "r".to_owned() };
        let app = Arc::clone(&self.app);
        async move { handler::handle(app, run).await.map(drop) }
    }

    /// One run, and the time until the next one.
    async fn run(&self) {
        self.run_of(240).await.unwrap();
        self.world.hand.pass(PERIOD);
    }

    async fn act(&self, act: Value) -> Value {
        self.there.control.act(&act).await.unwrap()
    }

    /// So many registered notifications, last changed at `at`.
    async fn many(&self, count: usize, at: &str) -> Vec<String> {
        let made = self.act(json!({"act": "many", "count": count, "at": at})).await;
        serde_json::from_value(made["uuids"].clone()).unwrap()
    }

    async fn status(&self, uuid: &str, status: &str, at: &str) {
        self.act(json!({"act": "status", "uuid": uuid, "status": status, "at": at})).await;
    }

    /// An incident that was exported as this notification, of which no more is known.
    async fn exported(&self, id: &str, uuid: &str) {
        let now = self.world.hand.now();
        let mut report = Report::new(ReportState::Exported);
        uuid.clone_into(&mut report.uuid);
        let incident = json!({
            "id": id, "tenantID": bridge_world::TENANT, "name": id, "priority": "high", "description": "",
            "category": null, "type": null, "status": "open", "resolution": null, "assignee": "",
            "alertIDs": [], "assetIDs": [], "accountIDs": [], "firstSeen": now, "lastSeen": now,
            "created": now, "updated": now, "closed": null, "report": report,
        });
        let incident: Incident = serde_json::from_value(incident).unwrap();
        let change = Change { origin: &Origin::Siem, routes: &[], now };
        self.world.store.create_incident(&incident, &[], Some(uuid), change).await.unwrap();
    }

    /// Incidents for all of these, `INC-0` and so on.
    async fn exported_all(&self, uuids: &[String]) {
        for (n, uuid) in uuids.iter().enumerate() {
            self.exported(&format!("INC-{n}"), uuid).await;
        }
    }

    async fn incident(&self, id: &str) -> Option<Incident> {
        self.world.store.incident(&id.parse().unwrap()).await.unwrap().map(|found| found.value)
    }

    async fn report(&self, id: &str) -> Report {
        self.incident(id).await.unwrap().report.unwrap()
    }

    /// Comments on an incident: id, who said it, text.
    async fn comments(&self, id: &str) -> Vec<(String, String, String)> {
        let comments = self.world.store.comments(&id.parse().unwrap(), None, 1_000).await.unwrap();
        let word = |speaker| serde_json::to_value(speaker).unwrap().as_str().unwrap().to_owned();
        comments.into_iter().map(|comment| (comment.id, word(comment.from), comment.text)).collect()
    }

    async fn mark(&self) -> bridge_domain::ncircc::sync::Mark {
        self.world.store.ncircc_mark().await.unwrap().map(|mark| mark.value).unwrap_or_default()
    }

    /// Every incident of these says what the account says: number, status and time.
    async fn assert_in_step(&self, uuids: &[String]) {
        let state = self.there.control.state().await.unwrap();
        let cards: BTreeMap<&str, &Value> = state["notifications"]
            .as_array()
            .unwrap()
            .iter()
            .map(|card| (card["uuid"].as_str().unwrap(), card))
            .collect();
        let known = self.world.store.incidents_of(uuids).await.unwrap();
        assert_eq!(known.len(), uuids.len());
        let ids: Vec<_> = known.iter().map(|(_, id)| id.clone()).collect();
        for found in self.world.store.incidents_by_id(&ids).await.unwrap() {
            let report = found.value.report.unwrap();
            let card = cards[report.uuid.as_str()];
            let told =
                [&card["number"], &card["status"], &card["updated"]].map(|text| text.as_str().unwrap());
            assert_eq!([&*report.number, &*report.status, &*report.updated], told, "{}", found.value.id);
        }
    }

    /// How often the account was called, by path.
    async fn calls(&self) -> usize {
        self.there.control.history().await.unwrap().len()
    }
}

/// A new process.
fn app(world: &World) -> Arc<App> {
    let clock = world.hand.clock();
    let secrets = SecretCache::with_clock(world.amazon.aws.secrets(), TTL, clock.clone());
    Arc::new(App {
        store: Store::new(world.amazon.aws.config(), bridge_engine::STATE.parse().unwrap()),
        connector: Connector::new(Vault::new(secrets, PREFIX.to_owned())),
        clock,
    })
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
