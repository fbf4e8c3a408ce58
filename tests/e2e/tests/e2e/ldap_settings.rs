//! Tenants and connections of the LDAP integration: made, checked, changed, copied and deleted.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    alerts::text,
    ldap::{CONNECTIONS, TASKS, TENANTS, at, certificate, connect, credentials, ended, first, form, with},
    tenant::Tenant,
    vault::{faults, keep, place, token},
};

/// A port that nobody listens at.
const NOBODY: u16 = 9;

#[tokio::test]
async fn a_tenant_is_added_with_its_defaults_changed_and_removed() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let here = format!("{TENANTS}/{}", tenant.id);
    admin.get(&here).await.refused(404, "the tenant is not in the list", &json!(null));
    let made = admin.post(TENANTS, &json!({"tenantID": tenant.id})).await.expect(201);
    assert_eq!(made.header("location"), Some(here.as_str()));
    let settings = made.json();
    let expected = json!({
        "tenantID": tenant.id, "disabled": false, "refreshIntervalHours": 12, "storageDays": 90, "revision": 1,
        "created": settings["created"], "updated": settings["updated"],
    });
    assert_eq!(settings, expected);
    admin.post(TENANTS, &json!({"tenantID": tenant.id})).await.refused_with(409, "in the list already");

    let change = json!({"refreshIntervalHours": 1, "storageDays": 3650, "disabled": true, "revision": 1});
    let changed = admin.put(&here, &change).await.expect(200).json();
    assert_eq!((&changed["revision"], &changed["storageDays"]), (&json!(2), &json!(3650)));
    admin.put(&here, &change).await.refused_with(409, "changed meanwhile");
    let listed = admin.get(&format!("{TENANTS}?tenantID={}", tenant.id)).await.expect(200).array();
    assert_eq!(listed, [changed]);
    let wrong = json!({"refreshIntervalHours": 0, "storageDays": 3651, "disabled": "no", "surplus": 1});
    assert_eq!(
        faults(&admin.put(&here, &wrong).await),
        ["disabled", "refreshIntervalHours", "storageDays", "surplus"]
    );
    admin.delete(&here).await.expect(204);
    admin.delete(&here).await.refused_with(404, "not in the list");
}

#[tokio::test]
async fn whoever_administers_a_tenant_manages_its_connections_and_no_others() {
    let tenant = Tenant::new().await;
    let other = Tenant::on(&tenant.admin.world).await;
    let [own, foreign] = [&tenant, &other].map(|tenant| async { tenant.user("tenant administrator").await });
    let (own, foreign, analyst) = (own.await, foreign.await, tenant.analyst().await);
    let wanted = with(form(&tenant, NOBODY).await, &json!({"disabled": true}));
    let made = own.post(CONNECTIONS, &wanted).await.expect(201).json();
    let here = at(&made);
    own.get(&here).await.expect(200);
    foreign.get(&here).await.refused(404, "connection not found", &json!(null));
    analyst.get(&here).await.refused(403, "access denied", &json!(null));
    foreign.get(&format!("{CONNECTIONS}?tenantID={}", tenant.id)).await.refused_with(404, "tenant not found");
    assert_eq!(faults(&foreign.post(CONNECTIONS, &wanted).await), ["tenantID"]);
    analyst.post(CONNECTIONS, &wanted).await.refused(403, "access denied", &json!(null));
    for (method, path) in [("POST", "/import"), ("POST", "/test"), ("POST", "/duplicate"), ("DELETE", "")] {
        let target = format!("{here}{path}");
        let reply = match method {
            "POST" => foreign.post(&target, &json!({})).await,
            _ => foreign.delete(&target).await,
        };
        reply.refused(404, "connection not found", &json!(null));
    }
    let tenants = foreign.get(TENANTS).await.expect(200).array();
    assert!(tenants.iter().all(|one| one["tenantID"] != tenant.id.as_str()));
    assert_eq!(own.get(&format!("{CONNECTIONS}?tenantID={}", tenant.id)).await.expect(200).array().len(), 1);
    own.get(CONNECTIONS).await.refused(400, "invalid query parameter value", &json!("tenantID"));
}

#[tokio::test]
async fn a_connection_is_kept_with_its_defaults_and_its_secrets_are_in_use() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let wanted = form(&tenant, NOBODY).await;
    let mut bare = wanted.clone();
    bare.as_object_mut().unwrap().remove("timeoutSeconds");
    let made = connect(admin, &bare).await;
    assert_eq!(
        (&made["timeoutSeconds"], &made["filter"]),
        (&json!(30), &json!("(sAMAccountType=805306368)"))
    );
    assert_eq!(made["attributes"].as_array().unwrap().len(), 37);
    assert!(made["nextRun"].is_string(), "{made}");
    let warnings = made["warnings"].as_array().unwrap();
    assert!(warnings.len() == 1 && warnings[0].as_str().unwrap().starts_with("insecure"), "{made}");
    let secret = text(&made, "credentialsSecretID");
    let used = admin.delete(&place(secret)).await;
    used.refused(409, "the secret is in use", &json!([{"id": made["id"], "kind": "connection"}]));
    let shown = admin.get(&place(secret)).await.expect(200).json();
    assert_eq!(shown["usedBy"], json!([format!("connection:{}", text(&made, "id"))]));

    // A new name alone is no reason to import.
    let renamed = with(bare.clone(), &json!({"name": "Renamed", "revision": made["revision"]}));
    let now = admin.put(&at(&made), &renamed).await.expect(200).json();
    assert!(now.get("taskID").is_none() && now["nextRun"] == made["nextRun"], "{now}");
    admin.put(&at(&made), &renamed).await.refused_with(409, "changed meanwhile");
    let moved = with(bare, &json!({"name": "Renamed", "baseDN": "DC=other"}));
    assert!(admin.put(&at(&made), &moved).await.expect(200).json()["taskID"].is_string());

    let settings = format!("{TENANTS}/{}", tenant.id);
    let refused = admin.delete(&settings).await;
    refused.refused(
        409,
        "the tenant has connections: delete them first",
        &json!([{"id": made["id"], "name": "Renamed"}]),
    );
    admin.delete(&at(&made)).await.expect(204);
    admin.delete(&at(&made)).await.refused(404, "connection not found", &json!(null));
    admin.delete(&place(secret)).await.expect(204);
    admin.delete(&settings).await.expect(204);
}

#[tokio::test]
async fn every_fault_is_named_also_those_that_only_the_store_knows() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let other = Tenant::on(&admin.world).await;
    let foreign = keep(admin, &credentials(&other, "a@b", "x")).await;
    let wrong_kind = keep(admin, &token(&tenant, "x")).await;
    let wanted = json!({
        "tenantID": tenant.id, "name": "", "urls": "10.0.0.1:636", "type": "ssl", "baseDN": "nowhere",
        "credentialsSecretID": foreign, "certificateSecretID": wrong_kind, "timeoutSeconds": 101,
        "attributes": ["a b"], "filter": "(cn=", "surplus": 1,
    });
    let expected = [
        "attributes",
        "baseDN",
        "certificateSecretID",
        "credentialsSecretID",
        "filter",
        "name",
        "surplus",
        "timeoutSeconds",
        "urls",
    ];
    for path in [CONNECTIONS.to_owned(), format!("{CONNECTIONS}/test")] {
        assert_eq!(faults(&admin.post(&path, &wanted).await), expected, "{path}");
    }
    let unknown = with(form(&tenant, NOBODY).await, &json!({"tenantID": "nobody"}));
    assert_eq!(faults(&admin.post(CONNECTIONS, &unknown).await), ["tenantID"]);
}

#[tokio::test]
async fn of_connections_with_a_common_controller_one_is_enabled() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let one = with(form(&tenant, NOBODY).await, &json!({"urls": "dc1.invalid:389,DC2.invalid:389"}));
    let made = connect(admin, &one).await;
    // The port does not count, nor does the case.
    let two = with(one.clone(), &json!({"name": "Other", "urls": "dc3.invalid:389,dc2.INVALID:3268"}));
    let refused = admin.post(CONNECTIONS, &two).await;
    assert_eq!(faults(&refused), ["disabled"]);
    assert!(
        refused.text.contains("dc2.invalid") && refused.text.contains(text(&one, "name")),
        "{}",
        refused.text
    );
    assert_eq!(
        faults(&admin.post(CONNECTIONS, &with(one.clone(), &json!({"urls": "x.invalid:1"}))).await),
        ["name"]
    );

    let copy = admin.post(&format!("{}/duplicate", at(&made)), &json!({})).await.expect(201).json();
    assert_eq!(text(&copy, "name"), format!("{} copy", text(&one, "name")));
    assert!(copy["disabled"] == true && copy["nextRun"].is_null() && copy.get("taskID").is_none(), "{copy}");
    let again = admin.post(&format!("{}/duplicate", at(&made)), &json!({})).await.expect(201).json();
    assert_eq!(text(&again, "name"), format!("{} copy 2", text(&one, "name")));
    admin.post(&format!("{}/import", at(&copy)), &json!({})).await.refused_with(409, "is disabled");
    let enabled = with(one.clone(), &json!({"name": copy["name"], "disabled": false}));
    assert_eq!(faults(&admin.put(&at(&copy), &enabled).await), ["disabled"]);
    let listed = admin.get(&format!("{CONNECTIONS}?tenantID={}", tenant.id)).await.expect(200).array();
    assert_eq!(
        listed.iter().map(|one| one["id"].clone()).collect::<Vec<_>>(),
        [&made, &copy, &again].map(|one| one["id"].clone())
    );
    // In another tenant nobody is in the way.
    let other = Tenant::on(&admin.world).await;
    connect(admin, &with(form(&other, NOBODY).await, &json!({"urls": "dc1.invalid:389"}))).await;
}

#[tokio::test]
async fn of_connections_saved_at_once_with_a_common_controller_one_is_enabled() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let base = form(&tenant, NOBODY).await;
    let wanted: Vec<Value> =
        (0..6).map(|number| with(base.clone(), &json!({"name": format!("C{number}")}))).collect();
    let replies = join_all(wanted.iter().map(|form| admin.post(CONNECTIONS, form))).await;
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(made, 1, "{replies:?}");
    assert!(replies.iter().all(|reply| [201, 400, 409].contains(&reply.status)), "{replies:?}");
}

#[tokio::test]
async fn a_disabled_integration_runs_nothing_and_a_failed_import_says_why() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let made = connect(admin, &form(&tenant, NOBODY).await).await;
    let task = first(admin, &made).await;
    assert_eq!((&task["state"], &task["trigger"]), (&json!("failed"), &json!({"by": "saved"})));
    assert!(text(&task, "error").contains("127.0.0.1:9"), "{task}");
    let failed = admin.get(&format!("{TASKS}?tenantID={}&state=failed", tenant.id)).await.expect(200).array();
    assert_eq!(failed.len(), 1);

    let settings = format!("{TENANTS}/{}", tenant.id);
    admin.put(&settings, &json!({"disabled": true})).await.expect(200);
    assert!(admin.get(&at(&made)).await.expect(200).json()["nextRun"].is_null());
    admin
        .post(&format!("{settings}/import"), &json!({}))
        .await
        .refused_with(409, "no connection of the tenant is enabled");
    admin.post(&format!("{}/import", at(&made)), &json!({})).await.refused_with(409, "is disabled");
    admin.put(&settings, &json!({"disabled": false})).await.expect(200);
    let tasks = admin.post(&format!("{settings}/import"), &json!({})).await.expect(202).array();
    assert_eq!(tasks.len(), 1);
    assert_eq!(ended(admin, text(&tasks[0], "id")).await["state"], "failed");
    assert_eq!(
        faults(&admin.post(&format!("{}/import", at(&made)), &json!({"confirm": true})).await),
        ["confirm"]
    );
}

#[tokio::test]
async fn tasks_are_shown_to_whoever_has_a_role_in_their_tenant() {
    let tenant = Tenant::new().await;
    let other = Tenant::on(&tenant.admin.world).await;
    let made = connect(&tenant.admin, &form(&tenant, NOBODY).await).await;
    let task = first(&tenant.admin, &made).await;
    let (own, foreign) = (tenant.user("operator").await, other.analyst().await);
    let here = format!("{TASKS}/{}", text(&task, "id"));
    assert_eq!(own.get(&here).await.expect(200).json(), task);
    foreign.get(&here).await.refused(404, "task not found", &json!(null));
    own.get(&format!("{TASKS}/none")).await.refused(404, "task not found", &json!(null));
    let listed = own.get(TASKS).await.expect(200).array();
    assert_eq!(listed, [task]);
    assert_eq!(foreign.get(TASKS).await.expect(200).array(), [] as [Value; 0]);
    own.get(&format!("{TASKS}?state=done")).await.refused(
        400,
        "invalid query parameter value",
        &json!("state"),
    );
    let certificate =
        keep(&tenant.admin, &certificate(&tenant, &bridge_slapd::Authority::new("A").unwrap().root_pem))
            .await;
    let useless = with(form(&tenant, NOBODY).await, &json!({"certificateSecretID": certificate}));
    assert_eq!(faults(&tenant.admin.post(CONNECTIONS, &useless).await), ["certificateSecretID"]);
}
