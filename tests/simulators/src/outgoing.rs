//! Calls that a simulator makes itself.

use std::{error::Error, time::Duration};

use reqwest::{Certificate, Client};

/// A client that trusts this authority only: PEM text, or the path of a PEM file.
pub(crate) fn client(ca: &str, timeout: Duration) -> Result<Client, String> {
    let pem = if ca.contains("-----BEGIN") {
        ca.as_bytes().to_vec()
    } else {
        std::fs::read(ca).map_err(|error| format!("{ca}: {error}"))?
    };
    let roots = Certificate::from_pem_bundle(&pem).map_err(|error| told(&error))?;
    Client::builder()
        .tls_certs_only(roots)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(timeout)
        .build()
        .map_err(|error| told(&error))
}

/// An error with its causes.
pub(crate) fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
