//! Searching alerts: several listings read side by side, newest first, as one.

use std::collections::HashSet;

use bridge_domain::{
    AlertId, CallError, TenantId, Timestamp,
    access::Grants,
    search::{PAGE_SIZE, Search, TimestampField},
};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    Store,
    body::Found,
    item::attr,
    keys::{Key, Moment, Partition, SHARDS},
    listing::{Entry, Listing, Range},
};

/// Up to this many tenants, each tenant's own listing is read; above it, the listing of all
/// tenants is read and filtered. So a page takes a bounded number of queries: with 1 tenant or 500.
const OWN_LISTINGS: usize = 16;
/// Queries under way at once.
const CONCURRENT: usize = 16;

/// A page of a search.
#[derive(Debug, Default)]
pub struct Page {
    /// The alerts, newest first by the field searched by.
    pub alerts: Vec<Found>,
    /// Queries that were made for it.
    pub queries: u32,
}

/// Attributes read when events are not asked for.
const WITHOUT_EVENTS: [&str; 14] = [
    attr::PK,
    attr::SK,
    attr::REVISION,
    attr::TENANT,
    attr::NAME,
    attr::STATUS,
    attr::FIRST_SEEN,
    attr::LAST_SEEN,
    attr::OVERFLOW,
    attr::FIELDS,
    attr::FIELDS_SIZE,
    attr::EVENTS_SIZE,
    attr::CLOSING_REASON,
    attr::CLOSING_AT,
];

impl Store {
    /// One page of a search, as `grants` may see it. Only the last page is short.
    ///
    /// With ids, the alerts are read by key and are as fresh as the store; otherwise a listing
    /// finds them, which may lag a moment, and each is then read by key, so what is shown is
    /// never stale. Reads grow with what comes before the page and with the page.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn search(&self, search: &Search, grants: &Grants) -> Result<Page, CallError> {
        let scope = Scope::new(search, grants);
        let nobody = scope.tenants.as_ref().is_some_and(HashSet::is_empty);
        if nobody || search.from > search.to {
            return Ok(Page::default());
        }
        if search.ids.is_empty() { self.search_listings(&scope).await } else { self.search_ids(&scope).await }
    }

    async fn search_ids(&self, scope: &Scope<'_>) -> Result<Page, CallError> {
        let skip = usize::try_from(scope.search.skip()).unwrap_or(usize::MAX);
        // Found by what is small; only the page itself is read with its events.
        let heads = self.load(&scope.search.ids, false).await?;
        let mut places: Vec<Moment> =
            heads.iter().filter(|found| scope.shows(found)).map(|found| scope.place(found)).collect();
        places.sort_by(|a, b| b.cmp(a));
        let ids: Vec<AlertId> =
            places.into_iter().skip(skip).take(PAGE_SIZE).filter_map(|place| place.id.parse().ok()).collect();
        let mut page = Page { alerts: self.load(&ids, scope.search.with_events).await?, queries: 0 };
        page.alerts.retain(|found| scope.shows(found));
        scope.sort(&mut page.alerts);
        Ok(page)
    }

    async fn search_listings(&self, scope: &Scope<'_>) -> Result<Page, CallError> {
        let mut listings = self.open(scope).await?;
        let mut skip = scope.search.skip();
        let mut page = Page::default();
        let mut last: Option<Moment> = None;
        loop {
            let mut ids = Vec::new();
            while page.alerts.len() + ids.len() < PAGE_SIZE {
                let Some(entry) = self.next(&mut listings).await? else { break };
                // A status that changes meanwhile shows an alert in two listings, at the same place.
                let again = last.as_ref() == Some(&entry.place);
                last = Some(entry.place.clone());
                if again || !scope.lists(&entry) {
                    continue;
                }
                if skip > 0 {
                    skip -= 1;
                } else if let Key::Alert(id) = entry.key {
                    ids.push(id);
                }
            }
            if ids.is_empty() {
                break;
            }
            let known: HashSet<AlertId> = page.alerts.iter().map(|found| found.id.clone()).collect();
            let mut found = self.load(&ids, scope.search.with_events).await?;
            // The listing may lag: what no longer fits is dropped and the page filled up further.
            found.retain(|found| scope.shows(found) && !known.contains(&found.id));
            page.alerts.extend(found);
        }
        page.queries = listings.iter().map(|listing| listing.queries).sum();
        scope.sort(&mut page.alerts);
        Ok(page)
    }

    /// Opens every listing of the scope and reads the first entries of each.
    async fn open(&self, scope: &Scope<'_>) -> Result<Vec<Listing>, CallError> {
        let ranges = scope.ranges();
        let wanted = usize::try_from(scope.search.skip()).unwrap_or(usize::MAX).saturating_add(PAGE_SIZE);
        // Alerts spread over the listings unevenly: ask each for one and a half times its share.
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

    /// Reads alerts by id, in no order; absent ones are left out.
    pub(crate) async fn load(&self, ids: &[AlertId], with_events: bool) -> Result<Vec<Found>, CallError> {
        let keys: Vec<Key> = ids.iter().cloned().map(Key::Alert).collect();
        let projection: &[&str] = if with_events { &[] } else { &WITHOUT_EVENTS };
        self.read_many(&keys, projection)
            .await?
            .iter()
            .map(|item| Found::from_item(item, &self.packer))
            .collect()
    }
}

/// A search together with what its user may see.
struct Scope<'a> {
    search: &'a Search,
    /// Tenants to show; every tenant when `None`.
    tenants: Option<HashSet<TenantId>>,
}

impl<'a> Scope<'a> {
    fn new(search: &'a Search, grants: &Grants) -> Self {
        let asked = search.tenants.as_ref().map(|list| list.iter().filter_map(|id| id.parse().ok()));
        let tenants = match (asked, grants) {
            (None, Grants::Everything) => None,
            (None, Grants::Tenants(roles)) => Some(roles.keys().cloned().collect()),
            // A tenant without a role does not exist for the user: it is left out, no error.
            (Some(asked), grants) => Some(asked.filter(|tenant| grants.sees(tenant)).collect()),
        };
        Self { search, tenants }
    }

    fn ranges(&self) -> Vec<Range> {
        let of = |partition| Range {
            partition,
            field: self.search.field,
            from: self.search.from,
            to: self.search.to,
            newest_first: true,
        };
        let statuses = self.search.statuses.iter().copied();
        match &self.tenants {
            Some(tenants) if tenants.len() <= OWN_LISTINGS => statuses
                .flat_map(|status| tenants.iter().map(move |id| Partition::Tenant(id.clone(), status)))
                .map(of)
                .collect(),
            _ => statuses
                .flat_map(|status| (0..SHARDS).map(move |shard| Partition::Shard(status, shard)))
                .map(of)
                .collect(),
        }
    }

    /// Whether a line of a listing may belong to the result.
    fn lists(&self, entry: &Entry) -> bool {
        let tenant = || entry.tenant.parse::<TenantId>().ok();
        self.tenants.as_ref().is_none_or(|tenants| tenant().is_some_and(|id| tenants.contains(&id)))
            && self.search.name.as_ref().is_none_or(|name| name.is_match(&entry.name))
    }

    /// Whether an alert belongs to the result.
    fn shows(&self, found: &Found) -> bool {
        self.tenants.as_ref().is_none_or(|tenants| tenants.contains(&found.tenant))
            && self.search.name.as_ref().is_none_or(|name| name.is_match(found.name.as_str()))
            && self.search.statuses.contains(&found.status)
            && (self.search.from..=self.search.to).contains(&self.time(found))
    }

    const fn time(&self, found: &Found) -> Timestamp {
        match self.search.field {
            TimestampField::LastSeen => found.last_seen,
            TimestampField::FirstSeen => found.first_seen,
        }
    }

    fn place(&self, found: &Found) -> Moment {
        Moment { at: self.time(found), id: found.id.to_string() }
    }

    fn sort(&self, alerts: &mut [Found]) {
        alerts.sort_by_cached_key(|found| std::cmp::Reverse(self.place(found)));
    }
}
