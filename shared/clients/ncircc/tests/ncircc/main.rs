//! The client of NCIRCC: against the simulator of the account, and byte by byte.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use bridge_domain::{CallError, secret::Secret};
use bridge_http::{Client, Options};
use bridge_ncircc::{Attachment, Ncircc};
use bridge_simulators::{Ncircc as Simulator, Options as SimulatorOptions, Running};
use serde_json::{Value, json};

mod answers;
mod calls;
mod faults;
#[allow(dead_code, reason = "the tests of several crates use it, each its part")]
#[path = "../../../http/tests/calls/peer.rs"]
mod peer;
mod proxy;
mod queries;
mod trust;

use peer::{Authority, Peer, Reply, Request};

const TOKEN: &str = "canary-token";
const COMPANY: &str = "Ромашка";
const SUPPLEMENT: &str = "Требуется дополнение";
/// Longer than anything that is not meant to run out.
const AMPLE: Duration = Duration::from_secs(20);

fn client(url: &str, roots: &str, timeout: Duration, proxy: Option<&str>) -> Ncircc {
    let options = Options {
        roots_pem: Some(roots),
        proxy,
        timeout,
        max_body: bridge_ncircc::MAX_ANSWER,
        names: bridge_ncircc::NAMES,
    };
    let http = Client::new(bridge_ncircc::SYSTEM, url, &options).unwrap();
    Ncircc::new(http, &Secret::new(TOKEN.to_owned())).unwrap()
}

/// An account that knows the token, and a client that trusts its intermediate authority.
async fn account() -> (Running, Ncircc) {
    account_with(AMPLE).await
}

async fn account_with(timeout: Duration) -> (Running, Ncircc) {
    let account = Simulator::start(SimulatorOptions::default()).await.unwrap();
    account.control.configure(&json!({ "token": TOKEN, "company": COMPANY })).await.unwrap();
    let client = client(&account.url, &account.intermediate_pem, timeout, None);
    (account, client)
}

/// An account that answers as `script` says.
async fn scripted(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> (Peer, Ncircc) {
    let ca = Authority::new("ca");
    let peer = Peer::start(ca.localhost(), script).await;
    let client = client(&peer.url(), &ca.pem, AMPLE, None);
    (peer, client)
}

/// A notification that NCIRCC takes.
fn notification(name: &str) -> Value {
    json!({
        "category": "Уведомление о компьютерном инциденте",
        "type": "Заражение ВПО",
        "company": COMPANY,
        "owner_name": COMPANY,
        "event_description": "canary: троян на рабочем месте",
        "tlp": "TLP:RED",
        "detect_time": "2026-11-20T09:30:00Z",
        "activity_status": "Проводятся мероприятия по реагированию",
        "affected_system_name": name,
        "affected_system_category": "Информационный ресурс не является объектом КИИ",
        "affected_system_function": "Связь",
        "location": "RU-MOW",
    })
}

fn file(name: &str, content: &'static [u8]) -> Attachment {
    Attachment { name: name.into(), content_type: "text/plain".into(), bytes: content.into() }
}

/// What an error says. Nothing in it may be of the token or the incident.
fn said(error: &CallError) -> String {
    let all = format!("{error} {error:?}");
    assert!(!all.contains("canary"), "{all}");
    assert_eq!(error.system, "ncircc");
    error.public.to_string()
}

/// How many notifications the account has.
async fn notifications(account: &Running) -> u64 {
    account.control.state().await.unwrap()["counts"]["notifications"].as_u64().unwrap()
}
