//! The events that are a log line and metrics at once.

use bridge_domain::Timestamp;
use serde_json::json;

use super::{
    Output,
    emf::{self, Metric},
};

/// An HTTP request was answered.
///
/// Metrics: `Requests`, `Faults` (5xx), `Rejections` (4xx), `LatencyMs`, and the handler's counters.
#[derive(Clone, Debug)]
pub struct RequestHandled<'a> {
    /// Name of the function: the metrics' only dimension.
    pub function: &'a str,
    /// API Gateway's route key, for example `GET /api/v1/alerts`: never the path itself.
    pub route: &'a str,
    /// Status of the answer.
    pub status: u16,
    /// `ok`, or the class of the failure.
    pub class: &'a str,
    /// Time from the event to the answer, in milliseconds.
    pub latency_ms: u64,
    /// Size of the request body as it was sent, in bytes.
    pub bytes_in: usize,
    /// Size of the answer's body as it is sent, in bytes.
    pub bytes_out: usize,
    /// Ties the lines of one request together.
    pub correlation_id: &'a str,
    /// Request id of Lambda.
    pub request_id: &'a str,
    /// Why it failed, for the log only; empty when it did not.
    pub detail: &'a str,
    /// Counters of the handler.
    pub counters: &'a [(&'static str, u64)],
}

impl RequestHandled<'_> {
    /// Writes the line.
    pub fn emit(&self, output: &Output, at: Timestamp) {
        let level = match self.status {
            503 => "WARN",
            500.. => "ERROR",
            _ => "INFO",
        };
        let mut fields = json!({
            "level": level,
            "message": "request handled",
            "route": self.route,
            "status": self.status,
            "class": self.class,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "correlation_id": self.correlation_id,
            "request_id": self.request_id,
        });
        if let (false, Some(fields)) = (self.detail.is_empty(), fields.as_object_mut()) {
            fields.insert("detail".into(), self.detail.into());
        }
        let mut metrics = vec![
            Metric::count("Requests", 1),
            Metric::count("Faults", u64::from(self.status >= 500)),
            Metric::count("Rejections", u64::from((400..500).contains(&self.status))),
            Metric::millis("LatencyMs", self.latency_ms),
        ];
        metrics.extend(self.counters.iter().map(|(name, value)| Metric::count(name, *value)));
        output.line(emf::line(at, self.function, fields, &metrics));
    }
}

/// A batch of queue messages was handled.
///
/// Metrics: `Records`, `Done`, `Retried`, `DeadLettered`, `LatencyMs`.
#[derive(Clone, Debug)]
pub struct BatchHandled<'a> {
    /// Name of the function: the metrics' only dimension.
    pub function: &'a str,
    /// Records that were done.
    pub done: usize,
    /// Records that come back, those never started among them.
    pub retried: usize,
    /// Records that can never succeed.
    pub dead: usize,
    /// Time from the event to the answer, in milliseconds.
    pub latency_ms: u64,
    /// Request id of Lambda.
    pub request_id: &'a str,
}

impl BatchHandled<'_> {
    /// Writes the line.
    pub fn emit(&self, output: &Output, at: Timestamp) {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let level = match (self.dead, self.retried) {
            (1.., _) => "ERROR",
            (0, 1..) => "WARN",
            (0, 0) => "INFO",
        };
        let fields = json!({ "level": level, "message": "batch handled", "request_id": self.request_id });
        let metrics = [
            Metric::count("Records", count(self.done + self.retried + self.dead)),
            Metric::count("Done", count(self.done)),
            Metric::count("Retried", count(self.retried)),
            Metric::count("DeadLettered", count(self.dead)),
            Metric::millis("LatencyMs", self.latency_ms),
        ];
        output.line(emf::line(at, self.function, fields, &metrics));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn handled(status: u16) -> Value {
        let output = Output::memory();
        RequestHandled {
            function: "alert-close",
            route: "POST /api/v1/alerts/close",
            status,
            class: "ok",
            latency_ms: 12,
            bytes_in: 70,
            bytes_out: 0,
            correlation_id: "c-1",
            request_id: "r-1",
            detail: "",
            counters: &[("AlertsClosed", 1)],
        }
        .emit(&output, Timestamp::from_micros(1_500_000).unwrap());
        serde_json::from_str(output.text().trim_end()).unwrap()
    }

    #[test]
    fn every_metric_that_is_declared_has_a_value_and_the_function_is_the_only_dimension() {
        let line = handled(204);
        let metrics = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(metrics["Namespace"], "KumaBridge");
        assert_eq!(metrics["Dimensions"], json!([["Function"]]));
        assert_eq!(line["_aws"]["Timestamp"], 1500);
        let names: Vec<_> = metrics["Metrics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|metric| metric["Name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["Requests", "Faults", "Rejections", "LatencyMs", "AlertsClosed"]);
        assert!(names.iter().all(|name| line[name].is_u64()));
        assert_eq!(line["Function"], "alert-close");
        assert!(line.get("detail").is_none());
    }

    #[test]
    fn the_status_decides_level_and_metric() {
        for (status, level, faults, rejections) in
            [(200, "INFO", 0, 0), (404, "INFO", 0, 1), (503, "WARN", 1, 0), (500, "ERROR", 1, 0)]
        {
            let line = handled(status);
            assert_eq!(
                (&line["level"], &line["Faults"], &line["Rejections"]),
                (&level.into(), &faults.into(), &rejections.into()),
                "{status}"
            );
        }
    }

    #[test]
    fn a_batch_is_one_line_too() {
        let output = Output::memory();
        BatchHandled { function: "f", done: 3, retried: 1, dead: 0, latency_ms: 5, request_id: "r" }
            .emit(&output, Timestamp::MIN);
        let line: Value = serde_json::from_str(output.text().trim_end()).unwrap();
        assert_eq!((&line["level"], &line["Records"], &line["Done"]), (&"WARN".into(), &4.into(), &3.into()));
    }
}
