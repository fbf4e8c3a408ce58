//! The function in one process with a bridge's tables and queues.

use std::{collections::BTreeMap, sync::Arc};

use bridge_domain::{
    IncidentId, RowId,
    incident::{Incident, Report, ReportState},
    ledger::{Claim, Outcome},
    ncircc::{errand::Row, settings::Settings},
    outbox::{Change, Origin},
    secret::Secret,
    vault::Value as SecretValue,
};
use bridge_reporting::Message;
use bridge_runtime::{
    config::{Env, load_from},
    deadline::Deadline,
    http::{Answer, HttpError, Request},
};
use bridge_store::Revised;
use bridge_world::{TENANT, World};
use http::{
    HeaderMap, HeaderValue, Method,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde_json::{Value, json};

use crate::{
    app::{App, Config},
    handler::handle,
};

mod answers;
mod crash;
mod export;
mod resolve;
mod samples;
mod supplement;

const QUEUE: &str = "http://queues/ncircc";
pub(crate) const EXPORT: &str = "POST /bridge/v1/incidents/{id}/export";
pub(crate) const SHOW: &str = "GET /bridge/v1/incidents/{id}/export";
pub(crate) const RESOLVE: &str = "POST /bridge/v1/incidents/{id}/export/resolve";
pub(crate) const SUPPLEMENT: &str = "POST /bridge/v1/incidents/{id}/export/supplement";
pub(crate) const COMMENT: &str = "POST /bridge/v1/incidents/{id}/export/comments";
pub(crate) const DECISION: &str = "POST /bridge/v1/incidents/{id}/decision";

/// A bridge whose tenant may export.
pub(crate) struct Bridge {
    pub(crate) world: World,
    pub(crate) app: Arc<App>,
}

impl Bridge {
    pub(crate) async fn new() -> Self {
        let bridge = Self::without_settings().await;
        bridge.configure(json!({})).await;
        bridge
    }

    pub(crate) async fn without_settings() -> Self {
        let world = World::start().await;
        world.amazon.put_secret("admin", "first-token");
        let app = process(&world).await;
        let token = SecretValue::Token(Secret::new("token".to_owned()));
        world.add_secret(TENANT, "ncircc-token", &token).await;
        Self { world, app }
    }

    /// Sets the connection up, with some settings of its own.
    pub(crate) async fn configure(&self, changes: Value) {
        let mut settings = json!({
            "enabled": true, "url": "https://localhost:9", "tenantID": TENANT,
            "tokenSecretID": {"tenantID": TENANT, "id": "ncircc-token"}, "companyScope": "Communication",
            "companyName": "Ромашка", "location": "RU-MOW", "timeoutSeconds": 5, "requestsPerSecond": 50,
            "exportTenantIDs": [TENANT], "allowVulnerabilityNotifications": false,
            "created": self.world.hand.now(), "updated": self.world.hand.now(),
        });
        settings.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let settings: Settings = serde_json::from_value(settings).unwrap();
        let old = self.world.store.ncircc_settings().await.unwrap();
        self.world.store.put_ncircc_settings(old.as_ref(), &settings).await.unwrap();
    }

    /// Makes an incident of these alerts, with some members of its own.
    pub(crate) async fn incident(&self, id: &str, changes: Value) -> IncidentId {
        let now = self.world.hand.now();
        let mut incident = json!({
            "id": id, "tenantID": TENANT, "name": "Вредоносное ПО", "priority": "high", "description": "",
            "status": "open", "assignee": "", "alertIDs": [], "assetIDs": [], "accountIDs": [],
            "firstSeen": "2026-11-19T09:00:00Z", "lastSeen": "2026-11-19T10:00:00Z", "created": now, "updated": now,
        });
        incident.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let incident: Incident = serde_json::from_value(incident).unwrap();
        let store = &self.world.store;
        let alerts = store.alerts_by_id(&incident.alerts).await.unwrap();
        let change = Change { origin: &Origin::Siem, routes: &[], now };
        store.create_incident(&incident, &alerts, None, change).await.unwrap();
        incident.id
    }

    /// An incident that was exported; `report` says what more is known of it.
    pub(crate) async fn exported(&self, id: &str, report: impl FnOnce(&mut Report)) -> IncidentId {
        let id = self.incident(id, json!({})).await;
        accepted(self.call(EXPORT, &id, &form()).await);
        let before = self.now(&id).await;
        let mut after = before.value.clone();
        let known = after.report.as_mut().unwrap();
        known.state = ReportState::Exported;
        known.uuid = format!("uuid-{id}");
        report(known);
        self.world.store.change_incident(&before, &after).await.unwrap();
        assert_eq!(self.queued().len(), 1);
        id
    }

    /// An incident that came from NCIRCC.
    pub(crate) async fn notice(&self) -> IncidentId {
        let report = json!({"state": ReportState::Notice, "uuid": "notice-1", "status": "Новое"});
        self.incident("ALRT-notice-1", json!({ "report": report })).await
    }

    pub(crate) async fn call(&self, route: &str, id: &IncidentId, body: &Value) -> Result<Answer, HttpError> {
        handle(Arc::clone(&self.app), request(&self.world, route, id, body)).await
    }

    pub(crate) async fn now(&self, id: &IncidentId) -> Revised<Incident> {
        self.world.store.incident(id).await.unwrap().unwrap()
    }

    pub(crate) async fn rows(&self, id: &IncidentId) -> Vec<Revised<Row>> {
        self.world.store.rows(id).await.unwrap()
    }

    pub(crate) async fn export_row(&self, id: &IncidentId) -> Revised<Row> {
        self.world.store.row(id, &RowId::export()).await.unwrap().unwrap()
    }

    /// What was queued since the last time.
    pub(crate) fn queued(&self) -> Vec<Message> {
        let bodies = self.world.amazon.drain(QUEUE);
        bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect()
    }

    /// Lets an attempt at a row end so.
    pub(crate) async fn attempted(&self, row: Revised<Row>, outcome: Outcome) -> Revised<Row> {
        let (now, mut ledger) = (self.world.hand.now(), row.value.ledger.clone());
        assert_eq!(ledger.claim("somebody", now), Claim::Send);
        assert!(ledger.answered("somebody", ledger.sends, &outcome, now));
        self.world.store.save_row(row, ledger).await.unwrap()
    }
}

/// The function as a new process has it.
pub(crate) async fn process(world: &World) -> Arc<App> {
    let env = Env::from_pairs([
        ("LOG_LEVEL", "info"),
        ("STATE_TABLE", "State"),
        ("ADMIN_TOKEN_SECRET", "admin"),
        ("NCIRCC_QUEUE", QUEUE),
    ]);
    let config = load_from(env, Config::read).map(|loaded| loaded.config).unwrap();
    Arc::new(App::connect(config, world.amazon.aws.clone()).await.unwrap())
}

pub(crate) fn request(world: &World, route: &str, id: &IncidentId, body: &Value) -> Request {
    let (method, path) = route.split_once(' ').unwrap();
    Request {
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        route: route.to_owned(),
        path: path.replace("{id}", id.as_str()),
        raw_query: String::new(),
        headers: HeaderMap::from_iter([
            (AUTHORIZATION, HeaderValue::from_static("Bearer first-token")),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ]),
        path_parameters: BTreeMap::from([("id".to_owned(), id.to_string())]),
        body: body.to_string().into_bytes(),
        correlation_id: "c".to_owned(),
        received: world.hand.now(),
        deadline: Deadline::from_epoch_millis(u64::MAX),
    }
}

/// What has to be filled in, and no more.
pub(crate) fn form() -> Value {
    json!({
        "type": "Malware infection", "affectedSystemName": "ERP",
        "affectedSystemCategory": "Information resource is not a CII object",
    })
}

/// The same with more.
pub(crate) fn form_with(more: &Value) -> Value {
    let mut form = form();
    form.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    form
}

pub(crate) fn status(answer: &Answer) -> String {
    format!("{answer:?}").chars().filter(char::is_ascii_digit).collect()
}

#[track_caller]
pub(crate) fn accepted(answer: Result<Answer, HttpError>) {
    assert_eq!(status(&answer.unwrap()), "202");
}

/// What a refusal says.
#[track_caller]
pub(crate) fn refused(answer: Result<Answer, HttpError>, code: u16) -> HttpError {
    let error = answer.map(|answer| status(&answer)).unwrap_err();
    assert_eq!(error.status.as_u16(), code, "{error}: {}", error.details);
    error
}

/// The fields that a refusal finds fault with, each with a rule and a remedy.
#[track_caller]
pub(crate) fn fields(error: &HttpError) -> Vec<&str> {
    let problems = error.details.as_array().unwrap();
    let text = |problem: &'_ Value, key: &str| !problem[key].as_str().unwrap().is_empty();
    assert!(
        problems.iter().all(|problem| text(problem, "rule") && text(problem, "fix")),
        "{}",
        error.details
    );
    problems.iter().map(|problem| problem["field"].as_str().unwrap()).collect()
}
