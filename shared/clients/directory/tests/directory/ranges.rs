//! Attributes that come in parts.

use std::collections::BTreeSet;

use bridge_slapd::Seen;

use super::*;

async fn members(script: Script) -> (Result<Vec<String>, Fault>, usize) {
    let server = Hostile::start(script).await.unwrap();
    let mut connection = plain(&format!("{NAME}:{}", server.port())).connect(&somebody()).await.unwrap();
    let request = Request::new(BASE, Filter::present(&attribute("member")), [attribute("member")]);
    let (entries, result) = read(&mut connection, request).await;
    let searches = server.seen().iter().filter(|seen| matches!(seen, Seen::Search(..))).count();
    let result = result.map_err(|error| {
        assert_discreet(&error);
        error.fault
    });
    (result.map(|_| entries[0].texts("member").map(ToOwned::to_owned).collect()), searches)
}

#[tokio::test]
async fn all_parts_of_an_attribute_are_fetched() {
    for (count, requests) in [(0, 1), (1, 1), (1500, 1), (1501, 2), (3000, 2), (20_000, 14)] {
        let (found, searches) = members(Script::Members(count)).await;
        let found = found.unwrap();
        assert_eq!((found.len(), searches), (count, requests));
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), count);
    }
}

#[tokio::test]
async fn parts_that_do_not_fit_are_an_error() {
    assert_eq!(members(Script::MembersWithGap).await.0, Err(Fault::Ranges));
    assert_eq!(members(Script::MembersAgain).await.0, Err(Fault::Ranges));
}

#[tokio::test]
async fn parts_without_end_end() {
    assert_eq!(members(Script::Members(1_000_000)).await.0, Err(Fault::Ranges));
}
