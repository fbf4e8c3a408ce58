//! Imports by the clock: when their time has come, and when that of what they brought is over. A test can
//! not wait for that, so it changes what is stored as if it had.

use bridge_domain::{
    ConnectionId, Timestamp,
    import::{ImportKind, connection::Kept, engine::End, schedule::Schedule},
    ldap::account::{Entry, Received},
};
use bridge_e2e::{Run, invoke};
use bridge_runtime::aws::Aws;
use bridge_slapd::{Person, person};
use bridge_store::{ImportRun, Inventory, Store};
use serde_json::{Value, json};

use crate::{
    alerts::{alert, ids, text},
    ldap::{TASKS, at, connect, counted, counts, ended, first, form, with},
    ldap_import::{now, slapd},
    tenant::Tenant,
};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn id_of(connection: &Value) -> ConnectionId {
    text(connection, "id").parse().unwrap()
}

async fn tasks(tenant: &Tenant, connection: &Value) -> Vec<Value> {
    let query = format!("{TASKS}?connectionID={}", text(connection, "id"));
    tenant.admin.get(&query).await.expect(200).array()
}

/// Looks for what is due, as happens every minute.
async fn dispatch(tenant: &Tenant) {
    loop {
        match invoke(&tenant.admin.world.stack, "refresh-dispatch", &json!({})).await {
            Run::Done => return,
            // The schedule itself was faster.
            Run::Busy => tokio::time::sleep(std::time::Duration::from_millis(200)).await,
            Run::Failed => panic!("refresh-dispatch failed"),
        }
    }
}

/// The connection was last saved, and imported, so long ago.
async fn saved_ago(tenant: &Tenant, connection: &Value, seconds: i64) {
    let table = tenant.admin.world.stack.state_table.parse().unwrap();
    let store = Store::new(Aws::load().await.config(), table);
    let imports = store.imports(ImportKind::Ldap, &tenant.id.parse().unwrap()).await.unwrap();
    let kept = imports.connection(&id_of(connection)).unwrap();
    let anchor = now().plus_seconds(-seconds);
    let schedule = Schedule { anchor, taken: Some(anchor) };
    let earlier = Kept { connection: kept.value.connection.clone(), schedule };
    store.replace_connection(imports.settings.as_ref().unwrap(), kept, &earlier).await.unwrap();
}

#[tokio::test]
async fn when_its_time_has_come_a_connection_is_imported_once() {
    let tenant = Tenant::new().await;
    let server = slapd(5).await;
    let made = connect(&tenant.admin, &form(&tenant, server.port()).await).await;
    first(&tenant.admin, &made).await;
    dispatch(&tenant).await;
    assert_eq!(tasks(&tenant, &made).await.len(), 1, "its next time is in twelve hours");

    saved_ago(&tenant, &made, 12 * HOUR + 60).await;
    for _ in 0..2 {
        dispatch(&tenant).await;
    }
    let all = tasks(&tenant, &made).await;
    let by: Vec<&Value> = all.iter().map(|task| &task["trigger"]["by"]).collect();
    assert_eq!(by, ["schedule", "saved"], "{all:?}");
    let task = ended(&tenant.admin, text(&all[0], "id")).await;
    assert_eq!(
        (&task["state"], counted(&task)),
        (&json!("completed"), counts(&[("seen", 5), ("unchanged", 5)])),
        "{task}"
    );
    // From the time of the schedule on, not from that of the import.
    let next: Timestamp =
        text(&tenant.admin.get(&at(&made)).await.expect(200).json(), "nextRun").parse().unwrap();
    let left = now().until(next).as_secs();
    assert!((11 * 3_600..12 * 3_600).contains(&left), "{left} seconds");
}

#[tokio::test]
async fn a_disabled_connection_is_not_imported_whatever_the_time() {
    let tenant = Tenant::new().await;
    let server = slapd(1).await;
    let disabled = with(form(&tenant, server.port()).await, &json!({"disabled": true}));
    let made = tenant.admin.post(crate::ldap::CONNECTIONS, &disabled).await.expect(201).json();
    assert!(made["taskID"].is_null() && made["nextRun"].is_null(), "{made}");
    saved_ago(&tenant, &made, 100 * HOUR).await;
    dispatch(&tenant).await;
    assert_eq!(tasks(&tenant, &made).await, Vec::<Value>::new());
}

/// Somebody of the directory as an import receives it.
fn received(tenant: &Tenant, connection: &Value, who: &Person, at: Timestamp) -> Received {
    let value = |name: &str, value: &[u8]| (name.to_owned(), vec![value.to_vec()]);
    let attributes = vec![
        value("objectGUID", &who.guid),
        value("objectSid", &who.sid),
        value("sAMAccountName", who.account.as_bytes()),
    ];
    let entry = Entry::new(who.dn.clone(), attributes);
    Received::read(tenant.id.parse().unwrap(), id_of(connection), entry, at).unwrap()
}

#[tokio::test]
async fn whoever_was_not_received_for_the_storage_time_is_gone() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let server = slapd(1).await;
    let wanted = form(&tenant, server.port()).await;
    let disabled = with(wanted.clone(), &json!({"disabled": true}));
    let made = admin.post(crate::ldap::CONNECTIONS, &disabled).await.expect(201).json();
    // The second was received for the last time 89 days and two hours ago, the third 91 days ago; each was
    // missed by the run after that.
    let people = [0, 1, 2].map(person);
    let table: bridge_store::TableName = admin.world.stack.inventory_table.parse().unwrap();
    let aws = Aws::load().await;
    for (ago, there) in [(91 * DAY, 3), (89 * DAY + 2 * HOUR, 2), (89 * DAY + HOUR, 1)] {
        let (then, inventory) = (now().plus_seconds(-ago), Inventory::new(aws.config(), table.clone()));
        let mut run = ImportRun::begin(inventory, id_of(&made), then, 90).await.unwrap();
        run.page(people[..there].iter().map(|who| received(&tenant, &made, who, then)).collect())
            .await
            .unwrap();
        run.finish(End::Complete, true).await.unwrap();
    }
    let shown =
        async |query: &str| admin.get(&format!("/bridge/v1/accounts?{query}")).await.expect(200).array();
    for (number, there) in [(0, true), (1, true), (2, false)] {
        let account = &people[number].account;
        let found = shown(&format!("tenantID={}&sAMAccountName={account}", tenant.id)).await;
        assert_eq!(found.len(), usize::from(there), "{account}: {found:?}");
        let named = crate::alerts::with(
            &alert(&tenant),
            json!({"events": [{"ID": "1", "Timestamp": 1, "SourceUserName": account}]}),
        );
        admin.ingest(&named).await.expect(202);
        let seen = admin.search(&format!("id={}&withEvents&withAffected", text(&named, "id"))).await;
        assert_eq!(ids(&seen), [text(&named, "id")]);
        let affected = seen[0]["affectedAccounts"].as_array().map_or(0, Vec::len);
        assert_eq!(affected, usize::from(there), "{account}: {}", seen[0]);
    }
    let leaving = &shown(&format!("tenantID={}&sAMAccountName={}", tenant.id, people[1].account)).await[0];
    let left = now().until(text(leaving, "expires").parse().unwrap()).as_secs();
    // To the end of a day.
    assert!((22 * 3_600 - 60..=46 * 3_600).contains(&left), "{left} seconds");
    assert_eq!(shown(&format!("tenantID={}", tenant.id)).await.len(), 2);

    // The next import takes what is over away for good.
    let changed = admin.put(&at(&made), &wanted).await.expect(200).json();
    let task = first(admin, &changed).await;
    assert_eq!(
        (&task["state"], counted(&task)),
        (&json!("completed"), counts(&[("seen", 1), ("changed", 1), ("removed", 1)])),
        "{task}"
    );
    assert_eq!(shown(&format!("tenantID={}", tenant.id)).await.len(), 2);
}
