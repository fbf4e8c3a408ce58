//! The fault menu of the simulator: what is known of a write that met a fault, and what was done.

use bridge_domain::Class;
use bridge_ncircc::Query;

use super::*;

/// Short, for what is meant to run out.
const SHORT: Duration = Duration::from_millis(500);

/// The failure of creating a notification under a fault, and how many there are afterwards.
async fn met(fault: Value) -> (CallError, u64) {
    let (account, client) = account_with(SHORT).await;
    account.control.fault(&fault).await.unwrap();
    let error = client.create(&notification("1").to_string()).await.unwrap_err();
    said(&error);
    let seen = account.control.history().await.unwrap();
    assert_eq!(seen.len(), 1, "one call is one attempt: {seen:?}");
    (error, notifications(&account).await)
}

#[tokio::test]
async fn a_write_that_may_have_been_done_is_unknown() {
    for (fault, code, there) in [
        (json!({"fault": "status", "status": 500}), "500", 0),
        (json!({"fault": "status", "status": 501}), "501", 0),
        (json!({"fault": "status", "status": 502}), "502", 0),
        (json!({"fault": "status", "status": 503}), "503", 0),
        (json!({"fault": "status_after_effect"}), "500", 1),
        (json!({"fault": "status_after_effect", "status": 503}), "503", 1),
        (json!({"fault": "truncate"}), "broken", 1),
        (json!({"fault": "drip", "bytes": 1, "everyMs": 200}), "timeout", 1),
        (json!({"fault": "reset"}), "broken", 0),
        (json!({"fault": "reset_after_effect"}), "broken", 1),
        (json!({"fault": "hang"}), "timeout", 0),
        (json!({"fault": "hang", "afterEffect": true}), "timeout", 1),
        (json!({"fault": "status", "status": 200, "error": ""}), "refused", 0),
    ] {
        let (error, count) = met(fault.clone()).await;
        assert_eq!((error.code.as_ref(), count), (code, there), "{fault}");
        let class = if code == "refused" { Class::Permanent } else { Class::Unknown };
        assert_eq!(error.class, class, "{fault}");
    }
}

#[tokio::test]
async fn a_wish_for_patience_is_passed_on() {
    let (error, there) = met(json!({"fault": "status", "status": 429, "retryAfter": 7})).await;
    assert_eq!((error.class, error.retry_after), (Class::RateLimited, Some(Duration::from_secs(7))));
    assert_eq!(there, 0);
    let (error, _) = met(json!({"fault": "status", "status": 503, "retryAfter": 9})).await;
    assert_eq!((error.class, error.retry_after), (Class::Unknown, Some(Duration::from_secs(9))));
}

#[tokio::test]
async fn a_refusal_with_the_status_of_a_success_is_one() {
    let (error, there) = met(json!({"fault": "error_body", "error": "Внутренняя ошибка"})).await;
    assert_eq!((error.class, error.code.as_ref(), there), (Class::Permanent, "refused", 0));
    assert!(said(&error).ends_with("refuses the request; its answer: Внутренняя ошибка"), "{error:?}");
    let (error, _) = met(json!({"fault": "error_body", "error": "Передан неверный токен"})).await;
    assert_eq!((error.class, error.code.as_ref()), (Class::Auth, "token"));
}

#[tokio::test]
async fn every_write_is_unknown_alike() {
    let (account, client) = account_with(SHORT).await;
    account.control.fault(&json!({"fault": "hang", "method": "POST"})).await.unwrap();
    let errors = [
        client.update(r#"{"uuid":"iu"}"#).await.unwrap_err(),
        client.attach("iu", Some(COMPANY), vec![file("a", b"b")]).await.unwrap_err(),
        client.comment("iu", "text").await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.class, error.code.as_ref()), (Class::Unknown, "timeout"), "{error:?}");
        assert!(said(&error).contains("0.5 s (timeoutSeconds)"), "{error:?}");
    }
}

#[tokio::test]
async fn a_read_under_a_fault_may_be_repeated() {
    for fault in [
        json!({"fault": "status", "status": 500}),
        json!({"fault": "status", "status": 503}),
        json!({"fault": "truncate"}),
        json!({"fault": "reset"}),
        json!({"fault": "hang"}),
    ] {
        let (account, client) = account_with(SHORT).await;
        account.control.fault(&fault).await.unwrap();
        for error in [client.probe().await.unwrap_err(), client.list(&Query::default()).await.unwrap_err()] {
            assert_eq!(error.class, Class::Transient, "{fault}");
            said(&error);
        }
        assert_eq!(account.control.history().await.unwrap().len(), 2);
        account.control.clear_faults().await.unwrap();
        client.probe().await.unwrap();
    }
}
