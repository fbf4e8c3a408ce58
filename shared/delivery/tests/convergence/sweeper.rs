//! The sweeper, step by step.

use std::collections::VecDeque;

use bridge_domain::{AlertId, Timestamp, outbox::Queued};

use crate::world::{Row, World};

/// Between two sweeps, in seconds.
const PERIOD: i64 = 300;
/// What `bridge_delivery::sweep` grants a delivery that it has queued again, in seconds.
const GRACE: i64 = 15 * 60;

#[derive(Debug)]
pub(crate) struct Sweeper {
    next: Timestamp,
    overdue: VecDeque<AlertId>,
    /// Read and queued, not yet put off.
    queued: Option<(AlertId, Row, Timestamp)>,
}

impl Sweeper {
    pub(crate) const fn new(now: Timestamp) -> Self {
        Self { next: now, overdue: VecDeque::new(), queued: None }
    }

    pub(crate) fn idle(&self, now: Timestamp) -> bool {
        self.queued.is_none() && self.overdue.is_empty() && self.next > now
    }
}

impl World {
    /// One step of a sweep.
    pub(crate) fn sweep_step(&mut self) {
        if self.fault(5) {
            // It dies; the next one comes in its time.
            (self.sweeper.queued, self.sweeper.overdue) = (None, VecDeque::new());
            return;
        }
        let now = self.now;
        if let Some((id, read, at)) = self.sweeper.queued.take() {
            let row = self.rows.get_mut(&id).unwrap();
            let mut outbox = row.outbox.clone();
            if row.revision != read.revision {
                // Somebody else was faster: once more with what is true now.
                self.sweeper.queued = Some((id, row.clone(), at));
            } else if !outbox.sweep(at, GRACE).is_empty() {
                row.outbox = outbox;
                row.revision += 1;
            }
        } else if let Some(id) = self.sweeper.overdue.pop_front() {
            let row = self.rows[&id].clone();
            let queued = |(target, channel)| Queued {
                tenant: row.alert.tenant.clone(),
                alert: id.clone(),
                target,
                channel,
            };
            let queued: Vec<Queued> = row.outbox.clone().sweep(now, GRACE).into_iter().map(queued).collect();
            if queued.is_empty() || self.fault(10) {
                return;
            }
            self.tell(format_args!("the sweeper queues {id} for {} targets", queued.len()));
            for one in &queued {
                self.enqueue(&one.into());
            }
            self.sweeper.queued = Some((id, row, now));
        } else if self.sweeper.next <= now {
            self.sweeper.next = now.plus_seconds(PERIOD);
            let due = |row: &Row| row.outbox.due().is_some_and(|due| due <= now);
            self.sweeper.overdue =
                self.rows.iter().filter(|(_, row)| due(row)).map(|(id, _)| id.clone()).collect();
        }
    }
}
