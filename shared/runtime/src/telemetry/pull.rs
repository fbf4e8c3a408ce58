//! The event line of one run that asked a KUMA Core for alerts.

use bridge_domain::Timestamp;
use serde_json::json;

use super::{
    emf::{self, Metric},
    output::Output,
};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulled {
    /// Everything up to its beginning is stored.
    Done,
    /// Its time was up; it goes on where it stopped.
    Stopped,
    /// It failed; what was stored by then stays.
    Failed,
}

/// A run that asked a KUMA Core for alerts.
///
/// Metrics: `AlertsPulled`, `AlertsBroughtByPull`, `AlertsRefused`, `PullGapSeconds`, `PullsFailed`,
/// `PullMs`.
#[derive(Clone, Copy, Debug)]
pub struct PullHandled<'a> {
    /// Name of the function: the metrics' only dimension.
    pub function: &'a str,
    /// The Core.
    pub target: &'a str,
    /// How it ended.
    pub outcome: Pulled,
    /// Why it failed; empty when it did not.
    pub detail: &'a str,
    /// Lines of lists that were compared with what is here.
    pub listed: u64,
    /// Alerts that were read in full and changed what is here.
    pub pulled: u64,
    /// Those among them that were not here at all: no push had brought them.
    pub brought: u64,
    /// Alerts that can not be stored.
    pub refused: u64,
    /// How far behind the mark was when the run began; `None` for one that moves no mark.
    pub gap_seconds: Option<u64>,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
}

impl PullHandled<'_> {
    /// Writes the line.
    pub fn emit(&self, output: &Output, at: Timestamp) {
        let (level, outcome) = match self.outcome {
            Pulled::Done => ("INFO", "done"),
            Pulled::Stopped => ("INFO", "stopped"),
            Pulled::Failed => ("WARN", "failed"),
        };
        let mut fields = json!({
            "level": if self.refused > 0 { "ERROR" } else { level },
            "message": "pull handled",
            "target": self.target,
            "outcome": outcome,
            "listed": self.listed,
        });
        if let (false, Some(fields)) = (self.detail.is_empty(), fields.as_object_mut()) {
            fields.insert("detail".to_owned(), self.detail.into());
        }
        let mut metrics = vec![
            Metric::count("AlertsPulled", self.pulled),
            Metric::count("AlertsBroughtByPull", self.brought),
            Metric::count("AlertsRefused", self.refused),
            Metric::count("PullsFailed", u64::from(self.outcome == Pulled::Failed)),
            Metric::millis("PullMs", self.latency_ms),
        ];
        metrics.extend(self.gap_seconds.map(|gap| Metric::seconds("PullGapSeconds", gap)));
        output.line(emf::line(at, self.function, fields, &metrics));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_run_is_one_line_with_its_gap() {
        for (outcome, refused, gap_seconds, level) in [
            (Pulled::Done, 0, Some(75), "INFO"),
            (Pulled::Stopped, 0, None, "INFO"),
            (Pulled::Failed, 0, Some(75), "WARN"),
            (Pulled::Done, 1, Some(75), "ERROR"),
        ] {
            let output = Output::memory();
            PullHandled {
                function: "alert-pull",
                target: "core",
                outcome,
                detail: if outcome == Pulled::Failed { "busy" } else { "" },
                listed: 9,
                pulled: 3,
                brought: 2,
                refused,
                gap_seconds,
                latency_ms: 20,
            }
            .emit(&output, Timestamp::MIN);
            let line: Value = serde_json::from_str(output.text().trim_end()).unwrap();
            assert_eq!((&line["level"], &line["AlertsBroughtByPull"]), (&level.into(), &2.into()), "{line}");
            assert_eq!(line["PullGapSeconds"].as_u64(), gap_seconds);
            assert_eq!(line["PullsFailed"], u64::from(outcome == Pulled::Failed));
            assert_eq!(line.get("detail").is_some(), outcome == Pulled::Failed);
        }
    }
}
