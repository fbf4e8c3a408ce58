//! The OpenAPI document, the template's routes and the code describe one API.

use std::collections::{BTreeMap, BTreeSet};

use bridge_domain::{access::Operation, incident, ncircc::dictionary};
use bridge_policy::{
    Result, none,
    openapi::OpenApi,
    source,
    template::{Template, items},
};
use serde_json::Value;

/// Method, path and function of each route of the template, trailing slashes aside.
fn routes(template: &Template) -> Result<BTreeSet<(String, String, String)>> {
    let names: BTreeMap<&str, String> =
        template.functions()?.into_iter().map(|function| (function.resource.id, function.name)).collect();
    template
        .routes()?
        .into_iter()
        .map(|route| {
            let function = names.get(route.function).ok_or("a route without a function")?;
            Ok((route.method.to_owned(), route.bare_path().to_owned(), function.clone()))
        })
        .collect()
}

#[test]
fn operations_and_routes_are_the_same() -> Result<()> {
    let (document, template) = (OpenApi::load()?, Template::load()?);
    let routed = routes(&template)?;
    let described: BTreeSet<_> = document
        .operations()
        .into_iter()
        .map(|found| {
            let function = found.member("x-function").unwrap_or("(no x-function)");
            (found.method.to_owned(), found.path.to_owned(), function.to_owned())
        })
        .collect();
    let shown =
        |(method, path, function): &(String, String, String)| format!("{method} {path} by {function}");
    let mut violations: Vec<String> =
        routed.difference(&described).map(|route| format!("not in the document: {}", shown(route))).collect();
    violations.extend(
        described.difference(&routed).map(|operation| format!("not in the template: {}", shown(operation))),
    );
    none(&violations)
}

#[test]
fn every_operation_says_what_it_refuses() -> Result<()> {
    let document = OpenApi::load()?;
    let mut violations = Vec::new();
    for operation in document.operations() {
        let responses = operation.body.get("responses").and_then(Value::as_object);
        for status in ["400", "403", "429", "500", "503"] {
            if responses.is_none_or(|responses| !responses.contains_key(status)) {
                violations.push(format!("{} {}: no response {status}", operation.method, operation.path));
            }
        }
        if responses.is_some_and(|responses| responses.contains_key("401")) {
            violations.push(format!("{} {}: KUMA never answers 401", operation.method, operation.path));
        }
    }
    none(&violations)
}

#[test]
fn the_login_alone_takes_no_token() -> Result<()> {
    let document = OpenApi::load()?;
    let open: Vec<_> = document
        .operations()
        .into_iter()
        .filter(|operation| {
            operation.body.get("security").and_then(Value::as_array).is_some_and(Vec::is_empty)
        })
        .map(|operation| format!("{} {}", operation.method, operation.path))
        .collect();
    assert_eq!(open, ["POST /bridge/v1/login"]);
    Ok(())
}

#[test]
fn every_operation_has_an_id_of_its_own_and_a_summary() -> Result<()> {
    let document = OpenApi::load()?;
    let mut seen = BTreeSet::new();
    let mut violations = Vec::new();
    for operation in document.operations() {
        let place = format!("{} {}", operation.method, operation.path);
        match operation.member("operationId") {
            Some(id) if seen.insert(id) => {}
            other => violations.push(format!("{place}: operationId {other:?}")),
        }
        if operation.member("summary").is_none_or(str::is_empty) {
            violations.push(format!("{place}: no summary"));
        }
    }
    none(&violations)
}

#[test]
fn every_reference_leads_somewhere_and_every_part_is_used() -> Result<()> {
    let document = OpenApi::load()?;
    let references: BTreeSet<_> = document.references().into_iter().collect();
    let dangling = references.iter().filter(|reference| document.resolve(reference).is_none());
    let mut violations: Vec<String> =
        dangling.map(|reference| format!("{reference} leads nowhere")).collect();
    violations.extend(
        document
            .parts()
            .into_iter()
            .filter(|part| !references.contains(part.as_str()))
            .map(|part| format!("{part} is not used")),
    );
    none(&violations)
}

/// What a list of the code looks like in a body.
fn texts<T: Copy>(all: &[T], text: impl Fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().copied().map(text).collect()
}

#[test]
fn every_list_of_values_is_that_of_the_code() -> Result<()> {
    let document = OpenApi::load()?;
    macro_rules! lists {
        ($($schema:literal: $kind:ty,)+) => { [$(($schema, texts(<$kind>::ALL, <$kind>::as_str)),)+] };
    }
    let mut lists = lists! {
        "NotificationCategory": dictionary::Category,
        "NotificationType": dictionary::Kind,
        "Tlp": dictionary::Tlp,
        "ActivityStatus": dictionary::ActivityStatus,
        "Impact": dictionary::Impact,
        "SystemCategory": dictionary::SystemCategory,
        "Scope": dictionary::Scope,
        "ProductCategory": dictionary::ProductCategory,
        "IndicatorFunction": dictionary::IndicatorFunction,
        "IncidentStatus": incident::Status,
        "Priority": incident::Priority,
        "Operation": Operation,
    }
    .to_vec();
    let states = texts(incident::ReportState::ALL, incident::ReportState::as_str);
    lists.push(("ExportToNCIRCC", [&[incident::NOT_EXPORTED][..], &states].concat()));
    let mut violations = Vec::new();
    for (schema, wanted) in lists {
        let found = document.resolve(&format!("#/components/schemas/{schema}/enum"));
        let found: Vec<&str> = items(found).filter_map(Value::as_str).collect();
        if found != wanted {
            violations.push(format!("{schema}: the document has {found:?}, the code {wanted:?}"));
        }
    }
    none(&violations)
}

#[test]
fn path_parameters_are_those_of_the_path() -> Result<()> {
    let document = OpenApi::load()?;
    let mut violations = Vec::new();
    for operation in document.operations() {
        let wanted: BTreeSet<&str> =
            operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let declared: BTreeSet<&str> = items(operation.shared_parameters)
            .chain(items(operation.body.get("parameters")))
            .filter_map(|parameter| match parameter.get("$ref").and_then(Value::as_str) {
                Some(reference) => document.resolve(reference),
                None => Some(parameter),
            })
            .filter(|parameter| parameter.get("in").is_some_and(|place| place == "path"))
            .filter_map(|parameter| parameter.get("name")?.as_str())
            .collect();
        if wanted != declared {
            violations.push(format!(
                "{} {}: has {wanted:?}, declares {declared:?}",
                operation.method, operation.path
            ));
        }
    }
    none(&violations)
}

/// A route that API Gateway knows and the function does not would answer 404 for good. A function
/// that serves several paths must tell them apart in its code; one that serves a single path must
/// at least name it. What it has to hold is the whole path for our own routes, and what follows
/// the version for KUMA's.
#[test]
fn the_code_of_each_function_knows_its_paths() -> Result<()> {
    let mut paths: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, path, function) in routes(&Template::load()?)? {
        let wanted = match path.strip_prefix("/api/").and_then(|rest| rest.split_once('/')) {
            Some((_version, tail)) => tail.to_owned(),
            None => path,
        };
        paths.entry(function).or_default().insert(wanted);
    }
    let mut violations = Vec::new();
    for (function, paths) in paths {
        let files = source::rust(format!("functions/{function}/src"))?;
        let single = paths.len() == 1;
        for path in paths {
            let code = |file: &source::RustFile| file.lines().any(|line| line.contains(&path));
            let anywhere = |file: &source::RustFile| single && file.text.contains(&path);
            if !files.iter().any(|file| code(file) || anywhere(file)) {
                violations.push(format!("functions/{function}/src does not know {path}"));
            }
        }
    }
    none(&violations)
}
