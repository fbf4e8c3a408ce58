//! Tenants: each with its name taken once, and at most one of them the main one.

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, Delete, Put, TransactWriteItem},
};
use bridge_domain::{CallError, Name, TenantId, Timestamp, tenant::Tenant};

use crate::{
    Store,
    error::{call_error, contended},
    item::{Item, attr, key_map},
    keys::{Key, Moment, Partition},
    listing::{Listing, Range},
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

/// Attempts at a change that others race.
const ATTEMPTS: u32 = 5;

impl Store {
    /// Makes a tenant.
    ///
    /// # Errors
    /// Says what is taken: id, name or the place of the main tenant.
    pub async fn create_tenant(&self, tenant: &Tenant) -> Result<(), TenantConflict> {
        let mut steps = vec![
            (self.put(encode(tenant, 1), Guard::Absent)?, TenantConflict::Id),
            (self.put(claim(&tenant.name, &tenant.id), Guard::Absent)?, TenantConflict::Name),
        ];
        if tenant.main {
            let place = Item::new(&Key::MainTenant).text(attr::TENANT, tenant.id.as_str());
            steps.push((self.put(place, Guard::Absent)?, TenantConflict::Main));
        }
        self.transact(steps).await
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
            let mut steps = vec![(
                self.put(encode(&new, revision + 1), Guard::Revision(revision))?,
                TenantConflict::Changed,
            )];
            if new.name.folded() != old.name.folded() {
                steps.push((self.put(claim(&new.name, id), Guard::Absent)?, TenantConflict::Name));
                steps.push((self.release(&old.name)?, TenantConflict::Changed));
            }
            match self.transact(steps).await {
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
        let mut listing = Listing::new(Range::whole(Partition::Tenants), skip.saturating_add(take));
        let mut picked = Vec::new();
        let mut left = skip;
        while picked.len() < take {
            let mut ids = Vec::new();
            while ids.len() < 100 && listing.peek(self).await?.is_some() {
                if let Some(Key::Tenant(id)) = listing.take().map(|entry| entry.key) {
                    ids.push(id);
                }
            }
            if ids.is_empty() {
                break;
            }
            let mut tenants = self.tenants_by_id(&ids).await?;
            tenants.sort_by_key(|tenant| ids.iter().position(|id| *id == tenant.id));
            for tenant in tenants.into_iter().filter(|tenant| wanted(tenant)) {
                if left > 0 {
                    left -= 1;
                } else if picked.len() < take {
                    picked.push(tenant);
                }
            }
        }
        Ok(picked)
    }

    fn put(&self, item: Item, guard: Guard) -> Result<TransactWriteItem, CallError> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item.into_map()));
        let put = match guard {
            Guard::Absent => put
                .condition_expression("attribute_not_exists(#pk)")
                .expression_attribute_names("#pk", attr::PK),
            Guard::Revision(revision) => put
                .condition_expression("#rv = :rv")
                .expression_attribute_names("#rv", attr::REVISION)
                .expression_attribute_values(":rv", AttributeValue::N(revision.to_string())),
        };
        let put = put.build().map_err(|_| contended("TransactWriteItems"))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn release(&self, name: &Name) -> Result<TransactWriteItem, CallError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key_map(&Key::TenantName(name.folded()))))
            .build()
            .map_err(|_| contended("TransactWriteItems"))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// All steps or none. Each step comes with what it means when its condition fails.
    async fn transact(&self, steps: Vec<(TransactWriteItem, TenantConflict)>) -> Result<(), TenantConflict> {
        let (items, meanings): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(failure)) if failure.err().is_transaction_canceled_exception() => {
                let TransactWriteItemsError::TransactionCanceledException(canceled) = failure.into_err()
                else {
                    return Err(contended("TransactWriteItems").into());
                };
                let failed = canceled
                    .cancellation_reasons
                    .unwrap_or_default()
                    .iter()
                    .position(|reason| reason.code.as_deref() == Some("ConditionalCheckFailed"));
                // Without such a reason two transactions met; the caller tries again.
                Err(failed
                    .and_then(|index| meanings.into_iter().nth(index))
                    .unwrap_or(TenantConflict::Changed))
            }
            Err(error) => Err(call_error("TransactWriteItems", &error).into()),
        }
    }
}

/// What must be so for a write to go through.
#[derive(Clone, Copy)]
enum Guard {
    Absent,
    Revision(i64),
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

fn decode(item: &Item) -> Result<Tenant, CallError> {
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
