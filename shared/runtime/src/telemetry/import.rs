//! One line for each import run: what was imported and how it ended.

use bridge_domain::{Timestamp, import::engine::Counts, import::task::State};
use serde_json::json;

use super::{
    Output,
    emf::{self, Metric},
};

/// What became of one attempt at an import.
///
/// Metrics: `ImportsCompleted`, `ImportsIncomplete`, `ImportsFailed`, `ImportRecords`, `ImportChanges`,
/// `ImportMs`.
#[derive(Clone, Copy, Debug)]
pub struct ImportHandled<'a> {
    /// Name of the function: the metrics' only dimension.
    pub function: &'a str,
    /// The task.
    pub task: &'a str,
    /// The connection.
    pub connection: &'a str,
    /// The tenant.
    pub tenant: &'a str,
    /// How it ended: completed, incomplete or failed.
    pub state: State,
    /// A word for what went wrong; empty when nothing did.
    pub code: &'a str,
    /// What it counted.
    pub counts: &'a Counts,
    /// How long this took, in milliseconds.
    pub latency_ms: u64,
}

impl ImportHandled<'_> {
    /// Writes the line.
    pub fn emit(&self, output: &Output, at: Timestamp) {
        let is = |state| u64::from(self.state == state);
        let level = match self.state {
            State::Failed => "ERROR",
            State::Incomplete => "WARN",
            State::Queued | State::Running | State::Completed => "INFO",
        };
        let fields = json!({
            "level": level,
            "message": "import ended",
            "task": self.task,
            "connection": self.connection,
            "tenant": self.tenant,
            "state": self.state.as_str(),
            "code": self.code,
            "counts": self.counts,
        });
        let Counts { seen, created, changed, .. } = *self.counts;
        let metrics = [
            Metric::count("ImportsCompleted", is(State::Completed)),
            Metric::count("ImportsIncomplete", is(State::Incomplete)),
            Metric::count("ImportsFailed", is(State::Failed)),
            Metric::count("ImportRecords", seen),
            Metric::count("ImportChanges", created.saturating_add(changed)),
            Metric::millis("ImportMs", self.latency_ms),
        ];
        output.line(emf::line(at, self.function, fields, &metrics));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_run_is_one_line_with_its_metrics() {
        for (state, metric, level) in [
            (State::Completed, "ImportsCompleted", "INFO"),
            (State::Incomplete, "ImportsIncomplete", "WARN"),
            (State::Failed, "ImportsFailed", "ERROR"),
        ] {
            let output = Output::memory();
            let counts = Counts { seen: 9, created: 2, changed: 3, ..Counts::default() };
            let (function, code) = ("ldap-refresh", "dns");
            let (task, connection, tenant) = ("a", "c", "t");
            let line = ImportHandled {
                function,
                task,
                connection,
                tenant,
                state,
                code,
                counts: &counts,
                latency_ms: 3,
            };
            line.emit(&output, Timestamp::MIN);
            let line: Value = serde_json::from_str(output.text().trim_end()).unwrap();
            assert_eq!((&line[metric], &line["level"]), (&1.into(), &level.into()));
            let all = ["ImportsCompleted", "ImportsIncomplete", "ImportsFailed"];
            assert_eq!(all.iter().map(|name| line[*name].as_u64().unwrap()).sum::<u64>(), 1, "{line}");
            assert_eq!((&line["ImportRecords"], &line["ImportChanges"]), (&9.into(), &5.into()));
        }
    }
}
