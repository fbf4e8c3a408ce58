//! The template keeps the promises that no emulator can test.

use std::collections::{BTreeMap, BTreeSet};

use bridge_policy::{
    Result, none, queues, schedules,
    template::{Resource, Template, by_function, covers, items, target},
};
use serde_json::Value;

#[test]
fn no_statement_has_a_wildcard_action_or_reads_a_whole_table() -> Result<()> {
    let template = Template::load()?;
    let statements = template.statements();
    assert!(!statements.is_empty(), "no policy was found");
    let mut violations = Vec::new();
    for statement in &statements {
        for action in &statement.actions {
            if action.contains(['*', '?']) || action.ends_with(":Scan") || action.contains(":PartiQL") {
                violations.push(format!("{} {}: {action}", statement.owner, statement.sid));
            }
        }
    }
    none(&violations)
}

#[test]
fn only_tracing_is_allowed_on_every_resource() -> Result<()> {
    let template = Template::load()?;
    let mut violations = Vec::new();
    for statement in template.statements() {
        let anywhere =
            statement.resources.iter().any(|resource| *resource == "*") || statement.resources.is_empty();
        if anywhere && !statement.actions.iter().all(|action| action.starts_with("xray:")) {
            violations.push(format!("{} {}: on every resource", statement.owner, statement.sid));
        }
    }
    none(&violations)
}

#[test]
fn every_dynamodb_statement_names_the_keys_it_is_for() -> Result<()> {
    let template = Template::load()?;
    let mut violations = Vec::new();
    for statement in
        template.statements().iter().filter(|found| found.actions.iter().any(|a| a.starts_with("dynamodb:")))
    {
        let keys: Vec<&str> = items(
            statement
                .condition
                .and_then(|condition| condition.pointer("/ForAllValues:StringLike/dynamodb:LeadingKeys")),
        )
        .filter_map(Value::as_str)
        .collect();
        if keys.is_empty() || keys.contains(&"*") {
            violations.push(format!("{} {}: no leading keys", statement.owner, statement.sid));
        }
    }
    none(&violations)
}

#[test]
fn every_function_runs_under_a_role_of_its_own() -> Result<()> {
    let template = Template::load()?;
    let functions = template.functions()?;
    assert!(!functions.is_empty(), "no function was found");
    let mut seen = BTreeMap::new();
    let mut violations = Vec::new();
    for function in &functions {
        let id = function.resource.id;
        match function.role.and_then(|role| template.resource(role)) {
            Some(role) if role.kind() == "AWS::IAM::Role" => {
                if role.property("/ManagedPolicyArns").is_some() {
                    violations
                        .push(format!("{}: a managed policy allows more than the function needs", role.id));
                }
                if let Some(other) = seen.insert(role.id, id) {
                    violations.push(format!("{id}: shares its role with {other}"));
                }
            }
            _ => violations.push(format!("{id}: no role of the template")),
        }
    }
    none(&violations)
}

#[test]
fn every_function_is_bounded_logged_and_watched() -> Result<()> {
    let template = Template::load()?;
    let mut violations = Vec::new();
    for function in template.functions()? {
        let id = function.resource.id;
        if function.resource.property("/ReservedConcurrentExecutions").is_none() {
            violations.push(format!("{id}: no reserved concurrency"));
        }
        let log = function
            .resource
            .property("/LoggingConfig/LogGroup")
            .and_then(target)
            .and_then(|log| template.resource(log));
        if log.and_then(|log| log.property("/RetentionInDays")).is_none() {
            violations.push(format!("{id}: no log group with a retention"));
        }
        for metric in ["Errors", "Throttles"] {
            if template.alarms(metric, id).next().is_none() {
                violations.push(format!("{id}: no alarm on {metric}"));
            }
        }
        let limit = function.timeout * 1000;
        let in_time = |alarm: Resource<'_>| {
            alarm.property("/Threshold").and_then(Value::as_u64).is_some_and(|threshold| threshold < limit)
        };
        if !template.alarms("Duration", id).any(in_time) {
            violations.push(format!("{id}: no alarm before its time-out of {} s", function.timeout));
        }
    }
    for setting in ["/Globals/Function/Tracing", "/Globals/Function/LoggingConfig/LogFormat"] {
        if template.at(setting).is_none() {
            violations.push(format!("{setting} is not set"));
        }
    }
    none(&violations)
}

#[test]
fn every_log_group_forgets() -> Result<()> {
    let template = Template::load()?;
    let endless = |log: &Resource<'_>| log.property("/RetentionInDays").is_none();
    none(
        &template
            .all("AWS::Logs::LogGroup")
            .filter(endless)
            .map(|log| format!("{}: no retention", log.id))
            .collect::<Vec<_>>(),
    )
}

#[test]
fn an_alarm_speaks_and_silence_is_no_alarm() -> Result<()> {
    let template = Template::load()?;
    let mut violations = Vec::new();
    for alarm in template.all("AWS::CloudWatch::Alarm") {
        for property in ["/AlarmActions", "/AlarmDescription", "/TreatMissingData"] {
            if alarm.property(property).is_none() {
                violations.push(format!("{}: no {property}", alarm.id));
            }
        }
    }
    none(&violations)
}

#[test]
fn every_queue_has_a_dead_letter_queue_an_alarm_and_time() -> Result<()> {
    none(&queues::violations(&Template::load()?)?)
}

#[test]
fn every_schedule_is_on_and_may_do_one_thing() -> Result<()> {
    none(&schedules::violations(&Template::load()?)?)
}

/// Tables of what may be forgotten.
const CACHES: [&str; 1] = ["CacheTable"];

#[test]
fn a_cache_is_encrypted_forgets_by_itself_and_goes_with_the_stack() -> Result<()> {
    let template = Template::load()?;
    let mut violations = Vec::new();
    for id in CACHES {
        let table = template.resource(id).ok_or_else(|| format!("no {id}"))?;
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
            if table.body.get(policy).is_none_or(|value| value != "Delete") {
                violations.push(format!("{id}: {policy} is not Delete"));
            }
        }
        for property in ["/TimeToLiveSpecification/Enabled", "/SSESpecification/SSEEnabled"] {
            if table.property(property) != Some(&Value::Bool(true)) {
                violations.push(format!("{id}: {property} is not true"));
            }
        }
    }
    none(&violations)
}

#[test]
fn every_table_is_kept_restorable_and_encrypted() -> Result<()> {
    let template = Template::load()?;
    let mut violations = Vec::new();
    let mut tables = 0;
    for table in template.all("AWS::DynamoDB::Table").filter(|table| !CACHES.contains(&table.id)) {
        tables += 1;
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
            if table.body.get(policy).is_none_or(|value| value != "Retain") {
                violations.push(format!("{}: {policy} is not Retain", table.id));
            }
        }
        for property in
            ["/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", "/SSESpecification/SSEEnabled"]
        {
            if table.property(property) != Some(&Value::Bool(true)) {
                violations.push(format!("{}: {property} is not true", table.id));
            }
        }
        if table.property("/DeletionProtectionEnabled").is_none() {
            violations.push(format!("{}: no deletion protection", table.id));
        }
    }
    assert!(tables > 0, "no table was found");
    none(&violations)
}

#[test]
fn deletion_protection_is_on_unless_somebody_turns_it_off() -> Result<()> {
    let template = Template::load()?;
    assert_eq!(template.at("/Parameters/DeletionProtection/Default").and_then(Value::as_str), Some("true"));
    Ok(())
}

#[test]
fn every_route_may_call_the_function_it_names() -> Result<()> {
    let template = Template::load()?;
    let routes = template.routes()?;
    assert!(!routes.is_empty(), "no route was found");
    let patterns = |function: &str| -> Vec<String> {
        template
            .all("AWS::Lambda::Permission")
            .filter(|found| found.property("/FunctionName").and_then(target) == Some(function))
            .filter_map(|found| {
                found
                    .property("/SourceArn/Fn::Sub")?
                    .as_str()?
                    .split_once("${Api}/*/")
                    .map(|(_, pattern)| pattern.to_owned())
            })
            .collect()
    };
    let mut violations = Vec::new();
    for (function, routes) in by_function(&routes) {
        let patterns = patterns(function);
        for route in &routes {
            let call = format!("{}{}", route.method, route.path);
            if !patterns.iter().any(|pattern| covers(pattern, &call)) {
                violations.push(format!("{}: no permission for {call}", route.id));
            }
        }
        for pattern in patterns {
            if !routes.iter().any(|route| covers(&pattern, &format!("{}{}", route.method, route.path))) {
                violations.push(format!("{function}: the permission {pattern} is for no route"));
            }
        }
    }
    none(&violations)
}

#[test]
fn every_path_is_served_with_and_without_a_trailing_slash() -> Result<()> {
    let template = Template::load()?;
    let routes = template.routes()?;
    let keys: BTreeSet<_> = routes.iter().map(|route| (route.method, route.path, route.function)).collect();
    assert_eq!(keys.len(), routes.len(), "a route is there twice");
    let mut violations = Vec::new();
    for route in &routes {
        let twin =
            if route.path.ends_with('/') { route.bare_path().to_owned() } else { format!("{}/", route.path) };
        if !keys.contains(&(route.method, twin.as_str(), route.function)) {
            violations.push(format!("{}: no route {} {twin}", route.id, route.method));
        }
    }
    none(&violations)
}

#[test]
fn the_stage_throttles_every_route_and_ingest_search_and_login_by_name() -> Result<()> {
    let template = Template::load()?;
    let routes = template.routes()?;
    let mut violations = Vec::new();
    for stage in template.all("AWS::ApiGatewayV2::Stage") {
        for limit in ["ThrottlingRateLimit", "ThrottlingBurstLimit"] {
            if stage.property(&format!("/DefaultRouteSettings/{limit}")).is_none() {
                violations.push(format!("{}: no default {limit}", stage.id));
            }
        }
        let settings = stage
            .property("/RouteSettings")
            .and_then(Value::as_object)
            .ok_or("no route has limits of its own")?;
        let after: Vec<&str> = items(stage.body.get("DependsOn")).filter_map(Value::as_str).collect();
        for (key, limits) in settings {
            match routes.iter().find(|route| format!("{} {}", route.method, route.path) == *key) {
                None => violations.push(format!("{}: limits for {key}, which is no route", stage.id)),
                Some(route) if !after.contains(&route.id) => {
                    violations
                        .push(format!("{}: does not wait for {}, whose limits it sets", stage.id, route.id));
                }
                Some(_) => {}
            }
            if limits.get("ThrottlingRateLimit").is_none() || limits.get("ThrottlingBurstLimit").is_none() {
                violations.push(format!("{}: {key} lacks a limit", stage.id));
            }
        }
        for route in &routes {
            let own =
                ["AlertIngestFunction", "AlertSearchFunction", "LoginFunction"].contains(&route.function);
            if own && !settings.contains_key(&format!("{} {}", route.method, route.path)) {
                violations.push(format!("{}: {} has no limits of its own", stage.id, route.id));
            }
        }
    }
    none(&violations)
}

#[test]
fn the_access_log_is_json_and_holds_neither_query_nor_header() -> Result<()> {
    let template = Template::load()?;
    let mut stages = 0;
    for stage in template.all("AWS::ApiGatewayV2::Stage") {
        stages += 1;
        let format =
            stage.property("/AccessLogSettings/Format").and_then(Value::as_str).ok_or("no access log")?;
        assert!(stage.property("/AccessLogSettings/DestinationArn").is_some(), "the access log goes nowhere");
        let line: BTreeMap<String, String> = serde_json::from_str(format)?;
        let harmless = BTreeSet::from([
            "$context.requestId",
            "$context.requestTime",
            "$context.identity.sourceIp",
            "$context.routeKey",
            "$context.httpMethod",
            "$context.protocol",
            "$context.status",
            "$context.responseLength",
            "$context.responseLatency",
            "$context.integrationLatency",
            "$context.integrationStatus",
            "$context.error.message",
            "$context.integrationErrorMessage",
        ]);
        none(&line.values().filter(|value| !harmless.contains(value.as_str())).cloned().collect::<Vec<_>>())?;
    }
    assert_eq!(stages, 1);
    Ok(())
}

#[test]
fn every_parameter_and_output_is_described() -> Result<()> {
    let template = Template::load()?;
    let mut violations = Vec::new();
    for section in ["Parameters", "Outputs"] {
        for (name, body) in template.section(section) {
            if body.get("Description").and_then(Value::as_str).is_none_or(str::is_empty) {
                violations.push(format!("{section}: {name} is not described"));
            }
        }
    }
    let outputs = [
        "ApiId",
        "ApiUrl",
        "StateTableName",
        "CacheTableName",
        "InventoryTableName",
        "AdminTokenSecretArn",
        "RvisionQueueUrl",
        "RvisionDeadQueueUrl",
        "KumaQueueUrl",
        "KumaDeadQueueUrl",
        "PullQueueUrl",
        "PullDeadQueueUrl",
        "LdapQueueUrl",
        "LdapDeadQueueUrl",
        "NcirccQueueUrl",
        "NcirccDeadQueueUrl",
    ];
    for name in outputs {
        if template.section("Outputs").all(|(output, _)| output != name) {
            violations.push(format!("Outputs: no {name}"));
        }
    }
    none(&violations)
}
