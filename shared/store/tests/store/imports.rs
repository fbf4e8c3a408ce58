//! Connections under the settings of their tenant, and the tasks and lanes of their runs.

use std::time::Duration;

use bridge_domain::{
    ConnectionId, TaskId, Timestamp,
    access::Grants,
    import::{
        ImportKind,
        connection::{Connection, Kept},
        schedule::Schedule,
        settings::Settings,
        task::{Claim, Ending, LEASE, Order, State, Task, Trigger, search::Search},
    },
    query::Query,
    vault::{Entry, Kind, User},
};
use bridge_store::{ImportConflict, Imports, Revised, Store};
use futures_util::future::join_all;
use serde_json::json;

use crate::{
    support::{Engine, analyst_of},
    vault::entry,
};

const LDAP: ImportKind = ImportKind::Ldap;
const HOUR: i64 = 3_600;

fn at(seconds: i64) -> Timestamp {
    Timestamp::MIN.plus_seconds(seconds)
}

fn plain(tenant: &str) -> Settings {
    Settings::new(tenant.parse().unwrap(), LDAP, at(0))
}

/// A connection that was saved at second 10.
fn kept(id: &str, tenant: &str, secret: &str) -> Kept {
    let text = json!({
        "kind": "ldap", "id": id, "tenantID": tenant, "name": id, "urls": "dc:389", "type": "insecure",
        "credentialsSecretID": secret, "timeoutSeconds": 30, "baseDN": "DC=x", "attributes": ["objectGUID"],
        "filter": "(cn=*)", "disabled": false, "created": at(10), "updated": at(10),
    });
    let connection: Connection = serde_json::from_value(text).unwrap();
    Kept { connection, schedule: Schedule::saved(at(10)) }
}

fn task(id: &str, kept: &Kept, queued: i64) -> Task {
    let order = Order {
        kind: LDAP,
        tenant: kept.connection.tenant().clone(),
        connection: kept.connection.id().clone(),
        trigger: Trigger::Schedule,
        confirmed: false,
    };
    Task::new(id.parse().unwrap(), order, at(queued))
}

async fn secret(store: &Store, id: &str, tenant: &str) -> Entry {
    let secret = entry(id, tenant, Kind::Credentials);
    store.create_secret(&secret).await.unwrap();
    secret
}

async fn imports(store: &Store, tenant: &str) -> Imports {
    store.imports(LDAP, &tenant.parse().unwrap()).await.unwrap()
}

/// Settings of `t`, and connection `c` under them.
async fn made(store: &Store) -> (Revised<Settings>, Revised<Kept>) {
    secret(store, "s", "t").await;
    store.create_connection(None, &plain("t"), &kept("c", "t", "s")).await.unwrap();
    let Imports { settings, mut connections } = imports(store, "t").await;
    (settings.unwrap(), connections.pop().unwrap())
}

async fn due(store: &Store, now: i64) -> Vec<(ConnectionId, Timestamp)> {
    let due = store.due_connections(at(now), 100).await.unwrap();
    due.into_iter().map(|(_, _, id, since)| (id, since)).collect()
}

fn id(text: &str) -> ConnectionId {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_connection_is_made_replaced_and_deleted_with_its_settings_and_secrets() {
    let engine = Engine::start().await;
    let store = &engine.store;
    let (over, first) = made(store).await;
    assert_eq!(
        (over.value.clone(), over.revision, first.value.clone()),
        (plain("t"), 1, kept("c", "t", "s"))
    );
    assert_eq!(store.connection_place(&id("c")).await.unwrap(), Some((LDAP, "t".parse().unwrap())));
    let used = store.secret(&"s".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(used.value.used_by, [User::Connection(id("c"))].into());

    // Whoever saw the settings before somebody else wrote a connection under them is refused.
    secret(store, "s2", "t").await;
    store.replace_connection(&over, &first, &kept("c", "t", "s2")).await.unwrap();
    let stale = store.create_connection(Some(&over), &over.value, &kept("d", "t", "s2")).await;
    assert_eq!(stale, Err(ImportConflict::Changed));
    let now = imports(store, "t").await;
    let (over, second) = (now.settings.unwrap(), now.connections[0].clone());
    assert_eq!((over.revision, second.revision, second.value), (2, 2, kept("c", "t", "s2")));
    for (name, count) in [("s", 0), ("s2", 1)] {
        let entry = store.secret(&name.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(entry.value.used_by.len(), count, "{name}");
    }
    let gone = store.create_connection(Some(&over), &over.value, &kept("d", "t", "gone")).await;
    assert_eq!(gone, Err(ImportConflict::Secret("gone".parse().unwrap())));
    assert_eq!(
        store.delete_import_settings(LDAP, &Revised { revision: 1, ..over.clone() }).await,
        Err(ImportConflict::Changed)
    );

    let second = imports(store, "t").await.connections.remove(0);
    store.delete_connection(&over, &second, &task("farewell", &second.value, 20)).await.unwrap();
    let left = imports(store, "t").await;
    assert!(left.connections.is_empty() && store.connection_place(&id("c")).await.unwrap().is_none());
    assert_eq!(store.task(&"farewell".parse().unwrap()).await.unwrap().unwrap().value.state, State::Queued);
    let free = store.secret(&"s2".parse().unwrap()).await.unwrap().unwrap();
    store.delete_secret(&free).await.unwrap();
    store.delete_import_settings(LDAP, &left.settings.unwrap()).await.unwrap();
    assert_eq!(imports(store, "t").await, Imports::default());
}

#[tokio::test]
async fn of_connections_made_at_once_one_is_made() {
    let engine = Engine::start().await;
    let store = &engine.store;
    secret(store, "s", "t").await;
    let all: Vec<Kept> = (0..8).map(|number| kept(&format!("c{number}"), "t", "s")).collect();
    let settings = plain("t");
    let made = join_all(all.iter().map(|new| store.create_connection(None, &settings, new))).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1, "{made:?}");
    assert_eq!(imports(store, "t").await.connections.len(), 1);
}

#[tokio::test]
async fn a_slot_is_taken_once_and_its_task_ordered_with_it() {
    let engine = Engine::start().await;
    let store = &engine.store;
    let (over, kept) = made(store).await;
    assert_eq!(due(store, 9).await, []);
    assert_eq!(due(store, 10).await, [(id("c"), at(10))]);
    let taken = kept.value.take(&over.value, at(11)).unwrap();
    let tasks: Vec<Task> = (0..4).map(|number| task(&format!("t{number}"), &kept.value, 11)).collect();
    let results = join_all(tasks.iter().map(|task| store.take_slot(&over, &kept, taken, task))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    assert_eq!(store.overdue_tasks(at(11), 10).await.unwrap().len(), 1);
    assert_eq!(due(store, 12 * HOUR).await, []);
    assert_eq!(due(store, 12 * HOUR + 10).await, [(id("c"), at(12 * HOUR + 10))]);
    // What users see of the connection did not change.
    assert_eq!(imports(store, "t").await.connections[0].revision, kept.revision);
}

#[tokio::test]
async fn new_settings_move_what_is_due() {
    let engine = Engine::start().await;
    let store = &engine.store;
    let (over, first) = made(store).await;
    let taken = first.value.take(&over.value, at(11)).unwrap();
    store.take_slot(&over, &first, taken, &task("a", &first.value, 11)).await.unwrap();
    // Another name does not put back a slot that was taken meanwhile; what runs otherwise is due at once.
    let same = store.replace_connection(&over, &first, &first.value).await;
    assert_eq!(same, Err(ImportConflict::Changed));
    let anew = Kept { schedule: Schedule::saved(at(12)), ..first.value.clone() };
    store.replace_connection(&over, &first, &anew).await.unwrap();
    assert_eq!(due(store, 12).await, [(id("c"), at(12))]);
    let now = imports(store, "t").await;
    let (over, saved) = (now.settings.unwrap(), now.connections[0].clone());
    let taken = saved.value.take(&over.value, at(12)).unwrap();
    store.take_slot(&over, &saved, taken, &task("a2", &first.value, 12)).await.unwrap();
    let list = imports(store, "t").await.connections;

    let hourly = Settings { refresh_interval_hours: 1, ..over.value.clone() };
    assert_eq!(store.put_import_settings(LDAP, Some(&over), &hourly, &list).await, Ok(3));
    assert_eq!(due(store, HOUR + 12).await, [(id("c"), at(HOUR + 12))]);
    // A slot of the old settings is not taken under the new ones.
    let late = store.take_slot(&over, &list[0], taken, &task("b", &first.value, 12)).await;
    assert_eq!(late, Err(ImportConflict::Changed));
    let over = imports(store, "t").await.settings.unwrap();
    let off = Settings { disabled: true, ..hourly };
    store.put_import_settings(LDAP, Some(&over), &off, &list).await.unwrap();
    assert_eq!(due(store, 1_000 * HOUR).await, []);
    // Whoever did not see a slot that was taken meanwhile changes nothing.
    let over = imports(store, "t").await.settings.unwrap();
    let stale = store.put_import_settings(LDAP, Some(&over), &off, &[first]).await;
    assert_eq!(stale, Err(ImportConflict::Changed));
}

#[tokio::test]
async fn settings_are_listed_in_the_order_made() {
    let engine = Engine::start().await;
    let store = &engine.store;
    for (second, tenant) in ["b", "a", "c"].into_iter().enumerate() {
        let created = at(i64::try_from(second).unwrap());
        let settings = Settings { created, ..plain(tenant) };
        store.put_import_settings(LDAP, None, &settings, &[]).await.unwrap();
    }
    let listed = store.import_settings(LDAP, |tenant| tenant != "a", 0, 250).await.unwrap();
    let tenants: Vec<&str> = listed.iter().map(|one| one.value.tenant.as_str()).collect();
    assert_eq!(tenants, ["b", "c"]);
}

#[tokio::test]
async fn a_task_and_its_lane_change_together() {
    let engine = Engine::start().await;
    let store = &engine.store;
    let kept = kept("c", "t", "s");
    for id in ["a", "b"] {
        store.order_task(&task(id, &kept, 20)).await.unwrap();
    }
    assert_eq!(store.order_task(&task("a", &kept, 20)).await, Err(ImportConflict::Changed));
    let [one, two] = ["a", "b"].map(|id| id.parse::<TaskId>().unwrap());
    let before = store.turn(&one).await.unwrap().unwrap();
    let rival = store.turn(&two).await.unwrap().unwrap();
    let (mut task, mut lane) = (before.task.value.clone(), before.lane.value.clone());
    assert_eq!(task.claim(&mut lane, "r", at(21)), Claim::Run { attempt: 1 });
    let running = store.save_turn(&before, task, lane).await.unwrap();
    // Of two that saw the lane free, the second is refused.
    let (mut task, mut lane) = (rival.task.value.clone(), rival.lane.value.clone());
    task.claim(&mut lane, "r2", at(21));
    assert_eq!(store.save_turn(&rival, task, lane).await, Err(ImportConflict::Changed));
    let seen = store.turn(&two).await.unwrap().unwrap();
    assert_eq!(seen.lane, running.lane);

    let lease = i64::try_from(LEASE.as_secs()).unwrap();
    let overdue = |now| async move { store.overdue_tasks(at(now), 10).await.unwrap() };
    assert_eq!(overdue(20).await, [(two.clone(), at(20))]);
    assert_eq!(overdue(21 + lease).await, [(two.clone(), at(20)), (one.clone(), at(21 + lease))]);
    assert!(store.put_off_task(&seen.task, at(500)).await.unwrap());
    assert!(!store.put_off_task(&seen.task, at(900)).await.unwrap(), "it was changed meanwhile");
    assert_eq!(overdue(499).await.len(), 1);

    let (mut task, mut lane) = (running.task.value.clone(), running.lane.value.clone());
    let counts = bridge_domain::import::engine::Counts { seen: 3, ..Default::default() };
    task.finish(&mut lane, 1, Ending::Completed, counts, at(30)).unwrap();
    let done = store.save_turn(&running, task.clone(), lane).await.unwrap();
    assert_eq!(store.turn(&one).await.unwrap().unwrap(), done);
    assert_eq!(overdue(10 * lease).await.len(), 1, "what is over is not due");
    assert_eq!((task.state, task.counts.seen), (State::Completed, 3));
}

#[tokio::test]
async fn tasks_are_found_by_whoever_may_see_them() {
    let engine = Engine::start().await;
    let store = &engine.store;
    let (mine, other) = (kept("c", "t", "s"), kept("d", "u", "s"));
    for number in 0..260 {
        let mut task = task(&format!("t{number:03}"), &mine, number);
        if number % 100 == 0 {
            assert!(task.cancel("the connection was deleted", at(number)));
        }
        store.order_task(&task).await.unwrap();
    }
    store.order_task(&task("foreign", &other, 500)).await.unwrap();
    let find = |raw: &'static str, grants: Grants| async move {
        let search = Search::parse(&Query::parse(raw)).unwrap();
        let found = store.search_tasks(&search, &grants).await.unwrap();
        found.into_iter().map(|task| task.id.to_string()).collect::<Vec<_>>()
    };
    let first = find("", analyst_of(["t"])).await;
    assert_eq!((first.len(), first[0].as_str(), first[249].as_str()), (250, "t259", "t010"));
    assert_eq!(find("page=2", analyst_of(["t"])).await.len(), 10);
    assert_eq!(find("state=failed", analyst_of(["t", "u"])).await, ["t200", "t100", "t000"]);
    assert_eq!(find("connectionID=d", Grants::Everything).await, ["foreign"]);
    assert_eq!(find("tenantID=u", Grants::Everything).await, ["foreign"]);
    assert_eq!(find("", Grants::Everything).await[0], "foreign");
    assert_eq!(find("tenantID=u", analyst_of(["t"])).await, [""; 0]);
    assert_eq!(find("connectionID=d", analyst_of(["t"])).await, [""; 0]);

    let all = engine.client.query().table_name(crate::support::TABLE).key_condition_expression("pk = :pk");
    let key = aws_sdk_dynamodb::types::AttributeValue::S("TASK#t100".into());
    let item = all.expression_attribute_values(":pk", key).send().await.unwrap().items.unwrap().remove(0);
    let ttl: i64 = item["ttl"].as_n().unwrap().parse().unwrap();
    assert_eq!(ttl, at(100).plus(Duration::from_hours(30 * 24)).seconds(), "it is forgotten in the end");
}
