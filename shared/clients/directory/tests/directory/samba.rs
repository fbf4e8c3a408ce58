//! Samba, a real Active Directory, and what the hostile server only says of one.

use std::collections::BTreeSet;

use bridge_directory::{BindFault, TlsFault};
use bridge_slapd::{Changes, Samba};

use super::*;

const PASSWORD: &str = "canary-Passw0rd!";
const PEOPLE: usize = 130;

fn dn(name: &str) -> String {
    format!("CN={name},OU=Staff,{BASE}")
}

fn domain() -> Changes {
    let changes = Changes::new().unit(&format!("OU=Staff,{BASE}"));
    let changes = (0..PEOPLE).fold(changes, |changes, number| {
        let account = format!("user{number:03}");
        changes.bare_user(&dn(&account), &account, &[])
    });
    let members: Vec<String> = (0..PEOPLE).map(|number| dn(&format!("user{number:03}"))).collect();
    changes
        .user(&dn("canary"), "canary", PASSWORD, &[("mail", "canary@mail.test")])
        // Its principal is not that of its account, which it may sign in with all the same.
        .user(&dn("chief"), "chief", PASSWORD, &[])
        .replace(&dn("chief"), "userPrincipalName", &["boss@corp.test"])
        .group(&dn("All"), &members.iter().map(String::as_str).collect::<Vec<_>>())
        .group(&dn("Shift"), &[&dn("canary")])
        .group(&dn("Analysts"), &[&dn("Shift")])
        .group(&dn("Operators"), &[])
        .add(
            &dn("Letters"),
            &[
                ("objectClass", "group"),
                ("sAMAccountName", "Letters"),
                ("groupType", "2"),
                ("member", &dn("canary")),
            ],
        )
}

fn trusting(samba: &Samba, mode: TlsMode) -> Directory {
    let port = if mode == TlsMode::Ssl { samba.tls_port() } else { samba.port() };
    let server = format!("localhost:{port}");
    let directory = match mode {
        TlsMode::Insecure => plain(&server),
        mode => secure(&server, mode, &samba.authority.root_pem),
    };
    directory.with_names(Names::fixed([("localhost", LOOPBACK)]))
}

fn canary(name: &str) -> Credentials {
    Credentials::new(name, secret(PASSWORD)).unwrap()
}

#[tokio::test]
async fn a_real_active_directory_is_what_we_take_it_for() {
    let Some(samba) = Samba::start(&domain()).await.unwrap() else { return };
    for mode in [TlsMode::Ssl, TlsMode::StartTls] {
        let mut connection = trusting(&samba, mode).connect(&canary("canary@corp.test")).await.unwrap();
        pages(&mut connection).await;
        connection.tells_who().await.unwrap();
        assert!(connection.has_group(&dn("Analysts")).await.unwrap());
        assert!(!connection.has_group(&dn("canary")).await.unwrap(), "a user is no group");
        assert!(!connection.has_group(&dn("none")).await.unwrap());
        assert!(!connection.has_group(&dn("Letters")).await.unwrap(), "it is for distribution alone");
        for base in [format!("OU=canary,{BASE}"), "DC=other,DC=example".to_owned()] {
            let error = connection.reads(&base).await.unwrap_err();
            assert_discreet(&error);
            assert!(matches!(error.fault, Fault::BaseNotFound | Fault::OtherDomain), "{error:?}");
        }
        assert!(connection.reads(BASE).await.unwrap(), "as good as before");
        connection.close().await;
    }
    let error = trusting(&samba, TlsMode::Insecure).connect(&canary("canary@corp.test")).await.unwrap_err();
    assert_eq!((error.fault, error.worth_repeat()), (Fault::TlsRequired, false));
    // It is no name of the certificate.
    let elsewhere = secure(&format!("{NAME}:{}", samba.tls_port()), TlsMode::Ssl, &samba.authority.root_pem);
    let error = elsewhere.connect(&canary("canary@corp.test")).await.unwrap_err();
    assert!(matches!(error.fault, Fault::Tls(TlsFault::WrongName)), "{error:?}");
    users(&samba).await;
}

/// Every page of the people once, and a group with all its members.
async fn pages(connection: &mut Connection) {
    let names = [attribute("sAMAccountName"), attribute("objectGUID")];
    let filter = || Filter::eq(&attribute("sAMAccountType"), "805306368");
    let request = Request::new(&format!("OU=Staff,{BASE}"), filter(), names).with_page(50);
    let (entries, progress) = read(connection, request).await;
    let progress = progress.unwrap();
    assert_eq!((entries.len(), progress.pages), (PEOPLE + 2, 3));
    let guids: BTreeSet<&[u8]> = entries.iter().map(|entry| entry.bytes("objectGUID").unwrap()).collect();
    assert_eq!(guids.len(), PEOPLE + 2);

    // The top of the domain has references to its other partitions.
    let request = Request::new(BASE, Filter::present(&attribute("member")), [attribute("member")]);
    let (groups, progress) = read(connection, request).await;
    progress.unwrap();
    let all = groups.iter().find(|group| group.dn() == Some(&dn("All"))).unwrap();
    assert_eq!(all.texts("member").collect::<BTreeSet<_>>().len(), PEOPLE);
}

async fn users(samba: &Samba) {
    let directory = trusting(samba, TlsMode::Ssl);
    let domain_users = format!("CN=Domain Users,CN=Users,{BASE}");
    for name in ["canary@corp.test", "CORP\\canary", "CANARY@CORP.TEST", "corp\\Canary"] {
        let user = directory.verify(&canary(name), BASE, [attribute("mail")]).await.unwrap();
        assert_eq!(user.entry.text("mail"), Some("canary@mail.test"));
        for (group, wanted) in [
            (dn("Shift"), true),
            (dn("Analysts").to_lowercase(), true),
            (domain_users.clone(), true),
            (dn("Operators"), false),
            (dn("All"), false),
            (dn("Letters"), false),
        ] {
            assert_eq!(user.is_member_of(&group.parse().unwrap()), wanted, "{name}: {group}");
        }
    }
    for name in ["chief@corp.test", "boss@corp.test", "CORP\\chief"] {
        let user = directory.verify(&canary(name), BASE, []).await.unwrap();
        assert_eq!(user.entry.dn(), Some(dn("chief").as_str()), "{name}");
    }
    let error =
        directory.verify(&canary("canary@corp.test"), &format!("CN=Users,{BASE}"), []).await.unwrap_err();
    assert_discreet(&error);
    assert_eq!(error.fault, Fault::NotFound);
    let wrong = Credentials::new("canary@corp.test", secret("canary's wrong one")).unwrap();
    let error = directory.verify(&wrong, BASE, []).await.unwrap_err();
    assert_discreet(&error);
    assert_eq!(error.fault, Fault::Bind(BindFault::WrongCredentials));
    let names = ["*@corp.test", "canary)(objectClass=*@corp.test", "CORP\\*"];
    for name in names {
        let error = directory.verify(&canary(name), BASE, []).await.unwrap_err();
        assert!(matches!(error.fault, Fault::Bind(BindFault::WrongCredentials)), "{name}: {error:?}");
    }
}
