//! Exports when something is wrong: nothing arrives twice, nothing is lost, and somebody is told.

use bridge_domain::{RowId, Timestamp};
use bridge_runtime::aws::Aws;
use bridge_store::Store;
use serde_json::{Value, json};

use crate::{alerts::text, export_account::Account, incidents::place, irp::secret};

/// What was said of an export last.
fn said(shown: &Value) -> &str {
    shown["lastAnswer"]["text"].as_str().unwrap_or_default()
}

/// Lets the time pass that an export waits for, and has it looked at.
async fn wake(account: &Account, id: &str) {
    let stack = &account.user.world.stack;
    let aws = Aws::load().await;
    let store = Store::new(aws.config(), stack.state_table.parse().unwrap());
    let row = store.row(&id.parse().unwrap(), &RowId::export()).await.unwrap().unwrap();
    let mut ledger = row.value.ledger.clone();
    ledger.next = Some(Timestamp::from_system(std::time::SystemTime::now()));
    store.save_row(row, ledger).await.unwrap();
    let message = json!({"incidentID": id, "row": "export"}).to_string();
    let queue = aws.sqs().send_message().queue_url(&stack.ncircc_queue);
    queue.message_body(message).send().await.unwrap();
}

#[tokio::test]
async fn a_refused_token_stops_the_export_until_it_is_put_right() {
    let account = Account::new(json!({})).await;
    account.rotate("ncircc-canary-wrong").await;
    let id = account.incident(json!({})).await;
    account.export(&id, json!({})).await.expect(202);
    let shown = account.shown(&id, |shown| !said(shown).is_empty()).await;
    assert!(said(&shown).contains("tokenSecretID"), "{shown}");
    assert_eq!((text(&shown, "state"), shown["sent"].is_null()), ("pending", true));
    assert!(!shown.to_string().contains("canary"), "{shown}");
    // It is not tried on and on: NCIRCC may lock an account.
    let waits: Timestamp = text(&shown, "next").parse().unwrap();
    let last: Timestamp = text(&shown, "lastAttempt").parse().unwrap();
    assert!(last.until(waits).as_secs() >= 240, "{shown}");
    assert_eq!(account.notifications().await.len(), 0);

    account.rotate(&account.token).await;
    wake(&account, &id).await;
    account.sent(&id).await;
    assert_eq!(account.notifications().await.len(), 1);
}

#[tokio::test]
async fn a_missing_intermediate_certificate_is_named_and_added() {
    let account = Account::new(json!({})).await;
    let root = secret(&account.tenant, "certificate", &account.peer.ca_pem).await;
    account.change(json!({"rootCASecretID": root})).await;
    let id = account.incident(json!({})).await;
    account.export(&id, json!({})).await.expect(202);
    let shown = account.shown(&id, |shown| !said(shown).is_empty()).await;
    assert!(said(&shown).to_lowercase().contains("intermediate"), "{shown}");
    assert_eq!(text(&shown, "state"), "pending");
    // The cure: the intermediate certificate, and nothing else.
    let intermediate = secret(&account.tenant, "certificate", &account.peer.intermediate_pem).await;
    account.change(json!({"rootCASecretID": intermediate})).await;
    wake(&account, &id).await;
    account.sent(&id).await;
    assert_eq!(account.notifications().await.len(), 1);
}

#[tokio::test]
async fn what_was_taken_without_an_answer_is_asked_for_and_not_sent_again() {
    for fault in [
        json!({"fault": "reset_after_effect"}),
        json!({"fault": "status_after_effect", "status": 500}),
        json!({"fault": "hang", "afterEffect": true}),
    ] {
        let account = Account::new(json!({"timeoutSeconds": 2})).await;
        let mut order = fault.clone();
        order["method"] = json!("POST");
        order["times"] = json!(1);
        account.peer.control.fault(&order).await.unwrap();
        let id = account.incident(json!({})).await;
        account.export(&id, json!({})).await.expect(202);
        let shown = account.shown(&id, |shown| shown["state"] == "unknown").await;
        assert_eq!(text(&shown, "exportToNCIRCC"), "Export result unknown", "{fault}");
        account.export(&id, json!({})).await.refused_with(409, "already exported");
        wake(&account, &id).await;
        let sent = account.sent(&id).await;
        let [there] = &*account.notifications().await else { panic!("{fault}: not one") };
        assert_eq!(
            (&sent["uuid"], &sent["attempts"], &sent["asked"]),
            (&there["uuid"], &json!(1), &json!(1)),
            "{fault}"
        );
    }
}

#[tokio::test]
async fn a_person_decides_what_nobody_could_find_out() {
    let account = Account::new(json!({"timeoutSeconds": 2})).await;
    let lost = json!({"fault": "reset_after_effect", "method": "POST", "times": 1});
    account.peer.control.fault(&lost).await.unwrap();
    let id = account.incident(json!({})).await;
    account.export(&id, json!({})).await.expect(202);
    account.shown(&id, |shown| shown["state"] == "unknown").await;
    let there = account.notifications().await.remove(0);
    let word = json!({"resolution": "exported", "uuid": there["uuid"], "identifier": there["identifier"]});
    let shown = account.order(&id, "export/resolve", &word).await.expect(200).json();
    assert_eq!((text(&shown, "state"), &shown["uuid"]), ("sent", &there["uuid"]));
    account.order(&id, "export/resolve", &word).await.refused_with(409, "nothing to decide");
    let ours = account.user.get(&place(&id)).await.expect(200).json();
    assert_eq!(text(&ours, "exportToNCIRCC"), "Exported successfully");
    // It is in step from then on.
    account.act(json!({"act": "register", "uuid": there["uuid"], "number": "RMSH-26-11-7"})).await;
    account.synced(&id, |report| report["number"] == "RMSH-26-11-7").await;
    assert_eq!(account.state().await["counts"]["creates"], 1);
}
