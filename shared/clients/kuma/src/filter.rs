//! Which alerts are asked for.

use bridge_domain::Timestamp;
use bridge_http::reqwest::Url;

/// The time by which alerts are filtered and sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimestampField {
    /// Of the last event.
    #[default]
    LastSeen,
    /// Of the first event.
    FirstSeen,
}

/// Which alerts are asked for. There is no status in it: alerts of every status are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Not before this time.
    pub from: Option<Timestamp>,
    /// Not after this time.
    pub to: Option<Timestamp>,
    /// Which time that is.
    pub timestamp_field: TimestampField,
    /// Only these alerts; all when empty.
    pub ids: Vec<String>,
    /// Only those of these tenants; of all that the token's user may see when empty.
    pub tenant_ids: Vec<String>,
    /// The page, from 1; 0 leaves the choice to KUMA, which is the first.
    pub page: u32,
    /// With their events.
    pub with_events: bool,
    /// With the assets and accounts they affect.
    pub with_affected: bool,
}

impl Filter {
    /// Puts the filter into the query of an address.
    pub(crate) fn write(&self, url: &mut Url) {
        let mut pairs = url.query_pairs_mut();
        if self.page > 0 {
            pairs.append_pair("page", &self.page.to_string());
        }
        pairs.extend_pairs(self.ids.iter().map(|id| ("id", id)));
        pairs.extend_pairs(self.tenant_ids.iter().map(|id| ("tenantID", id)));
        let field = match self.timestamp_field {
            TimestampField::LastSeen => "lastSeen",
            TimestampField::FirstSeen => "firstSeen",
        };
        pairs.append_pair("timestampField", field);
        for (name, time) in [("from", self.from), ("to", self.to)] {
            if let Some(time) = time {
                pairs.append_pair(name, &time.to_string());
            }
        }
        // Flags have no value: their presence counts.
        for (name, wanted) in [("withEvents", self.with_events), ("withAffected", self.with_affected)] {
            if wanted {
                pairs.append_key_only(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(filter: &Filter) -> String {
        let mut url = Url::parse("https://kuma:7223/api/v1/alerts").unwrap();
        filter.write(&mut url);
        url.query().unwrap().to_owned()
    }

    #[test]
    fn a_filter_is_written_as_the_api_documents_it() {
        assert_eq!(query(&Filter::default()), "timestampField=lastSeen");
        let filter = Filter {
            from: Some("2026-11-20T12:30:00.5+03:00".parse().unwrap()),
            to: Some("2026-11-20T10:00:00.123456Z".parse().unwrap()),
            timestamp_field: TimestampField::FirstSeen,
            ids: vec!["a".into(), "b&c=d".into()],
            tenant_ids: vec!["t1".into(), "t2".into()],
            page: 3,
            with_events: true,
            with_affected: true,
        };
        assert_eq!(
            query(&filter),
            "page=3&id=a&id=b%26c%3Dd&tenantID=t1&tenantID=t2&timestampField=firstSeen\
             &from=2026-11-20T09%3A30%3A00.500Z&to=2026-11-20T10%3A00%3A00.123456Z&withEvents&withAffected"
        );
    }
}
