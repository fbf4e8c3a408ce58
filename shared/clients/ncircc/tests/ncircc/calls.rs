//! Every call, against the simulator of the account.

use bridge_domain::Timestamp;
use bridge_ncircc::{CommentQuery, Direction, Property, Query};

use super::*;

/// A new notification in the account.
async fn created(client: &Ncircc, name: &str) -> String {
    client.create(&notification(name).to_string()).await.unwrap().uuid
}

#[tokio::test]
async fn the_probe_reads_one_id_at_most() {
    let (account, client) = account().await;
    client.probe().await.unwrap();
    account.control.act(&json!({"act": "many", "count": 3})).await.unwrap();
    client.probe().await.unwrap();
    let seen = account.control.history().await.unwrap();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0]["path"], "/api/v2/incidents");
    assert_eq!(seen[0]["query"], json!(["fields", "limit"]));
}

#[tokio::test]
async fn a_notification_is_created_and_read_back() {
    let (account, client) = account().await;
    let body = notification("АРМ бухгалтера");
    let created = client.create(&body.to_string()).await.unwrap();
    let state = account.control.state().await.unwrap();
    let there = &state["notifications"][0];
    assert_eq!(there["body"], body, "as it was given");
    assert_eq!(created.uuid, there["uuid"].as_str().unwrap());
    assert_eq!(created.identifier.as_deref(), there["identifier"].as_str());
    let at: Timestamp = there["created"].as_str().unwrap().parse().unwrap();
    assert_eq!(created.created, Some(at));

    account
        .control
        .act(&json!({"act": "register", "uuid": created.uuid, "number": "RMSH-26-11-1"}))
        .await
        .unwrap();
    let query = Query { filter: vec![Property::Uuid.is(&created.uuid)], ..Query::default() };
    let page = client.list(&query).await.unwrap();
    assert_eq!((page.cards.len(), page.rows, page.next), (1, 1, false));
    let card = &page.cards[0];
    assert_eq!(card.uuid, created.uuid);
    assert_eq!(card.identifier, created.identifier);
    assert_eq!(card.reg_number.as_deref(), Some("RMSH-26-11-1"));
    assert_eq!(card.status.as_deref(), Some("Зарегистрировано"));
    assert_eq!(card.category.as_deref(), body["category"].as_str());
    assert_eq!(card.kind.as_deref(), Some("Заражение ВПО"));
    assert_eq!(card.tlp.as_deref(), Some("TLP:RED"));
    assert_eq!(card.company.as_deref(), Some(COMPANY));
    assert_eq!(card.owner_name.as_deref(), Some(COMPANY));
    assert_eq!(card.activity_status.as_deref(), body["activity_status"].as_str());
    assert_eq!(card.affected_system_name.as_deref(), Some("АРМ бухгалтера"));
    assert_eq!(card.event_description.as_deref(), body["event_description"].as_str());
    assert_eq!(card.detected, "2026-11-20T09:30:00Z".parse().ok());
    assert_eq!((card.created, card.int_result.as_deref(), card.ended), (Some(at), None, None));
    assert!(card.updated >= Some(at));
    assert!(card.others.is_empty());
    assert!(!format!("{page:?}").contains("canary"));
}

#[tokio::test]
async fn a_supplement_and_files_follow_when_they_are_asked_for() {
    let (account, client) = account().await;
    let uuid = created(&client, "АРМ").await;
    account.control.act(&json!({"act": "status", "uuid": uuid, "status": SUPPLEMENT})).await.unwrap();
    let files = vec![file("журнал \"1\".txt", b"canary-1"), file("b.bin", b"")];
    client.attach(&uuid, Some(COMPANY), files).await.unwrap();
    let supplement = json!({
        "uuid": uuid, "company": COMPANY, "status": "Проверка НКЦКИ", "event_description": "ещё",
    });
    client.update(&supplement.to_string()).await.unwrap();

    let state = account.control.state().await.unwrap();
    assert_eq!(state["notifications"][0]["status"], "Проверка НКЦКИ");
    assert_eq!(state["notifications"][0]["fields"]["event_description"], "ещё");
    assert_eq!(
        (state["counts"]["attaches"].as_u64(), state["counts"]["updates"].as_u64()),
        (Some(1), Some(1))
    );

    let there = client.files(&uuid).await.unwrap();
    let sizes: Vec<_> = there.iter().map(|file| (file.name.as_deref(), file.size)).collect();
    assert_eq!(sizes, [(Some("журнал %221%22.txt"), Some(8)), (Some("b.bin"), Some(0))]);
    assert_eq!(there[1].md5.as_deref(), Some("d41d8cd98f00b204e9800998ecf8427e"));
    assert_eq!(there[1].sha1.as_deref(), Some("da39a3ee5e6b4b0d3255bfef95601890afd80709"));
    assert_ne!(there[0].id, there[1].id);
    assert!(!format!("{there:?}").contains("журнал"));
}

#[tokio::test]
async fn files_over_the_limit_are_not_sent() {
    let (account, client) = account().await;
    let half = vec![0; bridge_ncircc::MAX_UPLOAD / 2 + 1];
    let half = Attachment { bytes: half.into(), ..file("a", b"") };
    let error = client.attach("iu", None, vec![half.clone(), half]).await.unwrap_err();
    assert_eq!(error.class, bridge_domain::Class::Invalid);
    assert!(said(&error).contains("50 MB"), "{error:?}");
    assert!(account.control.history().await.unwrap().is_empty());
}

#[tokio::test]
async fn comments_go_both_ways() {
    let (account, client) = account().await;
    let (first, second) = (created(&client, "1").await, created(&client, "2").await);
    let id = client.comment(&first, "canary: \"Готово\"\n").await.unwrap();
    account.control.act(&json!({"act": "comment", "uuid": first, "text": "Уточните"})).await.unwrap();
    account.control.act(&json!({"act": "comment", "uuid": second, "text": "Спасибо"})).await.unwrap();

    let page = client.comments(&CommentQuery::default()).await.unwrap();
    assert_eq!((page.rows, page.next), (3, false));
    let texts: Vec<&str> = page.comments.iter().map(|comment| &*comment.text).collect();
    assert_eq!(texts, ["canary: \"Готово\"\n", "Уточните", "Спасибо"]);
    let ours = &page.comments[0];
    assert_eq!((&ours.id, ours.login.as_deref(), ours.incident.as_ref()), (&id, Some("kuma"), Some(&first)));
    assert_eq!(page.comments[1].login.as_deref(), Some("Оператор НКЦКИ"));
    assert!(!format!("{page:?}").contains("canary"));

    let of_first = client.incident_comments(&first, None).await.unwrap();
    assert_eq!(of_first, page.comments[..2]);
    let since = page.comments[1].created.unwrap().plus_seconds(3600);
    assert!(client.incident_comments(&first, Some(since)).await.unwrap().is_empty());
    let later = CommentQuery { since: Some(since), ..CommentQuery::default() };
    assert!(client.comments(&later).await.unwrap().comments.is_empty());
    for (incidents, count) in [(vec![second.clone()], 1), (vec![first, second], 3)] {
        let query = CommentQuery { incidents, ..CommentQuery::default() };
        assert_eq!(client.comments(&query).await.unwrap().rows, count);
    }
}

#[tokio::test]
async fn a_notice_is_found_and_decided() {
    let (account, client) = account().await;
    created(&client, "1").await;
    let act = json!({
        "act": "message", "type": "Зараженный ресурс", "number": "ALRT-26-11-1",
        "inrelated_indicators_ipv4": [{"value": "192.0.2.1", "country": "RU"}],
    });
    let uuid = account.control.act(&act).await.unwrap()["uuid"].as_str().unwrap().to_owned();
    let mut query = Query {
        filter: vec![Property::Category.is("Сообщение от НКЦКИ")], ..Query::default()
    };
    query.fields.push("inrelated_indicators_ipv4");
    let page = client.list(&query).await.unwrap();
    assert_eq!(page.cards.len(), 1);
    assert_eq!(page.cards[0].uuid, uuid);
    assert_eq!(page.cards[0].reg_number.as_deref(), Some("ALRT-26-11-1"));
    assert_eq!(page.cards[0].status.as_deref(), Some("Новое"));
    assert_eq!(page.cards[0].others["inrelated_indicators_ipv4"][0]["value"], "192.0.2.1");

    client.update(&json!({"uuid": uuid, "status": "В работе"}).to_string()).await.unwrap();
    let decision = json!({"uuid": uuid, "status": "Принято решение", "int_result": "Меры приняты"});
    client.update(&decision.to_string()).await.unwrap();
    let card = &client.list(&query).await.unwrap().cards[0];
    assert_eq!(
        (card.status.as_deref(), card.int_result.as_deref()),
        (Some("Принято решение"), Some("Меры приняты"))
    );
}

#[tokio::test]
async fn pages_lead_to_the_end() {
    let (account, client) = account().await;
    let at = "2026-11-20T09:30:00.125Z";
    account.control.act(&json!({"act": "many", "count": 2345, "at": at})).await.unwrap();
    account.control.act(&json!({"act": "many", "count": 5, "at": "2026-11-20T09:30:00.124Z"})).await.unwrap();
    let mut query = Query {
        filter: vec![
            Property::Updated.since(at.parse().unwrap()),
            Property::Status.is_one_of(["Зарегистрировано"]),
        ],
        sort: vec![(Property::Updated, Direction::Ascending), (Property::Uuid, Direction::Descending)],
        fields: vec!["uuid", "updated"],
        limit: 1000,
        ..Query::default()
    };
    let mut uuids = Vec::new();
    loop {
        let page = client.list(&query).await.unwrap();
        assert!(page.cards.iter().all(|card| card.updated == at.parse().ok()));
        uuids.extend(page.cards.iter().map(|card| card.uuid.clone()));
        match query.after(&page) {
            Some(next) => query = next,
            None => break,
        }
    }
    assert_eq!(account.control.history().await.unwrap().len(), 3);
    assert_eq!(uuids.len(), 2345);
    assert!(uuids.is_sorted_by(|a, b| a > b), "each once, in the order asked for");
}

#[tokio::test]
async fn pages_of_comments_lead_to_the_end() {
    let (account, client) = account().await;
    let uuid = created(&client, "1").await;
    let texts: Vec<String> = (0..6).map(|number| number.to_string()).collect();
    for text in &texts {
        account.control.act(&json!({"act": "comment", "uuid": uuid, "text": text})).await.unwrap();
    }
    let mut query = CommentQuery { limit: 3, ..CommentQuery::default() };
    let mut read = Vec::new();
    loop {
        let page = client.comments(&query).await.unwrap();
        read.extend(page.comments.iter().map(|comment| comment.text.clone()));
        match query.after(&page) {
            Some(next) => query = next,
            None => break,
        }
    }
    assert_eq!(read, texts);
    assert_eq!(query.offset, 6, "a full page may be the last: only an empty one tells");
}

#[tokio::test]
async fn what_ncircc_refuses_is_told_in_its_words() {
    let (account, client) = account().await;
    let mut body = notification("1");
    body["text1"] = "x".into();
    let error = client.create(&body.to_string()).await.unwrap_err();
    assert_eq!((error.class, error.code.as_ref()), (bridge_domain::Class::Permanent, "400"));
    let said = said(&error);
    assert!(said.ends_with("its answer: PublicApiError: Can't get field info for tag 'text1'"), "{said}");
    assert_eq!(notifications(&account).await, 0);
}

#[tokio::test]
async fn a_wrong_token_is_told_from_other_refusals() {
    let (account, client) = account().await;
    account.control.configure(&json!({"token": "another"})).await.unwrap();
    let body = notification("1").to_string();
    let errors = [
        client.probe().await.unwrap_err(),
        client.create(&body).await.unwrap_err(),
        client.attach("iu", None, vec![file("a", b"b")]).await.unwrap_err(),
        client.files("iu").await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.class, error.code.as_ref()), (bridge_domain::Class::Auth, "token"));
        let said = said(&error);
        assert!(said.contains("tokenSecretID") && said.contains("Передан неверный токен"), "{said}");
    }
    assert!(!format!("{client:?}").contains("canary"));
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let (_account, client) = account().await;
    let error = client.comment("no-such-card", "text").await.unwrap_err();
    assert_eq!((error.class, error.code.as_ref()), (bridge_domain::Class::Permanent, "404"));
    let said = said(&error);
    assert!(said.contains("hides it from the owner of the token") && said.contains("url"), "{said}");
}
