//! What is known about the secrets of tenants; their values lie in Secrets Manager.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use bridge_domain::{
    CallError, Name, SecretId, TenantId,
    vault::{Entry, User},
};

use crate::{
    Store,
    error::damaged,
    item::{Item, attr},
    keys::{Key, Moment, Partition},
    transact::{Guard, Revised, Terms},
};

/// Why a secret's entry was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretConflict {
    /// There is a secret with this id.
    Id,
    /// Another secret of the tenant has this name.
    Name,
    /// Somebody else changed or deleted it meanwhile.
    Changed,
    /// Something uses it.
    Used,
    /// The store failed: nobody knows whether it was written.
    Call(CallError),
}

impl From<CallError> for SecretConflict {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl Store {
    /// What is known of a secret, with its revision, strongly consistent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn secret(&self, id: &SecretId) -> Result<Option<Revised<Entry>>, CallError> {
        self.read(&Key::Secret(id.clone()), &[]).await?.map(|item| decode(&item)).transpose()
    }

    /// Secrets by id, in no order; absent ones are left out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn secrets_by_id<'a>(
        &self,
        ids: impl IntoIterator<Item = &'a SecretId>,
    ) -> Result<Vec<Entry>, CallError> {
        // DynamoDB refuses a key that is asked for twice.
        let ids: BTreeSet<SecretId> = ids.into_iter().cloned().collect();
        let keys: Vec<Key> = ids.into_iter().map(Key::Secret).collect();
        let items = self.read_many(&keys, &[]).await?;
        items.iter().map(|item| decode(item).map(|entry| entry.value)).collect()
    }

    /// Every secret that `wanted` picks by its tenant, in the order they were made: `skip` left
    /// out, then `take`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn secrets(
        &self,
        wanted: impl Fn(&str) -> bool,
        skip: usize,
        take: usize,
    ) -> Result<Vec<Revised<Entry>>, CallError> {
        let near = |entry: &crate::listing::Entry| wanted(&entry.tenant);
        self.listed(Partition::Secrets, near, decode, |_| true, skip..skip.saturating_add(take)).await
    }

    /// Whose name it is in a tenant, whatever the case.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn secret_named(&self, tenant: &TenantId, name: &Name) -> Result<Option<SecretId>, CallError> {
        let key = Key::SecretName { tenant: tenant.clone(), name: name.folded() };
        self.read(&key, &[]).await?.map(|item| item.get_parsed(attr::SECRET)).transpose()
    }

    /// Makes the entry of a secret that nothing uses yet.
    ///
    /// # Errors
    /// The id or the name is taken.
    pub async fn create_secret(&self, entry: &Entry) -> Result<(), SecretConflict> {
        let mut steps = self.transaction();
        steps.put(encode(entry), Guard::Absent, SecretConflict::Id)?;
        steps.put(claim(entry), Guard::Absent, SecretConflict::Name)?;
        steps.commit(SecretConflict::Changed).await
    }

    /// Puts name, description, tags and time of change of `new` in the place of those of `old`.
    /// What uses the secret is not touched: that may change at the same moment.
    ///
    /// # Errors
    /// Somebody else changed it meanwhile, or the name is taken.
    pub async fn change_secret(&self, old: &Revised<Entry>, new: &Entry) -> Result<(), SecretConflict> {
        const CHANGE: &str = "SET #n = :n, #d = :d, #tags = :tags, #upd = :upd, #rv = :next";
        let mut steps = self.transaction();
        let number = |value: i64| AttributeValue::N(value.to_string());
        let terms = Terms::new("#rv = :rv")
            .naming(&[attr::REVISION, attr::NAME, attr::DESCRIPTION, attr::TAGS, attr::UPDATED])
            .value("rv", number(old.revision))
            .value("next", number(old.revision + 1))
            .value("n", AttributeValue::S(new.name.to_string()))
            .value("d", AttributeValue::S(new.description.clone()))
            .value("tags", tags(new))
            .value("upd", number(new.updated.micros()));
        steps.update(&Key::Secret(old.value.id.clone()), CHANGE, terms, SecretConflict::Changed)?;
        if new.name.folded() != old.value.name.folded() {
            steps.put(claim(new), Guard::Absent, SecretConflict::Name)?;
            steps.delete(&taken_name(&old.value), Guard::Any, SecretConflict::Changed)?;
        }
        steps.commit(SecretConflict::Changed).await
    }

    /// Deletes the entry of a secret that nothing uses. A target that begins to use it at the same
    /// moment is either seen here or finds it gone.
    ///
    /// # Errors
    /// Something uses it, or somebody else changed or deleted it meanwhile.
    pub async fn delete_secret(&self, entry: &Revised<Entry>) -> Result<(), SecretConflict> {
        let mut steps = self.transaction();
        let terms = Terms::new("#rv = :rv AND attribute_not_exists(#ub)")
            .naming(&[attr::REVISION, attr::USED_BY])
            .value("rv", AttributeValue::N(entry.revision.to_string()));
        let key = Key::Secret(entry.value.id.clone());
        steps.delete(&key, terms, SecretConflict::Used)?;
        steps.delete(&taken_name(&entry.value), Guard::Any, SecretConflict::Changed)?;
        match steps.commit(SecretConflict::Changed).await {
            // One condition failed of two: which, the entry says now.
            Err(SecretConflict::Used) => match self.secret(&entry.value.id).await? {
                Some(now) if !now.value.used_by.is_empty() => Err(SecretConflict::Used),
                _ => Err(SecretConflict::Changed),
            },
            result => result,
        }
    }
}

fn taken_name(entry: &Entry) -> Key {
    Key::SecretName { tenant: entry.tenant.clone(), name: entry.name.folded() }
}

fn claim(entry: &Entry) -> Item {
    Item::new(&taken_name(entry)).text(attr::SECRET, entry.id.as_str())
}

fn tags(entry: &Entry) -> AttributeValue {
    AttributeValue::L(entry.tags.iter().cloned().map(AttributeValue::S).collect())
}

fn encode(entry: &Entry) -> Item {
    let place = Moment { at: entry.created, id: entry.id.to_string() };
    Item::new(&Key::Secret(entry.id.clone()))
        .number(attr::REVISION, 1)
        .text(attr::TENANT, entry.tenant.as_str())
        .text(attr::NAME, entry.name.as_str())
        .text(attr::TYPE, entry.kind.as_str())
        .text(attr::DESCRIPTION, &entry.description)
        .with(attr::TAGS, tags(entry))
        .number(attr::CREATED, entry.created.micros())
        .number(attr::UPDATED, entry.updated.micros())
        .text(attr::TENANT_PARTITION, Partition::Secrets.to_string())
        .text(attr::LAST_KEY, place.to_string())
}

fn decode(item: &Item) -> Result<Revised<Entry>, CallError> {
    let Key::Secret(id) = item.key()? else { return Err(damaged(attr::PK)) };
    let entry = Entry {
        id,
        tenant: item.get_parsed(attr::TENANT)?,
        name: item.get_parsed(attr::NAME)?,
        kind: item.get_parsed(attr::TYPE)?,
        description: item.get_text(attr::DESCRIPTION)?.to_owned(),
        tags: item
            .get(attr::TAGS)
            .and_then(|list| list.as_l().ok())
            .and_then(|list| list.iter().map(|tag| tag.as_s().ok().cloned()).collect())
            .ok_or_else(|| damaged(attr::TAGS))?,
        used_by: used_by(item)?,
        created: item.get_time(attr::CREATED)?,
        updated: item.get_time(attr::UPDATED)?,
    };
    Ok(Revised { value: entry, revision: item.get_number(attr::REVISION)? })
}

/// DynamoDB keeps no empty set: the attribute is absent then.
fn used_by(item: &Item) -> Result<BTreeSet<User>, CallError> {
    let broken = || damaged(attr::USED_BY);
    let Some(value) = item.get(attr::USED_BY) else { return Ok(BTreeSet::new()) };
    let ids = value.as_ss().map_err(|_| broken())?;
    ids.iter().map(|id| id.parse().map_err(|_| broken())).collect()
}
