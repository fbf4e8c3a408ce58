//! What the description of the API (infra/openapi.yaml) promises: every answer of every test is
//! held to it.

use std::{fs, path::Path, sync::LazyLock};

use reqwest::Method;
use serde_json::Value;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/openapi.yaml");
    serde_yaml_ng::from_str(&fs::read_to_string(file).unwrap()).unwrap()
});

/// A route and what it may answer, by status.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: String,
    answers: Value,
}

static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let mut routes = Vec::new();
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            if let Some(operation) = item.get(method.as_str().to_lowercase()) {
                routes.push(Route { method, path: path.clone(), answers: operation["responses"].clone() });
            }
        }
    }
    assert!(routes.len() >= 20, "only {} routes were read", routes.len());
    routes
});

/// Every route that is described.
pub(crate) fn routes() -> &'static [Route] {
    &ROUTES
}

/// Checks an answer: its status is described, and its body is as described. A path that is no
/// route is another test's concern.
#[track_caller]
pub(crate) fn check(method: &Method, path: &str, status: u16, body: &str) {
    let of = |route: &&Route| route.method == *method && covers(&route.path, path);
    let Some(route) = routes().iter().find(of) else { return };
    let answer = resolved(&route.answers[status.to_string()]);
    assert!(!answer.is_null(), "{method} {path}: {status} is not described: {body:.300}");
    match answer.pointer("/content/application~1json/schema") {
        None => assert_eq!(body, "", "{method} {path} {status}: a body that is not described"),
        Some(schema) => {
            let body = serde_json::from_str(body).unwrap_or(Value::Null);
            let told = fits(schema, &body, "$");
            assert_eq!(told, Ok(()), "{method} {path} {status}");
        }
    }
}

/// Whether a path is one of a template, with or without a slash at its end.
fn covers(template: &str, path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    let (wanted, found): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    wanted.len() == found.len()
        && wanted.iter().zip(found).all(|(wanted, found)| *wanted == found || wanted.starts_with('{'))
}

fn resolved(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(place) => DOCUMENT.pointer(place.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// Holds a value against a schema, as far as the description uses the language of schemas.
fn fits(schema: &'static Value, value: &Value, place: &str) -> Result<(), String> {
    let schema = resolved(schema);
    let list = |key: &str| schema[key].as_array().into_iter().flatten();
    for part in list("allOf") {
        fits(part, value, place)?;
    }
    let choices: Vec<_> = list("oneOf").chain(list("anyOf")).map(|part| fits(part, value, place)).collect();
    if !choices.is_empty() && choices.iter().all(Result::is_err) {
        return choices.into_iter().next().unwrap_or(Ok(()));
    }
    let types = list("type").chain(schema.get("type").filter(|one| one.is_string()));
    let types: Vec<&str> = types.filter_map(Value::as_str).collect();
    if !types.is_empty() && !types.iter().any(|one| is(one, value)) {
        return Err(format!("{place}: not {types:?}: {value:.200}"));
    }
    if list("enum").next().is_some() && !list("enum").any(|one| one == value) {
        return Err(format!("{place}: none of those listed: {value}"));
    }
    let length = value.as_str().map_or(0, |text| text.chars().count() as u64);
    if schema["maxLength"].as_u64().is_some_and(|most| length > most) {
        return Err(format!("{place}: {length} characters"));
    }
    if let Value::Object(members) = value {
        if let Some(absent) =
            list("required").filter_map(Value::as_str).find(|key| !members.contains_key(*key))
        {
            return Err(format!("{place}: no {absent} in {value:.300}"));
        }
        for (key, member) in members {
            match schema["properties"].get(key) {
                Some(part) => fits(part, member, &format!("{place}.{key}"))?,
                None if schema["additionalProperties"] == false => {
                    return Err(format!("{place}: {key} is unknown"));
                }
                None => {}
            }
        }
    }
    if let (Value::Array(entries), Some(part)) = (value, schema.get("items")) {
        if schema["maxItems"].as_u64().is_some_and(|most| entries.len() as u64 > most) {
            return Err(format!("{place}: {} entries", entries.len()));
        }
        for (n, entry) in entries.iter().enumerate() {
            fits(part, entry, &format!("{place}[{n}]"))?;
        }
    }
    Ok(())
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("the type {other} is not known here"),
    }
}
