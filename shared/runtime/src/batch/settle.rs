//! Carrying a plan out.

use aws_lambda_events::sqs::SqsBatchResponse;
use aws_sdk_sqs::{Client, types::MessageAttributeValue};
use bridge_domain::CallError;

use super::{
    at_most,
    parcel::CORRELATION_ID,
    plan::{Dead, Plan, Retry},
};
use crate::aws::call_error;

/// Calls to SQS at once. Dead letters of a FIFO queue are sent one by one, to keep their order.
const CONCURRENCY: usize = 10;

/// Longest reason that a dead letter carries, in characters.
const REASON_LIMIT: usize = 1000;

const SYSTEM: &str = "sqs";

/// The queue a batch came from.
#[derive(Clone, Debug)]
pub struct Queue {
    /// A client of SQS.
    pub client: Client,
    /// URL of the queue.
    pub url: String,
    /// URL of its dead-letter queue.
    pub dead_letter_url: String,
}

/// Sends dead messages to the dead-letter queue, sets the delay of those that come back, and says
/// which messages Lambda must not delete: all that come back, and the dead that could not be sent
/// (they come back as well, and in the end the queue's own redrive moves them).
///
/// A delay that can not be set is only logged: the message then comes back when the queue's own
/// visibility time-out is over.
pub async fn settle(plan: Plan, queue: &Queue) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for retry in &plan.retry {
        tracing::warn!(message_id = %retry.message_id, delay_s = retry.delay.map(|delay| delay.as_secs()),
            reason = %retry.reason, "a record comes back");
        response.add_failure(&retry.message_id);
    }
    at_most(CONCURRENCY, plan.retry.iter().map(|retry| queue.hide(retry)).collect()).await;

    let is_fifo = plan.dead.iter().any(|dead| dead.group.is_some());
    let at_once = if is_fifo { 1 } else { CONCURRENCY };
    let sent = at_most(at_once, plan.dead.iter().map(|dead| queue.bury(dead)).collect()).await;
    for (dead, _) in plan.dead.iter().zip(sent).filter(|(_, sent)| !sent) {
        response.add_failure(&dead.message_id);
    }
    response
}

impl Queue {
    /// Keeps a message hidden for its delay.
    async fn hide(&self, retry: &Retry) {
        let (Some(delay), Some(receipt)) = (retry.delay, &retry.receipt_handle) else { return };
        let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
        let answer = self
            .client
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(receipt)
            .visibility_timeout(i32::try_from(seconds).unwrap_or(i32::MAX))
            .send()
            .await;
        if let Err(error) = answer {
            let CallError { class, code, detail, .. } = call_error(SYSTEM, &error);
            tracing::warn!(message_id = %retry.message_id, class = class.as_str(), %code, %detail,
                "the delay of a record could not be set");
        }
    }

    /// Sends a message to the dead-letter queue; whether that succeeded.
    async fn bury(&self, dead: &Dead) -> bool {
        let reason: String = dead.reason.chars().map(printable).take(REASON_LIMIT).collect();
        tracing::error!(message_id = %dead.message_id, %reason, "a record can never succeed");
        let mut send = self
            .client
            .send_message()
            .queue_url(&self.dead_letter_url)
            .message_body(&dead.body)
            .set_message_group_id(dead.group.clone())
            .set_message_deduplication_id(dead.deduplication_id.clone());
        for (name, text) in [
            ("reason", &reason),
            ("original_message_id", &dead.message_id),
            (CORRELATION_ID, &dead.correlation_id),
        ] {
            // SQS takes no empty attribute.
            let value = MessageAttributeValue::builder().data_type("String").string_value(text).build();
            send = match value {
                Ok(value) if !text.is_empty() => send.message_attributes(name, value),
                _ => send,
            };
        }
        match send.send().await {
            Ok(_) => true,
            Err(error) => {
                let CallError { class, code, detail, .. } = call_error(SYSTEM, &error);
                tracing::error!(message_id = %dead.message_id, class = class.as_str(), %code, %detail,
                    "a dead record could not be sent and comes back");
                false
            }
        }
    }
}

/// SQS takes no control characters in attributes.
fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

#[cfg(test)]
mod tests;
