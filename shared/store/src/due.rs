//! The index of what is due: alerts with something to send that somebody has to look at.

use aws_sdk_dynamodb::types::AttributeValue;
use bridge_domain::{AlertId, CallError, Timestamp};

use crate::{
    Store,
    error::{call_error, damaged},
    item::{Item, attr},
    keys::{Key, Moment, outbox_shard},
};

/// Name of the index.
const INDEX: &str = "due";

impl Store {
    /// Alerts of one shard of the outbox that were due at `now`, the longest overdue first, at most
    /// `limit`. An index lags a moment: what is found has to be read before it is believed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn overdue(
        &self,
        shard: u8,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<(AlertId, Timestamp)>, CallError> {
        let items = self.due(&outbox_shard(shard), now, limit).await?;
        let due = |item: &Item| {
            let Key::Alert(id) = item.key()? else { return Err(damaged(attr::PK)) };
            let place = Moment::parse(item.get_text(attr::DUE_KEY)?).ok_or_else(|| damaged(attr::DUE_KEY))?;
            Ok((id, place.at))
        };
        items.iter().map(due).collect()
    }

    /// Lines of one partition of the index that were due at `now`, the longest overdue first, at most
    /// `limit`.
    pub(crate) async fn due(
        &self,
        partition: &str,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<Item>, CallError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(INDEX)
            .key_condition_expression("#dp = :dp AND #da <= :da")
            .expression_attribute_names("#dp", attr::DUE_PARTITION)
            .expression_attribute_names("#da", attr::DUE_KEY)
            .expression_attribute_values(":dp", AttributeValue::S(partition.to_owned()))
            .expression_attribute_values(":da", AttributeValue::S(Moment::last(now)))
            .limit(i32::from(limit))
            .send()
            .await
            .map_err(|error| call_error("Query", &error))?;
        Ok(answer.items.unwrap_or_default().into_iter().map(Item::from_map).collect())
    }
}
