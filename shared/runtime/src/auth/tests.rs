use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use http::{HeaderMap, HeaderValue, Method};
use serde_json::json;

use super::*;
use crate::{
    deadline::Deadline,
    secrets::{REFRESHES, TTL},
    testing::{Hand, Peer},
};

fn request(authorization: &[&str]) -> Request {
    let headers: HeaderMap =
        authorization.iter().map(|value| (AUTHORIZATION, HeaderValue::from_str(value).unwrap())).collect();
    Request {
        method: Method::GET,
        route: "GET /".into(),
        path: "/".into(),
        raw_query: String::new(),
        headers,
        path_parameters: [].into(),
        body: Vec::new(),
        correlation_id: "c".into(),
        received: Timestamp::MIN,
        deadline: Deadline::at(Timestamp::MAX),
    }
}

fn token(operations: Allowed, expires: Option<Timestamp>) -> Token {
    Token {
        id: "abc".parse().unwrap(),
        name: "IRP".parse().unwrap(),
        login: "irp".into(),
        email: String::new(),
        grants: Grants::Everything,
        operations,
        created: Timestamp::MIN,
        expires,
        digest: Secret::new("right".into()).digest(),
    }
}

async fn admin(peer: &Peer, hand: &Hand) -> AdminToken {
    let cache = SecretCache::with_clock(peer.aws().secrets(), TTL, hand.clock());
    cache.get("admin").await.ok();
    AdminToken { cache, secret_id: "admin".into() }
}

/// A stack whose first token is `old` until the flag is set, and `new` afterwards.
async fn rotating() -> (Peer, Arc<AtomicBool>) {
    let rotated = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&rotated);
    let peer = Peer::start(move |_| {
        let version = if flag.load(Ordering::SeqCst) { "new" } else { "old" };
        (200, json!({ "SecretString": format!("{version}-token"), "VersionId": version }))
    })
    .await;
    (peer, rotated)
}

async fn status(admin: &AdminToken, value: &str, token: Option<Token>) -> Result<String, u16> {
    let request = request(&[value]);
    principal(&request, admin, Operation::CloseAlert, Timestamp::MIN, |_| async { Ok(token) })
        .await
        .map(|principal| principal.id)
        .map_err(|error| error.status.as_u16())
}

#[test]
fn one_bearer_value_in_any_case_is_read() {
    for value in ["Bearer t", "bearer t", "BEARER   t ", "Bearer kb_abc_s"] {
        assert!(bearer(&request(&[value])).is_ok(), "{value}");
    }
    for values in [
        &[][..],
        &[""],
        &["Bearer"],
        &["Bearer "],
        &["Basic dXNlcg=="],
        &["t"],
        &["Bearer a b"],
        &["Bearer a,Bearer b"],
        &["Bearer a", "Bearer b"],
    ] {
        let error = bearer(&request(values)).unwrap_err();
        assert_eq!(
            (error.status.as_u16(), &*error.message),
            (400, "invalid authorization header"),
            "{values:?}"
        );
        assert_eq!(error.details, "Example: Authorization: Bearer <token>");
    }
}

#[tokio::test]
async fn an_issued_token_is_checked_against_the_store() {
    let (peer, _) = rotating().await;
    let admin = admin(&peer, &Hand::new()).await;
    let all = || Some(token(Allowed::All, None));
    assert_eq!(status(&admin, "Bearer kb_abc_right", all()).await, Ok("abc".into()));
    assert_eq!(status(&admin, "Bearer kb_abc_wrong", all()).await, Err(403));
    assert_eq!(status(&admin, "Bearer kb_abc_right", None).await, Err(403));
    assert_eq!(
        status(&admin, "Bearer kb_abc_right", Some(token(Allowed::All, Some(Timestamp::MIN)))).await,
        Err(403)
    );
    let search_only = token(Allowed::Only(vec![Operation::SearchAlerts]), None);
    assert_eq!(status(&admin, "Bearer kb_abc_right", Some(search_only)).await, Err(403));
    let close_only = token(Allowed::Only(vec![Operation::CloseAlert]), None);
    assert_eq!(status(&admin, "Bearer kb_abc_right", Some(close_only)).await, Ok("abc".into()));
}

#[tokio::test]
async fn the_first_administrator_may_do_everything() {
    let (peer, _) = rotating().await;
    let admin = admin(&peer, &Hand::new()).await;
    let request = request(&["Bearer old-token"]);
    let lookup = |_| async { panic!("the store has no such token") };
    let found = principal(&request, &admin, Operation::ManageTokens, Timestamp::MIN, lookup).await.unwrap();
    assert_eq!(
        (found.id.as_str(), found.grants, found.operations),
        (FIRST_ADMINISTRATOR, Grants::Everything, Allowed::All)
    );
}

#[tokio::test]
async fn a_rotated_first_token_works_at_once_and_the_old_one_no_longer() {
    let (peer, rotated) = rotating().await;
    let hand = Hand::new();
    let admin = admin(&peer, &hand).await;
    hand.advance_ms(11_000);
    rotated.store(true, Ordering::SeqCst);
    assert_eq!(status(&admin, "Bearer new-token", None).await, Ok(FIRST_ADMINISTRATOR.into()));
    assert_eq!(status(&admin, "Bearer old-token", None).await, Err(403));
}

#[tokio::test]
async fn guessing_does_not_flood_the_secrets_service() {
    let (peer, _) = rotating().await;
    let hand = Hand::new();
    let admin = admin(&peer, &hand).await;
    hand.advance_ms(11_000);
    for _ in 0..50 {
        assert_eq!(status(&admin, "Bearer guess", None).await, Err(403));
    }
    assert_eq!(peer.calls().len(), 1 + usize::try_from(REFRESHES).unwrap());
}

#[tokio::test]
async fn a_token_that_can_not_be_checked_is_our_fault() {
    for (code, expected) in
        [("ResourceNotFoundException", 500), ("AccessDeniedException", 500), ("ThrottlingException", 503)]
    {
        let peer = Peer::start(move |_| (400, json!({ "__type": code }))).await;
        let admin = admin(&peer, &Hand::new()).await;
        assert_eq!(status(&admin, "Bearer t", None).await, Err(expected), "{code}");
    }
    let (peer, _) = rotating().await;
    let admin = admin(&peer, &Hand::new()).await;
    let lookup = |_| async { Err(CallError::new(Class::Invalid, "dynamodb", "no")) };
    let request = request(&["Bearer kb_abc_right"]);
    let error = principal(&request, &admin, Operation::CloseAlert, Timestamp::MIN, lookup).await.unwrap_err();
    assert_eq!(error.status.as_u16(), 500);
}

/// Handlers may move between threads: this compiles only while the check's future is `Send`.
const _: fn(Request, AdminToken) = |request, admin| {
    fn is_send<T: Send>(_: T) {}
    is_send(async move {
        principal(&request, &admin, Operation::WhoAmI, Timestamp::MIN, async |_| Ok(None)).await
    });
};
