//! Compressed answers.

use std::io::{self, Write};

use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, header::ACCEPT_ENCODING};

/// What the caller said about gzip in `accept-encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GzipSupport {
    /// It is listed, by name or by `*`.
    Asked,
    /// There is no such header: gzip is allowed, but nobody asked.
    NotMentioned,
    /// There is a header, and gzip is not in it or has `q=0`.
    Refused,
}

/// Reads `accept-encoding`. A name counts more than `*`; a quality that is no number counts as 0.
#[must_use]
pub fn accepts_gzip(headers: &HeaderMap) -> GzipSupport {
    if !headers.contains_key(ACCEPT_ENCODING) {
        return GzipSupport::NotMentioned;
    }
    let lists = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let (mut named, mut any) = (None, None);
    for (coding, wanted) in lists.flat_map(|list| list.split(',')).map(preference) {
        match coding.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => named = Some(wanted),
            "*" => any = Some(wanted),
            _ => {}
        }
    }
    if named.or(any).unwrap_or(false) { GzipSupport::Asked } else { GzipSupport::Refused }
}

/// Splits `gzip;q=0.5` into the coding and whether it is wanted at all.
fn preference(item: &str) -> (&str, bool) {
    let (coding, parameters) = item.split_once(';').unwrap_or((item, ""));
    let quality = parameters
        .split(';')
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .map_or(Some(1.0), |(_, value)| value.trim().parse::<f32>().ok());
    (coding.trim(), quality.is_some_and(|quality| quality > 0.0))
}

/// Compresses an answer. The fastest level: the time is billed, and alerts shrink well at any.
///
/// # Errors
///
/// None in practice: the target is memory.
pub fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn support(value: &'static str) -> GzipSupport {
        accepts_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, http::HeaderValue::from_static(value))]))
    }

    #[test]
    fn gzip_is_given_to_those_who_ask() {
        assert_eq!(accepts_gzip(&HeaderMap::new()), GzipSupport::NotMentioned);
        for value in
            ["gzip", "deflate, GZIP;q=0.5", "*", "br;q=1, *;q=0.1", "x-gzip", "gzip; q=1.0", "*;q=0, gzip"]
        {
            assert_eq!(support(value), GzipSupport::Asked, "{value}");
        }
        for value in
            ["", "identity", "br, deflate", "gzip;q=0", "gzip;q=0.000", "*;q=0", "gzip;q=x", "gzip;q=0, *"]
        {
            assert_eq!(support(value), GzipSupport::Refused, "{value}");
        }
    }
}
