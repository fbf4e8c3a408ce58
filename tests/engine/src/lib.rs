//! A DynamoDB engine inside the test process, behind the official SDK, with empty tables.
//!
//! The tables have the keys and indexes of the template: tests/policy/tests/tables.rs compares them.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::{
    Client,
    config::{Credentials, SharedCredentialsProvider},
    types::{
        AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        Projection, ProjectionType, PutRequest, ScalarAttributeType, WriteRequest,
    },
};
use tokio::{net::TcpListener, sync::oneshot};

/// Name of the State table.
pub const STATE: &str = "State";
/// Name of the Cache table.
pub const CACHE: &str = "Cache";
/// Name of the Inventory table.
pub const INVENTORY: &str = "Inventory";

/// Any failure to start.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The engine. It stops when this is dropped.
#[derive(Debug)]
pub struct Engine {
    /// How clients reach it.
    pub config: SdkConfig,
    /// A client.
    pub client: Client,
    _stop: oneshot::Sender<()>,
}

impl Engine {
    /// Starts an engine on a free port and makes the tables.
    ///
    /// # Errors
    /// When there is no port, or a table can not be made.
    pub async fn start() -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel();
        let database = dynoxide::Database::memory()?;
        tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, async {
            // An error means that the other end is gone: time to stop as well.
            let _gone = stopped.await;
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
        create_state(&client).await?;
        create_cache(&client).await?;
        create_inventory(&client).await?;
        Ok(Self { config, client, _stop: stop })
    }
}

impl Engine {
    /// Copies an item of the State table. In the texts of each copy, what is first in a pair is replaced by
    /// what is second.
    ///
    /// # Errors
    /// When there is no such item, or the engine fails.
    pub async fn copy(&self, pk: &str, sk: &str, copies: &[Vec<(String, String)>]) -> Result<(), Failure> {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let read = self.client.get_item().table_name(STATE).key("pk", text(pk)).key("sk", text(sk));
        let item = read.send().await?.item.ok_or("there is no such item")?;
        for share in copies.chunks(25) {
            let mut puts = Vec::with_capacity(share.len());
            for pairs in share {
                let mut copy = item.clone();
                for value in copy.values_mut() {
                    if let AttributeValue::S(text) = value {
                        *text = pairs.iter().fold(text.clone(), |text, (from, to)| text.replace(from, to));
                    }
                }
                let put = PutRequest::builder().set_item(Some(copy)).build()?;
                puts.push(WriteRequest::builder().put_request(put).build());
            }
            self.client.batch_write_item().request_items(STATE, puts).send().await?;
        }
        Ok(())
    }
}

async fn create_state(client: &Client) -> Result<(), Failure> {
    let listing = Projection::builder()
        .projection_type(ProjectionType::Include)
        .non_key_attributes("t")
        .non_key_attributes("n")
        .build();
    let keys_only = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let mut create = client
        .create_table()
        .table_name(STATE)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("pk", KeyType::Hash)?)
        .key_schema(key("sk", KeyType::Range)?);
    for (name, hash, range, projection) in [
        ("tenant-last", "tp", "lk", &listing),
        ("tenant-first", "tp", "fk", &listing),
        ("all-last", "ap", "lk", &listing),
        ("all-first", "ap", "fk", &listing),
        ("due", "dp", "da", &keys_only),
    ] {
        create = create.global_secondary_indexes(
            GlobalSecondaryIndex::builder()
                .index_name(name)
                .key_schema(key(hash, KeyType::Hash)?)
                .key_schema(key(range, KeyType::Range)?)
                .projection(projection.clone())
                .build()?,
        );
    }
    for name in ["pk", "sk", "tp", "ap", "lk", "fk", "dp", "da"] {
        create = create.attribute_definitions(text(name)?);
    }
    create.send().await?;
    Ok(())
}

async fn create_cache(client: &Client) -> Result<(), Failure> {
    client
        .create_table()
        .table_name(CACHE)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("pk", KeyType::Hash)?)
        .attribute_definitions(text("pk")?)
        .send()
        .await?;
    Ok(())
}

async fn create_inventory(client: &Client) -> Result<(), Failure> {
    let keys_only = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let listing = Projection::builder()
        .projection_type(ProjectionType::Include)
        .non_key_attributes("q")
        .non_key_attributes("exp")
        .build();
    let mut create = client
        .create_table()
        .table_name(INVENTORY)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("pk", KeyType::Hash)?)
        .key_schema(key("sk", KeyType::Range)?)
        .global_secondary_indexes(
            GlobalSecondaryIndex::builder()
                .index_name("tenant")
                .key_schema(key("tp", KeyType::Hash)?)
                .key_schema(key("lk", KeyType::Range)?)
                .projection(listing)
                .build()?,
        );
    for (name, hash) in [
        ("sid", "xs"),
        ("account-name", "xa"),
        ("principal-name", "xp"),
        ("mail", "xm"),
        ("distinguished-name", "xd"),
    ] {
        create = create.global_secondary_indexes(
            GlobalSecondaryIndex::builder()
                .index_name(name)
                .key_schema(key(hash, KeyType::Hash)?)
                .projection(keys_only.clone())
                .build()?,
        );
    }
    for name in ["pk", "sk", "tp", "lk", "xs", "xa", "xp", "xm", "xd"] {
        create = create.attribute_definitions(text(name)?);
    }
    create.send().await?;
    Ok(())
}

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, Failure> {
    Ok(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?)
}

fn text(name: &str) -> Result<AttributeDefinition, Failure> {
    Ok(AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()?)
}
