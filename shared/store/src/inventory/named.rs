//! Accounts by what an event calls them.

use std::collections::{BTreeMap, BTreeSet};

use bridge_domain::{
    CallError, TenantId, Timestamp,
    ldap::{account::Account, account_search::Field},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::Inventory;
use crate::keys::inventory::{called, index};

/// Queries under way at once.
const AT_ONCE: usize = 16;
/// Most accounts that one name is looked up for: one that more share tells nobody apart.
const NAMESAKES: usize = 10;
/// Accounts read at once.
const CHUNK: usize = 50;

/// What an account of a tenant is called: the field and the term, as `domain::ldap::folded` has it.
pub type Name = (TenantId, Field, String);

impl Inventory {
    /// The accounts that are called so, each as `shape` wants it: of one name at most ten, and none that is
    /// called by several names in the field. A field without an index finds nothing. Takes a query for each
    /// name, and a read for each hundred accounts found.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn named<T: Clone>(
        &self,
        wanted: &BTreeSet<Name>,
        now: Timestamp,
        shape: impl Fn(&Account) -> T,
    ) -> Result<BTreeMap<Name, Vec<T>>, CallError> {
        let indexed: Vec<(&Name, _)> =
            wanted.iter().filter_map(|name| Some((name, index(name.1)?))).collect();
        let places: Vec<_> =
            indexed.iter().map(|((tenant, _, term), index)| (*index, called(tenant, term))).collect();
        let found = stream::iter(places).map(|(index, partition)| self.at(index, partition, NAMESAKES));
        let found: Vec<_> = found.buffered(AT_ONCE).try_collect().await?;
        let mut result: BTreeMap<Name, Vec<T>> = BTreeMap::new();
        let mut waiting = Vec::new();
        for ((name, _), (keys, _)) in indexed.into_iter().zip(found) {
            waiting.extend(keys.into_iter().map(|key| (name, key)));
        }
        for share in waiting.chunks(CHUNK) {
            let keys: Vec<_> = share.iter().map(|(_, key)| key.clone()).collect();
            let names: BTreeSet<&Name> = share.iter().map(|(name, _)| *name).collect();
            for account in self.read(keys).await?.iter().filter(|account| !account.is_gone(now)) {
                for name in &names {
                    let (tenant, field, term) = name;
                    if account.tenant == *tenant && field.terms(account).any(|own| own == *term) {
                        result.entry((*name).clone()).or_default().push(shape(account));
                    }
                }
            }
        }
        Ok(result)
    }
}
