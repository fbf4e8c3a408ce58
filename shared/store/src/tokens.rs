//! Tokens: kept by their public half, without their value.
//!
//! A session is a token that is in no listing, so that whoever reads a token by its id takes it for one.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::{error::SdkError, types::AttributeValue};
use bridge_domain::{
    CallError, Timestamp, TokenId,
    access::{Allowed, Grants, Operation, Role, Token},
    ldap::folded,
    secret::SecretDigest,
};

use crate::{
    Store,
    alerts::names,
    error::{call_error, damaged},
    item::{Item, attr, key_map},
    keys::{Key, Moment, Partition},
};

/// How long an expired token still shows in lists, in seconds, before DynamoDB deletes it.
const KEPT_AFTER_EXPIRY: i64 = 30 * 24 * 60 * 60;

impl Store {
    /// A token by its public half, strongly consistent: a revoked token is gone at once.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn token(&self, id: TokenId) -> Result<Option<Token>, CallError> {
        self.read(&Key::Token(id), &[]).await?.map(|item| decode(&item)).transpose()
    }

    /// Stores a new token.
    ///
    /// # Errors
    /// When the store fails; `Transient` when the random id is taken.
    pub async fn create_token(&self, token: &Token) -> Result<(), CallError> {
        let place = Moment { at: token.created, id: token.id.to_string() };
        let item = encode(token)
            .text(attr::TENANT_PARTITION, Partition::Tokens.to_string())
            .text(attr::LAST_KEY, place.to_string());
        self.add_token(keep(item, token, KEPT_AFTER_EXPIRY)).await
    }

    /// Stores a new session. No list shows it, and it may be deleted as soon as it has expired.
    ///
    /// # Errors
    /// As [`Self::create_token`].
    pub async fn create_session(&self, token: &Token) -> Result<(), CallError> {
        self.add_token(keep(encode(token), token, 0)).await
    }

    async fn add_token(&self, item: Item) -> Result<(), CallError> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item.into_map()))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", attr::PK)
            .send()
            .await
            .map(|_| ())
            .map_err(|error| call_error("PutItem", &error))
    }

    /// Deletes a token, or a session. Gives whether there was one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revoke_token(&self, id: &TokenId) -> Result<bool, CallError> {
        self.delete_token(id, "attribute_exists(#pk)", &[attr::PK]).await
    }

    /// Ends a session. Gives whether there was one: a token of the listing is none, and stays.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_session(&self, id: &TokenId) -> Result<bool, CallError> {
        let condition = "attribute_exists(#pk) AND attribute_not_exists(#tp)";
        self.delete_token(id, condition, &[attr::PK, attr::TENANT_PARTITION]).await
    }

    async fn delete_token(&self, id: &TokenId, condition: &str, used: &[&str]) -> Result<bool, CallError> {
        let result = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key_map(&Key::Token(id.clone()))))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names(used)))
            .send()
            .await;
        match result {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(failure)) if failure.err().is_conditional_check_failed_exception() => {
                Ok(false)
            }
            Err(error) => Err(call_error("DeleteItem", &error)),
        }
    }

    /// Every token that `wanted` picks, in the order issued: `skip` left out, then `take`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tokens(
        &self,
        wanted: impl Fn(&Token) -> bool,
        skip: usize,
        take: usize,
    ) -> Result<Vec<Token>, CallError> {
        self.listed(Partition::Tokens, |_| true, decode, wanted, skip..skip.saturating_add(take)).await
    }

    /// Whether a local user has this e-mail address, in whatever case: whether a token of the listing that
    /// has not expired at `now` carries it. An empty address is nobody's.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn has_local_user(&self, email: &str, now: Timestamp) -> Result<bool, CallError> {
        let wanted = folded(email.trim());
        if wanted.is_empty() {
            return Ok(false);
        }
        let has = |token: &Token| {
            token.expires.is_none_or(|expires| now < expires) && folded(token.email.trim()) == wanted
        };
        Ok(!self.tokens(has, 0, 1).await?.is_empty())
    }
}

/// The item with the time from which DynamoDB may delete it, so many seconds after it has expired.
fn keep(item: Item, token: &Token, seconds: i64) -> Item {
    match token.expires {
        Some(expires) => item.number(attr::TTL, expires.plus_seconds(seconds).seconds()),
        None => item,
    }
}

fn encode(token: &Token) -> Item {
    let mut item = Item::new(&Key::Token(token.id.clone()))
        .text(attr::NAME, token.name.as_str())
        .text(attr::LOGIN, &token.login)
        .text(attr::EMAIL, &token.email)
        .number(attr::CREATED, token.created.micros())
        .bytes(attr::DIGEST, token.digest.as_bytes().to_vec());
    item = match &token.grants {
        Grants::Everything => item.flag(attr::GENERAL, true),
        Grants::Tenants(roles) => {
            let roles: HashMap<String, AttributeValue> = roles
                .iter()
                .map(|(tenant, role)| (tenant.to_string(), AttributeValue::S(role.as_str().to_owned())))
                .collect();
            item.flag(attr::GENERAL, false).with(attr::ROLES, AttributeValue::M(roles))
        }
    };
    if let Allowed::Only(operations) = &token.operations {
        let list = operations.iter().map(|one| AttributeValue::S(one.as_str().to_owned())).collect();
        item = item.with(attr::OPERATIONS, AttributeValue::L(list));
    }
    if let Some(expires) = token.expires {
        item = item.number(attr::EXPIRES, expires.micros());
    }
    item
}

fn decode(item: &Item) -> Result<Token, CallError> {
    let Key::Token(id) = item.key()? else { return Err(damaged(attr::PK)) };
    let grants =
        if item.get_flag(attr::GENERAL)? { Grants::Everything } else { Grants::Tenants(roles(item)?) };
    Ok(Token {
        id,
        name: item.get_parsed(attr::NAME)?,
        login: item.get_text(attr::LOGIN)?.to_owned(),
        email: item.get_text(attr::EMAIL)?.to_owned(),
        grants,
        operations: operations(item)?,
        created: item.get_time(attr::CREATED)?,
        expires: if item.has(attr::EXPIRES) { Some(item.get_time(attr::EXPIRES)?) } else { None },
        digest: SecretDigest::from_bytes(item.get_bytes(attr::DIGEST)?)
            .ok_or_else(|| damaged(attr::DIGEST))?,
    })
}

fn roles(item: &Item) -> Result<BTreeMap<bridge_domain::TenantId, Role>, CallError> {
    let broken = || damaged(attr::ROLES);
    let map = item.get(attr::ROLES).and_then(|value| value.as_m().ok()).ok_or_else(broken)?;
    map.iter()
        .map(|(tenant, role)| {
            let role = role.as_s().ok().and_then(|text| {
                [Role::Operator, Role::Analyst, Role::TenantAdministrator]
                    .into_iter()
                    .find(|role| role.as_str() == text)
            });
            Ok((tenant.parse().map_err(|_| broken())?, role.ok_or_else(broken)?))
        })
        .collect()
}

fn operations(item: &Item) -> Result<Allowed, CallError> {
    let Some(value) = item.get(attr::OPERATIONS) else { return Ok(Allowed::All) };
    let list = value.as_l().map_err(|_| damaged(attr::OPERATIONS))?;
    // An operation that this version does not know allows nothing here.
    Ok(Allowed::Only(
        Operation::ALL
            .iter()
            .copied()
            .filter(|one| list.iter().any(|value| value.as_s().is_ok_and(|text| text == one.as_str())))
            .collect(),
    ))
}
