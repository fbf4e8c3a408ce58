//! A client of KUMA's API that nobody here wrote: `kuma-api` of the Python package index, unmodified.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    alerts::{alert, ids, second, text, with},
    tenant::Tenant,
    world::User,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What each call of the script gave.
async fn run(user: &User, tenant: &Tenant, alert: &str) -> Value {
    let python = root().join(".tools/clients/bin/python");
    assert!(
        python.is_file(),
        "{} is not there: run `infra/local/tools.sh clients` in the project's directory",
        python.display()
    );
    let stack = &user.world.stack;
    let output = Command::new(python)
        .arg(root().join("tests/e2e/clients/kuma_client.py"))
        .args([&*stack.url, &*stack.ca.to_string_lossy(), &*tenant.name, alert])
        // Nothing of this shell may decide whom the client trusts or which proxy it uses.
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("BRIDGE_TOKEN", &user.token)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"))
}

#[tokio::test]
async fn kuma_api_searches_pages_and_closes() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let posted: Vec<Value> = (0..310)
        .map(|n| {
            let status = ["new", "assigned", "escalated"][n % 3];
            with(&alert(&tenant), json!({"lastSeen": second(40_000 + n), "status": status}))
        })
        .collect();
    user.ingest(&json!(posted)).await.expect(202);
    let newest_first: Vec<&str> = posted.iter().rev().map(|alert| text(alert, "id")).collect();
    let target = newest_first[4];

    let seen = run(&user, &tenant, target).await;
    let answer = |call: &str| {
        assert_eq!(seen[call]["status"], 200, "{call}: {}", seen[call]);
        seen[call]["answer"].clone()
    };
    let list = |call: &str| answer(call).as_array().unwrap().clone();

    let whoami = answer("whoami");
    assert_eq!(text(&whoami, "name"), "Somebody");
    assert_eq!(whoami["roles"][0]["tenants"], json!([{"id": tenant.id, "name": tenant.name}]));
    assert_eq!(ids(&list("tenants")), [&*tenant.id]);
    assert_eq!(list("tenants")[0]["shared"], false);
    assert_eq!(answer("no tenants"), json!([]));

    assert_eq!(ids(&list("all")), newest_first[..250]);
    assert_eq!(ids(&list("second page")), newest_first[250..]);
    assert_eq!(answer("past the end"), json!([]));
    let two = list("two statuses");
    assert_eq!(two.len(), 206);
    assert!(two.iter().all(|alert| alert["status"] != "new" && alert["events"][0]["ID"] == "e1"));
    let one = &list("by id")[0];
    assert_eq!((text(one, "id"), &one["affectedAssets"]), (target, &json!([])));
    assert_eq!(ids(&list("every page")), newest_first);
    assert_eq!(list("every page").iter().map(|alert| text(alert, "id")).collect::<HashSet<_>>().len(), 310);
    let ten = list("ten");
    assert!(ten.len() == 10 && ten.iter().all(|alert| alert["status"] == "new"));

    assert_eq!(seen["close"], json!({"status": 204, "answer": ""}));
    let refused = |call: &str, status: u16, message: &str| {
        assert_eq!(seen[call]["error"], status, "{call}: {}", seen[call]);
        assert!(text(&seen[call], "text").contains(message), "{call}: {}", seen[call]);
    };
    refused("close again", 406, "alert already closed");
    refused("close nonsense", 400, "invalid reason");
    refused("bad page", 400, "invalid query parameter value");
    refused("stranger", 403, "access denied");
    let closed = list("closed");
    assert_eq!((ids(&closed), text(&closed[0], "closingReason")), (vec![target], "incorrect data"));
}
