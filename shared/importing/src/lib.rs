//! Imports: when they are due, how they are ordered, and how one is run.
//!
//! ```text
//! schedule or saving --take_slot--> task --message--> session: claim, beat, finish
//! somebody asks ------order-------> task --message--/
//! ```
//!
//! A task is written before its [`Message`] is sent, and the slot of the schedule is taken in the same
//! transaction: what was not queued, or was lost, [`dispatch`] queues from the index of what is due. A
//! message names a task and nothing else: it may come late, twice or not at all.

mod dispatch;
mod message;
mod queues;
mod session;

pub use self::{
    dispatch::{Dispatched, dispatch, order, start},
    message::Message,
    queues::{ImportQueues, QueueUrls},
    session::{Halt, Session},
};
