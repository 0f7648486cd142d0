//! Who an agent is, from its certificate. The chain, the dates and the purpose were checked by the handshake; here the
//! one name is read: a URI `urn:bastide:cluster:…` as the only subject alternative name, compared for equality with what
//! the id is written as. Common names are never looked at.

use std::sync::Arc;

use bastide_api::agent::cluster_uri;
use bastide_model::{ClusterId, Timestamp};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// What an agent's certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PeerCertificate {
    /// The cluster that it was issued for.
    pub(crate) cluster: ClusterId,
    /// Its serial number, in hex.
    pub(crate) serial: String,
    /// Its last moment. A connection can last longer, and then nothing is answered on it any more.
    pub(crate) not_after: Timestamp,
    /// The certificate.
    pub(crate) der: Arc<[u8]>,
}

/// Why a certificate is nobody's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PeerError {
    /// It cannot be read.
    #[error("it is not a certificate: {0}")]
    Unreadable(String),
    /// It has no subject alternative name, or several.
    #[error("it has {0} subject alternative names, and not one")]
    Names(usize),
    /// Its name is not a URI.
    #[error("its name is not a URI")]
    OtherKind,
    /// Its URI is not that of a cluster.
    #[error("`{0}` is not a cluster's name")]
    OtherName(String),
}

/// Reads a certificate that the handshake has verified.
pub(crate) fn read(der: &[u8]) -> Result<PeerCertificate, PeerError> {
    let unreadable = |error: &dyn std::fmt::Display| PeerError::Unreadable(error.to_string());
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|error| unreadable(&error))?;
    if !rest.is_empty() {
        return Err(unreadable(&"something follows it"));
    }
    let names = certificate.subject_alternative_name().map_err(|error| unreadable(&error))?;
    let names = names.map_or(&[][..], |extension| extension.value.general_names.as_slice());
    let [name] = names else { return Err(PeerError::Names(names.len())) };
    let GeneralName::URI(uri) = name else { return Err(PeerError::OtherKind) };
    let other = || PeerError::OtherName((*uri).to_owned());
    let cluster: ClusterId =
        uri.strip_prefix("urn:bastide:cluster:").and_then(|id| id.parse().ok()).ok_or_else(other)?;
    if cluster_uri(cluster) != *uri {
        return Err(other());
    }
    Ok(PeerCertificate {
        cluster,
        serial: hex::encode(certificate.raw_serial()),
        not_after: Timestamp::from_millis(certificate.validity().not_after.timestamp().saturating_mul(1000)),
        der: der.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bastide_model::SystemIds;
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    fn certificate(names: Vec<SanType>, common: Option<&str>) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        if let Some(common) = common {
            params.distinguished_name.push(DnType::CommonName, common);
        }
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    fn uri(text: &str) -> SanType {
        SanType::URI(text.try_into().unwrap())
    }

    /// FLEET-1: exactly one name, a URI, equal to what the id is written as.
    #[test]
    fn fleet_1_the_name_is_read_structurally() {
        let cluster = ClusterId::fresh(&SystemIds);
        let name = cluster_uri(cluster);
        let read_back = read(&certificate(vec![uri(&name)], None)).unwrap();
        assert_eq!(read_back.cluster, cluster);
        assert!(read_back.serial.len() >= 16 && read_back.not_after.as_millis() > 0);

        let dns = || SanType::DnsName("hub.example.org".try_into().unwrap());
        for (names, common, error) in [
            (vec![], Some(name.as_str()), PeerError::Names(0)),
            (vec![uri(&name), uri(&name)], None, PeerError::Names(2)),
            (vec![uri(&name), dns()], None, PeerError::Names(2)),
            (vec![dns()], Some(name.as_str()), PeerError::OtherKind),
            (vec![SanType::DnsName(name.as_str().try_into().unwrap())], None, PeerError::OtherKind),
            (vec![SanType::Rfc822Name("a@b".try_into().unwrap())], None, PeerError::OtherKind),
        ] {
            assert_eq!(read(&certificate(names.clone(), common)), Err(error), "{names:?}");
        }
        for text in [
            name.to_uppercase(),
            format!("{name}/"),
            format!("{name}#x"),
            format!(" {name}"),
            name.replace("urn:bastide", "URN:bastide"),
            name.replace("cls_", "org_"),
            "urn:bastide:cluster:".to_owned(),
            format!("https://evil.example/{name}"),
        ] {
            assert_eq!(read(&certificate(vec![uri(&text)], None)), Err(PeerError::OtherName(text)));
        }
        assert!(matches!(read(b"nonsense"), Err(PeerError::Unreadable(_))));
        let trailing = [certificate(vec![uri(&name)], None), vec![0]].concat();
        assert!(matches!(read(&trailing), Err(PeerError::Unreadable(_))));
    }
}
