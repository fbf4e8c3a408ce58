//! Tenants: each with its name taken once, and at most one of them the main one.

use bridge_domain::{CallError, Name, TenantId, Timestamp, tenant::Tenant};

use crate::{
    Store,
    error::contended,
    item::{Item, attr},
    keys::{Key, Moment, Partition},
    transact::{ATTEMPTS, Guard},
};

/// Why a tenant was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantConflict {
    /// There is a tenant with this id.
    Id,
    /// Another tenant has this name.
    Name,
    /// There is a main tenant.
    Main,
    /// Somebody else changed the tenant meanwhile.
    Changed,
    /// There is no such tenant.
    Missing,
    /// The store failed.
    Call(CallError),
}

impl From<CallError> for TenantConflict {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

/// What to change; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantChange {
    /// New name.
    pub name: Option<Name>,
    /// New description.
    pub description: Option<String>,
    /// Whether it is to be disabled.
    pub disabled: Option<bool>,
}

impl Store {
    /// Makes a tenant.
    ///
    /// # Errors
    /// Says what is taken: id, name or the place of the main tenant.
    pub async fn create_tenant(&self, tenant: &Tenant) -> Result<(), TenantConflict> {
        let mut steps = self.transaction();
        steps.put(encode(tenant, 1), Guard::Absent, TenantConflict::Id)?;
        steps.put(claim(&tenant.name, &tenant.id), Guard::Absent, TenantConflict::Name)?;
        if tenant.main {
            let place = Item::new(&Key::MainTenant).text(attr::TENANT, tenant.id.as_str());
            steps.put(place, Guard::Absent, TenantConflict::Main)?;
        }
        steps.commit(TenantConflict::Changed).await
    }

    /// Changes a tenant and gives it as it is then.
    ///
    /// # Errors
    /// The tenant is missing, the new name is taken, or others keep changing it.
    pub async fn change_tenant(
        &self,
        id: &TenantId,
        change: &TenantChange,
        now: Timestamp,
    ) -> Result<Tenant, TenantConflict> {
        for _ in 0..ATTEMPTS {
            let item = self.read(&Key::Tenant(id.clone()), &[]).await?.ok_or(TenantConflict::Missing)?;
            let (old, revision) = (decode(&item)?, item.get_number(attr::REVISION)?);
            let mut new = old.clone();
            new.name = change.name.clone().unwrap_or(new.name);
            new.description = change.description.clone().unwrap_or(new.description);
            new.disabled = change.disabled.unwrap_or(new.disabled);
            if new == old {
                return Ok(old);
            }
            new.updated = now;
            let mut steps = self.transaction();
            let item = encode(&new, revision + 1);
            steps.put(item, Guard::Revision(revision), TenantConflict::Changed)?;
            if new.name.folded() != old.name.folded() {
                steps.put(claim(&new.name, id), Guard::Absent, TenantConflict::Name)?;
                let released = Key::TenantName(old.name.folded());
                steps.delete(&released, Guard::Any, TenantConflict::Changed)?;
            }
            match steps.commit(TenantConflict::Changed).await {
                Err(TenantConflict::Changed) => {}
                result => return result.map(|()| new),
            }
        }
        Err(TenantConflict::Call(contended("TransactWriteItems")))
    }

    /// A tenant by id, strongly consistent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, CallError> {
        self.read(&Key::Tenant(id.clone()), &[]).await?.map(|item| decode(&item)).transpose()
    }

    /// Tenants by id, in the order of their names; absent ones are left out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tenants_by_id(&self, ids: &[TenantId]) -> Result<Vec<Tenant>, CallError> {
        let keys: Vec<Key> = ids.iter().cloned().map(Key::Tenant).collect();
        let items = self.read_many(&keys, &[]).await?;
        let mut tenants = items.iter().map(decode).collect::<Result<Vec<_>, _>>()?;
        tenants.sort_by(|a, b| (a.name.folded(), &a.id).cmp(&(b.name.folded(), &b.id)));
        Ok(tenants)
    }

    /// Every tenant that `wanted` picks, in the order they were made: `skip` left out, then `take`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tenants(
        &self,
        wanted: impl Fn(&Tenant) -> bool,
        skip: usize,
        take: usize,
    ) -> Result<Vec<Tenant>, CallError> {
        self.listed(Partition::Tenants, |_| true, decode, wanted, skip..skip.saturating_add(take)).await
    }
}

fn claim(name: &Name, id: &TenantId) -> Item {
    Item::new(&Key::TenantName(name.folded())).text(attr::TENANT, id.as_str())
}

fn encode(tenant: &Tenant, revision: i64) -> Item {
    let place = Moment { at: tenant.created, id: tenant.id.to_string() };
    Item::new(&Key::Tenant(tenant.id.clone()))
        .number(attr::REVISION, revision)
        .text(attr::TENANT, tenant.id.as_str())
        .text(attr::NAME, tenant.name.as_str())
        .text(attr::DESCRIPTION, &tenant.description)
        .flag(attr::MAIN, tenant.main)
        .flag(attr::DISABLED, tenant.disabled)
        .number(attr::CREATED, tenant.created.micros())
        .number(attr::UPDATED, tenant.updated.micros())
        .text(attr::TENANT_PARTITION, Partition::Tenants.to_string())
        .text(attr::LAST_KEY, place.to_string())
}

pub(crate) fn decode(item: &Item) -> Result<Tenant, CallError> {
    Ok(Tenant {
        id: item.get_parsed(attr::TENANT)?,
        name: item.get_parsed(attr::NAME)?,
        description: item.get_text(attr::DESCRIPTION)?.to_owned(),
        main: item.get_flag(attr::MAIN)?,
        disabled: item.get_flag(attr::DISABLED)?,
        created: item.get_time(attr::CREATED)?,
        updated: item.get_time(attr::UPDATED)?,
    })
}
