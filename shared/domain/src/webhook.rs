//! Signed webhooks by the Standard Webhooks scheme, with symmetric keys.
//!
//! What is signed is `id.timestamp.body`, the body as received. The signature header is a list, so
//! that a sender may sign with an old and a new key while it rotates.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{Timestamp, secret::Secret};

/// How far the sender's clock may be from ours, in seconds, either way.
pub const TOLERANCE_SECONDS: i64 = 300;
/// Bytes of a secret made here.
pub const SECRET_BYTES: usize = 32;
/// Longest `webhook-id` that is looked at.
const MAX_ID: usize = 256;
/// Most signatures in one header that are looked at.
const MAX_SIGNATURES: usize = 8;
const SECRET_PREFIX: &str = "whsec_";
const SIGNATURE_PREFIX: &str = "v1,";

/// A signing secret, written `whsec_` and base64.
#[derive(Clone, Debug)]
pub struct SigningSecret(Secret);

impl SigningSecret {
    /// A secret out of random bytes.
    #[must_use]
    pub fn from_random(bytes: &[u8; SECRET_BYTES]) -> Self {
        Self(Secret::new(format!("{SECRET_PREFIX}{}", STANDARD.encode(bytes))))
    }

    /// Takes in a secret as written; `None` when it is not `whsec_` and base64 of 24 to 64 bytes.
    #[must_use]
    pub fn parse(text: Secret) -> Option<Self> {
        let secret = Self(text);
        secret.key().filter(|key| (24..=64).contains(&key.len()))?;
        Some(secret)
    }

    /// The secret as written: for the one answer that shows it, and for the store of secrets.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    fn key(&self) -> Option<Vec<u8>> {
        STANDARD.decode(self.0.expose().strip_prefix(SECRET_PREFIX)?).ok()
    }

    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key()?).ok()?;
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        Some(mac)
    }

    /// The signature of a message, `v1,` and base64: what a sender puts into its header.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
        let mac = self.mac(id, &timestamp.to_string(), body)?;
        Some(format!("{SIGNATURE_PREFIX}{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

/// The secrets of one tenant, as kept in the store of secrets: the one in force, and during a
/// rotation the one before it.
#[derive(Clone, Debug)]
pub struct SecretSet {
    /// The secret in force.
    pub current: SigningSecret,
    /// When it was made.
    pub created: Timestamp,
    /// The one before, and when it stops being accepted.
    pub previous: Option<(SigningSecret, Timestamp)>,
}

/// How a [`SecretSet`] is written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    current: String,
    created: Timestamp,
    previous: Option<String>,
    previous_expires: Option<Timestamp>,
}

impl SecretSet {
    /// Reads a set; `None` when the text is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let written: Written = serde_json::from_str(text).ok()?;
        let previous = match (written.previous, written.previous_expires) {
            (Some(secret), Some(expires)) => Some((SigningSecret::parse(Secret::new(secret))?, expires)),
            _ => None,
        };
        let current = SigningSecret::parse(Secret::new(written.current))?;
        Some(Self { current, created: written.created, previous })
    }

    /// The text to store.
    #[must_use]
    pub fn render(&self) -> Secret {
        let written = Written {
            current: self.current.expose().to_owned(),
            created: self.created,
            previous: self.previous.as_ref().map(|(secret, _)| secret.expose().to_owned()),
            previous_expires: self.previous.as_ref().map(|(_, expires)| *expires),
        };
        Secret::new(serde_json::to_string(&written).unwrap_or_default())
    }

    /// The secrets accepted at `now`.
    #[must_use]
    pub fn in_force(&self, now: Timestamp) -> Vec<SigningSecret> {
        let previous = self.previous.iter().filter(|(_, expires)| now < *expires).map(|(secret, _)| secret);
        std::iter::once(&self.current).chain(previous).cloned().collect()
    }

    /// The set after a rotation at `now`: the secret in force stays accepted for `overlap` seconds.
    #[must_use]
    pub fn rotated(self, new: SigningSecret, now: Timestamp, overlap: i64) -> Self {
        let previous = (overlap > 0).then(|| (self.current, now.plus_seconds(overlap)));
        Self { current: new, created: now, previous }
    }
}

/// Why a signed message is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A header is missing, empty or not of its form.
    #[error("header {0} is missing or malformed")]
    Header(&'static str),
    /// The clocks are too far apart, or the message is replayed late.
    #[error("webhook-timestamp is more than {TOLERANCE_SECONDS} seconds from the server's time")]
    Stale,
    /// No signature matches a secret that is in force.
    #[error("no signature matches")]
    NoMatch,
}

/// The three headers of a signed message.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a> {
    /// `webhook-id`
    pub id: &'a str,
    /// `webhook-timestamp`, Unix seconds
    pub timestamp: &'a str,
    /// `webhook-signature`, signatures separated by spaces
    pub signature: &'a str,
}

/// Checks a message against every secret in force. Comparisons take constant time.
///
/// # Errors
/// See [`SignatureError`].
pub fn verify(
    headers: Headers<'_>,
    body: &[u8],
    secrets: &[SigningSecret],
    now: Timestamp,
) -> Result<(), SignatureError> {
    if headers.id.is_empty() || headers.id.len() > MAX_ID || headers.id.contains('.') {
        return Err(SignatureError::Header("webhook-id"));
    }
    let sent: i64 = headers.timestamp.parse().map_err(|_| SignatureError::Header("webhook-timestamp"))?;
    if now.seconds().saturating_sub(sent).saturating_abs() > TOLERANCE_SECONDS {
        return Err(SignatureError::Stale);
    }
    let signatures: Vec<Vec<u8>> = headers
        .signature
        .split_ascii_whitespace()
        .take(MAX_SIGNATURES)
        .filter_map(|text| STANDARD.decode(text.strip_prefix(SIGNATURE_PREFIX)?).ok())
        .collect();
    if signatures.is_empty() {
        return Err(SignatureError::Header("webhook-signature"));
    }
    for secret in secrets {
        for signature in &signatures {
            let mac = secret.mac(headers.id, headers.timestamp, body);
            if mac.is_some_and(|mac| mac.verify_slice(signature).is_ok()) {
                return Ok(());
            }
        }
    }
    Err(SignatureError::NoMatch)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    fn check(
        secrets: &[SigningSecret],
        timestamp: &str,
        signature: &str,
        now: i64,
    ) -> Result<(), SignatureError> {
        let headers = Headers { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp, signature };
        verify(headers, BODY, secrets, Timestamp::MIN.plus_seconds(now))
    }

    fn secret(fill: u8) -> SigningSecret {
        SigningSecret::from_random(&[fill; SECRET_BYTES])
    }

    /// The vector that the libraries of the Standard Webhooks project test themselves with.
    #[test]
    fn the_published_vector_holds() {
        let secret =
            SigningSecret::parse(Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into())).unwrap();
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, BODY).unwrap(), signature);
        assert_eq!(check(&[secret], "1614265330", signature, 1_614_265_330), Ok(()));
    }

    #[test]
    fn either_secret_and_any_of_several_signatures_will_do() {
        let (old, new, other) = (secret(1), secret(2), secret(3));
        let sign = |secret: &SigningSecret| secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1000, BODY).unwrap();
        let both = [old.clone(), new.clone()];
        assert_eq!(check(&both, "1000", &sign(&old), 1000), Ok(()));
        assert_eq!(check(&both, "1000", &sign(&new), 1000), Ok(()));
        assert_eq!(check(&both, "1000", &format!("v1,AAAA v1a,xx {} ", sign(&new)), 1000), Ok(()));
        assert_eq!(check(&both, "1000", &sign(&other), 1000), Err(SignatureError::NoMatch));
        assert_eq!(check(&[], "1000", &sign(&other), 1000), Err(SignatureError::NoMatch));
    }

    #[test]
    fn a_rotation_keeps_the_old_secret_for_the_overlap_only() {
        let at = |seconds| Timestamp::MIN.plus_seconds(seconds);
        let set = SecretSet { current: secret(1), created: at(0), previous: None };
        let set = SecretSet::parse(set.rotated(secret(2), at(10), 100).render().expose()).unwrap();
        let in_force = |now| set.in_force(at(now)).iter().map(|s| s.expose().to_owned()).collect::<Vec<_>>();
        assert_eq!(in_force(109), [secret(2).expose(), secret(1).expose()]);
        assert_eq!(in_force(110), [secret(2).expose()]);
        assert!(set.clone().rotated(secret(3), at(20), 0).previous.is_none());
        assert!(SecretSet::parse("{}").is_none());
    }

    #[test]
    fn five_minutes_either_way_and_no_more() {
        let secret = secret(1);
        let sign = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1000, BODY).unwrap();
        for (now, result) in [
            (700, Ok(())),
            (1300, Ok(())),
            (699, Err(SignatureError::Stale)),
            (1301, Err(SignatureError::Stale)),
        ] {
            assert_eq!(check(std::slice::from_ref(&secret), "1000", &sign, now), result, "{now}");
        }
    }

    #[test]
    fn malformed_headers_are_named() {
        let secrets = [secret(1)];
        assert_eq!(check(&secrets, "soon", "v1,AAAA", 0), Err(SignatureError::Header("webhook-timestamp")));
        for signature in ["", "v2,AAAA", "AAAA", "v1,*"] {
            assert_eq!(check(&secrets, "0", signature, 0), Err(SignatureError::Header("webhook-signature")));
        }
        let headers = Headers { id: "a.b", timestamp: "0", signature: "v1,AAAA" };
        assert_eq!(
            verify(headers, BODY, &secrets, Timestamp::MIN),
            Err(SignatureError::Header("webhook-id"))
        );
    }

    #[test]
    fn a_secret_of_the_wrong_form_is_not_taken() {
        for text in ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_*"] {
            assert!(SigningSecret::parse(Secret::new(text.into())).is_none(), "{text}");
        }
    }
}
