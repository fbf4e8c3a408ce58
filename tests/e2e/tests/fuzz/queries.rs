//! Query strings and the headers of a request.

use std::sync::LazyLock;

use bridge_domain::{
    Timestamp,
    ldap::account_search::{self, Field, SearchError},
    query::{BadParameter, Query},
    search::{PAGE_SIZE, Search},
};
use bridge_runtime::http::{GzipSupport, accepts_gzip};
use http::{HeaderMap, HeaderValue, header::ACCEPT_ENCODING};
use proptest::prelude::*;

use crate::{
    config,
    mutation::{mutated, mutated_text},
    seeds::texts,
};

static QUERIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    texts(&[
        "",
        "withEvents&status=new",
        "page=2&tenantID=t1&TenantID=t2&status=new&status=closed&withAffected=false",
        "id=060bed79-2141-49cf-ad84-cc7956364be9&id=a&name=%5EMy+alert%24&timestampField=firstSeen",
        "from=2026-11-20T10:00:00Z%2B00:00&to=2026-11-21T10:00:00+03:00&timestampField=lastSeen",
        "name=(a|b)*c%7B2,5%7D[^x]\\b.\\w%D0%B0&page=4294967295",
    ])
});

static ACCOUNT_QUERIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    texts(&[
        "page=2&tenantID=t1&tenantID=t2",
        "sAMAccountName=ivan&sAMAccountName=CORP%5Colga&memberOf=CN%3DStaff%2CDC%3Dx",
        "objectSid=S-1-5-21-1&userPrincipalName=a@x&mail=a@x&distinguishedName=CN%3Da",
        "displayName=%D0%98%D0%B2%D0%B0%D0%BD&sn=&userAccountControl=512&page=4294967295",
    ])
});

static ENCODINGS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    texts(&["gzip", "br, gzip;q=0.5, *;q=0", "identity", "X-GZIP ; Q=1", "*", "gzip;q=0,gzip"])
});

/// The parameters that a search can find fault with.
const PARAMETERS: [&str; 7] = ["page", "id", "status", "name", "timestampField", "from", "to"];

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_search_that_is_accepted_makes_sense(raw in mutated_text(&QUERIES, 5)) {
        let query = Query::parse(&raw);
        match Search::parse(&query) {
            Err(BadParameter(name)) => {
                prop_assert!(PARAMETERS.contains(&name));
                prop_assert!(query.flag(name), "{} is at fault but absent", name);
            }
            Ok(search) => {
                prop_assert!(search.page >= 1);
                prop_assert_eq!(search.skip(), (u64::from(search.page) - 1) * PAGE_SIZE as u64);
                prop_assert!(!search.statuses.is_empty());
                prop_assert!(search.statuses.is_sorted_by(|a, b| a < b) && search.ids.is_sorted_by(|a, b| a < b));
                prop_assert!(search.from >= Timestamp::MIN && search.to <= Timestamp::MAX);
                prop_assert_eq!(search.with_events, query.flag("withEvents"));
                prop_assert_eq!(search.tenants.is_some(), query.flag("tenantID") || query.flag("TenantID"));
                if let Some(pattern) = &search.name {
                    pattern.is_match("Brute force followed by a successful logon");
                }
            }
        }
    }

    #[test]
    fn a_search_for_accounts_that_is_accepted_makes_sense(raw in mutated_text(&ACCOUNT_QUERIES, 5)) {
        let query = Query::parse(&raw);
        let known = |name: &str| {
            ["page", "tenantID"].contains(&name) || Field::ALL.iter().any(|field| field.as_str() == name)
        };
        match account_search::Search::parse(&query) {
            Err(SearchError::Unknown(name)) => prop_assert!(!known(&name)),
            Err(SearchError::Value(BadParameter(name))) => {
                prop_assert!(known(name) && query.flag(name), "{} is at fault but absent", name);
            }
            Ok(search) => {
                prop_assert!(query.names().all(known));
                prop_assert_eq!(search.skip(), (u64::from(search.page) - 1) * PAGE_SIZE as u64);
                prop_assert!(search.wanted.values().all(|values| !values.is_empty()));
                prop_assert_eq!(search.lead().is_some(), !search.wanted.is_empty());
                prop_assert_eq!(search.tenants.is_some(), query.flag("tenantID"));
            }
        }
    }

    #[test]
    fn a_pattern_is_refused_or_can_be_used(text in patterns()) {
        let raw: String = format!("name={}", percent_encoded(&text));
        let query = Query::parse(&raw);
        prop_assert_eq!(query.first("name"), Some(text.as_str()));
        if let Ok(Some(pattern)) = query.name_pattern() {
            pattern.is_match(&text);
            prop_assert!(text.len() <= 1024);
        }
    }

    #[test]
    fn the_last_word_about_gzip_counts(value in mutated(&ENCODINGS, 4)) {
        let headers = |suffix: &str| {
            let bytes = [value.as_slice(), suffix.as_bytes()].concat();
            let value = HeaderValue::from_bytes(&bytes).ok()?;
            value.to_str().ok()?;
            Some(HeaderMap::from_iter([(ACCEPT_ENCODING, value)]))
        };
        if let (Some(plain), Some(asked), Some(refused)) = (headers(""), headers(",gzip"), headers(",gzip;q=0")) {
            prop_assert_ne!(accepts_gzip(&plain), GzipSupport::NotMentioned);
            prop_assert_eq!(accepts_gzip(&asked), GzipSupport::Asked);
            prop_assert_eq!(accepts_gzip(&refused), GzipSupport::Refused);
        }
    }
}

fn patterns() -> impl Strategy<Value = String> {
    static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        texts(&[
            "^My alert$",
            "(a+)+$",
            "(?:a{50}){50}",
            "[\\p{L}--\\p{Lu}]&&[^\\d]",
            "\\bлогин\\b|(?-i)x",
            "((((((a))))))",
        ])
    });
    mutated_text(&SEEDS, 5)
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| encoded + &format!("%{byte:02X}"))
}
