//! How what the ledger owes NCIRCC gets into its queue.
//!
//! A [`Message`] names a row of the ledger, never what is to be done: whoever takes it reads the row
//! and finds out. So a message may come late, twice or not at all; what was not queued, or was lost,
//! the sweeper queues from the index of what is due.

mod message;
mod queue;
mod sweep;

pub use self::{
    message::Message,
    queue::NcirccQueue,
    sweep::{Swept, sweep},
};
