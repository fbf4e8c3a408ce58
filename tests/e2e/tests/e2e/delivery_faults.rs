//! Faults of an R-Vision, as the deployed stack lives through them.
//!
//! Most of the time is waiting for delays that grow, so what can wait at once is one test.

use std::sync::Arc;

use aws_sdk_sqs::Client;
use bridge_e2e::Logs;
use bridge_runtime::aws::Aws;
use serde_json::{Value, json};

use crate::{
    alerts::{alert, text, with},
    irp::{Irp, detail},
    kuma_core::eventually,
    tenant::Tenant,
    vault,
    world::{User, World},
};

/// Stands in everything personal or secret.
const MARK: &str = "canary-of-faults";

/// A tenant with one R-Vision, and an alert that was posted to it.
struct Case {
    tenant: Tenant,
    user: User,
    irp: Irp,
    id: String,
}

impl Case {
    /// The alert is posted once these faults are in force.
    async fn new(world: &Arc<World>, changes: Value, faults: Value) -> Self {
        let case = Self::before(world, changes).await;
        case.irp.fault(faults).await;
        case.posted().await
    }

    async fn before(world: &Arc<World>, changes: Value) -> Self {
        let tenant = Tenant::on(world).await;
        let irp = Irp::new(&tenant, changes).await;
        Self { user: tenant.analyst().await, tenant, irp, id: String::new() }
    }

    async fn posted(mut self) -> Self {
        let event = json!({"ID": "e1", "DeviceVendor": MARK, "SourceUserName": MARK, "Timestamp": 1_714_989_600_000_i64});
        let posted = with(
            &alert(&self.tenant),
            json!({"name": MARK, "assignee": MARK, "events": [event], "affectedAccounts": [{"displayName": MARK}]}),
        );
        self.user.ingest(&posted).await.expect(202);
        text(&posted, "id").clone_into(&mut self.id);
        self
    }

    async fn delivered(&self) -> Value {
        let shown = self.irp.delivered(&self.user, &self.id).await;
        assert_eq!((&shown["attempts"], &shown["lastError"]), (&json!(0), &json!(null)));
        self.irp.incident(&self.id, |_| true).await
    }

    /// Every write that was asked for: its time, status and whether it was done.
    async fn writes(&self) -> Vec<Value> {
        let history = self.irp.vision.control.history().await.unwrap();
        history.into_iter().filter(|call| call["method"] == "POST").collect()
    }
}

/// Out of service, then a fault of its own, then fine. After a 500 to a write nobody knows whether
/// it was done: a minute passes before the next one.
async fn fails_twice(world: &Arc<World>) {
    let faults = json!([
        {"fault": "status", "status": 503, "times": 1, "error": MARK, "method": "POST"},
        {"fault": "status", "status": 500, "times": 1, "error": MARK, "method": "POST"},
    ]);
    let case = Case::new(world, json!({}), faults).await;
    let fails = |delivery: &Value| delivery["lastError"].as_str().is_some_and(|error| error.contains("500"));
    let failing = case.irp.delivery(&case.user, &case.id, fails).await;
    assert!(failing["nextAttempt"].is_string() && failing["waitingSince"].is_string(), "{failing}");
    case.delivered().await;
    assert_eq!(case.writes().await.len(), 3);
}

/// 429: nothing is asked before the time is up, also for other alerts.
async fn slows_down(world: &Arc<World>) {
    let faults = json!({"fault": "status", "status": 429, "retryAfter": 8, "times": 1, "method": "POST"});
    let case = Case::new(world, json!({}), faults).await;
    case.irp
        .delivery(&case.user, &case.id, |delivery| {
            delivery["attempts"] == 1 && delivery["state"] == "retrying"
        })
        .await;
    let another = alert(&case.tenant);
    case.user.ingest(&another).await.expect(202);
    case.irp.incident(text(&another, "id"), |_| true).await;
    case.delivered().await;
    let history = case.irp.vision.control.history().await.unwrap();
    let refused = history.iter().position(|call| call["status"] == 429).unwrap();
    let next = history.get(refused + 1).unwrap();
    assert!(seconds(&history[refused], next) >= 8.0, "{history:?}");
}

/// Time between two requests.
fn seconds(from: &Value, to: &Value) -> f64 {
    let [from, to] = [from, to].map(|call| text(call, "at").parse::<bridge_domain::Timestamp>().unwrap());
    from.until(to).as_secs_f64()
}

/// The incident was made and nobody was told: it is found again.
async fn forgets_to_answer(world: &Arc<World>, fault: &str) {
    let case = Case::new(world, json!({}), json!({"fault": fault, "times": 1, "method": "POST"})).await;
    let incident = case.delivered().await;
    let kinds: Vec<&str> =
        incident["writes"].as_array().unwrap().iter().map(|one| text(one, "kind")).collect();
    assert_eq!(kinds, ["create", "update"], "{fault}");
}

/// 200 with an error in it is a failure, and at last a dead letter with its reason.
async fn says_yes_and_means_no(world: &Arc<World>) {
    let case =
        Case::new(world, json!({}), json!({"fault": "error_body", "error": MARK, "method": "POST"})).await;
    let failing = case.irp.delivery(&case.user, &case.id, |delivery| delivery["state"] == "retrying").await;
    let error = text(&failing, "lastError").to_owned();
    assert!(error.contains("R-Vision refuses the request") && !error.contains(MARK), "{failing}");
    let failed = case.irp.delivery(&case.user, &case.id, |delivery| delivery["state"] == "failed").await;
    assert_eq!((&failed["attempts"], &failed["nextAttempt"]), (&json!(5), &json!(null)));
    let whole = detail(&case.user, &case.id).await;
    let last = whole["changeLog"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["event"], &last["targetID"]), (&json!("gaveUp"), &json!(case.irp.id)));
    let reason = dead_letter(&case).await;
    assert!(reason.contains("R-Vision refuses the request"), "{reason}");
    assert!(case.irp.incidents(&case.id).await.is_empty());

    // What is new is tried again.
    case.irp.vision.control.clear_faults().await.unwrap();
    case.user.close(&case.id, "responded").await.expect(204);
    assert_eq!(case.delivered().await["closed"], true);
}

/// The reason that a dead letter gives for a delivery.
async fn dead_letter(case: &Case) -> String {
    let client: Client = Aws::load().await.sqs();
    let queue = &case.user.world.stack.rvision_dead_queue;
    eventually("the dead letter", || async {
        let receive =
            client.receive_message().queue_url(queue).max_number_of_messages(10).visibility_timeout(0);
        let answer = receive.message_attribute_names("All").send().await.unwrap();
        let all = answer.messages.unwrap_or_default();
        let ours = |text: &str| text.contains(&case.id) && text.contains(&case.irp.id);
        let found = all.iter().find(|message| message.body.as_deref().is_some_and(ours))?;
        found.message_attributes.as_ref()?.get("reason")?.string_value.clone()
    })
    .await
}

/// A wrong token is waited out, and the right one is used once it is there.
async fn gets_another_token(world: &Arc<World>) {
    let case = Case::before(world, json!({})).await;
    let fresh = format!("{MARK}-token-{}", crate::alerts::uuid());
    case.irp.vision.control.configure(&json!({"token": fresh})).await.unwrap();
    let case = case.posted().await;
    let failing = case.irp.delivery(&case.user, &case.id, |delivery| delivery["state"] == "retrying").await;
    assert!(!text(&failing, "lastError").contains(MARK), "{failing}");
    let change = json!({"name": format!("Rotated {}", crate::alerts::uuid()), "value": {"token": fresh}});
    case.tenant.admin.put(&vault::place(&case.irp.secret), &change).await.expect(200);
    case.delivered().await;
}

/// One that does not answer is left after the time-out, and found again.
async fn hangs(world: &Arc<World>) {
    let faults = json!({"fault": "hang", "times": 1, "method": "GET"});
    let case = Case::new(world, json!({"timeoutSeconds": 1}), faults).await;
    case.delivered().await;
}

#[tokio::test]
async fn an_r_vision_that_fails_gets_everything_once_and_no_log_says_what() {
    let world = World::new();
    let logs = Logs::new(&world.stack);
    tokio::join!(
        fails_twice(&world),
        slows_down(&world),
        forgets_to_answer(&world, "reset_after_effect"),
        forgets_to_answer(&world, "truncate"),
        forgets_to_answer(&world, "status_after_effect"),
        says_yes_and_means_no(&world),
        gets_another_token(&world),
        hangs(&world),
    );
    let mut seen = 0;
    for function in ["rvision-send", "kuma-send", "alert-ingest", "alert-search", "settings", "sweeper"] {
        for line in logs.read(function).await {
            seen += usize::from(line.contains("delivery"));
            for secret in [MARK, "rvision-canary", &world.stack.admin_token] {
                assert!(!line.contains(secret), "{function}: {line:.1000}");
            }
        }
    }
    assert!(seen > 10, "these are not the logs");
}
