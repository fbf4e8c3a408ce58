//! The event line of one run of a function behind a schedule.

use bridge_domain::{
    Timestamp,
    error::{Class, Level},
};
use serde_json::json;

use super::{
    emf::{self, Metric},
    output::Output,
};

/// What a run counted and measured.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Vec<Metric>);

impl Metrics {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The same with a number of things.
    #[must_use]
    pub fn count(mut self, name: &'static str, value: u64) -> Self {
        self.0.push(Metric::count(name, value));
        self
    }

    /// The same with a time in seconds.
    #[must_use]
    pub fn seconds(mut self, name: &'static str, value: u64) -> Self {
        self.0.push(Metric::seconds(name, value));
        self
    }
}

/// How a run ended.
#[derive(Clone, Debug)]
pub enum Ran {
    /// It did what it had to, and measured this.
    Done(Metrics),
    /// A call of it failed.
    Failed {
        /// Kind of the failure.
        class: Class,
        /// What the log says of it.
        detail: String,
    },
    /// It panicked.
    Panicked,
    /// It was cut off at its deadline.
    CutOff,
}

/// A function behind a schedule ran.
///
/// Metrics: `Runs`, `RunsFailed`, `Panics`, `LatencyMs`, and those of the run.
#[derive(Clone, Debug)]
pub struct ScheduleHandled<'a> {
    /// Name of the function: the metrics' only dimension.
    pub function: &'a str,
    /// How the run ended.
    pub ran: &'a Ran,
    /// Time from the event to its end, in milliseconds.
    pub latency_ms: u64,
    /// Request id of Lambda.
    pub request_id: &'a str,
}

impl ScheduleHandled<'_> {
    /// Writes the line.
    pub fn emit(&self, output: &Output, at: Timestamp) {
        let (level, class, detail) = match self.ran {
            Ran::Done(_) => ("INFO", "ok", ""),
            Ran::Failed { class, detail } => (level(*class), class.as_str(), detail.as_str()),
            Ran::Panicked => ("ERROR", "panic", "the handler panicked"),
            Ran::CutOff => ("ERROR", "time", "cut off at the deadline"),
        };
        let mut fields = json!({
            "level": level,
            "message": "schedule handled",
            "class": class,
            "request_id": self.request_id,
        });
        if let (false, Some(fields)) = (detail.is_empty(), fields.as_object_mut()) {
            fields.insert("detail".to_owned(), detail.into());
        }
        let mut metrics = vec![
            Metric::count("Runs", 1),
            Metric::count("RunsFailed", u64::from(!matches!(self.ran, Ran::Done(_)))),
            Metric::count("Panics", u64::from(matches!(self.ran, Ran::Panicked))),
            Metric::millis("LatencyMs", self.latency_ms),
        ];
        if let Ran::Done(Metrics(measured)) = self.ran {
            metrics.extend(measured);
        }
        output.line(emf::line(at, self.function, fields, &metrics));
    }
}

const fn level(class: Class) -> &'static str {
    match class.policy().level {
        Level::Info => "INFO",
        Level::Warn => "WARN",
        Level::Error => "ERROR",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn line(ran: &Ran) -> Value {
        let output = Output::memory();
        ScheduleHandled { function: "sweeper", ran, latency_ms: 5, request_id: "r" }
            .emit(&output, Timestamp::MIN);
        serde_json::from_str(output.text().trim_end()).unwrap()
    }

    #[test]
    fn what_a_run_measured_is_in_its_line_with_its_unit() {
        let line = line(&Ran::Done(Metrics::new().count("Requeued", 3).seconds("OldestDueSeconds", 70)));
        assert_eq!((&line["Requeued"], &line["OldestDueSeconds"]), (&3.into(), &70.into()));
        let declared = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        let unit = |name: &str| &declared.iter().find(|metric| metric["Name"] == name).unwrap()["Unit"];
        assert_eq!((unit("Requeued"), unit("OldestDueSeconds")), (&"Count".into(), &"Seconds".into()));
        assert!(line.get("detail").is_none());
    }

    #[test]
    fn the_end_of_a_run_decides_level_and_metrics() {
        let failed = |class| Ran::Failed { class, detail: "why".to_owned() };
        for (ran, level, failures, panics) in [
            (Ran::Done(Metrics::new()), "INFO", 0, 0),
            (failed(Class::Transient), "WARN", 1, 0),
            (failed(Class::Permanent), "ERROR", 1, 0),
            (Ran::Panicked, "ERROR", 1, 1),
            (Ran::CutOff, "ERROR", 1, 0),
        ] {
            let line = line(&ran);
            assert_eq!(
                (&line["level"], &line["RunsFailed"], &line["Panics"]),
                (&level.into(), &failures.into(), &panics.into()),
                "{ran:?}"
            );
        }
    }
}
