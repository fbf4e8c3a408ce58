//! The tables as the template declares them.

use serde_json::{Value, json};

/// A State table.
pub(super) fn state(name: &str) -> Value {
    let listing = json!({ "ProjectionType": "INCLUDE", "NonKeyAttributes": ["t", "n"] });
    let index = |name: &str, hash: &str, range: &str| index(name, &key(hash, range), &listing);
    table(
        name,
        &["pk", "sk", "tp", "ap", "lk", "fk", "dp", "da"],
        &[
            index("tenant-last", "tp", "lk"),
            index("tenant-first", "tp", "fk"),
            index("all-last", "ap", "lk"),
            index("all-first", "ap", "fk"),
            self::index("due", &key("dp", "da"), &keys_only()),
        ],
    )
}

/// An Inventory table.
pub(super) fn inventory(name: &str) -> Value {
    let listing = json!({ "ProjectionType": "INCLUDE", "NonKeyAttributes": ["q", "exp"] });
    let by = |name: &str, hash: &str| index(name, &hash_key(hash), &keys_only());
    table(
        name,
        &["pk", "sk", "tp", "lk", "xs", "xa", "xp", "xm", "xd"],
        &[
            index("tenant", &key("tp", "lk"), &listing),
            by("sid", "xs"),
            by("account-name", "xa"),
            by("principal-name", "xp"),
            by("mail", "xm"),
            by("distinguished-name", "xd"),
        ],
    )
}

fn table(name: &str, attributes: &[&str], indexes: &[Value]) -> Value {
    let attribute = |name: &&str| json!({ "AttributeName": name, "AttributeType": "S" });
    json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": attributes.iter().map(attribute).collect::<Vec<Value>>(),
        "KeySchema": key("pk", "sk"),
        "GlobalSecondaryIndexes": indexes,
    })
}

fn index(name: &str, key: &Value, projection: &Value) -> Value {
    json!({ "IndexName": name, "KeySchema": key, "Projection": projection })
}

fn keys_only() -> Value {
    json!({ "ProjectionType": "KEYS_ONLY" })
}

fn hash_key(hash: &str) -> Value {
    json!([{ "AttributeName": hash, "KeyType": "HASH" }])
}

fn key(hash: &str, range: &str) -> Value {
    json!([{ "AttributeName": hash, "KeyType": "HASH" }, { "AttributeName": range, "KeyType": "RANGE" }])
}
