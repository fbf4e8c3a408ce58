//! What has to be sent to a tenant's targets because of an alert, and what was.
//!
//! The outbox lies on the alert's own item and changes in the same write as the alert, so no change
//! is ever without its consequence. It says which state of the alert a target wants and which it
//! has, never which messages there were: a delivery that comes late, twice or out of order reads
//! what is true now and makes the target agree. So an update can not overtake its create, and a
//! close can not precede it.

mod delivery;
mod retry;

use serde::{Deserialize, Serialize};

pub use self::{
    delivery::{Claim, Delivery, Outcome, Progress, Remote, State},
    retry::{
        FIRST_DELAY, GIVE_UP_AFTER, LONGEST_AUTH_DELAY, LONGEST_DELAY, REFUSALS, UNSURE_DELAY, Verdict,
        verdict,
    },
};
use crate::{
    AlertId, TargetId, TenantId, Timestamp, TokenId,
    target::{Settings, Target},
};

/// How long the message that was queued with a change has before the sweeper queues another one, in
/// seconds.
pub const GRACE_SECONDS: i64 = 30;

/// Most entries of the change log; the oldest ones go first.
pub const LOG_LIMIT: usize = 40;

/// Who made a change: it is not sent back there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// A SIEM, through the JSON door.
    #[serde(rename = "siem")]
    Siem,
    /// A KUMA Core: its push, or what it was asked for.
    #[serde(rename = "core")]
    Core(TargetId),
    /// The holder of a token, an IRP as a rule.
    #[serde(rename = "token")]
    Token(TokenId),
}

/// Which function serves a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Channel {
    /// rvision-send.
    #[serde(rename = "r-vision")]
    RVision,
    /// kuma-send.
    #[serde(rename = "kuma-core")]
    KumaCore,
}

/// What an enabled target wants to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The target.
    pub target: TargetId,
    /// Who serves it.
    pub channel: Channel,
    /// Whether it wants alerts that it does not know.
    pub alerts: bool,
    /// Whether it wants changes of alerts that it knows.
    pub changes: bool,
    /// Whether it wants closings.
    pub closes: bool,
    /// The token it calls us with.
    pub caller: Option<TokenId>,
}

impl Route {
    /// The route to a target; none to a disabled one.
    #[must_use]
    pub fn to(target: &Target) -> Option<Self> {
        if target.disabled {
            return None;
        }
        let (channel, alerts, changes, closes, caller) = match &target.settings {
            Settings::RVision(settings) => (
                Channel::RVision,
                settings.send_alerts,
                settings.send_changes,
                settings.send_close,
                settings.caller_token.clone(),
            ),
            Settings::KumaCore(settings) => (Channel::KumaCore, false, false, settings.send_close, None),
        };
        Some(Self { target: target.id.clone(), channel, alerts, changes, closes, caller })
    }

    /// The routes to all of these.
    #[must_use]
    pub fn to_all(targets: &[Target]) -> Vec<Self> {
        targets.iter().filter_map(Self::to).collect()
    }
}

/// A change of an alert that is about to be written.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Who made it.
    pub origin: &'a Origin,
    /// The targets of the alert's tenant.
    pub routes: &'a [Route],
    /// Now.
    pub now: Timestamp,
}

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The alert is new.
    Created {
        /// And already closed.
        closed: bool,
    },
    /// It says something else than before.
    Updated {
        /// It was open before and is closed now.
        closed: bool,
    },
    /// It was closed, nothing else.
    Closed,
}

impl What {
    const fn closes(self) -> bool {
        match self {
            Self::Created { closed } | Self::Updated { closed } => closed,
            Self::Closed => true,
        }
    }
}

/// A line of an alert's change log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    #[serde(rename = "t")]
    pub at: Timestamp,
    /// What happened.
    #[serde(rename = "e")]
    pub event: Event,
    /// Who made it happen; absent for what the bridge did.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Origin>,
    /// The target it is about.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetId>,
}

/// What a line of the change log says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Event {
    /// The alert came in.
    Created,
    /// A message changed it.
    Updated,
    /// It was closed.
    Closed,
    /// A target knows it now.
    Delivered,
    /// A target knows that it is closed.
    CloseDelivered,
    /// A target could not be told.
    GaveUp,
}

/// A delivery that a queue message has to be sent for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// The tenant.
    pub tenant: TenantId,
    /// The alert.
    pub alert: AlertId,
    /// The target.
    pub target: TargetId,
    /// Which queue.
    pub channel: Channel,
}

/// The outbox of one alert. Member names are short because they are stored with every alert.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbox {
    /// Grows with every change of what the alert says.
    #[serde(rename = "c")]
    pub content: u64,
    /// Who closed the alert.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<Origin>,
    /// What each target wants and has.
    #[serde(rename = "d", default, skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<Delivery>,
    /// What happened to the alert, oldest first.
    #[serde(rename = "l", default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<Entry>,
}

impl Outbox {
    /// Takes a change in: what each target wants now, and the log. Says which deliveries have to be
    /// queued, as targets and their channels.
    pub fn note(&mut self, what: What, change: Change<'_>) -> Vec<(TargetId, Channel)> {
        self.content += 1;
        if what.closes() {
            self.closed_by.get_or_insert_with(|| change.origin.clone());
        }
        let event = match what {
            What::Created { .. } => Event::Created,
            What::Updated { closed: false } => Event::Updated,
            What::Updated { closed: true } | What::Closed => Event::Closed,
        };
        self.write_log(Entry { at: change.now, event, by: Some(change.origin.clone()), target: None });
        let mut queue = Vec::new();
        for route in change.routes {
            if self.want(route, what, change) {
                queue.push((route.target.clone(), route.channel));
            }
        }
        queue
    }

    /// Whether `route` wants what has happened; if so, its delivery says it from now on.
    fn want(&mut self, route: &Route, what: What, change: Change<'_>) -> bool {
        let by_token = match change.origin {
            Origin::Token(token) => Some(token),
            Origin::Siem | Origin::Core(_) => None,
        };
        let known = self.deliveries.iter().position(|delivery| delivery.target == route.target);
        let wants = match route.channel {
            // Only what an IRP closed: a SIEM knows of its own closings.
            Channel::KumaCore => what.closes() && by_token.is_some() && route.closes,
            Channel::RVision if what.closes() && by_token.is_some() && by_token == route.caller.as_ref() => {
                // Its own closing: it is not told, now or later.
                if let Some(delivery) = known.and_then(|index| self.deliveries.get_mut(index)) {
                    delivery.closed = true;
                }
                false
            }
            Channel::RVision if known.is_none() => route.alerts,
            Channel::RVision => match what {
                What::Closed => route.closes,
                What::Updated { closed } => route.changes || (closed && route.closes),
                What::Created { .. } => route.alerts,
            },
        };
        if !wants {
            return false;
        }
        let index = known.unwrap_or_else(|| {
            self.deliveries.push(Delivery::new(route.target.clone(), route.channel));
            self.deliveries.len() - 1
        });
        if let Some(delivery) = self.deliveries.get_mut(index) {
            delivery.want(self.content, change.now);
        }
        true
    }

    /// The delivery to a target.
    #[must_use]
    pub fn delivery(&self, target: &TargetId) -> Option<&Delivery> {
        self.deliveries.iter().find(|delivery| delivery.target == *target)
    }

    /// Claims the delivery to a target for `holder`, for `lease_seconds`. `again` also takes up one
    /// that was given up.
    pub fn claim(
        &mut self,
        target: &TargetId,
        holder: &str,
        lease_seconds: i64,
        now: Timestamp,
        again: bool,
    ) -> Claim {
        match self.deliveries.iter_mut().find(|delivery| delivery.target == *target) {
            None => Claim::Nothing,
            Some(delivery) => delivery.claim(holder, lease_seconds, now, again),
        }
    }

    /// Ends what `holder` claimed. `content` is what it sent. Gives whether there is more to send
    /// already; `None` when the claim was somebody else's by now and nothing was changed but what
    /// only this holder can know.
    pub fn finish(
        &mut self,
        target: &TargetId,
        holder: &str,
        content: u64,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Option<bool> {
        let delivery = self.deliveries.iter_mut().find(|delivery| delivery.target == *target)?;
        let (was_known, was_closed) = (delivery.remote.is_some(), delivery.closed);
        let more = delivery.finish(holder, content, outcome, now);
        let mut events = Vec::new();
        if !was_known && delivery.remote.is_some() {
            events.push(Event::Delivered);
        }
        if !was_closed && delivery.closed {
            events.push(Event::CloseDelivered);
        }
        if more.is_some() && matches!(outcome, Outcome::GaveUp { .. }) {
            events.push(Event::GaveUp);
        }
        for event in events {
            self.write_log(Entry { at: now, event, by: None, target: Some(target.clone()) });
        }
        more
    }

    /// When the sweeper has to look at this alert; `None` when there is nothing left to send.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        self.deliveries.iter().filter_map(|delivery| delivery.due).min()
    }

    /// What the sweeper queues at `now`: everything overdue. It gets `grace_seconds` until the next look.
    pub fn sweep(&mut self, now: Timestamp, grace_seconds: i64) -> Vec<(TargetId, Channel)> {
        let mut queue = Vec::new();
        for delivery in &mut self.deliveries {
            if delivery.due.is_some_and(|due| due <= now) {
                delivery.due = Some(now.plus_seconds(grace_seconds));
                queue.push((delivery.target.clone(), delivery.channel));
            }
        }
        queue
    }

    /// Since when the oldest thing that is not yet delivered is wanted.
    #[must_use]
    pub fn waiting_since(&self) -> Option<Timestamp> {
        self.deliveries
            .iter()
            .filter(|delivery| delivery.pending())
            .filter_map(|delivery| delivery.since)
            .min()
    }

    fn write_log(&mut self, entry: Entry) {
        self.log.push(entry);
        if self.log.len() > LOG_LIMIT {
            self.log.drain(..self.log.len() - LOG_LIMIT);
        }
    }
}

#[cfg(test)]
mod tests;
