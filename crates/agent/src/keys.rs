//! The agent's key: made on the cluster, never sent anywhere. Also what is made from it (the fingerprint that people
//! compare, requests for certificates) and whether a certificate that came back is the one that was asked for.

use bastide_api::agent::cluster_uri;
use bastide_model::ClusterId;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData as _,
};
use sha2::{Digest as _, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::hidden::Hidden;
use crate::trust;

/// What can go wrong with keys and certificates.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A key cannot be made, or the stored one cannot be read.
    #[error("the agent's private key: {0}")]
    Key(#[from] rcgen::Error),
    /// The hub sent a certificate that is not the one that was asked for.
    #[error("the certificate from the hub cannot be used: {0}")]
    Certificate(String),
}

/// A private key on the curve P-256.
#[derive(Debug)]
pub(crate) struct AgentKey {
    pair: KeyPair,
}

impl AgentKey {
    /// A new key.
    pub(crate) fn generate() -> Result<Self, KeyError> {
        Ok(Self { pair: KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)? })
    }

    /// The key that [`AgentKey::to_pem`] wrote.
    pub(crate) fn from_pem(pem: &Hidden) -> Result<Self, KeyError> {
        Ok(Self { pair: KeyPair::from_pem(pem.reveal())? })
    }

    /// The key itself, PKCS #8.
    pub(crate) fn to_pem(&self) -> Hidden {
        Hidden::new(self.pair.serialize_pem())
    }

    /// What people compare: SHA-256 of the public key (DER of its `SubjectPublicKeyInfo`), as pairs of hex digits
    /// with colons.
    pub(crate) fn fingerprint(&self) -> String {
        colon_pairs(&Sha256::digest(self.pair.subject_public_key_info()))
    }

    /// Asks for a certificate (PKCS #10, PEM). It names nobody: who the holder is, the hub decides.
    pub(crate) fn signing_request(&self) -> Result<String, KeyError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "bastide-agent");
        Ok(params.serialize_request(&self.pair)?.pem()?)
    }

    /// Checks that a certificate is for this key and names this cluster and nobody else, and that the authorities can
    /// be read, so that nothing is stored that cannot be used.
    pub(crate) fn check_certificate(
        &self,
        certificate_pem: &str,
        authorities_pem: &str,
        cluster: ClusterId,
    ) -> Result<(), KeyError> {
        let wrong = |what: &str| KeyError::Certificate(what.to_owned());
        let chain = trust::certificates(certificate_pem).map_err(|_| wrong("it is not in PEM"))?;
        let der = chain.first().ok_or_else(|| wrong("it is empty"))?;
        let (_, parsed) =
            X509Certificate::from_der(der).map_err(|_| wrong("it is not an X.509 certificate"))?;
        if parsed.public_key().raw != self.pair.subject_public_key_info() {
            return Err(wrong("it is for another key"));
        }
        let names = parsed.subject_alternative_name().map_err(|_| wrong("its names cannot be read"))?;
        let names = names.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
        if !matches!(names, [GeneralName::URI(uri)] if *uri == cluster_uri(cluster)) {
            return Err(KeyError::Certificate(format!("its only name is not {}", cluster_uri(cluster))));
        }
        trust::as_member(authorities_pem, certificate_pem, self.to_pem().reveal())
            .map_err(|error| KeyError::Certificate(error.to_string()))?;
        Ok(())
    }
}

/// `AA:BB:…`
pub(crate) fn colon_pairs(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use bastide_model::{ClusterId, SystemIds};
    use rcgen::{CertificateSigningRequestParams, CertifiedIssuer, SanType};
    use x509_parser::certification_request::X509CertificationRequest;
    use x509_parser::pem::parse_x509_pem;

    use super::*;

    fn issuer() -> CertifiedIssuer<'static, KeyPair> {
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }

    fn sign(request: &str, names: Vec<String>, issuer: &CertifiedIssuer<'static, KeyPair>) -> String {
        let mut request = CertificateSigningRequestParams::from_pem(request).unwrap();
        request.params = CertificateParams::default();
        request.params.subject_alt_names =
            names.into_iter().map(|name| SanType::URI(name.try_into().unwrap())).collect();
        request.signed_by(issuer).unwrap().pem()
    }

    /// FLEET-1: what the agent prints is what the hub finds in the request.
    #[test]
    fn fleet_1_the_fingerprint_is_that_of_the_key_in_the_request() {
        let key = AgentKey::generate().unwrap();
        let (_, pem) = parse_x509_pem(key.signing_request().unwrap().as_bytes()).unwrap();
        let (_, request) = X509CertificationRequest::from_der(&pem.contents).unwrap();
        request.verify_signature().unwrap();
        let public_key = request.certification_request_info.subject_pki.raw;
        assert_eq!(key.fingerprint(), colon_pairs(&Sha256::digest(public_key)));
        assert_eq!(key.fingerprint().len(), 32 * 3 - 1);
        let again = AgentKey::from_pem(&key.to_pem()).unwrap();
        assert_eq!(again.fingerprint(), key.fingerprint());
    }

    /// FLEET-1: the cluster's id in a URI, compared for equality; nothing else passes for it.
    #[test]
    fn fleet_1_a_certificate_for_another_key_or_cluster_is_refused() {
        let issuer = issuer();
        let key = AgentKey::generate().unwrap();
        let cluster = ClusterId::fresh(&SystemIds);
        let own = cluster_uri(cluster);
        let request = key.signing_request().unwrap();
        let check = |certificate: &str, authorities: &str| {
            key.check_certificate(certificate, authorities, cluster).map_err(|error| error.to_string())
        };
        check(&sign(&request, vec![own.clone()], &issuer), &issuer.pem()).unwrap();

        let other = AgentKey::generate().unwrap().signing_request().unwrap();
        let error = check(&sign(&other, vec![own.clone()], &issuer), &issuer.pem()).unwrap_err();
        assert!(error.contains("another key"), "{error}");
        let wrong_names = [
            vec![],
            vec![format!("{own}x")],
            vec![cluster_uri(ClusterId::fresh(&SystemIds))],
            vec![own.clone(), "urn:bastide:cluster:other".into()],
        ];
        for names in wrong_names {
            let error = check(&sign(&request, names, &issuer), &issuer.pem()).unwrap_err();
            assert!(error.contains(&own), "{error}");
        }
        assert!(check("no PEM", &issuer.pem()).is_err());
        assert!(check(&sign(&request, vec![own], &issuer), "no PEM").is_err());
    }
}
