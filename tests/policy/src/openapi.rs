//! The OpenAPI document.

use serde_json::Value;

use crate::{Result, template::plain};

/// Methods that a path item may hold.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The document.
#[derive(Clone, Debug)]
pub struct OpenApi {
    document: Value,
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    /// Method, in upper case.
    pub method: &'a str,
    /// Path.
    pub path: &'a str,
    /// All of it.
    pub body: &'a Value,
    /// Parameters of the whole path.
    pub shared_parameters: Option<&'a Value>,
}

impl<'a> Operation<'a> {
    /// A text member such as `operationId`.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&'a str> {
        self.body.get(name).and_then(Value::as_str)
    }
}

impl OpenApi {
    /// The document of this repository.
    ///
    /// # Errors
    /// When it can not be read.
    pub fn load() -> Result<Self> {
        let document = plain(serde_yaml_ng::from_str(&crate::text("infra/openapi.yaml")?)?)?;
        Ok(Self { document })
    }

    /// The operations.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation<'_>> {
        let paths = self.document.get("paths").and_then(Value::as_object);
        paths
            .into_iter()
            .flatten()
            .flat_map(|(path, item)| {
                METHODS.iter().filter_map(move |method| {
                    let body = item.get(method)?;
                    Some(Operation {
                        method: upper(method),
                        path,
                        body,
                        shared_parameters: item.get("parameters"),
                    })
                })
            })
            .collect()
    }

    /// What a reference such as `#/components/schemas/Alert` names.
    #[must_use]
    pub fn resolve(&self, reference: &str) -> Option<&Value> {
        self.document.pointer(reference.strip_prefix('#')?)
    }

    /// Every reference in the document.
    #[must_use]
    pub fn references(&self) -> Vec<&str> {
        let mut found = Vec::new();
        collect(&self.document, &mut found);
        found
    }

    /// Names of the reusable parts, as references.
    #[must_use]
    pub fn parts(&self) -> Vec<String> {
        let groups = self.document.get("components").and_then(Value::as_object);
        groups
            .into_iter()
            .flatten()
            .filter(|(group, _)| *group != "securitySchemes")
            .flat_map(|(group, parts)| {
                parts
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(move |(name, _)| format!("#/components/{group}/{name}"))
            })
            .collect()
    }
}

fn upper(method: &str) -> &'static str {
    match method {
        "get" => "GET",
        "put" => "PUT",
        "post" => "POST",
        "delete" => "DELETE",
        "options" => "OPTIONS",
        "head" => "HEAD",
        "patch" => "PATCH",
        _ => "TRACE",
    }
}

fn collect<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                match inner {
                    Value::String(text) if key == "$ref" => found.push(text),
                    _ => collect(inner, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| collect(inner, found)),
        _ => {}
    }
}
