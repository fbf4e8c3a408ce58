//! Authorities and certificates of servers.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::StartError;

const DAY: Duration = Duration::from_hours(24);

/// A root, and an intermediate authority under it that signs servers.
#[derive(Debug)]
pub struct Authority {
    /// The root's certificate, in PEM.
    pub root_pem: String,
    /// The intermediate's certificate, in PEM.
    pub intermediate_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A server's certificate and its key, both in PEM.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The certificate.
    pub certificate_pem: String,
    /// The key.
    pub key_pem: String,
}

impl Authority {
    /// Makes one. Two of the same `name` differ in their keys alone.
    ///
    /// # Errors
    /// When no keys can be made.
    pub fn new(name: &str) -> Result<Self, StartError> {
        let root_key = KeyPair::generate()?;
        let root = params(&format!("{name} root"), 1)?;
        let root_pem = root.self_signed(&root_key)?.pem();
        let key = KeyPair::generate()?;
        let mut intermediate = params(&format!("{name} intermediate"), 0)?;
        intermediate.use_authority_key_identifier_extension = true;
        let intermediate_pem = intermediate.signed_by(&key, &Issuer::from_params(&root, root_key))?.pem();
        Ok(Self { root_pem, intermediate_pem, issuer: Issuer::new(intermediate, key) })
    }

    /// A certificate for these names of a server.
    ///
    /// # Errors
    /// When none can be made.
    pub fn server(&self, names: &[&str]) -> Result<Pair, StartError> {
        let now = SystemTime::now();
        self.issue(names, now - DAY, now + 30 * DAY)
    }

    /// One that expired yesterday.
    ///
    /// # Errors
    /// When none can be made.
    pub fn expired(&self, names: &[&str]) -> Result<Pair, StartError> {
        let now = SystemTime::now();
        self.issue(names, now - 30 * DAY, now - DAY)
    }

    fn issue(&self, names: &[&str], from: SystemTime, to: SystemTime) -> Result<Pair, StartError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        params.distinguished_name.push(DnType::CommonName, "domain controller");
        params.not_before = from.into();
        params.not_after = to.into();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate_pem = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Pair { certificate_pem, key_pem: key.serialize_pem() })
    }
}

fn params(name: &str, above: u8) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = (SystemTime::now() - 60 * DAY).into();
    params.not_after = (SystemTime::now() + 60 * DAY).into();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(above));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}
