//! The servers of this crate as another client sees them: `OpenLDAP`'s `ldapsearch`.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

use std::{path::Path, process::Stdio};

use bridge_slapd::{Authority, BASE, Hostile, Object, READER, READER_PASSWORD, Script, Slapd, SlapdOptions};
use tokio::process::Command;

/// The exit code and what was printed, for a search of all below the base.
async fn search(port: u16, name: &str, password: &str, more: &[&str]) -> (i32, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let output = Command::new(root.join(".tools/slapd/ldapsearch"))
        .args(["-x", "-LLL", "-o", "ldif-wrap=no", "-b", BASE])
        .args(["-H", &format!("ldap://127.0.0.1:{port}"), "-D", name, "-w", password])
        .args(more)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&text).into_owned())
}

fn count(text: &str, line: &str) -> usize {
    text.lines().filter(|found| found.starts_with(line)).count()
}

#[tokio::test]
async fn slapd_holds_the_people() {
    let authority = Authority::new("corp").unwrap();
    let pair = authority.server(&["dc1.corp.test"]).unwrap();
    let options =
        SlapdOptions { people: 30, tls: Some((&authority, &pair, true)), ..SlapdOptions::default() };
    let server = Slapd::start(options).await.unwrap();
    let filter = ["(sAMAccountType=805306368)"];
    let (code, text) = search(server.port(), READER, READER_PASSWORD, &filter).await;
    assert_eq!((code, count(&text, "dn:")), (0, 30), "{text}");
    let (code, text) = search(server.port(), READER, "wrong", &filter).await;
    assert_eq!(code, 49, "{text}");
}

#[tokio::test]
async fn pages_are_pages() {
    let server = Hostile::start(Script::OneCookie(5)).await.unwrap();
    let (code, text) = search(server.port(), "a@corp.test", "b", &["-E", "pr=1/noprompt"]).await;
    assert_eq!((code, count(&text, "dn:")), (0, 5), "{text}");
    let server = Hostile::start(Script::SecondPage(51)).await.unwrap();
    let (code, text) = search(server.port(), "a@corp.test", "b", &["-E", "pr=1/noprompt"]).await;
    assert_eq!((code, count(&text, "dn:")), (51, 2), "{text}");
}

#[tokio::test]
async fn references_and_ranges_are_what_they_are() {
    let server = Hostile::start(Script::References).await.unwrap();
    let (code, text) = search(server.port(), "a@corp.test", "b", &[]).await;
    assert_eq!((code, count(&text, "dn:"), count(&text, "# refldap://")), (0, 2, 2), "{text}");
    let server = Hostile::start(Script::Members(1700)).await.unwrap();
    let (code, text) = search(server.port(), "a@corp.test", "b", &[]).await;
    assert_eq!((code, count(&text, "member;range=0-1499: ")), (0, 1500), "{text}");
    let more = ["(objectClass=*)", "member;range=1500-*"];
    let (code, text) = search(server.port(), "a@corp.test", "b", &more).await;
    assert_eq!((code, count(&text, "member;range=1500-*: ")), (0, 200), "{text}");
}

#[tokio::test]
async fn the_controller_evaluates_filters() {
    let group = |name: &str, above: &str| {
        let dn = format!("CN={name},{BASE}");
        Object::new(&dn, &[("objectClass", "group"), ("memberOf", above)])
    };
    let user = Object::new(
        &format!("CN=u,{BASE}"),
        &[
            ("objectClass", "user"),
            ("sAMAccountName", "u"),
            ("userAccountControl", "514"),
            ("memberOf", &format!("CN=inner,{BASE}")),
        ],
    );
    let server = Hostile::start(Script::Controller(vec![
        group("inner", &format!("CN=outer,{BASE}")),
        group("outer", ""),
        user.with_password("p"),
    ]))
    .await
    .unwrap();
    for (filter, wanted) in [
        ("(objectClass=*)", 3),
        ("(&(objectClass=group)(!(sAMAccountName=*)))", 2),
        (&*format!("(memberOf:1.2.840.113556.1.4.1941:=CN=outer,{BASE})"), 2),
        ("(userAccountControl:1.2.840.113556.1.4.803:=2)", 1),
        ("(|(sAMAccountName=U)(sAMAccountName=v))", 1),
    ] {
        let (code, text) = search(server.port(), "CORP\\u", "p", &[filter]).await;
        assert_eq!((code, count(&text, "dn:")), (0, wanted), "{filter} {text}");
    }
    let (code, text) = search(server.port(), "CORP\\u", "q", &[]).await;
    assert!(code == 49 && text.contains("data 52e"), "{text}");
}
