//! Targets: kept beside their tenant, each counted as a user of the secrets it names.

use aws_sdk_dynamodb::types::AttributeValue;
use bridge_domain::{
    CallError, SecretId, TargetId, TenantId,
    target::{Settings, Target},
    tenant::Tenant,
    vault::User,
};

use crate::{
    Store,
    alerts::names,
    error::{call_error, damaged},
    item::{Item, attr},
    keys::{Key, Moment, Partition, TARGETS_FROM, TARGETS_TO},
    tenants,
    transact::{Guard, Revised},
    uses::{Need, Needs},
};

/// Why a target was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetConflict {
    /// There is a target with this id.
    Id,
    /// Somebody else changed the target, or a secret of it, meanwhile.
    Changed,
    /// This secret is not there, or of another tenant or type than the target needs.
    Secret(SecretId),
    /// The store failed.
    Call(CallError),
}

impl From<CallError> for TargetConflict {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl Store {
    /// A tenant and all of its targets, as they were at one moment, strongly consistent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tenant_with_targets(
        &self,
        id: &TenantId,
    ) -> Result<Option<(Tenant, Vec<Target>)>, CallError> {
        let (mut tenant, mut targets, mut resume) = (None, Vec::new(), None);
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("#pk = :pk AND #sk BETWEEN :from AND :to")
                .set_expression_attribute_names(Some(names(&[attr::PK, attr::SK])))
                .expression_attribute_values(":pk", AttributeValue::S(Key::Tenant(id.clone()).pk()))
                .expression_attribute_values(":from", AttributeValue::S(TARGETS_FROM.to_owned()))
                .expression_attribute_values(":to", AttributeValue::S(TARGETS_TO.to_owned()))
                .set_exclusive_start_key(resume.take())
                .send()
                .await
                .map_err(|error| call_error("Query", &error))?;
            for item in answer.items.unwrap_or_default() {
                let item = Item::from_map(item);
                match item.key()? {
                    Key::Tenant(_) => tenant = Some(tenants::decode(&item)?),
                    Key::Target { .. } => targets.push(decode(&item)?.value),
                    _ => return Err(damaged(attr::SK)),
                }
            }
            resume = answer.last_evaluated_key;
            if resume.is_none() {
                return Ok(tenant.map(|tenant| (tenant, targets)));
            }
        }
    }

    /// A target of a tenant, strongly consistent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn target(&self, tenant: &TenantId, id: &TargetId) -> Result<Option<Target>, CallError> {
        let key = Key::Target { tenant: tenant.clone(), id: id.clone() };
        self.read(&key, &[]).await?.map(|item| decode(&item).map(|target| target.value)).transpose()
    }

    /// A target by its id alone, with its revision, strongly consistent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn target_by_id(&self, id: &TargetId) -> Result<Option<Revised<Target>>, CallError> {
        let Some(place) = self.read(&Key::TargetPlace(id.clone()), &[]).await? else { return Ok(None) };
        let key = Key::Target { tenant: place.get_parsed(attr::TENANT)?, id: id.clone() };
        self.read(&key, &[]).await?.map(|item| decode(&item)).transpose()
    }

    /// Targets of one tenant by id, in no order; absent ones are left out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn targets_by_id<'a>(
        &self,
        tenant: &TenantId,
        ids: impl IntoIterator<Item = &'a TargetId>,
    ) -> Result<Vec<Target>, CallError> {
        let key = |id: &TargetId| Key::Target { tenant: tenant.clone(), id: id.clone() };
        let keys: Vec<Key> = ids.into_iter().map(key).collect();
        let items = self.read_many(&keys, &[]).await?;
        items.iter().map(|item| decode(item).map(|target| target.value)).collect()
    }

    /// Every target that `wanted` picks by its tenant, in the order they were made: `skip` left
    /// out, then `take`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn targets(
        &self,
        wanted: impl Fn(&str) -> bool,
        skip: usize,
        take: usize,
    ) -> Result<Vec<Revised<Target>>, CallError> {
        let near = |entry: &crate::listing::Entry| wanted(&entry.tenant);
        self.listed(Partition::Targets, near, decode, |_| true, skip..skip.saturating_add(take)).await
    }

    /// Makes a target and counts it as a user of its secrets.
    ///
    /// # Errors
    /// The id is taken or a secret can not be used.
    pub async fn create_target(&self, target: &Target) -> Result<(), TargetConflict> {
        let mut steps = self.transaction();
        steps.put(encode(target, 1)?, Guard::Absent, TargetConflict::Id)?;
        let place =
            Item::new(&Key::TargetPlace(target.id.clone())).text(attr::TENANT, target.tenant.as_str());
        steps.put(place, Guard::Absent, TargetConflict::Id)?;
        let after = needs(target);
        steps.count(&user(target), (&Needs::new(), &after), TargetConflict::Secret, changed)?;
        steps.commit(TargetConflict::Changed).await
    }

    /// Puts `new` in the place of `old`: id, tenant and kind stay.
    ///
    /// # Errors
    /// Somebody else changed it meanwhile, or a secret can not be used.
    pub async fn replace_target(&self, old: &Revised<Target>, new: &Target) -> Result<(), TargetConflict> {
        let mut steps = self.transaction();
        let item = encode(new, old.revision + 1)?;
        steps.put(item, Guard::Revision(old.revision), TargetConflict::Changed)?;
        let (before, after) = (needs(&old.value), needs(new));
        steps.count(&user(new), (&before, &after), TargetConflict::Secret, changed)?;
        steps.commit(TargetConflict::Changed).await
    }

    /// Deletes a target and what is kept about it; its secrets are free of it.
    ///
    /// # Errors
    /// Somebody else changed or deleted it meanwhile.
    pub async fn delete_target(&self, old: &Revised<Target>) -> Result<(), TargetConflict> {
        let target = &old.value;
        let mut steps = self.transaction();
        let key = Key::Target { tenant: target.tenant.clone(), id: target.id.clone() };
        steps.delete(&key, Guard::Revision(old.revision), TargetConflict::Changed)?;
        for key in [Key::TargetPlace(target.id.clone()), Key::Pull(target.id.clone())] {
            steps.delete(&key, Guard::Any, TargetConflict::Changed)?;
        }
        let before = needs(target);
        steps.count(&user(target), (&before, &Needs::new()), TargetConflict::Secret, changed)?;
        steps.commit(TargetConflict::Changed).await
    }
}

const fn changed() -> TargetConflict {
    TargetConflict::Changed
}

fn user(target: &Target) -> User {
    User::Target(target.id.clone())
}

/// The secrets that a target names: they are of its tenant.
fn needs(target: &Target) -> Needs {
    let need = |kind| Need { tenant: target.tenant.clone(), kind };
    target.secrets().into_iter().map(|one| (one.id.clone(), need(one.kind))).collect()
}

fn encode(target: &Target, revision: i64) -> Result<Item, CallError> {
    let place = Moment { at: target.created, id: target.id.to_string() };
    let settings = serde_json::to_string(&target.settings).map_err(|_| damaged(attr::SETTINGS))?;
    Ok(Item::new(&Key::Target { tenant: target.tenant.clone(), id: target.id.clone() })
        .number(attr::REVISION, revision)
        .text(attr::TENANT, target.tenant.as_str())
        .text(attr::NAME, target.name.as_str())
        .flag(attr::DISABLED, target.disabled)
        .number(attr::CREATED, target.created.micros())
        .number(attr::UPDATED, target.updated.micros())
        .text(attr::SETTINGS, settings)
        .text(attr::TENANT_PARTITION, Partition::Targets.to_string())
        .text(attr::LAST_KEY, place.to_string()))
}

fn decode(item: &Item) -> Result<Revised<Target>, CallError> {
    let Key::Target { tenant, id } = item.key()? else { return Err(damaged(attr::SK)) };
    let settings: Settings =
        serde_json::from_str(item.get_text(attr::SETTINGS)?).map_err(|_| damaged(attr::SETTINGS))?;
    let target = Target {
        id,
        tenant,
        name: item.get_parsed(attr::NAME)?,
        disabled: item.get_flag(attr::DISABLED)?,
        created: item.get_time(attr::CREATED)?,
        updated: item.get_time(attr::UPDATED)?,
        settings,
    };
    Ok(Revised { value: target, revision: item.get_number(attr::REVISION)? })
}
