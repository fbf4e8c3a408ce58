//! Searches and lists with hostile parameters.

use std::fmt::Write as _;

use reqwest::Method;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_value_that_can_not_be_used_is_named() {
    let world = World::new().await;
    let long = format!("name={}", "a".repeat(1_025));
    let very_long = format!("name={}", "a".repeat(9_000));
    let parentheses = format!("name={}a{}", "(".repeat(60), ")".repeat(60));
    let id = format!("id={}", "a".repeat(200));
    for (parameter, queries) in [
        (
            "name",
            vec![
                "name=(",
                "name=[",
                "name=*",
                "name=a{1000}{1000}",
                "name=(a{1000}){1000}",
                "name=((a{100}){100}){100}",
                "name=(%5CPL{500}){500}",
                "name=%5Cp{Nope}",
                "name=(?<a",
                "name=%5C",
                "name=a(?=b)",
                "name=(a)%5C1",
                "name=(?1)",
                "name=(&name=x",
                &long,
                &very_long,
                &parentheses,
            ],
        ),
        (
            "status",
            vec![
                "status=open",
                "status=",
                "status",
                "status=New",
                "status=new&status=x",
                "status=new,closed",
            ],
        ),
        (
            "page",
            vec![
                "page=0",
                "page=-1",
                "page=x",
                "page=99999999999",
                "page=1.5",
                "page=",
                "page=%00",
                "page=1%0a",
            ],
        ),
        ("timestampField", vec!["timestampField=created", "timestampField=", "timestampField=lastseen"]),
        (
            "from",
            vec![
                "from=x",
                "from=",
                "from=2024-13-01T00:00:00Z",
                "from=1714989600",
                "from=1969-01-01T00:00:00Z",
            ],
        ),
        ("to", vec!["to=x", "to=", "to=10000-01-01T00:00:00Z", "to=2024-05-06", "to=%ff%fe"]),
        ("id", vec!["id=a%23b", "id=a%2Fb", "id=%00", "id=", "id=%ff", "id=a+b", &id]),
    ] {
        for query in queries {
            let versions = [format!("/api/v1/alerts?{query}"), format!("/api/v3/alerts/?{query}&withEvents")];
            for target in versions {
                let reply = world.send(world.by(&world.operator, &Method::GET, &target)).await;
                assert_eq!(
                    reply.refused(&target, 400, "invalid query parameter value"),
                    parameter,
                    "{target}"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_is_only_strange_finds_nothing() {
    let world = World::new().await;
    let ids = (0..300).fold(String::new(), |mut query, n| {
        write!(query, "&id=a{n}").unwrap();
        query
    });
    let junk = format!("x={}", "y".repeat(6_000));
    for query in [
        ids.as_str(),
        &junk,
        "%ff%fe=%zz&%=%%%&&&==",
        "name=%ff",
        "name=(a%2B)%2B%24",
        "name=(.*)*(.*)*(.*)*x",
        "name=(a|aa)*c&from=9999-12-31T23:59:59.999999Z",
        "from=2024-01-02T00:00:00Z&to=2024-01-01T00:00:00Z",
        "page=4294967295",
        "tenantID=%27%20OR%201=1%20--",
        "tenantID=%23new",
        "tenantID=",
        "%00=%00",
        "id[]=a&id[$ne]=b",
        "withEvents=%00&withAffected=%ff",
        "name=%D1%8F{0,3}%F0%9F%A6%80",
    ] {
        let target = format!("/api/v1/alerts?{query}");
        let reply = world.send(world.by(&world.operator, &Method::GET, &target)).await;
        assert_eq!(reply.expect(200).text, "[]", "{target}");
    }
}

#[tokio::test]
async fn lists_take_no_nonsense_either() {
    let world = World::new().await;
    let administrator = world.token("tenant administrator").await;
    for (target, parameter) in [
        ("/api/v1/tenants?page=0", "page"),
        ("/api/v3/tenants?page=x", "page"),
        ("/api/v2/tenants?name=(", "name"),
        ("/bridge/v1/tenants?page=-1", "page"),
        ("/bridge/v1/tokens?page=99999999999", "page"),
    ] {
        let reply = world.send(world.by(&administrator, &Method::GET, target)).await;
        assert_eq!(reply.refused(target, 400, "invalid query parameter value"), parameter, "{target}");
    }
    let reply = world.send(world.by(&administrator, &Method::GET, "/bridge/v1/tokens?page=4294967295")).await;
    assert_eq!(reply.expect(200).json(), json!([]));
}

#[tokio::test]
async fn a_search_for_accounts_takes_only_what_it_knows() {
    let world = World::new().await;
    let long = format!("mail={}", "a".repeat(2_049));
    let many = "objectSid=S-1&".repeat(51);
    for (message, detail, queries) in [
        ("invalid query parameter value", "mail", vec!["mail=", "mail", "sn=a&mail=", &long]),
        ("invalid query parameter value", "page", vec!["page=-1", "page=%00", "mail=a&page=x"]),
        ("invalid query parameter value", "objectSid", vec![&*many]),
        ("unknown query parameter", "name", vec!["name=(a", "mail=a&name=%25"]),
        ("unknown query parameter", "TenantID", vec!["TenantID=a"]),
        ("unknown query parameter", "a#b\0", vec!["a%23b%00=1"]),
    ] {
        for query in queries {
            let target = format!("/bridge/v1/accounts?{query}");
            let reply = world.send(world.by(&world.operator, &Method::GET, &target)).await;
            assert_eq!(reply.refused(&target, 400, message), detail, "{target}");
        }
    }
    for query in [
        "mail=%23%00&tenantID=%23",
        "sn=%25_*&tenantID=",
        "distinguishedName=%ff%fe)(%7C(x%3D*",
        "tenantID=ACCOUNTS%23a",
    ] {
        let target = format!("/bridge/v1/accounts?{query}");
        assert_eq!(
            world.send(world.by(&world.operator, &Method::GET, &target)).await.status,
            200,
            "{target}"
        );
    }
}
