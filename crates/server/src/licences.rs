//! Who may license clusters: the configured authorities, read once at the start (FLEET-3).

use std::sync::Arc;

use anyhow::Context as _;
use bastide_model::licence::Examination;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::config::Configuration;

/// Reads a licence and checks its chain.
pub(crate) type Examiner = Arc<dyn Fn(&str) -> Examination + Send + Sync>;

/// The check against the configured authorities.
///
/// # Errors
/// The file that cannot be read or holds no certificate.
pub(crate) fn examiner(configuration: &Configuration) -> anyhow::Result<Examiner> {
    let mut authorities = Vec::with_capacity(configuration.licence_authorities.len());
    for file in &configuration.licence_authorities {
        let what = || format!("licence.authorities: {} holds no certificate in PEM", file.display());
        let text = std::fs::read_to_string(file).with_context(what)?;
        let found = CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
        anyhow::ensure!(!found.with_context(what)?.is_empty(), what());
        authorities.push(text);
    }
    if authorities.is_empty() {
        tracing::warn!("licence.authorities is empty: no cluster can be licensed");
    }
    Ok(Arc::new(move |pem| {
        let authorities: Vec<&str> = authorities.iter().map(String::as_str).collect();
        bastide_kube::licence::examine(pem, &authorities)
    }))
}
