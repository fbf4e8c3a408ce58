//! Exports through a real proxy, on the deployed stack.

use bridge_simulators::TinyProxy;
use serde_json::{Value, json};

use crate::{
    export_account::Account,
    ncircc_settings::{TEST, bad},
};

/// That the proxy was asked for ways to the account and for nothing else.
#[track_caller]
fn led_to(proxy: &TinyProxy, account: &Account) {
    let way = format!("CONNECT {} HTTP/1.1", account.peer.url.strip_prefix("https://").unwrap());
    let asked = proxy.requests().unwrap();
    assert!(!asked.is_empty() && asked.iter().all(|line| *line == way), "{asked:?}");
    // What goes through is none of its business.
    assert!(!proxy.log().unwrap().contains("canary"));
}

#[tokio::test]
async fn what_goes_to_ncircc_goes_through_the_proxy_and_waits_while_there_is_none() {
    let mut proxy = TinyProxy::start("").await.unwrap();
    let account = Account::new(json!({"proxy": proxy.url, "timeoutSeconds": 10})).await;
    let admin = &account.tenant.admin;
    let first = account.incident(json!({})).await;
    account.export(&first, json!({})).await.expect(202);
    account.sent(&first).await;
    assert_eq!(account.notifications().await.len(), 1);
    led_to(&proxy, &account);

    // It is down: the test names it, and what is ordered waits.
    proxy.stop().await.unwrap();
    let down = format!("the proxy {} takes no connections", proxy.url.strip_prefix("http://").unwrap());
    bad(&admin.post(TEST, &json!({})).await.expect(200), "connection", &down);
    let second = account.incident(json!({})).await;
    account.export(&second, json!({})).await.expect(202);
    let failing = |shown: &Value| !shown["lastAnswer"].is_null();
    let waiting = account.shown(&second, failing).await;
    assert_eq!((&waiting["state"], &waiting["uuid"]), (&json!("pending"), &json!(null)), "{waiting}");
    assert!(waiting["lastAnswer"]["text"].as_str().unwrap().contains(&down), "{waiting}");
    assert_eq!(account.notifications().await.len(), 1);

    // Another one takes its place, and nothing was lost.
    let other = TinyProxy::start("").await.unwrap();
    account.change(json!({"proxy": other.url})).await;
    account.sent(&second).await;
    assert_eq!(account.notifications().await.len(), 2);
    led_to(&other, &account);
}
