//! The hub's own authority: signs the hub's certificate towards agents and the agents' certificates (FLEET-1).

use bastide_model::limits::{AGENT_CERTIFICATE_SECONDS, AGENT_RENEWAL_SECONDS};
use bastide_model::{ClusterId, Error, Ids, Result, Timestamp};
use bastide_store::{IssuedCertificate, Store};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use sha2::{Digest, Sha256};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;

use crate::secrets;
use crate::settings::Settings;

const PURPOSE: &str = "agents";
const YEAR: i64 = 365 * 24 * 60 * 60;

/// The authority and the hub's own certificate from it.
pub struct Authority {
    certificate_pem: String,
    certificate_der: Vec<u8>,
    key_pem: String,
    host: String,
}

/// A certificate as an agent gets it.
#[derive(Debug, Clone)]
pub struct AgentCertificate {
    /// The certificate in PEM.
    pub certificate_pem: String,
    /// Every authority that the hub's certificate may come from, in PEM.
    pub authorities_pem: String,
    /// What is kept of it.
    pub issued: IssuedCertificate,
    /// From when on it may be renewed.
    pub renew_after: Timestamp,
}

/// The hub's certificate towards agents, with its key.
pub struct HubCertificate {
    /// The certificate and the authority's, in PEM.
    pub chain_pem: String,
    /// The key in PEM (PKCS #8).
    pub key_pem: String,
    /// When it has to be made anew.
    pub renew_after: Timestamp,
}

impl Authority {
    /// The installation's authority, made at the first start; several replicas that start at once get the same.
    pub(crate) async fn load(
        store: &Store,
        settings: &Settings,
        ids: &dyn Ids,
        now: Timestamp,
    ) -> Result<Self> {
        let mut tx = store.write().await?;
        if tx.authority(PURPOSE).await?.is_none() {
            let (certificate_pem, key_pem) = make_authority(now)?;
            tx.authority_insert(ids.fresh(), PURPOSE, (&certificate_pem, &key_pem), now).await?;
        }
        let kept = tx.authority(PURPOSE).await?;
        tx.commit().await?;
        let (certificate_pem, key_pem) = kept.ok_or_else(|| Error::internal("the authority is not kept"))?;
        let (_, pem) =
            x509_parser::pem::parse_x509_pem(certificate_pem.as_bytes()).map_err(|e| broken(&e))?;
        let host = host_of(&settings.agent_url)?;
        Ok(Self { certificate_der: pem.contents, certificate_pem, key_pem, host })
    }

    /// The authority's certificate in PEM: what agents and the hub trust.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// SHA-256 of the authority's certificate in hex: what a join command carries, so that the agent trusts this hub and
    /// no other before it has a certificate.
    pub fn fingerprint(&self) -> String {
        hex::encode(Sha256::digest(&self.certificate_der))
    }

    /// A fresh certificate for the hub's listener towards agents.
    ///
    /// # Errors
    /// [`Error::Internal`] when signing fails.
    pub fn hub_certificate(&self, now: Timestamp) -> Result<HubCertificate> {
        const SECONDS: i64 = 30 * 24 * 60 * 60;
        let key = KeyPair::generate().map_err(|e| broken(&e))?;
        let mut params = CertificateParams::new(vec![self.host.clone()]).map_err(|e| broken(&e))?;
        params.distinguished_name.push(DnType::CommonName, "Bastide hub");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        validity(&mut params, now.plus_seconds(-300), now.plus_seconds(SECONDS))?;
        params.serial_number = Some(serial()?);
        let certificate = params.signed_by(&key, &self.issuer()?).map_err(|e| broken(&e))?;
        Ok(HubCertificate {
            chain_pem: format!("{}{}", certificate.pem(), self.certificate_pem),
            key_pem: key.serialize_pem(),
            renew_after: now.plus_seconds(SECONDS / 2),
        })
    }

    /// A certificate for the key of an agent's signing request. Nothing of the request but its key is taken over.
    ///
    /// # Errors
    /// [`Error::Invalid`] at `/csr_pem` for a request that is none.
    pub(crate) fn issue(
        &self,
        cluster: ClusterId,
        csr_pem: &str,
        now: Timestamp,
    ) -> Result<AgentCertificate> {
        let mut request = CertificateSigningRequestParams::from_pem(csr_pem).map_err(|e| csr_problem(&e))?;
        let mut params = CertificateParams::default();
        let name = format!("urn:bastide:cluster:{cluster}");
        let uri = name.as_str().try_into().map_err(|e: rcgen::Error| broken(&e))?;
        params.subject_alt_names = vec![SanType::URI(uri)];
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "Bastide agent");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let not_after = now.plus_seconds(AGENT_CERTIFICATE_SECONDS);
        validity(&mut params, now.plus_seconds(-300), not_after)?;
        let number = serial()?;
        let serial = hex::encode(number.to_bytes());
        params.serial_number = Some(number);
        request.params = params;
        let certificate = request.signed_by(&self.issuer()?).map_err(|e| broken(&e))?;
        Ok(AgentCertificate {
            certificate_pem: certificate.pem(),
            authorities_pem: self.certificate_pem.clone(),
            issued: IssuedCertificate { serial, issued_at: now, not_after },
            renew_after: not_after.plus_seconds(-AGENT_RENEWAL_SECONDS),
        })
    }

    fn issuer(&self) -> Result<Issuer<'static, KeyPair>> {
        let key = KeyPair::from_pem(&self.key_pem).map_err(|e| broken(&e))?;
        Issuer::from_ca_cert_pem(&self.certificate_pem, key).map_err(|e| broken(&e))
    }
}

/// SHA-256 of a signing request's public key (`SubjectPublicKeyInfo`, DER), as pairs of hex digits with colons. The
/// request's own signature is checked: who asks has the key.
///
/// # Errors
/// [`Error::Invalid`] at `/csr_pem`.
pub fn fingerprint_of_request(csr_pem: &str) -> Result<String> {
    CertificateSigningRequestParams::from_pem(csr_pem).map_err(|e| csr_problem(&e))?;
    let (_, pem) = x509_parser::pem::parse_x509_pem(csr_pem.as_bytes()).map_err(|e| csr_problem(&e))?;
    let (_, request) = X509CertificationRequest::from_der(&pem.contents).map_err(|e| csr_problem(&e))?;
    request.verify_signature().map_err(|e| csr_problem(&e))?;
    let digest = Sha256::digest(request.certification_request_info.subject_pki.raw);
    Ok(digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":"))
}

fn make_authority(now: Timestamp) -> Result<(String, String)> {
    let key = KeyPair::generate().map_err(|e| broken(&e))?;
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Bastide hub authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    validity(&mut params, now.plus_seconds(-300), now.plus_seconds(10 * YEAR))?;
    params.serial_number = Some(serial()?);
    let certificate = params.self_signed(&key).map_err(|e| broken(&e))?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// A positive serial number of 16 random bytes (RFC 5280, 4.1.2.2).
fn serial() -> Result<SerialNumber> {
    let mut bytes = [0u8; 16];
    secrets::fill(&mut bytes)?;
    let [first, ..] = &mut bytes;
    *first = (*first & 0x7F) | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

fn validity(params: &mut CertificateParams, from: Timestamp, to: Timestamp) -> Result<()> {
    let at = |t: Timestamp| {
        time::OffsetDateTime::from_unix_timestamp(t.as_millis().div_euclid(1000)).map_err(|e| broken(&e))
    };
    params.not_before = at(from)?;
    params.not_after = at(to)?;
    Ok(())
}

fn host_of(url: &str) -> Result<String> {
    let wrong = || {
        Error::field("/agent_url", format!("`{url}` is not an address such as https://hub.example.org:8443"))
    };
    let rest = url.strip_prefix("https://").ok_or_else(wrong)?;
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    if host.is_empty() { Err(wrong()) } else { Ok(host.to_owned()) }
}

fn csr_problem(error: &impl std::fmt::Display) -> Error {
    Error::field("/csr_pem", format!("it is not a certificate signing request (PKCS #10 in PEM): {error}"))
}

fn broken(error: &impl std::fmt::Display) -> Error {
    Error::internal(format!("certificates: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_addresses() {
        assert_eq!(host_of("https://hub.example.org:8443").unwrap(), "hub.example.org");
        assert_eq!(host_of("https://[::1]:8443/x").unwrap(), "::1");
        assert!(host_of("http://hub").is_err());
        assert!(host_of("https://").is_err());
    }
}
