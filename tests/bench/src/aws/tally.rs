//! Counting calls.

use std::{borrow::Cow, collections::BTreeMap};

use hyper::body::Bytes;
use serde::Deserialize;

use super::CACHE;

const WRITES: [&str; 5] = ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"];
const READS: [&str; 4] = ["GetItem", "BatchGetItem", "Query", "GetSecretValue"];

/// What was asked of the endpoint since the last [`super::Aws::take`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// By operation, and whether it was on the Cache table.
    calls: BTreeMap<(String, bool), Calls>,
    /// Body of the last `PutItem` on another table than the Cache table.
    pub(crate) last_put: Bytes,
    /// Bodies of the messages that were queued, whatever the queue.
    pub(crate) queued: Vec<String>,
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
    pub(super) fn add(&mut self, operation: String, body: Bytes, answered: usize) {
        let on_cache = table(&body).is_some_and(|table| table == CACHE);
        if operation == "PutItem" && !on_cache {
            self.last_put = body;
        }
        let calls = self.calls.entry((operation, on_cache)).or_default();
        calls.requests += 1;
        calls.answered += answered;
    }

    /// The calls of these operations on all tables but the Cache table, and on what is no table, together.
    fn of(&self, operations: &[&str]) -> Calls {
        let wanted = self
            .calls
            .iter()
            .filter(|((name, on_cache), _)| !on_cache && operations.contains(&name.as_str()));
        wanted.fold(Calls::default(), |sum, (_, calls)| Calls {
            requests: sum.requests + calls.requests,
            answered: sum.answered + calls.answered,
        })
    }

    /// Calls that write to a table, the Cache table aside.
    pub(crate) fn writes(&self) -> Calls {
        self.of(&WRITES)
    }

    /// Calls that read a table, the Cache table aside, or a secret.
    pub(crate) fn reads(&self) -> Calls {
        self.of(&READS)
    }

    /// What was called how often, in words.
    pub(crate) fn words(&self) -> String {
        let word = |((name, on_cache), calls): (&(String, bool), &Calls)| {
            format!("{} {name}{}", calls.requests, if *on_cache { " on Cache" } else { "" })
        };
        self.calls.iter().map(word).collect::<Vec<_>>().join(", ")
    }
}

/// The one table that a request names.
fn table(body: &[u8]) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(rename = "TableName", borrow)]
        table: Option<Cow<'a, str>>,
    }
    serde_json::from_slice::<Named>(body).ok()?.table
}
