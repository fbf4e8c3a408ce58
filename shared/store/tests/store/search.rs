//! Searching: every page full, nothing missing, nothing twice, nothing of others.

use std::collections::BTreeSet;

use crate::support::{Engine, alert, alert_json, analyst_of, search};
use bridge_domain::{access::Grants, close::Reason};
use futures_util::{StreamExt, stream};

/// `count` alerts, spread over `tenants` tenants, one a minute.
async fn filled(count: u32, tenants: u32) -> Engine {
    let engine = Engine::start().await;
    stream::iter(0..count)
        .for_each_concurrent(16, |n| {
            let value = alert_json(&format!("a{n:05}"), &format!("t{}", n % tenants), n % 600);
            let engine = &engine;
            async move {
                engine.upsert(alert(&value)).await.unwrap();
            }
        })
        .await;
    engine
}

/// Every page up to the first empty one: ids in order, and the queries of the first page.
async fn all_pages(engine: &Engine, query: &str, grants: &Grants) -> (Vec<String>, u32) {
    let (mut ids, mut queries) = (Vec::new(), 0);
    for page_number in 1.. {
        let page =
            engine.store.search(&search(&format!("{query}&page={page_number}")), grants).await.unwrap();
        if page_number == 1 {
            queries = page.queries;
        }
        if page.alerts.is_empty() {
            break;
        }
        assert!(ids.len() % 250 == 0, "only the last page is short");
        ids.extend(page.alerts.iter().map(|found| found.id.to_string()));
    }
    (ids, queries)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_everything_once_newest_first() {
    let engine = filled(1_100, 7).await;
    let all: BTreeSet<String> = (0..1_100).map(|n| format!("a{n:05}")).collect();
    for query in ["", "timestampField=firstSeen", "status=new&withEvents"] {
        let (ids, _) = all_pages(&engine, query, &Grants::Everything).await;
        assert_eq!(ids.len(), 1_100, "{query}");
        assert_eq!(ids.iter().cloned().collect::<BTreeSet<_>>(), all, "{query}");
    }
    let page = engine.store.search(&search(""), &Grants::Everything).await.unwrap();
    assert!(page.alerts.is_sorted_by(|a, b| a.last_seen >= b.last_seen));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_sees_its_tenants_only() {
    let engine = filled(300, 3).await;
    let grants = analyst_of(["t1", "unknown"]);
    let (ids, _) = all_pages(&engine, "", &grants).await;
    assert_eq!(ids.len(), 100);
    let (ids, _) = all_pages(&engine, "tenantID=t0&tenantID=t1", &grants).await;
    assert_eq!(ids.len(), 100, "a tenant without a role is left out");
    assert!(all_pages(&engine, "tenantID=t0", &grants).await.0.is_empty());
    assert!(all_pages(&engine, "id=a00000", &grants).await.0.is_empty(), "by id neither");
    assert_eq!(all_pages(&engine, "id=a00001", &grants).await.0, ["a00001"]);
    assert!(all_pages(&engine, "", &analyst_of([])).await.0.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_tenants_take_no_more_queries_than_five() {
    let engine = filled(1_000, 500).await;
    let tenants = |count: u32| (0..count).map(|n| format!("t{n}")).collect::<Vec<_>>();
    for query in ["status=new", ""] {
        let five = tenants(5);
        let (_, few) = all_pages(&engine, query, &analyst_of(five.iter().map(String::as_str))).await;
        let five_hundred = tenants(500);
        let grants = analyst_of(five_hundred.iter().map(String::as_str));
        let (ids, many) = all_pages(&engine, query, &grants).await;
        assert_eq!(ids.len(), 1_000);
        assert!(many <= few, "{query}: {many} > {few}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_hold_together() {
    let engine = filled(120, 2).await;
    let head = engine.store.alert_head(&"a00007".parse().unwrap()).await.unwrap().unwrap();
    engine.close(&head, Reason::IncorrectData).await.unwrap();
    let everything = Grants::Everything;
    for (query, count) in [
        ("status=closed", 1),
        ("status=new", 119),
        ("status=new&status=closed", 120),
        ("status=escalated", 0),
        ("name=ALERT%20a0000[0-4]$", 5),
        ("from=2026-11-20T10:10:00Z&to=2026-11-20T10:19:00Z", 10),
        ("from=2026-11-20T10:10:00Z&to=2026-11-20T10:19:00Z&timestampField=firstSeen", 0),
        ("from=2026-11-20T11:00:00Z&tenantID=t1", 30),
        ("from=2026-11-20T12:00:00Z&to=2026-11-20T11:00:00Z", 0),
        ("id=a00001&id=a00002&id=missing", 2),
        ("id=a00001&status=closed", 0),
        ("id=a00007&status=closed&name=alert", 1),
    ] {
        assert_eq!(all_pages(&engine, query, &everything).await.0.len(), count, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn far_past_the_end_is_an_empty_page() {
    let engine = filled(10, 1).await;
    let page = engine.store.search(&search("page=4294967295"), &Grants::Everything).await.unwrap();
    assert!(page.alerts.is_empty());
    let page = engine.store.search(&search("page=4294967295&id=a00001"), &Grants::Everything).await.unwrap();
    assert!(page.alerts.is_empty());
}
