//! The shape of the house: which crate may know which, and what a function looks like.

use std::collections::BTreeSet;

use bridge_policy::{
    Result,
    graph::{Graph, shipped},
    none, root, source,
    template::{Template, target},
    text,
};

/// Longest `main.rs` of a function.
const MAIN_LIMIT: usize = 40;
/// Longest file, its tests aside.
const FILE_LIMIT: usize = 500;
/// What the README of a function tells, in this order.
const HEADINGS: [&str; 7] =
    ["Purpose", "Trigger", "Contract", "Idempotency", "Failures", "Permissions", "Metrics"];

/// Whether a crate of ours in `from` may depend on one in `to`.
fn may_depend(from: &str, to: &str) -> bool {
    match from.split_once('/') {
        _ if from == "shared/domain" => false,
        _ if from == "shared/store" || from == "shared/runtime" => to == "shared/domain",
        // Where the store and the runtime meet (docs/adr/0010).
        _ if from == "shared/access" => ["shared/domain", "shared/runtime", "shared/store"].contains(&to),
        // From the settings of a target to a client of it: it knows every client, and no store.
        _ if from == "shared/connect" => {
            ["shared/domain", "shared/runtime"].contains(&to) || to.starts_with("shared/clients/")
        }
        // Where the store meets the targets; which client is behind a target is not its business.
        _ if from == "shared/delivery" => {
            ["shared/domain", "shared/store", "shared/runtime", "shared/connect"].contains(&to)
        }
        // Where the ledger, or imports, meet their queues: they call nobody outside.
        _ if from == "shared/reporting" || from == "shared/importing" => {
            ["shared/domain", "shared/store", "shared/runtime"].contains(&to)
        }
        // Clients share the one crate that speaks HTTP for all of them.
        _ if from.starts_with("shared/clients/") => {
            to == "shared/domain" || (to == "shared/clients/http" && from != "shared/clients/http")
        }
        Some(("functions", _)) => to.starts_with("shared/"),
        Some(("tests", _)) => !to.starts_with("functions/"),
        // A tool in infra knows what lies on the wire, not our code.
        _ => false,
    }
}

#[test]
fn the_arrows_between_our_crates_point_one_way() -> Result<()> {
    let graph = Graph::load()?;
    let mut violations = Vec::new();
    for package in graph.members() {
        let from = graph.place(package);
        for dependency in shipped(package) {
            let to = graph
                .members()
                .find(|member| member.name.as_str() == dependency.name)
                .map(|member| graph.place(member));
            if let Some(to) = to
                && !may_depend(&from, &to)
            {
                violations.push(format!("{from} must not depend on {to}"));
            }
        }
    }
    none(&violations)
}

#[test]
fn the_store_alone_names_the_dynamodb_sdk() -> Result<()> {
    let graph = Graph::load()?;
    let mut violations = Vec::new();
    for package in graph.members() {
        let place = graph.place(package);
        let names_it = shipped(package).any(|dependency| dependency.name == "aws-sdk-dynamodb");
        if names_it && place != "shared/store" && !place.starts_with("tests/") {
            violations.push(format!("{place} depends on aws-sdk-dynamodb"));
        }
    }
    none(&violations)
}

#[test]
fn the_domain_is_pure() -> Result<()> {
    let graph = Graph::load()?;
    let domain =
        graph.members().find(|package| graph.place(package) == "shared/domain").ok_or("no shared/domain")?;
    let impure = |name: &str| {
        name.starts_with("aws-") || ["tokio", "reqwest", "lambda_runtime", "hyper"].contains(&name)
    };
    let violations: Vec<String> =
        shipped(domain).filter(|found| impure(&found.name)).map(|found| found.name.clone()).collect();
    none(&violations)
}

#[test]
fn every_function_of_the_template_is_a_crate_and_every_crate_is_in_the_template() -> Result<()> {
    let graph = Graph::load()?;
    let crates: BTreeSet<String> = graph
        .members()
        .filter_map(|package| graph.place(package).strip_prefix("functions/").map(ToOwned::to_owned))
        .collect();
    let deployed: BTreeSet<String> =
        Template::load()?.functions()?.into_iter().map(|function| function.name).collect();
    assert_eq!(crates, deployed);
    Ok(())
}

#[test]
fn a_function_is_a_short_main_and_a_handler() -> Result<()> {
    let mut violations = Vec::new();
    for function in Template::load()?.functions()? {
        let home = format!("functions/{}/src", function.name);
        let lines = text(format!("{home}/main.rs"))?.lines().count();
        if lines > MAIN_LIMIT {
            violations.push(format!("{home}/main.rs has {lines} lines, more than {MAIN_LIMIT}"));
        }
        if !root().join(&home).join("handler.rs").exists() {
            violations.push(format!("{home}/handler.rs is not there"));
        }
    }
    none(&violations)
}

/// The text of a section of a README, up to the next heading of its level.
fn section<'a>(readme: &'a str, heading: &str) -> Option<&'a str> {
    let mut at = 0;
    for line in readme.split_inclusive('\n') {
        at += line.len();
        if line.trim_end() == format!("## {heading}") {
            let rest = readme.get(at..)?;
            return rest.get(..rest.find("\n## ").unwrap_or(rest.len()));
        }
    }
    None
}

#[test]
fn the_readme_of_a_function_tells_its_routes_and_permissions() -> Result<()> {
    let template = Template::load()?;
    let mut violations = Vec::new();
    for function in template.functions()? {
        let path = format!("functions/{}/README.md", function.name);
        let Ok(readme) = text(&path) else {
            violations.push(format!("{path} is not there"));
            continue;
        };
        let headings: Vec<&str> =
            readme.lines().filter_map(|line| line.strip_prefix("## ")).map(str::trim_end).collect();
        if headings != HEADINGS {
            violations.push(format!("{path}: its headings are {headings:?}, not {HEADINGS:?}"));
        }
        let permissions = section(&readme, "Permissions").unwrap_or_default();
        let actions: BTreeSet<&str> =
            template.permissions(&function)?.into_iter().flat_map(|statement| statement.actions).collect();
        for action in actions.into_iter().filter(|action| !permissions.contains(action)) {
            violations.push(format!("{path}: Permissions does not name {action}"));
        }
        let trigger = section(&readme, "Trigger").unwrap_or_default();
        let keys: BTreeSet<String> = template
            .routes()?
            .iter()
            .filter(|route| route.function == function.resource.id)
            .map(|route| format!("{} {}", route.method, route.bare_path()))
            .collect();
        let others = triggers(&template, function.resource.id);
        if keys.is_empty() && others.is_empty() {
            violations.push(format!("{path}: nothing triggers this function"));
        }
        for key in keys.into_iter().chain(others).filter(|key| !trigger.contains(key.as_str())) {
            violations.push(format!("{path}: Trigger does not name {key}"));
        }
    }
    none(&violations)
}

/// What calls a function besides routes: the names of its queues without the stack's, and the
/// expressions of the schedules that call it or fill one of these queues.
fn triggers(template: &Template, function: &str) -> Vec<String> {
    let queues: Vec<&str> = template
        .all("AWS::Lambda::EventSourceMapping")
        .filter(|mapping| mapping.property("/FunctionName").and_then(target) == Some(function))
        .filter_map(|mapping| mapping.property("/EventSourceArn").and_then(target))
        .collect();
    let names = queues.iter().filter_map(|queue| {
        let name = template.resource(queue)?.property("/QueueName/Fn::Sub")?.as_str()?;
        Some(name.trim_start_matches("${AWS::StackName}").to_owned())
    });
    let schedules = template
        .all("AWS::Scheduler::Schedule")
        .filter(|schedule| {
            let on = schedule.property("/Target/Arn").and_then(target);
            on.is_some_and(|on| on == function || queues.contains(&on))
        })
        .filter_map(|schedule| schedule.property("/ScheduleExpression")?.as_str().map(ToOwned::to_owned));
    names.chain(schedules).collect()
}

#[test]
fn nothing_scans() -> Result<()> {
    let mut violations = Vec::new();
    for directory in ["shared", "functions", "infra"] {
        for file in source::rust(directory)? {
            let scans = |line: &&str| {
                line.contains(".scan()") || line.contains("operation::scan") || line.contains("Scan\"")
            };
            violations.extend(
                file.lines().filter(scans).map(|line| format!("{}: {}", file.path.display(), line.trim())),
            );
        }
    }
    none(&violations)
}

#[test]
fn no_file_is_long() -> Result<()> {
    let mut violations = Vec::new();
    for directory in ["shared", "functions", "tests", "infra"] {
        for file in source::rust(directory)? {
            let lines = file.code().lines().count();
            if lines > FILE_LIMIT && file.path.components().any(|part| part.as_os_str() == "src") {
                violations.push(format!("{} has {lines} lines, more than {FILE_LIMIT}", file.path.display()));
            }
        }
    }
    none(&violations)
}

#[test]
fn a_module_is_named_by_its_file() -> Result<()> {
    let mut violations = Vec::new();
    for directory in ["shared", "functions", "tests", "infra"] {
        let files = source::rust(directory)?.into_iter().filter(|file| file.path.ends_with("mod.rs"));
        violations.extend(files.map(|file| file.path.display().to_string()));
    }
    none(&violations)
}
