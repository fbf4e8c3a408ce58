//! The simulators as processes of their own.

use std::time::Duration;

use bridge_simulators::{Options, Process, RVision};
use serde_json::json;
use tokio::{process::Command, time::timeout};
use uuid::Uuid;

use crate::peer::{client, sent};

#[tokio::test]
async fn a_process_serves_until_its_input_ends_and_leaves_nothing() {
    for (program, token, target) in [
        ("sim-kuma", "", "/api/v1/alerts"),
        ("sim-rvision", "r-vision-token", "/api/v2/incidents"),
        ("sim-ncircc", "ncircc-token", "/api/v2/companies?limit=1"),
    ] {
        let process = Process::start(program, &[]).await.unwrap();
        let trusted =
            if process.intermediate.is_some() { &process.intermediate_pem } else { &process.ca_pem };
        let request = client(trusted).get(format!("{}{target}", process.url));
        let request = request.header("Authorization", "Bearer kuma-token").header("X-Token", token);
        sent(request).await.ok();
        assert_eq!(process.control.state().await.unwrap()["requests"], 1);
        let ca = process.ca.clone();
        timeout(Duration::from_secs(10), process.stop()).await.unwrap().unwrap();
        assert!(!ca.exists());
    }
}

#[tokio::test]
async fn a_process_ends_when_asked_to() {
    let process = Process::start("sim-rvision", &[]).await.unwrap();
    let (control, id) = (process.control.clone(), process.id().unwrap());
    Command::new("/bin/sh").args(["-c", &format!("kill -s TERM {id}")]).status().await.unwrap();
    // It holds its standard input open all the while.
    timeout(Duration::from_secs(10), async { while control.state().await.is_ok() {} }).await.unwrap();
    process.stop().await.unwrap();
}

#[tokio::test]
async fn two_may_share_a_certificate() {
    let dir = std::env::temp_dir().join(format!("bridge-simulators-{}", Uuid::new_v4()));
    let options = Options { tls_dir: Some(dir.clone()), ..Options::default() };
    let (one, two) = (RVision::start(options.clone()).await.unwrap(), RVision::start(options).await.unwrap());
    assert_eq!(one.ca_pem, two.ca_pem);
    let client = client(&one.ca_pem);
    for running in [&one, &two] {
        let by_address = running.url.replace("localhost", "127.0.0.1");
        for url in [&running.url, &by_address] {
            assert_eq!(sent(client.get(format!("{url}/api/v2/companies"))).await.0, 401);
        }
    }
    let url = one.url.clone();
    drop((one, two));
    assert!(dir.exists());
    std::fs::remove_dir_all(&dir).unwrap();
    assert!(client.get(url).send().await.is_err());
}

#[tokio::test]
async fn wrong_arguments_are_told() {
    let refused = Process::start("sim-kuma", &["--pott", "1"]).await.unwrap_err().to_string();
    assert!(refused.contains("ended at once"), "{refused}");
    let busy = Process::start("sim-kuma", &[]).await.unwrap();
    let port = busy.url.rsplit_once(':').unwrap().1.to_owned();
    assert!(Process::start("sim-kuma", &["--port", &port]).await.is_err());
    busy.control.configure(&json!({"token": "other"})).await.unwrap();
}
