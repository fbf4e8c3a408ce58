//! The event line of one delivery to a target.

use bridge_domain::{Class, Timestamp};
use serde_json::json;

use super::{
    emf::{self, Metric},
    output::Output,
};

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// The target has the alert.
    Done,
    /// It failed and is tried again.
    Retried,
    /// It failed for good.
    GaveUp,
    /// The target has no use for it.
    Dropped,
}

/// One delivery.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryHandled<'a> {
    /// The function that made it.
    pub function: &'static str,
    /// The alert.
    pub alert: &'a str,
    /// The target.
    pub target: &'a str,
    /// How it ended.
    pub outcome: Delivered,
    /// Kind of the failure, if it failed.
    pub class: Option<Class>,
    /// What the log says of the failure.
    pub detail: &'a str,
    /// Attempts since the last success, this one included.
    pub attempts: u32,
    /// What the target calls the alert.
    pub remote: &'a str,
    /// How long the change had waited when this ended, in milliseconds.
    pub lag_ms: u64,
    /// How long this took, in milliseconds.
    pub latency_ms: u64,
}

impl DeliveryHandled<'_> {
    /// Writes the line.
    pub fn emit(&self, output: &Output, at: Timestamp) {
        let is = |outcome| u64::from(self.outcome == outcome);
        let level = match self.outcome {
            Delivered::Done | Delivered::Dropped => "INFO",
            Delivered::Retried => "WARN",
            Delivered::GaveUp => "ERROR",
        };
        let mut fields = json!({
            "level": level,
            "message": "delivery handled",
            "alert": self.alert,
            "target": self.target,
            "remote": self.remote,
            "attempts": self.attempts,
        });
        if let (Some(class), Some(fields)) = (self.class, fields.as_object_mut()) {
            fields.insert("class".to_owned(), class.as_str().into());
            fields.insert("detail".to_owned(), self.detail.into());
        }
        let mut metrics = vec![
            Metric::count("Delivered", is(Delivered::Done)),
            Metric::count("DeliveriesRetried", is(Delivered::Retried)),
            Metric::count("DeliveriesGivenUp", is(Delivered::GaveUp)),
            Metric::count("DeliveriesDropped", is(Delivered::Dropped)),
            Metric::millis("DeliveryMs", self.latency_ms),
        ];
        if self.outcome == Delivered::Done {
            metrics.push(Metric::millis("DeliveryLagMs", self.lag_ms));
        }
        output.line(emf::line(at, self.function, fields, &metrics));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_delivery_is_one_line_whose_level_says_whether_to_look() {
        for (outcome, level, counted) in [
            (Delivered::Done, "INFO", "Delivered"),
            (Delivered::Retried, "WARN", "DeliveriesRetried"),
            (Delivered::GaveUp, "ERROR", "DeliveriesGivenUp"),
            (Delivered::Dropped, "INFO", "DeliveriesDropped"),
        ] {
            let output = Output::memory();
            DeliveryHandled {
                function: "rvision-send",
                alert: "a",
                target: "t",
                outcome,
                class: Some(Class::Transient),
                detail: "why",
                attempts: 2,
                remote: "26-11-1",
                lag_ms: 70,
                latency_ms: 20,
            }
            .emit(&output, Timestamp::MIN);
            let line: Value = serde_json::from_str(output.text().trim_end()).unwrap();
            assert_eq!((&line["level"], &line[counted]), (&level.into(), &1.into()), "{line}");
            assert_eq!(line["DeliveryLagMs"].is_u64(), outcome == Delivered::Done);
        }
    }
}
