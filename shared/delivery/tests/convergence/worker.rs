//! A sender at work, step by step: it looks, claims, speaks to the target, and writes down what came
//! of it. It may die before, during and after each step.

use std::time::Duration;

use bridge_delivery::LEASE_SECONDS;
use bridge_domain::{
    AlertId, CallError, Class, TargetId, Timestamp,
    close::Reason,
    outbox::{Channel, Claim, Outcome, Progress, Remote, Verdict, verdict},
};

use crate::{
    remote::{Content, Save},
    world::{Answer, Envelope, Late, Request, Row, World},
};

/// How long a received message is hidden, in seconds.
const VISIBILITY: i64 = 360;
/// A function does not live longer, in seconds.
const LIFE: i64 = 60;
/// What a system still has in hand when the client gave up is carried out within this, in seconds:
/// less than the shortest delay after a failure that leaves the effect open.
const LATENESS: i64 = 55;
/// As `Engine`: what is sent in one go, and the delay of what remains.
const ROUNDS: u32 = 3;
const SOON: Duration = Duration::from_secs(1);

#[derive(Debug)]
enum Step {
    Look,
    Claim,
    Find,
    Save,
    /// The step after creation.
    Close,
    Finish(Outcome),
}

#[derive(Debug)]
pub(crate) struct Worker {
    envelope: Envelope,
    holder: String,
    started: Timestamp,
    claimed: Timestamp,
    round: u32,
    /// The alert as it was read last.
    row: Option<Row>,
    /// The content that is sent.
    content: u64,
    /// The remembered incident turned out to be gone.
    gone: bool,
    known: Option<usize>,
    progress: Progress,
    step: Step,
}

/// How a request fails.
enum Fault {
    None,
    /// Before it had an effect.
    Before(CallError),
    /// After its effect, which is now or later.
    After {
        late: bool,
    },
}

impl World {
    /// A sender receives a message, if one is to be seen.
    pub(crate) fn receive(&mut self) {
        let now = self.now;
        let visible: Vec<usize> =
            (0..self.queue.len()).filter(|&index| self.queue[index].visible <= now).collect();
        if visible.is_empty() || self.workers.len() >= 5 {
            return;
        }
        let index = visible[self.rng.below(visible.len())];
        self.queue[index].visible = now.plus_seconds(VISIBILITY);
        self.numbers += 1;
        self.workers.push(Worker {
            envelope: self.queue[index].clone(),
            holder: format!("w{}", self.numbers),
            started: now,
            claimed: now,
            round: 0,
            row: None,
            content: 0,
            gone: false,
            known: None,
            progress: Progress::default(),
            step: Step::Look,
        });
    }

    /// Functions that reach their end before `then` die.
    pub(crate) fn kill_slow_workers(&mut self, then: Timestamp) {
        while let Some(index) =
            self.workers.iter().position(|worker| worker.started.plus_seconds(LIFE) < then)
        {
            self.kill(index);
        }
    }

    /// A sender dies. What it was about to send may be on its way.
    fn kill(&mut self, index: usize) {
        let worker = self.workers.swap_remove(index);
        let Worker { envelope, holder, step, .. } = &worker;
        self.tell(format_args!("{holder} dies at {step:?} for {}", envelope.message.target));
        self.mishap(&envelope.message.alert, &envelope.message.target);
        if self.fault(30) {
            // As if it had been deleted first: the sweeper alone knows of the delivery.
            self.queue.retain(|other| other.number != worker.envelope.number);
        }
        if let Step::Save | Step::Close = worker.step
            && self.rng.chance(60)
        {
            let until = worker.claimed.plus_seconds(self.rng.seconds(0..=LEASE_SECONDS - 3));
            let request = self.request(&worker);
            self.late.push(Late { until, target: worker.envelope.message.target, request });
        }
    }

    /// The next step of a sender.
    pub(crate) fn step(&mut self, index: usize) {
        if self.fault(6) {
            return self.kill(index);
        }
        let mut worker = self.workers.swap_remove(index);
        let end = match &worker.step {
            Step::Look => self.look(&mut worker),
            Step::Claim => self.claim(&mut worker),
            Step::Find => self.find(&mut worker),
            Step::Save | Step::Close => self.call(&mut worker),
            Step::Finish(_) => self.finish(&mut worker),
        };
        match end {
            None => self.workers.push(worker),
            Some(end) => self.settle_message(&worker.envelope, &end),
        }
    }

    fn settle_message(&mut self, envelope: &Envelope, end: &End) {
        let now = self.now;
        let Some(index) = self.queue.iter().position(|other| other.number == envelope.number) else { return };
        match end {
            // A deletion may come to nothing.
            End::Done if self.fault(5) => {}
            End::Done => drop(self.queue.remove(index)),
            End::Again(delay) => self.queue[index].visible = now.plus(*delay),
            End::Dead => self.dead.push(self.queue.remove(index).message),
        }
    }

    fn look(&mut self, worker: &mut Worker) -> Option<End> {
        let message = &worker.envelope.message;
        let row = self.rows[&message.alert].clone();
        let again = message.again && worker.round == 0;
        match row.outbox.clone().claim(&message.target, "", LEASE_SECONDS, self.now, again) {
            Claim::Nothing => return Some(End::Done),
            Claim::Wait(wait) => return Some(End::Again(wait)),
            Claim::Taken => {}
        }
        (worker.row, worker.step) = (Some(row), Step::Claim);
        None
    }

    fn claim(&mut self, worker: &mut Worker) -> Option<End> {
        let message = worker.envelope.message.clone();
        let mut row = worker.row.take().unwrap();
        let again = message.again && worker.round == 0;
        match row.outbox.claim(&message.target, &worker.holder, LEASE_SECONDS, self.now, again) {
            Claim::Nothing => return Some(End::Done),
            Claim::Wait(wait) => return Some(End::Again(wait)),
            Claim::Taken => {}
        }
        let present = self.rows.get_mut(&message.alert).unwrap();
        if present.revision != row.revision {
            worker.row = Some(present.clone());
            return None;
        }
        row.revision += 1;
        *present = row.clone();
        self.tell(format_args!("{} claims {} for {}", worker.holder, message.alert, message.target));
        let delivery = row.outbox.delivery(&message.target).unwrap();
        worker.claimed = self.now;
        worker.content = row.outbox.content;
        worker.progress = Progress::default();
        worker.gone = false;
        worker.known = delivery.remote.as_ref().map(|remote| remote.id.parse().unwrap());
        worker.step = match delivery.channel {
            Channel::KumaCore if row.alert.closing.is_none() => Step::Finish(Outcome::Dropped),
            Channel::RVision if worker.known.is_none() => Step::Find,
            _ => Step::Save,
        };
        worker.row = Some(row);
        None
    }

    fn find(&mut self, worker: &mut Worker) -> Option<End> {
        let message = &worker.envelope.message;
        if let Fault::Before(error) = self.call_fault(&message.alert, &message.target, true) {
            self.fail(worker, &error);
            return None;
        }
        worker.known = self.irp(&message.target).find(&message.alert);
        worker.step = Step::Save;
        None
    }

    /// What the sender asks the target for in this step.
    fn request(&self, worker: &Worker) -> Request {
        let (message, row) = (&worker.envelope.message, worker.row.as_ref().unwrap());
        let delivery = row.outbox.delivery(&message.target).unwrap();
        if delivery.channel == Channel::KumaCore {
            let reason: Reason = row.alert.closing.as_ref().unwrap().reason.parse().unwrap();
            return Request::Close(message.alert.clone(), reason);
        }
        let route = self.routes.iter().find(|route| route.target == message.target).unwrap();
        let created = matches!(worker.step, Step::Close);
        let closes = row.alert.closing.is_some() && route.closes && (!delivery.closed || created);
        let events = row.alert.events.as_slice().len();
        let had: Option<usize> = delivery.files.as_ref().map(|files| files.parse().unwrap());
        let settled = delivery.closed && worker.known.is_some();
        Request::Save(Save {
            alert: message.alert.clone(),
            incident: worker.known,
            close: closes && worker.known.is_some(),
            content: Content {
                last_seen: row.alert.latest.last_seen.seconds(),
                assignee: row.alert.latest.fields["assignee"].as_str().unwrap().to_owned(),
                head: (!settled).then(|| (row.alert.latest.name.to_string(), row.alert.status())),
                file: (!created && had != Some(events) || worker.known.is_none()).then_some(events),
            },
        })
    }

    fn call(&mut self, worker: &mut Worker) -> Option<End> {
        let request = self.request(worker);
        let target = worker.envelope.message.target.clone();
        let fault = self.call_fault(&worker.envelope.message.alert, &target, false);
        self.tell(format_args!("{} asks {target}: {request:?}", worker.holder));
        let answer = match fault {
            Fault::None => self.carry_out(&target, &request),
            Fault::Before(error) => {
                self.fail(worker, &error);
                return None;
            }
            Fault::After { late } => {
                let saves = matches!(&request, Request::Save(_));
                if late {
                    let latest = worker.claimed.plus_seconds(LEASE_SECONDS - 3);
                    let until = self.now.plus_seconds(self.rng.seconds(0..=LATENESS)).min(latest);
                    self.late.push(Late { until, target, request });
                } else {
                    self.carry_out(&target, &request);
                }
                // A closing of KUMA's may be repeated at once: it always says the same.
                let class = if saves { Class::Unknown } else { Class::Transient };
                self.fail(worker, &CallError::new(class, "model", "no answer"));
                return None;
            }
        };
        self.answered(worker, request, answer);
        None
    }

    fn answered(&mut self, worker: &mut Worker, request: Request, answer: Answer) {
        match (request, answer) {
            (Request::Close(alert, _), Answer::Saved(_)) => {
                worker.progress.remote = Some(Remote { id: alert.to_string(), link: None });
                worker.progress.closed = true;
                worker.step = Step::Finish(Outcome::Done(worker.progress.clone()));
            }
            (Request::Close(..), Answer::NotFound) => worker.step = Step::Finish(Outcome::Dropped),
            (Request::Save(_), Answer::NotFound) if worker.gone => {
                self.fail(worker, &CallError::new(Class::NotFound, "model", "gone again"));
            }
            (Request::Save(_), Answer::NotFound) => {
                // Somebody deleted it; whoever was here before may have made another one.
                (worker.gone, worker.known, worker.step) = (true, None, Step::Find);
            }
            (Request::Save(save), Answer::Saved(number)) => {
                worker.progress.remote = Some(Remote { id: number.to_string(), link: None });
                if let Some(file) = save.content.file {
                    worker.progress.files = Some(file.to_string());
                }
                worker.progress.closed |= save.close;
                worker.known = Some(number);
                // Closing a new one is a step of its own, whatever an earlier one was told.
                let target = &worker.envelope.message.target;
                let route = self.routes.iter().find(|route| route.target == *target).unwrap();
                let closed = worker.row.as_ref().is_some_and(|row| row.alert.closing.is_some());
                worker.step = if save.incident.is_none() && closed && route.closes {
                    Step::Close
                } else {
                    Step::Finish(Outcome::Done(worker.progress.clone()))
                };
            }
        }
    }

    fn fail(&mut self, worker: &mut Worker, error: &CallError) {
        let target = &worker.envelope.message.target;
        self.tell(format_args!("{} fails at {target}: {:?}", worker.holder, error.class));
        let delivery = worker.row.as_ref().unwrap().outbox.delivery(target).unwrap();
        let (progress, text) = (worker.progress.clone(), error.public.to_string());
        worker.step = Step::Finish(match verdict(delivery, error, self.now) {
            Verdict::Retry(delay) => Outcome::Retry { progress, delay, error: text },
            Verdict::GiveUp => Outcome::GaveUp { progress, error: text },
        });
    }

    fn finish(&mut self, worker: &mut Worker) -> Option<End> {
        let Step::Finish(outcome) = &worker.step else { unreachable!() };
        let message = &worker.envelope.message;
        let read = worker.row.take().unwrap();
        let mut outbox = read.outbox.clone();
        let more = outbox.finish(&message.target, &worker.holder, worker.content, outcome, self.now);
        if outbox != read.outbox {
            let present = self.rows.get_mut(&message.alert).unwrap();
            if present.revision != read.revision {
                worker.row = Some(present.clone());
                return None;
            }
            present.outbox = outbox;
            present.revision += 1;
        }
        let (holder, alert, target) = (&worker.holder, &message.alert, &message.target);
        self.story.push(format!("{} {holder} ends {alert} for {target}: {outcome:?}", self.now));
        Some(match outcome {
            Outcome::Done(_) | Outcome::Dropped if more != Some(true) => End::Done,
            Outcome::Done(_) | Outcome::Dropped if worker.round + 1 < ROUNDS => {
                (worker.round, worker.step) = (worker.round + 1, Step::Look);
                return None;
            }
            Outcome::Done(_) | Outcome::Dropped => End::Again(SOON),
            Outcome::Retry { delay, .. } => End::Again(*delay),
            Outcome::GaveUp { .. } => End::Dead,
        })
    }

    /// Whether a request fails. A read has no effect that could be lost.
    fn call_fault(&mut self, alert: &AlertId, target: &TargetId, read: bool) -> Fault {
        if !self.fault(25) {
            return Fault::None;
        }
        self.mishap(alert, target);
        let error = |class| CallError::new(class, "model", "ordered by chance");
        match self.rng.below(10) {
            0..=3 if !read => Fault::After { late: self.rng.chance(50) },
            0..=5 => Fault::Before(error(Class::Transient)),
            6 | 7 => Fault::Before(error(Class::Permanent)),
            8 => Fault::Before(error(Class::Auth)),
            _ => {
                let mut limited = error(Class::RateLimited);
                limited.retry_after = Some(Duration::from_secs(90));
                Fault::Before(limited)
            }
        }
    }
}

/// What becomes of a message.
enum End {
    Done,
    Again(Duration),
    Dead,
}
