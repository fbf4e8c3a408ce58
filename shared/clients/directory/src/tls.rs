//! TLS with an authority of the administrator's own, and why it fails.

use std::{
    fmt, io,
    sync::{Arc, OnceLock},
};

use bridge_domain::Timestamp;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};
use thiserror::Error;

use crate::ber;

/// Why TLS does not come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsFault {
    /// The server sends its chain, and none of it leads to the authority of the secret.
    WrongAuthority,
    /// The server sends its own certificate alone, and what signed it is not in the secret.
    MissingIntermediate,
    /// An authority of the same name but with another key.
    ReplacedAuthority,
    /// The secret holds the server's own certificate instead of its authority's.
    ServerInSecret,
    /// The certificate is made out to other names.
    WrongName,
    /// A certificate has expired: seconds since 1970, where known.
    Expired(Option<i64>),
    /// A certificate is not valid yet: seconds since 1970, where known.
    NotYetValid(Option<i64>),
    /// The certificate can not be used for a server, or is malformed or too weak.
    Unusable,
    /// The server ended the handshake.
    Alert,
    /// The port does not speak TLS.
    NoTls,
    /// The server speaks neither TLS 1.2 nor 1.3, or with old ciphers only.
    Old,
    /// The server hung up in the handshake.
    Closed,
    /// Another fault.
    Other,
}

impl TlsFault {
    /// A word for telemetry.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::WrongAuthority
            | Self::MissingIntermediate
            | Self::ReplacedAuthority
            | Self::ServerInSecret => "tls_ca",
            Self::WrongName => "tls_name",
            Self::Expired(_) | Self::NotYetValid(_) => "tls_expired",
            _ => "tls",
        }
    }

    pub(crate) const fn worth_repeat(self) -> bool {
        matches!(self, Self::Closed)
    }
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongAuthority => {
                "its certificate was issued by an authority that is not in the certificate secret: put that \
                 authority's certificate, in PEM, into the secret"
            }
            Self::MissingIntermediate => {
                "the certificate of the authority that issued the server's certificate is neither sent by the \
                 server nor in the certificate secret: put the certificate of the issuing (intermediate) \
                 authority, in PEM, into the secret"
            }
            Self::ReplacedAuthority => {
                "its certificate is signed by an authority of the same name as the one in the certificate secret \
                 but with another key: put the authority's current certificate into the secret"
            }
            Self::ServerInSecret => {
                "the certificate secret holds the certificate of the server itself: put the certificate of the \
                 authority that signed it, in PEM, into the secret"
            }
            Self::WrongName => {
                "its certificate is made out to another name: enter a name that stands in the certificate's \
                 alternative names (SAN), or have one issued for this name"
            }
            Self::Expired(since) => return dated(f, "has expired", " on ", *since, "renew it there"),
            Self::NotYetValid(from) => {
                return dated(f, "is not valid yet", ", only from ", *from, "check the clocks");
            }
            Self::Unusable => {
                "its certificate is not meant for a server, or is malformed or too weak: have one issued for the \
                 server"
            }
            Self::Alert => "ended the TLS handshake: it may want a client certificate, or refuse TLS 1.2 and 1.3",
            Self::NoTls => "does not speak TLS: check the port, 636 for ssl and 389 for startTLS",
            Self::Old => "speaks no TLS that is accepted here: it needs TLS 1.2 or 1.3 with modern ciphers",
            Self::Closed => {
                "hung up in the TLS handshake: check the port, and that the controller has a certificate"
            }
            Self::Other => "no TLS connection comes about",
        })
    }
}

fn dated(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    word: &str,
    seconds: Option<i64>,
    remedy: &str,
) -> fmt::Result {
    write!(f, "its certificate, or one it rests on, {what}")?;
    let at = seconds.and_then(|seconds| Timestamp::from_micros(seconds.checked_mul(1_000_000)?));
    if let Some(at) = at {
        write!(f, "{word}{}", at.to_string().get(..10).unwrap_or_default())?;
    }
    write!(f, ": {remedy}")
}

/// The certificates can not be used.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the certificate secret holds no certificate that can be read: it must be X.509 in PEM")]
pub struct TrustError;

/// The authorities that are trusted: those of the administrator and no others.
#[derive(Clone, Debug)]
pub struct Trust {
    provider: Arc<CryptoProvider>,
    verifier: Arc<WebPkiServerVerifier>,
    /// The names of the authorities, as DER.
    names: Arc<Vec<Vec<u8>>>,
}

impl Trust {
    /// Trust in these certificates, in PEM: an authority's own, or that of an intermediate one.
    ///
    /// # Errors
    ///
    /// When there is none, or one can not be read.
    pub fn from_pem(pem: &str) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        let mut names = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|_| TrustError)?;
            names.extend(subject_and_issuer(&certificate).map(|(subject, _)| subject.to_vec()));
            roots.add(certificate).map_err(|_| TrustError)?;
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|_| TrustError)?;
        Ok(Self { provider, verifier, names: Arc::new(names) })
    }

    /// The settings of one connection, and the witness that says afterwards why the server was not trusted.
    pub(crate) fn config(&self) -> Result<(Arc<ClientConfig>, Arc<Witness>), TlsFault> {
        let witness = Arc::new(Witness { trust: self.clone(), reason: OnceLock::new() });
        let config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|_| TlsFault::Other)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&witness) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        Ok((Arc::new(config), witness))
    }
}

/// The verifier of rustls, which alone decides. Beside it this keeps why an issuer was not known: only
/// here the chain of the server is seen.
#[derive(Debug)]
pub(crate) struct Witness {
    trust: Trust,
    reason: OnceLock<TlsFault>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.trust.verifier.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        if let Err(rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        )) = verdict
        {
            let _ = self.reason.set(untrusted(end_entity, intermediates, &self.trust.names));
        }
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.trust.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.trust.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trust.verifier.supported_verify_schemes()
    }
}

/// Why no way leads from a server's certificate to those that are trusted.
fn untrusted(
    end_entity: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    trusted: &[Vec<u8>],
) -> TlsFault {
    let Some((subject, issuer)) = subject_and_issuer(end_entity) else {
        return TlsFault::Unusable;
    };
    let sent = intermediates.iter().filter_map(|certificate| subject_and_issuer(certificate));
    let mut issuers = sent.map(|(_, issuer)| issuer).chain([issuer]);
    if issuers.any(|issuer| trusted.iter().any(|name| name == issuer)) {
        return TlsFault::ReplacedAuthority;
    }
    if trusted.iter().any(|name| name == subject) {
        return TlsFault::ServerInSecret;
    }
    if intermediates.is_empty() && subject != issuer {
        return TlsFault::MissingIntermediate;
    }
    TlsFault::WrongAuthority
}

/// The names in a certificate (RFC 5280, 4.1), as DER.
fn subject_and_issuer(mut certificate: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut outer = ber::take_tag(&mut certificate, 0x30)?;
    let mut body = ber::take_tag(&mut outer, 0x30)?;
    let _version = ber::take_tag(&mut body, 0xa0);
    let _serial = ber::take_tag(&mut body, 0x02)?;
    let _algorithm = ber::take_tag(&mut body, 0x30)?;
    let issuer = ber::take_tag(&mut body, 0x30)?;
    let _validity = ber::take_tag(&mut body, 0x30)?;
    Some((ber::take_tag(&mut body, 0x30)?, issuer))
}

/// The fault behind the failure of a handshake.
pub(crate) fn fault(error: &io::Error, witness: &Witness) -> TlsFault {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let seconds = |time: &UnixTime| i64::try_from(time.as_secs()).ok();
    match inner {
        None => TlsFault::Closed,
        Some(rustls::Error::InvalidCertificate(fault)) => match fault {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                witness.reason.get().copied().unwrap_or(TlsFault::WrongAuthority)
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsFault::WrongName
            }
            CertificateError::Expired => TlsFault::Expired(None),
            CertificateError::ExpiredContext { not_after, .. } => TlsFault::Expired(seconds(not_after)),
            CertificateError::NotValidYet => TlsFault::NotYetValid(None),
            CertificateError::NotValidYetContext { not_before, .. } => {
                TlsFault::NotYetValid(seconds(not_before))
            }
            _ => TlsFault::Unusable,
        },
        Some(rustls::Error::AlertReceived(_)) => TlsFault::Alert,
        Some(
            rustls::Error::InvalidMessage(_)
            | rustls::Error::InappropriateMessage { .. }
            | rustls::Error::InappropriateHandshakeMessage { .. },
        ) => TlsFault::NoTls,
        Some(rustls::Error::PeerIncompatible(_)) => TlsFault::Old,
        Some(_) => TlsFault::Other,
    }
}
