//! Finding accounts: by what they are called, in the index of that; by anything else, along the accounts
//! of a tenant, of which only those are read that their digests do not rule out.
//!
//! Indexes lag a moment, and hashes may be those of another text. So what is found is read by key, strongly
//! consistent, and shown only if it fits.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use bridge_domain::{
    CallError, TenantId, Timestamp,
    ldap::{
        account::Account,
        account_search::Search,
        digest::{Sieve, Verdict},
        guid::Guid,
    },
    search::PAGE_SIZE,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{Inventory, accounts::decode};
use crate::{
    alerts::names,
    batch::read_all,
    error::{call_error, damaged},
    item::{Item, attr},
    keys::inventory::{Index, InventoryKey, accounts_of, called, index, several},
};

/// Accounts read at once. The largest have 200 KB.
const CHUNK: usize = 50;
/// Most lines of a listing in one answer of the table.
const LINES: usize = 2_000;
/// Tenants in whose indexes values are looked up at once.
const LOOKED_INTO: usize = 16;
/// Tenants along whose accounts a search walks at once.
const WALKED: usize = 4;
/// Values looked for at once in a tenant.
const VALUES: usize = 4;

/// The key of an item, or where a query goes on.
pub(super) type KeyMap = HashMap<String, AttributeValue>;

/// A page of a search for accounts.
#[derive(Debug, Default)]
pub struct AccountPage {
    /// The accounts, by tenant; within a tenant by account name, or by value of what was asked for.
    pub accounts: Vec<Account>,
    /// Queries that were made for it.
    pub queries: u32,
}

/// An account that may be meant.
struct Line {
    key: KeyMap,
    /// Whether its digest says that it is.
    sure: bool,
}

/// A page being filled.
struct Filling<'a> {
    search: &'a Search,
    now: Timestamp,
    sieve: Sieve,
    /// How many that fit come before the page.
    skip: u64,
    waiting: Vec<Line>,
    page: AccountPage,
}

impl Filling<'_> {
    const fn is_full(&self) -> bool {
        self.page.accounts.len() >= PAGE_SIZE
    }
}

impl Inventory {
    /// A page of the accounts of these tenants that fit; only the last one is short. What has no index is
    /// looked for along all accounts of a tenant until the page is full, and reads of accounts grow with
    /// what is shown. What comes before the page is counted by the digests: an account that changes
    /// meanwhile may be on two pages.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn search(
        &self,
        search: &Search,
        tenants: &BTreeSet<TenantId>,
        now: Timestamp,
    ) -> Result<AccountPage, CallError> {
        let mut filling = Filling {
            search,
            now,
            sieve: Sieve::new(search),
            skip: search.skip(),
            waiting: Vec::new(),
            page: AccountPage::default(),
        };
        let lead = search.lead().and_then(|(field, values)| Some((index(field)?, values)));
        match lead {
            Some((index, values)) => self.look_up(&mut filling, tenants, index, values).await?,
            None => self.walk(&mut filling, tenants).await?,
        }
        self.settle(&mut filling).await?;
        Ok(filling.page)
    }

    /// Looks values up in the index of what accounts are called.
    async fn look_up(
        &self,
        filling: &mut Filling<'_>,
        tenants: &BTreeSet<TenantId>,
        index: Index,
        values: &BTreeSet<String>,
    ) -> Result<(), CallError> {
        let found = stream::iter(tenants.clone()).map(|tenant| self.called(tenant, index, values));
        let mut found = std::pin::pin!(found.buffered(LOOKED_INTO));
        while let Some((tenant, keys, queries)) = found.try_next().await? {
            filling.page.queries += queries;
            let Some(keys) = keys else {
                // Not every account of this tenant can be found so.
                self.walk(filling, &BTreeSet::from([tenant])).await?;
                continue;
            };
            for key in keys {
                filling.waiting.push(Line { key, sure: false });
                self.settle_when_many(filling).await?;
            }
            if filling.is_full() {
                break;
            }
        }
        Ok(())
    }

    /// The accounts of a tenant that are called so, with the number of queries; `None` when there are some
    /// that are called by several names.
    async fn called(
        &self,
        tenant: TenantId,
        index: Index,
        values: &BTreeSet<String>,
    ) -> Result<(TenantId, Option<Vec<KeyMap>>, u32), CallError> {
        if !self.at(index, several(&tenant), 1).await?.0.is_empty() {
            return Ok((tenant, None, 1));
        }
        let partitions: Vec<String> = values.iter().map(|value| called(&tenant, value)).collect();
        let found = stream::iter(partitions).map(|partition| self.at(index, partition, usize::MAX));
        let found: Vec<_> = found.buffered(VALUES).try_collect().await?;
        let queries = 1 + found.iter().map(|(_, queries)| queries).sum::<u32>();
        Ok((tenant, Some(found.into_iter().flat_map(|(keys, _)| keys).collect()), queries))
    }

    /// The keys in a partition of an index of keys, at most `most`, and how many queries it took.
    pub(super) async fn at(
        &self,
        index: Index,
        partition: String,
        most: usize,
    ) -> Result<(Vec<KeyMap>, u32), CallError> {
        let (mut keys, mut resume, mut queries) = (Vec::new(), None, 0);
        let limit = i32::try_from(most.min(LINES)).unwrap_or(i32::MAX);
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(index.name)
                .key_condition_expression("#x = :x")
                .projection_expression("#pk,#sk")
                .set_expression_attribute_names(Some(names(&[attr::PK, attr::SK])))
                .expression_attribute_names("#x", index.attribute)
                .expression_attribute_values(":x", AttributeValue::S(partition.clone()))
                .limit(limit)
                .set_exclusive_start_key(resume.take())
                .send()
                .await
                .map_err(|error| call_error("Query", &error))?;
            queries += 1;
            keys.extend(answer.items.unwrap_or_default());
            resume = answer.last_evaluated_key;
            if resume.is_none() || keys.len() >= most {
                return Ok((keys, queries));
            }
        }
    }

    /// Walks along all accounts of these tenants.
    async fn walk(&self, filling: &mut Filling<'_>, tenants: &BTreeSet<TenantId>) -> Result<(), CallError> {
        // Who asks for everybody wants a page; who asks for somebody has him looked for among many.
        let limit = if filling.search.wanted.is_empty() {
            usize::try_from(filling.skip).unwrap_or(usize::MAX).saturating_add(PAGE_SIZE).min(LINES)
        } else {
            LINES
        };
        let opened = stream::iter(tenants.clone()).map(|tenant| async move {
            let lines = self.lines(&tenant, limit, None).await?;
            Ok::<_, CallError>((tenant, lines))
        });
        let mut opened = std::pin::pin!(opened.buffered(WALKED));
        while let Some((tenant, (mut lines, mut resume))) = opened.try_next().await? {
            loop {
                filling.page.queries += 1;
                for line in lines {
                    if let Some(line) = filling.judge(&line)? {
                        filling.waiting.push(line);
                        self.settle_when_many(filling).await?;
                    }
                }
                if filling.is_full() {
                    return Ok(());
                }
                let Some(next) = resume else { break };
                (lines, resume) = self.lines(&tenant, limit, Some(next)).await?;
            }
        }
        Ok(())
    }

    /// Lines of the listing of a tenant, and where it goes on.
    async fn lines(
        &self,
        tenant: &TenantId,
        limit: usize,
        resume: Option<KeyMap>,
    ) -> Result<(Vec<Item>, Option<KeyMap>), CallError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("tenant")
            .key_condition_expression("#tp = :tp")
            .projection_expression("#pk,#sk,#exp,#q")
            .set_expression_attribute_names(Some(names(&[
                attr::TENANT_PARTITION,
                attr::PK,
                attr::SK,
                attr::EXPIRES,
                attr::FOUND_BY,
            ])))
            .expression_attribute_values(":tp", AttributeValue::S(accounts_of(tenant)))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(resume)
            .send()
            .await
            .map_err(|error| call_error("Query", &error))?;
        let lines = answer.items.unwrap_or_default().into_iter().map(Item::from_map).collect();
        Ok((lines, answer.last_evaluated_key))
    }

    async fn settle_when_many(&self, filling: &mut Filling<'_>) -> Result<(), CallError> {
        if filling.waiting.len() < CHUNK { Ok(()) } else { self.settle(filling).await }
    }

    /// Reads the accounts that wait, and takes those that fit onto the page.
    async fn settle(&self, filling: &mut Filling<'_>) -> Result<(), CallError> {
        let waiting = std::mem::take(&mut filling.waiting);
        let count = u64::try_from(waiting.len()).unwrap_or(u64::MAX);
        if filling.is_full() || waiting.is_empty() {
            return Ok(());
        }
        if filling.skip >= count && waiting.iter().all(|line| line.sure) {
            filling.skip -= count;
            return Ok(());
        }
        let keys = waiting.iter().map(|line| line.key.clone()).collect();
        for account in self.read(keys).await? {
            // The index may say what was so a moment ago.
            if account.is_gone(filling.now) || !filling.search.fits(&account) {
                continue;
            }
            if filling.skip > 0 {
                filling.skip -= 1;
            } else if !filling.is_full() {
                filling.page.accounts.push(account);
            }
        }
        Ok(())
    }

    /// Accounts by key, strongly consistent, in the order of the keys and each once; absent ones are left out.
    pub(super) async fn read(&self, keys: Vec<KeyMap>) -> Result<Vec<Account>, CallError> {
        let text = |map: &KeyMap, name: &str| map.get(name).and_then(|value| value.as_s().ok()).cloned();
        let place = |map: &KeyMap| (text(map, attr::PK), text(map, attr::SK));
        let order: Vec<_> = keys.iter().map(place).collect();
        let once: HashMap<_, _> = keys.into_iter().map(|key| (place(&key), key)).collect();
        let mut found = HashMap::with_capacity(once.len());
        for item in read_all(&self.client, &self.table, once.into_values().collect(), &[]).await? {
            let account = decode(&item)?;
            found.insert(place(&item.into_map()), account);
        }
        Ok(order.iter().filter_map(|place| found.remove(place)).collect())
    }

    /// The account with this objectGUID in a tenant that `sees` picks. Several connections may bring it: one
    /// that is still received comes before one that is not, and then what was received last.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn account_of(
        &self,
        id: Guid,
        sees: impl Fn(&TenantId) -> bool + Send,
        now: Timestamp,
    ) -> Result<Option<Account>, CallError> {
        let partition = format!("ACCOUNT#{id}");
        let (mut best, mut resume): (Option<Account>, _) = (None, None);
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("#pk = :pk")
                .expression_attribute_names("#pk", attr::PK)
                .expression_attribute_values(":pk", AttributeValue::S(partition.clone()))
                .set_exclusive_start_key(resume.take())
                .send()
                .await
                .map_err(|error| call_error("Query", &error))?;
            for item in answer.items.unwrap_or_default() {
                let account = decode(&Item::from_map(item))?;
                let rank = |account: &Account| (account.expires.is_none(), account.received);
                if sees(&account.tenant)
                    && !account.is_gone(now)
                    && best.as_ref().is_none_or(|best| rank(best) < rank(&account))
                {
                    best = Some(account);
                }
            }
            resume = answer.last_evaluated_key;
            if resume.is_none() {
                return Ok(best);
            }
        }
    }
}

impl Filling<'_> {
    /// What a line of the listing of a tenant says; `None` when its account is not meant.
    fn judge(&self, line: &Item) -> Result<Option<Line>, CallError> {
        if line.has(attr::EXPIRES) && line.get_time(attr::EXPIRES)? <= self.now {
            return Ok(None);
        }
        let digest = if line.has(attr::FOUND_BY) { line.get_bytes(attr::FOUND_BY)? } else { &[] };
        let sure = match self.sieve.judge(digest) {
            Verdict::No => return Ok(None),
            Verdict::Fits => true,
            Verdict::Unknown => false,
        };
        let (pk, sk) = (line.get_text(attr::PK)?, line.get_text(attr::SK)?);
        let Some(InventoryKey::Account(..)) = InventoryKey::parse(pk, sk) else {
            return Err(damaged(attr::PK));
        };
        let key = [(attr::PK, pk), (attr::SK, sk)];
        let key = key.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())));
        Ok(Some(Line { key: key.into(), sure }))
    }
}
