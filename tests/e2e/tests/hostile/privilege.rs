//! Least privilege: without the one permission that its work needs, a function can not do it, and
//! who called it learns nothing of why.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::world::World;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Calls a copy of alert-close, made for this call alone, that lacks an action; gives its answer.
async fn close_without(world: &World, action: &str, id: &str) -> Value {
    let python = root().join(".tools/ministack/bin/python");
    assert!(python.is_file(), "{} is not there: run `infra/local/tools.sh ministack`", python.display());
    let event = json!({
        "version": "2.0",
        "routeKey": "POST /api/v1/alerts/close",
        "rawPath": "/api/v1/alerts/close",
        "rawQueryString": "",
        "headers": {"authorization": format!("Bearer {}", world.operator), "content-type": "application/json"},
        "requestContext": {
            "requestId": "privilege", "stage": "$default", "http": {"method": "POST", "path": "/api/v1/alerts/close"}
        },
        "body": json!({"id": id, "reason": "responded"}).to_string(),
        "isBase64Encoded": false
    });
    let mut child = Command::new(python)
        .arg(root().join("tests/e2e/tests/hostile/iam.py"))
        .arg(format!("{}-alert-close", world.stack.name))
        .arg(root().join("target/lambda/alert-close/bootstrap"))
        .arg(action)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(event.to_string().as_bytes()).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"))
}

#[tokio::test]
async fn a_function_without_a_permission_is_denied_and_says_nothing() {
    let world = World::new().await;
    if !world.stack.iam_enforced {
        // Past the capturing of the test's output: a skip has to be seen.
        let told = "SKIPPED least privilege: the emulator of this run does not enforce IAM policies";
        writeln!(std::io::stderr(), "{told}").unwrap();
        return;
    }
    let id = world.posted().await;
    for action in ["dynamodb:UpdateItem", "dynamodb:GetItem", "secretsmanager:GetSecretValue"] {
        let answer = close_without(&world, action, &id).await;
        if action.starts_with("secretsmanager") {
            // Not needed for a token that the bridge itself issued: the control of the control.
            assert_eq!(answer["statusCode"], 204, "{action}: {answer}");
            continue;
        }
        let status = answer["statusCode"].as_u64().unwrap();
        assert!((500..=599).contains(&status), "{action}: {answer}");
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["details"], json!({"correlationID": "privilege"}), "{action}");
        assert!(
            ["internal server error", "bad gateway"].contains(&body["message"].as_str().unwrap()),
            "{body}"
        );
        let shown = answer.to_string();
        for inside in
            ["AccessDenied", "authorized", "dynamodb", "arn:", &world.stack.state_table, &world.operator]
        {
            assert!(!shown.contains(inside), "{action}: {inside} is shown by {shown}");
        }
        assert_eq!(world.alerts().await[0]["status"], "new", "{action}: closed all the same");
    }
    assert_eq!(world.alerts().await[0]["status"], "closed");
}
