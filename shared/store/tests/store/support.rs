//! A DynamoDB engine inside the test process, behind the official SDK, with an empty State table.

use std::collections::BTreeMap;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::{
    Client,
    config::{Credentials, SharedCredentialsProvider},
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
        ProjectionType, ScalarAttributeType,
    },
};
use bridge_domain::{
    TenantId, Timestamp,
    access::{Grants, Role},
    alert::Alert,
    intake,
    query::Query,
    search::Search,
};
use bridge_store::Store;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot};

pub(crate) const TABLE: &str = "State";

/// The engine. It stops when this is dropped.
pub(crate) struct Engine {
    pub(crate) store: Store,
    pub(crate) client: Client,
    _stop: oneshot::Sender<()>,
}

impl Engine {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let database = dynoxide::Database::memory().unwrap();
        tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, async {
            let _ = stopped.await;
        }));
        let credentials = Credentials::new("test", "test", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let client = Client::new(&config);
        create_table(&client).await;
        Self { store: Store::new(&config, TABLE.parse().unwrap()), client, _stop: stop }
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

async fn create_table(client: &Client) {
    let key =
        |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let index = |name: &str, hash: &str, range: &str| {
        GlobalSecondaryIndex::builder()
            .index_name(name)
            .key_schema(key(hash, KeyType::Hash))
            .key_schema(key(range, KeyType::Range))
            .projection(
                Projection::builder()
                    .projection_type(ProjectionType::Include)
                    .non_key_attributes("t")
                    .non_key_attributes("n")
                    .build(),
            )
            .build()
            .unwrap()
    };
    let mut create = client
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .global_secondary_indexes(index("tenant-last", "tp", "lk"))
        .global_secondary_indexes(index("tenant-first", "tp", "fk"))
        .global_secondary_indexes(index("all-last", "ap", "lk"))
        .global_secondary_indexes(index("all-first", "ap", "fk"));
    for name in ["pk", "sk", "tp", "ap", "lk", "fk"] {
        create = create.attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(ScalarAttributeType::S)
                .build()
                .unwrap(),
        );
    }
    create.send().await.unwrap();
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
