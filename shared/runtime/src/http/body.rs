//! The bytes of a request body, under limits.

use std::io::Read;

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, header::CONTENT_ENCODING};
use serde_json::Value;

use super::HttpError;

/// Largest request body as it is sent, in bytes: 6 MiB, the most that a Lambda event can carry.
pub const BODY_LIMIT: usize = 6 * 1024 * 1024;

/// Largest request body after decompression, in bytes: 20 MiB.
pub const INFLATED_LIMIT: usize = 20 * 1024 * 1024;

/// The body after base64 and `content-encoding`.
///
/// # Errors
///
/// 413 over a limit, 415 for an encoding other than gzip, 400 for a body that is not what it
/// claims to be.
pub(super) fn decode(body: String, is_base64: bool, headers: &HeaderMap) -> Result<Vec<u8>, HttpError> {
    // Checked on the text, so that an oversized body costs no second buffer.
    if sent_len(&body, is_base64) > BODY_LIMIT {
        return Err(too_large(BODY_LIMIT));
    }
    let sent = if is_base64 {
        STANDARD.decode(body).map_err(|_| HttpError::bad_request("invalid body", "not base64"))?
    } else {
        body.into_bytes()
    };
    match content_encoding(headers)? {
        ContentEncoding::Identity => Ok(sent),
        ContentEncoding::Gzip => inflate(&sent, INFLATED_LIMIT),
    }
}

/// Size of the body as it was sent, in bytes.
pub(super) fn sent_len(body: &str, is_base64: bool) -> usize {
    if is_base64 {
        let text = body.trim_end_matches('=');
        text.len() / 4 * 3 + (text.len() % 4).saturating_sub(1)
    } else {
        body.len()
    }
}

enum ContentEncoding {
    Identity,
    Gzip,
}

fn content_encoding(headers: &HeaderMap) -> Result<ContentEncoding, HttpError> {
    let mut named = headers.get_all(CONTENT_ENCODING).iter();
    let (first, more) = (named.next(), named.next());
    let encoding = first.map_or("", |value| value.to_str().unwrap_or("?")).trim().to_ascii_lowercase();
    match (encoding.as_str(), more) {
        ("" | "identity", None) => Ok(ContentEncoding::Identity),
        ("gzip" | "x-gzip", None) => Ok(ContentEncoding::Gzip),
        _ => Err(HttpError::unsupported("unsupported content encoding", "use gzip or identity")),
    }
}

fn inflate(packed: &[u8], limit: usize) -> Result<Vec<u8>, HttpError> {
    let mut body = Vec::new();
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(packed)
        .take(bound)
        .read_to_end(&mut body)
        .map_err(|_| HttpError::bad_request("invalid body", "not gzip, or cut short"))?;
    if body.len() > limit { Err(too_large(limit)) } else { Ok(body) }
}

fn too_large(limit: usize) -> HttpError {
    HttpError::too_large("request body too large", Value::from(format!("at most {limit} bytes")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_size_of_base64_is_known_before_it_is_decoded(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(sent_len(&STANDARD.encode(&bytes), true), bytes.len());
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = inflate(&bytes, 1000);
        }

        #[test]
        fn what_is_packed_is_unpacked_unless_over_the_limit(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let packed = super::super::gzip(&bytes).unwrap();
            match inflate(&packed, 100) {
                Ok(body) => prop_assert!(body == bytes && body.len() <= 100),
                Err(error) => prop_assert!(bytes.len() > 100 && error.status.as_u16() == 413),
            }
        }
    }

    #[test]
    fn two_gzip_members_are_one_body_and_rubbish_after_them_is_refused() {
        let mut packed = super::super::gzip(b"one ").unwrap();
        packed.extend(super::super::gzip(b"two").unwrap());
        assert_eq!(inflate(&packed, 100).unwrap(), b"one two");
        packed.push(b'x');
        assert!(inflate(&packed, 100).is_err());
    }
}
