//! Settings that can not be set.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{World, fresh, nested};

/// Bodies that are wrong wherever an object is expected.
fn no_objects() -> Vec<(String, &'static str)> {
    let object = "must be a JSON object";
    vec![
        ("[]".to_owned(), object),
        ("null".to_owned(), object),
        ("5".to_owned(), object),
        ("\"x\"".to_owned(), object),
        (nested(100_000), object),
        ("{".to_owned(), "invalid body"),
        ("{}{}".to_owned(), "invalid body"),
        ("{\"a\":".repeat(100_000), "invalid body"),
        (format!("{{\"{}\":1}}", "a".repeat(1_000_000)), "invalid body: unknown field"),
        ("{\"unknown\":1}".to_owned(), "invalid body: unknown field"),
    ]
}

struct Attempt<'a> {
    world: &'a World,
    token: &'a str,
    method: Method,
    path: &'a str,
}

impl Attempt<'_> {
    async fn refused(&self, body: String, status: u16, message: &str) {
        let case = format!("{} {} {body:.200}", self.method, self.path);
        let request = self.world.by(self.token, &self.method, self.path).body(body);
        let request = request.header("content-type", "application/json");
        let details = self.world.send(request).await.refused(&case, status, message);
        assert!(details.as_str().is_none_or(|text| text.len() < 500), "{case}: {details:.1000}");
    }
}

async fn names(world: &World) -> Vec<Value> {
    let (mut all, mut page) = (Vec::new(), 1);
    loop {
        let target = format!("/bridge/v1/tenants?page={page}");
        let list =
            world.send(world.by(&world.stack.admin_token, &Method::GET, &target)).await.expect(200).json();
        let list = list.as_array().unwrap();
        all.extend(list.iter().map(|tenant| tenant["name"].clone()));
        if list.is_empty() {
            return all;
        }
        page += 1;
    }
}

#[tokio::test]
async fn a_tenant_that_can_not_be_is_not_made() {
    let world = World::new().await;
    let mark = fresh("Marked");
    let attempt = Attempt {
        world: &world,
        token: &world.stack.admin_token,
        method: Method::POST,
        path: "/bridge/v1/tenants",
    };
    for (body, message) in no_objects() {
        attempt.refused(body, 400, message).await;
    }
    let long = format!("{mark}{}", "ж".repeat(129 - mark.len()));
    for wanted in [
        json!({}),
        json!({"name": null}),
        json!({"name": 5}),
        json!({"name": ""}),
        json!({"name": " "}),
        json!({"name": long}),
        json!({"name": format!("{mark}\0")}),
        json!({"name": [mark]}),
        json!({"name": mark, "id": "a#b"}),
        json!({"name": mark, "id": ""}),
        json!({"name": mark, "id": 5}),
        json!({"name": mark, "id": "a".repeat(129)}),
        json!({"name": mark, "description": 5}),
        json!({"name": mark, "description": "ж".repeat(100_000)}),
        json!({"name": mark, "main": "yes"}),
        json!({"name": mark, "disabled": false}),
        json!({"name": mark, "Name": mark}),
    ] {
        attempt.refused(wanted.to_string(), 400, "invalid body").await;
    }
    let twice = format!("{{\"name\":{mark:?},\"name\":{mark:?}}}");
    attempt.refused(twice, 400, "invalid body: duplicate field").await;
    let wanted = json!({"name": mark}).to_string();
    Attempt { token: &world.operator, ..attempt }.refused(wanted, 403, "access denied").await;
    let made = names(&world).await;
    assert!(
        made.iter().all(|name| !name.as_str().unwrap().starts_with(&mark)),
        "a tenant was made all the same"
    );
    assert!(!made.is_empty());
}

#[tokio::test]
async fn a_tenant_is_not_changed_by_nonsense() {
    let world = World::new().await;
    let path = format!("/bridge/v1/tenants/{}", world.tenant);
    let read = async || world.admin(&Method::GET, &path, &json!(null)).await.expect(200).json();
    let before = read().await;
    let attempt =
        Attempt { world: &world, token: &world.stack.admin_token, method: Method::PATCH, path: &path };
    for (body, message) in no_objects() {
        attempt.refused(body, 400, message).await;
    }
    for change in [
        json!({"name": ""}),
        json!({"name": "ж".repeat(129)}),
        json!({"name": {}}),
        json!({"disabled": "true"}),
        json!({"disabled": 1}),
        json!({"description": []}),
        json!({"id": "other"}),
        json!({"main": true}),
    ] {
        attempt.refused(change.to_string(), 400, "invalid body").await;
    }
    attempt.refused(String::new(), 400, "the body is empty").await;
    assert_eq!(read().await, before);
    for id in ["none", "a%23b", "%00", "..", "a%2Fb", &"a".repeat(1_000)] {
        let path = format!("/bridge/v1/tenants/{id}");
        let request =
            world.by(&world.stack.admin_token, &Method::PATCH, &path).json(&json!({"disabled": true}));
        let status = world.send(request).await.status;
        assert!((400..500).contains(&status), "{path}: {status}");
    }
}

#[tokio::test]
async fn a_token_that_can_not_be_is_not_issued() {
    let world = World::new().await;
    let administrator = world.token("tenant administrator").await;
    let list = async || {
        let request = world.by(&administrator, &Method::GET, "/bridge/v1/tokens");
        world.send(request).await.expect(200).json().as_array().unwrap().len()
    };
    let before = list().await;
    let attempt =
        Attempt { world: &world, token: &administrator, method: Method::POST, path: "/bridge/v1/tokens" };
    for (body, message) in no_objects() {
        attempt.refused(body, 400, message).await;
    }
    let role = json!({"tenantID": world.tenant, "role": "operator"});
    let wanted = |key: &str, value: Value| {
        let mut wanted = json!({"name": "Marked", "roles": [role]});
        wanted[key] = value;
        wanted
    };
    for wanted in [
        json!({"roles": [role]}),
        json!({"name": "Marked"}),
        wanted("name", json!("ж".repeat(129))),
        wanted("name", json!("a\nb")),
        wanted("login", json!("a".repeat(255))),
        wanted("email", json!({})),
        wanted("roles", json!([])),
        wanted("roles", json!({})),
        wanted("roles", json!([5])),
        wanted("roles", json!([role, role])),
        wanted("roles", json!([{"tenantID": world.tenant, "role": "king"}])),
        wanted("roles", json!([{"tenantID": world.tenant}])),
        wanted("roles", json!([{"tenantID": "none", "role": "operator"}])),
        wanted("roles", json!([{"tenantID": "a#b", "role": "operator"}])),
        wanted("roles", json!(vec![role.clone(); 1_001])),
        wanted("operations", json!([])),
        wanted("operations", json!(["GET /nothing"])),
        wanted("operations", json!("GET /alerts")),
        wanted("expires", json!("2020-01-01T00:00:00Z")),
        wanted("expires", json!(1_893_456_000)),
        wanted("expires", json!("10000-01-01T00:00:00Z")),
        wanted("generalAdministrator", json!(true)),
        wanted("generalAdministrator", json!("true")),
        wanted("id", json!("mine")),
        wanted("token", json!("mine")),
    ] {
        attempt.refused(wanted.to_string(), 400, "invalid body").await;
    }
    let above = json!({"name": "Marked", "generalAdministrator": true});
    attempt.refused(above.to_string(), 403, "access denied").await;
    assert_eq!(list().await, before);
    for id in ["none", "a%23b", "%00", "%2e%2e", &"a".repeat(1_000)] {
        let path = format!("/bridge/v1/tokens/{id}");
        let status = world.send(world.by(&administrator, &Method::DELETE, &path)).await.status;
        assert!((400..500).contains(&status), "{path}: {status}");
    }
}

#[tokio::test]
async fn a_webhook_secret_is_not_made_by_nonsense() {
    let world = World::new().await;
    let administrator = world.token("tenant administrator").await;
    let path = format!("/bridge/v1/tenants/{}/webhook-secret", world.tenant);
    let attempt = Attempt { world: &world, token: &administrator, method: Method::POST, path: &path };
    for (body, message) in no_objects() {
        attempt.refused(body, 400, message).await;
    }
    for hours in
        [json!(169), json!(-1), json!("x"), json!(1.5), json!(70_000), json!(1e300), json!([]), json!("24")]
    {
        attempt.refused(json!({"overlapHours": hours}).to_string(), 400, "invalid body").await;
    }
    let operator = Attempt { token: &world.operator, ..attempt };
    operator.refused("{}".to_owned(), 403, "access denied").await;
    let reply = world.send(world.by(&administrator, &Method::GET, &path)).await;
    reply.refused("no secret", 404, "the tenant has no webhook secret");
}
