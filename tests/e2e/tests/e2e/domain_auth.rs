//! Domain authorization: one setting for the whole stack, kept with its defaults, and tried out against a
//! controller.

use serde_json::{Value, json};

use crate::{
    alerts::uuid,
    directory::{BASE, DOMAIN_AUTH, Domain, PASSWORD, TEST, certificate, credentials, group_dn, turn, user},
    ncircc_settings::{bad, found, with},
    tenant::Tenant,
    vault::{faults, keep, place, token},
    world::Reply,
};

const NOT_CONFIGURED: &str = "domain authorization is not configured";

/// What is required and no more.
fn form() -> Value {
    json!({"urls": "dc1.corp.test:389, dc2.corp.test:389", "tlsMode": "insecure", "baseDN": BASE})
}

#[tokio::test]
async fn settings_are_made_with_their_defaults_replaced_and_removed() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let _turn = turn(admin).await;
    admin.get(DOMAIN_AUTH).await.refused(404, NOT_CONFIGURED, &json!(null));
    let made = admin.put(DOMAIN_AUTH, &form()).await.expect(201).json();
    assert_eq!(made["warnings"].as_array().unwrap().len(), 2, "insecure, and nobody: {made}");
    let expected = with(
        form(),
        &json!({
            "urls": made["urls"], "disabled": false, "timeoutSeconds": 30, "roleGroups": [], "revision": 1,
            "warnings": made["warnings"], "created": made["created"], "updated": made["updated"],
        }),
    );
    assert_eq!(made, expected);
    assert_eq!(admin.get(DOMAIN_AUTH).await.expect(200).json(), made);

    let main = Tenant::main(&admin.world).await;
    let pem = bridge_slapd::Authority::new("Corp").unwrap().root_pem;
    let secret = certificate(&main, &pem).await;
    let change = with(
        form(),
        &json!({
            "tlsMode": "startTLS", "certificateSecretID": secret, "disabled": true, "revision": 1,
            "generalAdministratorsGroup": group_dn("Everything"),
            "roleGroups": [{"tenantID": tenant.id, "operator": group_dn("Operators"), "analyst": ""}],
        }),
    );
    let replaced = admin.put(DOMAIN_AUTH, &change).await.expect(200).json();
    assert_eq!((&replaced["revision"], &replaced["disabled"]), (&json!(2), &json!(true)));
    assert_eq!((&replaced["warnings"], &replaced["created"]), (&json!([]), &made["created"]));
    let groups = json!([{"tenantID": tenant.id, "operator": group_dn("Operators")}]);
    assert_eq!(replaced["roleGroups"], groups);
    admin.put(DOMAIN_AUTH, &change).await.refused_with(409, "changed meanwhile");

    let by = json!([{"id": "domain-auth", "name": "domain authorization", "kind": "domain-auth"}]);
    admin.delete(&place(&secret)).await.refused(409, "the secret is in use", &by);
    admin.delete(DOMAIN_AUTH).await.expect(204);
    admin.delete(DOMAIN_AUTH).await.refused(404, NOT_CONFIGURED, &json!(null));
    admin.put(DOMAIN_AUTH, &change).await.refused_with(409, "changed meanwhile");
    admin.delete(&place(&secret)).await.expect(204);
}

#[tokio::test]
async fn every_fault_is_named_also_those_that_only_the_store_knows() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let _turn = turn(admin).await;
    let own = keep(admin, &token(&tenant, "x")).await;
    let wanted = json!({
        "disabled": "no", "urls": "10.0.0.1:636", "tlsMode": "ssl", "certificateSecretID": own, "baseDN": "canary",
        "timeoutSeconds": 101, "generalAdministratorsGroup": "canary", "surplus": 1,
        "roleGroups": [{"tenantID": tenant.id}, {"tenantID": uuid(), "analyst": "CN=a"}, {"operator": "canary"}],
    });
    let expected = [
        "baseDN",
        "certificateSecretID",
        "disabled",
        "generalAdministratorsGroup",
        "roleGroups.0",
        "roleGroups.1.tenantID",
        "roleGroups.2.operator",
        "roleGroups.2.tenantID",
        "surplus",
        "timeoutSeconds",
        "urls",
    ];
    let reply = admin.put(DOMAIN_AUTH, &wanted).await;
    assert_eq!(faults(&reply), expected);
    assert!(!reply.text.contains("canary"), "{}", reply.text);
    let mut tested = expected.to_vec();
    tested.insert(2, "credentialsSecretID");
    assert_eq!(faults(&admin.post(TEST, &wanted).await), tested);

    // A secret for the login of all is one of the main tenant, and of the right type.
    let main = Tenant::main(&admin.world).await;
    for (signer, why) in [
        (uuid(), "the main tenant has no such secret"),
        (own, "the main tenant has no such secret"),
        (keep(admin, &token(&main, "x")).await, "must be a secret of type credentials"),
    ] {
        let told = json!([{"field": "credentialsSecretID", "message": why}]);
        let alone = json!({"credentialsSecretID": signer});
        admin.post(TEST, &alone).await.refused(400, "invalid body", &told);
        admin.post(TEST, &with(form(), &alone)).await.refused(400, "invalid body", &told);
    }
    admin.get(DOMAIN_AUTH).await.refused(404, NOT_CONFIGURED, &json!(null));
    let signer = credentials(&main, "reader@corp.test", "x").await;
    let alone = json!({"credentialsSecretID": signer});
    admin.post(TEST, &alone).await.refused(404, NOT_CONFIGURED, &json!(null));
}

#[tokio::test]
async fn the_settings_are_for_general_administrators() {
    let tenant = Tenant::new().await;
    let administrator = tenant.user("tenant administrator").await;
    let denied = |reply: Reply| reply.refused(403, "access denied", &json!(null));
    denied(administrator.get(DOMAIN_AUTH).await);
    denied(administrator.put(DOMAIN_AUTH, &form()).await);
    denied(administrator.delete(DOMAIN_AUTH).await);
    denied(administrator.post(TEST, &json!({})).await);
}

#[tokio::test]
async fn the_domain_is_tried_out_and_the_answer_says_what_is_wrong() {
    let locked = crate::directory::refused("canary-locked", 1002, "775");
    let domain = Domain::unconfigured(vec![locked, user("canary-ivan", 1001, &[])]).await;
    let (admin, main) = (&domain.admin, Tenant::main(&domain.admin.world).await);
    let reader = credentials(&main, "canary-service@corp.test", PASSWORD).await;
    let wanted = with(domain.form.clone(), &json!({"credentialsSecretID": reader, "timeoutSeconds": 3}));
    let tried = async |changes: Value| admin.post(TEST, &with(wanted.clone(), &changes)).await.expect(200);
    let all = ["secret", "connection", "tls", "signIn", "base", "groups"].map(ToOwned::to_owned);
    let good = |reply: &Reply| {
        assert_eq!(found(reply), (all.to_vec(), None), "{}", reply.text);
        assert!(!reply.text.contains("canary"), "{}", reply.text);
    };
    good(&tried(json!({})).await);
    admin.get(DOMAIN_AUTH).await.refused(404, NOT_CONFIGURED, &json!(null));
    let plain = json!({
        "urls": domain.controller.plain_url(), "tlsMode": "insecure", "certificateSecretID": null,
    });
    good(&tried(plain).await);
    let second = format!("localhost:1,{}", domain.controller.url());
    good(&tried(json!({"urls": second})).await);

    bad(&tried(json!({"urls": "localhost:1"})).await, "connection", "localhost:1");
    bad(&tried(json!({"urls": "no-such-host.invalid:636"})).await, "connection", "no-such-host.invalid");
    let other = certificate(&main, &bridge_slapd::Authority::new("Other").unwrap().root_pem).await;
    bad(&tried(json!({"certificateSecretID": other})).await, "tls", "localhost");
    bad(&tried(json!({"urls": domain.controller.plain_url()})).await, "tls", "localhost");
    for (user, password, words) in [
        ("canary-service@corp.test", "canary-wrong", "(52e)"),
        ("nobody@corp.test", PASSWORD, "(52e)"),
        ("CORP\\canary-locked", PASSWORD, "locked out (775)"),
    ] {
        let signer = credentials(&main, user, password).await;
        bad(&tried(json!({"credentialsSecretID": signer})).await, "signIn", words);
    }
    bad(&tried(json!({"baseDN": "OU=canary none,DC=corp,DC=test"})).await, "base", "does not exist");
    let tenant = &domain.tenants[0].id;
    let groups = json!({"generalAdministratorsGroup": "CN=canary none,DC=corp,DC=test", "roleGroups": [
        {"tenantID": tenant, "operator": group_dn("Operators"), "analyst": group_dn("canary none")},
        // A user is no group, and what is not below the base is never found.
        {"tenantID": tenant, "tenantAdministrator": format!("CN=canary-ivan,OU=Staff,{BASE}")},
        {"tenantID": tenant, "analyst": "CN=Analysts,DC=elsewhere"},
    ]});
    let places = "generalAdministratorsGroup, roleGroups.0.analyst, roleGroups.1.tenantAdministrator, \
                  roleGroups.2.analyst;";
    bad(&tried(groups).await, "groups", places);

    // What is saved, disabled or not.
    admin.put(DOMAIN_AUTH, &with(domain.form.clone(), &json!({"disabled": true}))).await.expect(201);
    good(&admin.post(TEST, &json!({"credentialsSecretID": reader})).await.expect(200));
}
