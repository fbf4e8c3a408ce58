//! Many items in one call, until none is left over.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, DeleteRequest, KeysAndAttributes, WriteRequest},
};
use bridge_domain::CallError;
use uuid::Uuid;

use crate::{
    Store,
    error::{call_error, contended},
    item::{Item, key_map},
    keys::Key,
};

/// The key attributes of an item.
type KeyMap = HashMap<String, AttributeValue>;

/// Most keys in one read. Limit of DynamoDB.
const READ_LIMIT: usize = 100;
/// Most items in one write. Limit of DynamoDB.
const WRITE_LIMIT: usize = 25;
/// Rounds for what DynamoDB leaves unprocessed. A full page of the largest items takes seven.
const ROUNDS: u32 = 20;

/// Waits a little longer each round, by chance up to half a second.
pub(crate) async fn back_off(round: u32) {
    let ceiling = (5_u64 << round.min(7)).min(500);
    let chance = Uuid::new_v4().as_u128() % u128::from(ceiling);
    tokio::time::sleep(Duration::from_millis(u64::try_from(chance).unwrap_or_default())).await;
}

/// Reads items of a table by key, strongly consistent, in no order; absent ones are left out.
/// `projection` names the attributes wanted; all when empty.
pub(crate) async fn read_all(
    client: &Client,
    table: &str,
    keys: Vec<KeyMap>,
    projection: &[&str],
) -> Result<Vec<Item>, CallError> {
    let mut items = Vec::with_capacity(keys.len());
    for share in keys.chunks(READ_LIMIT) {
        let mut left = share.to_vec();
        let mut round = 0;
        while !left.is_empty() {
            if round == ROUNDS {
                return Err(contended("BatchGetItem"));
            }
            let (read, rest) = read_share(client, table, left, projection).await?;
            if read.is_empty() && !rest.is_empty() {
                back_off(round).await;
            }
            items.extend(read);
            left = rest;
            round += 1;
        }
    }
    Ok(items)
}

async fn read_share(
    client: &Client,
    table: &str,
    keys: Vec<KeyMap>,
    projection: &[&str],
) -> Result<(Vec<Item>, Vec<KeyMap>), CallError> {
    let mut wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
    if !projection.is_empty() {
        let names = projection.iter().map(|name| (format!("#{name}"), (*name).to_owned())).collect();
        let list: Vec<String> = projection.iter().map(|name| format!("#{name}")).collect();
        wanted = wanted.set_expression_attribute_names(Some(names)).projection_expression(list.join(","));
    }
    let wanted = wanted.build().map_err(|_| contended("BatchGetItem"))?;
    let answer = client
        .batch_get_item()
        .request_items(table, wanted)
        .send()
        .await
        .map_err(|error| call_error("BatchGetItem", &error))?;
    let read = answer
        .responses
        .unwrap_or_default()
        .remove(table)
        .unwrap_or_default()
        .into_iter()
        .map(Item::from_map)
        .collect();
    let rest =
        answer.unprocessed_keys.unwrap_or_default().remove(table).map(|rest| rest.keys).unwrap_or_default();
    Ok((read, rest))
}

impl Store {
    /// [`read_all`] of the State table.
    pub(crate) async fn read_many(&self, keys: &[Key], projection: &[&str]) -> Result<Vec<Item>, CallError> {
        read_all(&self.client, &self.table, keys.iter().map(key_map).collect(), projection).await
    }

    /// Deletes items by key. Absent ones are no error.
    pub(crate) async fn delete_many(&self, keys: &[Key]) -> Result<(), CallError> {
        for share in keys.chunks(WRITE_LIMIT) {
            let mut left = share
                .iter()
                .map(|key| {
                    let delete = DeleteRequest::builder().set_key(Some(key_map(key))).build();
                    let delete = delete.map_err(|_| contended("BatchWriteItem"))?;
                    Ok(WriteRequest::builder().delete_request(delete).build())
                })
                .collect::<Result<Vec<_>, CallError>>()?;
            let mut round = 0;
            while !left.is_empty() {
                if round == ROUNDS {
                    return Err(contended("BatchWriteItem"));
                }
                if round > 0 {
                    back_off(round).await;
                }
                let answer = self
                    .client
                    .batch_write_item()
                    .request_items(&self.table, left)
                    .send()
                    .await
                    .map_err(|error| call_error("BatchWriteItem", &error))?;
                left = answer.unprocessed_items.unwrap_or_default().remove(&self.table).unwrap_or_default();
                round += 1;
            }
        }
        Ok(())
    }
}
