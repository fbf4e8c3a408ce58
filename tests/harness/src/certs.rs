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
/// The certificate between the authority's and the server's, where there is one: see [`generate_chain`].
pub const INTERMEDIATE: &str = "intermediate.pem";
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
    let authority = authority("KUMA Bridge local stack", 0)?;
    fs::write(dir.join(CA), authority.self_signed(&authority_key)?.pem())?;
    generate_server(dir, &Issuer::from_params(&authority, authority_key))
}

/// The same with one more authority in between: the first signs the second, and that one the server.
///
/// # Errors
/// When a file cannot be written.
pub fn generate_chain(dir: &Path) -> Result<(), Box<dyn Error + Send + Sync>> {
    let root_key = KeyPair::generate()?;
    let root = authority("KUMA Bridge test root", 1)?;
    fs::write(dir.join(CA), root.self_signed(&root_key)?.pem())?;
    let key = KeyPair::generate()?;
    let mut intermediate = authority("KUMA Bridge test intermediate", 0)?;
    intermediate.use_authority_key_identifier_extension = true;
    let certificate = intermediate.signed_by(&key, &Issuer::from_params(&root, root_key))?;
    fs::write(dir.join(INTERMEDIATE), certificate.pem())?;
    generate_server(dir, &Issuer::from_params(&intermediate, key))
}

fn generate_server(dir: &Path, issuer: &Issuer<'_, KeyPair>) -> Result<(), Box<dyn Error + Send + Sync>> {
    let key = KeyPair::generate()?;
    let mut server = dated(NAMES.map(str::to_owned).to_vec(), "localhost")?;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    fs::write(dir.join(CERTIFICATE), server.signed_by(&key, issuer)?.pem())?;
    write_private(&dir.join(KEY), &key.serialize_pem())?;
    Ok(())
}

/// An authority that stands above so many others.
fn authority(common_name: &str, above: u8) -> Result<CertificateParams, rcgen::Error> {
    let mut params = dated(Vec::new(), common_name)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(above));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// What the TLS front serves with: the certificate that [`generate`] left in `dir`, HTTP/1.1 only.
///
/// # Errors
/// When the files are missing or damaged.
pub fn server_config(dir: &Path) -> Result<Arc<ServerConfig>, Box<dyn Error + Send + Sync>> {
    serving(dir, &[CERTIFICATE])
}

/// The same for what [`generate_chain`] left: the server sends the certificate between as well.
///
/// # Errors
/// When the files are missing or damaged.
pub fn chain_config(dir: &Path) -> Result<Arc<ServerConfig>, Box<dyn Error + Send + Sync>> {
    serving(dir, &[CERTIFICATE, INTERMEDIATE])
}

fn serving(dir: &Path, sent: &[&str]) -> Result<Arc<ServerConfig>, Box<dyn Error + Send + Sync>> {
    let certificates =
        sent.iter().map(|name| CertificateDer::from_pem_file(dir.join(name))).collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(dir.join(KEY))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, key)?;
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
