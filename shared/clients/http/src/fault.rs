//! What kind of failure a call met before there was a whole answer.

use std::{error::Error, io, iter};

use bridge_domain::{CallError, Class, Timestamp};
use rustls::CertificateError;

use crate::{Effect, Names, Peer};

/// The class of a failure that came after the request may have gone out.
pub(crate) const fn after_sending(class: Class, effect: Effect) -> Class {
    match effect {
        Effect::Repeatable => class,
        Effect::Once => Class::Unknown,
    }
}

/// The failure of a call.
pub(crate) fn of(error: &reqwest::Error, peer: &Peer, effect: Effect) -> CallError {
    if error.is_builder() {
        return peer.error(Class::Permanent, "request", format!("no request to {} can be built", peer.host));
    }
    let host = &peer.host;
    let tls = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>());
    // Opening a connection includes TLS: before it is open, nothing is sent.
    let failure = if error.is_connect() {
        let (code, public) = match tls {
            Some(tls) => ("tls", tls_text(tls, peer)),
            None => unconnected(error, peer),
        };
        peer.error(Class::Transient, code, public)
    } else {
        let (code, public) = if error.is_timeout() {
            let seconds = peer.timeout.as_secs_f32();
            ("timeout", format!("{host} did not answer within {seconds} s (timeoutSeconds)"))
        } else if let Some(tls) = tls {
            ("tls", tls_text(tls, peer))
        } else {
            ("broken", format!("{host} broke off before the answer was complete"))
        };
        peer.error(after_sending(Class::Transient, effect), code, public)
    };
    failure.with_detail(innermost(error))
}

/// Why there is no connection, apart from TLS.
fn unconnected(error: &reqwest::Error, peer: &Peer) -> (&'static str, String) {
    let host = &peer.host;
    let (next, via) = peer.proxy.as_ref().map_or_else(
        || (host.clone(), String::new()),
        |proxy| (format!("the proxy {proxy}"), format!(" through the proxy {proxy}")),
    );
    if let Some(refusal) = causes(error).find_map(tunnel_refusal) {
        return ("proxy", format!("{next} opens no way to {host}: {refusal}"));
    }
    if error.is_timeout() {
        let public =
            format!("no connection to {host}{via} in time: check the address, the port and the firewalls");
        return ("connect_timeout", public);
    }
    if error.is_dns() {
        return ("dns", format!("the name of {next} is not known to the name service (DNS)"));
    }
    let kind =
        causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last().map(io::Error::kind);
    match kind {
        Some(io::ErrorKind::ConnectionRefused) => {
            ("connect", format!("{next} takes no connections: check the port, and whether it runs"))
        }
        Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => (
            "connect",
            format!("{host} hung up before TLS was set up{via}: check that the port is an HTTPS port"),
        ),
        _ => ("connect", format!("{next} can not be reached")),
    }
}

/// What the proxy said to our CONNECT. The type of the error is private, so its text tells.
fn tunnel_refusal(cause: &(dyn Error + 'static)) -> Option<&'static str> {
    let text = cause.to_string();
    match text.strip_prefix("tunnel error: ")? {
        "proxy authorization required" => Some("it asks for a password, which has no setting"),
        "unsuccessful" => Some("it refuses"),
        "unexpected end of file" | "proxy response headers too long" => {
            Some("it does not answer as an HTTP proxy does")
        }
        _ => None,
    }
}

/// Says what is wrong with TLS and what to do about it.
fn tls_text(error: &rustls::Error, peer: &Peer) -> String {
    let host = &peer.host;
    match error {
        rustls::Error::InvalidCertificate(fault) => certificate_text(fault, host, peer.names),
        rustls::Error::AlertReceived(alert) => {
            format!(
                "{host} ended the TLS handshake ({alert:?}): it may not speak TLS 1.2 or 1.3, or want a client certificate"
            )
        }
        rustls::Error::InvalidMessage(_) | rustls::Error::InappropriateHandshakeMessage { .. } => {
            format!("{host} does not speak TLS: check that the port is an HTTPS port")
        }
        rustls::Error::PeerIncompatible(_) => {
            format!("{host} speaks no TLS that is accepted here: it needs TLS 1.2 or 1.3 with modern ciphers")
        }
        _ => format!("no TLS connection to {host} comes about"),
    }
}

fn certificate_text(fault: &CertificateError, host: &str, names: Names) -> String {
    match fault {
        CertificateError::UnknownIssuer => names.unknown_issuer(host),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => format!(
            "the certificate of {host} is made out to another name: enter a name in url that stands in the \
             certificate's alternative names (SAN), or have one issued for this name"
        ),
        CertificateError::Expired => expired(host, None),
        CertificateError::ExpiredContext { not_after, .. } => expired(host, Some(not_after.as_secs())),
        CertificateError::NotValidYet => not_yet(host, None),
        CertificateError::NotValidYetContext { not_before, .. } => not_yet(host, Some(not_before.as_secs())),
        CertificateError::BadSignature => format!(
            "the certificate of {host} is not signed by the authority it names: the certificate in {} may be \
             an old one of the same name",
            names.certificate
        ),
        CertificateError::Revoked => format!("the certificate of {host} is revoked: renew it there"),
        // The verifier has no word of its own for this one, which `openssl req -x509` makes by default.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => format!(
            "the certificate of {host} is that of an authority (CA:TRUE), which a server can not use: have one \
             issued for the server"
        ),
        CertificateError::InvalidPurpose
        | CertificateError::InvalidPurposeContext { .. }
        | CertificateError::Other(_) => format!(
            "the certificate of {host} is not meant for a server, or has extensions that are not allowed: have \
             one issued for the server"
        ),
        _ => format!(
            "the certificate of {host} can not be used: it is malformed or its cryptography is too weak"
        ),
    }
}

fn expired(host: &str, since: Option<u64>) -> String {
    format!(
        "the certificate of {host}, or one it rests on, has expired{}: renew it there",
        day(" on ", since)
    )
}

fn not_yet(host: &str, from: Option<u64>) -> String {
    format!(
        "the certificate of {host}, or one it rests on, is not valid yet{}: check the clock where it was made",
        day(", only from ", from)
    )
}

/// The day of a moment in seconds since 1970, after some words.
fn day(words: &str, seconds: Option<u64>) -> String {
    let at = seconds
        .and_then(|seconds| Timestamp::from_micros(i64::try_from(seconds).ok()?.checked_mul(1_000_000)?));
    at.map_or_else(String::new, |at| format!("{words}{}", at.to_string().get(..10).unwrap_or_default()))
}

/// An error and what caused it.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    iter::successors(Some(error as &(dyn Error + 'static)), |error| cause(*error))
}

/// What caused an error. An I/O error hides what it wraps from `source`.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// The text of the first cause. Only that: the outer ones quote the address with its query.
fn innermost(error: &reqwest::Error) -> String {
    let text = causes(error).skip(1).last().map(ToString::to_string).unwrap_or_default();
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
