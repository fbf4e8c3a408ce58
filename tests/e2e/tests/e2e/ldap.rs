//! What the tests of directories share: secrets, forms, and waiting for an import.

use std::time::Duration;

use bridge_slapd::{BASE, READER, READER_PASSWORD};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    alerts::{text, uuid},
    tenant::Tenant,
    vault::keep,
    world::User,
};

pub(crate) const TENANTS: &str = "/bridge/v1/integrations/ldap/tenants";
pub(crate) const CONNECTIONS: &str = "/bridge/v1/integrations/ldap/connections";
pub(crate) const TASKS: &str = "/bridge/v1/tasks";

/// Longest time that an import may take here.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) fn credentials(tenant: &Tenant, user: &str, password: &str) -> Value {
    json!({
        "tenantID": tenant.id, "type": "credentials", "name": format!("Reader {}", uuid()),
        "value": {"user": user, "password": password},
    })
}

pub(crate) fn certificate(tenant: &Tenant, pem: &str) -> Value {
    json!({
        "tenantID": tenant.id, "type": "certificate", "name": format!("CA {}", uuid()),
        "value": {"certificate": pem},
    })
}

/// A connection in the clear to a port of this machine, with the reader of the test directory.
pub(crate) async fn form(tenant: &Tenant, port: u16) -> Value {
    let secret = keep(&tenant.admin, &credentials(tenant, READER, READER_PASSWORD)).await;
    json!({
        "tenantID": tenant.id, "name": format!("Corp {}", uuid()), "urls": format!("127.0.0.1:{port}"),
        "type": "insecure", "credentialsSecretID": secret, "timeoutSeconds": 20, "baseDN": BASE,
    })
}

pub(crate) fn with(mut form: Value, changes: &Value) -> Value {
    form.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    form
}

/// Where a connection is.
pub(crate) fn at(connection: &Value) -> String {
    format!("{CONNECTIONS}/{}", text(connection, "id"))
}

/// Saves a connection, which must succeed and begin an import.
pub(crate) async fn connect(user: &User, form: &Value) -> Value {
    let made = user.post(CONNECTIONS, form).await.expect(201).json();
    assert!(made["taskID"].is_string(), "saving begins an import: {made}");
    made
}

/// A task at its end.
pub(crate) async fn ended(user: &User, id: &str) -> Value {
    let until = Instant::now() + PATIENCE;
    loop {
        let task = user.get(&format!("{TASKS}/{id}")).await.expect(200).json();
        if task["ended"].is_string() {
            return task;
        }
        assert!(Instant::now() < until, "the import does not end: {task}");
        sleep(Duration::from_millis(200)).await;
    }
}

/// The task that saving a connection began, at its end.
pub(crate) async fn first(user: &User, connection: &Value) -> Value {
    ended(user, text(connection, "taskID")).await
}

/// Imports a connection once more, to its end.
pub(crate) async fn import(user: &User, connection: &Value, order: &Value) -> Value {
    let tasks = user.post(&format!("{}/import", at(connection)), order).await.expect(202).array();
    assert_eq!(tasks.len(), 1);
    ended(user, text(&tasks[0], "id")).await
}

/// What a task counted that is not 0.
pub(crate) fn counted(task: &Value) -> Vec<(String, u64)> {
    let counts = task["counts"].as_object().unwrap().iter();
    counts
        .map(|(name, count)| (name.clone(), count.as_u64().unwrap()))
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// The same, as a test writes it.
pub(crate) fn counts(pairs: &[(&str, u64)]) -> Vec<(String, u64)> {
    let mut counts: Vec<(String, u64)> =
        pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    counts.sort();
    counts
}
