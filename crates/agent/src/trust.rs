//! Whom the agent believes to be its hub, and how it shows who it is itself: TLS 1.3 only, and no session is resumed, so
//! that every connection is checked in full by both sides. Knows neither HTTP nor the protocol.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, PeerIncompatible,
    RootCertStore, SignatureScheme,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::time::ASN1Time;

use crate::keys::colon_pairs;

/// SHA-256 of the certificate (DER) of the hub's authority. It comes with the join token, and is all that the agent
/// knows of the hub before it has joined.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pin([u8; 32]);

impl Pin {
    /// The pin of a certificate.
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate).into())
    }

    /// In lower-case hex.
    pub(crate) fn plain(self) -> String {
        hex::encode(self.0)
    }
}

/// Reads 64 hex digits in either case, with or without colons between the pairs.
impl FromStr for Pin {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let digits: String = text.trim().chars().filter(|c| *c != ':').collect();
        let bytes = hex::decode(digits).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes.map(Self).ok_or_else(|| {
            "the fingerprint of the hub's authority is a SHA-256: 64 hex digits, colons between pairs allowed".into()
        })
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&colon_pairs(&self.0))
    }
}

impl TryFrom<String> for Pin {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Pin> for String {
    fn from(pin: Pin) -> Self {
        pin.to_string()
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a hub is not believed, beyond what is wrong with any certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Distrust {
    #[error(
        "its certificates do not include the authority with the fingerprint {0}; compare it with what the hub shows beside a join token: if it is another there, correct --hub-ca-sha256, and if it is the same, somebody is in between"
    )]
    AuthorityMissing(Pin),
    #[error("the certificate with the fingerprint {0} is not an authority's")]
    NotAnAuthority(Pin),
    #[error("the authority with the fingerprint {0} has expired or is not valid yet; check the clock")]
    AuthorityOutOfDate(Pin),
}

impl From<Distrust> for Error {
    fn from(distrust: Distrust) -> Self {
        CertificateError::Other(OtherError(Arc::new(distrust))).into()
    }
}

/// Trusts exactly one authority, known by its fingerprint: the server has to send it along with its own certificate.
///
/// The fingerprint replaces the signature over the authority; all else holds as ever: the authority may sign
/// certificates and is in date, and the server's certificate chains to it, is in date, is for servers, and has the
/// name that was dialled.
#[derive(Debug)]
pub(crate) struct PinnedAuthority {
    pin: Pin,
    provider: Arc<CryptoProvider>,
}

impl PinnedAuthority {
    pub(crate) fn new(pin: Pin, provider: Arc<CryptoProvider>) -> Self {
        Self { pin, provider }
    }

    fn check_authority(&self, authority: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
        let (_, parsed) = X509Certificate::from_der(authority).map_err(|_| CertificateError::BadEncoding)?;
        let constraints = parsed.basic_constraints().map_err(|_| CertificateError::BadEncoding)?;
        let usage = parsed.key_usage().map_err(|_| CertificateError::BadEncoding)?;
        let signs = usage.is_none_or(|usage| usage.value.key_cert_sign());
        if !signs || !constraints.is_some_and(|constraints| constraints.value.ca) {
            return Err(Distrust::NotAnAuthority(self.pin).into());
        }
        // A trust anchor's dates are not looked at by the verifier of chains.
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let in_date = ASN1Time::from_timestamp(seconds).is_ok_and(|now| parsed.validity().is_valid_at(now));
        if in_date { Ok(()) } else { Err(Distrust::AuthorityOutOfDate(self.pin).into()) }
    }
}

impl ServerCertVerifier for PinnedAuthority {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // Only among what was sent beside the server's own certificate: that one never vouches for itself.
        let authority = intermediates
            .iter()
            .find(|certificate| Pin::of(certificate) == self.pin)
            .ok_or(Distrust::AuthorityMissing(self.pin))?;
        self.check_authority(authority, now)?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
            .build()
            .map_err(|error| Error::General(error.to_string()))?
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// For a hub whose authority is known by its fingerprint only. The agent shows no certificate: it has none yet.
///
/// # Errors
/// When the provider has no TLS 1.3.
pub(crate) fn before_join(pin: Pin) -> Result<ClientConfig, Error> {
    let provider = provider();
    let verifier = Arc::new(PinnedAuthority::new(pin, provider.clone()));
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(every_handshake_in_full(config))
}

/// For the hub that issued the credential: its authorities are trusted, and the certificate is shown.
///
/// # Errors
/// When a PEM cannot be read or the key is not the certificate's.
pub(crate) fn as_member(authorities: &str, certificate: &str, key: &str) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(authorities)? {
        roots.add(authority)?;
    }
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
        .map_err(|_| Error::General("the stored private key cannot be read".into()))?;
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates(certificate)?, key)?;
    Ok(every_handshake_in_full(config))
}

/// The certificates of a PEM text, at least one.
///
/// # Errors
/// When it holds none or something that is none.
pub(crate) fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(Error::General("a PEM text that should hold certificates does not".into())),
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// A resumed session would be let in by what was known of its certificate when it began.
fn every_handshake_in_full(mut config: ClientConfig) -> ClientConfig {
    config.resumption = Resumption::disabled();
    config
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
        KeyUsagePurpose, date_time_ymd,
    };
    use rstest::rstest;

    use super::*;

    /// 2026-11-22, within every certificate here that is not meant to be out of date.
    const NOW: UnixTime = UnixTime::since_unix_epoch(std::time::Duration::from_hours(498_696));

    type Issuer = CertifiedIssuer<'static, KeyPair>;

    fn params(name: &str) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        params
    }

    fn authority_params(name: &str) -> CertificateParams {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params
    }

    fn issue(params: CertificateParams) -> Issuer {
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }

    fn authority(name: &str) -> Issuer {
        issue(authority_params(name))
    }

    fn beneath(params: CertificateParams, issuer: &Issuer) -> Issuer {
        CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), issuer).unwrap()
    }

    fn server_params() -> CertificateParams {
        let mut params = params("hub");
        params.subject_alt_names = CertificateParams::new(vec!["hub.example.org".into(), "127.0.0.1".into()])
            .unwrap()
            .subject_alt_names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params
    }

    fn der(issuer: &Issuer) -> CertificateDer<'static> {
        issuer.der().clone()
    }

    /// What the verifier says of a server's chain, leaf first: nothing when it believes.
    fn verdict(pin: Pin, chain: &[CertificateDer<'static>], name: &str) -> String {
        let verifier = PinnedAuthority::new(pin, provider());
        let (leaf, rest) = chain.split_first().unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        match verifier.verify_server_cert(leaf, rest, &name, &[], NOW) {
            Ok(_) => String::new(),
            Err(Error::InvalidCertificate(CertificateError::Other(reason))) => reason.0.to_string(),
            Err(error) => format!("{error} {error:?}"),
        }
    }

    fn assert_verdict(found: &str, expected: &str) {
        assert!(if expected.is_empty() { found.is_empty() } else { found.contains(expected) }, "{found}");
    }

    #[rstest]
    #[case("hub.example.org", "")]
    #[case("127.0.0.1", "")]
    #[case("other.example.org", "NotValidForName")]
    #[case("127.0.0.2", "NotValidForName")]
    fn fleet_1_the_pinned_authority_vouches_for_the_name_that_was_dialled(
        #[case] name: &str,
        #[case] expected: &str,
    ) {
        let authority = authority("hub authority");
        let chain = [der(&beneath(server_params(), &authority)), der(&authority)];
        assert_verdict(&verdict(Pin::of(authority.der()), &chain, name), expected);
    }

    #[test]
    fn fleet_1_an_intermediate_may_stand_between() {
        let authority = authority("hub authority");
        let between = beneath(authority_params("between"), &authority);
        let chain = [der(&beneath(server_params(), &between)), der(&between), der(&authority)];
        let pin = Pin::of(authority.der());
        assert_verdict(&verdict(pin, &chain, "hub.example.org"), "");
        assert_verdict(&verdict(Pin::of(between.der()), &chain, "hub.example.org"), "");
        // Without the one between, the chain is broken.
        assert_verdict(
            &verdict(pin, &[chain[0].clone(), chain[2].clone()], "hub.example.org"),
            "UnknownIssuer",
        );
    }

    #[rstest]
    #[case("another authority", "UnknownIssuer")]
    #[case("hub authority", "BadSignature")]
    fn fleet_1_another_authority_is_not_believed(#[case] name: &str, #[case] expected: &str) {
        let (authority, other) = (authority("hub authority"), authority(name));
        let pin = Pin::of(authority.der());
        let by_other = der(&beneath(server_params(), &other));
        let chain = [by_other.clone(), der(&other)];
        assert_verdict(&verdict(pin, &chain, "hub.example.org"), "do not include the authority");
        // The pinned authority is no secret: anybody can send it along.
        for chain in [vec![by_other.clone(), der(&authority)], vec![by_other, der(&other), der(&authority)]] {
            assert_verdict(&verdict(pin, &chain, "hub.example.org"), expected);
        }
    }

    #[test]
    fn fleet_1_a_server_does_not_vouch_for_itself() {
        let mut own = server_params();
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = issue(own);
        let pin = Pin::of(own.der());
        assert_verdict(&verdict(pin, &[der(&own)], "hub.example.org"), "do not include the authority");
    }

    /// The parameters of an authority and of the server's certificate that it signs, after a change to them.
    fn changed(
        change: impl FnOnce(&mut CertificateParams, &mut CertificateParams),
    ) -> [CertificateParams; 2] {
        let (mut authority, mut server) = (authority_params("hub authority"), server_params());
        change(&mut authority, &mut server);
        [authority, server]
    }

    #[rstest]
    #[case(changed(|_, server| server.not_after = date_time_ymd(2026, 2, 1)), "Expired")]
    #[case(changed(|_, server| server.not_before = date_time_ymd(2026, 12, 1)), "NotValidYet")]
    #[case(changed(|authority, _| authority.not_after = date_time_ymd(2026, 2, 1)), "has expired")]
    #[case(changed(|authority, _| authority.not_before = date_time_ymd(2026, 12, 1)), "not valid yet")]
    #[case(changed(|authority, _| authority.is_ca = IsCa::NoCa), "is not an authority's")]
    #[case(
        changed(|authority, _| authority.key_usages = vec![KeyUsagePurpose::DigitalSignature]),
        "is not an authority's"
    )]
    // What another agent has from the same authority: a certificate for clients.
    #[case(
        changed(|_, server| server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]),
        "InvalidPurpose"
    )]
    fn fleet_1_all_else_about_certificates_holds(
        #[case] parameters: [CertificateParams; 2],
        #[case] expected: &str,
    ) {
        let [authority, server] = parameters;
        let authority = issue(authority);
        let chain = [der(&beneath(server, &authority)), der(&authority)];
        assert_verdict(&verdict(Pin::of(authority.der()), &chain, "hub.example.org"), expected);
    }

    #[test]
    fn garbage_in_the_chain_is_an_error() {
        let authority = authority("hub authority");
        let garbage = CertificateDer::from(vec![1, 2, 3]);
        let server = der(&beneath(server_params(), &authority));
        let found = verdict(Pin::of(&garbage), &[server, garbage], "hub.example.org");
        assert_verdict(&found, "BadEncoding");
    }

    #[test]
    fn a_pin_is_read_in_every_usual_spelling() {
        let pin = Pin::of(authority("hub authority").der());
        let text = pin.to_string();
        let plain = text.replace(':', "");
        for spelling in [text.clone(), plain.clone(), plain.to_lowercase(), format!(" {text}\n")] {
            assert_eq!(spelling.parse(), Ok(pin));
        }
        for wrong in
            [String::new(), plain[2..].to_owned(), format!("{plain}00"), plain.replace(&plain[..1], "x")]
        {
            assert!(wrong.parse::<Pin>().unwrap_err().contains("64 hex digits"), "{wrong}");
        }
    }
}
