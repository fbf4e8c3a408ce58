use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::testing::{Hand, Peer};

fn value(value: &str, version: &str) -> (u16, Value) {
    (200, json!({ "ARN": "arn", "Name": "n", "SecretString": value, "VersionId": version }))
}

fn error(status: u16, code: &str) -> (u16, Value) {
    (status, json!({ "__type": code, "message": "canary-message" }))
}

/// A service whose secret has a new version at every read.
async fn counting() -> Peer {
    let reads = AtomicUsize::new(0);
    Peer::start(move |_| {
        let read = reads.fetch_add(1, Ordering::SeqCst) + 1;
        value("canary", &format!("v{read}"))
    })
    .await
}

fn cache(peer: &Peer, hand: &Hand) -> SecretCache {
    SecretCache::with_clock(peer.aws().secrets(), TTL, hand.clock())
}

#[tokio::test]
async fn a_value_is_read_once_in_its_time_to_live() {
    let (peer, hand) = (counting().await, Hand::new());
    let cache = cache(&peer, &hand);
    for (advance, version) in [(0, "v1"), (59_999, "v1"), (1, "v2"), (-1, "v3")] {
        hand.advance_ms(advance);
        assert_eq!(cache.get("s").await.unwrap().version(), version);
    }
    assert_eq!(peer.calls()[0].body["SecretId"], "s");
    assert!(!format!("{:?} {cache:?}", cache.get("s").await).contains("canary"));
}

#[tokio::test]
async fn concurrent_readers_cause_one_read() {
    let (peer, hand) = (counting().await, Hand::new());
    let cache = cache(&peer, &hand);
    let readers = (0..20).map(|_| cache.get("s"));
    let versions = futures_util::future::join_all(readers).await;
    assert!(versions.into_iter().all(|secret| secret.unwrap().version() == "v1"));
    assert_eq!(peer.calls().len(), 1);
}

#[tokio::test]
async fn wrong_tokens_cause_a_few_reads_in_ten_seconds_and_no_more() {
    let (peer, hand) = (counting().await, Hand::new());
    let cache = cache(&peer, &hand);
    cache.get("s").await.unwrap();
    let most = usize::try_from(REFRESHES).unwrap();
    for (advance, reads) in [(0, 1 + most), (9_999, 1 + most), (1, 1 + 2 * most)] {
        hand.advance_ms(advance);
        for _ in 0..100 {
            let known = cache.get("s").await.unwrap();
            cache.refresh_after_auth_failure("s", known.version()).await.unwrap();
        }
        assert_eq!(peer.calls().len(), reads);
    }
}

#[tokio::test]
async fn a_version_that_is_newer_than_the_failed_one_is_not_read_again() {
    let (peer, hand) = (counting().await, Hand::new());
    let cache = cache(&peer, &hand);
    cache.get("s").await.unwrap();
    hand.advance_ms(20_000);
    assert_eq!(cache.refresh_after_auth_failure("s", "v0").await.unwrap().version(), "v1");
    assert_eq!(cache.refresh_after_auth_failure("other", "v0").await.unwrap().version(), "v2");
}

#[tokio::test]
async fn failures_have_their_class_and_quote_nothing() {
    for (status, code, class) in [
        (400, "ResourceNotFoundException", Class::NotFound),
        (400, "AccessDeniedException", Class::Permanent),
        (400, "ThrottlingException", Class::RateLimited),
        (500, "InternalServiceError", Class::Transient),
    ] {
        let peer = Peer::start(move |_| error(status, code)).await;
        let failure = cache(&peer, &Hand::new()).get("s").await.unwrap_err();
        assert_eq!((failure.class, &*failure.code, failure.system), (class, code, "secretsmanager"));
        assert!(!format!("{failure:?}").contains("canary"));
    }
}

#[tokio::test]
async fn a_lost_connection_is_transient_and_a_binary_secret_permanent() {
    let peer = Peer::start(|_| (200, json!({ "SecretBinary": "AAAA", "VersionId": "v" }))).await;
    assert_eq!(cache(&peer, &Hand::new()).get("s").await.unwrap_err().class, Class::Permanent);
    let nobody = Peer { url: "http://127.0.0.1:9".into(), ..peer };
    assert_eq!(cache(&nobody, &Hand::new()).get("s").await.unwrap_err().class, Class::Transient);
}

#[tokio::test]
async fn an_absent_secret_is_remembered_shortly_and_other_failures_more_shortly() {
    for (code, within, after) in [("ResourceNotFoundException", 9_999, 1), ("ThrottlingException", 999, 1)] {
        let peer = Peer::start(move |_| error(400, code)).await;
        let hand = Hand::new();
        let cache = cache(&peer, &hand);
        for (advance, reads) in [(0, 1), (within, 1), (after, 2)] {
            hand.advance_ms(advance);
            assert!(cache.get("s").await.is_err());
            assert_eq!(peer.calls().len(), reads, "{code}");
        }
    }
}

#[tokio::test]
async fn a_refresh_that_fails_leaves_the_good_value_alone() {
    let reads = AtomicUsize::new(0);
    let peer = Peer::start(move |_| match reads.fetch_add(1, Ordering::SeqCst) {
        0 => value("canary", "v1"),
        _ => error(500, "InternalServiceError"),
    })
    .await;
    let hand = Hand::new();
    let cache = cache(&peer, &hand);
    cache.get("s").await.unwrap();
    hand.advance_ms(11_000);
    assert_eq!(cache.refresh_after_auth_failure("s", "v1").await.unwrap_err().class, Class::Transient);
    assert_eq!(cache.get("s").await.unwrap().version(), "v1");
    assert_eq!(peer.calls().len(), 2);
}

#[tokio::test]
async fn the_cache_is_bounded_and_drops_what_was_read_longest_ago() {
    let (peer, hand) = (counting().await, Hand::new());
    let cache = cache(&peer, &hand);
    cache.get("first").await.unwrap();
    hand.advance_ms(1);
    cache.get("second").await.unwrap();
    for number in 0..CAPACITY - 2 {
        cache.slot(&format!("filler-{number}")).0.lock().await.replace(Reading {
            at: hand.clock().now(),
            refreshes: (Timestamp::MIN, 0),
            result: Err(CallError::new(Class::NotFound, SYSTEM, "none")),
        });
    }
    cache.slot("one more");
    assert_eq!(cache.slots.lock().unwrap().len(), CAPACITY);
    cache.get("second").await.unwrap();
    assert_eq!(peer.calls().len(), 2, "the second is still there");
    cache.get("first").await.unwrap();
    assert_eq!(peer.calls().len(), 3, "the first had to go");
}
