//! A simulator behind its socket: each request is recorded, met by the faults in force, and answered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{Method, Request, Response};
use hyper::body::Incoming;
use serde_json::Value;

use crate::{
    answer::{Answer, AnswerBody, Pace},
    call::Call,
    faults::{Fault, Faults},
    history::History,
    line::Line,
    running::Background,
};

/// What a simulator is besides its socket.
pub(crate) trait Simulator: Send + Sync + 'static {
    /// Whether its certificate is signed by an authority between the root and itself.
    const CHAIN: bool = false;

    fn new(url: String, background: Background) -> Self;

    /// Does what is asked, all of it or nothing.
    fn answer(self: &Arc<Self>, call: &Call) -> Answer;

    /// Does a command of its own.
    fn command(self: &Arc<Self>, command: Command) -> impl Future<Output = Result<Value, Refusal>> + Send;

    /// What it holds: an object with a member `idle`, false while a call of its own is under way.
    fn state(&self) -> Value;

    /// Forgets everything but its settings.
    fn reset(&self);
}

/// A command over the control.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// Null without a body.
    pub(crate) body: Value,
}

/// Why a command is not done.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Refusal {
    pub(crate) fn new(status: u16, error: impl Into<String>) -> Self {
        Self { status, body: serde_json::json!({ "error": error.into() }) }
    }
}

impl From<serde_json::Error> for Refusal {
    fn from(error: serde_json::Error) -> Self {
        Self::new(400, error.to_string())
    }
}

impl From<String> for Refusal {
    fn from(error: String) -> Self {
        Self::new(400, error)
    }
}

/// A lock that a panic elsewhere does not take away.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A simulator and what is around it.
pub(crate) struct Host<S> {
    pub(crate) simulator: Arc<S>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) history: Mutex<History>,
    /// What was asked and is to be done later.
    pub(crate) late: Background,
}

/// An entry in the history that is closed however the answering ends.
struct Entry<'a> {
    history: &'a Mutex<History>,
    n: u64,
    answer: Option<Answer>,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        locked(self.history).end(self.n, self.answer.as_ref());
    }
}

impl<S: Simulator> Host<S> {
    pub(crate) fn new(simulator: S, late: Background) -> Self {
        Self { simulator: Arc::new(simulator), faults: Mutex::default(), history: Mutex::default(), late }
    }

    /// Answers one request, or never.
    pub(crate) async fn serve(
        self: Arc<Self>,
        request: Request<Incoming>,
        line: Arc<Line>,
    ) -> Response<AnswerBody> {
        let Some(call) = Call::read(request).await else {
            return Answer::error(413, Some("request too large")).sent(Pace::Whole);
        };
        let plan = locked(&self.faults).plan(&call.method, &call.path);
        let n = locked(&self.history).begin(&call, plan.name);
        let mut entry = Entry { history: &self.history, n, answer: None };
        if !plan.delay.is_zero() {
            tokio::time::sleep(plan.delay).await;
        }
        let (answer, pace) = match plan.fault {
            Fault::None => (self.effect(&call, n), Pace::Whole),
            Fault::Instead(answer) => (answer, Pace::Whole),
            Fault::Afterwards(answer) => {
                self.effect(&call, n);
                (answer, Pace::Whole)
            }
            Fault::Drip { bytes, every } => (self.effect(&call, n), Pace::Drip { bytes, every }),
            Fault::Truncate => {
                let answer = self.effect(&call, n);
                if answer.is_empty() {
                    // Nothing to cut but the connection.
                    return dead(&line, entry).await;
                }
                (answer, Pace::Half)
            }
            Fault::Reset { effect } => {
                if effect {
                    self.effect(&call, n);
                }
                return dead(&line, entry).await;
            }
            Fault::Late { after, hang } => {
                let this = Arc::clone(&self);
                self.late.spawn(async move {
                    tokio::time::sleep(after).await;
                    this.effect(&call, n);
                });
                if hang {
                    return std::future::pending().await;
                }
                return dead(&line, entry).await;
            }
            Fault::Hang { effect } => {
                if effect {
                    self.effect(&call, n);
                }
                return std::future::pending().await;
            }
        };
        entry.answer = Some(answer.clone());
        answer.sent(pace)
    }

    fn effect(&self, call: &Call, n: u64) -> Answer {
        let answer = self.simulator.answer(call);
        locked(&self.history).effect(n);
        answer
    }
}

async fn dead(line: &Line, entry: Entry<'_>) -> Response<AnswerBody> {
    drop(entry);
    line.reset();
    std::future::pending().await
}
