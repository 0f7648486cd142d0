//! An own licence authority, and licences signed by it: for whoever sells licences.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bastide_model::Timestamp;
use bastide_model::labels::is_dns_label;
use bastide_model::licence::Examination;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData as _, SigningKey as _,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use yasna::models::ObjectIdentifier;
use yasna::{DERWriter, DERWriterSeq, Tag};

use super::examine;

/// Longest value in a licence, in characters (RFC 5280, appendix A.1, for most attributes).
const VALUE_CHARS_MAX: usize = 64;
/// Most values of one kind in a licence.
const VALUES_MAX: usize = 100;
/// Bytes of a serial number: enough that no two are equal, few enough for every reader (RFC 5280, 4.1.2.2).
const SERIAL_BYTES: usize = 16;
/// From this year on a date is written with four digits (RFC 5280, 4.1.2.5).
const FOUR_DIGIT_YEAR: i16 = 2050;

/// Whoever signs licences.
#[derive(Clone, PartialEq, Eq)]
pub struct Authority {
    /// Its certificate, which hubs are configured with.
    pub certificate_pem: String,
    /// Its private key (PKCS #8), which stays with who sells licences.
    pub key_pem: String,
}

/// What a licence is to say (FLEET-3). An empty text or list leaves the attribute out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LicenceRequest {
    /// Uids of the `kube-system` namespaces of the clusters that it is for; at least one.
    pub cluster_uids: Vec<String>,
    /// Subject O.
    pub features: Vec<String>,
    /// Subject C.
    pub product_line: String,
    /// Subject ST.
    pub tier: String,
    /// Subject OU.
    pub plan: String,
    /// Subject L, each `Key=value`.
    pub flags: Vec<String>,
    /// First moment of validity; counted in whole seconds.
    pub not_before: Timestamp,
    /// Last moment of validity; counted in whole seconds.
    pub not_after: Timestamp,
}

/// Why no authority or licence was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// A field of the request is not as it must be.
    #[error("{field}: {message}")]
    Invalid {
        /// Its name.
        field: &'static str,
        /// What is wrong and what is allowed.
        message: String,
    },
    /// The authority's certificate or key cannot be used.
    #[error("the licence authority cannot be used: {0}")]
    Authority(String),
}

/// A new licence authority with a key of its own (ECDSA P-256). Its certificate has no end that matters: what ends are
/// licences.
pub fn authority(name: &str) -> Result<Authority, IssueError> {
    check_text("name", name)?;
    let failed = |error: rcgen::Error| IssueError::Authority(error.to_string());
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key).map_err(failed)?;
    Ok(Authority { certificate_pem: certificate.pem(), key_pem: key.serialize_pem() })
}

/// A licence: one certificate in PEM, for a key that nobody keeps.
pub fn issue(authority: &Authority, request: &LicenceRequest) -> Result<String, IssueError> {
    check(request)?;
    let unusable = |error: &dyn std::fmt::Display| IssueError::Authority(error.to_string());
    let signer = KeyPair::from_pem(&authority.key_pem).map_err(|error| unusable(&error))?;
    if signer.algorithm() != &PKCS_ECDSA_P256_SHA256 {
        return Err(IssueError::Authority("its key is not ECDSA P-256".into()));
    }
    let der = CertificateDer::from_pem_slice(authority.certificate_pem.as_bytes())
        .map_err(|error| unusable(&error))?;
    let (_, issuer) = X509Certificate::from_der(&der).map_err(|error| unusable(&error))?;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| unusable(&error))?;
    let validity = [("not_before", request.not_before), ("not_after", request.not_after)];
    let [not_before, not_after] = validity.map(|(field, time)| date(field, time));
    let body = Body {
        issuer: issuer.subject().as_raw(),
        key: &key.subject_public_key_info(),
        not_before: not_before?,
        not_after: not_after?,
        request,
    };
    let to_be_signed = yasna::construct_der(|writer| body.write(writer));
    let signature = signer.sign(&to_be_signed).map_err(|error| unusable(&error))?;
    let certificate = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(&to_be_signed);
            write_algorithm(writer.next());
            writer.next().write_bitvec_bytes(&signature, signature.len() * 8);
        });
    });
    let pem = pem(&certificate);
    // What is sold must hold: a certificate and a key that do not belong together are found here, not by the buyer.
    match examine(&pem, &[&authority.certificate_pem]) {
        Examination::Certificate(facts) if facts.chain_problem.is_none() => Ok(pem),
        Examination::Certificate(facts) => {
            Err(IssueError::Authority(facts.chain_problem.unwrap_or_default()))
        }
        Examination::Unreadable { problem } => Err(IssueError::Authority(problem)),
    }
}

fn check(request: &LicenceRequest) -> Result<(), IssueError> {
    let invalid = |field, message: String| Err(IssueError::Invalid { field, message });
    if request.cluster_uids.is_empty() {
        return invalid("cluster_uids", "at least one is needed".into());
    }
    let lists =
        [("cluster_uids", &request.cluster_uids), ("features", &request.features), ("flags", &request.flags)];
    for (field, values) in lists {
        if values.len() > VALUES_MAX {
            return invalid(field, format!("at most {VALUES_MAX} are allowed; these are {}", values.len()));
        }
        values.iter().try_for_each(|value| check_text(field, value))?;
    }
    if let Some(wrong) = request.cluster_uids.iter().find(|uid| !is_dns_label(uid)) {
        return invalid(
            "cluster_uids",
            format!("`{wrong}` is not the uid of a namespace, such as 0195f3a2-0000-7000-8000-000000000001"),
        );
    }
    if let Some(wrong) =
        request.flags.iter().find(|flag| !matches!(flag.split_once('='), Some((key, _)) if !key.is_empty()))
    {
        return invalid("flags", format!("`{wrong}` is not of the form Key=value"));
    }
    let single = [("product_line", &request.product_line), ("tier", &request.tier), ("plan", &request.plan)];
    for (field, value) in single {
        if !value.is_empty() {
            check_text(field, value)?;
        }
    }
    if request.not_after <= request.not_before {
        return invalid("not_after", format!("must be after not_before, which is {}", request.not_before));
    }
    Ok(())
}

fn check_text(field: &'static str, text: &str) -> Result<(), IssueError> {
    let length = text.chars().count();
    if length == 0 || length > VALUE_CHARS_MAX || text.trim() != text || text.chars().any(char::is_control) {
        let message = format!(
            "`{text}` must have 1 to {VALUE_CHARS_MAX} characters, no control characters, no space at its ends"
        );
        return Err(IssueError::Invalid { field, message });
    }
    Ok(())
}

/// A date as a certificate holds it (RFC 5280, 4.1.2.5): tag and text.
fn date(field: &'static str, time: Timestamp) -> Result<(Tag, String), IssueError> {
    let out_of_range =
        || IssueError::Invalid { field, message: "must lie between the years 1970 and 9999".into() };
    let time =
        jiff::Timestamp::from_second(time.as_millis().div_euclid(1_000)).map_err(|_| out_of_range())?;
    let time = time.to_zoned(jiff::tz::TimeZone::UTC);
    match time.year() {
        1970..FOUR_DIGIT_YEAR => Ok((yasna::tags::TAG_UTCTIME, time.strftime("%y%m%d%H%M%SZ").to_string())),
        FOUR_DIGIT_YEAR..=9999 => {
            Ok((yasna::tags::TAG_GENERALIZEDTIME, time.strftime("%Y%m%d%H%M%SZ").to_string()))
        }
        _ => Err(out_of_range()),
    }
}

/// A certificate without its signature (`TBSCertificate`, RFC 5280, 4.1). Written here because a subject with several
/// values of one attribute, which features and flags are, is more than rcgen can say.
struct Body<'a> {
    issuer: &'a [u8],
    key: &'a [u8],
    not_before: (Tag, String),
    not_after: (Tag, String),
    request: &'a LicenceRequest,
}

impl Body<'_> {
    fn write(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|writer| {
            // Version 3.
            writer.next().write_tagged(Tag::context(0), |writer| writer.write_u8(2));
            writer.next().write_bigint_bytes(&self.serial(), true);
            write_algorithm(writer.next());
            writer.next().write_der(self.issuer);
            writer.next().write_sequence(|writer| {
                for (tag, text) in [&self.not_before, &self.not_after] {
                    writer.next().write_tagged_implicit(*tag, |writer| writer.write_visible_string(text));
                }
            });
            writer.next().write_sequence(|writer| self.write_subject(writer));
            writer.next().write_der(self.key);
            writer.next().write_tagged(Tag::context(3), |writer| {
                writer.write_sequence(|writer| self.write_extensions(writer));
            });
        });
    }

    /// Made from the key, which is random and this licence's alone.
    fn serial(&self) -> Vec<u8> {
        Sha256::digest(self.key).into_iter().take(SERIAL_BYTES).collect()
    }

    fn write_subject(&self, writer: &mut DERWriterSeq<'_>) {
        let request = self.request;
        let one = |value: &str| if value.is_empty() { Vec::new() } else { vec![value.to_owned()] };
        // The last arc of id-at (2.5.4): C, ST, L, O, OU, CN.
        let attributes = [
            (6, one(&request.product_line)),
            (8, one(&request.tier)),
            (7, request.flags.clone()),
            (10, request.features.clone()),
            (11, one(&request.plan)),
            (3, request.cluster_uids.iter().take(1).cloned().collect()),
        ];
        for (arc, value) in
            attributes.iter().flat_map(|(arc, values)| values.iter().map(move |value| (*arc, value)))
        {
            writer.next().write_set(|writer| {
                writer.next().write_sequence(|writer| {
                    writer.next().write_oid(&ObjectIdentifier::from_slice(&[2, 5, 4, arc]));
                    writer.next().write_utf8_string(value);
                });
            });
        }
    }

    fn write_extensions(&self, writer: &mut DERWriterSeq<'_>) {
        // digitalSignature, the first bit: all that client authentication needs.
        write_extension(writer.next(), &[2, 5, 29, 15], true, |writer| writer.write_bitvec_bytes(&[0x80], 1));
        let client_auth = ObjectIdentifier::from_slice(&[1, 3, 6, 1, 5, 5, 7, 3, 2]);
        write_extension(writer.next(), &[2, 5, 29, 37], false, |writer| {
            writer.write_sequence(|writer| writer.next().write_oid(&client_auth));
        });
        write_extension(writer.next(), &[2, 5, 29, 17], false, |writer| {
            writer.write_sequence(|writer| {
                for uid in &self.request.cluster_uids {
                    // dNSName
                    writer
                        .next()
                        .write_tagged_implicit(Tag::context(2), |writer| writer.write_ia5_string(uid));
                }
            });
        });
    }
}

fn write_extension(writer: DERWriter<'_>, oid: &[u64], critical: bool, value: impl FnOnce(DERWriter<'_>)) {
    writer.write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(oid));
        if critical {
            writer.next().write_bool(true);
        }
        writer.next().write_bytes(&yasna::construct_der(value));
    });
}

/// ecdsa-with-SHA256.
fn write_algorithm(writer: DERWriter<'_>) {
    writer.write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(&[1, 2, 840, 10_045, 4, 3, 2]));
    });
}

fn pem(der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at_checked(64).unwrap_or((rest, ""));
        pem.push_str(line);
        pem.push('\n');
        rest = tail;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}
