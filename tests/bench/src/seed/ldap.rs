//! A connection with a directory, and imports that are ordered of it.

use bridge_domain::{
    ConnectionId, TaskId,
    import::{
        ImportKind,
        connection::{Connection, Kept},
        schedule::Schedule,
        settings::Settings,
        task::{Order, State, Task, Trigger},
    },
    secret::Secret,
    vault::Value as SecretValue,
};
use bridge_slapd::{ATTRIBUTES, BASE, READER, READER_PASSWORD};
use serde_json::json;
use uuid::Uuid;

use super::{Seed, TENANT, now};
use crate::{aws::Aws, failure::Result};

impl Seed {
    /// Connects in the clear with a directory at this port.
    pub(crate) async fn connect_directory(&self, aws: &Aws, port: u16) -> Result<ConnectionId> {
        let reader = SecretValue::Credentials {
            user: Secret::new(READER.to_owned()),
            password: Secret::new(READER_PASSWORD.to_owned()),
        };
        let now = now();
        let connection: Connection = serde_json::from_value(json!({
            "kind": "ldap", "id": Uuid::new_v4().to_string(), "tenantID": TENANT, "name": "Corp",
            "urls": format!("127.0.0.1:{port}"), "type": "insecure",
            "credentialsSecretID": self.secret(aws, &reader).await?, "timeoutSeconds": 60, "baseDN": BASE,
            "attributes": ATTRIBUTES.as_slice(), "filter": FILTER, "disabled": false,
            "created": now, "updated": now,
        }))?;
        let id = connection.id().clone();
        let settings = Settings::new(TENANT.parse()?, ImportKind::Ldap, now);
        let kept = Kept { connection, schedule: Schedule::saved(now) };
        let put = self.store.create_connection(None, &settings, &kept).await;
        put.map_err(|error| format!("the connection: {error:?}"))?;
        Ok(id)
    }

    /// Orders an import; gives its task and the message about it.
    pub(crate) async fn order_import(&self, connection: &ConnectionId) -> Result<(TaskId, String)> {
        let order = Order {
            kind: ImportKind::Ldap,
            tenant: TENANT.parse()?,
            connection: connection.clone(),
            trigger: Trigger::Schedule,
            confirmed: false,
        };
        let task = Task::new(TaskId::random(), order, now());
        self.store.order_task(&task).await.map_err(|error| format!("the task: {error:?}"))?;
        let message = json!({ "taskID": task.id }).to_string();
        Ok((task.id, message))
    }

    /// The task of an import that came to its end with everything.
    pub(crate) async fn imported(&self, task: &TaskId) -> Result<Task> {
        let read = self.store.task(task).await.map_err(|error| format!("the task: {error:?}"))?;
        let task = read.ok_or("there is no such task")?.value;
        if task.state == State::Completed { Ok(task) } else { Err(format!("the import: {task:?}").into()) }
    }
}

/// The filter of a connection for which nothing else was said: user accounts.
pub(crate) const FILTER: &str = "(sAMAccountType=805306368)";
