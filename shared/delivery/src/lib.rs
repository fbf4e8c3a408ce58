//! Delivers what an alert has become to its targets.
//!
//! A [`Message`] says that a target may want something of an alert, never what. The [`Engine`] reads
//! the alert, claims the delivery, lets a [`Connector`] make the target agree, and writes down what
//! came of it. So a message may come late, twice or out of order, and a function may die at any
//! point: the next one finds out what is still owed.
//!
//! Whoever changes an alert sends the messages through a [`Dispatcher`]; what could not be sent is
//! sent by the sweeper, from the index of what is due.

mod connector;
mod engine;
mod gatekeeper;
mod message;
mod pull;
mod send;
mod sender;
mod sweep;

pub use self::{
    connector::{Broken, Connector, Work},
    engine::{Engine, LEASE_SECONDS, Parts, RESERVE, WORK_LIMIT},
    gatekeeper::Gatekeeper,
    message::Message,
    pull::PullQueue,
    send::{Dispatcher, Queues},
    sender::{QueueNames, serve},
    sweep::{Swept, sweep},
};
