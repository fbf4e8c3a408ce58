//! The queue of a sender, in virtual time.

use std::time::Duration;

use bridge_delivery::{Connector, Engine, Message};
use bridge_domain::Timestamp;
use bridge_runtime::batch::{Failure, growing_delay};

/// A message in a queue.
#[derive(Clone, Debug)]
pub struct Letter {
    /// What it says.
    pub message: Message,
    /// Nobody sees it before this.
    pub visible: Timestamp,
    /// How often it was received.
    pub receives: u32,
}

/// The letters that lie in a queue, and those that were given up.
#[derive(Clone, Debug, Default)]
pub struct Post {
    /// What lies in the queue.
    pub letters: Vec<Letter>,
    /// What was given up, and why.
    pub dead: Vec<(Message, String)>,
}

impl Post {
    /// When the next one is to be seen.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.letters.iter().map(|letter| letter.visible).min()
    }

    /// Lets `engine` handle what can be seen at `now`, one after the other, as the batch runtime would;
    /// gives how much that was.
    pub async fn work<C: Connector>(&mut self, engine: &Engine<C>, now: impl Fn() -> Timestamp) -> usize {
        let seen: Vec<Letter> = {
            let due = now();
            let (seen, hidden) = self.letters.drain(..).partition(|letter| letter.visible <= due);
            self.letters = hidden;
            seen
        };
        let count = seen.len();
        for mut letter in seen {
            letter.receives += 1;
            match engine.handle(&letter.message).await {
                Ok(()) => {}
                Err(Failure::Retry { after, .. }) => {
                    let delay: Duration = after.unwrap_or_else(|| growing_delay(letter.receives));
                    letter.visible = now().plus(delay);
                    self.letters.push(letter);
                }
                Err(Failure::Dead { reason }) => self.dead.push((letter.message, reason.into_owned())),
            }
        }
        count
    }
}
