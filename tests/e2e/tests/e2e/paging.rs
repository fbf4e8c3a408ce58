//! Paging to the end: nothing missing, nothing twice, only the last page short.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::{
    alerts::{alert, counts, second, text, with},
    tenant::{Tenant, of},
    world::{User, World},
};

const ALERTS: usize = 2_000;
const PAGE: usize = 250;
const STATUSES: [&str; 4] = ["new", "assigned", "escalated", "closed"];

/// Every page of a search, until an empty one.
async fn pages(user: &User, query: &str) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    loop {
        let page = user.search(&format!("{query}&page={}", pages.len() + 1)).await;
        if page.is_empty() {
            return pages;
        }
        pages.push(page);
    }
}

/// Pages a search to its end and compares what came with what should.
async fn check(user: &User, query: &str, field: &str, mut wanted: Vec<&Value>) {
    wanted.sort_by_key(|alert| std::cmp::Reverse((text(alert, field), text(alert, "id"))));
    let pages = pages(user, query).await;
    let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
    let expected: Vec<usize> = wanted.chunks(PAGE).map(<[_]>::len).collect();
    assert_eq!(sizes, expected, "{query}");

    let shown: Vec<&Value> = pages.iter().flatten().collect();
    let distinct: HashSet<&str> = shown.iter().map(|alert| text(alert, "id")).collect();
    assert_eq!(distinct.len(), shown.len(), "{query}: something came twice");
    let times: Vec<&str> = shown.iter().map(|alert| text(alert, field)).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{query}: out of order");
    let wanted: HashSet<&str> = wanted.iter().map(|alert| text(alert, "id")).collect();
    assert_eq!(distinct, wanted, "{query}");
}

/// Alert number `n`: tenants and statuses mixed, many at the same moment, the two times running
/// against each other.
fn numbered(tenants: &[Tenant], n: usize) -> Value {
    let status = STATUSES[n / 3 % 4];
    with(
        &alert(&tenants[n % tenants.len()]),
        json!({
            "name": format!("Alert {} of kind {}", n, n % 7), "status": status,
            "firstSeen": second(30_000 - n / 5 * 3), "lastSeen": second(40_000 + n / 4 * 5)
        }),
    )
}

#[tokio::test]
async fn two_thousand_alerts_of_ten_tenants_are_paged_to_the_end() {
    let world = World::new();
    let tenants = Tenant::several(&world, 10).await;
    // With more tenants than are read one by one, another listing is read: it must say the same.
    let bystanders = Tenant::several(&world, 10).await;
    let few = of(&tenants.iter().collect::<Vec<_>>(), "analyst").await;
    let many = of(&tenants.iter().chain(&bystanders).collect::<Vec<_>>(), "analyst").await;
    let posted: Vec<Value> = (0..ALERTS).map(|n| numbered(&tenants, n)).collect();
    for half in posted.chunks(1000) {
        let answer = few.ingest(&json!(half)).await.expect(202).json();
        assert_eq!(counts(&answer), [1000, 0, 0, 0, 0]);
    }

    let of_status = |alert: &Value, statuses: &[&str]| statuses.contains(&text(alert, "status"));
    let pick = |wanted: &dyn Fn(&Value) -> bool| posted.iter().filter(|alert| wanted(alert)).collect();
    for user in [&few, &many] {
        check(user, "", "lastSeen", pick(&|_| true)).await;
        let query = "timestampField=firstSeen&status=new&status=closed";
        check(user, query, "firstSeen", pick(&|alert| of_status(alert, &["new", "closed"]))).await;
    }
    let kinds = pick(&|alert| text(alert, "name").ends_with(['3', '6']));
    check(&many, "name=KIND%20[36]$", "lastSeen", kinds).await;
    check(&few, "status=new", "lastSeen", pick(&|alert| of_status(alert, &["new"]))).await;
    let (from, to) = (second(40_500), second(41_800));
    let query = format!("from={from}&to={to}&withAffected");
    let between = pick(&|alert| (&*from..=&*to).contains(&text(alert, "lastSeen")));
    check(&few, &query, "lastSeen", between).await;
    let two = [&*tenants[3].id, &*tenants[8].id];
    let query = format!("tenantID={}&tenantID={}&withEvents", two[0], two[1]);
    check(&many, &query, "lastSeen", pick(&|alert| two.contains(&text(alert, "tenantID")))).await;
    // The general administrator, asking for these tenants.
    let asked: Vec<String> = tenants.iter().map(|tenant| format!("tenantID={}", tenant.id)).collect();
    let query = format!("status=escalated&{}", asked.join("&"));
    check(&world.admin(), &query, "lastSeen", pick(&|alert| of_status(alert, &["escalated"]))).await;
}

#[tokio::test]
async fn a_last_page_that_is_just_full_is_followed_by_an_empty_one() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let posted: Vec<Value> = (0..PAGE).map(|_| alert(&tenant)).collect();
    user.ingest(&json!(posted)).await.expect(202);
    assert_eq!(user.search("page=1").await.len(), PAGE);
    assert!(user.search("page=2").await.is_empty());
    // All at the same moment: still each once.
    check(&user, "", "lastSeen", posted.iter().collect()).await;
    user.ingest(&alert(&tenant)).await.expect(202);
    assert_eq!(user.search("page=2").await.len(), 1);
}

#[tokio::test]
async fn ids_are_paged_as_well() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    // Short ones: API Gateway takes 10 KB of request line and headers.
    let unique = &tenant.id[..8];
    let posted: Vec<Value> =
        (0..260).map(|n| with(&alert(&tenant), json!({"id": format!("{unique}:{n}")}))).collect();
    user.ingest(&json!(posted)).await.expect(202);
    let query: Vec<String> = posted.iter().map(|alert| format!("id={}", text(alert, "id"))).collect();
    let query = query.join("&");
    let sizes = [1, 2, 3].map(|page| {
        let (user, query) = (&user, &query);
        async move { user.search(&format!("{query}&page={page}")).await.len() }
    });
    assert_eq!(futures_util::future::join_all(sizes).await, [250, 10, 0]);
}
