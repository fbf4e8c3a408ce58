//! The journal: ids whose things a run is about to write, saved before it does.
//!
//! Without it a run that is cut down between a thing and its manifest would leave what nobody knows of:
//! a thing that never goes because it has left the outside system by the next run, or one whose content
//! is taken for that of before. One item of the store holds it: 17 bytes (version, run, beginning) and 16
//! for each id.

use super::{Corrupt, ExternalId, codec::Reader};
use crate::Timestamp;

const VERSION: u8 = 1;

pub(super) struct Journal {
    pub(super) run: u64,
    pub(super) began: Timestamp,
    pub(super) ids: Vec<ExternalId>,
}

pub(in crate::import) fn encode(run: u64, began: Timestamp, ids: &[ExternalId]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(17 + 16 * ids.len());
    bytes.push(VERSION);
    bytes.extend(run.to_be_bytes());
    bytes.extend(began.micros().to_be_bytes());
    bytes.extend(ids.iter().flat_map(|id| id.0));
    bytes
}

pub(super) fn decode(bytes: &[u8]) -> Result<Journal, Corrupt> {
    let mut reader = Reader(bytes);
    if reader.array::<1>()? != [VERSION] {
        return Err(Corrupt("the version of its journal is unknown"));
    }
    let run = u64::from_be_bytes(reader.array()?);
    let began = i64::from_be_bytes(reader.array()?);
    let began = Timestamp::from_micros(began).ok_or(Corrupt("its journal began at no time"))?;
    let ids = reader.many(reader.0.len() / 16)?;
    reader.end()?;
    let ids = ids.as_chunks().0.iter().map(|id| ExternalId(*id)).collect();
    Ok(Journal { run, began, ids })
}
