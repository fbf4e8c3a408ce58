//! DynamoDB, Secrets Manager and SQS on one endpoint of this machine, every call counted.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use dynoxide::{Database, DynoxideError};
use http_body_util::BodyExt;
use hyper::{
    Request,
    body::{Bytes, Incoming},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;
use uuid::Uuid;

mod tables;
mod tally;

pub(crate) use tally::{Calls, Tally};

use crate::{
    failure::Result,
    http::{Reply, Server, reply},
};

/// Region of everything here.
pub(crate) const REGION: &str = "eu-central-1";
/// The Cache table.
pub(crate) const CACHE: &str = "cache";
/// The Inventory table.
pub(crate) const INVENTORY: &str = "inventory";

/// What is counted, and how the endpoint behaves.
#[derive(Debug, Default)]
struct Shared {
    tally: Tally,
    write_takes: Duration,
    secrets: BTreeMap<String, String>,
}

/// The endpoint.
pub(crate) struct Aws {
    pub(crate) endpoint: String,
    database: Database,
    shared: Arc<Mutex<Shared>>,
    _server: Server,
}

impl Aws {
    /// Starts the endpoint with a Cache and an Inventory table and no State table.
    pub(crate) async fn start() -> Result<Self> {
        let database = Database::memory()?;
        let shared = Arc::<Mutex<Shared>>::default();
        let (engine, counted) = (database.clone(), Arc::clone(&shared));
        let server = Server::start(move |request| {
            let (database, shared) = (engine.clone(), Arc::clone(&counted));
            async move { serve(&database, &shared, request).await }
        })
        .await?;
        let cache = json!({
            "TableName": CACHE,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
        });
        database.create_table(serde_json::from_value(cache)?)?;
        database.create_table(serde_json::from_value(tables::inventory(INVENTORY))?)?;
        Ok(Self { endpoint: format!("http://{}", server.address), database, shared, _server: server })
    }

    /// Makes a State table as the template declares it.
    pub(crate) fn create_table(&self, name: &str) -> Result<()> {
        self.database.create_table(serde_json::from_value(tables::state(name))?)?;
        Ok(())
    }

    /// What was asked since the last time, and starts counting anew.
    pub(crate) fn take(&self) -> Tally {
        std::mem::take(&mut lock(&self.shared).tally)
    }

    /// Keeps a secret under a name.
    pub(crate) fn put_secret(&self, name: String, value: &str) {
        lock(&self.shared).secrets.insert(name, value.to_owned());
    }

    /// From now on a `PutItem` takes this much longer, as one does over a network.
    pub(crate) fn slow_down(&self, write_takes: Duration) {
        lock(&self.shared).write_takes = write_takes;
    }
}

async fn serve(database: &Database, shared: &Mutex<Shared>, request: Request<Incoming>) -> Result<Reply> {
    let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok());
    let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let result = match operation.as_str() {
        "SendMessage" => queue(&mut lock(shared).tally, &body),
        "GetSecretValue" => secret(&lock(shared).secrets, &body),
        _ => answer(database, &operation, &body),
    };
    let (status, answer) = match result {
        Ok(answer) => (200, answer),
        Err(error) => (error.status_code(), error.to_json().into_bytes()),
    };
    let wait = count(&mut lock(shared), operation, body, answer.len());
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    reply(status, answer)
}

/// Counts a call, and says how long its answer is to be held back.
fn count(shared: &mut Shared, operation: String, body: Bytes, answered: usize) -> Duration {
    let put = operation == "PutItem";
    shared.tally.add(operation, body, answered);
    if put { shared.write_takes } else { Duration::ZERO }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The engine is asked directly rather than through its own HTTP server: one hop less, so less
/// that hides what our functions add.
fn answer(database: &Database, operation: &str, body: &[u8]) -> dynoxide::Result<Vec<u8>> {
    match operation {
        "PutItem" => run(body, |request| database.put_item(request)),
        "GetItem" => run(body, |request| database.get_item(request)),
        "UpdateItem" => run(body, |request| database.update_item(request)),
        "DeleteItem" => run(body, |request| database.delete_item(request)),
        "Query" => run(body, |request| database.query(request)),
        "BatchGetItem" => run(body, |request| database.batch_get_item(request)),
        "BatchWriteItem" => run(body, |request| database.batch_write_item(request)),
        "TransactWriteItems" => run(body, |request| database.transact_write_items(request)),
        _ => Err(DynoxideError::ValidationException(format!("the benchmark knows no {operation}"))),
    }
}

/// Takes a message; it is in the tally.
fn queue(tally: &mut Tally, body: &[u8]) -> dynoxide::Result<Vec<u8>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Send {
        message_body: String,
    }
    let Send { message_body } = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    tally.queued.push(message_body);
    // The hash in the answer is not looked at by the SDK.
    let answer = json!({ "MessageId": Uuid::new_v4().to_string(), "MD5OfMessageBody": "" });
    Ok(answer.to_string().into_bytes())
}

/// The secret of this name; the token that nobody uses is there without being put.
fn secret(secrets: &BTreeMap<String, String>, body: &[u8]) -> dynoxide::Result<Vec<u8>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Get {
        secret_id: String,
    }
    let Get { secret_id } = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    let value =
        secrets.get(&secret_id).map_or("the-first-token-is-not-used-by-the-benchmark", String::as_str);
    let answer = json!({
        "ARN": format!("arn:aws:secretsmanager:{REGION}:000000000000:secret:bench"),
        "Name": secret_id,
        "VersionId": "00000000-0000-4000-8000-000000000000",
        "SecretString": value,
        "CreatedDate": 1_795_000_000,
    });
    Ok(answer.to_string().into_bytes())
}

fn unreadable(error: &serde_json::Error) -> DynoxideError {
    DynoxideError::SerializationException(error.to_string())
}

fn run<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    call: impl FnOnce(Q) -> dynoxide::Result<A>,
) -> dynoxide::Result<Vec<u8>> {
    let request = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    serde_json::to_vec(&call(request)?).map_err(|error| unreadable(&error))
}
