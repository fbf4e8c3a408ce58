//! Tenants: made, renamed, disabled, listed.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    alerts::{ids, text, uuid},
    tenant::{Tenant, issue},
    world::{User, World},
};

const TENANTS: &str = "/bridge/v1/tenants";

fn place(id: &str) -> String {
    format!("{TENANTS}/{id}")
}

fn name() -> String {
    format!("Tenant {}", uuid())
}

async fn refused_body(user: &User, body: &Value, field: &str) {
    let answer = user.post(TENANTS, body).await;
    assert_eq!(answer.json()["details"], field, "{body}");
    answer.refused_with(400, "invalid body: ");
}

#[tokio::test]
async fn a_tenant_is_made_read_and_changed() {
    let admin = World::new().admin();
    let (name, id) = (name(), uuid());
    let wanted = json!({"name": name, "id": id, "description": "Филиал"});
    let reply = admin.post(TENANTS, &wanted).await.expect(201);
    assert_eq!(reply.header("location"), Some(&*place(&id)));
    let made = reply.json();
    assert_eq!(
        made,
        json!({"id": id, "name": name, "description": "Филиал", "main": false, "disabled": false,
               "created": made["created"], "updated": made["created"]})
    );
    assert!(text(&made, "created").ends_with('Z'));
    assert_eq!(admin.get(&place(&id)).await.expect(200).json(), made);

    // What is left out of a change stays.
    let renamed = format!("{name} (renamed)");
    let changed = admin.patch(&place(&id), &json!({"name": renamed})).await.expect(200).json();
    assert_eq!((text(&changed, "name"), text(&changed, "description")), (&*renamed, "Филиал"));
    assert!(text(&changed, "updated") > text(&made, "updated"));
    assert_eq!(changed["created"], made["created"]);
    let disabled =
        admin.patch(&place(&id), &json!({"disabled": true, "description": ""})).await.expect(200).json();
    assert_eq!(
        (&disabled["disabled"], &disabled["name"], &disabled["description"]),
        (&json!(true), &json!(renamed), &json!(""))
    );
    assert_eq!(admin.get(&place(&id)).await.json(), disabled);
    // The old name is free again, the new one is taken.
    admin.post(TENANTS, &json!({"name": name})).await.expect(201);
    let answer = admin.post(TENANTS, &json!({"name": renamed})).await;
    answer.refused(409, "a tenant with this name exists", &json!(null));
}

#[tokio::test]
async fn a_name_is_taken_once_in_any_case() {
    let admin = World::new().admin();
    let name = format!("Филиал Ёлка {}", uuid());
    let first = admin.post(TENANTS, &json!({"name": name})).await.expect(201).json();
    for again in [name.clone(), name.to_uppercase(), name.to_lowercase()] {
        let answer = admin.post(TENANTS, &json!({"name": again})).await;
        answer.refused(409, "a tenant with this name exists", &json!(null));
    }
    let answer = admin.post(TENANTS, &json!({"name": self::name(), "id": first["id"]})).await;
    answer.refused(409, "a tenant with this id exists", &json!(null));
    let other = admin.post(TENANTS, &json!({"name": self::name()})).await.expect(201).json();
    let answer = admin.patch(&place(text(&other, "id")), &json!({"name": name.to_uppercase()})).await;
    answer.refused(409, "a tenant with this name exists", &json!(null));
    // One's own name in another case is no conflict.
    let answer = admin.patch(&place(text(&first, "id")), &json!({"name": name.to_uppercase()})).await;
    assert_eq!(answer.expect(200).json()["name"], name.to_uppercase());
}

#[tokio::test]
async fn of_many_who_take_a_name_at_once_one_gets_it() {
    let admin = World::new().admin();
    let wanted = json!({"name": name()});
    let answers = join_all((0..10).map(|_| admin.post(TENANTS, &wanted))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses[0], 201);
    assert!(statuses[1..].iter().all(|status| *status == 409), "{statuses:?}");
}

#[tokio::test]
async fn lengths_are_counted_in_characters_and_unknown_fields_refused() {
    let admin = World::new().admin();
    let long = |length: usize| {
        let unique = uuid();
        format!("{unique}{}", "я".repeat(length - unique.len()))
    };
    let fits = json!({"name": long(128), "description": "я".repeat(256)});
    let made = admin.post(TENANTS, &fits).await.expect(201).json();
    for (body, field) in [
        (json!({"name": long(129)}), "name"),
        (json!({"name": ""}), "name"),
        (json!({"name": 7}), "name"),
        (json!({"name": long(100), "description": "я".repeat(257)}), "description"),
        (json!({"name": long(100), "id": "x".repeat(129)}), "id"),
        (json!({"name": long(100), "id": "a#b"}), "id"),
        (json!({"name": long(100), "epsLimit": 7}), "epsLimit"),
        (json!({"name": long(100), "disabled": true}), "disabled"),
    ] {
        refused_body(&admin, &body, field).await;
    }
    admin.post(TENANTS, &json!({})).await.refused_with(400, "invalid body: missing field `name`");
    let here = place(text(&made, "id"));
    for (body, field) in [
        (json!({"name": long(129)}), "name"),
        (json!({"description": "я".repeat(257)}), "description"),
        (json!({"main": true}), "main"),
        (json!({"disabled": "yes"}), "disabled"),
    ] {
        let answer = admin.patch(&here, &body).await;
        assert_eq!(answer.json()["details"], field, "{body}");
        answer.refused_with(400, "invalid body: ");
    }
    assert_eq!(admin.get(&here).await.json(), made);
    for body in ["", "{", "[]", "\"name\"", "{} {}"] {
        admin.post_text(TENANTS, body.to_owned()).await.expect(400);
    }
}

#[tokio::test]
async fn there_is_at_most_one_main_tenant() {
    let admin = World::new().admin();
    // On a stack that is used again there may be one already.
    let first = admin.post(TENANTS, &json!({"name": name(), "main": true})).await;
    if first.status != 201 {
        first.refused(409, "there is a main tenant", &json!(null));
    }
    let second = name();
    let answer = admin.post(TENANTS, &json!({"name": second, "main": true})).await;
    answer.refused(409, "there is a main tenant", &json!(null));
    for flag in ["main", "main=", "main=false"] {
        let main = admin.get(&format!("/api/v1/tenants?{flag}")).await.expect(200).array();
        assert!(main.len() == 1 && main[0]["main"] == true, "{flag}: {main:?}");
    }
    // All or nothing: the refused one left its name free.
    admin.post(TENANTS, &json!({"name": second})).await.expect(201);
}

#[tokio::test]
async fn a_tenant_is_seen_with_a_role_and_changed_by_the_general_administrator() {
    let world = World::new();
    let tenants = Tenant::several(&world, 2).await;
    let (here, there) = (place(&tenants[0].id), place(&tenants[1].id));
    for role in ["operator", "analyst", "tenant administrator"] {
        let user = tenants[0].user(role).await;
        user.get(&here).await.expect(200);
        assert_eq!(ids(&user.get(TENANTS).await.expect(200).array()), [&tenants[0].id]);
        user.get(&there).await.refused(404, "tenant not found", &json!(null));
        user.patch(&there, &json!({"disabled": true})).await.refused(404, "tenant not found", &json!(null));
        user.patch(&here, &json!({"disabled": true})).await.refused(403, "access denied", &json!(null));
        user.post(TENANTS, &json!({"name": name()})).await.refused(403, "access denied", &json!(null));
    }
    for unknown in [uuid(), "a%23b".to_owned(), "x".repeat(200)] {
        world.admin().get(&place(&unknown)).await.refused(404, "tenant not found", &json!(null));
    }
    // Another general administrator may do what the first one may.
    let second = issue(&world.admin(), json!({"name": "Second", "generalAdministrator": true})).await.user;
    second.patch(&here, &json!({"description": "by the second"})).await.expect(200);
}

#[tokio::test]
async fn lists_have_pages_of_250() {
    let world = World::new();
    let tenants = Tenant::several(&world, 253).await;
    let user = crate::tenant::of(&tenants.iter().collect::<Vec<_>>(), "operator").await;
    for list in [TENANTS, "/api/v1/tenants", "/api/v3/tenants"] {
        let mut all = Vec::new();
        for (page, size) in [(1, 250), (2, 3), (3, 0)] {
            let entries = user.get(&format!("{list}?page={page}")).await.expect(200).array();
            assert_eq!(entries.len(), size, "{list} page {page}");
            all.extend(entries);
        }
        let (mut shown, mut made) = (ids(&all), tenants.iter().map(|tenant| &*tenant.id).collect::<Vec<_>>());
        shown.sort_unstable();
        made.sort_unstable();
        assert_eq!(shown, made, "{list}");
        user.get(&format!("{list}?page=0")).await.refused(
            400,
            "invalid query parameter value",
            &json!("page"),
        );
    }
    // The general administrator pages through all that there are, and so finds these.
    let (mut seen, mut page) = (Vec::new(), 1);
    loop {
        let entries = world.admin().get(&format!("{TENANTS}?page={page}")).await.expect(200).array();
        assert!(entries.len() <= 250);
        if entries.is_empty() {
            break;
        }
        seen.extend(ids(&entries).into_iter().map(ToOwned::to_owned));
        page += 1;
    }
    for tenant in &tenants {
        assert_eq!(seen.iter().filter(|id| **id == tenant.id).count(), 1);
    }
}
