//! R-Vision: incidents are created and updated, by every kind of body, and nothing is taken on trust.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::peer::{Peer, Reply, incident, sent, text, with};

async fn write(peer: &Peer, body: &Value) -> Reply {
    sent(peer.post("/api/v2/incidents").json(body)).await
}

#[tokio::test]
async fn the_token_is_checked_wherever_it_is() {
    let peer = Peer::rvision().await;
    let probe = "/api/v2/tokens/get_info_by_token";
    assert_eq!(sent(peer.get(probe)).await.ok()["success"], true);
    let bare = |target: &str| peer.client.get(peer.url(target));
    sent(bare(probe)).await.refused(401, "no token");
    sent(bare(probe).header("X-Token", "other")).await.refused(401, "wrong token");
    sent(bare(probe).header("Authorization", "Bearer r-vision-token")).await.refused(401, "no token");
    sent(bare("/api/v2/incidents")).await.refused(401, "no token");
    // Instead of the header it may be in the body.
    let post = || peer.client.post(peer.url("/api/v2/incidents"));
    sent(post().json(&incident())).await.refused(401, "no token");
    sent(post().json(&with(&incident(), json!({"token": "r-vision-token"})))).await.ok();
    sent(post().form(&with(&incident(), json!({"token": "r-vision-token"})))).await.ok();
    // What does not exist needs none.
    for missing in ["/", "/api/v2", "/api/v1/incidents", "/api/v2/incident", "/api/v2/incidents/26-11-1"] {
        sent(bare(missing)).await.refused(404, "no such method");
    }
    sent(peer.client.delete(peer.url("/api/v2/incidents"))).await.refused(404, "no such method");
    // Whatever a wrong token is answered with elsewhere.
    peer.control().configure(&json!({"token": "new", "unauthorized": 403})).await.unwrap();
    sent(peer.get(probe)).await.refused(403, "wrong token");
}

#[tokio::test]
async fn a_new_incident_has_an_identifier_and_catalog_values_are_read_as_objects() {
    let peer = Peer::rvision().await;
    let body = incident();
    for number in 1..=2 {
        let answer = write(&peer, &body).await.ok();
        let made = &answer["data"][0];
        let parts: Vec<u32> = text(made, "identifier").split('-').map(|part| part.parse().unwrap()).collect();
        assert!(matches!(*parts, [26..=99, 1..=12, last] if last == number), "{made}");
        assert_eq!(text(made, "uuid").len(), 36);
        assert_eq!((&made["level"]["id"], &made["level"]["name"]), (&json!(3), &json!("Высокий")));
        assert_eq!((text(&made["company"], "name"), text(&made["status"], "name")), ("Main", "Открыт"));
        assert_eq!((&made["ALERT_ID"], &made["ALERT_URL"]), (&body["ALERT_ID"], &Value::Null));
        assert_eq!(text(made, "detection"), "2024-05-06T10:00:00.000Z");
    }
}

#[tokio::test]
async fn an_update_names_the_incident_and_changes_what_it_says() {
    let peer = Peer::rvision().await;
    let made = write(&peer, &incident()).await.ok()["data"][0].clone();
    for (name, other) in [("identifier", "uuid"), ("uuid", "identifier")] {
        let changed = write(&peer, &json!({name: made[name], "description": name})).await.ok();
        assert_eq!(
            (&changed["data"][0][other], &changed["data"][0]["description"]),
            (&made[other], &json!(name))
        );
        assert_eq!(changed["data"][0]["ALERT_ID"], made["ALERT_ID"]);
    }
    let mixed = json!({"identifier": made["identifier"], "uuid": "other", "description": "x"});
    write(&peer, &mixed).await.refused(400, "no such incident");
    write(&peer, &json!({"identifier": "26-1-99"})).await.refused(400, "no such incident");
    let state = peer.control().state().await.unwrap();
    let kinds: Vec<&str> =
        state["incidents"][0]["writes"].as_array().unwrap().iter().map(|write| text(write, "kind")).collect();
    assert_eq!(
        (state["incidents"].as_array().unwrap().len(), &*kinds),
        (1, &["create", "update", "update"][..])
    );
}

#[tokio::test]
async fn what_is_not_known_is_refused_and_changes_nothing() {
    let peer = Peer::rvision().await;
    for (change, part) in [
        (json!({"ALERT_NAME": "x"}), "unknown field `ALERT_NAME`"),
        (json!({"alert_id": "x"}), "unknown field `alert_id`"),
        (json!({"descripton": "x"}), "unknown field `descripton`"),
        (json!({"creation": "2024-05-06T10:00:00.000Z"}), "unknown field `creation`"),
        (json!({"company": "Elsewhere"}), "`company` has no value"),
        (json!({"level": "high"}), "`level` has no value"),
        (json!({"level": "высокий"}), "`level` has no value"),
        (json!({"category": ""}), "`category` has no value"),
        (json!({"status": "closed"}), "`status` has no value"),
        (json!({"detection": "2024-05-06 10:00:00"}), "`detection` is no date"),
        (json!({"detection": "2024-05-06T10:00:00Z"}), "`detection` is no date"),
        (json!({"detection": "2024-05-06T10:00:00.000+03:00"}), "`detection` is no date"),
        (json!({"description": 7}), "`description` is not text"),
        (json!({"ALERT_ID": null}), "`ALERT_ID` is not text"),
        (json!({"level": {"name": "Высокий"}}), "`level` is not text"),
        (json!({"files": "x"}), "unknown field `files`"),
    ] {
        write(&peer, &with(&incident(), change)).await.refused(400, part);
    }
    for required in ["company", "level", "category"] {
        let mut body = incident();
        body.as_object_mut().unwrap().remove(required);
        write(&peer, &body).await.refused(400, &format!("`{required}` is required"));
    }
    write(&peer, &json!([incident()])).await.refused(400, "no object");
    let post = || peer.post("/api/v2/incidents");
    sent(post()).await.refused(400, "no body");
    sent(post().body("a=1")).await.refused(400, "unsupported content type");
    sent(post().header("content-type", "application/json").body("{")).await.refused(400, "no JSON");
    sent(post().form(&[("description", "a"), ("description", "b")])).await.refused(400, "twice");
    sent(post().header("content-type", "multipart/form-data").body("x")).await.refused(400, "");
    sent(peer.post("/api/v2/incidents?force=1").json(&incident())).await.refused(400, "unknown parameter");
    let file = || Part::text("[]").file_name("e.json");
    sent(post().multipart(Form::new().part("file", file()))).await.refused(400, "unknown file field `file`");
    let named = Form::new().part("files", Part::text("[]").file_name(""));
    sent(post().multipart(named)).await.refused(400, "without a name");
    assert_eq!(peer.control().state().await.unwrap()["incidents"], json!([]));
    // The same field is known once it is declared.
    let fields = json!({"fields": ["ALERT_ID", "ALERT_URL", "ALERT_NAME"]});
    peer.control().configure(&fields).await.unwrap();
    write(&peer, &with(&incident(), json!({"ALERT_NAME": "x"}))).await.ok();
}

#[tokio::test]
async fn files_come_with_the_fields_or_later_and_are_given_back() {
    let peer = Peer::rvision().await;
    let mut form = Form::new();
    for (name, value) in incident().as_object().unwrap() {
        form = form.text(name.clone(), value.as_str().unwrap().to_owned());
    }
    let file = Part::text("[]").file_name("events.json").mime_str("application/json").unwrap();
    let made = sent(peer.post("/api/v2/incidents").multipart(form.part("files", file))).await.ok();
    let identifier = text(&made["data"][0], "identifier").to_owned();
    let two = Form::new()
        .text("identifier", identifier.clone())
        .part("files", Part::bytes(vec![0, 1]).file_name("a.bin"))
        .part("files", Part::bytes(vec![2]).file_name("a.bin"));
    sent(peer.post("/api/v2/incidents").multipart(two)).await.ok();

    let files = sent(peer.get(&format!("/api/v2/incidents/{identifier}/files"))).await.ok()["data"].clone();
    let files = files.as_array().unwrap();
    let names: Vec<(&str, u64)> =
        files.iter().map(|file| (text(file, "filename"), file["size"].as_u64().unwrap())).collect();
    assert_eq!(names, [("events.json", 2), ("a.bin", 2), ("a.bin", 1)]);
    // Of the two bytes `[]`.
    assert_eq!(text(&files[0], "md5"), "d751713988987e9331980363e24189ce");
    assert_eq!(text(&files[0], "sha1"), "97d170e1550eee4afc0af065b78cda302a97674c");
    assert_eq!(text(&files[0], "type"), "application/json");
    let target = format!("/api/v2/incidents/files/{}/download", files[1]["id"]);
    assert_eq!(peer.get(&target).send().await.unwrap().bytes().await.unwrap(), [0, 1][..]);
    sent(peer.get("/api/v2/incidents/files/99/download")).await.refused(400, "no such file");
    sent(peer.get("/api/v2/incidents/26-1-99/files")).await.refused(400, "no incident");
}

#[tokio::test]
async fn comments_are_kept() {
    let peer = Peer::rvision().await;
    let made = write(&peer, &incident()).await.ok()["data"][0].clone();
    let body = json!({"identifier": made["identifier"], "data": {"comment": "Looked at"}});
    sent(peer.post("/api/v2/comments").json(&body)).await.ok();
    let target = format!("/api/v2/incidents/{}/comments", text(&made, "identifier"));
    let comments = sent(peer.get(&target)).await.ok()["data"].clone();
    assert_eq!((text(&comments[0], "text"), text(&comments[0], "login")), ("Looked at", "api"));
    let post = |body: Value| sent(peer.post("/api/v2/comments").json(&body));
    post(json!({"identifier": "26-1-99", "data": {"comment": "x"}})).await.refused(400, "no incident");
    post(json!({"identifier": made["identifier"], "comment": "x"})).await.refused(400, "unknown member");
    post(json!({"identifier": made["identifier"], "data": {}})).await.refused(400, "required");
}
