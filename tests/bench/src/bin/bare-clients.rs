//! A bare function that makes the SDK clients that a function here makes, and nothing else.
//!
//! `BENCH_CLIENTS` names those that it makes beside the one of DynamoDB: `secrets`, `queues`.

use aws_config::BehaviorVersion;
use lambda_runtime::{Error, LambdaEvent, run_concurrent, service_fn};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12()).load().await;
    let wanted = std::env::var("BENCH_CLIENTS").unwrap_or_default();
    let wants = |name| wanted.split(' ').any(|wanted| wanted == name);
    let clients = (
        aws_sdk_dynamodb::Client::new(&config),
        wants("secrets").then(|| aws_sdk_secretsmanager::Client::new(&config)),
        wants("queues").then(|| aws_sdk_sqs::Client::new(&config)),
    );
    run_concurrent(service_fn(move |_: LambdaEvent<IgnoredAny>| {
        let clients = clients.clone();
        async move {
            drop(clients);
            Ok::<Value, Error>(json!({ "statusCode": 200 }))
        }
    }))
    .await
}
