//! One delivery: claim, do, finish.

use std::{borrow::Cow, sync::Arc, time::Duration};

use bridge_domain::{
    AlertId, CallError, Class, TargetId, TenantId, Timestamp,
    outbox::{Claim, Delivery, Outbox, Outcome, Progress, Verdict, verdict},
    target::Target,
    tenant::Tenant,
};
use bridge_runtime::{
    batch::Failure,
    clock::Clock,
    recent::Recent,
    telemetry::{Delivered, DeliveryHandled, Output},
};
use bridge_store::{Found, Put, Store};
use tokio::sync::Semaphore;

use crate::{Broken, Connector, Gatekeeper, Message, Work};

/// How long a claim holds. Longer than a function runs: whoever claimed is surely gone by its end.
pub const LEASE_SECONDS: i64 = 75;
/// Longest time for what a connector does.
pub const WORK_LIMIT: Duration = Duration::from_secs(45);
/// Time that an invocation must have left for a delivery to be started.
pub const RESERVE: Duration = Duration::from_secs(54);
/// How often what changed meanwhile is sent at once; after that it goes back to the queue.
const ROUNDS: u32 = 3;
/// Attempts to write an outbox that others change.
const ATTEMPTS: u32 = 60;
/// Delay of what goes back to the queue because there is more to send already.
const SOON: Duration = Duration::from_secs(1);
/// Events that may be unpacked at once, in mebibytes, over all deliveries of a process.
const EVENT_MEMORY: u32 = 24;

/// What an engine is made of.
#[derive(Debug)]
pub struct Parts<C> {
    /// The function it runs in.
    pub function: &'static str,
    /// The State table.
    pub store: Store,
    /// Circuits and rates.
    pub gatekeeper: Gatekeeper,
    /// What speaks to the targets.
    pub connector: C,
    /// The time.
    pub clock: Clock,
    /// Where event lines go.
    pub output: Output,
}

/// Makes deliveries through a connector.
#[derive(Debug)]
pub struct Engine<C> {
    parts: Parts<C>,
    tenants: Recent<TenantId, Arc<(Tenant, Vec<Target>)>>,
    memory: Semaphore,
}

/// A delivery that is ours for a while.
struct Claimed {
    holder: String,
    alert: Found,
    at: Timestamp,
}

impl<C: Connector> Engine<C> {
    /// An engine of these parts.
    #[must_use]
    pub fn new(parts: Parts<C>) -> Self {
        let memory = Semaphore::new(usize::try_from(EVENT_MEMORY).unwrap_or(1));
        Self { parts, tenants: Recent::new(), memory }
    }

    /// Handles one message.
    ///
    /// # Errors
    /// A retry when the delivery failed for now or has to wait; dead when it failed for good.
    pub async fn handle(&self, message: &Message) -> Result<(), Failure> {
        for round in 0..ROUNDS {
            let again = message.again && round == 0;
            if !self.deliver(message, again).await? {
                return Ok(());
            }
        }
        Err(Failure::Retry { after: Some(SOON), reason: "the alert keeps changing".into() })
    }

    /// Makes one delivery; gives whether there is more to send already.
    async fn deliver(&self, message: &Message, again: bool) -> Result<bool, Failure> {
        let store = &self.parts.store;
        let Some(alert) = store.found(&message.alert).await? else {
            return Err(Failure::Dead { reason: "there is no such alert".into() });
        };
        if alert.tenant != message.tenant {
            return Err(Failure::Dead { reason: "the alert is of another tenant".into() });
        }
        let now = self.parts.clock.now();
        // A look before the gate: most messages that come twice end here, at the cost of one read.
        match alert.outbox()?.claim(&message.target, "", LEASE_SECONDS, now, again) {
            Claim::Nothing => return Ok(false),
            Claim::Wait(wait) => return Err(wait_for(wait, "somebody else is at it, or it is too early")),
            Claim::Taken => {}
        }
        let tenant = self.tenant(message, now).await?;
        let target = tenant.as_deref().and_then(|known| enabled(known, &message.target));
        if let Some((_, target)) = target {
            let pass = self.parts.gatekeeper.pass(&target.id, target.connection().requests_per_second).await;
            pass.map_err(|wait| wait_for(wait, "the target is to be left alone for now"))?;
        }
        let Some(claimed) = self.claim(alert, message, again).await? else { return Ok(false) };
        let (outcome, content, error) = match target {
            None => (Outcome::Dropped, claimed.alert.outbox()?.content, None),
            Some((tenant, target)) => self.work(&claimed, tenant, target, &message.target).await?,
        };
        let more = self.finish(&claimed, &message.target, content, &outcome).await?;
        self.report(message, &claimed, &outcome, error.as_ref());
        match outcome {
            Outcome::Done(_) | Outcome::Dropped => Ok(more),
            Outcome::Retry { delay, error, .. } => {
                Err(Failure::Retry { after: Some(delay), reason: error.into() })
            }
            Outcome::GaveUp { error, .. } => Err(Failure::Dead { reason: error.into() }),
        }
    }

    /// Claims the delivery; `None` when there is nothing left to do.
    async fn claim(
        &self,
        mut alert: Found,
        message: &Message,
        again: bool,
    ) -> Result<Option<Claimed>, Failure> {
        let holder = uuid::Uuid::new_v4().simple().to_string();
        for _ in 0..ATTEMPTS {
            let mut outbox = alert.outbox()?;
            let now = self.parts.clock.now();
            match outbox.claim(&message.target, &holder, LEASE_SECONDS, now, again) {
                Claim::Nothing => return Ok(None),
                Claim::Wait(wait) => return Err(wait_for(wait, "somebody else was faster")),
                Claim::Taken => {}
            }
            match self.parts.store.put_outbox(alert, &outbox).await? {
                Put::Done(alert) => return Ok(Some(Claimed { holder, alert, at: now })),
                Put::Stale(newer) => alert = newer,
            }
        }
        Err(wait_for(SOON, "the alert keeps changing"))
    }

    /// Lets the connector do it. Gives how that ended, the content that was sent, and the failure.
    async fn work(
        &self,
        claimed: &Claimed,
        tenant: &Tenant,
        target: &Target,
        id: &TargetId,
    ) -> Result<(Outcome, u64, Option<CallError>), Failure> {
        let mebibytes = u32::try_from(claimed.alert.events_size >> 20).unwrap_or(u32::MAX).saturating_add(1);
        let permits = self.memory.acquire_many(mebibytes.min(EVENT_MEMORY)).await;
        let read = self.parts.store.with_events(claimed.alert.clone()).await?;
        let Some((alert, events)) = read else {
            return Err(Failure::Dead { reason: "the alert is gone".into() });
        };
        let outbox = alert.outbox()?;
        let Some(delivery) = outbox.delivery(id) else {
            return Ok((Outcome::Dropped, outbox.content, None));
        };
        let alert = alert.into_alert(&events)?;
        drop(events);
        let now = self.parts.clock.now();
        let work = Work { alert: &alert, log: &outbox.log, delivery, target, tenant, now };
        let made = tokio::time::timeout(WORK_LIMIT, self.parts.connector.deliver(work)).await;
        drop(permits);
        let made = made.unwrap_or_else(|_| Err(too_slow().into()));
        self.parts.gatekeeper.report(id, made.as_ref().map(|_| ()).map_err(|broken| &*broken.error)).await;
        Ok(match made {
            Ok(Some(progress)) => (Outcome::Done(progress), outbox.content, None),
            Ok(None) => (Outcome::Dropped, outbox.content, None),
            Err(Broken { error, progress }) => {
                let outcome = self.failed(delivery, &error, progress);
                (outcome, outbox.content, Some(*error))
            }
        })
    }

    fn failed(&self, delivery: &Delivery, error: &CallError, progress: Progress) -> Outcome {
        let text = error.public.clone().into_owned();
        match verdict(delivery, error, self.parts.clock.now()) {
            Verdict::Retry(delay) => Outcome::Retry { progress, delay, error: text },
            Verdict::GiveUp => Outcome::GaveUp { progress, error: text },
        }
    }

    /// Writes down what came of it; gives whether there is more to send already.
    async fn finish(
        &self,
        claimed: &Claimed,
        target: &TargetId,
        content: u64,
        outcome: &Outcome,
    ) -> Result<bool, Failure> {
        let mut alert = claimed.alert.clone();
        for _ in 0..ATTEMPTS {
            let mut outbox: Outbox = alert.outbox()?;
            let before = outbox.clone();
            let more = outbox.finish(target, &claimed.holder, content, outcome, self.parts.clock.now());
            if outbox == before {
                return Ok(false);
            }
            match self.parts.store.put_outbox(alert, &outbox).await? {
                Put::Done(_) => return Ok(more.unwrap_or(false)),
                Put::Stale(newer) => alert = newer,
            }
        }
        Err(wait_for(SOON, "the alert keeps changing"))
    }

    /// The message's tenant and its targets, as they were at most a few seconds ago. What is dropped for
    /// want of an enabled target is lost to it: that is only believed when it was read just now.
    async fn tenant(
        &self,
        message: &Message,
        now: Timestamp,
    ) -> Result<Option<Arc<(Tenant, Vec<Target>)>>, CallError> {
        let known = self.tenants.get(&message.tenant, now);
        if let Some(known) = known.filter(|known| enabled(known, &message.target).is_some()) {
            return Ok(Some(known));
        }
        let read = self.parts.store.tenant_with_targets(&message.tenant).await?.map(Arc::new);
        if let Some(tenant) = &read {
            self.tenants.put(message.tenant.clone(), Arc::clone(tenant), now);
        }
        Ok(read)
    }

    fn report(&self, message: &Message, claimed: &Claimed, outcome: &Outcome, error: Option<&CallError>) {
        let now = self.parts.clock.now();
        let outbox = claimed.alert.outbox().unwrap_or_default();
        let delivery = outbox.delivery(&message.target);
        let (outcome, progress) = match outcome {
            Outcome::Done(progress) => (Delivered::Done, Some(progress)),
            Outcome::Retry { progress, .. } => (Delivered::Retried, Some(progress)),
            Outcome::GaveUp { progress, .. } => (Delivered::GaveUp, Some(progress)),
            Outcome::Dropped => (Delivered::Dropped, None),
        };
        let remote = progress.and_then(|progress| progress.remote.as_ref());
        let detail = error.map(|error| format!("{} {} {}", error.public, error.code, error.detail));
        let alert: &AlertId = &message.alert;
        DeliveryHandled {
            function: self.parts.function,
            alert: alert.as_str(),
            target: message.target.as_str(),
            outcome,
            class: error.map(|error| error.class),
            detail: detail.as_deref().map_or("", str::trim_end),
            attempts: delivery.map_or(0, |delivery| delivery.attempts),
            remote: remote.map_or("", |remote| &remote.id),
            lag_ms: millis(delivery.and_then(|delivery| delivery.since).unwrap_or(now).until(now)),
            latency_ms: millis(claimed.at.until(now)),
        }
        .emit(&self.parts.output, now);
    }
}

/// A target, if it and its tenant are enabled.
fn enabled<'a>(
    (tenant, targets): &'a (Tenant, Vec<Target>),
    id: &TargetId,
) -> Option<(&'a Tenant, &'a Target)> {
    let target = targets.iter().find(|target| target.id == *id)?;
    (!tenant.disabled && !target.disabled).then_some((tenant, target))
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn wait_for(wait: Duration, reason: &'static str) -> Failure {
    // SQS counts in seconds: a fraction is rounded up, or the message would be early.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Failure::Retry { after: Some(Duration::from_secs(seconds)), reason: Cow::Borrowed(reason) }
}

fn too_slow() -> CallError {
    CallError::new(Class::Unknown, "target", "the target did not answer in time")
}
