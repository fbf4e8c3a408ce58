//! Reading one partition of a listing, newest first, a page at a time.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    ops::Range as Span,
};

use aws_sdk_dynamodb::types::AttributeValue;
use bridge_domain::{
    CallError, TenantId, Timestamp,
    access::Grants,
    search::{PAGE_SIZE, TimestampField},
};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    Store,
    alerts::names,
    error::{call_error, damaged},
    item::{Item, attr},
    keys::{Key, Moment, Partition},
};

/// Most entries asked for in one query.
const MOST: usize = 1_000;
/// Fewest entries asked for in one query.
const FEWEST: usize = 50;
/// Up to this many tenants, each tenant's own listing is read; above it, the listing of all
/// tenants is read and filtered. So a page takes a bounded number of queries: with 1 tenant or 500.
const OWN_LISTINGS: usize = 16;
/// Queries under way at once.
const CONCURRENT: usize = 16;

/// One line of a listing: what filtering needs, no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) place: Moment,
    pub(crate) key: Key,
    pub(crate) tenant: String,
    pub(crate) name: String,
}

/// What is read of a listing.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    pub(crate) partition: Partition,
    pub(crate) field: TimestampField,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) newest_first: bool,
}

impl Range {
    /// Everything in a partition of a listing of settings, in the order made.
    pub(crate) const fn whole(partition: Partition) -> Self {
        Self {
            partition,
            field: TimestampField::LastSeen,
            from: Timestamp::MIN,
            to: Timestamp::MAX,
            newest_first: false,
        }
    }

    /// Index, partition attribute and sort attribute.
    const fn index(&self) -> (&'static str, &'static str, &'static str) {
        match (&self.partition, self.field) {
            (
                Partition::Shard(..) | Partition::AllIncidents(_) | Partition::AllTasks,
                TimestampField::LastSeen,
            ) => ("all-last", attr::ALL_PARTITION, attr::LAST_KEY),
            (Partition::Shard(..) | Partition::AllIncidents(_), TimestampField::FirstSeen) => {
                ("all-first", attr::ALL_PARTITION, attr::FIRST_KEY)
            }
            (_, TimestampField::LastSeen) => ("tenant-last", attr::TENANT_PARTITION, attr::LAST_KEY),
            (_, TimestampField::FirstSeen) => ("tenant-first", attr::TENANT_PARTITION, attr::FIRST_KEY),
        }
    }
}

/// A listing being read.
#[derive(Debug)]
pub(crate) struct Listing {
    range: Range,
    page: usize,
    entries: VecDeque<Entry>,
    resume: Option<HashMap<String, AttributeValue>>,
    started: bool,
    /// Queries made.
    pub(crate) queries: u32,
}

impl Listing {
    /// A reader that asks for `page` entries at once, within bounds.
    pub(crate) fn new(range: Range, page: usize) -> Self {
        Self {
            range,
            page: page.clamp(FEWEST, MOST),
            entries: VecDeque::new(),
            resume: None,
            started: false,
            queries: 0,
        }
    }

    /// The next entry, left in place; `None` at the end.
    pub(crate) async fn peek(&mut self, store: &Store) -> Result<Option<&Entry>, CallError> {
        while self.entries.is_empty() && !(self.started && self.resume.is_none()) {
            self.fill(store).await?;
        }
        Ok(self.entries.front())
    }

    /// Takes the entry that [`Listing::peek`] showed.
    pub(crate) fn take(&mut self) -> Option<Entry> {
        self.entries.pop_front()
    }

    async fn fill(&mut self, store: &Store) -> Result<(), CallError> {
        let (index, partition, sort) = self.range.index();
        let answer = store
            .client
            .query()
            .table_name(&store.table)
            .index_name(index)
            .key_condition_expression(format!("#{partition} = :p AND #{sort} BETWEEN :from AND :to"))
            .set_expression_attribute_names(Some(names(&[partition, sort])))
            .expression_attribute_values(":p", AttributeValue::S(self.range.partition.to_string()))
            .expression_attribute_values(":from", AttributeValue::S(Moment::first(self.range.from)))
            .expression_attribute_values(":to", AttributeValue::S(Moment::last(self.range.to)))
            .scan_index_forward(!self.range.newest_first)
            .limit(i32::try_from(self.page).unwrap_or(i32::MAX))
            .set_exclusive_start_key(self.resume.take())
            .send()
            .await
            .map_err(|error| call_error("Query", &error))?;
        self.started = true;
        self.queries += 1;
        self.resume = answer.last_evaluated_key;
        for item in answer.items.unwrap_or_default() {
            let item = Item::from_map(item);
            let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
            self.entries.push_back(Entry {
                place: Moment::parse(item.get_text(sort)?).ok_or_else(|| damaged(sort))?,
                key: item.key()?,
                tenant: text(attr::TENANT).unwrap_or_default(),
                name: text(attr::NAME).unwrap_or_default(),
            });
        }
        Ok(())
    }
}

/// The tenants that a search is about: those asked for, as far as `grants` see them. `None` for every
/// tenant there is.
pub(crate) fn visible(asked: Option<&[String]>, grants: &Grants) -> Option<HashSet<TenantId>> {
    let asked = asked.map(|list| list.iter().filter_map(|id| id.parse().ok()));
    match (asked, grants) {
        (None, Grants::Everything) => None,
        (None, Grants::Tenants(roles)) => Some(roles.keys().cloned().collect()),
        // A tenant without a role does not exist for the user: it is left out, no error.
        (Some(asked), grants) => Some(asked.filter(|tenant| grants.sees(tenant)).collect()),
    }
}

/// The tenants whose own listings are read; `None` when the listings of all tenants are.
pub(crate) fn own_listings(tenants: Option<&HashSet<TenantId>>) -> Option<&HashSet<TenantId>> {
    tenants.filter(|tenants| tenants.len() <= OWN_LISTINGS)
}

/// Whether a line of a listing is about one of these tenants.
pub(crate) fn is_of(tenants: Option<&HashSet<TenantId>>, entry: &Entry) -> bool {
    let tenant = || entry.tenant.parse::<TenantId>().ok();
    tenants.is_none_or(|tenants| tenant().is_some_and(|id| tenants.contains(&id)))
}

impl Store {
    /// One page of several listings read side by side, newest first, as one. Of the lines that `lists`
    /// picks, `skip` come before the page; `load` reads what lines name and leaves out what no longer
    /// fits, in place of which the page is filled up further. Only the last page is short.
    ///
    /// Gives the page, and how many queries were made for it.
    pub(crate) async fn merged<T, Loaded>(
        &self,
        ranges: Vec<Range>,
        mut skip: u64,
        lists: impl Fn(&Entry) -> bool,
        load: impl Fn(Vec<Key>) -> Loaded,
    ) -> Result<(Vec<T>, u32), CallError>
    where
        Loaded: Future<Output = Result<Vec<(Moment, T)>, CallError>>,
    {
        let mut listings = self.open(ranges, skip).await?;
        let mut page: Vec<(Moment, T)> = Vec::new();
        let mut last: Option<Moment> = None;
        loop {
            let mut keys = Vec::new();
            while page.len() + keys.len() < PAGE_SIZE {
                let Some(entry) = self.next(&mut listings).await? else { break };
                // A status that changes meanwhile shows one thing in two listings, at the same place.
                let again = last.as_ref() == Some(&entry.place);
                last = Some(entry.place.clone());
                if again || !lists(&entry) {
                    continue;
                }
                if skip > 0 {
                    skip -= 1;
                } else {
                    keys.push(entry.key);
                }
            }
            if keys.is_empty() {
                break;
            }
            let known: HashSet<String> = page.iter().map(|(place, _)| place.id.clone()).collect();
            let found = load(keys).await?;
            page.extend(found.into_iter().filter(|(place, _)| !known.contains(&place.id)));
        }
        page.sort_by(|(a, _), (b, _)| b.cmp(a));
        let queries = listings.iter().map(|listing| listing.queries).sum();
        Ok((page.into_iter().map(|(_, one)| one).collect(), queries))
    }

    /// Opens listings and reads the first entries of each.
    async fn open(&self, ranges: Vec<Range>, skip: u64) -> Result<Vec<Listing>, CallError> {
        let wanted = usize::try_from(skip).unwrap_or(usize::MAX).saturating_add(PAGE_SIZE);
        // Entries spread over the listings unevenly: ask each for one and a half times its share.
        let page = (wanted / ranges.len().max(1)).saturating_mul(3) / 2;
        stream::iter(ranges.into_iter().map(|range| async move {
            let mut listing = Listing::new(range, page);
            listing.peek(self).await?;
            Ok(listing)
        }))
        .buffered(CONCURRENT)
        .try_collect()
        .await
    }

    /// The newest entry of all listings.
    async fn next(&self, listings: &mut [Listing]) -> Result<Option<Entry>, CallError> {
        let mut best: Option<(usize, Moment)> = None;
        for (index, listing) in listings.iter_mut().enumerate() {
            if let Some(entry) = listing.peek(self).await?
                && best.as_ref().is_none_or(|(_, place)| entry.place > *place)
            {
                best = Some((index, entry.place.clone()));
            }
        }
        Ok(best.and_then(|(index, _)| listings.get_mut(index)).and_then(Listing::take))
    }
}

/// Items read at once while a listing of settings is filtered.
const SHARE: usize = 100;

impl Store {
    /// What a listing of settings holds, in the order made: of what both `near` (which sees the
    /// line of the index) and `wanted` (which sees the item) pick, those in `span`.
    pub(crate) async fn listed<T>(
        &self,
        partition: Partition,
        near: impl Fn(&Entry) -> bool,
        decode: impl Fn(&Item) -> Result<T, CallError>,
        wanted: impl Fn(&T) -> bool,
        span: Span<usize>,
    ) -> Result<Vec<T>, CallError> {
        let mut listing = Listing::new(Range::whole(partition), span.end);
        let (mut picked, mut seen) = (Vec::new(), 0);
        while seen < span.end {
            let mut keys = Vec::new();
            while keys.len() < SHARE && listing.peek(self).await?.is_some() {
                keys.extend(listing.take().filter(&near).map(|entry| entry.key));
            }
            if keys.is_empty() {
                break;
            }
            let mut items = Vec::with_capacity(keys.len());
            for item in self.read_many(&keys, &[]).await? {
                items.push((item.key()?, item));
            }
            items.sort_by_key(|(key, _)| keys.iter().position(|known| known == key));
            for (_, item) in items {
                let one = decode(&item)?;
                if wanted(&one) {
                    if span.contains(&seen) {
                        picked.push(one);
                    }
                    seen += 1;
                }
            }
        }
        Ok(picked)
    }
}
