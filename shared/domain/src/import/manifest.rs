//! The manifest of a connection: what of it is stored, without the things themselves.
//!
//! For each id it keeps a hash of the content and, for what is no longer received, since which day. So
//! an import finds out what to write without reading what is stored, and one that finds nothing new
//! writes none of it.
//!
//! Ids are kept in 2^bits chunks by the first bits of a hash of theirs, so that a change touches one
//! chunk, whatever scheme the ids were given by. A chunk that overflows doubles their number. One that is
//! written takes [`ID_BYTES`] + [`HASH_BYTES`] bytes for each id and 4 more for each that is expiring: at
//! most 141 KiB, an item of the store. In memory an id takes 36 bytes: 3.6 MB for 100,000 records, at most
//! three times that while a first import grows it and its chunks are encoded, and never more than
//! [`RECORDS_LIMIT`] of them.
//!
//! A chunk is written under its number *and* the number of bits, and the [`Header`] last: it says which
//! chunks count. Those that do not count any more are dropped after that.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Timestamp;

mod codec;
mod journal;

pub use codec::Corrupt;
pub(super) use journal::encode as encode_journal;

/// Bytes of an id.
pub const ID_BYTES: usize = 16;
/// Bytes of a content hash: enough that no two contents of one id ever meet by chance.
pub const HASH_BYTES: usize = 16;
/// Most ids in a chunk.
pub const CHUNK_LIMIT: usize = 4_000;
/// Most records that one connection may bring; in memory that is 36 MB.
pub const RECORDS_LIMIT: usize = 1_000_000;
/// Most bits that chunks are told apart by: 1,024 chunks, four times what [`RECORDS_LIMIT`] needs.
const BITS_LIMIT: u8 = 10;

/// What the outside system calls a thing, in 16 bytes: its GUID, or a hash of any other id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalId([u8; ID_BYTES]);

impl ExternalId {
    /// From an id that has 16 bytes by nature, such as an objectGUID.
    #[must_use]
    pub const fn new(bytes: [u8; ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// From an id of any other form: the first 16 bytes of its SHA-256.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(shorten(Sha256::new_with_prefix(text)))
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; ID_BYTES] {
        &self.0
    }
}

impl fmt::Display for ExternalId {
    /// 32 digits of lower-case hex.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The first 16 bytes of the SHA-256 of a content in its canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentHash([u8; HASH_BYTES]);

impl ContentHash {
    /// That of something which may be stored in part, or not at all: no content has it.
    pub(super) const UNKNOWN: Self = Self([0; HASH_BYTES]);

    /// The hash of a content.
    #[cfg(test)]
    pub(super) fn of(content: &[u8]) -> Self {
        let mut whole = Content::default();
        whole.put(content);
        whole.hash()
    }
}

/// A content that is hashed part by part.
#[derive(Clone, Debug, Default)]
pub struct Content(Sha256);

impl Content {
    /// Adds the next part.
    pub fn put(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The hash of all parts, as if they had been one.
    #[must_use]
    pub fn hash(self) -> ContentHash {
        let hash = ContentHash(shorten(self.0));
        if hash == ContentHash::UNKNOWN { ContentHash([0xff; HASH_BYTES]) } else { hash }
    }
}

/// The first 16 bytes of a SHA-256.
fn shorten(whole: Sha256) -> [u8; 16] {
    let mut short = [0; 16];
    short.iter_mut().zip(whole.finalize()).for_each(|(to, from)| *to = from);
    short
}

/// What a run made of an id so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mark {
    /// Not received yet.
    #[default]
    Unseen,
    /// Received as it is stored.
    Same,
    /// Received and to be written.
    Changed,
    /// Received for the first time.
    Created,
}

/// What is known of one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: ExternalId,
    pub(super) hash: ContentHash,
    /// The day since 1970 at whose beginning its time of storage begins; 0 while it is received.
    pub(super) since: u16,
    pub(super) mark: Mark,
}

/// Names one chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkId {
    /// How many bits chunks were told apart by when it was written.
    pub bits: u8,
    /// Its number, below 2^bits.
    pub index: u16,
}

/// What is kept of a connection's imports beside the chunks. Stored as JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// Number of the newest run that stored anything; 0 before the first.
    pub run: u64,
    /// Number of the newest run that came to its end, of whatever kind: its journal counts no more.
    pub ended: u64,
    /// How many bits chunks are told apart by: chunks with other bits do not count.
    pub bits: u8,
    /// When the newest run began that received anything and stored so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// When the newest complete run began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_complete: Option<Timestamp>,
    /// How many records that run received.
    pub total: u64,
    /// The storage time by which things were marked, in days.
    pub storage_days: u16,
    /// Whether things that are expiring may not be marked so.
    pub unsettled: bool,
}

/// What has to be stored of a manifest, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Save {
    /// First, the chunks to write.
    pub chunks: Vec<(ChunkId, Vec<u8>)>,
    /// Then the header.
    pub header: Header,
    /// At last, the chunks to delete.
    pub drop: Vec<ChunkId>,
}

#[derive(Clone, Debug, Default)]
struct Chunk {
    /// By id.
    entries: Vec<Entry>,
    dirty: bool,
}

/// A manifest in memory.
#[derive(Clone, Debug)]
pub struct Manifest {
    pub(super) header: Header,
    /// 2^bits.
    chunks: Vec<Chunk>,
    records: usize,
    chunk_limit: usize,
    /// Chunks in the store that do not count.
    stale: Vec<ChunkId>,
    /// Ids that a run which was cut down was about to write.
    pub(super) recovered: Vec<ExternalId>,
}

/// There are as many records as there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {RECORDS_LIMIT} records: narrow the search base or the filter of the connection")]
pub struct Full;

impl Manifest {
    /// An empty one under the header that is stored; `None` before the first import.
    #[must_use]
    pub fn new(header: Option<Header>) -> Self {
        Self::limited(header, CHUNK_LIMIT)
    }

    pub(super) fn limited(header: Option<Header>, chunk_limit: usize) -> Self {
        let mut header = header.unwrap_or_default();
        header.bits = header.bits.min(BITS_LIMIT);
        let chunks = vec![Chunk::default(); 1 << header.bits];
        Self { header, chunks, records: 0, chunk_limit, stale: Vec::new(), recovered: Vec::new() }
    }

    /// What is stored about the imports so far.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// How many ids it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.records
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Takes in a chunk of the store. One that does not count is dropped with the next save.
    ///
    /// # Errors
    /// The bytes are not those of that chunk. A run without it must not go on: it would forget ids.
    pub fn load(&mut self, id: ChunkId, bytes: &[u8]) -> Result<(), Corrupt> {
        if id.bits != self.header.bits {
            self.stale.push(id);
            return Ok(());
        }
        let entries = codec::decode(bytes)?;
        if entries.iter().any(|entry| place(&entry.id, id.bits) != usize::from(id.index)) {
            return Err(Corrupt("an id is in the wrong chunk"));
        }
        let chunk = self.chunks.get_mut(usize::from(id.index)).ok_or(Corrupt("no chunk has this number"))?;
        if !chunk.entries.is_empty() {
            return Err(Corrupt("a chunk is there twice"));
        }
        self.records += entries.len();
        chunk.entries = entries;
        Ok(())
    }

    /// Takes in the journal of the store, after the chunks. Ids that a run was about to write when it was
    /// cut down are known from then on, though nobody knows what is stored of them.
    ///
    /// # Errors
    /// The bytes are not those of a journal, or there are too many ids.
    pub fn recover(&mut self, bytes: &[u8]) -> Result<(), Corrupt> {
        let journal = journal::decode(bytes)?;
        let header = &mut self.header;
        if journal.run <= header.ended {
            return Ok(());
        }
        header.run = header.run.max(journal.run);
        header.unsettled = true;
        header.last_seen = header.last_seen.max(Some(journal.began));
        for id in journal.ids {
            let (entry, _) = self.entry(id).map_err(|_| Corrupt("there are too many ids"))?;
            entry.hash = ContentHash::UNKNOWN;
            self.touch(&id);
            self.recovered.push(id);
        }
        Ok(())
    }

    /// What is known of an id, and whether that is nothing so far: then it is new, in a dirty chunk.
    pub(super) fn entry(&mut self, id: ExternalId) -> Result<(&mut Entry, bool), Full> {
        loop {
            let index = place(&id, self.header.bits);
            let chunk = self.chunks.get(index).ok_or(Full)?;
            let Err(at) = chunk.entries.binary_search_by_key(&id, |entry| entry.id) else { break };
            if self.records >= RECORDS_LIMIT {
                return Err(Full);
            }
            if chunk.entries.len() < self.chunk_limit {
                let chunk = self.chunks.get_mut(index).ok_or(Full)?;
                let entry = Entry { id, hash: ContentHash::UNKNOWN, since: 0, mark: Mark::Unseen };
                chunk.entries.insert(at, entry);
                chunk.dirty = true;
                self.records += 1;
                return chunk.entries.get_mut(at).map(|entry| (entry, true)).ok_or(Full);
            }
            if self.header.bits >= BITS_LIMIT {
                return Err(Full);
            }
            self.split();
        }
        let chunk = self.chunks.get_mut(place(&id, self.header.bits)).ok_or(Full)?;
        let at = chunk.entries.binary_search_by_key(&id, |entry| entry.id).map_err(|_| Full)?;
        chunk.entries.get_mut(at).map(|entry| (entry, false)).ok_or(Full)
    }

    /// Says that what is known of an id has changed.
    pub(super) fn touch(&mut self, id: &ExternalId) {
        if let Some(chunk) = self.chunks.get_mut(place(id, self.header.bits)) {
            chunk.dirty = true;
        }
    }

    /// Looks at every id. What `keep` makes of an entry counts as a change when it differs; `None`
    /// forgets the id.
    pub(super) fn sweep(&mut self, mut keep: impl FnMut(Entry) -> Option<Entry>) {
        for chunk in &mut self.chunks {
            let dirty = &mut chunk.dirty;
            chunk.entries.retain_mut(|entry| {
                let kept = keep(*entry);
                *dirty |= kept.as_ref() != Some(&*entry);
                kept.inspect(|new| *entry = *new).is_some()
            });
        }
        self.records = self.chunks.iter().map(|chunk| chunk.entries.len()).sum();
    }

    /// What has to be stored under the header as it is now.
    pub(super) fn save(&mut self) -> Save {
        let bits = self.header.bits;
        let mut chunks = Vec::new();
        let mut drop = std::mem::take(&mut self.stale);
        for (index, chunk) in (0..).zip(&mut self.chunks) {
            if std::mem::take(&mut chunk.dirty) {
                let id = ChunkId { bits, index };
                if chunk.entries.is_empty() {
                    drop.push(id);
                } else {
                    chunks.push((id, codec::encode(&chunk.entries)));
                }
            }
        }
        drop.retain(|id| !chunks.iter().any(|(written, _)| written == id));
        Save { chunks, header: self.header, drop }
    }

    /// Doubles the number of chunks. All are written with the next save: what a run that was cut down
    /// left under the new numbers must not come back.
    fn split(&mut self) {
        let bits = self.header.bits;
        self.stale.extend((0..).zip(&self.chunks).map(|(index, _)| ChunkId { bits, index }));
        self.header.bits = bits + 1;
        let halves = std::mem::take(&mut self.chunks).into_iter().flat_map(|chunk| {
            let (ones, zeros) =
                chunk.entries.into_iter().partition::<Vec<_>, _>(|entry| place(&entry.id, bits + 1) % 2 == 1);
            [zeros, ones].map(|entries| Chunk { entries, dirty: true })
        });
        self.chunks = halves.collect();
    }
}

/// The number of the chunk that an id belongs to.
fn place(id: &ExternalId, bits: u8) -> usize {
    let hash = Sha256::digest(id.0);
    let mut bytes = hash.iter().copied();
    let first = u16::from_be_bytes([bytes.next().unwrap_or(0), bytes.next().unwrap_or(0)]);
    usize::from(first.checked_shr(16_u32.saturating_sub(bits.into())).unwrap_or(0))
}

#[cfg(test)]
mod tests;
