//! Accounts: one item each, packed.

use aws_sdk_dynamodb::types::AttributeValue;
use bridge_domain::{
    CallError, ConnectionId, Timestamp,
    import::{engine::Expiry, manifest::ExternalId},
    ldap::{
        account::{Account, SIZE_LIMIT},
        account_search::Field,
        digest::digest,
        guid::Guid,
    },
};

use super::{IN_TURN, ImportError, Inventory, refused};
use crate::{
    error::damaged,
    item::{Item, attr},
    keys::inventory::{self, InventoryKey},
};

/// zstd level: as for alerts.
const LEVEL: i32 = 3;
/// Longest account as JSON, in bytes: names, quotes and escapes beside its values.
const BODY_LIMIT: usize = 4 * SIZE_LIMIT;

impl Inventory {
    /// An account of a connection, strongly consistent; none when its storage time was over at `now`, even
    /// while it is still there.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn account(
        &self,
        connection: &ConnectionId,
        id: Guid,
        now: Timestamp,
    ) -> Result<Option<Account>, CallError> {
        let item = self.get(&InventoryKey::Account(id.external(), connection.clone())).await?;
        let account = item.map(|item| decode(&item)).transpose()?;
        Ok(account.filter(|account| !account.is_gone(now)))
    }

    /// Writes an account whole, without a time to go, and where it is found.
    pub(super) async fn put_account(&self, run: i64, account: &Account) -> Result<(), ImportError> {
        let json = serde_json::to_vec(account).map_err(|_| damaged(attr::BODY))?;
        let body = zstd::bulk::compress(&json, LEVEL).map_err(|_| damaged(attr::BODY))?;
        let key = InventoryKey::Account(account.id.external(), account.connection.clone());
        let mut item = Item::default()
            .text(attr::TENANT, account.tenant.as_str())
            .bytes(attr::BODY, body)
            .text(attr::TENANT_PARTITION, inventory::accounts_of(&account.tenant))
            .text(attr::LAST_KEY, inventory::listed(account))
            .bytes(attr::FOUND_BY, digest(account));
        for field in Field::ALL {
            let Some(index) = inventory::index(*field) else { continue };
            let place = index.attribute;
            let mut terms = field.terms(account).filter(|term| !term.is_empty());
            item = match (terms.next(), terms.next()) {
                (Some(term), None) => item.text(place, inventory::called(&account.tenant, &term)),
                (Some(_), Some(_)) => item.text(place, inventory::several(&account.tenant)),
                (None, _) => item,
            };
        }
        self.put(&key, run, item).await
    }

    /// Deletes an account, if it is there.
    pub(super) async fn delete_account(
        &self,
        connection: &ConnectionId,
        run: i64,
        id: ExternalId,
    ) -> Result<(), ImportError> {
        self.delete(&InventoryKey::Account(id, connection.clone()), run).await
    }

    /// Says when an account goes, if it is there: from then on nobody sees it, and the table forgets it.
    pub(super) async fn expire_account(
        &self,
        connection: &ConnectionId,
        run: i64,
        Expiry { id, at }: Expiry,
    ) -> Result<(), ImportError> {
        let key = InventoryKey::Account(id, connection.clone());
        let number = |number: i64| AttributeValue::N(number.to_string());
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(attr::PK, AttributeValue::S(key.pk()))
            .key(attr::SK, AttributeValue::S(key.sk()))
            .condition_expression(format!("attribute_exists(#pk) AND {IN_TURN}"))
            .update_expression("SET #rn = :rn, #exp = :exp, #ttl = :ttl")
            .expression_attribute_names("#pk", attr::PK)
            .expression_attribute_names("#rn", attr::RUN)
            .expression_attribute_names("#exp", attr::EXPIRES)
            .expression_attribute_names("#ttl", attr::TTL)
            .expression_attribute_values(":rn", number(run))
            .expression_attribute_values(":exp", number(at.micros()))
            .expression_attribute_values(":ttl", number(at.seconds()));
        match update.send().await.map_err(|error| refused("UpdateItem", &error)) {
            // Not there, or of a later run: then it is not ours to mark either way.
            Ok(_) | Err(ImportError::Lost) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

pub(super) fn decode(item: &Item) -> Result<Account, CallError> {
    let json =
        zstd::bulk::decompress(item.get_bytes(attr::BODY)?, BODY_LIMIT).map_err(|_| damaged(attr::BODY))?;
    let mut account: Account = serde_json::from_slice(&json).map_err(|_| damaged(attr::BODY))?;
    account.expires = if item.has(attr::EXPIRES) { Some(item.get_time(attr::EXPIRES)?) } else { None };
    Ok(account)
}
