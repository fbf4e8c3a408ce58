//! The fault menu: what goes wrong, for which requests, and how often.

use std::time::Duration;

use http::Method;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Status,
    StatusAfterEffect,
    ErrorBody,
    Truncate,
    Drip,
    Reset,
    ResetAfterEffect,
    Hang,
    LateEffect,
    DelayMs,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::StatusAfterEffect => "status_after_effect",
            Self::ErrorBody => "error_body",
            Self::Truncate => "truncate",
            Self::Drip => "drip",
            Self::Reset => "reset",
            Self::ResetAfterEffect => "reset_after_effect",
            Self::Hang => "hang",
            Self::LateEffect => "late_effect",
            Self::DelayMs => "delay_ms",
        }
    }

    /// The members of an order that mean something for this kind.
    fn takes(self) -> &'static [&'static str] {
        match self {
            Self::Status | Self::StatusAfterEffect => &["status", "retryAfter", "error"],
            Self::ErrorBody => &["error"],
            Self::Truncate | Self::Reset | Self::ResetAfterEffect => &[],
            Self::Drip => &["bytes", "everyMs"],
            Self::Hang => &["afterEffect"],
            Self::LateEffect => &["delayMs", "hang"],
            Self::DelayMs => &["delayMs"],
        }
    }
}

/// A fault as it is ordered, and what is left of it.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Order {
    fault: Kind,
    /// Only requests with this method.
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// Only requests for this path; with `*` at its end, for all that begin so.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// How many requests; without it, every one until the faults are cleared.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    /// How many matching requests pass before the first that is met.
    #[serde(default)]
    skip: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_effect: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hang: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    every_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    /// How many requests it has met.
    #[serde(default, skip_deserializing)]
    hits: u64,
}

impl Order {
    fn check(&self) -> Result<(), String> {
        let given = [
            ("status", self.status.is_some()),
            ("retryAfter", self.retry_after.is_some()),
            ("error", self.error.is_some()),
            ("afterEffect", self.after_effect.is_some()),
            ("hang", self.hang.is_some()),
            ("bytes", self.bytes.is_some()),
            ("everyMs", self.every_ms.is_some()),
            ("delayMs", self.delay_ms.is_some()),
        ];
        let name = self.fault.name();
        for (member, _) in given.iter().filter(|(_, given)| *given) {
            if !self.fault.takes().contains(member) {
                return Err(format!("`{name}` takes no `{member}`"));
            }
        }
        if matches!(self.fault, Kind::DelayMs | Kind::LateEffect) && self.delay_ms.is_none() {
            return Err(format!("`{name}` needs `delayMs`"));
        }
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return Err("`status` is from 200 to 599".to_owned());
        }
        Ok(())
    }

    fn meets(&self, method: &Method, path: &str) -> bool {
        let right_path = self.path.as_deref().is_none_or(|wanted| match wanted.strip_suffix('*') {
            Some(beginning) => path.starts_with(beginning),
            None => wanted.strip_suffix('/').unwrap_or(wanted) == path,
        });
        right_path
            && self.times != Some(0)
            && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method.as_str()))
    }

    /// Counts one request that it could meet; whether it does.
    fn take(&mut self) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        if let Some(times) = &mut self.times {
            *times -= 1;
        }
        self.hits += 1;
        true
    }

    fn fault(&self) -> Fault {
        let status = |default: u16| Answer::error(self.status.unwrap_or(default), self.error.as_deref());
        match self.fault {
            Kind::Status => Fault::Instead(status(503).retry_after(self.retry_after)),
            Kind::StatusAfterEffect => Fault::Afterwards(status(500).retry_after(self.retry_after)),
            Kind::ErrorBody => Fault::Instead(Answer::error(200, self.error.as_deref())),
            Kind::Truncate => Fault::Truncate,
            Kind::Drip => Fault::Drip {
                bytes: self.bytes.unwrap_or(1),
                every: Duration::from_millis(self.every_ms.unwrap_or(50)),
            },
            Kind::Reset => Fault::Reset { effect: false },
            Kind::ResetAfterEffect => Fault::Reset { effect: true },
            Kind::Hang => Fault::Hang { effect: self.after_effect.unwrap_or(false) },
            Kind::LateEffect => Fault::Late {
                after: Duration::from_millis(self.delay_ms.unwrap_or_default()),
                hang: self.hang.unwrap_or(false),
            },
            Kind::DelayMs => Fault::None,
        }
    }
}

/// What goes wrong with one request.
#[derive(Debug)]
pub(crate) enum Fault {
    None,
    /// This answer, and nothing done.
    Instead(Answer),
    /// What was asked is done, and this is said.
    Afterwards(Answer),
    Truncate,
    Drip {
        bytes: usize,
        every: Duration,
    },
    Reset {
        effect: bool,
    },
    Hang {
        effect: bool,
    },
    /// The client is left without an answer at once, and what was asked is done later.
    Late {
        after: Duration,
        hang: bool,
    },
}

/// What happens to one request.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) delay: Duration,
    pub(crate) fault: Fault,
    /// The fault's name.
    pub(crate) name: Option<&'static str>,
}

/// The faults in force.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Order>);

impl Faults {
    pub(crate) fn add(&mut self, orders: Vec<Order>) -> Result<(), String> {
        orders.iter().try_for_each(Order::check)?;
        self.0.extend(orders);
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn orders(&self) -> &[Order] {
        &self.0
    }

    /// What meets this request: every delay, and the first of the others.
    pub(crate) fn plan(&mut self, method: &Method, path: &str) -> Plan {
        let mut plan = Plan { delay: Duration::ZERO, fault: Fault::None, name: None };
        for order in self.0.iter_mut().filter(|order| order.meets(method, path)) {
            if order.fault == Kind::DelayMs {
                if order.take() {
                    plan.delay += Duration::from_millis(order.delay_ms.unwrap_or_default());
                }
            } else if plan.name.is_none() && order.take() {
                plan.fault = order.fault();
                plan.name = Some(order.fault.name());
            }
        }
        plan
    }
}
