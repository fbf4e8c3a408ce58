//! Every parameter of the search, with the habits of those who send them.

use serde_json::{Value, json};

use crate::{
    alerts::{alert, at, ids, text, with},
    tenant::{Tenant, of},
    world::{User, encoded},
};

const BAD_VALUE: &str = "invalid query parameter value";

/// Alerts with these names, the last one newest.
async fn named(tenant: &Tenant, names: &[&str]) -> (User, Vec<String>) {
    let user = tenant.analyst().await;
    let alerts: Vec<Value> = names
        .iter()
        .enumerate()
        .map(|(n, name)| {
            with(&alert(tenant), json!({"name": name, "lastSeen": at(&format!("12:{n:02}:00"))}))
        })
        .collect();
    user.ingest(&json!(alerts)).await.expect(202);
    (user, ids(&alerts).into_iter().map(ToOwned::to_owned).collect())
}

#[tokio::test]
async fn a_value_that_can_not_be_used_names_its_parameter() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    for (query, parameter) in [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=one", "page"),
        ("page=", "page"),
        ("page=1.0", "page"),
        ("page=4294967296", "page"),
        ("id=", "id"),
        ("id=a%23b", "id"),
        ("status=open", "status"),
        ("status=New", "status"),
        ("status=", "status"),
        ("status=new,closed", "status"),
        ("status=new&status=old", "status"),
        ("timestampField=seen", "timestampField"),
        ("timestampField=", "timestampField"),
        ("from=yesterday", "from"),
        ("from=1715000000", "from"),
        ("from=", "from"),
        ("to=2024-05-06", "to"),
        ("to=2024-13-06T00:00:00Z", "to"),
        ("name=%5B", "name"),
        ("name=(%3F%3Dx)", "name"),
    ] {
        let answer = user.get(&format!("/api/v1/alerts?{query}")).await;
        answer.refused(400, BAD_VALUE, &json!(parameter));
    }
    // What nobody knows is nobody's business.
    assert!(user.search("unknown=1&withevents&Status=open&sort=asc").await.is_empty());
}

#[tokio::test]
async fn statuses_may_be_repeated_and_mean_or() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let alerts: Vec<Value> = ["new", "assigned", "escalated", "closed", "new"]
        .into_iter()
        .enumerate()
        .map(|(n, status)| {
            with(&alert(&tenant), json!({"status": status, "lastSeen": at(&format!("12:0{n}:00"))}))
        })
        .collect();
    user.ingest(&json!(alerts)).await.expect(202);
    let all: Vec<&str> = ids(&alerts);
    for (query, wanted) in [
        ("", vec![4, 3, 2, 1, 0]),
        ("status=new", vec![4, 0]),
        ("status=new&status=new", vec![4, 0]),
        ("status=closed&status=new", vec![4, 3, 0]),
        ("status=assigned&status=escalated", vec![2, 1]),
        ("status=new&status=assigned&status=escalated&status=closed", vec![4, 3, 2, 1, 0]),
    ] {
        let wanted: Vec<&str> = wanted.into_iter().map(|n: usize| all[n]).collect();
        assert_eq!(ids(&user.search(query).await), wanted, "{query}");
    }
}

#[tokio::test]
async fn ids_may_be_repeated_and_mean_or() {
    let tenant = Tenant::new().await;
    let (user, posted) = named(&tenant, &["a", "b", "c"]).await;
    let [a, b, c] = [0, 1, 2].map(|n| posted[n].as_str());
    for (query, wanted) in [
        (format!("id={a}"), vec![a]),
        (format!("id={a}&id={c}"), vec![c, a]),
        (format!("id={a}&id={a}&id=unknown"), vec![a]),
        (format!("id={a}&id={b}&name=b"), vec![b]),
        (format!("id={a}&status=closed"), vec![]),
        (format!("id={a}&tenantID=other"), vec![]),
    ] {
        assert_eq!(ids(&user.search(&query).await), wanted, "{query}");
    }
}

#[tokio::test]
async fn a_name_is_a_pattern_that_ignores_case_and_is_not_anchored() {
    let tenant = Tenant::new().await;
    let names = ["My alert", "Not my alert at all", "Обнаружен ПЕРЕБОР паролей", "a+b", "MALWARE"];
    let (user, posted) = named(&tenant, &names).await;
    for (pattern, wanted) in [
        ("alert", vec![1, 0]),
        ("ALERT", vec![1, 0]),
        ("^My alert$", vec![0]),
        ("^my", vec![0]),
        ("перебор", vec![2]),
        (r"a\+b", vec![3]),
        ("malware|alert$", vec![4, 0]),
        ("", vec![4, 3, 2, 1, 0]),
        ("nothing of the kind", vec![]),
        (".", vec![4, 3, 2, 1, 0]),
    ] {
        let found = user.search(&encoded(&[("name", pattern)])).await;
        let wanted: Vec<&str> = wanted.into_iter().map(|n: usize| posted[n].as_str()).collect();
        assert_eq!(ids(&found), wanted, "{pattern}");
    }
}

#[tokio::test]
async fn tenants_may_be_repeated_in_either_spelling_and_those_of_others_are_ignored() {
    let world = crate::world::World::new();
    let tenants = Tenant::several(&world, 3).await;
    let both = of(&[&tenants[0], &tenants[1]], "operator").await;
    let mut posted = Vec::new();
    for (n, tenant) in tenants.iter().enumerate() {
        let one = with(&alert(tenant), json!({"lastSeen": at(&format!("12:0{n}:00"))}));
        tenant.admin.ingest(&one).await.expect(202);
        posted.push(text(&one, "id").to_owned());
    }
    let [first, second, third] = [0, 1, 2].map(|n| tenants[n].id.as_str());
    for (query, wanted) in [
        (String::new(), vec![1, 0]),
        (format!("tenantID={first}"), vec![0]),
        (format!("TenantID={second}"), vec![1]),
        (format!("tenantID={first}&TenantID={second}"), vec![1, 0]),
        (format!("tenantID={first}&tenantID={third}"), vec![0]),
        (format!("tenantID={third}"), vec![]),
        ("tenantID=".to_owned(), vec![]),
        ("tenantID=%00%23".to_owned(), vec![]),
    ] {
        let wanted: Vec<&str> = wanted.into_iter().map(|n: usize| posted[n].as_str()).collect();
        assert_eq!(ids(&both.search(&query).await), wanted, "{query}");
    }
    let asked = format!("tenantID={first}&tenantID={second}&tenantID={third}");
    assert_eq!(ids(&world.admin().search(&asked).await), [&*posted[2], &posted[1], &posted[0]]);
}

#[tokio::test]
async fn a_flag_is_set_by_being_there() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let assets = json!([{"id": "a1", "name": "DC01", "fqdn": ["dc01.example.com"]}]);
    let accounts = json!([{"displayName": "Backup service", "sAMAccountName": "svc-backup"}]);
    let posted = with(&alert(&tenant), json!({"affectedAssets": assets, "affectedAccounts": accounts}));
    user.ingest(&posted).await.expect(202);
    for (query, events, affected) in [
        ("", false, false),
        ("withEvents", true, false),
        ("withEvents=", true, false),
        ("withEvents=false", true, false),
        ("withEvents=0&status=new", true, false),
        ("withAffected", false, true),
        ("withAffected=no&withEvents", true, true),
        ("withevents&WITHAFFECTED", false, false),
    ] {
        let found = &user.search(query).await[0];
        assert_eq!(found.get("events").is_some(), events, "{query}");
        assert_eq!(found.get("affectedAssets").is_some(), affected, "{query}");
        assert_eq!(found.get("affectedAccounts").is_some(), affected, "{query}");
        if affected {
            assert_eq!((&found["affectedAssets"], &found["affectedAccounts"]), (&assets, &accounts));
        }
    }
}

#[tokio::test]
async fn of_a_parameter_that_counts_once_the_first_counts() {
    let tenant = Tenant::new().await;
    let (user, _) = named(&tenant, &["a", "b"]).await;
    assert_eq!(user.search("page=1&page=2").await.len(), 2);
    assert!(user.search("page=2&page=1").await.is_empty());
    assert_eq!(user.search("name=a&name=b").await.len(), 1);
}
