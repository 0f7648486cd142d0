//! Reading a licence and checking who signed it.

use std::time::Duration;

use bastide_model::Timestamp;
use bastide_model::licence::{Examination, LicenceFacts};
use bastide_model::limits::LICENCE_BYTES_MAX;
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::AttributeTypeAndValue;

/// Most certificates of one licence: the leaf and what leads from it to the authority.
const CERTIFICATES_MAX: usize = 8;

/// Reads a licence and checks that it leads to one of the authorities (FLEET-3). The PEM text begins with the licence
/// itself; certificates between it and the authority may follow.
///
/// Dates are no part of the check: the chain is looked at as of a moment at which the licence is valid by its own word,
/// so that a licence that has ended is told apart from one that never held.
pub fn examine(pem: &str, authorities_pem: &[&str]) -> Examination {
    match read(pem) {
        Ok((certificates, mut facts)) => {
            facts.chain_problem = chain_problem(&certificates, authorities_pem, &facts);
            Examination::Certificate(Box::new(facts))
        }
        Err(problem) => Examination::Unreadable { problem },
    }
}

/// The certificates, the licence first, and what the licence says.
fn read(pem: &str) -> Result<(Vec<CertificateDer<'static>>, LicenceFacts), String> {
    if pem.len() > LICENCE_BYTES_MAX {
        return Err(format!("it has more than {LICENCE_BYTES_MAX} bytes"));
    }
    let certificates = certificates(pem)?;
    let leaf = certificates.first().ok_or("it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")?;
    if certificates.len() > CERTIFICATES_MAX {
        return Err(format!("it holds more than {CERTIFICATES_MAX} certificates"));
    }
    let facts = facts(&parse(leaf)?)?;
    Ok((certificates, facts))
}

/// All certificates of a PEM text. A private key among them is refused: it has no business there.
fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut certificates = Vec::new();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem.as_bytes()) {
        match section.map_err(|error| format!("its PEM is damaged: {error}"))? {
            (SectionKind::Certificate, der) => certificates.push(CertificateDer::from(der)),
            (SectionKind::PrivateKey | SectionKind::EcPrivateKey | SectionKind::RsaPrivateKey, _) => {
                return Err(
                    "it holds a private key; leave the key where it is and upload the certificate".into()
                );
            }
            _ => {}
        }
    }
    Ok(certificates)
}

fn parse<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, String> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) => Err("something follows the certificate within its PEM section".into()),
        Err(error) => Err(format!("it is not an X.509 certificate: {error}")),
    }
}

fn facts(certificate: &X509Certificate<'_>) -> Result<LicenceFacts, String> {
    let subject = certificate.subject();
    let mut cluster_uids = texts(subject.iter_common_name());
    cluster_uids.extend(dns_names(certificate)?);
    Ok(LicenceFacts {
        id: serial(certificate.raw_serial()),
        product_line: texts(subject.iter_country()),
        tier: texts(subject.iter_state_or_province()),
        flags: texts(subject.iter_locality()),
        features: texts(subject.iter_organization()),
        plan: texts(subject.iter_organizational_unit()),
        cluster_uids: without_repetition(cluster_uids),
        issuer: certificate.issuer().to_string(),
        not_before: timestamp(certificate.validity().not_before.timestamp()),
        not_after: timestamp(certificate.validity().not_after.timestamp()),
        client_auth: certificate
            .extended_key_usage()
            .map_err(|error| format!("its extended key usage cannot be read: {error}"))?
            .is_some_and(|usage| usage.value.client_auth),
        chain_problem: None,
    })
}

fn texts<'a>(attributes: impl Iterator<Item = &'a AttributeTypeAndValue<'a>>) -> Vec<String> {
    attributes.filter_map(|attribute| attribute.as_str().ok()).map(str::to_owned).collect()
}

fn dns_names(certificate: &X509Certificate<'_>) -> Result<Vec<String>, String> {
    let names = certificate
        .subject_alternative_name()
        .map_err(|error| format!("its alternative names cannot be read: {error}"))?;
    let names = names.map(|names| names.value.general_names.as_slice()).unwrap_or_default();
    let dns = names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    });
    Ok(dns.collect())
}

/// An empty name names no cluster.
fn without_repetition(texts: Vec<String>) -> Vec<String> {
    let mut seen = Vec::new();
    for text in texts {
        if !text.is_empty() && !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen
}

/// The serial number in hex without the leading zero that only says that it is positive.
fn serial(bytes: &[u8]) -> String {
    hex::encode(match bytes {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    })
}

fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1_000))
}

/// Why the licence does not lead to an authority, or nothing when it does.
fn chain_problem(
    certificates: &[CertificateDer<'_>],
    authorities_pem: &[&str],
    facts: &LicenceFacts,
) -> Option<String> {
    let Some((leaf, intermediates)) = certificates.split_first() else {
        return Some("there is no certificate".into());
    };
    let authorities = match authorities(authorities_pem) {
        Ok(authorities) => authorities,
        Err(problem) => return Some(problem),
    };
    let mut anchors = Vec::new();
    for authority in &authorities {
        match webpki::anchor_from_trusted_cert(authority) {
            Ok(anchor) => anchors.push(anchor),
            Err(error) => {
                return Some(format!("a configured licence authority cannot be used: {}", words(&error)));
            }
        }
    }
    let entity = match EndEntityCert::try_from(leaf) {
        Ok(entity) => entity,
        Err(error) => return Some(words(&error)),
    };
    let mut problem = None;
    for moment in moments(intermediates, facts) {
        let checked = entity.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &anchors,
            intermediates,
            moment,
            Usage { client_auth: facts.client_auth },
            None,
            None,
        );
        match checked {
            Ok(_) => return None,
            Err(error) => problem.get_or_insert(words(&error)),
        };
    }
    problem
}

/// The certificates of the configured authorities; at least one.
fn authorities(pems: &[&str]) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut all = Vec::new();
    for pem in pems {
        let found =
            certificates(pem).map_err(|problem| format!("a configured licence authority: {problem}"))?;
        all.extend(found);
    }
    if all.is_empty() {
        return Err("no licence authority is configured".into());
    }
    Ok(all)
}

/// Moments within the licence's own validity at which the chain can hold, if it can at all: when the licence begins, or
/// when the last of the certificates between it and the authority begins.
fn moments(intermediates: &[CertificateDer<'_>], facts: &LicenceFacts) -> Vec<UnixTime> {
    let begins = intermediates.iter().filter_map(|der| {
        let certificate = parse(der).ok()?;
        Some(timestamp(certificate.validity().not_before.timestamp()))
    });
    let within = begins.filter(|begin| (facts.not_before..=facts.not_after).contains(begin));
    std::iter::once(facts.not_before)
        .chain(within)
        .map(|moment| {
            let millis = u64::try_from(moment.as_millis()).unwrap_or(0);
            UnixTime::since_unix_epoch(Duration::from_millis(millis))
        })
        .collect()
}

/// Who issues client certificates must be allowed to. What the licence itself is meant for is judged apart, so that the
/// reason names it.
struct Usage {
    client_auth: bool,
}

impl ExtendedKeyUsageValidator for Usage {
    fn validate(&self, usages: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        if self.client_auth { KeyUsage::client_auth().validate(usages) } else { Ok(()) }
    }
}

/// The end of a sentence that begins with `It is not signed by the licence authority:`.
fn words(error: &Error) -> String {
    match error {
        Error::UnknownIssuer => "its issuer is not a configured licence authority".into(),
        Error::InvalidSignatureForPublicKey => {
            "its signature is not the authority's, or it was altered".into()
        }
        Error::UnsupportedCriticalExtension => "it has a critical extension that is not known here".into(),
        Error::CaUsedAsEndEntity => "it is the certificate of an authority, not a licence".into(),
        Error::EndEntityUsedAsCa => "a certificate in its chain may not issue certificates".into(),
        Error::InvalidCertValidity => "its validity ends before it begins".into(),
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => {
            "a certificate in its chain is not valid at any time at which it is".into()
        }
        Error::PathLenConstraintViolated => "its chain is longer than its authority allows".into(),
        other => format!("{other:?}"),
    }
}
