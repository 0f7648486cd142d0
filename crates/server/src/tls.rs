//! TLS settings that both listeners share, and the certificate of the public one.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::{ConfigBuilder, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;

/// What both listeners speak inside TLS, the better one first (ALPN, RFC 7301).
pub(crate) const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The one cryptography of the program: aws-lc-rs.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: std::sync::OnceLock<Arc<CryptoProvider>> = std::sync::OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider())))
}

/// The public listener's TLS, from files.
///
/// # Errors
/// When a file cannot be read, or the key is not the certificate's.
pub(crate) fn public(files: &TlsFiles) -> anyhow::Result<Arc<ServerConfig>> {
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .with_context(|| format!("tls.key: {} holds no private key in PEM", files.key.display()))?;
    let mut config =
        versions(rustls::DEFAULT_VERSIONS)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .with_context(|| format!("tls.key: {} does not fit tls.certificate", files.key.display()))?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(Arc::new(config))
}

/// A server's settings with our cryptography, up to the question of client certificates.
pub(crate) fn versions(
    versions: &[&'static SupportedProtocolVersion],
) -> anyhow::Result<ConfigBuilder<ServerConfig, rustls::WantsVerifier>> {
    Ok(ServerConfig::builder_with_provider(provider()).with_protocol_versions(versions)?)
}

fn certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let what = || format!("tls.certificate: {} holds no certificate in PEM", file.display());
    let chain = CertificateDer::pem_file_iter(file)
        .with_context(what)?
        .collect::<Result<Vec<_>, _>>()
        .with_context(what)?;
    anyhow::ensure!(!chain.is_empty(), what());
    Ok(chain)
}
