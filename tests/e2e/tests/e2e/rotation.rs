//! Signing secrets: made, rotated, shown once, removed.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    alerts::{alert, text},
    signature::{Signer, rotate},
    tenant::Tenant,
};

fn place(tenant: &Tenant) -> String {
    format!("/bridge/v1/tenants/{}/webhook-secret", tenant.id)
}

/// Whether a post signed with this secret is taken; if not, it is refused as it should be.
async fn works(tenant: &Tenant, secret: &str) -> bool {
    let answer = Signer::new(tenant, secret).post(&alert(tenant)).await;
    if answer.status != 202 {
        answer.refused(403, "access denied", &json!(null));
    }
    answer.status == 202
}

#[tokio::test]
async fn a_secret_is_shown_once() {
    let tenant = Tenant::new().await;
    tenant.admin.get(&place(&tenant)).await.refused(404, "the tenant has no webhook secret", &json!(null));
    let made = tenant.admin.post_text(&place(&tenant), String::new()).await.expect(201).json();
    assert_eq!((text(&made, "tenantID"), &made["previousExpires"]), (&*tenant.id, &json!(null)));
    let secret = text(&made, "secret");
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{} characters", secret.len());

    let shown = tenant.admin.get(&place(&tenant)).await.expect(200);
    let members: Vec<String> = shown.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["created", "previousExpires", "tenantID"]);
    assert_eq!(shown.json()["created"], made["created"]);
    assert!(!shown.text.contains(&secret[6..]));
}

#[tokio::test]
async fn while_two_secrets_overlap_both_work() {
    let tenant = Tenant::new().await;
    let old = rotate(&tenant, None).await;
    assert!(works(&tenant, &old).await);
    let made = tenant.admin.post(&place(&tenant), &json!({"overlapHours": 1})).await.expect(201).json();
    assert!(text(&made, "previousExpires") > text(&made, "created"));
    let new = text(&made, "secret");
    assert!(works(&tenant, new).await, "the new secret works at once");
    assert!(works(&tenant, &old).await, "the old secret still works");
    // A third one: only the last two overlap.
    let newest = rotate(&tenant, Some(1)).await;
    assert!(works(&tenant, &newest).await && works(&tenant, new).await);
}

/// A withdrawn secret may be known to a running function for up to a minute, so only what took its
/// place is looked at; that the set itself no longer holds it is shown where the set is built.
#[tokio::test]
async fn a_new_secret_works_at_once_where_the_old_one_is_at_hand() {
    let tenant = Tenant::new().await;
    let mut secret = rotate(&tenant, None).await;
    for _ in 0..3 {
        assert!(works(&tenant, &secret).await);
        secret = rotate(&tenant, Some(0)).await;
        assert!(works(&tenant, &secret).await, "the new secret works");
        let shown = tenant.admin.get(&place(&tenant)).await.expect(200).json();
        assert_eq!(shown["previousExpires"], json!(null));
    }
}

#[tokio::test]
async fn of_several_rotations_at_once_one_secret_is_in_force_and_it_was_shown() {
    for there_is_one in [false, true] {
        let tenant = Tenant::new().await;
        if there_is_one {
            rotate(&tenant, None).await;
        }
        let withdrawn = json!({"overlapHours": 0});
        let target = place(&tenant);
        let answers = join_all((0..8).map(|_| tenant.admin.post(&target, &withdrawn))).await;
        let mut shown: Vec<String> = Vec::new();
        for answer in answers {
            if answer.status == 201 {
                shown.push(text(&answer.json(), "secret").to_owned());
            } else {
                answer.refused_with(409, "the secret was rotated by somebody else meanwhile");
            }
        }
        let mut working = 0;
        for secret in &shown {
            working += usize::from(works(&tenant, secret).await);
        }
        assert_eq!(working, 1, "of {} secrets that were shown", shown.len());
    }
}

#[tokio::test]
async fn a_removed_secret_makes_room_for_a_new_one() {
    let tenant = Tenant::new().await;
    let secret = rotate(&tenant, None).await;
    tenant.admin.delete(&place(&tenant)).await.expect(204);
    assert!(!works(&tenant, &secret).await);
    tenant.admin.delete(&place(&tenant)).await.refused(404, "the tenant has no webhook secret", &json!(null));
    let new = rotate(&tenant, None).await;
    assert!(works(&tenant, &new).await && !works(&tenant, &secret).await);
}

#[tokio::test]
async fn only_who_administers_the_tenant_may_touch_its_secret() {
    let tenant = Tenant::new().await;
    let other = Tenant::on(&tenant.admin.world).await;
    let administrator = tenant.user("tenant administrator").await;
    administrator.post(&place(&tenant), &json!({})).await.expect(201);
    administrator.get(&place(&tenant)).await.expect(200);
    for role in ["operator", "analyst"] {
        let user = tenant.user(role).await;
        for answer in [
            user.get(&place(&tenant)).await,
            user.post(&place(&tenant), &json!({})).await,
            user.delete(&place(&tenant)).await,
        ] {
            answer.refused(403, "access denied", &json!(null));
        }
    }
    for answer in [
        administrator.get(&place(&other)).await,
        administrator.post(&place(&other), &json!({})).await,
        administrator.delete(&place(&other)).await,
    ] {
        answer.refused(404, "tenant not found", &json!(null));
    }
    administrator.delete(&place(&tenant)).await.expect(204);
}

#[tokio::test]
async fn an_overlap_is_at_most_a_week() {
    let tenant = Tenant::new().await;
    tenant.admin.post(&place(&tenant), &json!({"overlapHours": 168})).await.expect(201);
    let refused: [(Value, &str); 4] = [
        (json!({"overlapHours": 169}), "overlapHours"),
        (json!({"overlapHours": -1}), "overlapHours"),
        (json!({"overlapHours": "1"}), "overlapHours"),
        (json!({"overlap": 1}), "overlap"),
    ];
    for (body, field) in refused {
        let answer = tenant.admin.post(&place(&tenant), &body).await;
        assert_eq!(answer.json()["details"], field, "{body}");
        answer.refused_with(400, "invalid body");
    }
}
