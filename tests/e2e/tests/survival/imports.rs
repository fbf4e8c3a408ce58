//! An import whose process dies.

use std::time::{Duration, Instant};

use bridge_domain::TaskId;
use bridge_e2e::{Run, invoke};
use bridge_harness::Stack;
use bridge_runtime::aws::Aws;
use bridge_slapd::{Slapd, SlapdOptions};
use bridge_store::Store;
use serde_json::{Value, json};
use tokio::{process::Command, time::sleep};

use crate::{
    alerts::text,
    chaos::processes,
    ldap::{TASKS, at, connect, counted, counts, ended, first, form},
    tenant::Tenant,
};

const PATIENCE: Duration = Duration::from_mins(1);
/// Longer than a dispatch leaves to a task's own message, in seconds.
const OVERDUE: i64 = 180;

/// The task once it fits.
async fn task(tenant: &Tenant, id: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let task = tenant.admin.get(&format!("{TASKS}/{id}")).await.expect(200).json();
        if fits(&task) {
            return task;
        }
        assert!(begun.elapsed() < PATIENCE, "not in {PATIENCE:?}: {task}");
        sleep(Duration::from_millis(100)).await;
    }
}

/// Makes what is stored of a task as old as it is when its lease, or its delay, is long over.
async fn age(stack: &Stack, id: &str) {
    let store = Store::new(Aws::load().await.config(), stack.state_table.parse().unwrap());
    let id: TaskId = id.parse().unwrap();
    let turn = store.turn(&id).await.unwrap().unwrap();
    let (mut task, mut lane) = (turn.task.value.clone(), turn.lane.value.clone());
    task.next = task.next.map(|next| next.plus_seconds(-2 * OVERDUE));
    if let Some(holder) = &mut lane.holder {
        holder.until = holder.until.plus_seconds(-2 * OVERDUE);
    }
    store.save_turn(&turn, task, lane).await.unwrap();
}

async fn dispatch(stack: &Stack) {
    while invoke(stack, "refresh-dispatch", &json!({})).await != Run::Done {
        sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn an_import_whose_process_is_killed_is_run_again() {
    let tenant = Tenant::new().await;
    let (admin, stack) = (&tenant.admin, &tenant.admin.world.stack);
    let options = SlapdOptions { people: 700, settings: "sizelimit unlimited\n", ..SlapdOptions::default() };
    let server = Slapd::start(options).await.unwrap();
    let made = connect(admin, &form(&tenant, server.port()).await).await;
    assert_eq!(first(admin, &made).await["state"], "completed");

    // It waits for the directory when it is killed.
    server.freeze().await.unwrap();
    let ordered = admin.post(&format!("{}/import", at(&made)), &json!({})).await.expect(202).array();
    let id = text(&ordered[0], "id");
    task(&tenant, id, |task| task["state"] == "running").await;
    let runners = processes(stack, &["ldap-refresh"]);
    assert!(!runners.is_empty(), "nobody runs the import");
    for runner in runners {
        assert!(
            Command::new("kill").args(["-s", "KILL", &runner.to_string()]).status().await.unwrap().success()
        );
    }
    server.thaw().await.unwrap();

    age(stack, id).await;
    dispatch(stack).await;
    let tried = task(&tenant, id, |task| task["state"] == "queued").await;
    assert!(text(&tried, "error").contains("stopped without a word"), "{tried}");
    // Its next attempt waits a minute.
    age(stack, id).await;
    dispatch(stack).await;
    let done = ended(admin, id).await;
    assert_eq!((&done["state"], &done["attempt"]), (&json!("completed"), &json!(2)), "{done}");
    assert_eq!(counted(&done), counts(&[("seen", 700), ("unchanged", 700)]), "{done}");
    assert!(done.get("error").is_none(), "{done}");
}
