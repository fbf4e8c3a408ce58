//! A task in an answer.

use bridge_domain::import::task::Task;
use serde::Serialize;

/// A task, and how far it is.
#[derive(Serialize)]
pub(crate) struct View<'a> {
    #[serde(flatten)]
    task: &'a Task,
    /// Null when nobody knows what to expect, or when it is not under way.
    percent: Option<u8>,
}

impl<'a> View<'a> {
    pub(crate) fn new(task: &'a Task) -> Self {
        Self { task, percent: task.percent() }
    }
}
