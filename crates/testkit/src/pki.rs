//! Certificate authorities of throw-away clusters.
//!
//! `rcgen` makes all but client certificates: Kubernetes reads one group from each organization in the subject, and
//! `rcgen` holds a single value per kind of attribute. Those certificates are therefore written out here (RFC 5280,
//! section 4.1). Validity is fixed and long, so that nothing here needs a clock.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose, PublicKeyData as _, SigningKey as _,
};
use yasna::models::ObjectIdentifier;
use yasna::{DERWriter, Tag};

const COMMON_NAME: &[u64] = &[2, 5, 4, 3];
const ORGANIZATION: &[u64] = &[2, 5, 4, 10];
const EXTENDED_KEY_USAGE: &[u64] = &[2, 5, 29, 37];
const CLIENT_AUTHENTICATION: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 2];
const ECDSA_WITH_SHA256: &[u64] = &[1, 2, 840, 10045, 4, 3, 2];
/// The universal tag of `UTCTime`.
const UTC_TIME: u64 = 23;

/// A certificate and its private key, both PEM.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// Its private key, PKCS #8.
    pub key: String,
}

/// A certificate authority with a key on P-256.
#[derive(Debug)]
pub struct Authority {
    name: String,
    issuer: CertifiedIssuer<'static, KeyPair>,
    last_serial: AtomicU64,
}

impl Authority {
    /// A new authority with the common name `name`.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn new(name: &str) -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Self { name: name.to_owned(), issuer, last_serial: AtomicU64::new(0) })
    }

    /// Its certificate and key.
    pub fn identity(&self) -> Identity {
        Identity { certificate: self.issuer.pem(), key: self.issuer.key().serialize_pem() }
    }

    /// A certificate for a server with these DNS names and IP addresses.
    ///
    /// # Errors
    /// When a name is neither.
    pub fn server(&self, names: &[&str]) -> Result<Identity> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let first = names.first().context("a server certificate needs a name")?;
        let subject = common_name(first);
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = subject;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Identity { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// A certificate by which Kubernetes knows its holder as `user` in exactly these `groups` (besides
    /// `system:authenticated`).
    ///
    /// # Errors
    /// When no key can be made.
    pub fn client(&self, user: &str, groups: &[&str]) -> Result<Identity> {
        let key = KeyPair::generate()?;
        let serial = self.last_serial.fetch_add(1, Ordering::Relaxed) + 1;
        let content = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                // Version 3.
                writer.next().write_tagged(Tag::context(0), |writer| writer.write_u8(2));
                writer.next().write_u64(serial);
                write_algorithm(writer.next());
                write_name(writer.next(), &self.name, &[]);
                writer.next().write_sequence(|writer| {
                    write_time(writer.next(), b"000101000000Z");
                    write_time(writer.next(), b"491231235959Z");
                });
                write_name(writer.next(), user, groups);
                writer.next().write_der(&key.subject_public_key_info());
                writer.next().write_tagged(Tag::context(3), write_extensions);
            });
        });
        let signature = self.issuer.key().sign(&content)?;
        let certificate = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_der(&content);
                write_algorithm(writer.next());
                writer.next().write_bitvec_bytes(&signature, signature.len() * 8);
            });
        });
        Ok(Identity { certificate: pem("CERTIFICATE", &certificate), key: key.serialize_pem() })
    }
}

fn common_name(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}

fn write_algorithm(writer: DERWriter<'_>) {
    writer.write_sequence(|writer| writer.next().write_oid(&ObjectIdentifier::from_slice(ECDSA_WITH_SHA256)));
}

fn write_time(writer: DERWriter<'_>, time: &[u8]) {
    writer.write_tagged_implicit(
        Tag { tag_class: yasna::TagClass::Universal, tag_number: UTC_TIME },
        |writer| {
            writer.write_bytes(time);
        },
    );
}

/// A name with one common name and any number of organizations. The issuer's must be, byte for byte, what `rcgen`
/// wrote as the authority's subject.
fn write_name(writer: DERWriter<'_>, common_name: &str, organizations: &[&str]) {
    writer.write_sequence(|writer| {
        let organizations = organizations.iter().map(|&organization| (ORGANIZATION, organization));
        for (kind, value) in organizations.chain([(COMMON_NAME, common_name)]) {
            writer.next().write_set(|writer| {
                writer.next().write_sequence(|writer| {
                    writer.next().write_oid(&ObjectIdentifier::from_slice(kind));
                    writer.next().write_utf8_string(value);
                });
            });
        }
    });
}

/// The one extension: the certificate is for clients.
fn write_extensions(writer: DERWriter<'_>) {
    writer.write_sequence(|writer| {
        writer.next().write_sequence(|writer| {
            writer.next().write_oid(&ObjectIdentifier::from_slice(EXTENDED_KEY_USAGE));
            let usages = yasna::construct_der(|writer| {
                writer.write_sequence(|writer| {
                    writer.next().write_oid(&ObjectIdentifier::from_slice(CLIENT_AUTHENTICATION));
                });
            });
            writer.next().write_bytes(&usages);
        });
    });
}

/// RFC 7468 armour.
fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut armoured = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        armoured.push_str(line);
        armoured.push('\n');
        rest = after;
    }
    format!("{armoured}-----END {label}-----\n")
}
