//! CloudWatch's embedded metric format: a log line that is also metrics.

use bridge_domain::Timestamp;
use serde_json::{Map, Value, json};

use super::NAMESPACE;

/// Unit of a metric.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unit {
    Count,
    Milliseconds,
    Seconds,
}

/// One metric of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) unit: Unit,
    pub(super) value: u64,
}

impl Metric {
    pub(super) const fn count(name: &'static str, value: u64) -> Self {
        Self { name, unit: Unit::Count, value }
    }

    pub(super) const fn millis(name: &'static str, value: u64) -> Self {
        Self { name, unit: Unit::Milliseconds, value }
    }

    pub(super) const fn seconds(name: &'static str, value: u64) -> Self {
        Self { name, unit: Unit::Seconds, value }
    }
}

/// The line: `fields` and `metrics` at the root of one object, the function as only dimension.
pub(super) fn line(at: Timestamp, function: &str, fields: Value, metrics: &[Metric]) -> String {
    let declared: Vec<Value> = metrics
        .iter()
        .map(|metric| {
            let unit = match metric.unit {
                Unit::Count => "Count",
                Unit::Milliseconds => "Milliseconds",
                Unit::Seconds => "Seconds",
            };
            json!({ "Name": metric.name, "Unit": unit })
        })
        .collect();
    let mut line = match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    line.insert("timestamp".into(), at.to_string().into());
    line.insert("Function".into(), function.into());
    line.insert(
        "_aws".into(),
        json!({
            "Timestamp": at.micros() / 1000,
            "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": [["Function"]], "Metrics": declared }],
        }),
    );
    line.extend(metrics.iter().map(|metric| (metric.name.to_owned(), metric.value.into())));
    Value::Object(line).to_string()
}
