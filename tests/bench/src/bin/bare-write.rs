//! A bare function whose every invocation makes one conditional write of a prepared item.
//!
//! The item is what alert-ingest stored for the alert of the benchmark, in DynamoDB's own JSON, in
//! the file that `BENCH_ITEM` names. Each invocation writes it under a new id, so that both
//! functions ask the same of the table. The event is decoded, as any function behind an HTTP API
//! has to, but what is in its body is not.

use std::collections::HashMap;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::{Client, primitives::Blob, types::AttributeValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_runtime::{Error, LambdaEvent, run_concurrent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};

/// What no function behind an HTTP API can do without.
#[derive(Deserialize)]
struct Event {
    headers: HashMap<String, String>,
    body: String,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12()).load().await;
    let client = Client::new(&config);
    let _secrets = aws_sdk_secretsmanager::Client::new(&config);
    let _queues = aws_sdk_sqs::Client::new(&config);
    let table = std::env::var("STATE_TABLE")?;
    let item = read(&std::fs::read(std::env::var("BENCH_ITEM")?)?)?;
    let id = item.get("pk").and_then(|pk| pk.as_s().ok()).and_then(|pk| pk.split_once('#'));
    let id = id.map(|(_, id)| id.to_owned()).ok_or("the prepared item has no id")?;

    run_concurrent(service_fn(move |event: LambdaEvent<Event>| {
        let (client, table) = (client.clone(), table.clone());
        let item = renamed(&item, &id, &event.context.request_id);
        let complete = event.payload.headers.contains_key("authorization") && !event.payload.body.is_empty();
        async move {
            if !complete {
                return Err("an event without a token or a body".into());
            }
            client
                .put_item()
                .table_name(table)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(pk)")
                .send()
                .await?;
            Ok::<Value, Error>(json!({ "statusCode": 202 }))
        }
    }))
    .await
}

/// The prepared item from DynamoDB's JSON.
fn read(json: &[u8]) -> Result<HashMap<String, AttributeValue>, Error> {
    let attributes: HashMap<String, HashMap<String, Value>> = serde_json::from_slice(json)?;
    attributes
        .into_iter()
        .map(|(name, typed)| {
            let typed = typed.iter().next().map(|(kind, value)| (kind.as_str(), value));
            let value = match typed {
                Some(("S", Value::String(text))) => AttributeValue::S(text.clone()),
                Some(("N", Value::String(text))) => AttributeValue::N(text.clone()),
                Some(("B", Value::String(text))) => AttributeValue::B(Blob::new(STANDARD.decode(text)?)),
                Some(("BOOL", Value::Bool(flag))) => AttributeValue::Bool(*flag),
                _ => return Err(format!("attribute {name} is of a type this function does not know").into()),
            };
            Ok((name, value))
        })
        .collect()
}

/// The item under another id: in its key and in its places in the listings.
fn renamed(item: &HashMap<String, AttributeValue>, old: &str, new: &str) -> HashMap<String, AttributeValue> {
    item.iter()
        .map(|(name, value)| {
            let value = match value {
                AttributeValue::S(text) => AttributeValue::S(text.replace(old, new)),
                other => other.clone(),
            };
            (name.clone(), value)
        })
        .collect()
}
