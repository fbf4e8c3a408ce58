//! Whether a target may be called now: its circuit, and its rate.
//!
//! The state is shared by every copy of a function. It only ever delays: what is not let through
//! waits in its queue.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Failures in a row that open the circuit.
pub const THRESHOLD: u32 = 5;
/// How long it stays open the first time; doubles each time.
pub const FIRST_OPEN: Duration = Duration::from_secs(30);
/// Longest time it stays open before the target is tried again.
pub const LONGEST_OPEN: Duration = Duration::from_mins(5);

/// The circuit and the rate of one target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Failures in a row.
    pub failures: u32,
    /// How often the circuit was opened in a row.
    pub opened: u32,
    /// Somebody was let through to try whether the target is back.
    pub probing: bool,
    /// No call before this.
    pub closed_until: Option<Timestamp>,
    /// First free slot of the rate.
    pub next_slot: Option<Timestamp>,
}

/// Whether a call is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is.
    Open,
    /// It is, as the one that tries whether the target is back; the gate has to be saved first.
    Probe,
    /// Not before this.
    Wait(Duration),
}

impl Gate {
    /// Whether a call is let through at `now`. A probe has `patience` to come back.
    pub fn admit(&mut self, now: Timestamp, patience: Duration) -> Admission {
        match self.closed_until {
            Some(until) if until > now => Admission::Wait(now.until(until)),
            _ if self.failures < THRESHOLD => Admission::Open,
            _ => {
                // Everybody else waits for what the probe finds.
                self.closed_until = Some(now.plus(patience));
                self.probing = true;
                Admission::Probe
            }
        }
    }

    /// The target answered as it should. Gives whether anything changed.
    pub fn succeeded(&mut self) -> bool {
        let changed = self.failures > 0 || self.closed_until.is_some();
        (self.failures, self.opened, self.probing, self.closed_until) = (0, 0, false, None);
        changed
    }

    /// The target failed. Gives whether the circuit was opened by this.
    pub fn failed(&mut self, now: Timestamp) -> bool {
        self.failures = self.failures.saturating_add(1);
        // Calls that were under way when the circuit opened say nothing new.
        if self.failures < THRESHOLD || (self.waits(now) && !self.probing) {
            return false;
        }
        self.probing = false;
        let open = FIRST_OPEN.saturating_mul(1 << self.opened.min(8)).min(LONGEST_OPEN);
        self.opened = self.opened.saturating_add(1);
        self.closed_until = Some(now.plus(open));
        true
    }

    /// The target asked to be left alone for a while.
    pub fn pause(&mut self, now: Timestamp, wish: Duration) {
        let until = now.plus(wish);
        self.closed_until = Some(self.closed_until.map_or(until, |known| known.max(until)));
    }

    /// Takes `count` slots at `per_second`; gives the first one, at `now` or later.
    pub fn reserve(&mut self, now: Timestamp, count: u16, per_second: u16) -> Timestamp {
        let first = self.next_slot.map_or(now, |slot| slot.max(now));
        self.next_slot = Some(first.plus(slot(per_second).saturating_mul(u32::from(count))));
        first
    }

    fn waits(&self, now: Timestamp) -> bool {
        self.closed_until.is_some_and(|until| until > now)
    }
}

/// Length of one slot.
#[must_use]
pub fn slot(per_second: u16) -> Duration {
    Duration::from_secs(1) / u32::from(per_second.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_mins(1);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::MIN.plus_seconds(seconds)
    }

    #[test]
    fn failures_in_a_row_open_the_circuit_and_one_probe_closes_it() {
        let mut gate = Gate::default();
        for _ in 1..THRESHOLD {
            assert!(!gate.failed(at(0)));
            assert_eq!(gate.admit(at(0), PATIENCE), Admission::Open);
        }
        assert!(gate.failed(at(0)));
        assert!(!gate.failed(at(1)), "a call that was under way does not prolong it");
        assert_eq!(gate.admit(at(1), PATIENCE), Admission::Wait(Duration::from_secs(29)));
        assert_eq!(gate.admit(at(30), PATIENCE), Admission::Probe);
        assert_eq!(gate.admit(at(31), PATIENCE), Admission::Wait(Duration::from_secs(59)));
        assert!(gate.succeeded());
        assert_eq!((gate.admit(at(31), PATIENCE), gate.succeeded()), (Admission::Open, false));
    }

    #[test]
    fn an_hour_of_failures_costs_a_probe_every_five_minutes_at_most() {
        let mut gate = Gate::default();
        let mut probes = 0;
        for second in 0..3600 {
            match gate.admit(at(second), PATIENCE) {
                Admission::Open | Admission::Probe => {
                    probes += 1;
                    gate.failed(at(second));
                }
                Admission::Wait(_) => {}
            }
        }
        assert!((12..=25).contains(&probes), "{probes}");
    }

    #[test]
    fn a_lost_probe_is_followed_by_another() {
        let mut gate = Gate::default();
        for _ in 0..THRESHOLD {
            gate.failed(at(0));
        }
        assert_eq!(gate.admit(at(30), PATIENCE), Admission::Probe);
        assert_eq!(gate.admit(at(90), PATIENCE), Admission::Probe);
    }

    #[test]
    fn a_wish_to_wait_is_obeyed_and_opens_nothing() {
        let mut gate = Gate::default();
        gate.pause(at(0), Duration::from_secs(7));
        gate.pause(at(0), Duration::from_secs(3));
        assert_eq!(gate.admit(at(6), PATIENCE), Admission::Wait(Duration::from_secs(1)));
        assert_eq!(gate.admit(at(7), PATIENCE), Admission::Open);
    }

    #[test]
    fn slots_are_given_once_and_unused_time_is_not_saved_up() {
        let mut gate = Gate::default();
        assert_eq!(gate.reserve(at(0), 10, 10), at(0));
        assert_eq!(gate.reserve(at(0), 5, 10), at(1));
        assert_eq!(gate.reserve(at(0), 1, 10), at(1).plus(Duration::from_millis(500)));
        assert_eq!(gate.reserve(at(9), 1, 10), at(9));
    }
}
