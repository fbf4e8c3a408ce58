//! Searching incidents.

use std::collections::HashSet;

use bridge_domain::{
    CallError, TenantId,
    access::Grants,
    incident::{Incident, Search},
    search::PAGE_SIZE,
};

use crate::{
    Store,
    incidents::decode,
    keys::{Key, Moment, Partition},
    listing::{Entry, Range, is_of, own_listings, visible},
    transact::Revised,
};

impl Store {
    /// One page of a search, as `grants` may see it, newest first. Only the last page is short.
    ///
    /// With ids, the incidents are read by key and are as fresh as the store; otherwise a listing
    /// finds them, which may lag a moment, and each is then read by key.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn search_incidents(
        &self,
        search: &Search,
        grants: &Grants,
    ) -> Result<Vec<Revised<Incident>>, CallError> {
        let tenants = visible(search.tenants.as_deref(), grants);
        let tenants = tenants.as_ref();
        if tenants.is_some_and(HashSet::is_empty) || search.from > search.to {
            return Ok(Vec::new());
        }
        let shows = |incident: &Incident| {
            tenants.is_none_or(|tenants| tenants.contains(&incident.tenant)) && search.fits(incident)
        };
        let place = |incident: &Incident| Moment { at: search.time(incident), id: incident.id.to_string() };
        if !search.ids.is_empty() {
            let mut found = self.incidents_by_id(&search.ids).await?;
            found.retain(|incident| shows(&incident.value));
            found.sort_by_cached_key(|incident| std::cmp::Reverse(place(&incident.value)));
            let skip = usize::try_from(search.skip()).unwrap_or(usize::MAX);
            return Ok(found.into_iter().skip(skip).take(PAGE_SIZE).collect());
        }
        let lists = |entry: &Entry| {
            let id = match &entry.key {
                Key::Incident(id) => id.as_str(),
                _ => return false,
            };
            is_of(tenants, entry) && search.means(id, &entry.name)
        };
        let (shows, place) = (&shows, &place);
        let load = |keys: Vec<Key>| async move {
            let items = self.read_many(&keys, &[]).await?;
            let found = items.iter().map(decode).collect::<Result<Vec<_>, _>>()?.into_iter();
            // The listing may lag: what no longer fits is dropped.
            Ok(found.filter(|one| shows(&one.value)).map(|one| (place(&one.value), one)).collect())
        };
        let (incidents, _) = self.merged(ranges(search, tenants), search.skip(), lists, load).await?;
        Ok(incidents)
    }
}

fn ranges(search: &Search, tenants: Option<&HashSet<TenantId>>) -> Vec<Range> {
    let of = |partition| Range {
        partition,
        field: search.field,
        from: search.from,
        to: search.to,
        newest_first: true,
    };
    let statuses = search.statuses.iter().copied();
    match own_listings(tenants) {
        Some(tenants) => statuses
            .flat_map(|status| tenants.iter().map(move |id| Partition::Incidents(id.clone(), status)))
            .map(of)
            .collect(),
        None => statuses.map(Partition::AllIncidents).map(of).collect(),
    }
}
