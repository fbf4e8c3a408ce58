//! Closes that are no closes.

use serde_json::json;

use crate::world::{World, nested};

const PATHS: [&str; 3] = ["/api/v1/alerts/close", "/api/v2/alerts/close/", "/api/v3/alerts/close"];

#[tokio::test]
async fn what_is_no_close_is_refused_and_closes_nothing() {
    let world = World::new().await;
    let id = world.posted().await;
    let close = |id: &str, reason: &str| json!({"id": id, "reason": reason}).to_string();
    let object = "invalid body: must be a JSON object";
    let invalid = "invalid body";
    for (case, body, status, message) in [
        ("no body", String::new(), 400, "the body is empty"),
        ("blanks", "  ".to_owned(), 400, invalid),
        ("an empty list", "[]".to_owned(), 400, object),
        ("a list of the values", json!([id, "responded"]).to_string(), 400, object),
        (
            "the list of another product",
            json!([{"ID": id, "Reason": "falsePositive"}]).to_string(),
            400,
            object,
        ),
        ("null", "null".to_owned(), 400, object),
        ("a text", format!("{id:?}"), 400, object),
        ("no JSON", "{id}".to_owned(), 400, invalid),
        ("cut short", close(&id, "responded").trim_end_matches('}').to_owned(), 400, invalid),
        ("two documents", close(&id, "responded").repeat(2), 400, invalid),
        ("nothing in it", "{}".to_owned(), 400, "id required"),
        ("an empty id", close("", "responded"), 400, "id required"),
        ("no id", json!({"reason": "responded"}).to_string(), 400, "id required"),
        ("names in capitals", json!({"ID": id, "Reason": "responded"}).to_string(), 400, "id required"),
        ("no reason", json!({"id": id}).to_string(), 400, "reason required"),
        ("null for a reason", json!({"id": id, "reason": null}).to_string(), 400, "reason required"),
        ("an empty reason", close(&id, ""), 400, "reason required"),
        ("a blank reason", close(&id, " \t "), 400, "reason required"),
        ("another reason", close(&id, "falsePositive"), 400, "invalid reason"),
        ("a reason and more", close(&id, "responded."), 400, "invalid reason"),
        ("a reason with NUL", close(&id, "responded\0"), 400, "invalid reason"),
        ("a reason of a megabyte", close(&id, &"responded ".repeat(100_000)), 400, "invalid reason"),
        ("a reason in other letters", close(&id, "rеsponded"), 400, "invalid reason"),
        ("a number for a reason", json!({"id": id, "reason": 1}).to_string(), 400, invalid),
        ("a list for a reason", json!({"id": id, "reason": ["responded"]}).to_string(), 400, invalid),
        ("a number for an id", json!({"id": 5, "reason": "responded"}).to_string(), 400, invalid),
        ("two ids", format!("{{\"id\":\"a\",\"id\":{id:?},\"reason\":\"responded\"}}"), 400, invalid),
        ("an id of 10,000 characters", close(&"a".repeat(10_000), "responded"), 404, "alert not found"),
        ("an id with #", close(&format!("{id}#EVENTS"), "responded"), 404, "alert not found"),
        ("an id with NUL", close(&format!("{id}\0"), "responded"), 404, "alert not found"),
        ("an id with blanks", close(&format!(" {id}"), "responded"), 404, "alert not found"),
        ("an id that is no id", close("' OR 1=1 --", "responded"), 404, "alert not found"),
        ("100,000 levels", nested(100_000), 400, object),
        ("100,000 levels for an id", format!("{{\"id\":{}}}", nested(100_000)), 400, invalid),
        ("100,000 levels, never closed", "{\"id\":".repeat(100_000), 400, invalid),
        (
            "100,000 levels in an unknown field",
            format!("{{\"a\":{},\"id\":\"none\",\"reason\":\"responded\"}}", nested(100_000)),
            404,
            "alert not found",
        ),
    ] {
        for path in PATHS {
            world.send(world.post(path, body.clone())).await.refused(case, status, message);
        }
    }
    let found = world.alerts().await;
    assert_eq!((found.len(), &found[0]["status"]), (1, &json!("new")));

    // And this is what a close is, so that all of the above could have worked.
    world.send(world.post(PATHS[0], close(&id, " Responded "))).await.expect(204);
    assert_eq!(world.alerts().await[0]["status"], "closed");
}
