//! What a search for incidents asks for: the parameters of `GET /bridge/v1/incidents`.

use regex::Regex;

use super::{Incident, Status};
use crate::{
    IncidentId, Timestamp,
    query::{BadParameter, Query},
    search::{Common, TimestampField, before, each},
};

/// Longest text to look for, in bytes: that of a pattern.
const TEXT_LIMIT: usize = 1_024;

/// A search, all of whose values are valid.
#[derive(Clone, Debug)]
pub struct Search {
    /// Page, from 1.
    pub page: u32,
    /// Only these incidents; every one when empty.
    pub ids: Vec<IncidentId>,
    /// Only these tenants; all that the user sees when `None`.
    pub tenants: Option<Vec<String>>,
    /// The time that `from`, `to` and the order mean.
    pub field: TimestampField,
    /// Not before, inclusive.
    pub from: Timestamp,
    /// Not after, inclusive.
    pub to: Timestamp,
    /// Only these statuses; never empty.
    pub statuses: Vec<Status>,
    name: Option<Regex>,
    text: Option<String>,
}

impl Search {
    /// Reads the parameters. Unknown ones are ignored.
    ///
    /// # Errors
    /// Names the first parameter whose value can not be used.
    pub fn parse(query: &Query) -> Result<Self, BadParameter> {
        let ids = each(query, "id")?;
        let mut statuses = each(query, "status")?;
        if statuses.is_empty() {
            statuses = Status::ALL.to_vec();
        }
        let text = query.first("search").map(str::to_lowercase);
        if text.as_ref().is_some_and(|text| text.len() > TEXT_LIMIT) {
            return Err(BadParameter("search"));
        }
        let Common { page, tenants, name, field, from, to } = Common::parse(query)?;
        Ok(Self { page, ids, tenants, field, from, to, statuses, name, text })
    }

    /// How many matches come before the page.
    #[must_use]
    pub const fn skip(&self) -> u64 {
        before(self.page)
    }

    /// Whether an incident of this id and name is meant. `search` is a text, not a pattern, that
    /// either has, whatever the case.
    #[must_use]
    pub fn means(&self, id: &str, name: &str) -> bool {
        let has = |text: &String| name.to_lowercase().contains(text) || id.to_lowercase().contains(text);
        self.name.as_ref().is_none_or(|pattern| pattern.is_match(name)) && self.text.as_ref().is_none_or(has)
    }

    /// The time that is searched and sorted by.
    #[must_use]
    pub const fn time(&self, incident: &Incident) -> Timestamp {
        match self.field {
            TimestampField::LastSeen => incident.last_seen,
            TimestampField::FirstSeen => incident.first_seen,
        }
    }

    /// Whether an incident fits, whoever asks.
    #[must_use]
    pub fn fits(&self, incident: &Incident) -> bool {
        self.means(incident.id.as_str(), incident.name.as_str())
            && self.statuses.contains(&incident.status)
            && (self.from..=self.to).contains(&self.time(incident))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(raw: &str) -> Result<Search, BadParameter> {
        Search::parse(&Query::parse(raw))
    }

    #[test]
    fn what_is_absent_restricts_nothing() {
        let search = parse("").unwrap();
        assert_eq!((search.page, search.skip(), search.field), (1, 0, TimestampField::LastSeen));
        assert_eq!(
            (search.statuses.as_slice(), search.from, search.to),
            (Status::ALL, Timestamp::MIN, Timestamp::MAX)
        );
        assert!(search.tenants.is_none() && search.ids.is_empty() && search.means("INC-1", "any"));
    }

    #[test]
    fn values_are_taken_once_and_pages_hold_250() {
        let search =
            parse("page=3&status=closed&status=open&status=closed&id=INC-2&id=INC-2&tenantID=a").unwrap();
        assert_eq!((search.skip(), search.ids.len()), (500, 1));
        assert_eq!(search.statuses, [Status::Open, Status::Closed]);
        assert_eq!(search.tenants.unwrap(), ["a"]);
    }

    #[test]
    fn a_text_is_no_pattern_and_a_pattern_is() {
        let search = parse("search=Phishing%20(1").unwrap();
        assert!(search.means("INC-1", "A phishing (1)") && !search.means("INC-1", "Phishing"));
        assert!(parse("search=inc-12").unwrap().means("INC-123", "x"));
        let both = parse("search=b&name=%5EA").unwrap();
        assert!(both.means("INC-1", "ab") && !both.means("INC-1", "cb") && !both.means("INC-1", "ac"));
    }

    #[test]
    fn a_bad_value_names_its_parameter() {
        for (raw, name) in [
            ("page=0", "page"),
            ("id=a%23b", "id"),
            ("status=new", "status"),
            ("status=", "status"),
            ("timestampField=created", "timestampField"),
            ("from=yesterday", "from"),
            ("to=x", "to"),
            ("name=%5B", "name"),
            (&format!("search={}", "x".repeat(1_025)), "search"),
        ] {
            assert_eq!(parse(raw).unwrap_err(), BadParameter(name), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn no_query_makes_the_parser_panic(raw in "[ -~]{0,80}", id in "\\PC{0,20}", name in "\\PC{0,40}") {
            if let Ok(search) = parse(&raw) {
                let _ = search.means(&id, &name);
            }
        }
    }
}
