//! What a search for accounts asks for: the parameters of `GET /bridge/v1/accounts`.
//!
//! | parameter | finds |
//! |---|---|
//! | `tenantID` | accounts of this tenant; repeated, of any of these |
//! | an attribute of [`Field`] | accounts that have this value, whatever the case; repeated, any of these |
//! | `page` | the page, from 1; a page holds 250 |
//!
//! Accounts fit that fit every parameter that is there. Another parameter is refused, since whoever
//! mistypes one would otherwise get everybody.

use std::collections::{BTreeMap, BTreeSet};

use super::{account::Account, folded};
use crate::{
    query::{BadParameter, Query},
    search::before,
};

/// Longest value, in bytes.
const VALUE_LIMIT: usize = 2_048;
/// Most values, all attributes together.
const VALUES_LIMIT: usize = 50;
/// Longest name of an unknown parameter that is quoted, in characters.
const QUOTE_LIMIT: usize = 64;

/// An attribute that accounts are found by. KUMA documents, "Imported Active Directory attributes", which
/// can be used for search during correlation; `objectSid` is ours: an event names an account by it.
///
/// In the order in which the store should look: what few accounts share comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `objectSid`.
    ObjectSid,
    /// `sAMAccountName`.
    AccountName,
    /// `userPrincipalName`.
    PrincipalName,
    /// `mail`.
    Mail,
    /// `distinguishedName`.
    DistinguishedName,
    /// `displayName`.
    DisplayName,
    /// `sn`.
    Surname,
    /// `memberOf`: one of the groups.
    MemberOf,
    /// `userAccountControl`: the number.
    AccountControl,
}

impl Field {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::ObjectSid,
        Self::AccountName,
        Self::PrincipalName,
        Self::Mail,
        Self::DistinguishedName,
        Self::DisplayName,
        Self::Surname,
        Self::MemberOf,
        Self::AccountControl,
    ];

    /// The attribute, which is the parameter too.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ObjectSid => "objectSid",
            Self::AccountName => "sAMAccountName",
            Self::PrincipalName => "userPrincipalName",
            Self::Mail => "mail",
            Self::DistinguishedName => "distinguishedName",
            Self::DisplayName => "displayName",
            Self::Surname => "sn",
            Self::MemberOf => "memberOf",
            Self::AccountControl => "userAccountControl",
        }
    }

    /// What an account is found by in this field, as [`folded`] has it.
    pub fn terms(self, account: &Account) -> impl Iterator<Item = String> {
        let values = account.values(self.as_str());
        // The name is known even where the attribute was not asked for.
        let dn = (self == Self::DistinguishedName && values.is_empty()).then_some(&account.dn);
        values.iter().chain(dn).map(|value| folded(value))
    }
}

/// Where an account is looked for that an event or an alert calls by this name, and what for there, as
/// [`folded`] has it; empty when the text is no name. `DOMAIN\user` is looked for by `user`: the short
/// name of a domain is in none of its accounts.
#[must_use]
pub fn named(text: &str) -> Vec<(Field, String)> {
    let text = text.trim();
    if text.is_empty() || text.len() > VALUE_LIMIT {
        return Vec::new();
    }
    let sid = text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("S-1-"));
    let fields: &[Field] = match text {
        _ if sid => &[Field::ObjectSid],
        _ if text.contains('@') => &[Field::PrincipalName, Field::Mail],
        _ if text.contains('=') => &[Field::DistinguishedName],
        _ => &[Field::AccountName],
    };
    let user =
        text.rsplit_once('\\').filter(|_| fields == [Field::AccountName]).map_or(text, |(_, user)| user);
    let terms = fields.iter().map(|field| (*field, folded(user)));
    terms.filter(|(_, term)| !term.is_empty()).collect()
}

/// Why the parameters can not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchError {
    /// A parameter whose value can not be used.
    Value(BadParameter),
    /// A parameter that there is not, cut where it is long.
    Unknown(String),
}

impl From<BadParameter> for SearchError {
    fn from(bad: BadParameter) -> Self {
        Self::Value(bad)
    }
}

/// A search, all of whose values are valid.
#[derive(Clone, PartialEq, Eq)]
pub struct Search {
    /// Page, from 1.
    pub page: u32,
    /// Only these tenants; all that the user sees when `None`.
    pub tenants: Option<Vec<String>>,
    /// Only accounts that have one of these values, in each of these fields; as [`folded`] has them.
    pub wanted: BTreeMap<Field, BTreeSet<String>>,
}

impl std::fmt::Debug for Search {
    /// Without the values: they name people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fields: Vec<&Field> = self.wanted.keys().collect();
        f.debug_struct("Search").field("page", &self.page).field("fields", &fields).finish_non_exhaustive()
    }
}

impl Search {
    /// Reads the parameters.
    ///
    /// # Errors
    /// Names the first parameter that there is not, or whose value can not be used.
    pub fn parse(query: &Query) -> Result<Self, SearchError> {
        let known = |name: &str| {
            matches!(name, "page" | "tenantID") || Field::ALL.iter().any(|field| field.as_str() == name)
        };
        if let Some(name) = query.names().find(|name| !known(name)) {
            return Err(SearchError::Unknown(name.chars().take(QUOTE_LIMIT).collect()));
        }
        let tenants: Vec<String> = query.all("tenantID").map(ToOwned::to_owned).collect();
        let mut wanted = BTreeMap::new();
        let mut count = 0;
        for field in Field::ALL {
            let name = field.as_str();
            for value in query.all(name) {
                count += 1;
                if value.is_empty() || value.len() > VALUE_LIMIT || count > VALUES_LIMIT {
                    return Err(BadParameter(name).into());
                }
                wanted.entry(*field).or_insert_with(BTreeSet::new).insert(folded(value));
            }
        }
        let page = query.page()?;
        Ok(Self { page, tenants: (!tenants.is_empty()).then_some(tenants), wanted })
    }

    /// How many matches come before the page.
    #[must_use]
    pub const fn skip(&self) -> u64 {
        before(self.page)
    }

    /// The field to look in, and the values; what is found still has to [`Search::fits`]. `None` when
    /// every account is meant.
    #[must_use]
    pub fn lead(&self) -> Option<(Field, &BTreeSet<String>)> {
        self.wanted.first_key_value().map(|(field, values)| (*field, values))
    }

    /// Whether an account fits, whoever asks and whatever tenant it is of.
    #[must_use]
    pub fn fits(&self, account: &Account) -> bool {
        self.wanted.iter().all(|(field, values)| field.terms(account).any(|term| values.contains(&term)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse(raw: &str) -> Result<Search, SearchError> {
        Search::parse(&Query::parse(raw))
    }

    fn account() -> Account {
        serde_json::from_value(json!({
            "id": "09090909-0909-0909-0909-090909090909", "tenantID": "t", "connectionID": "c",
            "dn": "CN=Иван,DC=x", "received": "2026-11-20T00:00:00Z",
            "attributes": {
                "mail": "A@X.ru", "memberOf": ["CN=one", "CN=Two"], "userAccountControl": "512", "sn": "Петров",
                "sAMAccountName": "ivan",
            },
        }))
        .unwrap()
    }

    #[test]
    fn accounts_are_found_by_each_field_whatever_the_case() {
        for raw in [
            "",
            "mail=a@x.RU",
            "memberOf=cn%3Dtwo&sn=%D0%BF%D0%B5%D1%82%D1%80%D0%BE%D0%B2",
            "distinguishedName=cn%3D%D0%98%D0%92%D0%90%D0%9D,dc%3DX",
            "userAccountControl=512&tenantID=other&page=2",
            "sAMAccountName=x&sAMAccountName=IVAN",
        ] {
            assert!(parse(raw).unwrap().fits(&account()), "{raw}");
        }
        for raw in ["mail=a@x", "memberOf=cn%3Dtwo&sn=x", "objectSid=S-1-5-18", "displayName=%25"] {
            assert!(!parse(raw).unwrap().fits(&account()), "{raw}");
        }
    }

    #[test]
    fn the_store_looks_where_few_are_found() {
        let search = parse("userAccountControl=512&memberOf=a&mail=b&tenantID=t&tenantID=u&page=3").unwrap();
        assert_eq!(search.lead().unwrap(), (Field::Mail, &BTreeSet::from(["b".to_owned()])));
        assert_eq!((search.skip(), search.tenants.as_ref().map(Vec::len)), (500, Some(2)));
        assert_eq!(parse("").unwrap().lead(), None);
        assert!(Field::ALL.is_sorted());
        assert!(!format!("{search:?}").contains("\"b\""));
    }

    #[test]
    fn a_name_in_an_event_says_where_to_look() {
        for (text, expected) in [
            ("CORP\\Ivan", vec![(Field::AccountName, "ivan")]),
            (" ivan ", vec![(Field::AccountName, "ivan")]),
            ("Ivan@x.ru", vec![(Field::PrincipalName, "ivan@x.ru"), (Field::Mail, "ivan@x.ru")]),
            ("s-1-5-18", vec![(Field::ObjectSid, "s-1-5-18")]),
            ("CN=A\\, b,DC=x", vec![(Field::DistinguishedName, "cn=a\\, b,dc=x")]),
            ("", vec![]),
            ("CORP\\", vec![]),
        ] {
            let expected: Vec<(Field, String)> =
                expected.into_iter().map(|(field, term)| (field, term.to_owned())).collect();
            assert_eq!(named(text), expected, "{text}");
        }
        assert!(named(&"x".repeat(3_000)).is_empty());
    }

    #[test]
    fn what_is_unknown_or_of_no_use_is_refused_by_name() {
        let unknown = |name: &str| Err(SearchError::Unknown(name.to_owned()));
        assert_eq!(parse("samaccountname=a"), unknown("samaccountname"));
        assert_eq!(parse("mail=a&cn=b"), unknown("cn"));
        assert_eq!(parse(&"x".repeat(500)), unknown(&"x".repeat(64)));
        for (raw, name) in [
            ("mail=".to_owned(), "mail"),
            (format!("sn={}", "x".repeat(2_049)), "sn"),
            ("page=0".to_owned(), "page"),
            ("mail=a&".repeat(51), "mail"),
        ] {
            assert_eq!(parse(&raw), Err(BadParameter(name).into()), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_query_makes_the_parser_panic(raw in "([a-zA-Z]{1,6}|mail|sn|page)=[ -~]{0,10}(&mail=\\PC{0,9})?") {
            if let Ok(search) = parse(&raw) {
                let _ = search.fits(&account());
            }
        }
    }
}
