//! One step with a row of the ledger: claim, send or ask, write down what came of it.

use std::{borrow::Cow, time::Duration};

use bridge_connect::Connector;
use bridge_delivery::Gatekeeper;
use bridge_domain::{
    CallError, Class, TargetId, Timestamp,
    ledger::{Claim, Finding, Outcome, State},
    ncircc::{
        errand::{Errand, Row},
        settings::Settings,
    },
};
use bridge_ncircc::Ncircc;
use bridge_reporting::Message;
use bridge_runtime::{
    batch::{Failure, Options, Order},
    clock::Clock,
    deadline::Deadline,
    telemetry::{LedgerHandled, Output, Step},
};
use bridge_store::{Cache, Revised, RowConflict, Store};

use crate::{ask, send, settle};

/// Longest time for what is done at NCIRCC in one step. Its calls have a time-out of their own.
const WORK_LIMIT: Duration = Duration::from_secs(90);
/// Time that an invocation must have left for a step to be begun.
const RESERVE: Duration = Duration::from_secs(100);
/// How long a turn holds when its holder does not give it back: longer than the function lives.
const TURN: Duration = Duration::from_secs(130);
/// Delay when somebody else changed the row first.
const SOON: Duration = Duration::from_secs(1);

/// How a batch is taken: one row after the other.
pub(crate) fn options(deadline: Deadline) -> Options {
    Options { order: Order::Standard { concurrency: 1 }, deadline, reserve: RESERVE }
}

/// What a desk is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) cache: Cache,
    pub(crate) gatekeeper: Gatekeeper,
    pub(crate) connections: Connector,
    pub(crate) clock: Clock,
    pub(crate) output: Output,
}

/// Where the ledger is worked off.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) parts: Parts,
    /// What NCIRCC is called in the Cache table.
    ncircc: TargetId,
}

/// What a step at NCIRCC brought.
pub(crate) enum News {
    Answered(Outcome),
    Asked { at: Timestamp, finding: Finding },
}

/// A claimed row.
pub(crate) struct Claimed<'a> {
    pub(crate) row: Revised<Row>,
    pub(crate) holder: &'a str,
    pub(crate) at: Timestamp,
}

impl Desk {
    pub(crate) fn new(parts: Parts) -> Self {
        Self { parts, ncircc: TargetId::ncircc() }
    }

    /// Handles one message.
    ///
    /// # Errors
    /// A retry when the row has to wait or is not at its end; dead when there is no such row.
    pub(crate) async fn handle(&self, message: &Message) -> Result<(), Failure> {
        let Parts { store, clock, .. } = &self.parts;
        let Some(row) = store.row(&message.incident, &message.row).await? else {
            return Err(Failure::Dead { reason: "there is no such row of the ledger".into() });
        };
        // A look before the turn: most messages that come twice end here, at the cost of one read.
        match row.value.ledger.clone().claim("", clock.now()) {
            Claim::Nothing => return self.tidy(&row.value).await,
            Claim::Wait(wait) => return Err(wait_for(wait, "it is too early, or somebody is at it")),
            Claim::Send | Claim::Ask => {}
        }
        let settings = store.ncircc_settings().await?.map(|settings| settings.value);
        let Some(settings) = settings.filter(|settings| settings.enabled) else {
            tracing::info!(incident = %message.incident, row = %message.row,
                "the integration with NCIRCC is disabled: the row waits");
            // It stays due: the sweeper brings it back.
            return Ok(());
        };
        let pass = self.parts.gatekeeper.pass(&self.ncircc, settings.requests_per_second).await;
        pass.map_err(|wait| wait_for(wait, "NCIRCC is to be left alone for now"))?;
        let holder = uuid::Uuid::new_v4().simple().to_string();
        self.take_turn(&holder).await?;
        let stepped = self.step(row, &settings, &holder).await;
        if let Err(error) = self.parts.cache.end_turn(&self.ncircc, &holder).await {
            tracing::warn!(class = error.class.as_str(), detail = %error.detail, "a turn ends by itself");
        }
        stepped
    }

    /// One request is under way at NCIRCC at a time, over all copies of this function.
    async fn take_turn(&self, holder: &str) -> Result<(), Failure> {
        let now = self.parts.clock.now();
        match self.parts.cache.take_turn(&self.ncircc, holder, now, now.plus(TURN)).await? {
            None => Ok(()),
            Some(_) => Err(wait_for(SOON, "somebody else has the turn")),
        }
    }

    async fn step(&self, row: Revised<Row>, settings: &Settings, holder: &str) -> Result<(), Failure> {
        let at = self.parts.clock.now();
        let mut ledger = row.value.ledger.clone();
        let claim = ledger.claim(holder, at);
        match claim {
            Claim::Nothing => return Ok(()),
            Claim::Wait(wait) => return Err(wait_for(wait, "somebody else was faster")),
            Claim::Send | Claim::Ask => {}
        }
        let row = match self.parts.store.save_row(row, ledger).await {
            Ok(row) => row,
            Err(RowConflict::Call(error)) => return Err(error.into()),
            Err(_) => return Err(wait_for(SOON, "somebody else changed the row")),
        };
        let claimed = Claimed { row, holder, at };
        let asked = claim == Claim::Ask;
        let (news, error) =
            if asked { self.ask(&claimed, settings).await } else { self.send(&claimed, settings).await };
        let ended = settle::settle(&self.parts, &claimed, &news).await?;
        self.report(&claimed, &ended.value, asked, error.as_ref());
        match (&ended.value.ledger.state, ended.value.ledger.next) {
            (State::Sent, _) => self.tidy(&ended.value).await,
            (_, Some(next)) => {
                let wait = self.parts.clock.now().until(next);
                Err(wait_for(wait, if asked { "NCIRCC is asked again" } else { "the row is not at its end" }))
            }
            (_, None) => Ok(()),
        }
    }

    async fn send(&self, claimed: &Claimed<'_>, settings: &Settings) -> (News, Option<CallError>) {
        let opened = self.open(settings).await;
        let sent = match opened {
            Ok(mut there) => {
                let row = &claimed.row.value;
                let sent = tokio::time::timeout(WORK_LIMIT, send::send(&self.parts, row, &mut there)).await;
                let sent = sent.unwrap_or_else(|_| Err(too_slow()));
                self.parts.gatekeeper.report(&self.ncircc, sent.as_ref().map(|_| ())).await;
                sent.map_err(|error| (send::outcome(&error), error))
            }
            // Nothing was sent: whatever is wrong with settings and secrets can be put right.
            Err(error) => Err((send::not_done(&error), error)),
        };
        match sent {
            Ok(remote) => (News::Answered(Outcome::Done(remote)), None),
            Err((outcome, error)) => (News::Answered(outcome), Some(error)),
        }
    }

    async fn ask(&self, claimed: &Claimed<'_>, settings: &Settings) -> (News, Option<CallError>) {
        let at = self.parts.clock.now();
        let found = match self.open(settings).await {
            Ok(mut there) => {
                let row = &claimed.row.value;
                let found = tokio::time::timeout(WORK_LIMIT, ask::ask(&self.parts, row, &mut there)).await;
                let found = found.unwrap_or_else(|_| Err(too_slow()));
                self.parts.gatekeeper.report(&self.ncircc, found.as_ref().map(|_| ())).await;
                found
            }
            Err(error) => Err(error),
        };
        match found {
            Ok(finding) => (News::Asked { at, finding }, None),
            Err(error) => {
                let after = send::wish(&error);
                let finding = Finding::Failed { error: error.public.clone().into_owned(), after };
                (News::Asked { at, finding }, Some(error))
            }
        }
    }

    async fn open(&self, settings: &Settings) -> Result<bridge_connect::Opened<Ncircc>, CallError> {
        self.parts.connections.ncircc(settings).await
    }

    /// Deletes what a row that was sent does not need any more.
    async fn tidy(&self, row: &Row) -> Result<(), Failure> {
        if let (Errand::Supplement { files, .. }, State::Sent) = (&row.errand, &row.ledger.state) {
            let parts: Vec<u32> = files.iter().map(|file| file.parts).collect();
            self.parts.store.delete_files(&row.incident, &row.id, &parts).await?;
        }
        Ok(())
    }

    fn report(&self, claimed: &Claimed<'_>, row: &Row, asked: bool, error: Option<&CallError>) {
        let now = self.parts.clock.now();
        let step = match row.ledger.state {
            State::Sent => Step::Sent,
            State::Pending | State::Sending { .. } => Step::Retried,
            State::Unknown => Step::Unknown,
            State::Stuck => Step::Stuck,
            State::Failed => Step::Failed,
        };
        // Not its public text: that quotes NCIRCC, which may quote what was sent. The row has it.
        let detail = error.map(|error| format!("{} {}", error.code, error.detail));
        LedgerHandled {
            function: "ncircc-send",
            incident: row.incident.as_str(),
            row: row.id.as_str(),
            kind: row.errand.kind(),
            asked,
            step,
            class: error.map(|error| error.class),
            detail: detail.as_deref().map_or("", str::trim_end),
            attempts: row.ledger.sends,
            remote: row.ledger.remote.as_ref().map_or("", |remote| &remote.uuid),
            lag_ms: millis(row.ledger.requested.until(now)),
            latency_ms: millis(claimed.at.until(now)),
        }
        .emit(&self.parts.output, now);
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn wait_for(wait: Duration, reason: &'static str) -> Failure {
    // SQS counts in seconds: a fraction is rounded up, or the message would be early.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Failure::Retry { after: Some(Duration::from_secs(seconds)), reason: Cow::Borrowed(reason) }
}

fn too_slow() -> CallError {
    CallError::new(Class::Unknown, bridge_ncircc::SYSTEM, "NCIRCC did not answer in time")
}
