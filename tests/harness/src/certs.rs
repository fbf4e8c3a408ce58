//! A certificate authority of the stack's own, and the server certificate it signs.

use std::{
    error::Error,
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

/// The authority's certificate, for clients.
pub const CA: &str = "ca.pem";
const CERTIFICATE: &str = "server.pem";
const KEY: &str = "server.key";
const LIFE: Duration = Duration::from_hours(30 * 24);
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Makes an authority and a certificate for this machine's loopback names, and writes them to `dir`.
///
/// The authority's key is not kept: nothing else can ever be signed by it.
///
/// # Errors
/// When a file cannot be written.
pub fn generate(dir: &Path) -> Result<(), Box<dyn Error + Send + Sync>> {
    let authority_key = KeyPair::generate()?;
    let mut authority = dated(Vec::new(), "KUMA Bridge local stack")?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_certificate = authority.self_signed(&authority_key)?;

    let key = KeyPair::generate()?;
    let mut server = dated(NAMES.map(str::to_owned).to_vec(), "localhost")?;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let certificate = server.signed_by(&key, &Issuer::from_params(&authority, authority_key))?;

    fs::write(dir.join(CA), authority_certificate.pem())?;
    fs::write(dir.join(CERTIFICATE), certificate.pem())?;
    write_private(&dir.join(KEY), &key.serialize_pem())?;
    Ok(())
}

/// What the TLS front serves with: the certificate that [`generate`] left in `dir`, HTTP/1.1 only.
///
/// # Errors
/// When the files are missing or damaged.
pub fn server_config(dir: &Path) -> Result<Arc<ServerConfig>, Box<dyn Error + Send + Sync>> {
    let certificate = CertificateDer::from_pem_file(dir.join(CERTIFICATE))?;
    let key = PrivateKeyDer::from_pem_file(dir.join(KEY))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Writes a file that only its owner can read.
///
/// # Errors
/// When the file cannot be written.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    // A new file each time: the mode below is not applied to one that exists.
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

fn dated(names: Vec<String>, common_name: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = (SystemTime::now() - Duration::from_hours(24)).into();
    params.not_after = (SystemTime::now() + LIFE).into();
    Ok(params)
}
