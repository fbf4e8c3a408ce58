//! Settings and connections in an answer.

use bridge_domain::{
    TaskId, Timestamp,
    import::{
        connection::{Connection as AnyConnection, Kept},
        settings::Settings,
    },
    ldap::connection::Connection,
};
use bridge_store::Revised;
use serde::Serialize;

/// The settings of a tenant.
#[derive(Serialize)]
pub(crate) struct TenantView<'a> {
    #[serde(flatten)]
    settings: &'a Settings,
    revision: i64,
}

impl<'a> TenantView<'a> {
    pub(crate) const fn new(settings: &'a Revised<Settings>) -> Self {
        Self { settings: &settings.value, revision: settings.revision }
    }
}

/// A connection.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionView<'a> {
    #[serde(flatten)]
    connection: &'a Connection,
    revision: i64,
    /// When the schedule runs it next; null while it does not.
    next_run: Option<Timestamp>,
    /// The import that saving it began, if it did.
    #[serde(rename = "taskID", skip_serializing_if = "Option::is_none")]
    task: Option<&'a TaskId>,
    /// What somebody should know who chose these settings.
    warnings: Vec<&'static str>,
}

impl<'a> ConnectionView<'a> {
    pub(crate) fn new(kept: &'a Revised<Kept>, settings: &Settings) -> Self {
        let connection = of(&kept.value);
        Self {
            connection,
            revision: kept.revision,
            next_run: kept.value.next(settings),
            task: None,
            warnings: connection.mode.warning().into_iter().collect(),
        }
    }

    pub(crate) fn with_task(self, task: Option<&'a TaskId>) -> Self {
        Self { task, ..self }
    }
}

/// The connection to controllers that is kept.
pub(crate) const fn of(kept: &Kept) -> &Connection {
    match &kept.connection {
        AnyConnection::Ldap(connection) => connection,
    }
}
