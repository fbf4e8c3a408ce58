//! KUMA's own push to an IRP, pointed at the bridge.

use reqwest::{Method, multipart};
use serde_json::{Value, json};

use crate::{
    alerts::{event_ids, text, uuid},
    kuma_core::{Core, eventually, integrate},
    tenant::{Tenant, issue},
    world::{Reply, User},
};

const PUSH: &str = "/api/v2/incidents";
const CHECK: &str = "/api/v2/tokens/get_info_by_token";

async fn life_of_an_alert(form: &str) {
    let core = Core::new(json!({"pull": false})).await;
    core.push_by(form).await;
    let alert = core.alert(5, json!({}));
    let id = text(&alert, "id");
    core.kuma.control.put_alerts(&alert).await.unwrap();

    let shown = core.brought(id, |_| true).await;
    assert_eq!(event_ids(&shown), ["e1", "e2"]);
    assert_eq!((&shown["affectedAssets"], &shown["status"]), (&alert["affectedAssets"], &json!("new")));
    assert_eq!(shown["affectedAccounts"][0]["displayName"], "A. User");
    assert_eq!(
        (text(&shown, "tenantID"), text(&shown, "tenantName")),
        (&*core.tenant.id, &*core.tenant.name)
    );
    assert!(text(&shown, "bridgeURL").ends_with(&format!(":7220/alerts/{id}")), "{shown}");
    let state = core.kuma.control.state().await.unwrap();
    assert_eq!((&state["pushes"][0]["status"], &state["pushes"][0]["identifier"]), (&json!(200), &json!(id)));

    // Changes without a new event follow as well, in any direction.
    let control = &core.kuma.control;
    let act = |act: Value| async move { control.act(&act).await.unwrap() };
    act(json!({"act": "assign", "id": id, "assignee": "somebody"})).await;
    core.brought(id, |alert| alert["status"] == "assigned" && alert["assignee"] == "somebody").await;
    act(json!({"act": "unlink", "id": id})).await;
    core.brought(id, |alert| alert["status"] == "new").await;
    act(json!({"act": "grow", "id": id, "events": [{"ID": "e3", "Timestamp": 1_714_989_601_000_i64}],
        "lastSeen": crate::kuma_core::ago(1)}))
    .await;
    let grown = core.brought(id, |alert| event_ids(alert).len() == 3).await;
    assert_eq!(grown["bridgeURL"], shown["bridgeURL"]);
    act(json!({"act": "close", "id": id, "reason": "incorrect data"})).await;
    let closed = core.brought(id, |alert| alert["status"] == "closed").await;
    assert_eq!(closed["closingReason"], "incorrect data");
}

#[tokio::test]
async fn a_multipart_push_with_the_events_file_brings_the_alert_and_every_change() {
    life_of_an_alert("multipart").await;
}

#[tokio::test]
async fn an_urlencoded_push_brings_the_alert_and_every_change() {
    life_of_an_alert("urlencoded").await;
}

/// The refusal of a request, which must be in R-Vision's form.
#[track_caller]
fn refused(reply: &Reply, status: u16, error: &str) {
    assert_eq!((reply.status, reply.json()), (status, json!({"success": false, "error": error})));
}

#[tokio::test]
async fn the_token_is_found_where_rvision_and_kuma_have_it() {
    let tenant = Tenant::new().await;
    let user = tenant.user("operator").await;
    let world = &user.world;
    let check = || world.request(&Method::GET, CHECK);
    for request in [
        check().header("X-Token", &user.token),
        check().header("x-token", format!(" {} ", user.token)),
        user.request(&Method::GET, CHECK),
        user.request(&Method::GET, &format!("{CHECK}/")),
        check().header("X-Token", &world.stack.admin_token),
    ] {
        assert_eq!(Reply::of(request).await.expect(200).json(), json!({"success": true}));
    }
    refused(&Reply::of(check()).await, 400, "X-Token: is required");
    refused(&Reply::of(check().header("X-Token", "stranger")).await, 403, "access denied");
    refused(
        &Reply::of(check().header("authorization", "Token x")).await,
        400,
        "invalid authorization header",
    );
    let roles = json!([{"tenantID": tenant.id, "role": "operator"}]);
    let reader = json!({"name": "Reader", "roles": roles, "operations": ["GET /alerts"]});
    let reader = issue(&tenant.admin, reader).await.user;
    refused(&Reply::of(check().header("X-Token", &reader.token)).await, 403, "access denied");

    // In the form, too, as some clients of R-Vision have it.
    let push = |token: &str| world.request(&Method::POST, PUSH).form(&[("token", token), ("ALERT_ID", "a")]);
    refused(&Reply::of(push("stranger")).await, 403, "access denied");
    let told = Reply::of(push(&user.token)).await.expect(406).json();
    assert!(text(&told, "error").contains("kuma-core"), "{told}");
}

async fn push(user: &User, fields: &[(&str, &str)]) -> Reply {
    let request = user.world.request(&Method::POST, PUSH).header("X-Token", &user.token);
    Reply::of(request.form(fields)).await
}

#[tokio::test]
async fn a_push_that_can_not_be_used_says_why() {
    let core = Core::new(json!({"pull": false, "alertIDField": "KUMA_ID"})).await;
    let (tenant, admin) = (&core.tenant, &core.tenant.admin);
    let other = Tenant::new().await;
    let ours = tenant.user("operator").await;
    let company = ("company", &*tenant.name);
    let id = ("KUMA_ID", "a-1");
    let unknown = "company: there is no tenant of this name for this token";
    let missing = "KUMA_ID: is required: the id of the alert";
    refused(&push(admin, &[id]).await, 400, "company: is required: the name of the tenant");
    refused(&push(admin, &[id, ("company", "Nobody")]).await, 400, unknown);
    refused(&push(admin, &[id, ("company", &"x".repeat(129))]).await, 400, unknown);
    refused(&push(&ours, &[id, ("company", &other.name)]).await, 400, unknown);
    refused(&push(&ours, &[company]).await, 400, missing);
    refused(&push(&ours, &[company, ("ALERT_ID", "a-1"), ("KUMA_ID", " ")]).await, 400, missing);
    let told = push(&ours, &[company, ("KUMA_ID", "a#1")]).await.expect(400).json();
    assert!(text(&told, "error").starts_with("KUMA_ID: may hold only"), "{told}");
    let none = push(admin, &[id, ("company", &other.name)]).await.expect(406).json();
    assert!(text(&none, "error").contains("no integration of kind kuma-core"), "{none}");

    // What is no form.
    let raw = |kind: &'static str, body: &str| {
        let request = ours.world.request(&Method::POST, PUSH).header("X-Token", &ours.token);
        Reply::of(request.header("content-type", kind).body(body.to_owned()))
    };
    let no_form = "body: send a form: multipart/form-data or application/x-www-form-urlencoded";
    refused(&raw("application/json", r#"{"KUMA_ID": "a-1"}"#).await, 422, no_form);
    refused(&raw("text/plain", "KUMA_ID=a-1").await, 422, no_form);
    let no_boundary = "body: the multipart form names no boundary";
    refused(&raw("multipart/form-data", "KUMA_ID=a-1").await, 400, no_boundary);
    let broken = "body: the multipart form is broken or cut short";
    refused(&raw("multipart/form-data; boundary=x", "--x\r\nKUMA").await, 400, broken);

    other.disable().await;
    refused(&push(admin, &[id, ("company", &other.name)]).await, 406, "tenant disabled");
}

#[tokio::test]
async fn a_good_push_is_taken_whatever_the_case_and_whatever_else_is_in_it() {
    let core = Core::new(json!({"pull": false})).await;
    let alert = core.alert(5, json!({}));
    core.kuma.control.put_alerts_silently(&alert).await.unwrap();
    let user = core.tenant.user("operator").await;
    let id = text(&alert, "id");
    let form = multipart::Form::new()
        .part("files", multipart::Part::bytes(vec![0; 3_000_000]).file_name("events.json"))
        .text("Company", core.tenant.name.to_uppercase())
        .text("alert_id", format!(" {id} "))
        .text("ALERT_URL", "javascript:alert(1)")
        .text("level", "Высокий")
        .text("comment", "x".repeat(100_000));
    let request = user.world.request(&Method::POST, PUSH).header("X-Token", &user.token);
    let told = Reply::of(request.multipart(form)).await.expect(200).json();
    assert_eq!(told, json!({"success": true, "data": [{"identifier": id, "uuid": id}]}));
    let shown = core.brought(id, |_| true).await;
    assert!(shown.get("bridgeURL").is_none(), "no link that is none: {shown}");

    // A token of one tenant needs no company.
    let second = core.alert(4, json!({}));
    core.kuma.control.put_alerts_silently(&second).await.unwrap();
    push(&user, &[("ALERT_ID", text(&second, "id"))]).await.expect(200);
    core.brought(text(&second, "id"), |_| true).await;
}

#[tokio::test]
async fn a_push_brings_no_alert_of_another_tenant_of_the_core() {
    let core = Core::new(json!({"pull": false})).await;
    let strangers = uuid();
    let tenants = json!([
        {"id": core.kuma_tenant, "name": core.tenant.name}, {"id": strangers, "name": "Strangers"},
    ]);
    core.kuma.control.configure(&json!({ "tenants": tenants })).await.unwrap();
    let theirs = core.alert(5, json!({"tenantID": strangers}));
    let ours = core.alert(5, json!({}));
    core.kuma.control.put_alerts_silently(&json!([theirs, ours])).await.unwrap();
    let user = core.tenant.user("operator").await;
    for alert in [&theirs, &ours] {
        push(&user, &[("company", &core.tenant.name), ("ALERT_ID", text(alert, "id"))]).await.expect(200);
    }
    core.brought(text(&ours, "id"), |_| true).await;
    // It was read, and left there.
    eventually("the question for the other alert", || async {
        let history = core.kuma.control.history().await.unwrap();
        let reads = history.iter().filter(|call| call["query"].to_string().contains("withEvents"));
        (reads.count() >= 2).then_some(())
    })
    .await;
    assert!(core.user.search("").await.iter().all(|alert| alert["id"] != theirs["id"]));

    // By its own mapping it belongs to another tenant of ours.
    let second = Tenant::new().await;
    integrate(&second, &core.kuma, json!({"pull": false, "kumaTenantID": strangers})).await;
    let second_user = second.user("operator").await;
    push(&second_user, &[("company", &second.name), ("ALERT_ID", text(&theirs, "id"))]).await.expect(200);
    let shown = eventually("the alert of the mapped tenant", || async {
        second_user.search(&format!("id={}", text(&theirs, "id"))).await.pop()
    })
    .await;
    assert_eq!((text(&shown, "tenantID"), text(&shown, "tenantName")), (&*second.id, &*second.name));
}
