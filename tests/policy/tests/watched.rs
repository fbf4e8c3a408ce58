//! Alarms and the dashboard look at metrics that somebody writes.

use std::collections::BTreeSet;

use bridge_policy::{
    Result, none, source,
    template::{Template, items},
};
use serde_json::Value;

/// The namespace of the metrics that the functions write into their logs.
const NAMESPACE: &str = "KumaBridge";

/// A metric of ours that a dashboard or an alarm looks at: its name, and the function that has it.
fn watched(template: &Template) -> Result<BTreeSet<(String, String)>> {
    let mut found = BTreeSet::new();
    for alarm in template.all("AWS::CloudWatch::Alarm") {
        if alarm.property("/Namespace").is_none_or(|namespace| namespace != NAMESPACE) {
            continue;
        }
        let name = alarm.property("/MetricName").and_then(Value::as_str).unwrap_or_default();
        let dimensions: Vec<&Value> = items(alarm.property("/Dimensions")).collect();
        match *dimensions {
            [dimension] if dimension.get("Name").is_some_and(|name| name == "Function") => {
                let function = dimension.get("Value").and_then(Value::as_str).unwrap_or_default();
                found.insert((name.to_owned(), function.to_owned()));
            }
            _ => return Err(format!("{}: the only dimension is Function", alarm.id).into()),
        }
    }
    for dashboard in template.all("AWS::CloudWatch::Dashboard") {
        let body = dashboard.property("/DashboardBody/Fn::Sub").and_then(Value::as_str);
        let body: Value = serde_json::from_str(body.ok_or("a dashboard without a body")?)?;
        for widget in items(body.get("widgets")) {
            for metric in items(widget.pointer("/properties/metrics")) {
                if metric.get(0).is_some_and(|namespace| namespace == NAMESPACE) {
                    let part = |index: usize| {
                        metric.get(index).and_then(Value::as_str).unwrap_or_default().to_owned()
                    };
                    found.insert((part(1), part(3)));
                }
            }
        }
    }
    Ok(found)
}

#[test]
fn what_is_watched_is_measured() -> Result<()> {
    let template = Template::load()?;
    let functions: BTreeSet<String> =
        template.functions()?.into_iter().map(|function| function.name).collect();
    let watched = watched(&template)?;
    for needed in [
        ("OldestDueSeconds", "sweeper"),
        ("OldestLedgerDueSeconds", "sweeper"),
        ("PullGapSeconds", "alert-pull"),
        ("ImportsFailed", "ldap-refresh"),
        ("ImportsIncomplete", "ldap-refresh"),
        ("OldestImportDueSeconds", "refresh-dispatch"),
        ("LedgerStuck", "ncircc-send"),
        ("LedgerFailed", "ncircc-send"),
        ("LedgerTokenRefused", "ncircc-send"),
        ("Faults", "login"),
        ("LoginsRefused", "login"),
    ] {
        let alarm = template.all("AWS::CloudWatch::Alarm").any(|alarm| {
            alarm.property("/MetricName").is_some_and(|name| name == needed.0)
                && alarm.property("/Dimensions/0/Value").is_some_and(|function| function == needed.1)
        });
        assert!(alarm, "no alarm on {needed:?}");
    }
    let mut violations = Vec::new();
    for (name, function) in watched {
        if !functions.contains(&function) {
            violations.push(format!("{name}: there is no function {function}"));
            continue;
        }
        let quoted = format!("\"{name}\"");
        let mut files = source::rust(format!("functions/{function}/src"))?;
        files.extend(source::rust("shared")?);
        if !files.iter().any(|file| file.lines().any(|line| line.contains(&quoted))) {
            violations.push(format!("{function} writes no metric {name}"));
        }
    }
    none(&violations)
}
