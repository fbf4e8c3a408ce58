//! One attempt at a task, from its claim to its end.

use std::{future::Future, time::Duration};

use bridge_domain::{
    CallError, TaskId, Timestamp,
    import::{
        engine::Counts,
        task::{Claim, Ending, Lane, Lost, Progress, Task},
    },
};
use bridge_runtime::{batch::Failure, clock::Clock};
use bridge_store::{ImportConflict, Store, Turn};
use tokio::{pin, time};

/// A sign of life is written when the last one is older than this: often enough to see the progress.
const BEAT: Duration = Duration::from_secs(10);
/// How often it is looked whether one is due while something takes its time.
const LOOK: Duration = Duration::from_secs(30);
/// Delay when somebody else changed the task first.
const SOON: Duration = Duration::from_secs(2);
/// How long one waits at most for a run that is under way, before it looks again: most end long before
/// their lease.
const QUEUE: Duration = Duration::from_secs(10);
/// How often a step is tried that others race.
const ROUNDS: usize = 4;

/// Why a run stops without a word about the task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// Another attempt has taken over.
    Lost,
    /// The store failed.
    Call(CallError),
}

impl From<CallError> for Halt {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<Lost> for Halt {
    fn from(_: Lost) -> Self {
        Self::Lost
    }
}

/// An attempt that holds the lane of its connection. Dropped, it ends with its lease, and the task is tried
/// again.
#[derive(Debug)]
pub struct Session {
    store: Store,
    clock: Clock,
    turn: Turn,
    attempt: u32,
    progress: Progress,
    beaten: Timestamp,
}

impl Session {
    /// Claims a task for `runner`. `None` when it is over.
    ///
    /// # Errors
    /// A retry when it has to wait, since another run of the connection is under way; dead when there is no
    /// such task.
    pub async fn claim(
        store: Store,
        clock: Clock,
        id: &TaskId,
        runner: &str,
    ) -> Result<Option<Self>, Failure> {
        let turn = store.turn(id).await?;
        let Some(turn) = turn else { return Err(Failure::Dead { reason: "there is no such task".into() }) };
        let now = clock.now();
        let (mut task, mut lane) = (turn.task.value.clone(), turn.lane.value.clone());
        let claim = task.claim(&mut lane, runner, now);
        let turn = if task == turn.task.value && lane == turn.lane.value {
            turn
        } else {
            // Also where nothing is claimed: that a runner vanished is written down once.
            match store.save_turn(&turn, task, lane).await {
                Ok(turn) => turn,
                Err(ImportConflict::Call(error)) => return Err(error.into()),
                Err(_) => return Err(wait(SOON, "somebody else changed the task")),
            }
        };
        match claim {
            Claim::Over => Ok(None),
            Claim::Wait(delay) => Err(wait(delay, "it is too early for another attempt")),
            Claim::Busy(busy) => Err(wait(busy.wait.min(QUEUE), "an import of the connection is under way")),
            Claim::Run { attempt } => {
                let progress = Progress::default();
                Ok(Some(Self { store, clock, turn, attempt, progress, beaten: now }))
            }
        }
    }

    /// The task.
    #[must_use]
    pub const fn task(&self) -> &Task {
        &self.turn.task.value
    }

    /// Gives a sign of life, if the last one is a while ago. Before each page is stored.
    ///
    /// # Errors
    /// The run has to stop at once and write nothing more.
    pub async fn beat(&mut self, progress: Progress) -> Result<(), Halt> {
        self.progress = progress;
        let now = self.clock.now();
        if self.beaten.until(now) < BEAT {
            return Ok(());
        }
        self.step(Step::Beat(progress), now).await?;
        self.beaten = now;
        Ok(())
    }

    /// What `work` gives, with signs of life while it takes its time.
    ///
    /// # Errors
    /// As [`Session::beat`]; `work` is dropped then.
    pub async fn during<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Halt> {
        pin!(work);
        loop {
            match time::timeout(LOOK, &mut work).await {
                Ok(done) => return Ok(done),
                Err(_) => self.beat(self.progress).await?,
            }
        }
    }

    /// Ends the task; gives it as it is then.
    ///
    /// # Errors
    /// Another attempt has taken over, or the store failed: the task is tried again.
    pub async fn finish(mut self, ending: Ending, counts: Counts) -> Result<Task, Halt> {
        let now = self.clock.now();
        self.step(Step::Finish(ending, counts, self.progress), now).await?;
        Ok(self.turn.task.value)
    }

    /// Changes task and lane. Somebody may have touched the task without taking it over: then it is read
    /// again, and who holds the lane decides.
    async fn step(&mut self, step: Step, now: Timestamp) -> Result<(), Halt> {
        for _ in 0..ROUNDS {
            let (mut task, mut lane) = (self.turn.task.value.clone(), self.turn.lane.value.clone());
            step.make(self.attempt, &mut task, &mut lane, now)?;
            match self.store.save_turn(&self.turn, task, lane).await {
                Ok(turn) => {
                    self.turn = turn;
                    return Ok(());
                }
                Err(ImportConflict::Call(error)) => return Err(error.into()),
                Err(_) => self.turn = self.store.turn(&self.turn.task.value.id).await?.ok_or(Halt::Lost)?,
            }
        }
        Err(Halt::Lost)
    }
}

/// What an attempt has to say.
enum Step {
    Beat(Progress),
    Finish(Ending, Counts, Progress),
}

impl Step {
    fn make(&self, attempt: u32, task: &mut Task, lane: &mut Lane, now: Timestamp) -> Result<(), Lost> {
        match self {
            Self::Beat(progress) => task.beat(lane, attempt, *progress, now).map(drop),
            Self::Finish(ending, counts, progress) => {
                // A short run ends before its first sign of life.
                task.progress = *progress;
                task.finish(lane, attempt, ending.clone(), *counts, now)
            }
        }
    }
}

fn wait(delay: Duration, reason: &'static str) -> Failure {
    Failure::Retry { after: Some(delay), reason: reason.into() }
}
