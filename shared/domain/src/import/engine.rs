//! One import run: what arrives is compared with the manifest, and what has to be written is said.
//!
//! Whoever drives a run keeps to this order, so that a crash between any two writes costs a repetition
//! and nothing else:
//!
//! 1. [`Import::begin`] with the manifest: header, every chunk, journal.
//! 2. For each page: [`Import::see`] each record, save [`Import::journal`] if there is one, then write the
//!    things whose verdict asks for it, whole and without a time to go. Now and then
//!    ([`Import::wants_checkpoint`]), after the writes, save [`Import::checkpoint`].
//! 3. [`Import::finish`], and of its [`Outcome`]: save the journal, delete what is due, save the manifest,
//!    mark what is expiring with its time, save the header that closes the run.
//!
//! Every write carries the number of its run ([`Import::run`]) and is made on condition that no later run
//! wrote there; a mark also that the thing is there. Whoever lost the lease then changes nothing.
//!
//! A thing that is no longer received stays for the storage time after the last run that saw it (KUMA
//! documents, "Changing the data storage period"). Only a complete run can tell what is not received; one
//! that brought less than half of what the last complete run did is not believed unless somebody confirms
//! it. What was seen so long ago that its time is over goes with the run that misses it. Days are counted
//! whole and in favour of the thing: it goes up to 24 hours late and never early.
//! The cost of a run grows with what changed: an unchanged one saves one header.

use serde::{Deserialize, Serialize};

use super::manifest::{
    CHUNK_LIMIT, ContentHash, Entry, ExternalId, Full, Header, Manifest, Mark, Save, encode_journal,
};
use crate::Timestamp;

/// After so many written things their manifest is worth saving. So a journal is at most 160 KB and a page.
pub const CHECKPOINT_AFTER: usize = 10_000;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// What a run counts. KUMA's Task manager has no such numbers; these are ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counts {
    /// Different records received.
    pub seen: u64,
    /// Records that were received again in the same run.
    pub duplicates: u64,
    /// Things that were not known.
    pub created: u64,
    /// Things that were stored otherwise, or as no longer received.
    pub changed: u64,
    /// Things that were stored just so.
    pub unchanged: u64,
    /// Things that began to expire with this run.
    pub expiring: u64,
    /// Things whose storage time was over.
    pub removed: u64,
}

/// What a record means for what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not known so far: write it.
    Created,
    /// Known with another content: write it.
    Changed,
    /// Known just so: write nothing.
    Unchanged,
    /// Known as no longer received: write it, without a time to go.
    Returned,
}

impl Verdict {
    /// Whether the thing has to be written.
    #[must_use]
    pub const fn writes(self) -> bool {
        !matches!(self, Self::Unchanged)
    }
}

/// How the reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The outside system said that this was all.
    Complete,
    /// It failed, or time was up.
    CutOff,
}

/// Whether a run told what is no longer received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marking {
    /// It did.
    Done,
    /// It did not: it was cut off.
    CutOff,
    /// It did not: it brought less than half of what the last complete run did.
    Shrank {
        /// What it brought.
        seen: u64,
        /// What the last complete run brought.
        before: u64,
    },
}

/// Something that is no longer received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// What.
    pub id: ExternalId,
    /// When it goes: nobody sees it from then on.
    pub at: Timestamp,
}

/// What is left to do at the end of a run, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// First: the journal, when something is to be marked and none of this run was saved. It tells the
    /// next run, should this one be cut down, that not everything may be marked.
    pub journal: Option<Vec<u8>>,
    /// Then: to be deleted, if they are there.
    pub remove: Vec<ExternalId>,
    /// Then: to be saved.
    pub save: Save,
    /// Then: to be marked, if they are there. After a run that was cut down, and when the storage time was
    /// changed, those that were expiring before are among them.
    pub expire: Vec<Expiry>,
    /// At last: the header, when something was to be marked.
    pub close: Option<Header>,
    /// What the run counted.
    pub counts: Counts,
    /// Whether it told what is no longer received.
    pub marking: Marking,
}

/// A run under way.
#[derive(Debug)]
pub struct Import {
    manifest: Manifest,
    began: Timestamp,
    storage_days: u16,
    counts: Counts,
    /// The header at the beginning.
    before: Header,
    /// Ids whose things are, or may be, other than the saved chunks say.
    pending: Vec<ExternalId>,
    /// How many of these the saved journal has.
    journaled: usize,
    /// Whether a journal of this run was saved.
    own_journal: bool,
}

impl Import {
    /// Begins a run at `began` with what is stored of those before.
    #[must_use]
    pub fn begin(mut previous: Manifest, began: Timestamp, storage_days: u16) -> Self {
        let before = *previous.header();
        let pending = std::mem::take(&mut previous.recovered);
        previous.header.run = before.run.saturating_add(1);
        let (counts, journaled) = (Counts::default(), pending.len());
        Self {
            manifest: previous,
            began,
            storage_days,
            counts,
            before,
            pending,
            journaled,
            own_journal: false,
        }
    }

    /// The number of this run: greater than that of every run before.
    #[must_use]
    pub const fn run(&self) -> u64 {
        self.manifest.header().run
    }

    /// What it has counted so far.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// How many records the last complete run brought; `None` when there was none.
    #[must_use]
    pub fn expected(&self) -> Option<u64> {
        self.before.last_complete.map(|_| self.before.total)
    }

    /// Takes in a record. One that is received twice counts once, and what came last is right.
    ///
    /// # Errors
    /// There are more records than may be: the run has to end, cut off.
    pub fn see(&mut self, id: ExternalId, hash: ContentHash) -> Result<Verdict, Full> {
        let (entry, _) = self.manifest.entry(id)?;
        let first = entry.mark == Mark::Unseen;
        let verdict = if entry.since != 0 {
            Verdict::Returned
        } else if entry.hash == ContentHash::UNKNOWN {
            Verdict::Created
        } else if entry.hash == hash {
            Verdict::Unchanged
        } else {
            Verdict::Changed
        };
        let counted = entry.mark;
        if first || counted == Mark::Same {
            entry.mark = match verdict {
                Verdict::Created => Mark::Created,
                Verdict::Changed | Verdict::Returned => Mark::Changed,
                Verdict::Unchanged => Mark::Same,
            };
        }
        (entry.hash, entry.since) = (hash, 0);
        let mark = entry.mark;
        if first {
            self.counts.seen += 1;
        } else {
            self.counts.duplicates += 1;
        }
        self.count(counted, mark);
        if verdict.writes() {
            self.manifest.touch(&id);
            self.pending.push(id);
        }
        Ok(verdict)
    }

    const fn count(&mut self, before: Mark, after: Mark) {
        match (before, after) {
            (Mark::Unseen, Mark::Same) => self.counts.unchanged += 1,
            (Mark::Unseen, Mark::Changed) => self.counts.changed += 1,
            (Mark::Unseen, Mark::Created) => self.counts.created += 1,
            (Mark::Same, Mark::Changed) => {
                self.counts.unchanged -= 1;
                self.counts.changed += 1;
            }
            _ => {}
        }
    }

    /// The journal to save before the things are written that were seen since the last one; `None` when
    /// nothing is to be written that the saved one does not cover.
    #[must_use]
    pub fn journal(&mut self) -> Option<Vec<u8>> {
        let covered = self.journaled == self.pending.len();
        self.journaled = self.pending.len();
        self.own_journal |= !covered;
        (!covered).then(|| encode_journal(self.run(), self.began, &self.pending))
    }

    /// Whether so much was written that it is time for a [`Import::checkpoint`].
    #[must_use]
    pub const fn wants_checkpoint(&self) -> bool {
        self.pending.len() >= CHECKPOINT_AFTER
    }

    /// What to save so that a run that is cut down later need not repeat what is written by now. Only
    /// after every thing seen so far is written.
    #[must_use]
    pub fn checkpoint(&mut self) -> Save {
        let header = &mut self.manifest.header;
        header.last_seen = Some(self.began);
        self.journaled = 0;
        self.pending.clear();
        self.manifest.save()
    }

    /// Ends the run. `confirmed` says that somebody knows that much less is there than before.
    #[must_use]
    pub fn finish(mut self, end: End, confirmed: bool) -> Outcome {
        let marking = self.marking(end, confirmed);
        let header = &mut self.manifest.header;
        if self.counts.seen > 0 || marking == Marking::Done {
            header.last_seen = Some(self.began);
        }
        header.ended = header.run;
        let (mut remove, mut expire) = (Vec::new(), Vec::new());
        if marking == Marking::Done {
            (remove, expire) = self.mark();
            let header = &mut self.manifest.header;
            header.last_complete = Some(self.began);
            header.total = self.counts.seen;
            header.storage_days = self.storage_days;
            header.unsettled = !expire.is_empty();
        }
        let journal = (!expire.is_empty() && !self.own_journal)
            .then(|| encode_journal(self.run(), self.began, &self.pending));
        let save = self.manifest.save();
        let close = (!expire.is_empty()).then_some(Header { unsettled: false, ..save.header });
        Outcome { journal, remove, save, expire, close, counts: self.counts, marking }
    }

    const fn marking(&self, end: End, confirmed: bool) -> Marking {
        let (seen, before) = (self.counts.seen, self.before.total);
        match end {
            End::CutOff => Marking::CutOff,
            End::Complete if !confirmed && seen.saturating_mul(2) < before => {
                Marking::Shrank { seen, before }
            }
            End::Complete => Marking::Done,
        }
    }

    /// Goes through what was not received.
    fn mark(&mut self) -> (Vec<ExternalId>, Vec<Expiry>) {
        let (mut remove, mut expire) = (Vec::new(), Vec::new());
        let again = self.before.unsettled || self.before.storage_days != self.storage_days;
        let last = day_after(self.before.last_seen.unwrap_or(self.began));
        let (began, storage_days) = (self.began, self.storage_days);
        let counts = &mut self.counts;
        self.manifest.sweep(|entry| {
            if entry.mark != Mark::Unseen {
                return Some(entry);
            }
            let known = entry.since != 0;
            let since = if known { entry.since } else { last };
            let at = goes(since, storage_days);
            if known && at <= began {
                counts.removed += 1;
                remove.push(entry.id);
                return None;
            }
            if !known {
                counts.expiring += 1;
            }
            if again || !known {
                expire.push(Expiry { id: entry.id, at });
            }
            Some(Entry { since, ..entry })
        });
        (remove, expire)
    }
}

/// The first midnight at or after a moment, in days since 1970; never 0. UTC.
fn day_after(at: Timestamp) -> u16 {
    let days = at.micros().saturating_add(MICROS_PER_DAY - 1) / MICROS_PER_DAY;
    u16::try_from(days).unwrap_or(u16::MAX).max(1)
}

/// When something goes that is no longer received since a day.
fn goes(since: u16, storage_days: u16) -> Timestamp {
    let days = i64::from(since) + i64::from(storage_days);
    Timestamp::from_micros(days * MICROS_PER_DAY).unwrap_or(Timestamp::MAX)
}

const _: () = assert!(CHUNK_LIMIT <= u16::MAX as usize, "a chunk counts its ids in 16 bits");

#[cfg(test)]
mod tests;
