//! KUMA's own lists of tenants, and its who-am-I.

use serde_json::json;

use crate::{
    alerts::{ids, text},
    tenant::{Tenant, issue, of},
    world::{World, encoded},
};

#[tokio::test]
async fn who_am_i_in_v1_shows_each_tenant_with_its_role() {
    let tenant = Tenant::new().await;
    for role in ["operator", "analyst", "tenant administrator"] {
        let roles = json!([{"tenantID": tenant.id, "role": role}]);
        let wanted =
            json!({"name": "Смена 1", "login": "shift1", "email": "shift1@example.com", "roles": roles});
        let token = issue(&tenant.admin, wanted).await;
        for slash in ["", "/"] {
            let shown = token.user.get(&format!("/api/v1/users/whoami{slash}")).await.expect(200).json();
            assert_eq!(
                shown,
                json!({
                    "id": token.id, "name": "Смена 1", "login": "shift1", "email": "shift1@example.com",
                    "tenants": [{"id": tenant.id, "name": tenant.name, "role": role}]
                })
            );
        }
    }
}

#[tokio::test]
async fn who_am_i_from_v2_on_shows_each_role_with_its_tenants() {
    let world = World::new();
    let tenants = Tenant::several(&world, 3).await;
    let roles = json!([
        {"tenantID": tenants[0].id, "role": "analyst"},
        {"tenantID": tenants[1].id, "role": "tenant administrator"},
        {"tenantID": tenants[2].id, "role": "analyst"}
    ]);
    let token = issue(&world.admin(), json!({"name": "Both", "roles": roles})).await;
    let named = |n: usize| json!({"id": tenants[n].id, "name": tenants[n].name});
    let mut analysts = [named(0), named(2)];
    analysts.sort_by_key(|tenant| text(tenant, "name").to_lowercase());
    for version in ["v2", "v3"] {
        let shown = token.user.get(&format!("/api/{version}/users/whoami")).await.expect(200).json();
        assert_eq!(
            shown,
            json!({
                "id": token.id, "name": "Both", "login": "", "email": "",
                "roles": [
                    {"id": "b61cfd50-87c9-45d9-940d-5a6f5d4292a7", "name": "Tenant administrator", "tenants": [named(1)]},
                    {"id": "e57fae66-ec6d-46b9-8d9d-a29efbe04ca2", "name": "Tier 2 analyst", "tenants": analysts}
                ]
            })
        );
    }
}

#[tokio::test]
async fn the_first_administrator_knows_who_it_is() {
    let tenant = Tenant::new().await;
    let shown = tenant.admin.get("/api/v1/users/whoami").await.expect(200).json();
    assert_eq!(text(&shown, "login"), "first-administrator");
    let here = shown["tenants"].as_array().unwrap().iter().find(|one| one["id"] == *tenant.id).unwrap();
    assert_eq!(*here, json!({"id": tenant.id, "name": tenant.name, "role": "general administrator"}));
    let shown = tenant.admin.get("/api/v2/users/whoami").await.expect(200).json();
    assert_eq!(shown["roles"].as_array().unwrap().len(), 1);
    assert_eq!(shown["roles"][0]["id"], "9dd65e51-3b04-48f5-b132-c08bf9ad17d6");
}

#[tokio::test]
async fn tenants_are_shown_as_kuma_shows_them() {
    let tenant = Tenant::new().await;
    tenant.change(&json!({"description": "Head office"})).await;
    let user = tenant.user("operator").await;
    let made = tenant.admin.get(&format!("/bridge/v1/tenants/{}", tenant.id)).await.json();
    let shape = json!({
        "id": tenant.id, "name": tenant.name, "main": false, "description": "Head office",
        "eps": 0, "epsLimit": 0, "created": made["created"], "updated": made["updated"]
    });
    let mut from_v3 = shape.clone();
    from_v3["shared"] = json!(false);
    for (version, shape) in [("v1", &shape), ("v2", &shape), ("v3", &from_v3)] {
        for slash in ["", "/"] {
            let shown = user.get(&format!("/api/{version}/tenants{slash}")).await.expect(200).json();
            assert_eq!(shown, json!([shape]), "{version}{slash}");
        }
    }
}

#[tokio::test]
async fn tenants_are_found_by_id_and_name() {
    let world = World::new();
    let tenants = Tenant::several(&world, 3).await;
    let user = of(&[&tenants[0], &tenants[1]], "analyst").await;
    let (first, second) = (&*tenants[0].id, &*tenants[1].id);
    let pattern = |n: usize| tenants[n].name.to_uppercase();
    for (query, wanted) in [
        (vec![("id", first)], vec![first]),
        (vec![("id", first), ("id", second), ("id", &tenants[2].id)], vec![first, second]),
        (vec![("id", "nobody")], vec![]),
        (vec![("name", &*pattern(1))], vec![second]),
        (vec![("name", &*format!("^{}$", pattern(0)))], vec![first]),
        (vec![("name", &*pattern(2))], vec![]),
        (vec![("name", "tenant"), ("id", second)], vec![second]),
        (vec![("main", "")], vec![]),
        (vec![("page", "2")], vec![]),
    ] {
        let found = user.get(&format!("/api/v1/tenants?{}", encoded(&query))).await.expect(200).array();
        let (mut found, mut wanted) = (ids(&found), wanted);
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{query:?}");
    }
    for (query, parameter) in [("name=%5B", "name"), ("page=0", "page"), ("page=x", "page")] {
        let answer = user.get(&format!("/api/v2/tenants?{query}")).await;
        answer.refused(400, "invalid query parameter value", &json!(parameter));
    }
}
