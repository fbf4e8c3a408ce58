//! The answer of a handler, and how large it gets on its way out.

use std::{borrow::Cow, fmt};

use serde::Serialize;

/// Largest answer of a Lambda function, in bytes of its JSON: 6 MB and some, as AWS documents it.
pub const ANSWER_LIMIT: usize = 6_291_556;

/// Most counters one answer can carry. An event line has room for 100 metrics in all.
pub const COUNTERS_LIMIT: usize = 20;

/// What the JSON around a body may take, in bytes: status, the edge's own headers, punctuation.
const ENVELOPE: usize = 1024;

/// An answer to a request.
#[derive(Clone)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(Cow<'static, str>, String)>,
    pub(super) body: Body,
    pub(super) counters: Vec<(&'static str, u64)>,
}

#[derive(Clone)]
pub(super) enum Body {
    Empty,
    Json(String),
    Gzip(Vec<u8>),
    /// It could not be written as JSON; why.
    Unwritable(String),
}

impl Answer {
    /// `body` as JSON. A body that can not be written as JSON becomes a 500 at the edge.
    #[must_use]
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        Self::new(
            status,
            serde_json::to_string(body).map_or_else(|e| Body::Unwritable(e.to_string()), Body::Json),
        )
    }

    /// A body that is JSON text already.
    #[must_use]
    pub const fn json_text(status: u16, body: String) -> Self {
        Self::new(status, Body::Json(body))
    }

    /// No body.
    #[must_use]
    pub const fn empty(status: u16) -> Self {
        Self::new(status, Body::Empty)
    }

    /// JSON that the handler has compressed with gzip, for example with [`super::gzip`]. Whether
    /// the caller can read it is the handler's business: see [`super::accepts_gzip`].
    #[must_use]
    pub const fn encoded_gzip(status: u16, body: Vec<u8>) -> Self {
        Self::new(status, Body::Gzip(body))
    }

    const fn new(status: u16, body: Body) -> Self {
        Self { status, headers: Vec::new(), body, counters: Vec::new() }
    }

    /// The same with a header. What may not stand in a header value is left out of it.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        let value = value.as_ref().chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
        self.headers.push((name.into(), value));
        self
    }

    /// Adds `value` to a counter of the request's metrics. Counters past [`COUNTERS_LIMIT`] are
    /// left out: use few, with fixed names.
    #[must_use]
    pub fn metrics(mut self, name: &'static str, value: u64) -> Self {
        if let Some((_, sum)) = self.counters.iter_mut().find(|(known, _)| *known == name) {
            *sum = sum.saturating_add(value);
        } else if self.counters.len() < COUNTERS_LIMIT {
            self.counters.push((name, value));
        }
        self
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Size of the Lambda answer, in bytes, if `answer` is sent as it is: never less than the truth.
/// The edge refuses what is over [`ANSWER_LIMIT`] even after compression.
#[must_use]
pub fn answer_size(answer: &Answer) -> usize {
    let body = match &answer.body {
        Body::Empty | Body::Unwritable(_) => 0,
        Body::Json(text) => json_escaped_len(text),
        Body::Gzip(bytes) => base64_len(bytes.len()),
    };
    let headers: usize = answer.headers.iter().map(|(name, value)| name.len() + 2 * value.len() + 6).sum();
    ENVELOPE + headers + body
}

/// Length of `text` inside a JSON string, without the quotation marks, in bytes.
#[must_use]
pub fn json_escaped_len(text: &str) -> usize {
    text.bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
            0..0x20 => 6,
            _ => 1,
        })
        .sum()
}

/// Length of `bytes` bytes in base64.
#[must_use]
pub const fn base64_len(bytes: usize) -> usize {
    bytes.div_ceil(3).saturating_mul(4)
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_length_of_escaped_text_is_exact(text in any::<String>()) {
            prop_assert_eq!(json_escaped_len(&text) + 2, serde_json::to_string(&text).unwrap().len());
        }

        #[test]
        fn the_length_of_base64_is_exact(bytes in prop::collection::vec(any::<u8>(), 0..50)) {
            prop_assert_eq!(base64_len(bytes.len()), STANDARD.encode(&bytes).len());
        }
    }

    #[test]
    fn every_control_character_is_counted_as_it_is_escaped() {
        let all: String = (0..=0x7f_u8).map(char::from).collect();
        assert_eq!(json_escaped_len(&all) + 2, serde_json::to_string(&all).unwrap().len());
    }

    #[test]
    fn counters_add_up_and_are_bounded() {
        let answer = Answer::empty(204).metrics("Closed", 1).metrics("Closed", 2);
        assert_eq!(answer.counters, [("Closed", 3)]);
        let names: Vec<&'static str> =
            (0..30).map(|n| &*Box::leak(format!("C{n}").into_boxed_str())).collect();
        let answer = names.into_iter().fold(Answer::empty(204), |answer, name| answer.metrics(name, 1));
        assert_eq!(answer.counters.len(), COUNTERS_LIMIT);
    }

    #[test]
    fn a_header_can_not_be_split() {
        let answer = Answer::empty(204).with_header("location", "/a\r\nset-cookie: b");
        assert_eq!(answer.headers[0].1, "/aset-cookie: b");
    }
}
