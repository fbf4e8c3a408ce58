//! Logging in with accounts of a real Active Directory: Samba's.

use bridge_slapd::{BASE, Changes, Samba};
use serde_json::json;

use crate::{
    alerts::text,
    directory::{DOMAIN_AUTH, PASSWORD, TEST, certificate, credentials, form, group_dn, post, turn},
    login::{given, roles},
    login_refused::denied,
    ncircc_settings::{bad, found, with},
    tenant::Tenant,
};

fn dn(account: &str) -> String {
    format!("CN={account},OU=Staff,{BASE}")
}

/// Groups one in the other, and somebody for each way to sign in and not to.
fn domain() -> Changes {
    let changes = Changes::new().unit(&format!("OU=Staff,{BASE}")).unit(&format!("OU=canary groups,{BASE}"));
    let people = [
        "canary-operator",
        "canary-analyst",
        "canary-lead",
        "canary-general",
        "canary-locked",
        "canary-off",
        "canary-over",
        "canary-new",
        "canary-nobody",
        "canary-service",
    ];
    let changes = people.iter().fold(changes, |changes, account| {
        let (mail, shown) = (format!("{account}@mail.corp.test"), format!("Canary {account}"));
        changes.user(&dn(account), account, PASSWORD, &[("mail", &mail), ("displayName", &shown)])
    });
    let changes = changes
        .user(&dn("canary-nomail"), "canary-nomail", PASSWORD, &[])
        .disable(&dn("canary-off"))
        .expire(&dn("canary-over"))
        .must_change_password(&dn("canary-new"))
        .lock_after(3);
    let groups: [(&str, &[&str]); 6] = [
        (
            "Operators",
            &["canary-operator", "canary-nomail", "canary-locked", "canary-off", "canary-over", "canary-new"],
        ),
        ("Administrators of all", &["canary-lead"]),
        ("Everything", &["canary-general"]),
        ("Night shift", &["canary-analyst"]),
        ("Others", &["canary-nobody", "canary-general"]),
        ("Shifts", &["canary-lead"]),
    ];
    let changes = groups.iter().fold(changes, |changes, (name, members)| {
        let mut members: Vec<String> = members.iter().map(|account| dn(account)).collect();
        if *name == "Shifts" {
            members.push(group_dn("Night shift"));
        }
        changes.group(&group_dn(name), &members.iter().map(String::as_str).collect::<Vec<_>>())
    });
    changes.group(&group_dn("Analysts"), &[&group_dn("Shifts")])
}

#[tokio::test]
async fn accounts_of_a_real_domain_log_in_or_are_told_why_not() {
    let Some(samba) = Samba::start(&domain()).await.unwrap() else { return };
    let first = Tenant::new().await;
    let (admin, second) = (first.admin.clone(), Tenant::on(&first.admin.world).await);
    let main = Tenant::main(&admin.world).await;
    let trusted = certificate(&main, &samba.authority.root_pem).await;
    let tenants = [first, second];
    let wanted = form(&format!("localhost:{}", samba.tls_port()), &trusted, &tenants);
    let _turn = turn(&admin).await;

    // Samba's own group of this name is another one: here only the DN counts.
    let signer = credentials(&main, "CORP\\canary-service", PASSWORD).await;
    let with_signer = with(wanted.clone(), &json!({"credentialsSecretID": signer}));
    bad(&admin.post(TEST, &with_signer).await.expect(200), "groups", "roleGroups.0.tenantAdministrator;");
    let mut wanted = wanted;
    wanted["roleGroups"][0]["tenantAdministrator"] = group_dn("Administrators of all").into();
    let reply = admin.post(TEST, &with(wanted.clone(), &json!({"credentialsSecretID": signer}))).await;
    let all = ["secret", "connection", "tls", "signIn", "base", "groups"].map(ToOwned::to_owned);
    assert_eq!(found(&reply.expect(200)), (all.to_vec(), None));
    admin.put(DOMAIN_AUTH, &wanted).await.expect(201);

    let attempt =
        async |name: &str, password: &str| post(&admin, &json!({"user": name, "password": password})).await;
    let [first, second] = &tenants;
    for (name, expected) in [
        ("canary-operator@corp.test", given(&[(first, "operator"), (second, "analyst")])),
        ("CANARY-ANALYST", given(&[(first, "analyst")])),
        ("CORP\\canary-lead", given(&[(first, "analyst")])),
        ("canary-general", given(&[])),
    ] {
        let login = attempt(name, PASSWORD).await.expect(201).json();
        assert_eq!(roles(&login), expected, "{name}");
        assert_eq!(login["generalAdministrator"], expected.is_empty(), "{name}");
        let account = name.trim_start_matches("CORP\\").split('@').next().unwrap().to_lowercase();
        assert_eq!(
            login["user"],
            json!({
                "name": format!("Canary {account}"), "login": format!("{account}@corp.test"),
                "email": format!("{account}@mail.corp.test"),
            })
        );
        let holder = admin.world.user(text(&login, "token"));
        holder.get("/api/v1/users/whoami").await.expect(200);
    }

    let wrong = "the user name or the password is wrong";
    for (name, password, message) in [
        ("canary-operator", "canary-wrong", wrong),
        ("nobody-here", PASSWORD, wrong),
        ("ELSEWHERE\\canary-operator", "canary-wrong", wrong),
        ("canary-off", PASSWORD, "the directory refuses the sign-in: the account is disabled (533)"),
        ("CORP\\canary-over", PASSWORD, "the directory refuses the sign-in: the account has expired (701)"),
        (
            "canary-new",
            PASSWORD,
            "the directory refuses the sign-in: the password must be changed first (773)",
        ),
        (
            "canary-nomail",
            PASSWORD,
            "the account has no e-mail address in the directory: ask its administrator to enter one",
        ),
        ("canary-nobody", PASSWORD, "the account is in no group that has a role here"),
        ("Administrator", "canary-wrong", wrong),
    ] {
        denied(&attempt(name, password).await, message);
    }

    // Three wrong passwords, and the right one is of no use. Each was sent once.
    attempt("canary-locked", PASSWORD).await.expect(201);
    for _ in 0..3 {
        denied(&attempt("canary-locked", "canary-wrong").await, wrong);
    }
    let locked = "the directory refuses the sign-in: the account is locked out (775)";
    denied(&attempt("canary-locked", PASSWORD).await, locked);
    samba.apply(&Changes::new().replace(&dn("canary-locked"), "lockoutTime", &["0"])).await.unwrap();
    attempt("canary-locked", PASSWORD).await.expect(201);

    // Groups of now count.
    let changes = Changes::new().replace(&group_dn("Night shift"), "member", &[]).replace(
        &dn("canary-nomail"),
        "mail",
        &["canary-nomail@mail.corp.test"],
    );
    samba.apply(&changes).await.unwrap();
    denied(&attempt("canary-analyst", PASSWORD).await, "the account is in no group that has a role here");
    attempt("canary-nomail", PASSWORD).await.expect(201);

    // The same by the other way of TLS.
    let start_tls = json!({"tlsMode": "startTLS", "urls": format!("localhost:{}", samba.port())});
    admin.put(DOMAIN_AUTH, &with(wanted, &start_tls)).await.expect(200);
    attempt("canary-operator", PASSWORD).await.expect(201);
    denied(&attempt("canary-operator", "canary-wrong").await, wrong);
}
