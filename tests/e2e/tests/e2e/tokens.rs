//! Tokens: issued, listed without their value, revoked; never more than their issuer may give.

use serde_json::{Value, json};

use crate::{
    alerts::{alert, ids, text, uuid},
    tenant::{Tenant, issue, of},
    world::{User, World},
};

const TOKENS: &str = "/bridge/v1/tokens";

/// Every token that a user sees in its list.
async fn listed(user: &User) -> Vec<Value> {
    let mut all = Vec::new();
    for page in 1.. {
        let entries = user.get(&format!("{TOKENS}?page={page}")).await.expect(200).array();
        if entries.is_empty() {
            break;
        }
        all.extend(entries);
    }
    all
}

fn role(tenant: &Tenant, role: &str) -> Value {
    json!([{"tenantID": tenant.id, "role": role}])
}

#[tokio::test]
async fn a_value_is_shown_once_and_the_list_has_everything_else() {
    let tenant = Tenant::new().await;
    let wanted = json!({
        "name": "IRP", "login": "irp", "email": "irp@example.com", "roles": role(&tenant, "analyst"),
        "operations": ["GET /alerts", "POST /alerts/close"], "expires": "2999-01-01T03:00:00+03:00"
    });
    let issued = issue(&tenant.admin, wanted).await;
    let value = text(&issued.answer, "token");
    assert!(value.starts_with(&format!("kb_{}_", issued.id)), "the value names the token");
    assert_eq!(
        issued.answer,
        json!({
            "id": issued.id, "name": "IRP", "login": "irp", "email": "irp@example.com",
            "generalAdministrator": false, "roles": role(&tenant, "analyst"),
            "operations": ["GET /alerts", "POST /alerts/close"],
            "created": issued.answer["created"], "expires": "2999-01-01T00:00:00.000Z", "token": value
        })
    );
    issued.user.get("/api/v1/alerts").await.expect(200);

    let administrator = tenant.user("tenant administrator").await;
    for user in [&tenant.admin, &administrator] {
        let list = listed(user).await;
        let mut shown = list.iter().find(|token| token["id"] == *issued.id).unwrap().clone();
        shown["token"] = json!(value);
        assert_eq!(shown, issued.answer);
        // The secret half may hold the sign that separates it from the id.
        assert!(!json!(list).to_string().contains(value.splitn(3, '_').nth(2).unwrap()));
    }
}

#[tokio::test]
async fn what_is_left_out_is_the_least_and_every_operation() {
    let tenant = Tenant::new().await;
    let issued = issue(&tenant.admin, json!({"name": "Plain", "roles": role(&tenant, "operator")})).await;
    assert_eq!((text(&issued.answer, "login"), text(&issued.answer, "email")), ("", ""));
    assert_eq!(
        (&issued.answer["expires"], &issued.answer["generalAdministrator"]),
        (&json!(null), &json!(false))
    );
    assert_eq!(issued.answer["operations"].as_array().unwrap().len(), 16);
}

#[tokio::test]
async fn nobody_allows_more_than_it_is_allowed_itself() {
    let tenant = Tenant::new().await;
    let roles = role(&tenant, "tenant administrator");
    let allowed = json!(["GET /alerts", "POST /bridge/tokens"]);
    let narrow =
        issue(&tenant.admin, json!({"name": "Narrow", "roles": roles, "operations": allowed})).await.user;
    let same = issue(&narrow, json!({"name": "Same", "roles": roles})).await;
    assert_eq!(same.answer["operations"], allowed);
    let less = issue(&narrow, json!({"name": "Less", "roles": roles, "operations": ["GET /alerts"]})).await;
    assert_eq!(less.answer["operations"], json!(["GET /alerts"]));
    let more = json!({"name": "More", "roles": roles, "operations": ["GET /alerts", "POST /alerts/close"]});
    narrow.post(TOKENS, &more).await.refused(403, "access denied", &json!(null));
}

#[tokio::test]
async fn a_body_that_can_not_be_used_names_its_field() {
    let tenant = Tenant::new().await;
    let roles = role(&tenant, "analyst");
    for (body, field) in [
        (json!({"name": "x".repeat(129), "roles": roles}), "name"),
        (json!({"name": "", "roles": roles}), "name"),
        (json!({"name": "a", "roles": []}), "roles"),
        (json!({"name": "a"}), "roles"),
        (json!({"name": "a", "roles": roles, "generalAdministrator": true}), "roles"),
        (json!({"name": "a", "roles": role(&tenant, "manager")}), "roles[0].role"),
        (json!({"name": "a", "roles": [roles[0], roles[0]]}), "roles[1].tenantID"),
        (json!({"name": "a", "roles": [{"tenantID": "nobody", "role": "analyst"}]}), "roles"),
        (json!({"name": "a", "roles": roles, "operations": []}), "operations"),
        (json!({"name": "a", "roles": roles, "operations": ["GET /assets"]}), "operations[0]"),
        (json!({"name": "a", "roles": roles, "expires": "2024-05-06T00:00:00Z"}), "expires"),
        (json!({"name": "a", "roles": roles, "expires": "tomorrow"}), "expires"),
        (json!({"name": "a", "roles": roles, "login": "x".repeat(255)}), "login"),
        (json!({"name": "a", "roles": roles, "email": "x".repeat(255)}), "email"),
        (json!({"name": "a", "roles": roles, "token": "of my own"}), "token"),
    ] {
        let answer = tenant.admin.post(TOKENS, &body).await;
        assert_eq!(answer.json()["details"], field, "{body}");
        answer.refused_with(400, "invalid body: ");
    }
}

#[tokio::test]
async fn a_token_is_revoked_once() {
    let tenant = Tenant::new().await;
    let issued = issue(&tenant.admin, json!({"name": "IRP", "roles": role(&tenant, "analyst")})).await;
    let place = format!("{TOKENS}/{}", issued.id);
    issued.user.get("/api/v1/alerts").await.expect(200);
    tenant.admin.delete(&place).await.expect(204);
    issued.user.get("/api/v1/alerts").await.refused(403, "access denied", &json!(null));
    for gone in [&*place, &format!("{TOKENS}/{}", uuid()), &format!("{TOKENS}/a%23b")] {
        tenant.admin.delete(gone).await.refused(404, "token not found", &json!(null));
    }
    assert!(listed(&tenant.admin).await.iter().all(|token| token["id"] != *issued.id));
}

#[tokio::test]
async fn who_administers_no_tenant_manages_no_token() {
    let tenant = Tenant::new().await;
    let victim = issue(&tenant.admin, json!({"name": "Victim", "roles": role(&tenant, "operator")})).await;
    for weak in ["operator", "analyst"] {
        let user = tenant.user(weak).await;
        let wanted = json!({"name": "Mine", "roles": role(&tenant, "operator")});
        user.post(TOKENS, &wanted).await.refused(403, "access denied", &json!(null));
        assert!(listed(&user).await.is_empty());
        let place = format!("{TOKENS}/{}", victim.id);
        user.delete(&place).await.refused(404, "token not found", &json!(null));
    }
    victim.user.get("/api/v1/alerts").await.expect(200);
}

#[tokio::test]
async fn a_tenant_administrator_manages_the_tokens_of_its_own_tenant_only() {
    let world = World::new();
    let tenants = Tenant::several(&world, 2).await;
    let (ours, theirs) = (&tenants[0], &tenants[1]);
    let administrator = ours.user("tenant administrator").await;
    let made =
        issue(&administrator, json!({"name": "Made here", "roles": role(ours, "tenant administrator")}))
            .await;
    assert_eq!(ids(&listed(&made.user).await).len(), 2, "it sees its maker and itself");

    // Not for others, not above itself, not for both.
    let refused = |roles: Value, field: &'static str| {
        let administrator = administrator.clone();
        async move {
            let answer = administrator.post(TOKENS, &json!({"name": "More", "roles": roles})).await;
            assert_eq!(answer.json()["details"], field);
            answer.refused_with(400, "tenant not found");
        }
    };
    refused(role(theirs, "operator"), "roles[0].tenantID").await;
    refused(json!([role(ours, "operator")[0], role(theirs, "operator")[0]]), "roles[1].tenantID").await;
    let above = json!({"name": "Above", "generalAdministrator": true});
    administrator.post(TOKENS, &above).await.refused(403, "access denied", &json!(null));

    // Those that see more than its tenant are not for it to see or revoke.
    let shared = issue(
        &world.admin(),
        json!({
            "name": "Shared", "roles": [role(ours, "operator")[0], role(theirs, "operator")[0]]
        }),
    )
    .await;
    let foreign = issue(&world.admin(), json!({"name": "Foreign", "roles": role(theirs, "operator")})).await;
    let above = issue(&world.admin(), json!({"name": "Above", "generalAdministrator": true})).await;
    let list = listed(&administrator).await;
    for token in [&shared, &foreign, &above] {
        assert!(!ids(&list).contains(&&*token.id));
        let place = format!("{TOKENS}/{}", token.id);
        administrator.delete(&place).await.refused(404, "token not found", &json!(null));
    }
    administrator.delete(&format!("{TOKENS}/{}", made.id)).await.expect(204);
}

#[tokio::test]
async fn an_administrator_of_one_tenant_and_analyst_of_another_gives_what_it_has() {
    let world = World::new();
    let tenants = Tenant::several(&world, 2).await;
    let roles = json!([role(&tenants[0], "tenant administrator")[0], role(&tenants[1], "analyst")[0]]);
    let mixed = issue(&world.admin(), json!({"name": "Mixed", "roles": roles})).await.user;
    issue(&mixed, json!({"name": "Fine", "roles": role(&tenants[0], "analyst")})).await;
    let answer = mixed.post(TOKENS, &json!({"name": "Not", "roles": role(&tenants[1], "operator")})).await;
    answer.refused(403, "access denied", &json!(null));
    mixed.ingest(&json!([alert(&tenants[0]), alert(&tenants[1])])).await.expect(202);
    assert_eq!(of(&[&tenants[0], &tenants[1]], "operator").await.search("").await.len(), 2);
}

#[tokio::test]
async fn the_list_of_tokens_has_pages_of_250() {
    let tenant = Tenant::new().await;
    let administrator = tenant.user("tenant administrator").await;
    let several = (0..252).map(|n| {
        let (tenant, name) = (&tenant, format!("Token {n}"));
        async move { issue(&tenant.admin, json!({"name": name, "roles": role(tenant, "operator")})).await.id }
    });
    let several: Vec<_> = several.collect();
    let mut made: Vec<String> = futures_util::StreamExt::collect(futures_util::StreamExt::buffered(
        futures_util::stream::iter(several),
        8,
    ))
    .await;
    for (page, size) in [(1, 250), (2, 3), (3, 0)] {
        let entries = administrator.get(&format!("{TOKENS}?page={page}")).await.expect(200).array();
        assert_eq!(entries.len(), size, "page {page}");
    }
    let all = listed(&administrator).await;
    let mut shown: Vec<&str> =
        all.iter().filter(|one| one["name"] != "Somebody").map(|one| text(one, "id")).collect();
    shown.sort_unstable();
    made.sort_unstable();
    assert_eq!(shown, made);
    let refused = administrator.get(&format!("{TOKENS}?page=x")).await;
    refused.refused(400, "invalid query parameter value", &json!("page"));
}
