//! The event line of one step with a row of the ledger.

use bridge_domain::{Class, Timestamp};
use serde_json::json;

use super::{
    emf::{self, Metric},
    output::Output,
};

/// Where a step left a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It has happened.
    Sent,
    /// It surely has not; it is tried again.
    Retried,
    /// Nobody knows; the receiver is asked.
    Unknown,
    /// Nobody knows and the receiver can not tell: a person has to decide.
    Stuck,
    /// It has not, and nobody tries any more.
    Failed,
}

/// One step with a row of the ledger.
///
/// Metrics: `LedgerSent`, `LedgerRetried`, `LedgerUnknown`, `LedgerStuck`, `LedgerFailed`,
/// `LedgerTokenRefused`, `LedgerLagMs`, `LedgerMs`.
#[derive(Clone, Copy, Debug)]
pub struct LedgerHandled<'a> {
    /// Name of the function: the metrics' only dimension.
    pub function: &'a str,
    /// The incident.
    pub incident: &'a str,
    /// The row.
    pub row: &'a str,
    /// What the row does: export, supplement, decision or comment.
    pub kind: &'a str,
    /// Whether the receiver was asked, not told.
    pub asked: bool,
    /// Where it left the row.
    pub step: Step,
    /// Kind of the failure, if a call failed.
    pub class: Option<Class>,
    /// What the log says of the failure.
    pub detail: &'a str,
    /// Attempts at sending so far.
    pub attempts: u32,
    /// What the receiver calls it; empty when nobody knows.
    pub remote: &'a str,
    /// How long ago it was ordered, in milliseconds.
    pub lag_ms: u64,
    /// How long this took, in milliseconds.
    pub latency_ms: u64,
}

impl LedgerHandled<'_> {
    /// Writes the line.
    pub fn emit(&self, output: &Output, at: Timestamp) {
        let is = |step| u64::from(self.step == step);
        let level = match self.step {
            Step::Sent => "INFO",
            Step::Retried | Step::Unknown => "WARN",
            Step::Stuck | Step::Failed => "ERROR",
        };
        let mut fields = json!({
            "level": level,
            "message": "ledger handled",
            "incident": self.incident,
            "row": self.row,
            "kind": self.kind,
            "asked": self.asked,
            "remote": self.remote,
            "attempts": self.attempts,
        });
        if let (Some(class), Some(fields)) = (self.class, fields.as_object_mut()) {
            fields.insert("class".to_owned(), class.as_str().into());
            fields.insert("detail".to_owned(), self.detail.into());
        }
        let metrics = [
            Metric::count("LedgerSent", is(Step::Sent)),
            Metric::count("LedgerRetried", is(Step::Retried)),
            Metric::count("LedgerUnknown", is(Step::Unknown)),
            Metric::count("LedgerStuck", is(Step::Stuck)),
            Metric::count("LedgerFailed", is(Step::Failed)),
            Metric::count("LedgerTokenRefused", u64::from(self.class == Some(Class::Auth))),
            Metric::millis("LedgerLagMs", self.lag_ms),
            Metric::millis("LedgerMs", self.latency_ms),
        ];
        output.line(emf::line(at, self.function, fields, &metrics));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_step_is_one_line_with_its_metrics() {
        for (step, class, metric, level) in [
            (Step::Sent, None, "LedgerSent", "INFO"),
            (Step::Retried, Some(Class::Auth), "LedgerRetried", "WARN"),
            (Step::Unknown, Some(Class::Unknown), "LedgerUnknown", "WARN"),
            (Step::Stuck, None, "LedgerStuck", "ERROR"),
            (Step::Failed, Some(Class::Permanent), "LedgerFailed", "ERROR"),
        ] {
            let output = Output::memory();
            LedgerHandled {
                function: "ncircc-send",
                incident: "INC-1",
                row: "export",
                kind: "export",
                asked: false,
                step,
                class,
                detail: "why",
                attempts: 2,
                remote: "",
                lag_ms: 9,
                latency_ms: 3,
            }
            .emit(&output, Timestamp::MIN);
            let line: Value = serde_json::from_str(output.text().trim_end()).unwrap();
            assert_eq!(
                (&line[metric], &line["level"], &line["LedgerLagMs"]),
                (&1.into(), &level.into(), &9.into())
            );
            let one: u64 = ["LedgerSent", "LedgerRetried", "LedgerUnknown", "LedgerStuck", "LedgerFailed"]
                .iter()
                .map(|name| line[*name].as_u64().unwrap())
                .sum();
            assert_eq!(one, 1, "{line}");
            assert_eq!(line["LedgerTokenRefused"], u64::from(class == Some(Class::Auth)));
            assert_eq!(line.get("detail").is_some(), class.is_some());
        }
    }
}
