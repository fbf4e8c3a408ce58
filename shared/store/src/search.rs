//! Searching alerts: several listings read side by side, newest first, as one.

use std::collections::HashSet;

use bridge_domain::{
    AlertId, CallError, TenantId, Timestamp,
    access::Grants,
    search::{PAGE_SIZE, Search, TimestampField},
};

use crate::{
    Store,
    body::Found,
    item::attr,
    keys::{Key, Moment, Partition, SHARDS},
    listing::{Entry, Range, is_of, own_listings, visible},
};

/// A page of a search.
#[derive(Debug, Default)]
pub struct Page {
    /// The alerts, newest first by the field searched by.
    pub alerts: Vec<Found>,
    /// Queries that were made for it.
    pub queries: u32,
}

/// Attributes read when events are not asked for.
pub(crate) const WITHOUT_EVENTS: [&str; 15] = [
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
    attr::INCIDENT,
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
        let load = |keys: Vec<Key>| async move {
            let ids: Vec<AlertId> = keys.into_iter().filter_map(alert_of).collect();
            let mut found = self.load(&ids, scope.search.with_events).await?;
            // The listing may lag: what no longer fits is dropped.
            found.retain(|found| scope.shows(found));
            Ok(found.into_iter().map(|found| (scope.place(&found), found)).collect())
        };
        let lists = |entry: &Entry| scope.lists(entry);
        let (alerts, queries) = self.merged(scope.ranges(), scope.search.skip(), lists, load).await?;
        Ok(Page { alerts, queries })
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

fn alert_of(key: Key) -> Option<AlertId> {
    match key {
        Key::Alert(id) => Some(id),
        _ => None,
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
        Self { search, tenants: visible(search.tenants.as_deref(), grants) }
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
        match own_listings(self.tenants.as_ref()) {
            Some(tenants) => statuses
                .flat_map(|status| tenants.iter().map(move |id| Partition::Tenant(id.clone(), status)))
                .map(of)
                .collect(),
            None => statuses
                .flat_map(|status| (0..SHARDS).map(move |shard| Partition::Shard(status, shard)))
                .map(of)
                .collect(),
        }
    }

    /// Whether a line of a listing may belong to the result.
    fn lists(&self, entry: &Entry) -> bool {
        is_of(self.tenants.as_ref(), entry)
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
