#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use bridge_domain::{
    import::{
        connection::Connection,
        engine::Counts,
        schedule::Schedule,
        task::{Ending, LEASE, State},
    },
    secret::Secret,
    vault::Value as SecretValue,
};
use bridge_runtime::config::{Env, load_from};
use bridge_world::{TENANT, World};
use serde_json::{Value, json};

use super::*;
use crate::{Message, Session};

const QUEUE: &str = "http://queues/ldap";
const HOUR: i64 = 3_600;

/// A world with connections that are imported every twelve hours.
struct Bench {
    world: World,
    queues: ImportQueues,
}

impl Bench {
    async fn start() -> Self {
        let world = World::start().await;
        let env = Env::from_pairs([("LOG_LEVEL", "info"), ("LDAP_QUEUE", QUEUE)]);
        let urls = load_from(env, ImportQueues::read).map(|loaded| loaded.config).unwrap();
        let reader = || Secret::new("reader".to_owned());
        world
            .add_secret(TENANT, "reader", &SecretValue::Credentials { user: reader(), password: reader() })
            .await;
        Self { queues: ImportQueues::new(world.amazon.aws.sqs(), urls), world }
    }

    fn store(&self) -> &Store {
        &self.world.store
    }

    async fn dispatch(&self) -> Dispatched {
        dispatch(self.store(), &self.queues, self.world.hand.now(), || true).await.unwrap()
    }

    /// What a dispatch did, how long ago aside.
    async fn did(&self) -> (u64, u64) {
        let done = self.dispatch().await;
        assert!(!done.cut_short);
        (done.started, done.requeued)
    }

    async fn imports(&self) -> Imports {
        self.store().imports(ImportKind::Ldap, &TENANT.parse().unwrap()).await.unwrap()
    }

    async fn connect(&self, id: &str) {
        let now = self.world.hand.now();
        let form: Value = json!({
            "kind": "ldap", "id": id, "tenantID": TENANT, "name": id, "urls": format!("{id}.corp.test:389"),
            "type": "insecure", "credentialsSecretID": "reader", "timeoutSeconds": 60, "baseDN": "DC=corp",
            "attributes": ["mail", "objectGUID"], "filter": "(cn=*)", "disabled": false,
            "created": now, "updated": now,
        });
        let connection: Connection = serde_json::from_value(form).unwrap();
        let settings = Settings::new(TENANT.parse().unwrap(), ImportKind::Ldap, now);
        let kept = Kept { connection, schedule: Schedule::saved(now) };
        let over = self.imports().await.settings;
        self.store().create_connection(over.as_ref(), &settings, &kept).await.unwrap();
    }

    /// The tasks whose messages are in the queue, as they are by now.
    async fn queued(&self) -> Vec<Task> {
        let mut tasks = Vec::new();
        for body in self.world.amazon.drain(QUEUE) {
            let message: Message = serde_json::from_str(&body).unwrap();
            tasks.push(self.store().task(&message.task).await.unwrap().unwrap().value);
        }
        tasks
    }

    /// Begins a task as a runner does.
    async fn begin(&self, task: &Task) -> Session {
        let (clock, store) = (self.world.hand.clock(), self.store().clone());
        Session::claim(store, clock, &task.id, "runner").await.unwrap().unwrap()
    }

    /// The tasks that were queued, which are run to their end.
    async fn run(&self) -> Vec<Task> {
        let tasks = self.queued().await;
        for task in &tasks {
            self.begin(task).await.finish(Ending::Completed, Counts::default()).await.unwrap();
        }
        tasks
    }
}

fn told(tasks: &[Task]) -> Vec<(&str, &Trigger)> {
    tasks.iter().map(|task| (task.connection.as_str(), &task.trigger)).collect()
}

#[tokio::test]
async fn a_connection_is_imported_when_it_is_saved_and_then_every_so_many_hours() {
    let bench = Bench::start().await;
    bench.connect("dc").await;
    assert_eq!(bench.did().await, (1, 0));
    assert_eq!(told(&bench.run().await), [("dc", &Trigger::Saved)]);
    bench.world.hand.pass(12 * HOUR - 1);
    assert_eq!(bench.did().await, (0, 0));
    bench.world.hand.pass(1);
    assert_eq!(bench.did().await, (1, 0));
    assert_eq!(told(&bench.run().await), [("dc", &Trigger::Schedule)]);
    assert_eq!(bench.did().await, (0, 0), "its slot is taken");
    // Two times were missed: that is one run, and the next comes when it would have come.
    bench.world.hand.pass(3 * 12 * HOUR + HOUR);
    let done = bench.dispatch().await;
    assert_eq!((done.started, done.oldest.as_secs()), (1, 25 * 3_600), "{done:?}");
    assert_eq!(bench.run().await.len(), 1);
    bench.world.hand.pass(11 * HOUR - 1);
    assert_eq!(bench.did().await, (0, 0));
    bench.world.hand.pass(1);
    assert_eq!(bench.did().await, (1, 0));
}

#[tokio::test]
async fn what_was_not_queued_is_queued_later_and_not_with_every_dispatch() {
    let bench = Bench::start().await;
    bench.connect("dc").await;
    bench.world.amazon.break_queues(true);
    assert_eq!(bench.did().await, (1, 0));
    assert_eq!(bench.queued().await, []);
    bench.world.hand.pass(GRACE);
    assert_eq!(bench.did().await, (0, 0), "the queues are still down");
    bench.world.amazon.break_queues(false);
    assert_eq!(bench.did().await, (0, 1));
    let queued = bench.queued().await;
    assert_eq!(told(&queued), [("dc", &Trigger::Saved)]);
    // Its message is on its way: it is put off.
    bench.world.hand.pass(60);
    assert_eq!(bench.did().await, (0, 0));
    // Nobody took that one either.
    bench.world.hand.pass(PUT_OFF + GRACE);
    assert_eq!(bench.did().await, (0, 1));
    assert_eq!(bench.queued().await.len(), 1);
}

#[tokio::test]
async fn a_run_that_vanished_is_queued_again_when_its_lease_is_over() {
    let bench = Bench::start().await;
    bench.connect("dc").await;
    bench.dispatch().await;
    let task = bench.queued().await.remove(0);
    drop(bench.begin(&task).await);
    let lease = i64::try_from(LEASE.as_secs()).unwrap();
    bench.world.hand.pass(lease + GRACE - 1);
    assert_eq!(bench.did().await, (0, 0), "it may still be alive, or its own message may come again");
    bench.world.hand.pass(1);
    assert_eq!(bench.did().await, (0, 1));
    let again = bench.queued().await;
    assert_eq!((again.len(), &again[0].id, again[0].state), (1, &task.id, State::Running));
}

#[tokio::test]
async fn without_time_the_rest_is_left_to_the_next_dispatch() {
    let bench = Bench::start().await;
    for id in ["a", "b", "c"] {
        bench.connect(id).await;
        bench.world.hand.pass(1);
    }
    let left = std::cell::Cell::new(2);
    let time_left = || left.replace(left.get() - 1) > 0;
    let done = dispatch(bench.store(), &bench.queues, bench.world.hand.now(), time_left).await.unwrap();
    assert_eq!((done.started, done.cut_short, done.oldest.as_secs()), (2, true, 3));
    assert_eq!(told(&bench.queued().await), [("a", &Trigger::Saved), ("b", &Trigger::Saved)]);
    assert_eq!(bench.did().await, (1, 0));
    assert_eq!(told(&bench.queued().await), [("c", &Trigger::Saved)]);
}

#[tokio::test]
async fn of_many_dispatches_at_once_one_starts_an_import() {
    let bench = Bench::start().await;
    bench.connect("dc").await;
    let all = tokio::join!(bench.dispatch(), bench.dispatch(), bench.dispatch());
    assert_eq!(all.0.started + all.1.started + all.2.started, 1);
    assert_eq!(bench.queued().await.len(), 1);
}
