//! Imports that time is up for, and connections that are not there any more.

use bridge_domain::import::task::State;
use bridge_slapd::{Hostile, Script};

use super::*;

#[tokio::test]
async fn an_import_that_time_is_up_for_says_so_and_keeps_what_it_has() {
    let bench = Bench::start().await;
    // One entry, and then silence.
    let server = Hostile::start(Script::Stall).await.unwrap();
    bench.connect("c", server.port()).await;
    let message = bench.order("c").await;
    let parts = Parts { work_limit: Duration::from_millis(300), ..bench.parts() };
    Box::pin(handler::handle(&parts, &message, "runner")).await.unwrap();
    let task = bench.store().task(&message.task).await.unwrap().unwrap().value;
    assert_eq!(task.state, State::Failed);
    assert!(task.error.contains("time was up"), "{}", task.error);
    let line: Value = serde_json::from_str(parts.output.text().trim_end()).unwrap();
    assert_eq!((&line["code"], &line["ImportsFailed"]), (&json!("time"), &json!(1)), "{line}");
}

#[tokio::test]
async fn a_task_of_a_connection_that_is_gone_ends() {
    let bench = Bench::start().await;
    let server = Hostile::start(Script::Controller(objects(&[(1, "one")]))).await.unwrap();
    bench.connect("c", server.port()).await;
    bench.work(&bench.order("c").await).await;
    let late = bench.order("c").await;
    let imports = bench.store().imports(ImportKind::Ldap, &TENANT.parse().unwrap()).await.unwrap();
    let farewell = Order {
        kind: ImportKind::Ldap,
        tenant: TENANT.parse().unwrap(),
        connection: connection("c"),
        trigger: Trigger::Deleted { who: "somebody".to_owned() },
        confirmed: true,
    };
    let farewell = Task::new(TaskId::random(), farewell, bench.world.hand.now());
    let (over, kept) = (imports.settings.as_ref().unwrap(), imports.connection(&connection("c")).unwrap());
    bench.store().delete_connection(over, kept, &farewell).await.unwrap();

    let late = bench.work(&late).await;
    assert_eq!((late.state, late.error.as_str()), (State::Failed, "the connection was deleted"));
    let done = bench.work(&Message { task: farewell.id }).await;
    assert_eq!((done.state, done.counts.expiring), (State::Completed, 1));
    assert!(bench.account("c", [1; 16]).await.unwrap().expires.is_some());
    // What is done is done.
    assert_eq!(bench.work(&Message { task: done.id.clone() }).await, done);
}

#[tokio::test]
async fn a_secret_that_is_gone_is_named() {
    let bench = Bench::start().await;
    let server = Hostile::start(Script::Controller(objects(&[(1, "one")]))).await.unwrap();
    bench.connect("c", server.port()).await;
    let name = place(PREFIX, &TENANT.parse().unwrap(), &SECRET.parse().unwrap());
    let token = SecretValue::Token(Secret::new("canary".to_owned()));
    bench.world.amazon.put_secret(&name, token.render().expose());
    let task = bench.work(&bench.order("c").await).await;
    assert_eq!(task.state, State::Failed);
    assert!(task.error.contains("credentialsSecretID") && !task.error.contains("canary"), "{}", task.error);
}
