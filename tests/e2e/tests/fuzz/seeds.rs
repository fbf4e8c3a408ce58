//! The samples that mutation starts from.

use std::{fs, path::Path, sync::LazyLock};

use serde_json::Value;

/// The sample events of API Gateway that are kept for every function.
pub(crate) static GATEWAY: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let all = samples().into_iter();
    let found: Vec<_> = all.filter(|bytes| is_gateway_event(bytes)).collect();
    assert!(found.len() >= 6, "events/ holds only {} events of API Gateway", found.len());
    found
});

/// Bodies with alerts: the sample files, and small ones made by hand.
pub(crate) static ALERTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut all: Vec<_> = samples().into_iter().filter(|bytes| holds_alerts(bytes)).collect();
    assert!(all.len() >= 3, "events/ holds only {} bodies with alerts", all.len());
    // Small ones are as often hit as large ones: most of a large one is dull.
    for small in SMALL_ALERTS {
        all.push(small.as_bytes().to_vec());
        all.push(format!("[{small},{}]", SMALL_ALERTS[0]).into_bytes());
    }
    all
});

const SMALL_ALERTS: &[&str] = &[
    r#"{"id":"a1","tenantID":"t","name":"n","priority":"low","firstSeen":"2026-11-20T10:00:00Z","lastSeen":"2026-11-20T10:00:01Z"}"#,
    r#"{"id":"a2","tenantID":"t","name":"Имя","priority":"critical","status":"closed","closingReason":"responded","firstSeen":"2026-11-20T10:00:00+03:00","lastSeen":"2026-11-20T10:00:01.123456789Z","overflow":true,"events":[{"ID":"e1","Timestamp":1795100400000},{"ID":"e1","Timestamp":2},{"x":[[[{}]]]}]}"#,
    r#"{"id":"a3","name":"n","priority":"high","status":null,"firstSeen":"1970-01-01T00:00:00Z","lastSeen":"1970-01-01T00:00:00Z","affectedAssets":[{"a":{"b":[1,2.5,-3,1e10,null]}}],"affectedAccounts":[{}],"extra":{"deep":[[[[[[]]]]]]},"score":0.1,"updatedAt":"2026-11-20T10:00:00Z"}"#,
    r#"{"id":"a4","id":"a5","tenantID":"t","name":"\u0041\ud83e\udd80","priority":"low","firstSeen":"2026-11-20T10:00:00Z","lastSeen":"2026-11-20T10:00:01Z","events":null,"assignee":"\u0000"}"#,
];

fn samples() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    let mut found = Vec::new();
    for function in fs::read_dir(root).unwrap() {
        for file in fs::read_dir(function.unwrap().path()).unwrap() {
            found.push(fs::read(file.unwrap().path()).unwrap());
        }
    }
    // Directories are listed in any order; a failing input must mean the same next time.
    found.sort();
    found
}

fn is_gateway_event(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Value>(bytes).unwrap().get("requestContext").is_some()
}

/// Whether a sample is what a SIEM posts, not the event of a queue or a schedule.
fn holds_alerts(bytes: &[u8]) -> bool {
    let value: Value = serde_json::from_slice(bytes).unwrap();
    value.is_array() || value.get("firstSeen").is_some()
}

/// Texts as seeds.
pub(crate) fn texts(list: &[&str]) -> Vec<Vec<u8>> {
    list.iter().map(|text| text.as_bytes().to_vec()).collect()
}
