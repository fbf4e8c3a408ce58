//! What an alert search asks for: the parameters of `GET /api/v1/alerts`.

use std::str::FromStr;

use regex::Regex;

use crate::{
    AlertId, Timestamp,
    alert::Status,
    query::{BadParameter, Query},
};

/// Entries on a page of any KUMA list.
pub const PAGE_SIZE: usize = 250;

/// The time by which alerts are filtered and sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampField {
    /// Last event: the default.
    LastSeen,
    /// First event.
    FirstSeen,
}

/// A search, all of whose values are valid.
#[derive(Clone, Debug)]
pub struct Search {
    /// Page, from 1.
    pub page: u32,
    /// Only these alerts; every alert when empty.
    pub ids: Vec<AlertId>,
    /// Only these tenants; all that the user sees when `None`.
    pub tenants: Option<Vec<String>>,
    /// Only alerts whose name matches.
    pub name: Option<Regex>,
    /// The time that `from`, `to` and the order mean.
    pub field: TimestampField,
    /// Not before, inclusive.
    pub from: Timestamp,
    /// Not after, inclusive.
    pub to: Timestamp,
    /// Only these statuses; never empty.
    pub statuses: Vec<Status>,
    /// Whether to show events.
    pub with_events: bool,
    /// Whether to show assets and accounts.
    pub with_affected: bool,
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
        let Common { page, tenants, name, field, from, to } = Common::parse(query)?;
        Ok(Self {
            page,
            ids,
            tenants,
            name,
            field,
            from,
            to,
            statuses,
            with_events: query.flag("withEvents"),
            with_affected: query.flag("withAffected"),
        })
    }

    /// How many matches come before the page.
    #[must_use]
    pub const fn skip(&self) -> u64 {
        before(self.page)
    }
}

/// How many entries come before a page.
pub(crate) const fn before(page: u32) -> u64 {
    (page as u64).saturating_sub(1).saturating_mul(PAGE_SIZE as u64)
}

/// The parameters that every search has, whatever it finds.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) page: u32,
    pub(crate) tenants: Option<Vec<String>>,
    pub(crate) name: Option<Regex>,
    pub(crate) field: TimestampField,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

impl Common {
    pub(crate) fn parse(query: &Query) -> Result<Self, BadParameter> {
        // The vendor's pages print both spellings, clients send the first one.
        let tenants: Vec<String> =
            query.all("tenantID").chain(query.all("TenantID")).map(ToOwned::to_owned).collect();
        Ok(Self {
            page: query.page()?,
            tenants: (!tenants.is_empty()).then_some(tenants),
            name: query.name_pattern()?,
            field: match query.first("timestampField") {
                None | Some("lastSeen") => TimestampField::LastSeen,
                Some("firstSeen") => TimestampField::FirstSeen,
                Some(_) => return Err(BadParameter("timestampField")),
            },
            from: time(query, "from")?.unwrap_or(Timestamp::MIN),
            to: time(query, "to")?.unwrap_or(Timestamp::MAX),
        })
    }
}

/// The different values of a parameter that may be repeated.
pub(crate) fn each<T: FromStr + Ord>(query: &Query, name: &'static str) -> Result<Vec<T>, BadParameter> {
    let mut values = query
        .all(name)
        .map(|value| value.parse().map_err(|_| BadParameter(name)))
        .collect::<Result<Vec<T>, _>>()?;
    values.sort();
    values.dedup();
    Ok(values)
}

/// Reads a time. A `+` of an offset that came unescaped has become a space; and one example of the
/// vendor's own page ends in `Z+00:00`.
fn time(query: &Query, name: &'static str) -> Result<Option<Timestamp>, BadParameter> {
    let Some(text) = query.first(name) else {
        return Ok(None);
    };
    let text = text.trim().replace(' ', "+");
    let text = text.strip_suffix("+00:00").filter(|rest| rest.ends_with('Z')).unwrap_or(&text);
    text.parse().map(Some).map_err(|_| BadParameter(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(raw: &str) -> Result<Search, BadParameter> {
        Search::parse(&Query::parse(raw))
    }

    #[test]
    fn the_poll_of_security_vision_is_read() {
        let search = parse("withEvents&status=new").unwrap();
        assert!(search.with_events && !search.with_affected);
        assert_eq!(search.statuses, [Status::New]);
        assert_eq!((search.page, search.skip(), search.field), (1, 0, TimestampField::LastSeen));
    }

    #[test]
    fn defaults_are_every_status_and_all_time() {
        let search = parse("").unwrap();
        assert_eq!(search.statuses, Status::ALL);
        assert_eq!((search.from, search.to), (Timestamp::MIN, Timestamp::MAX));
        assert!(search.tenants.is_none() && search.ids.is_empty() && search.name.is_none());
    }

    #[test]
    fn the_malformed_times_that_clients_send_are_read() {
        let expected = "2024-05-06T07:00:00Z".parse::<Timestamp>().unwrap();
        for raw in [
            "from=2024-05-06T07:00:00Z",
            "from=2024-05-06T07:00:00Z%2B00:00",
            "from=2024-05-06T07:00:00Z+00:00",
            "from=2024-05-06T10:00:00+03:00",
            "from=2024-05-06T10:00:00%2B03:00",
        ] {
            assert_eq!(parse(raw).unwrap().from, expected, "{raw}");
        }
    }

    #[test]
    fn a_bad_value_names_its_parameter() {
        for (raw, name) in [
            ("page=0", "page"),
            ("id=a%23b", "id"),
            ("id=", "id"),
            ("status=open", "status"),
            ("status=", "status"),
            ("status=New", "status"),
            ("timestampField=seen", "timestampField"),
            ("from=yesterday", "from"),
            ("to=1715000000", "to"),
            ("name=%5B", "name"),
        ] {
            assert_eq!(parse(raw).unwrap_err(), BadParameter(name), "{raw}");
        }
    }

    #[test]
    fn both_spellings_of_the_tenant_are_taken() {
        assert_eq!(parse("tenantID=a&TenantID=b").unwrap().tenants.unwrap(), ["a", "b"]);
    }

    proptest! {
        #[test]
        fn no_query_makes_the_parser_panic(raw in "[ -~]{0,80}") {
            let _ = parse(&raw);
        }
    }
}
