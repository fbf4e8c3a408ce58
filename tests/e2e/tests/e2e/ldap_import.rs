//! Imports of accounts from real directories and from hostile ones.

use bridge_domain::{
    ConnectionId, Timestamp,
    ldap::{account::Account, guid::Guid},
};
use bridge_runtime::aws::Aws;
use bridge_slapd::{Authority, Hostile, Object, READER_PASSWORD, Script, Slapd, SlapdOptions, person};
use bridge_store::Inventory;
use serde_json::{Value, json};

use crate::{
    alerts::text,
    ldap::{
        CONNECTIONS, TASKS, at, certificate, connect, counted, counts, credentials, ended, first, form,
        import, with,
    },
    tenant::Tenant,
    vault::keep,
};

/// People on two pages.
const PEOPLE: usize = 700;

pub(crate) async fn slapd(people: usize) -> Slapd {
    Slapd::start(SlapdOptions { people, settings: "sizelimit unlimited\n", ..SlapdOptions::default() })
        .await
        .unwrap()
}

/// The account that a connection has brought of an objectGUID.
pub(crate) async fn account(tenant: &Tenant, connection: &Value, guid: [u8; 16]) -> Option<Account> {
    let aws = Aws::load().await;
    let table = tenant.admin.world.stack.inventory_table.parse().unwrap();
    let connection: ConnectionId = text(connection, "id").parse().unwrap();
    let guid = Guid::from_bytes(&guid).unwrap();
    Inventory::new(aws.config(), table).account(&connection, guid, now()).await.unwrap()
}

pub(crate) fn now() -> Timestamp {
    let passed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(passed.as_micros()).unwrap()).unwrap()
}

/// What is not checked again once it is; kept short by its first words.
pub(crate) fn checks(reply: &Value) -> Vec<(String, bool, String)> {
    let list = reply["checks"].as_array().unwrap().iter();
    list.map(|one| (text(one, "check").to_owned(), one["ok"] == true, text(one, "message").to_owned()))
        .collect()
}

/// The first check that failed.
#[track_caller]
pub(crate) fn failed(reply: &Value, check: &str, part: &str) {
    let first =
        checks(reply).into_iter().find(|(_, ok, _)| !ok).unwrap_or_else(|| panic!("all is well: {reply}"));
    assert!(first.0 == check && first.2.contains(part), "{first:?} is not {check}: {part}");
}

#[tokio::test]
async fn a_domain_is_imported_when_it_is_saved_and_again_without_changes() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let server = slapd(PEOPLE).await;
    let made = connect(admin, &form(&tenant, server.port()).await).await;
    let task = first(admin, &made).await;
    let all = u64::try_from(PEOPLE).unwrap();
    assert_eq!(
        (&task["state"], &task["trigger"]["by"], &task["attempt"]),
        (&json!("completed"), &json!("saved"), &json!(1)),
        "{task}"
    );
    assert_eq!(counted(&task), counts(&[("seen", all), ("created", all)]), "{task}");
    assert!(
        task["started"].is_string() && task.get("error").is_none() && task.get("next").is_none(),
        "{task}"
    );
    let found = account(&tenant, &made, person(7).guid).await.unwrap();
    // slapd writes the kinds of attributes in a name as it likes.
    assert_eq!(found.dn.to_lowercase(), person(7).dn.to_lowercase());
    assert_eq!(found.values("sAMAccountName"), [person(7).account]);
    assert_eq!(found.tenant.as_str(), tenant.id);

    let before = admin.get(&at(&made)).await.expect(200).json();
    let task = import(admin, &made, &json!({})).await;
    assert_eq!(counted(&task), counts(&[("seen", all), ("unchanged", all)]), "{task}");
    assert_eq!((&task["trigger"]["by"], &task["progress"]["expected"]), (&json!("manual"), &json!(PEOPLE)));
    // What somebody asks for shifts nothing.
    assert_eq!(admin.get(&at(&made)).await.expect(200).json(), before);
}

#[tokio::test]
async fn an_import_that_shrank_is_believed_when_somebody_confirms_it() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let (large, small) = (slapd(30).await, slapd(10).await);
    let wanted = form(&tenant, large.port()).await;
    let made = connect(admin, &wanted).await;
    assert_eq!(first(admin, &made).await["state"], "completed");
    let moved = with(wanted, &json!({"urls": format!("127.0.0.1:{}", small.port())}));
    let changed = admin.put(&at(&made), &moved).await.expect(200).json();
    let task = first(admin, &changed).await;
    assert_eq!(
        (&task["state"], counted(&task)),
        (&json!("incomplete"), counts(&[("seen", 10), ("unchanged", 10)]))
    );
    let error = text(&task, "error");
    assert!(
        error.contains("10 accounts") && error.contains("30") && error.contains("\"confirmed\": true"),
        "{error}"
    );
    assert_eq!(account(&tenant, &made, person(20).guid).await.unwrap().expires, None);

    let task = import(admin, &made, &json!({"confirmed": true})).await;
    assert_eq!(
        (&task["state"], counted(&task)),
        (&json!("completed"), counts(&[("seen", 10), ("unchanged", 10), ("expiring", 20)]))
    );
    let leaving = account(&tenant, &made, person(20).guid).await.unwrap().expires.unwrap();
    let days = now().until(leaving).as_secs() / 86_400;
    assert!((89..=91).contains(&days), "{days}");
    assert_eq!(account(&tenant, &made, person(5).guid).await.unwrap().expires, None);

    // Whoever comes back stays.
    let back = with(moved, &json!({"urls": format!("127.0.0.1:{}", large.port())}));
    let changed = admin.put(&at(&made), &back).await.expect(200).json();
    let task = first(admin, &changed).await;
    assert_eq!(counted(&task), counts(&[("seen", 30), ("unchanged", 10), ("changed", 20)]), "{task}");
    assert_eq!(account(&tenant, &made, person(20).guid).await.unwrap().expires, None);
}

#[tokio::test]
async fn what_a_deleted_connection_brought_begins_to_expire() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let server = slapd(20).await;
    let made = connect(admin, &form(&tenant, server.port()).await).await;
    first(admin, &made).await;
    admin.delete(&at(&made)).await.expect(204);
    let query = format!("{TASKS}?connectionID={}", text(&made, "id"));
    let tasks = admin.get(&query).await.expect(200).array();
    assert_eq!(tasks[0]["trigger"]["by"], "deleted", "{tasks:?}");
    let task = ended(admin, text(&tasks[0], "id")).await;
    assert_eq!((&task["state"], counted(&task)), (&json!("completed"), counts(&[("expiring", 20)])));
    assert!(account(&tenant, &made, person(3).guid).await.unwrap().expires.is_some());
}

#[tokio::test]
async fn accounts_that_move_change_or_leave_are_known_by_their_number() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let user = |name: &str, place: &str, guid: u8, control: &str| {
        let account = name.to_lowercase();
        Object::new(
            &format!("CN={name},{place}"),
            &[
                ("objectClass", "user"),
                ("sAMAccountType", "805306368"),
                ("sAMAccountName", &account),
                ("userAccountControl", control),
            ],
        )
        .with("objectGUID", &[guid; 16])
    };
    let reader = Object::new(
        "CN=reader,DC=corp,DC=test",
        &[("sAMAccountName", "reader"), ("userPrincipalName", "reader@corp.test"), ("objectClass", "top")],
    )
    .with_password(READER_PASSWORD);
    let staff = "OU=Staff,DC=corp,DC=test";
    let before = vec![
        reader.clone(),
        user("Ann", staff, 1, "512"),
        user("Bob", staff, 2, "512"),
        user("Cid", staff, 0xee, "512"),
        user("Dan", staff, 4, "512"),
    ];
    // Ann moved, Bob was disabled, Cid left, Dan went out of the search base.
    let after = vec![
        reader,
        user("Ann", "OU=Sales,OU=Staff,DC=corp,DC=test", 1, "512"),
        user("Bob", staff, 2, "514"),
        user("Dan", "OU=Elsewhere,DC=corp,DC=test", 4, "512"),
    ];
    let old = Hostile::start(Script::Controller(before)).await.unwrap();
    let new = Hostile::start(Script::Controller(after)).await.unwrap();
    let secret = keep(admin, &credentials(&tenant, "reader@corp.test", READER_PASSWORD)).await;
    let base =
        with(form(&tenant, old.port()).await, &json!({"credentialsSecretID": secret, "baseDN": staff}));
    let made = connect(admin, &base).await;
    let task = first(admin, &made).await;
    assert_eq!(counted(&task), counts(&[("seen", 4), ("created", 4)]), "{task}");
    let changed = with(base, &json!({"urls": format!("127.0.0.1:{}", new.port())}));
    let task = first(admin, &admin.put(&at(&made), &changed).await.expect(200).json()).await;
    assert_eq!(counted(&task), counts(&[("seen", 2), ("changed", 2), ("expiring", 2)]), "{task}");
    let [ann, bob, cid, dan] = [1, 2, 0xee, 4].map(|guid| account(&tenant, &made, [guid; 16]));
    let (ann, bob, cid, dan) =
        (ann.await.unwrap(), bob.await.unwrap(), cid.await.unwrap(), dan.await.unwrap());
    assert_eq!((ann.dn.as_str(), ann.expires), ("CN=Ann,OU=Sales,OU=Staff,DC=corp,DC=test", None));
    let shown = serde_json::to_value(bob.shown()).unwrap();
    assert_eq!(shown["decoded"]["userAccountControl"], json!(["ACCOUNTDISABLE", "NORMAL_ACCOUNT"]));
    assert!(cid.expires.is_some() && dan.expires.is_some() && dan.dn == format!("CN=Dan,{staff}"));
}

#[tokio::test]
async fn a_directory_that_sends_only_a_part_makes_nobody_go() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let whole = slapd(PEOPLE).await;
    // Its limit is met on the second page.
    let part =
        Slapd::start(SlapdOptions { people: PEOPLE, settings: "sizelimit 500\n", ..SlapdOptions::default() })
            .await
            .unwrap();
    let wanted = form(&tenant, whole.port()).await;
    let made = connect(admin, &wanted).await;
    assert_eq!(first(admin, &made).await["state"], "completed");
    let urls = json!({"urls": format!("127.0.0.1:{}", part.port())});
    let changed = admin.put(&at(&made), &with(wanted, &urls)).await.expect(200).json();
    let task = first(admin, &changed).await;
    assert_eq!(
        (&task["state"], counted(&task)),
        (&json!("incomplete"), counts(&[("seen", 500), ("unchanged", 500)]))
    );
    let error = text(&task, "error");
    assert!(
        error.contains("limit of entries") && error.contains("the 500 accounts received before"),
        "{error}"
    );
    for number in [0, 500, PEOPLE - 1] {
        assert_eq!(account(&tenant, &made, person(number).guid).await.unwrap().expires, None, "{number}");
    }
}

#[tokio::test]
async fn a_hostile_directory_makes_nobody_go() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let good = slapd(20).await;
    let wanted = form(&tenant, good.port()).await;
    let made = connect(admin, &wanted).await;
    assert_eq!(first(admin, &made).await["state"], "completed");
    for script in [
        Script::SecondPage(51),
        Script::SamePage,
        Script::PagingLost,
        Script::HangUp,
        Script::Stall,
        Script::Flood,
        Script::Raw(b"\x30\x84\xff\xff\xff\xff".to_vec()),
        Script::EmptyPages,
        Script::References,
        Script::SilentBind,
    ] {
        let name = format!("{script:?}");
        let bad = Hostile::start(script).await.unwrap();
        let urls = json!({"urls": format!("127.0.0.1:{}", bad.port()), "timeoutSeconds": 2});
        let changed = admin.put(&at(&made), &with(wanted.clone(), &urls)).await.expect(200).json();
        let task = first(admin, &changed).await;
        assert!(task["state"] != "completed" && !text(&task, "error").is_empty(), "{name}: {task}");
        let gone = (&task["counts"]["expiring"], &task["counts"]["removed"]);
        assert_eq!(gone, (&json!(0), &json!(0)), "{name}: {task}");
    }
    for number in 0..20 {
        assert_eq!(account(&tenant, &made, person(number).guid).await.unwrap().expires, None, "{number}");
    }
}

#[tokio::test]
async fn with_tls_a_controller_is_verified_and_the_next_one_is_tried() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let [own, other] = ["Own", "Other"].map(|name| Authority::new(name).unwrap());
    let pair = own.server(&["localhost"]).unwrap();
    let server =
        Slapd::start(SlapdOptions { people: 5, tls: Some((&own, &pair, true)), ..SlapdOptions::default() })
            .await
            .unwrap();
    let [ca, wrong_ca] = [&own, &other].map(|authority| certificate(&tenant, &authority.root_pem));
    let (ca, wrong_ca) = (keep(admin, &ca).await, keep(admin, &wrong_ca).await);
    // The first refuses, the second is the one.
    let tls = json!({
        "type": "startTLS", "urls": format!("localhost:9,localhost:{}", server.port()), "certificateSecretID": ca,
    });
    let wanted = with(form(&tenant, 9).await, &tls);
    let made = connect(admin, &wanted).await;
    let task = first(admin, &made).await;
    assert_eq!(
        (&task["state"], counted(&task)),
        (&json!("completed"), counts(&[("seen", 5), ("created", 5)])),
        "{task}"
    );
    let ssl =
        with(wanted.clone(), &json!({"type": "ssl", "urls": format!("localhost:{}", server.tls_port())}));
    let test = |form: Value| async move {
        admin.post(&format!("{CONNECTIONS}/test"), &form).await.expect(200).json()
    };
    let free = |form: &Value| with(form.clone(), &json!({"name": "Unsaved", "disabled": true}));
    let good = test(free(&ssl)).await;
    assert_eq!(good["ok"], true, "{good}");
    let names: Vec<String> = checks(&good).into_iter().map(|(check, ..)| check).collect();
    assert_eq!(names, ["secret", "connection", "tls", "signIn", "base", "accounts"]);
    failed(&test(free(&with(ssl.clone(), &json!({"certificateSecretID": wrong_ca})))).await, "tls", "");
    failed(
        &test(free(&with(ssl.clone(), &json!({"urls": "localhost:9"})))).await,
        "connection",
        "localhost:9",
    );
    failed(
        &test(free(&with(ssl.clone(), &json!({"urls": "nobody.invalid:636"})))).await,
        "connection",
        "nobody.invalid",
    );
    failed(&test(free(&with(ssl.clone(), &json!({"baseDN": "DC=nowhere"})))).await, "base", "");
    failed(
        &test(free(&with(ssl.clone(), &json!({"filter": "(cn=nobody at all)"})))).await,
        "accounts",
        "finds no account",
    );
    let bad = keep(admin, &credentials(&tenant, bridge_slapd::READER, "canary-wrong")).await;
    let refused = test(free(&with(ssl.clone(), &json!({"credentialsSecretID": bad})))).await;
    failed(&refused, "signIn", "");
    assert!(!refused.to_string().contains("canary"), "{refused}");

    let strangers = own.server(&["elsewhere.example"]).unwrap();
    let expired = own.expired(&["localhost"]).unwrap();
    for (pair, part) in [(&strangers, "name"), (&expired, "expired")] {
        let server = Slapd::start(SlapdOptions {
            people: 1,
            tls: Some((&own, pair, true)),
            ..SlapdOptions::default()
        })
        .await
        .unwrap();
        let there = json!({"urls": format!("localhost:{}", server.tls_port())});
        failed(&test(free(&with(ssl.clone(), &there))).await, "tls", part);
    }
    let saved = admin.post(&format!("{}/test", at(&made)), &json!({})).await.expect(200).json();
    assert_eq!(saved["ok"], true, "{saved}");
}

#[tokio::test]
async fn a_controller_that_hangs_is_left_for_the_next_one() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let (frozen, server) = (slapd(1).await, slapd(8).await);
    frozen.freeze().await.unwrap();
    let urls = json!({"urls": format!("127.0.0.1:{},localhost:{}", frozen.port(), server.port()), "timeoutSeconds": 2});
    let made = connect(admin, &with(form(&tenant, 9).await, &urls)).await;
    let task = first(admin, &made).await;
    assert_eq!(
        (&task["state"], counted(&task)),
        (&json!("completed"), counts(&[("seen", 8), ("created", 8)])),
        "{task}"
    );
    frozen.thaw().await.unwrap();
}

#[tokio::test]
async fn one_import_of_a_connection_runs_at_a_time_and_all_that_were_ordered_come() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let server = slapd(PEOPLE).await;
    let made = connect(admin, &form(&tenant, server.port()).await).await;
    let (import, order) = (format!("{}/import", at(&made)), json!({}));
    let orders = (0..3).map(|_| admin.post(&import, &order));
    let mut ids = vec![text(&made, "taskID").to_owned()];
    for reply in futures_util::future::join_all(orders).await {
        ids.push(text(&reply.expect(202).array()[0], "id").to_owned());
    }
    let mut spans: Vec<(Timestamp, Timestamp)> = Vec::new();
    for id in &ids {
        let task = ended(admin, id).await;
        assert_eq!(task["state"], "completed", "{task}");
        let time = |name: &str| text(&task, name).parse::<Timestamp>().unwrap();
        spans.push((time("started"), time("ended")));
    }
    spans.sort();
    for pair in spans.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "two ran at once: {spans:?}");
    }
}
