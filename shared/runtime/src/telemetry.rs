//! What the log and the metrics say.
//!
//! Two kinds of lines go to stdout, each one JSON object. Lines of `tracing` carry the request's
//! correlation id in their span. Event lines ([`RequestHandled`], [`BatchHandled`]) are one struct
//! per type of event, whose `emit` writes the log fields and the metrics together (CloudWatch's
//! embedded metric format): neither can be changed without the other.
//!
//! Never in a line: a body, a query value, a header, a token.

mod delivery;
mod emf;
mod events;
mod import;
mod ledger;
mod output;
mod pull;
mod schedule;

pub use delivery::{Delivered, DeliveryHandled};
pub use events::{BatchHandled, RequestHandled};
pub use import::ImportHandled;
pub use ledger::{LedgerHandled, Step};
pub use output::Output;
pub use pull::{PullHandled, Pulled};
pub use schedule::{Metrics, Ran, ScheduleHandled};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt,
};

use crate::config::LogLevel;

/// Namespace of every metric.
pub const NAMESPACE: &str = "KumaBridge";

/// A subscriber that writes JSON lines to `output`.
///
/// Our own crates (`bridge_*` and the function's) speak at `level`. Everybody else is heard from
/// `warn` on: at `debug` the SDK prints what it sends.
#[must_use]
pub fn subscriber(function: &str, level: LogLevel, output: Output) -> impl tracing::Subscriber + Send + Sync {
    let ours = LevelFilter::from(level);
    let filter = Targets::new()
        .with_default(ours.min(LevelFilter::WARN))
        .with_target("bridge_", ours)
        .with_target(function.replace('-', "_"), ours);
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(output);
    tracing_subscriber::registry().with(filter).with(lines)
}

/// Gives the process its subscriber, and a panic hook that reports the place of a panic but not
/// its message, which may quote what the code choked on.
///
/// Does nothing when the process already has a subscriber.
pub(crate) fn install(function: &'static str, level: LogLevel, output: &Output) {
    if tracing::subscriber::set_global_default(subscriber(function, level, output.clone())).is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string);
            tracing::error!(place = place.as_deref().unwrap_or("unknown"), "a panic was caught");
        }));
    }
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Trace => Self::TRACE,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Info => Self::INFO,
            LogLevel::Warn => Self::WARN,
            LogLevel::Error => Self::ERROR,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn lines(level: LogLevel, speak: impl FnOnce()) -> Vec<Value> {
        let output = Output::memory();
        tracing::subscriber::with_default(subscriber("alert-close", level, output.clone()), speak);
        output.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_log_line_is_flat_json_with_its_span() {
        let lines = lines(LogLevel::Info, || {
            let span = tracing::info_span!("request", correlation_id = "c-1");
            span.in_scope(|| tracing::info!(alerts = 3, "read"));
        });
        assert_eq!(lines[0]["message"], "read");
        assert_eq!(lines[0]["alerts"], 3);
        assert_eq!(lines[0]["level"], "INFO");
        assert_eq!(lines[0]["span"]["correlation_id"], "c-1");
        assert!(lines[0]["timestamp"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn only_our_own_crates_are_heard_below_warn() {
        let lines = lines(LogLevel::Trace, || {
            tracing::debug!(target: "aws_smithy_runtime::client", "body of the request");
            tracing::warn!(target: "aws_smithy_runtime::client", "slow");
            tracing::trace!(target: "bridge_store::alert", "read");
            tracing::trace!(target: "alert_close::handler", "decoded");
        });
        let messages: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
        assert_eq!(messages, ["slow", "read", "decoded"]);
    }

    #[test]
    fn a_quiet_level_quietens_everybody() {
        let lines = lines(LogLevel::Error, || {
            tracing::warn!(target: "hyper", "slow");
            tracing::warn!(target: "bridge_store", "slow");
            tracing::error!(target: "hyper", "broken");
        });
        assert_eq!(lines.len(), 1);
    }
}
