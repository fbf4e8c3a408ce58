//! A DynamoDB engine inside the test process, behind the official SDK, with an empty State table.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use bridge_domain::{
    CallError, TenantId, Timestamp,
    access::{Grants, Role},
    alert::Alert,
    close::Reason,
    intake,
    outbox::{Change, Origin},
    query::Query,
    search::Search,
};
use bridge_store::{AlertHead, Closed, Store, Upserted};
use serde_json::{Value, json};

pub(crate) const TABLE: &str = bridge_engine::STATE;

/// The engine. It stops when this is dropped.
pub(crate) struct Engine {
    pub(crate) store: Store,
    pub(crate) client: Client,
    /// Kept running.
    _running: bridge_engine::Engine,
}

impl Engine {
    pub(crate) async fn start() -> Self {
        let inner = bridge_engine::Engine::start().await.unwrap();
        let store = Store::new(&inner.config, TABLE.parse().unwrap());
        Self { store, client: inner.client.clone(), _running: inner }
    }

    /// Stores an alert of a tenant without targets.
    pub(crate) async fn upsert(&self, alert: Alert) -> Result<Upserted, CallError> {
        let change = Change { origin: &Origin::Siem, routes: &[], now: Timestamp::MIN };
        self.store.upsert(alert, change).await.map(|stored| stored.what)
    }

    /// Closes an alert of a tenant without targets.
    pub(crate) async fn close(&self, head: &AlertHead, reason: Reason) -> Result<Closed, CallError> {
        let change = Change { origin: &Origin::Siem, routes: &[], now: Timestamp::MIN };
        self.store.close(head.clone(), reason, change).await
    }

    /// Sort keys of everything stored of an alert.
    pub(crate) async fn items_of(&self, alert: &str) -> Vec<String> {
        let answer = self
            .client
            .query()
            .table_name(TABLE)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(
                ":pk",
                aws_sdk_dynamodb::types::AttributeValue::S(format!("ALERT#{alert}")),
            )
            .send()
            .await
            .unwrap();
        answer.items().iter().map(|item| item["sk"].as_s().unwrap().clone()).collect()
    }
}

/// An alert by id and tenant whose last event was `minute` minutes after 10 o'clock.
pub(crate) fn alert_json(id: &str, tenant: &str, minute: u32) -> Value {
    json!({
        "id": id, "tenantID": tenant, "tenantName": tenant, "name": format!("Alert {id}"), "priority": "high",
        "firstSeen": "2026-11-20T10:00:00Z",
        "lastSeen": format!("2026-11-20T{:02}:{:02}:00Z", 10 + minute / 60, minute % 60),
        "events": [{"ID": format!("{id}-{minute}"), "Timestamp": minute, "DeviceVendor": "Microsoft"}],
    })
}

pub(crate) fn alert(value: &Value) -> Alert {
    let now = "2026-11-21T00:00:00Z".parse::<Timestamp>().unwrap();
    intake::read(value.to_string().as_bytes(), None, now).unwrap().remove(0).unwrap()
}

pub(crate) fn search(query: &str) -> Search {
    Search::parse(&Query::parse(query)).unwrap()
}

pub(crate) fn analyst_of<'a>(tenants: impl IntoIterator<Item = &'a str>) -> Grants {
    let roles: BTreeMap<TenantId, Role> =
        tenants.into_iter().map(|id| (id.parse().unwrap(), Role::Analyst)).collect();
    Grants::Tenants(roles)
}
