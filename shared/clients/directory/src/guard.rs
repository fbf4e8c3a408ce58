//! What a server may say: every message is looked at before the LDAP library sees it.
//!
//! The library trusts a server. It panics over results of another shape, buffers whatever length a
//! message announces, and follows nesting until the stack is full, which nothing can catch. What has
//! passed here has the shape of RFC 4511 and a size that was agreed. Entries do not pass at all: they are
//! read here, since the library would take each apart twice, which was half of the work of an import.

use std::str;

use crate::{
    ber::{self, Head, OCTETS, SEQUENCE},
    entry::Entry,
};

/// Longest message, in bytes. One entry with every value it may have stays far below.
pub(crate) const MAX_MESSAGE: usize = 8 * 1024 * 1024;
/// Deepest nesting: values stand on the sixth level of an entry.
const MAX_DEPTH: u8 = 8;

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const ENUMERATED: u8 = 0x0a;
const CONTROLS: u8 = 0xa0;
const REFERRAL: u8 = 0xa3;
const SASL: u8 = 0x87;
const RESPONSE_NAME: u8 = 0x8a;

const BIND_RESPONSE: u8 = 0x61;
const ENTRY: u8 = 0x64;
const DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;
const EXTENDED: u8 = 0x78;

/// Why a message does not pass, or none comes any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Breach {
    /// These bytes are no LDAP.
    Garbage,
    /// A message, or what was sent for one request, is over its limit.
    TooLarge,
    /// LDAP, but nothing that was asked for.
    Unexpected,
    /// A Notice of Disconnection with its result code (RFC 4511, 4.4.1).
    Notice(u32),
    /// More entries than were agreed.
    TooMany,
    /// The server hung up.
    Closed,
}

/// A message that may pass.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Good {
    /// An entry, with the id of the request that it answers.
    Entry(u32, Entry),
    /// Anything else: it is for the library.
    Other,
}

/// What a request is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    /// One bind response.
    Bind,
    /// Entries, references and one result.
    Search,
}

/// The length of the message at the beginning of `input`; `None` while that is not known or not all there.
pub(crate) fn length(input: &[u8]) -> Result<Option<usize>, Breach> {
    match ber::head(input) {
        Head::Bad => Err(Breach::Garbage),
        Head::Short => match input.first() {
            Some(first) if *first != SEQUENCE => Err(Breach::Garbage),
            _ => Ok(None),
        },
        Head::Of { tag, .. } if tag != SEQUENCE => Err(Breach::Garbage),
        Head::Of { header, content, .. } => {
            let whole = header.saturating_add(content);
            if whole > MAX_MESSAGE {
                return Err(Breach::TooLarge);
            }
            Ok((whole <= input.len()).then_some(whole))
        }
    }
}

/// How many elements a whole message has: each costs memory beside its bytes.
pub(crate) fn elements(message: &[u8]) -> Result<usize, Breach> {
    ber::count(message, MAX_DEPTH).ok_or(Breach::Garbage)
}

/// Looks at one whole message, whose [`elements`] are known to be sound.
pub(crate) fn check(message: &[u8], awaited: Awaited) -> Result<Good, Breach> {
    verdict(message, awaited).unwrap_or(Err(Breach::Garbage))
}

/// `None` when the message has another shape than RFC 4511 gives it.
fn verdict(mut message: &[u8], awaited: Awaited) -> Option<Result<Good, Breach>> {
    let mut inner = ber::take_tag(&mut message, SEQUENCE).filter(|_| message.is_empty())?;
    let id = ber::number(ber::take_tag(&mut inner, INTEGER)?)?;
    let operation = ber::take(&mut inner)?;
    if id == 0 {
        // Active Directory writes the name of the notice behind the operation instead of into it.
        let misplaced = ber::take_tag(&mut inner, RESPONSE_NAME).is_some();
        return notice(operation, misplaced).map(Err);
    }
    if !inner.is_empty() {
        controls(ber::take_tag(&mut inner, CONTROLS).filter(|_| inner.is_empty())?)?;
    }
    match (operation.tag, awaited) {
        (ENTRY, Awaited::Search) => return Some(Ok(Good::Entry(id, Entry::read(operation.content)?))),
        (BIND_RESPONSE, Awaited::Bind) | (DONE, Awaited::Search) => result(operation.content)?,
        (REFERENCE, Awaited::Search) => texts(operation.content)?,
        _ => return Some(Err(Breach::Unexpected)),
    }
    Some(Ok(Good::Other))
}

fn notice(operation: ber::Element<'_>, misplaced: bool) -> Option<Breach> {
    if operation.tag != EXTENDED {
        return Some(Breach::Unexpected);
    }
    let mut content = operation.content;
    let code = ber::number(ber::take_tag(&mut content, ENUMERATED)?)?;
    let named = ber::take_tag(&mut content, OCTETS).is_some()
        && ber::take_tag(&mut content, OCTETS).is_some()
        && ber::take_tag(&mut content, RESPONSE_NAME).is_some();
    Some(if named || misplaced { Breach::Notice(code) } else { Breach::Unexpected })
}

/// The answer to the extended operation `StartTLS`, a whole message: its result code.
pub(crate) fn extended(mut message: &[u8]) -> Option<u32> {
    ber::count(message, MAX_DEPTH)?;
    let mut inner = ber::take_tag(&mut message, SEQUENCE).filter(|_| message.is_empty())?;
    ber::take_tag(&mut inner, INTEGER)?;
    let mut content = ber::take_tag(&mut inner, EXTENDED)?;
    ber::number(ber::take_tag(&mut content, ENUMERATED)?)
}

/// An `LDAPResult` (RFC 4511, 4.1.9), with what a bind adds to it.
fn result(mut content: &[u8]) -> Option<()> {
    ber::number(ber::take_tag(&mut content, ENUMERATED)?)?;
    for _ in 0..2 {
        str::from_utf8(ber::take_tag(&mut content, OCTETS)?).ok()?;
    }
    if let Some(referral) = ber::take_tag(&mut content, REFERRAL) {
        texts(referral)?;
    }
    let _ = ber::take_tag(&mut content, SASL);
    content.is_empty().then_some(())
}

fn texts(mut content: &[u8]) -> Option<()> {
    while !content.is_empty() {
        str::from_utf8(ber::take_tag(&mut content, OCTETS)?).ok()?;
    }
    Some(())
}

fn controls(mut content: &[u8]) -> Option<()> {
    while !content.is_empty() {
        let mut control = ber::take_tag(&mut content, SEQUENCE)?;
        str::from_utf8(ber::take_tag(&mut control, OCTETS)?).ok()?;
        if let Some(critical) = ber::take_tag(&mut control, BOOLEAN) {
            (critical.len() == 1).then_some(())?;
        }
        let _ = ber::take_tag(&mut control, OCTETS);
        control.is_empty().then_some(())?;
    }
    Some(())
}
