//! NCIRCC: lists, with JSON in the query string.

use serde_json::{Value, json};

use crate::peer::{Peer, notification, sent, text, with};

const INCIDENTS: &str = "/api/v2/incidents";
const COMMENTS: &str = "/api/v2/incidents/comments";
const UUID: (&str, &str) = ("fields", r#"["uuid"]"#);

/// Two notifications and a message.
async fn three(peer: &Peer) -> Vec<String> {
    let mut made = Vec::new();
    for (tool, time) in [("KUMA", "2024-05-06T10:00:00Z"), ("IDS", "2024-05-07T10:00:00Z")] {
        let body = with(&notification(), json!({"detection_tool": tool, "detect_time": time}));
        let answer = sent(peer.post(INCIDENTS).json(&body)).await.ok();
        made.push(text(&answer["data"][0], "uuid").to_owned());
    }
    let message = json!({"act": "message", "type": "Уязвимый ресурс", "number": "ALRT-20-12-2937"});
    made.push(text(&peer.control().act(&message).await.unwrap(), "uuid").to_owned());
    let register = json!([
        {"act": "register", "uuid": made[0], "number": "RMSH-20-09-256", "at": "2024-10-11T11:18:01.110Z"},
        {"act": "status", "uuid": made[1], "status": "Создано", "at": "2024-10-11T11:18:01.111Z"},
        {"act": "status", "uuid": made[2], "status": "Новое", "at": "2024-10-12T00:00:00Z"},
    ]);
    peer.control().act(&register).await.unwrap();
    made
}

#[tokio::test]
async fn only_what_is_asked_comes_and_words_come_as_objects() {
    let peer = Peer::ncircc().await;
    let made = three(&peer).await;
    let fields = r#"["uuid","identifier","reg_number","status","tlp","category","company","location","updated","end_time","create_time","detection_tool"]"#;
    let filter = json!([{"property": "uuid", "operator": "=", "value": made[0]}]).to_string();
    let answer = peer.query(INCIDENTS, &[("fields", fields), ("filter", &filter)]).await.ok();
    let card = &answer["data"]["result"][0];
    assert_eq!((card.as_object().unwrap().len(), &answer["data"]["next"]), (12, &json!(false)));
    assert_eq!((text(card, "reg_number"), text(card, "uuid")), ("RMSH-20-09-256", &*made[0]));
    assert_eq!(text(card, "updated"), "2024-10-11T11:18:01.110Z");
    assert_eq!(text(card, "create_time").len(), "2024-10-11T11:18:01Z".len());
    assert_eq!(text(card, "detection_tool"), "KUMA");
    assert_eq!(card["end_time"], Value::Null);
    for (tag, name) in [
        ("status", "Зарегистрировано"),
        ("tlp", "TLP:RED"),
        ("category", "Уведомление о компьютерном инциденте"),
    ] {
        assert_eq!(text(&card[tag], "name"), name);
        assert!(card[tag]["id"].is_u64());
    }
    assert_eq!((text(&card["company"], "name"), text(&card["location"][0], "code")), ("Ромашка", "RU-MOW"));
}

#[tokio::test]
async fn a_filter_finds_what_it_should() {
    let peer = Peer::ncircc().await;
    let made = three(&peer).await;
    let find = async |filter: Value| -> Vec<usize> {
        let answer = peer.query(INCIDENTS, &[UUID, ("filter", &filter.to_string())]).await.ok();
        let place = |card: &Value| made.iter().position(|uuid| card["uuid"] == *uuid).unwrap();
        answer["data"]["result"].as_array().unwrap().iter().map(place).collect()
    };
    let at = "2024-10-11T11:18:01.110Z";
    let (message, none) = (json!(["Сообщение от НКЦКИ"]), Vec::<usize>::new());
    for (property, operators, value, wanted) in [
        ("uuid", "= == eq", json!(made[1]), vec![1]),
        ("uuid", "!= /= ne", json!(made[1]), vec![0, 2]),
        ("reg_number", "=", json!("ALRT-20-12-2937"), vec![2]),
        ("reg_number", "like", json!("09"), vec![0]),
        ("reg_number", "is_null|is null", Value::Null, vec![1]),
        ("category", "in", message.clone(), vec![2]),
        ("category", "notin|not in|not_in", message, vec![0, 1]),
        ("status", "eq", json!("Создано"), vec![1]),
        ("updated", ">= ge gte", json!(at), vec![0, 1, 2]),
        ("updated", "> gt", json!(at), vec![1, 2]),
        ("updated", "<= le lte", json!(at), vec![0]),
        ("updated", "< lt", json!(at), none.clone()),
        ("updated", "between", json!([at, "2024-10-11T23:00:00Z"]), vec![0, 1]),
        ("updated", "not between", json!([at, "2024-10-11T23:00:00Z"]), vec![2]),
        ("create_time", "<", json!("2024-10-11T23:00:00Z"), none),
        ("detect_time", "=", json!("2024-05-07T10:00:00Z"), vec![1]),
        ("event_description", "ilike", json!("BRUTE"), vec![0, 1]),
        ("event_description", "like", json!("BRUTE"), vec![]),
        ("detection_tool", "not ilike", json!("kuma"), vec![1, 2]),
    ] {
        let spaced = if operators.contains('|') || operators.contains("not ") { '|' } else { ' ' };
        for operator in operators.split(spaced) {
            let filter = json!([{"property": property, "operator": operator, "value": value}]);
            assert_eq!(find(filter.clone()).await, wanted, "{filter}");
        }
    }
    let both = json!([
        {"property": "updated", "operator": ">=", "value": at},
        {"property": "status", "operator": "=", "value": "Новое"},
    ]);
    assert_eq!(find(both).await, [2]);
}

#[tokio::test]
async fn what_was_just_made_is_found_by_the_time_it_was_told() {
    let peer = Peer::ncircc().await;
    for exact in [false, true] {
        peer.control().configure(&json!({"createTimeMs": exact})).await.unwrap();
        let made = sent(peer.post(INCIDENTS).json(&notification())).await.ok()["data"][0].clone();
        let filter = json!([
            {"property": "create_time", "operator": ">=", "value": made["create_time"]},
            {"property": "uuid", "operator": "=", "value": made["uuid"]},
        ]);
        let answer = peer.query(INCIDENTS, &[UUID, ("filter", &filter.to_string())]).await.ok();
        assert_eq!(answer["data"]["result"], json!([{"uuid": made["uuid"]}]), "{made}");
        assert_eq!(text(&made, "create_time").contains('.'), exact);
    }
}

#[tokio::test]
async fn pages_follow_each_other_while_there_is_a_next() {
    let peer = Peer::ncircc().await;
    let act = json!({"act": "many", "count": 2500, "at": "2024-10-11T11:18:01.110Z"});
    let made = peer.control().act(&act).await.unwrap()["uuids"].clone();
    let sort = r#"[{"property":"updated","direction":"ASC"},{"property":"uuid","direction":"DESC"}]"#;
    let (mut got, mut sizes): (Vec<String>, Vec<usize>) = (Vec::new(), Vec::new());
    loop {
        let parameters = [UUID, ("sort", sort), ("offset", &got.len().to_string())];
        let data = peer.query(INCIDENTS, &parameters).await.ok()["data"].clone();
        let page = data["result"].as_array().unwrap();
        got.extend(page.iter().map(|card| text(card, "uuid").to_owned()));
        sizes.push(page.len());
        if data["next"] == false {
            break;
        }
    }
    let mut wanted: Vec<String> =
        made.as_array().unwrap().iter().map(|uuid| uuid.as_str().unwrap().to_owned()).collect();
    wanted.sort();
    wanted.reverse();
    assert_eq!((sizes, got), (vec![1000, 1000, 500], wanted));
    let end = peer.query(INCIDENTS, &[UUID, ("limit", "500"), ("offset", "2000")]).await.ok();
    assert_eq!(end["data"]["next"], false);
    let beyond = peer.query(INCIDENTS, &[UUID, ("offset", "2500")]).await.ok();
    assert_eq!(beyond["data"], json!({"next": false, "result": []}));
}

#[tokio::test]
async fn a_wrong_list_is_refused() {
    let peer = Peer::ncircc().await;
    sent(peer.get(INCIDENTS)).await.refused(400, "`fields` is required");
    for fields in ["uuid", "[]", r#"{"a":1}"#, "[1]"] {
        peer.query(INCIDENTS, &[("fields", fields)]).await.refused(400, "`fields` is");
    }
    let unknown = peer.query(INCIDENTS, &[("fields", r#"["regnumber"]"#)]).await;
    unknown.refused(400, "PublicApiError: Can't get field info for tag 'regnumber'");
    peer.query(INCIDENTS, &[UUID, UUID]).await.refused(400, "twice");
    let filter = |property: &str, operator: &str, value: Value| {
        json!([{"property": property, "operator": operator, "value": value}]).to_string()
    };
    let at = json!("2024-10-11T11:18:01Z");
    for (name, value, part) in [
        ("filter", "uuid=1".to_owned(), "not the JSON"),
        ("filter", r#"[{"property":"uuid","value":"x"}]"#.to_owned(), "not the JSON"),
        ("filter", filter("identifier", "=", json!("x")), "no property `identifier`"),
        ("filter", filter("uuid", "~", json!("x")), "no operator `~`"),
        ("filter", filter("uuid", ">=", json!("x")), "no operator `>=` for `uuid`"),
        ("filter", filter("uuid", "in", json!(["x"])), "no operator `in` for `uuid`"),
        ("filter", filter("updated", "like", json!("2024")), "no operator `like`"),
        ("filter", filter("status", "in", json!("Новое")), "a wrong value"),
        ("filter", filter("updated", ">=", json!("2024-10-11")), "a wrong value"),
        ("filter", filter("updated", "between", json!([at])), "a wrong value"),
        ("filter", filter("updated", "=", json!([at])), "a wrong value"),
        ("filter", filter("reg_number", "is_null", json!("x")), "a wrong value"),
        ("sort", "updated".to_owned(), "not the JSON"),
        ("sort", r#"[{"property":"updated"}]"#.to_owned(), "not the JSON"),
        ("sort", r#"[{"property":"updated","direction":"asc"}]"#.to_owned(), "not the JSON"),
        ("sort", r#"[{"property":"identifier","direction":"ASC"}]"#.to_owned(), "no property `identifier`"),
        ("limit", "1001".to_owned(), "`limit` is no number"),
        ("limit", "0".to_owned(), "`limit` is no number"),
        ("offset", "-1".to_owned(), "`offset` is no number"),
        ("start", "1".to_owned(), "unknown parameter `start`"),
    ] {
        peer.query(INCIDENTS, &[UUID, (name, &value)]).await.refused(400, part);
    }
    sent(peer.get(INCIDENTS).query(&[UUID]).json(&json!({}))).await.refused(400, "a GET has no body");
}

#[tokio::test]
async fn comments_are_written_and_listed() {
    let peer = Peer::ncircc().await;
    let made = three(&peer).await;
    let body = json!({"incident.uuid": made[0], "data": {"comment": "ours"}});
    let answer = sent(peer.post("/api/v2/comments").json(&body)).await.ok();
    assert_eq!((text(&answer["data"], "comment"), &answer["data"]["incident_id"]), ("ours", &json!(1)));
    for (place, text) in [(0, "theirs"), (1, "other")] {
        let act =
            json!({"act": "comment", "uuid": made[place], "text": text, "at": "2024-10-11T11:18:01.110Z"});
        peer.control().act(&act).await.unwrap();
    }
    let texts = async |target: &str, parameters: &[(&str, &str)]| -> Vec<String> {
        let data = peer.query(target, parameters).await.ok()["data"].clone();
        data.as_array().unwrap().iter().map(|one| text(one, "text").to_owned()).collect()
    };
    assert_eq!(texts(COMMENTS, &[]).await, ["ours", "theirs", "other"]);
    assert_eq!(texts(&format!("{INCIDENTS}/{}/comments", made[0]), &[]).await, ["ours", "theirs"]);
    let filter = |property: &str, operator: &str, value: Value| {
        json!([{"property": property, "operator": operator, "value": value}]).to_string()
    };
    for (filter, wanted) in [
        (filter("login", "!=", json!("kuma")), vec!["theirs", "other"]),
        (filter("login", "in", json!(["kuma"])), vec!["ours"]),
        (filter("incident_id", "=", json!(2)), vec!["other"]),
        (filter("incident_uuid", "not in", json!([made[1]])), vec!["ours", "theirs"]),
        (filter("create_time", "<=", json!("2024-10-11T11:18:01.110Z")), vec!["theirs", "other"]),
    ] {
        assert_eq!(texts(COMMENTS, &[("filter", &filter)]).await, wanted, "{filter}");
    }
    let sort = r#"[{"property":"id","direction":"DESC"}]"#;
    assert_eq!(texts(COMMENTS, &[("sort", sort), ("limit", "1"), ("offset", "1")]).await, ["theirs"]);
    let listed = peer.query(COMMENTS, &[("limit", "2")]).await.ok()["data"][1].clone();
    let told = (&listed["incident.uuid"], &listed["incident.id"], text(&listed, "login"));
    assert_eq!(told, (&json!(made[0]), &json!(1), "Оператор НКЦКИ"));
    for (filter, part) in [
        (filter("text", "=", json!("x")), "no property `text`"),
        (filter("login", "==", json!("x")), "no operator `==`"),
        (filter("login", "like", json!("x")), "no operator `like`"),
        (filter("incident_id", "=", json!("2")), "a wrong value"),
    ] {
        peer.query(COMMENTS, &[("filter", &filter)]).await.refused(400, part);
    }
    peer.query(COMMENTS, &[UUID]).await.refused(400, "unknown parameter `fields`");
}

#[tokio::test]
async fn a_wrong_comment_is_refused() {
    let peer = Peer::ncircc().await;
    let made = three(&peer).await;
    for (body, status, part) in [
        (json!({"incident.uuid": made[0], "data": "text"}), 400, "`data` is an object"),
        (json!({"incident.uuid": made[0], "data": {"text": "x"}}), 400, "`data` is an object"),
        (json!({"incident.uuid": made[0], "data": {"comment": " "}}), 400, "`data` is an object"),
        (json!({"incident.uuid": made[0], "data": {"comment": "x".repeat(5001)}}), 400, "too long"),
        (json!({"incident": {"uuid": made[0]}, "data": {"comment": "x"}}), 400, "tag 'incident'"),
        (json!({"data": {"comment": "x"}}), 400, "`incident.uuid` is required"),
        (json!({"incident.uuid": "other", "data": {"comment": "x"}}), 404, "no such card"),
    ] {
        sent(peer.post("/api/v2/comments").json(&body)).await.refused(status, part);
    }
    assert_eq!(peer.control().state().await.unwrap()["counts"]["comments"], 0);
}

#[tokio::test]
async fn the_organisation_is_listed() {
    let peer = Peer::ncircc().await;
    let target = "/api/v2/companies";
    sent(peer.get(target)).await.refused(400, "`limit` is required");
    peer.query(target, &[("limit", "1"), ("offset", "0")]).await.refused(400, "unknown parameter `offset`");
    let all = peer.query(target, &[("limit", "1"), ("start", "0")]).await.ok();
    assert_eq!((&all["total"], text(&all["data"][0], "settings_sname")), (&json!(1), "Ромашка"));
    assert!(all["uber-trace-id"].is_string());
    let some = peer.query(target, &[("limit", "1"), ("fields", r#"["name"]"#)]).await.ok();
    assert_eq!(some["data"], json!([{"name": "Ромашка"}]));
    peer.query(target, &[("limit", "1"), ("fields", r#"["title"]"#)]).await.refused(400, "tag 'title'");
}
