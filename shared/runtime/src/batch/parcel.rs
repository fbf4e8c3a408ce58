//! Messages as they come, checked once.

use std::collections::BTreeSet;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};

/// Message attribute that ties a message to the request that caused it.
pub(super) const CORRELATION_ID: &str = "correlation_id";

/// What a handler gets to know about a message besides its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Id that SQS gave the message.
    pub message_id: String,
    /// How often it was received, this time included: from 1.
    pub receive_count: u32,
    /// Its group in a FIFO queue.
    pub group: Option<String>,
    /// Ties its log lines to the request that caused it; the message id when the sender gave none.
    pub correlation_id: String,
}

/// A message on its way through a batch.
#[derive(Clone)]
pub(super) struct Parcel {
    pub(super) record: Record,
    pub(super) body: String,
    pub(super) receipt_handle: Option<String>,
    pub(super) deduplication_id: Option<String>,
}

/// Why a batch can not be handled at all. Lambda then returns all of it to the queue, which it
/// would also do for an answer that names such an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// A message without an id.
    #[error("record {position} of the batch has no message id")]
    MissingId {
        /// Its position, from 0.
        position: usize,
    },
    /// Two messages with one id.
    #[error("record {position} of the batch repeats a message id")]
    DuplicateId {
        /// Position of the second one, from 0.
        position: usize,
    },
}

/// Checks the ids of a batch.
pub(super) fn unpack(event: SqsEvent) -> Result<Vec<Parcel>, BatchError> {
    let mut seen = BTreeSet::new();
    let parcels = event.records.into_iter().enumerate().map(|(position, message)| {
        let parcel = parcel(message).ok_or(BatchError::MissingId { position })?;
        let is_new = seen.insert(parcel.record.message_id.clone());
        if is_new { Ok(parcel) } else { Err(BatchError::DuplicateId { position }) }
    });
    parcels.collect()
}

fn parcel(message: SqsMessage) -> Option<Parcel> {
    let message_id = message.message_id.filter(|id| !id.trim().is_empty())?;
    let mut attributes = message.attributes;
    let correlation_id = message
        .message_attributes
        .get(CORRELATION_ID)
        .and_then(|attribute| attribute.string_value.clone())
        .unwrap_or_else(|| message_id.clone());
    let receive_count =
        attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok()).unwrap_or(1);
    Some(Parcel {
        record: Record {
            message_id,
            receive_count,
            group: attributes.remove("MessageGroupId"),
            correlation_id,
        },
        body: message.body.unwrap_or_default(),
        receipt_handle: message.receipt_handle.filter(|handle| !handle.is_empty()),
        deduplication_id: attributes.remove("MessageDeduplicationId"),
    })
}
