//! Calls through a real proxy.

use bridge_domain::Class;
use bridge_simulators::TinyProxy;

use super::*;

/// The account, and its host and port as a proxy is asked for them.
async fn behind() -> (Running, String) {
    let account = Simulator::start(SimulatorOptions::default()).await.unwrap();
    account.control.configure(&json!({ "token": TOKEN, "company": COMPANY })).await.unwrap();
    let host = account.url.strip_prefix("https://").unwrap().to_owned();
    (account, host)
}

fn through(account: &Running, proxy: &TinyProxy) -> Ncircc {
    client(&account.url, &account.intermediate_pem, AMPLE, Some(&proxy.url))
}

#[tokio::test]
async fn every_call_goes_through_the_proxy_which_learns_nothing_but_the_host() {
    let (account, host) = behind().await;
    let proxy = TinyProxy::start("").await.unwrap();
    let client = through(&account, &proxy);
    client.probe().await.unwrap();
    client.create(&notification("1").to_string()).await.unwrap();
    assert_eq!(proxy.requests().unwrap(), [format!("CONNECT {host} HTTP/1.1")], "one tunnel for both");
    assert_eq!(notifications(&account).await, 1);
    assert!(!proxy.log().unwrap().contains("canary"));
}

#[tokio::test]
async fn without_the_setting_nothing_goes_through_it() {
    let (account, _) = behind().await;
    let proxy = TinyProxy::start("").await.unwrap();
    client(&account.url, &account.intermediate_pem, AMPLE, None).probe().await.unwrap();
    assert_eq!(proxy.requests().unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_proxy_that_is_down_is_told_and_nothing_is_sent() {
    let (account, host) = behind().await;
    let mut proxy = TinyProxy::start("").await.unwrap();
    proxy.stop().await.unwrap();
    let error = through(&account, &proxy).create(&notification("1").to_string()).await.unwrap_err();
    assert_eq!((error.class, error.code.as_ref()), (Class::Transient, "connect"), "{error:?}");
    let address = proxy.url.strip_prefix("http://").unwrap();
    let said = said(&error);
    assert!(said.starts_with(&format!("the proxy {address} takes no connections")), "{said}");
    assert!(!said.contains(&host), "the account itself is not to blame: {said}");
    assert!(account.control.history().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_proxy_that_goes_down_meanwhile_is_told_at_the_next_call() {
    let (account, _) = behind().await;
    let mut proxy = TinyProxy::start("").await.unwrap();
    let client = through(&account, &proxy);
    client.probe().await.unwrap();
    proxy.stop().await.unwrap();
    let error = client.probe().await.unwrap_err();
    assert_eq!(error.class, Class::Transient, "{error:?}");
    said(&error);
    assert_eq!(account.control.history().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_proxy_that_lets_nobody_through_is_told() {
    let (account, host) = behind().await;
    let proxy = TinyProxy::start("ConnectPort 1\n").await.unwrap();
    let error = through(&account, &proxy).create(&notification("1").to_string()).await.unwrap_err();
    assert_eq!((error.class, error.code.as_ref()), (Class::Transient, "proxy"), "{error:?}");
    assert!(said(&error).contains(&format!("opens no way to {host}: it refuses")), "{error:?}");
    assert!(account.control.history().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_host_that_the_proxy_can_not_reach_is_told() {
    let proxy = TinyProxy::start("").await.unwrap();
    let (account, _) = behind().await;
    let client = client("https://localhost:1", &account.intermediate_pem, AMPLE, Some(&proxy.url));
    let error = client.create("{}").await.unwrap_err();
    assert_eq!((error.class, error.code.as_ref()), (Class::Transient, "proxy"), "{error:?}");
    assert!(said(&error).contains("opens no way to localhost:1"), "{error:?}");
    assert_eq!(proxy.requests().unwrap(), ["CONNECT localhost:1 HTTP/1.1"]);
}
