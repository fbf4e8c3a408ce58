//! The Cache table: what may be lost at any time. Circuits and rates of targets.
//!
//! | item | `pk` |
//! |---|---|
//! | gate of a target | `GATE#<target>` |
//! | whose turn it is with a target that takes one call at a time | `TURN#<target>` |

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::put_item::{PutItemError, PutItemOutput},
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

    /// Takes the turn with a target, up to `until`. Gives until when somebody else has it, if
    /// somebody does.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn take_turn(
        &self,
        target: &TargetId,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Timestamp>, CallError> {
        let item = Item::default()
            .text(attr::PK, turn_key(target))
            .number(attr::SCHEMA, SCHEMA_VERSION)
            .text(attr::HOLDER, holder)
            .number(attr::UNTIL, until.micros())
            .number(attr::TTL, now.plus_seconds(KEPT_SECONDS).seconds());
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item.into_map()))
            .condition_expression("attribute_not_exists(#pk) OR #until <= :now")
            .expression_attribute_names("#pk", attr::PK)
            .expression_attribute_names("#until", attr::UNTIL)
            .expression_attribute_values(":now", AttributeValue::N(now.micros().to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match met(put.send().await)? {
            Met::Nothing => Ok(None),
            // Given back meanwhile: free at once.
            Met::Gone => Ok(Some(now)),
            Met::Item(item) => item.get_time(attr::UNTIL).map(Some),
        }
    }

    /// Gives the turn back, if it is still this holder's.
    ///
    /// # Errors
    /// When the store fails: the turn then ends by itself.
    pub async fn end_turn(&self, target: &TargetId, holder: &str) -> Result<(), CallError> {
        let ended = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key(attr::PK, AttributeValue::S(turn_key(target)))
            .condition_expression("#hold = :hold")
            .expression_attribute_names("#hold", attr::HOLDER)
            .expression_attribute_values(":hold", AttributeValue::S(holder.to_owned()))
            .send()
            .await;
        match ended {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(failure)) if failure.err().is_conditional_check_failed_exception() => {
                Ok(())
            }
            Err(error) => Err(call_error("DeleteItem", &error)),
        }
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
        match met(put.send().await)? {
            Met::Nothing => Ok(None),
            // Deleted by its time to live meanwhile.
            Met::Gone => Ok(Some((Gate::default(), None))),
            Met::Item(item) => decode(&item).map(Some),
        }
    }
}

/// What a conditional put met.
enum Met {
    /// Nothing: it is written.
    Nothing,
    /// Something that is gone by now.
    Gone,
    /// This.
    Item(Item),
}

fn met(put: Result<PutItemOutput, SdkError<PutItemError>>) -> Result<Met, CallError> {
    match put {
        Ok(_) => Ok(Met::Nothing),
        Err(SdkError::ServiceError(failure)) => match failure.err() {
            PutItemError::ConditionalCheckFailedException(failed) => {
                Ok(failed.item.clone().map_or(Met::Gone, |map| Met::Item(Item::from_map(map))))
            }
            _ => Err(call_error("PutItem", &SdkError::ServiceError(failure))),
        },
        Err(error) => Err(call_error("PutItem", &error)),
    }
}

fn turn_key(target: &TargetId) -> String {
    format!("TURN#{target}")
}

fn key(target: &TargetId) -> String {
    format!("GATE#{target}")
}

fn decode(item: &Item) -> Result<Held, CallError> {
    let gate = serde_json::from_str(item.get_text(attr::GATE)?).map_err(|_| damaged(attr::GATE))?;
    Ok((gate, Some(item.get_number(attr::REVISION)?)))
}
