//! The least a function can be: the Lambda runtime and an answer.

use lambda_runtime::{Error, LambdaEvent, run_concurrent, service_fn};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    run_concurrent(service_fn(|_: LambdaEvent<IgnoredAny>| async {
        Ok::<Value, Error>(json!({ "statusCode": 200 }))
    }))
    .await
}
