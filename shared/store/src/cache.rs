//! The Cache table: what may be lost at any time. Circuits and rates of targets.
//!
//! | item | `pk` |
//! |---|---|
//! | gate of a target | `GATE#<target>` |

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use bridge_domain::{CallError, TargetId, Timestamp, gate::Gate};

use crate::{
    TableName,
    error::{call_error, damaged},
    item::{Item, SCHEMA_VERSION, attr},
};

/// How long an unused gate is kept, in seconds.
const KEPT_SECONDS: i64 = 24 * 60 * 60;

/// The Cache table. Cheap to clone; every clone shares one connection pool.
#[derive(Clone, Debug)]
pub struct Cache {
    client: Client,
    table: String,
}

/// A gate and the revision that guards its next change; `None` when there was none.
pub type Held = (Gate, Option<i64>);

impl Cache {
    /// A cache on `table`, reached as `config` says. Makes no call.
    #[must_use]
    pub fn new(config: &aws_config::SdkConfig, table: TableName) -> Self {
        Self { client: Client::new(config), table: table.0 }
    }

    /// The gate of a target, strongly consistent; a new one when there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn gate(&self, target: &TargetId) -> Result<Held, CallError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(attr::PK, AttributeValue::S(key(target)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| call_error("GetItem", &error))?;
        answer.item.map_or_else(|| Ok((Gate::default(), None)), |map| decode(&Item::from_map(map)))
    }

    /// Writes a gate if it is still at `revision`. Gives the one that stands in the way, if one does.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_gate(
        &self,
        target: &TargetId,
        gate: &Gate,
        revision: Option<i64>,
        now: Timestamp,
    ) -> Result<Option<Held>, CallError> {
        let text = serde_json::to_string(gate).map_err(|_| damaged(attr::GATE))?;
        let item = Item::default()
            .text(attr::PK, key(target))
            .number(attr::SCHEMA, SCHEMA_VERSION)
            .number(attr::REVISION, revision.unwrap_or_default().saturating_add(1))
            .text(attr::GATE, text)
            .number(attr::TTL, now.plus_seconds(KEPT_SECONDS).seconds());
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item.into_map()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = match revision {
            None => put
                .condition_expression("attribute_not_exists(#pk)")
                .expression_attribute_names("#pk", attr::PK),
            Some(revision) => put
                .condition_expression("#rv = :rv")
                .expression_attribute_names("#rv", attr::REVISION)
                .expression_attribute_values(":rv", AttributeValue::N(revision.to_string())),
        };
        match put.send().await {
            Ok(_) => Ok(None),
            Err(SdkError::ServiceError(failure)) => {
                match failure.err() {
                    aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(
                        failed,
                    ) => match &failed.item {
                        // Deleted by its time to live meanwhile.
                        None => Ok(Some((Gate::default(), None))),
                        Some(map) => decode(&Item::from_map(map.clone())).map(Some),
                    },
                    _ => Err(call_error("PutItem", &SdkError::ServiceError(failure))),
                }
            }
            Err(error) => Err(call_error("PutItem", &error)),
        }
    }
}

fn key(target: &TargetId) -> String {
    format!("GATE#{target}")
}

fn decode(item: &Item) -> Result<Held, CallError> {
    let gate = serde_json::from_str(item.get_text(attr::GATE)?).map_err(|_| damaged(attr::GATE))?;
    Ok((gate, Some(item.get_number(attr::REVISION)?)))
}
