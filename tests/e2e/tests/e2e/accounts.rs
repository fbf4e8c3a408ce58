//! Accounts of directories: searched, shown, and named by the events of alerts.

use bridge_domain::{
    ConnectionId, Timestamp,
    import::engine::End,
    ldap::{
        account::{Entry, Received},
        guid::Guid,
    },
};
use bridge_runtime::aws::Aws;
use bridge_store::{ImportRun, Inventory};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    alerts::{alert, text, with},
    tenant::{Tenant, issue, of},
    world::{User, encoded},
};

/// When the accounts of a test are received.
const NOW: &str = "2026-11-20T00:00:00Z";

type Attributes<'a> = &'a [(&'a str, &'a [&'a str])];

/// Imports people into a tenant by a connection of their own, as a task does; gives their ids.
async fn import(tenant: &Tenant, people: &[(&str, Attributes<'_>)]) -> Vec<String> {
    let stack = &tenant.admin.world.stack;
    let inventory = Inventory::new(Aws::load().await.config(), stack.inventory_table.parse().unwrap());
    let connection = ConnectionId::random();
    let now: Timestamp = NOW.parse().unwrap();
    let mut run = ImportRun::begin(inventory, connection.clone(), now, 30).await.unwrap();
    let read = |(dn, attributes): &(&str, Attributes<'_>)| {
        let bytes = |values: &[&str]| values.iter().map(|value| value.as_bytes().to_vec()).collect();
        let mut list: Vec<(String, Vec<Vec<u8>>)> =
            attributes.iter().map(|(name, values)| ((*name).to_owned(), bytes(values))).collect();
        list.push(("objectGUID".to_owned(), vec![Uuid::new_v4().as_bytes().to_vec()]));
        let entry = Entry::new((*dn).to_owned(), list);
        Received::read(tenant.id.parse().unwrap(), connection.clone(), entry, now).unwrap()
    };
    let accounts: Vec<_> = people.iter().map(read).collect();
    let ids = accounts.iter().map(|received| received.id().to_string()).collect();
    run.page(accounts).await.unwrap();
    run.finish(End::Complete, true).await.unwrap();
    ids
}

const IVAN: Attributes<'static> = &[
    ("objectSid", &["S-1-5-21-1-2-3-1001"]),
    ("sAMAccountName", &["Ivan"]),
    ("userPrincipalName", &["Ivan@Corp.test"]),
    ("mail", &["I.Petrov@corp.test"]),
    ("displayName", &["Петров Иван"]),
    ("cn", &["Иван"]),
    ("sn", &["Петров"]),
    ("department", &["Sales"]),
    ("userAccountControl", &["514"]),
    ("memberOf", &["CN=One,DC=x", "CN=Two,DC=x"]),
    ("whenCreated", &["20240102030405.0Z"]),
];

async fn found(user: &User, pairs: &[(&str, &str)]) -> Vec<Value> {
    user.get(&format!("/bridge/v1/accounts?{}", encoded(pairs))).await.expect(200).array()
}

fn names(list: &[Value]) -> Vec<&str> {
    list.iter().map(|account| text(&account["attributes"], "sAMAccountName")).collect()
}

#[tokio::test]
async fn an_account_is_found_by_every_parameter_and_shown_with_what_numbers_mean() {
    let tenant = Tenant::new().await;
    let olga: Attributes<'_> =
        &[("sAMAccountName", &["olga"]), ("memberOf", &["CN=Two,DC=x"]), ("mail", &["olga@corp.test"])];
    let ids = import(&tenant, &[("CN=Иван,DC=x", IVAN), ("CN=Olga,DC=x", olga)]).await;
    let user = tenant.user("operator").await;
    for pair in [
        ("objectSid", "s-1-5-21-1-2-3-1001"),
        ("sAMAccountName", "IVAN"),
        ("userPrincipalName", "ivan@corp.TEST"),
        ("mail", "i.petrov@CORP.test"),
        ("distinguishedName", "cn=иван,dc=X"),
        ("displayName", "ПЕТРОВ иван"),
        ("sn", "петров"),
        ("memberOf", "cn=one,dc=x"),
        ("userAccountControl", "514"),
    ] {
        assert_eq!(names(&found(&user, &[pair]).await), ["Ivan"], "{pair:?}");
        let narrower = if pair.0 == "sn" { ("mail", "x") } else { ("sn", "Иванов") };
        assert!(found(&user, &[pair, narrower]).await.is_empty(), "{pair:?}");
    }
    assert_eq!(names(&found(&user, &[]).await), ["Ivan", "olga"]);
    assert_eq!(
        names(&found(&user, &[("memberOf", "CN=Two,DC=x"), ("tenantID", &tenant.id)]).await),
        ["Ivan", "olga"]
    );
    assert!(found(&user, &[("page", "2")]).await.is_empty());

    let shown = user.get(&format!("/bridge/v1/accounts/{}/", ids[0].to_uppercase())).await.expect(200).json();
    assert_eq!(found(&user, &[("sn", "Петров")]).await, std::slice::from_ref(&shown));
    assert_eq!((text(&shown, "id"), text(&shown, "tenantID")), (&*ids[0], &*tenant.id));
    assert_eq!(shown["decoded"]["userAccountControl"], json!(["ACCOUNTDISABLE", "NORMAL_ACCOUNT"]));
    assert_eq!(shown["decoded"]["whenCreated"], "2024-01-02T03:04:05.000Z");
    assert_eq!(shown["attributes"]["memberOf"], json!(["CN=One,DC=x", "CN=Two,DC=x"]));
}

#[tokio::test]
async fn what_is_no_parameter_is_refused_by_name() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    for (query, name) in
        [("samaccountname=a", "samaccountname"), ("mail=a&name=b", "name"), ("%3Cb%3E=1", "<b>")]
    {
        let reply = user.get(&format!("/bridge/v1/accounts?{query}")).await;
        reply.refused(400, "unknown query parameter", &json!(name));
    }
    for (query, name) in [("mail=", "mail"), ("page=0", "page"), (&*"sn=a&".repeat(51), "sn")] {
        let reply = user.get(&format!("/bridge/v1/accounts/?{query}")).await;
        reply.refused(400, "invalid query parameter value", &json!(name));
    }
    for id in ["nobody", "6f9619ff-8b86-d011-b42d-00c04fc964ff", "%00"] {
        user.get(&format!("/bridge/v1/accounts/{id}")).await.refused(404, "account not found", &json!(null));
    }
}

#[tokio::test]
async fn an_account_is_seen_by_those_with_a_role_in_its_tenant() {
    let tenant = Tenant::new().await;
    let other = Tenant::on(&tenant.admin.world).await;
    let ids = import(&tenant, &[("CN=Иван,DC=x", IVAN)]).await;
    import(&other, &[("CN=Ivan,DC=other", &[("sAMAccountName", &["ivan"])])]).await;
    let path = format!("/bridge/v1/accounts/{}", ids[0]);
    let stranger = other.analyst().await;
    stranger.get(&path).await.refused(404, "account not found", &json!(null));
    assert_eq!(names(&found(&stranger, &[("sAMAccountName", "ivan")]).await), ["ivan"]);
    assert!(found(&stranger, &[("tenantID", &tenant.id)]).await.is_empty());
    let both = of(&[&tenant, &other], "operator").await;
    both.get(&path).await.expect(200);
    assert_eq!(found(&both, &[("sAMAccountName", "ivan")]).await.len(), 2);
    assert_eq!(names(&found(&both, &[("tenantID", &other.id)]).await), ["ivan"]);
    tenant.admin.get(&path).await.expect(200);
    assert_eq!(
        names(&found(&tenant.admin, &[("tenantID", &tenant.id), ("sAMAccountName", "ivan")]).await),
        ["Ivan"]
    );
    // Of all tenants that there are.
    let everywhere = found(&tenant.admin, &[("objectSid", "S-1-5-21-1-2-3-1001"), ("page", "1")]).await;
    assert!(everywhere.iter().any(|account| account["tenantID"] == *tenant.id));
    let narrow = json!({"name": "Narrow", "operations": ["GET /alerts"], "generalAdministrator": true});
    let narrow = issue(&tenant.admin, narrow).await.user;
    narrow.get(&path).await.refused(403, "access denied", &json!(null));
    narrow.get("/bridge/v1/accounts").await.refused(403, "access denied", &json!(null));
}

#[tokio::test]
async fn an_alert_shows_the_accounts_that_its_events_name() {
    let tenant = Tenant::new().await;
    let other = Tenant::on(&tenant.admin.world).await;
    let olga: Attributes<'_> = &[("sAMAccountName", &["olga"]), ("userPrincipalName", &["olga@corp.test"])];
    import(&tenant, &[("CN=Иван,DC=x", IVAN), ("CN=Olga,DC=x", olga)]).await;
    import(&other, &[("CN=Elsewhere,DC=x", IVAN)]).await;
    let events = json!([
        {"ID": "1", "Timestamp": 1, "DestinationUserName": "CORP\\olga", "SourceUserName": "nobody"},
        {"ID": "2", "Timestamp": 2, "SourceUserID": "S-1-5-21-1-2-3-1001", "SourceUserName": "-"},
    ]);
    let sent = json!({"sAMAccountName": "boss", "displayName": "Boss", "other": [1]});
    let posted = with(&alert(&tenant), json!({"events": events, "affectedAccounts": [sent]}));
    let user = tenant.analyst().await;
    user.ingest(&posted).await.expect(202);
    let query = format!("withAffected&id={}", text(&posted, "id"));
    let shown = user.search(&query).await.remove(0);
    let accounts = shown["affectedAccounts"].as_array().unwrap();
    assert_eq!(accounts[0], sent, "what the SIEM sent is first and as it was");
    assert!(shown.get("events").is_none());
    let by_name = |name: &str| accounts.iter().find(|account| account["sAMAccountName"] == name);
    assert_eq!(
        by_name("Ivan").unwrap(),
        &json!({
            "displayName": "Петров Иван", "cn": "Иван", "dn": "CN=Иван,DC=x", "upn": "Ivan@Corp.test",
            "sAMAccountName": "Ivan", "company": "", "department": "Sales",
            "created": "2024-01-02T03:04:05.000Z", "updated": "2026-11-20T00:00:00.000Z",
        })
    );
    assert_eq!((accounts.len(), &by_name("olga").unwrap()["upn"]), (3, &json!("olga@corp.test")));
    // The same in a list, with events, and not at all unless asked for.
    let list = user.search("withAffected&withEvents").await;
    assert_eq!((&list[0]["affectedAccounts"], &list[0]["events"]), (&shown["affectedAccounts"], &events));
    assert!(user.search("withEvents").await[0].get("affectedAccounts").is_none());

    // The other tenant's alert shows its own account of that name alone.
    let posted = with(&alert(&other), json!({"events": [{"ID": "1", "SourceUserName": "ivan"}]}));
    let user = other.analyst().await;
    user.ingest(&posted).await.expect(202);
    let shown = user.search("withAffected").await.remove(0);
    let accounts = shown["affectedAccounts"].as_array().unwrap();
    assert_eq!((accounts.len(), text(&accounts[0], "dn")), (1, "CN=Elsewhere,DC=x"));
    // What the SIEM knows itself is not repeated.
    let known = json!([{"dn": "cn=elsewhere,dc=x", "sAMAccountName": "IVAN"}]);
    let newer = with(&posted, json!({"affectedAccounts": known, "lastSeen": "2024-05-06T12:00:00Z"}));
    user.ingest(&newer).await.expect(202);
    assert_eq!(user.search("withAffected").await[0]["affectedAccounts"], known);
}

#[tokio::test]
async fn a_guid_reads_as_the_directory_writes_it() {
    let tenant = Tenant::new().await;
    let ids = import(&tenant, &[("CN=a", &[])]).await;
    assert!(ids[0].parse::<Guid>().is_ok());
    let shown = tenant.admin.get(&format!("/bridge/v1/accounts/{}", ids[0])).await.expect(200).json();
    assert_eq!(shown["attributes"], json!({"objectGUID": ids[0]}));
    assert_eq!(shown["decoded"], json!({}));
}
