//! DynamoDB and Secrets Manager on one endpoint of this machine, every call counted.

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
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    failure::Result,
    http::{Reply, Server, reply},
};

/// Region of everything here.
pub(crate) const REGION: &str = "eu-central-1";

/// What was asked of the endpoint since the last [`Aws::take`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    calls: BTreeMap<String, Calls>,
    /// Body of the last `PutItem`.
    pub(crate) last_put: Bytes,
}

/// What is counted, and how the endpoint behaves.
#[derive(Debug, Default)]
struct Shared {
    tally: Tally,
    write_takes: Duration,
}

/// Calls of one operation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Calls {
    /// How many.
    pub(crate) requests: u32,
    /// Bytes of all answers.
    pub(crate) answered: usize,
}

impl Tally {
    /// The calls of these operations together.
    pub(crate) fn of(&self, operations: &[&str]) -> Calls {
        let wanted = self.calls.iter().filter(|(name, _)| operations.contains(&name.as_str()));
        wanted.fold(Calls::default(), |sum, (_, calls)| Calls {
            requests: sum.requests + calls.requests,
            answered: sum.answered + calls.answered,
        })
    }

    /// Calls that write to the table.
    pub(crate) fn writes(&self) -> Calls {
        self.of(&["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"])
    }

    /// Calls that read the table or a secret.
    pub(crate) fn reads(&self) -> Calls {
        self.of(&["GetItem", "BatchGetItem", "Query", "GetSecretValue"])
    }

    /// What was called how often, in words.
    pub(crate) fn words(&self) -> String {
        let words: Vec<String> =
            self.calls.iter().map(|(name, calls)| format!("{} {name}", calls.requests)).collect();
        words.join(", ")
    }
}

/// The endpoint.
pub(crate) struct Aws {
    pub(crate) endpoint: String,
    database: Database,
    shared: Arc<Mutex<Shared>>,
    _server: Server,
}

impl Aws {
    /// Starts the endpoint with no table.
    pub(crate) async fn start() -> Result<Self> {
        let database = Database::memory()?;
        let shared = Arc::<Mutex<Shared>>::default();
        let (engine, counted) = (database.clone(), Arc::clone(&shared));
        let server = Server::start(move |request| {
            let (database, shared) = (engine.clone(), Arc::clone(&counted));
            async move { serve(&database, &shared, request).await }
        })
        .await?;
        Ok(Self { endpoint: format!("http://{}", server.address), database, shared, _server: server })
    }

    /// Makes a State table as the template declares it.
    pub(crate) fn create_table(&self, name: &str) -> Result<()> {
        let key = |hash: &str, range: &str| json!([{ "AttributeName": hash, "KeyType": "HASH" }, { "AttributeName": range, "KeyType": "RANGE" }]);
        let index = |name: &str, hash: &str, range: &str| {
            json!({
                "IndexName": name,
                "KeySchema": key(hash, range),
                "Projection": { "ProjectionType": "INCLUDE", "NonKeyAttributes": ["t", "n"] },
            })
        };
        let attributes: Vec<Value> = ["pk", "sk", "tp", "ap", "lk", "fk"]
            .iter()
            .map(|name| json!({ "AttributeName": name, "AttributeType": "S" }))
            .collect();
        let table = json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": attributes,
            "KeySchema": key("pk", "sk"),
            "GlobalSecondaryIndexes": [
                index("tenant-last", "tp", "lk"),
                index("tenant-first", "tp", "fk"),
                index("all-last", "ap", "lk"),
                index("all-first", "ap", "fk"),
            ],
        });
        self.database.create_table(serde_json::from_value(table)?)?;
        Ok(())
    }

    /// What was asked since the last time, and starts counting anew.
    pub(crate) fn take(&self) -> Tally {
        std::mem::take(&mut lock(&self.shared).tally)
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
    let (status, answer) = match answer(database, &operation, &body) {
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
    if put {
        shared.tally.last_put = body;
    }
    let calls = shared.tally.calls.entry(operation).or_default();
    calls.requests += 1;
    calls.answered += answered;
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
        "GetSecretValue" => Ok(json!({
            "ARN": format!("arn:aws:secretsmanager:{REGION}:000000000000:secret:bench"),
            "Name": "bench",
            "VersionId": "00000000-0000-4000-8000-000000000000",
            "SecretString": "the-first-token-is-not-used-by-the-benchmark",
            "CreatedDate": 1_795_000_000,
        })
        .to_string()
        .into_bytes()),
        _ => Err(DynoxideError::ValidationException(format!("the benchmark knows no {operation}"))),
    }
}

fn run<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    call: impl FnOnce(Q) -> dynoxide::Result<A>,
) -> dynoxide::Result<Vec<u8>> {
    let broken = |error: serde_json::Error| DynoxideError::SerializationException(error.to_string());
    let request = serde_json::from_slice(body).map_err(broken)?;
    serde_json::to_vec(&call(request)?).map_err(broken)
}
