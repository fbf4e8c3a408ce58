//! The calm after the storm, and what has to be true in it.

use bridge_delivery::Message;
use bridge_domain::outbox::{Channel, Origin, Route, State};

use crate::{
    alerts::Source,
    remote::{Asked, Irp},
    world::{News, Row, World},
};

/// Turns of the calm, of some seconds each: longer than any delay that is left from the storm.
const TURNS: usize = 1_500;
const TURN: i64 = 20;

impl World {
    fn quiet(&self) -> bool {
        self.queue.is_empty()
            && self.news.is_empty()
            && self.late.is_empty()
            && self.workers.is_empty()
            && self.dead.is_empty()
            && self.rows.values().all(|row| row.outbox.due().is_none())
    }

    /// Everybody does what is left to do, and nothing goes wrong any more.
    pub(crate) fn settle(&mut self) {
        self.calm = true;
        self.tell("the storm is over");
        self.repeat();
        for _ in 0..TURNS {
            if self.quiet() {
                return;
            }
            self.turn();
        }
        let rows: Vec<_> = self.rows.values().map(|row| &row.outbox.deliveries).collect();
        panic!("no rest in sight: queue {:?}\ndead {:?}\nrows {rows:?}", self.queue, self.dead);
    }

    /// Every SIEM says once more what it has: what a poll of a Core brings, and a cautious sender.
    fn repeat(&mut self) {
        let told: Vec<News> = self
            .sources
            .values()
            .filter(|source| source.version > 0)
            .map(
                |source| {
                    if source.in_core { News::Push(source.id.clone()) } else { News::Told(source.told()) }
                },
            )
            .collect();
        self.news.extend(told);
    }

    fn turn(&mut self) {
        while !self.news.is_empty() {
            self.hear();
        }
        // A person tries again what was given up.
        for message in std::mem::take(&mut self.dead) {
            self.enqueue(&Message { again: true, ..message });
        }
        self.sweep_step();
        while !self.sweeper.idle(self.now) {
            self.sweep_step();
        }
        let visible = self.queue.iter().filter(|envelope| envelope.visible <= self.now).count();
        for _ in 0..visible {
            self.receive();
        }
        while !self.workers.is_empty() {
            let index = self.rng.below(self.workers.len());
            self.step(index);
        }
        self.pass(TURN);
    }

    /// All sides agree.
    pub(crate) fn check(&self) {
        for source in self.sources.values().filter(|source| source.version > 0) {
            let row = &self.rows[&source.id];
            self.check_alert(source, row);
            for irp in &self.irps {
                let route = self.routes.iter().find(|route| route.target == irp.target).unwrap();
                self.check_incident(irp, route, row);
            }
        }
    }

    fn check_alert(&self, source: &Source, row: &Row) {
        let (id, alert) = (&source.id, &row.alert);
        assert_eq!(alert.latest.last_seen, source.told().latest.last_seen, "{id} is not the newest");
        assert_eq!(alert.events, source.told().events, "{id} misses events");
        let closed = alert.closing.is_some();
        assert_eq!(
            closed,
            self.closed.contains(id),
            "{id} is closed where nobody closed it, or not where somebody did"
        );
        for delivery in &row.outbox.deliveries {
            let state = delivery.state(self.now);
            assert_eq!(state, State::Delivered, "{id} at {}: {delivery:?}", delivery.target);
        }
        let tells_core = self.routes.iter().any(|route| route.channel == Channel::KumaCore && route.closes);
        if source.in_core && closed && tells_core {
            assert!(source.closed.is_some(), "{id} is open in KUMA");
        }
        if !closed {
            assert!(source.closed.is_none(), "{id} is closed in KUMA");
        }
        if !matches!(row.outbox.closed_by, Some(Origin::Token(_))) {
            assert_eq!(self.core.asked.get(id), None, "KUMA was told of {id} what no IRP did");
        }
        let most = 1 + self.mishaps.get(&(id.clone(), self.core.target.clone())).copied().unwrap_or(0);
        assert!(self.core.asked.get(id).copied().unwrap_or(0) <= most, "KUMA was told of {id} too often");
    }

    fn check_incident(&self, irp: &Irp, route: &Route, row: &Row) {
        let (id, target) = (&row.alert.id, &irp.target);
        let of_alert: Vec<_> = irp.incidents.iter().filter(|incident| incident.alert == *id).collect();
        let live: Vec<_> = of_alert.iter().filter(|incident| !incident.deleted).collect();
        let deleted = of_alert.len() - live.len();
        if !route.alerts {
            assert!(of_alert.is_empty(), "{target} did not want {id}");
            return;
        }
        assert!(live.len() <= 1, "{target} has {} incidents of {id}", live.len());
        let mishaps = self.mishaps.get(&(id.clone(), target.clone())).copied().unwrap_or(0);
        let asked = irp.asked.get(id).copied().unwrap_or_default();
        let deletions = u32::try_from(deleted).unwrap();
        assert_eq!(asked.creates, u32::try_from(of_alert.len()).unwrap());
        assert!(asked.creates <= 1 + deletions, "{target} was made to create {id} too often");
        assert!(asked.closes <= 1 + deletions + mishaps, "{target} was told too often that {id} is closed");
        if route.caller.is_some() && row.outbox.closed_by == route.caller.clone().map(Origin::Token) {
            // Only an incident that was made anew for the closed alert.
            assert!(asked.closes <= deletions, "{target} was told of its own closing of {id}");
        }
        let changes = u32::try_from(row.outbox.content).unwrap();
        assert!(
            asked.saves <= 1 + changes + 2 * deletions + mishaps,
            "{target} was told of {id} more often than it changed: {asked:?}"
        );
        let Some(incident) = live.first() else {
            assert!(deleted > 0, "{target} has no incident of {id}");
            return;
        };
        let delivery = row.outbox.delivery(target).unwrap();
        if route.changes {
            let content = &incident.content;
            assert_eq!(content.last_seen, row.alert.latest.last_seen.seconds(), "{target} has an old {id}");
            assert_eq!(Some(content.assignee.as_str()), row.alert.latest.fields["assignee"].as_str());
            assert_eq!(
                content.file,
                Some(row.alert.events.as_slice().len()),
                "{target} has an old file of {id}"
            );
            // Who is not told of closings keeps the status from before.
            if !delivery.closed && (route.closes || row.alert.closing.is_none()) {
                let head = Some((row.alert.latest.name.to_string(), row.alert.status()));
                assert_eq!(content.head, head, "{target} has an old name or status of {id}");
            }
        }
        if row.alert.closing.is_none() {
            assert!(!incident.closed, "{target} has closed {id}, which is open");
        } else if route.closes && deleted == 0 {
            assert!(incident.closed || incident.reopened, "{target} has {id} still open: {delivery:?}");
        }
    }

    /// For an hour nobody says anything, even if every SIEM repeats itself.
    pub(crate) fn check_silence(&mut self) {
        let asked = |world: &Self| -> (Vec<Asked>, Vec<u32>) {
            let irps = world.irps.iter().flat_map(|irp| irp.asked.values().copied());
            (irps.collect(), world.core.asked.values().copied().collect())
        };
        let before = asked(self);
        self.repeat();
        for _ in 0..3600 / TURN {
            self.turn();
            assert!(self.quiet(), "something stirs: {:?} {:?}", self.queue, self.news);
        }
        assert_eq!(asked(self), before, "there is an echo");
    }
}
