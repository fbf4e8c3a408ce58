//! What may be kept as a certificate.

use base64::{Engine as _, prelude::BASE64_STANDARD};

/// Longest accepted text, in bytes. A company's whole bundle fits; Secrets Manager takes 64 KiB.
const LIMIT: usize = 48 * 1024;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// Why a text is not taken as a certificate. Never quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Too long.
    #[error("must be at most {LIMIT} bytes")]
    TooLong,
    /// Somebody pasted a key too. It would be trusted with nothing, and must not lie around here.
    #[error("must not hold a private key: leave out everything but the CERTIFICATE blocks")]
    PrivateKey,
    /// A block of another kind, a request for example.
    #[error("may hold only CERTIFICATE blocks in PEM")]
    Other,
    /// No block at all, a file in DER for example.
    #[error("must hold at least one certificate in PEM: a block from BEGIN CERTIFICATE to END CERTIFICATE")]
    Nothing,
    /// A block that does not end, or whose content is no certificate.
    #[error("has a CERTIFICATE block that is damaged or cut off")]
    Damaged,
}

/// Whether `pem` is one certificate or several, and nothing that would have to be kept secret.
///
/// Text around the blocks is a habit of some tools and allowed. What the certificates say is for the
/// TLS library to read; here it only matters that they are whole.
///
/// # Errors
///
/// A [`CertificateError`] that says what to change.
pub fn check_certificate(pem: &str) -> Result<(), CertificateError> {
    if pem.len() > LIMIT {
        return Err(CertificateError::TooLong);
    }
    // Before everything else, and wherever it stands: the answer to a key is always the same.
    if pem.contains("PRIVATE KEY") {
        return Err(CertificateError::PrivateKey);
    }
    let mut lines = pem.lines().map(str::trim_end);
    let mut found = false;
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(DASHES)) else {
            // Readers of PEM pass over a marker that is indented or has no end.
            if line.contains(BEGIN) || line.contains(END) {
                return Err(CertificateError::Damaged);
            }
            continue;
        };
        if label != "CERTIFICATE" {
            return Err(CertificateError::Other);
        }
        if !is_certificate(&mut lines) {
            return Err(CertificateError::Damaged);
        }
        found = true;
    }
    if found { Ok(()) } else { Err(CertificateError::Nothing) }
}

/// Whether the lines of a block up to its end are Base64 of one whole DER sequence.
fn is_certificate<'a>(lines: &mut impl Iterator<Item = &'a str>) -> bool {
    let mut base64 = String::new();
    for line in lines {
        if let Some(rest) = line.strip_prefix(END) {
            return rest.strip_suffix(DASHES) == Some("CERTIFICATE")
                && BASE64_STANDARD.decode(&base64).is_ok_and(|der| is_whole_sequence(&der));
        }
        base64.push_str(line);
    }
    false
}

/// Whether `der` is a SEQUENCE whose length is what its head says.
fn is_whole_sequence(der: &[u8]) -> bool {
    match der {
        [0x30, short, rest @ ..] if *short < 0x80 => rest.len() == usize::from(*short) && !rest.is_empty(),
        [0x30, 0x81, length, rest @ ..] => rest.len() == usize::from(*length),
        [0x30, 0x82, high, low, rest @ ..] => rest.len() == usize::from(u16::from_be_bytes([*high, *low])),
        _ => false,
    }
}
