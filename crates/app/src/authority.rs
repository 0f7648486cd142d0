//! The hub's own authority: signs the hub's certificate towards agents and the agents' certificates (FLEET-1).

use std::fmt;

use bastide_authz::Bounds;
use bastide_model::limits::{AGENT_CERTIFICATE_SECONDS, AGENT_RENEWAL_SECONDS};
use bastide_model::{ClusterId, Error, Ids, Result, Timestamp};
use bastide_store::{Authorities, IssuedCertificate, KeptAuthority, Store};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use sha2::{Digest, Sha256};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;

use crate::secrets;
use crate::settings::Settings;

/// How many exchanges of the authority one who was away is led over.
const BRIDGES_MAX: u8 = 4;
const YEAR: i64 = 365 * 24 * 60 * 60;

/// The authorities of the installation for agents: the one that signs, and those that are believed beside it while one
/// takes the place of another.
#[derive(Debug, PartialEq, Eq)]
pub struct Authority {
    /// What signs: its own certificate.
    certificate: Anchor,
    /// The same key, vouched for by the authority before it: who knows only that one believes this one by it.
    bridges_pem: String,
    key_pem: Hidden,
    next: Option<Anchor>,
    /// Those before it, the latest first, each with what vouches for it.
    previous: Vec<(Anchor, String)>,
    host: String,
}

/// The key, which no log shows.
#[derive(PartialEq, Eq)]
struct Hidden(String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// An authority that is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Its certificate in PEM.
    pub pem: String,
    /// SHA-256 of its certificate, in lower-case hex.
    pub fingerprint: String,
    /// When it was made; of the previous one: when it was replaced.
    pub since: Timestamp,
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
    /// The installation's authorities; the first is made at the first start, and several replicas that start at once get
    /// the same.
    pub(crate) async fn load(
        store: &Store,
        settings: &Settings,
        ids: &dyn Ids,
        now: Timestamp,
    ) -> Result<Self> {
        let mut tx = store.write(&Bounds::Everything).await?;
        if tx.authorities().await?.present.is_none() {
            let made = make_authority(now, None)?;
            tx.authority_insert(ids.fresh(), (&made.certificate_pem, &made.key_pem), now).await?;
        }
        let kept = tx.authorities().await?;
        tx.commit().await?;
        Self::from_kept(kept, host_of(&settings.agent_url)?)
    }

    /// The same as it is kept now.
    pub(crate) async fn again(&self, store: &Store) -> Result<Self> {
        Self::from_kept(store.read(&Bounds::Everything).await?.authorities().await?, self.host.clone())
    }

    fn from_kept(kept: Authorities, host: String) -> Result<Self> {
        let present = kept.present.ok_or_else(|| Error::internal("the authority is not kept"))?;
        let (certificate, bridges_pem) = anchor(&present)?;
        let next = kept.next.map(|kept| Ok::<_, Error>(anchor(&kept)?.0)).transpose()?;
        let previous = kept.previous.iter().map(anchor).collect::<Result<_>>()?;
        Ok(Self { certificate, bridges_pem, key_pem: Hidden(present.key_pem), next, previous, host })
    }

    /// The authority that signs.
    pub fn present(&self) -> &Anchor {
        &self.certificate
    }

    /// The one that will take its place.
    pub fn next(&self) -> Option<&Anchor> {
        self.next.as_ref()
    }

    /// Those before it that are believed on, the latest first.
    pub fn previous(&self) -> impl Iterator<Item = &Anchor> {
        self.previous.iter().map(|(anchor, _)| anchor)
    }

    /// Everything that is believed, by agents of their hub and by the hub of agents.
    pub fn believed(&self) -> impl Iterator<Item = &Anchor> {
        [Some(&self.certificate), self.next.as_ref()].into_iter().flatten().chain(self.previous())
    }

    /// Everything that is believed, in PEM.
    pub fn bundle_pem(&self) -> String {
        self.believed().map(|anchor| anchor.pem.as_str()).collect()
    }

    /// SHA-256 of the authority's certificate in hex: what a join command carries, so that the agent trusts this hub and
    /// no other before it has a certificate.
    pub fn fingerprint(&self) -> String {
        self.certificate.fingerprint.clone()
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
            // The bridges lead who knows only an authority before to this one; those themselves are for pins.
            chain_pem: [&certificate.pem(), &self.certificate.pem, &self.bridges_pem]
                .into_iter()
                .chain(self.previous.iter().flat_map(|(anchor, bridges)| [&anchor.pem, bridges]))
                .map(String::as_str)
                .collect(),
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
            authorities_pem: self.bundle_pem(),
            issued: IssuedCertificate { serial, issued_at: now, not_after },
            renew_after: not_after.plus_seconds(-AGENT_RENEWAL_SECONDS),
        })
    }

    fn issuer(&self) -> Result<Issuer<'static, KeyPair>> {
        let key = KeyPair::from_pem(&self.key_pem.0).map_err(|e| broken(&e))?;
        Issuer::from_ca_cert_pem(&self.certificate.pem, key).map_err(|e| broken(&e))
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

/// An authority that was just made.
struct MadeAuthority {
    certificate_pem: String,
    key_pem: String,
}

/// Makes an authority; `before` vouches for it.
fn make_authority(now: Timestamp, before: Option<&Issuer<'static, KeyPair>>) -> Result<MadeAuthority> {
    let key = KeyPair::generate().map_err(|e| broken(&e))?;
    let (mut params, number) = (CertificateParams::default(), serial()?);
    params.distinguished_name = rcgen::DistinguishedName::new();
    // Names differ, so that a chain is found by name.
    let name = format!("Bastide hub authority {:.8}", hex::encode(number.to_bytes()));
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(BRIDGES_MAX));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    validity(&mut params, now.plus_seconds(-300), now.plus_seconds(10 * YEAR))?;
    params.serial_number = Some(number);
    let mut certificate_pem = params.self_signed(&key).map_err(|e| broken(&e))?.pem();
    if let Some(before) = before {
        params.serial_number = Some(serial()?);
        certificate_pem.push_str(&params.signed_by(&key, before).map_err(|e| broken(&e))?.pem());
    }
    Ok(MadeAuthority { certificate_pem, key_pem: key.serialize_pem() })
}

/// The authority's own certificate, and what vouches for it beside.
fn anchor(kept: &KeptAuthority) -> Result<(Anchor, String)> {
    const END: &str = "-----END CERTIFICATE-----";
    let end = kept.certificate_pem.find(END).map_or(kept.certificate_pem.len(), |at| at + END.len());
    let (own, bridges) = kept.certificate_pem.split_at(end);
    let (_, pem) = x509_parser::pem::parse_x509_pem(own.as_bytes()).map_err(|e| broken(&e))?;
    let fingerprint = hex::encode(Sha256::digest(&pem.contents));
    let anchor = Anchor { pem: format!("{}\n", own.trim()), fingerprint, since: kept.since };
    Ok((anchor, bridges.trim_start().to_owned()))
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

/// A new authority in PEM, vouched for by the present one, with its key and its fingerprint.
pub(crate) fn make_next(present: &Authority, now: Timestamp) -> Result<(String, String, String)> {
    let made = make_authority(now, Some(&present.issuer()?))?;
    let kept = KeptAuthority { certificate_pem: made.certificate_pem, key_pem: made.key_pem, since: now };
    let fingerprint = anchor(&kept)?.0.fingerprint;
    Ok((kept.certificate_pem, kept.key_pem, fingerprint))
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
