//! A chunk as bytes.
//!
//! ```text
//! 1          version
//! u16        n, how many ids
//! 16 * n     the ids, ascending
//! 16 * n     their content hashes
//! u16        m, how many of them are expiring
//! 4 * m      the place of one (u16), ascending, and since which day (u16, never 0)
//! ```
//!
//! Numbers are big-endian. Nothing of it can be compressed but what is left out already.

use super::{ContentHash, Entry, ExternalId, Mark};

const VERSION: u8 = 1;

/// The bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the manifest of the connection is damaged: {0}")]
pub struct Corrupt(pub(super) &'static str);

/// At most 65,535 entries; a chunk never has more.
pub(super) fn encode(entries: &[Entry]) -> Vec<u8> {
    let count = u16::try_from(entries.len()).unwrap_or(u16::MAX);
    let entries = || entries.iter().take(count.into());
    let expiring: Vec<(u16, u16)> = (0..)
        .zip(entries())
        .filter(|(_, entry)| entry.since != 0)
        .map(|(at, entry)| (at, entry.since))
        .collect();
    let mut bytes = Vec::with_capacity(5 + 32 * usize::from(count) + 4 * expiring.len());
    bytes.push(VERSION);
    bytes.extend(count.to_be_bytes());
    entries().for_each(|entry| bytes.extend(entry.id.0));
    entries().for_each(|entry| bytes.extend(entry.hash.0));
    bytes.extend(u16::try_from(expiring.len()).unwrap_or(u16::MAX).to_be_bytes());
    for (at, since) in expiring {
        bytes.extend(at.to_be_bytes());
        bytes.extend(since.to_be_bytes());
    }
    bytes
}

pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Entry>, Corrupt> {
    let mut reader = Reader(bytes);
    if reader.array::<1>()? != [VERSION] {
        return Err(Corrupt("its version is unknown"));
    }
    let count = usize::from(reader.number()?);
    let ids = reader.many(count)?;
    let hashes = reader.many(count)?;
    let pairs = ids.as_chunks().0.iter().zip(hashes.as_chunks().0);
    let mut entries: Vec<Entry> = pairs
        .map(|(id, hash)| Entry {
            id: ExternalId(*id),
            hash: ContentHash(*hash),
            since: 0,
            mark: Mark::Unseen,
        })
        .collect();
    if !entries.is_sorted_by(|one, next| one.id < next.id) {
        return Err(Corrupt("its ids are out of order"));
    }
    let mut next = 0;
    for _ in 0..reader.number()? {
        let (at, since) = (usize::from(reader.number()?), reader.number()?);
        let entry = entries.get_mut(at).filter(|_| at >= next && since != 0);
        entry.ok_or(Corrupt("what is expiring is not among its ids"))?.since = since;
        next = at + 1;
    }
    reader.end()?;
    Ok(entries)
}

/// Bytes that are yet to be read.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Corrupt> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Corrupt("it is cut off"))?;
        self.0 = rest;
        Ok(*array)
    }

    fn number(&mut self) -> Result<u16, Corrupt> {
        self.array().map(u16::from_be_bytes)
    }

    /// So many times 16 bytes.
    pub(super) fn many(&mut self, count: usize) -> Result<&'a [u8], Corrupt> {
        let length = count.checked_mul(16).ok_or(Corrupt("it is cut off"))?;
        let (some, rest) = self.0.split_at_checked(length).ok_or(Corrupt("it is cut off"))?;
        self.0 = rest;
        Ok(some)
    }

    pub(super) const fn end(&self) -> Result<(), Corrupt> {
        if self.0.is_empty() { Ok(()) } else { Err(Corrupt("something follows its end")) }
    }
}
