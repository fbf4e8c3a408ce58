//! Everything there is: the table, the queues, the outside systems, and what is under way between them.

use std::collections::{BTreeMap, BTreeSet};

use bridge_delivery::Message;
use bridge_domain::{
    AlertId, TargetId, Timestamp, TokenId,
    alert::{Alert, Closing, Status},
    close::Reason,
    merge::merge,
    outbox::{Change, Channel, Origin, Outbox, Queued, Route, What},
};

use crate::{
    alerts::Source,
    remote::{Core, Irp, Save},
    rng::Rng,
    sweeper::Sweeper,
    worker::Worker,
};

/// What may happen in a storm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Crashes, lost messages, failing calls.
    pub(crate) faults: bool,
    /// Analysts that close, re-open and delete.
    pub(crate) people: bool,
}

/// An alert in the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) alert: Alert,
    pub(crate) outbox: Outbox,
    pub(crate) revision: u64,
}

/// A message in a queue; whoever receives it hides it for a while.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    pub(crate) number: u64,
    pub(crate) message: Message,
    pub(crate) visible: Timestamp,
}

/// A call from outside that is under way to us.
#[derive(Clone, Debug)]
pub(crate) enum News {
    /// A SIEM sends an alert as it was when it was sent.
    Told(Alert),
    /// A KUMA Core names an alert; it is read when this arrives.
    Push(AlertId),
    /// The holder of a token closes an alert.
    Close(AlertId, TokenId),
}

/// A write that an outside system carries out later, whether or not anybody waits for it.
#[derive(Clone, Debug)]
pub(crate) struct Late {
    pub(crate) until: Timestamp,
    pub(crate) target: TargetId,
    pub(crate) request: Request,
}

#[derive(Clone, Debug)]
pub(crate) enum Request {
    Save(Save),
    Close(AlertId, Reason),
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) rng: Rng,
    pub(crate) terms: Terms,
    /// Faults and people are over.
    pub(crate) calm: bool,
    pub(crate) now: Timestamp,
    pub(crate) story: Vec<String>,
    pub(crate) rows: BTreeMap<AlertId, Row>,
    pub(crate) sources: BTreeMap<AlertId, Source>,
    pub(crate) routes: Vec<Route>,
    pub(crate) queue: Vec<Envelope>,
    pub(crate) dead: Vec<Message>,
    pub(crate) irps: Vec<Irp>,
    pub(crate) core: Core,
    pub(crate) news: Vec<News>,
    pub(crate) late: Vec<Late>,
    pub(crate) workers: Vec<Worker>,
    pub(crate) sweeper: Sweeper,
    /// Crashes and failures by alert and target.
    pub(crate) mishaps: BTreeMap<(AlertId, TargetId), u32>,
    /// Alerts that somebody has closed somewhere.
    pub(crate) closed: BTreeSet<AlertId>,
    pub(crate) numbers: u64,
}

impl World {
    pub(crate) fn new(mut rng: Rng, terms: Terms) -> Self {
        let switch = |rng: &mut Rng| rng.chance(85);
        let irps = vec![Irp::new("r1", "token-1"), Irp::new("r2", "token-2")];
        let mut routes: Vec<Route> = irps
            .iter()
            .map(|irp| Route {
                target: irp.target.clone(),
                channel: Channel::RVision,
                alerts: switch(&mut rng),
                changes: switch(&mut rng),
                closes: switch(&mut rng),
                // One whose token nobody entered gets its own closings back.
                caller: switch(&mut rng).then(|| irp.token.clone()),
            })
            .collect();
        let core = Core { target: "k".parse().unwrap(), asked: BTreeMap::new() };
        routes.push(Route {
            target: core.target.clone(),
            channel: Channel::KumaCore,
            alerts: false,
            changes: false,
            closes: switch(&mut rng),
            caller: None,
        });
        let sources = [("k-1", true), ("k-2", true), ("s-1", false)]
            .map(|(id, in_core)| (id.parse().unwrap(), Source::new(id, in_core)));
        let now = Timestamp::MIN.plus_seconds(2_000_000);
        Self {
            rng,
            terms,
            calm: false,
            now,
            story: Vec::new(),
            rows: BTreeMap::new(),
            sources: sources.into(),
            routes,
            queue: Vec::new(),
            dead: Vec::new(),
            irps,
            core,
            news: Vec::new(),
            late: Vec::new(),
            workers: Vec::new(),
            sweeper: Sweeper::new(now),
            mishaps: BTreeMap::new(),
            closed: BTreeSet::new(),
            numbers: 0,
        }
    }

    pub(crate) fn tell(&mut self, what: impl std::fmt::Display) {
        self.story.push(format!("{} {what}", self.now));
    }

    /// Whether something goes wrong now.
    pub(crate) fn fault(&mut self, percent: usize) -> bool {
        !self.calm && self.terms.faults && self.rng.chance(percent)
    }

    pub(crate) fn mishap(&mut self, alert: &AlertId, target: &TargetId) {
        *self.mishaps.entry((alert.clone(), target.clone())).or_default() += 1;
    }

    /// Moves the clock. What was to be carried out by then is.
    pub(crate) fn pass(&mut self, seconds: i64) {
        let then = self.now.plus_seconds(seconds);
        self.kill_slow_workers(then);
        while let Some(index) = self.late.iter().position(|late| late.until <= then) {
            self.land(index);
        }
        self.now = then;
    }

    /// A request that nobody waits for any more reaches its system.
    pub(crate) fn land(&mut self, index: usize) {
        let late = self.late.remove(index);
        self.tell(format_args!("lands late at {}: {:?}", late.target, late.request));
        self.carry_out(&late.target, &late.request);
    }

    /// Stores an alert as `Store::upsert` does, and queues what follows.
    pub(crate) fn upsert(&mut self, alert: Alert, origin: &Origin) {
        let change = Change { origin, routes: &self.routes, now: self.now };
        let (id, tenant) = (alert.id.clone(), alert.tenant.clone());
        let queue = match self.rows.get_mut(&id) {
            None => {
                let mut outbox = Outbox::default();
                let queue = outbox.note(What::Created { closed: alert.closing.is_some() }, change);
                self.rows.insert(id.clone(), Row { alert, outbox, revision: 1 });
                queue
            }
            Some(row) => {
                let merged = merge(row.alert.clone(), alert);
                if merged == row.alert {
                    return;
                }
                let closed = row.alert.closing.is_none() && merged.closing.is_some();
                row.alert = merged;
                row.revision += 1;
                row.outbox.note(What::Updated { closed }, change)
            }
        };
        let queued =
            |(target, channel)| Queued { tenant: tenant.clone(), alert: id.clone(), target, channel };
        self.dispatch(queue.into_iter().map(queued).collect());
    }

    /// Closes an alert as `Store::close` does.
    pub(crate) fn close(&mut self, id: &AlertId, token: &TokenId) {
        let origin = Origin::Token(token.clone());
        let change = Change { origin: &origin, routes: &self.routes, now: self.now };
        let Some(row) = self.rows.get_mut(id) else { return };
        if row.alert.status() == Status::Closed {
            return;
        }
        let reason = Reason::Responded.as_str().to_owned();
        row.alert.closing = Some(Closing { at: row.alert.latest.last_seen, reason });
        row.revision += 1;
        let tenant = row.alert.tenant.clone();
        let queue = row.outbox.note(What::Closed, change);
        let queued =
            |(target, channel)| Queued { tenant: tenant.clone(), alert: id.clone(), target, channel };
        self.dispatch(queue.into_iter().map(queued).collect());
    }

    /// Queues messages. Any may be lost: then it was never sent, or whoever sent it died before.
    pub(crate) fn dispatch(&mut self, queued: Vec<Queued>) {
        for one in queued {
            if self.fault(20) {
                self.tell(format_args!("a message to {} about {} is lost", one.target, one.alert));
                continue;
            }
            self.enqueue(&Message::from(&one));
        }
    }

    pub(crate) fn enqueue(&mut self, message: &Message) {
        let copies = if !self.calm && self.rng.chance(15) { 2 } else { 1 };
        for _ in 0..copies {
            self.numbers += 1;
            self.queue.push(Envelope { number: self.numbers, message: message.clone(), visible: self.now });
        }
    }

    /// A call from outside arrives: any of those under way, perhaps not for the last time.
    pub(crate) fn hear(&mut self) {
        let index = self.rng.below(self.news.len());
        let again = !self.calm && self.rng.chance(20);
        let news = if again { self.news[index].clone() } else { self.news.swap_remove(index) };
        match news {
            News::Told(alert) => {
                self.tell(format_args!("told of {} at {}", alert.id, alert.latest.last_seen));
                self.upsert(alert, &Origin::Siem);
            }
            News::Push(id) => {
                let alert = self.sources[&id].told();
                self.tell(format_args!("pushed {id} at {} {:?}", alert.latest.last_seen, alert.closing));
                self.upsert(alert, &Origin::Core(self.core.target.clone()));
            }
            News::Close(id, token) => {
                self.tell(format_args!("{token} closes {id}"));
                self.close(&id, &token);
            }
        }
    }

    pub(crate) fn irp(&mut self, target: &TargetId) -> &mut Irp {
        self.irps.iter_mut().find(|irp| irp.target == *target).unwrap()
    }

    /// An outside system does what it was asked for. A playbook and a push start by themselves.
    pub(crate) fn carry_out(&mut self, target: &TargetId, request: &Request) -> Answer {
        match request {
            Request::Save(save) => {
                let irp = self.irp(target);
                let token = irp.token.clone();
                let Some((number, closed)) = irp.save(save) else { return Answer::NotFound };
                if closed {
                    self.news.push(News::Close(save.alert.clone(), token));
                }
                Answer::Saved(number)
            }
            Request::Close(alert, reason) => {
                use crate::remote::CoreAnswer::{Already, Closed, NotFound};
                match self.core.close(&mut self.sources, alert, *reason) {
                    NotFound => Answer::NotFound,
                    Already => Answer::Saved(0),
                    Closed => {
                        self.news.push(News::Push(alert.clone()));
                        Answer::Saved(0)
                    }
                }
            }
        }
    }
}

/// What an outside system answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Saved(usize),
    NotFound,
}
