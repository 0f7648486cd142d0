//! Names that people choose, checked when they are made: slugs, display names, e-mail addresses, annotations, and the
//! namespace names that follow from a slug (ORG-1, HIER-3).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::labels;
use crate::limits::{
    ANNOTATION_BYTES_MAX, ANNOTATIONS_MAX, DESCRIPTION_CHARS_MAX, EMAIL_BYTES_MAX, NAME_CHARS_MAX,
    SLUG_CHARS_MAX,
};

/// Prefix of every label and annotation that Bastide owns on a cluster.
pub const LABEL_PREFIX: &str = "bastide.dev";

/// Slugs that would be mistaken for parts of the product or of the web (ORG-1, E-37).
const RESERVED_SLUGS: &[&str] = &[
    "admin",
    "administrator",
    "agent",
    "api",
    "app",
    "assets",
    "audit",
    "auth",
    "bastide",
    "billing",
    "catalog",
    "c",
    "client",
    "clients",
    "cluster",
    "clusters",
    "console",
    "default",
    "docs",
    "healthz",
    "help",
    "hub",
    "login",
    "logout",
    "mail",
    "me",
    "metrics",
    "new",
    "none",
    "o",
    "openapi",
    "organization",
    "organizations",
    "platform",
    "public",
    "readyz",
    "root",
    "security",
    "settings",
    "setup",
    "sign-in",
    "sign-out",
    "sign-up",
    "site",
    "static",
    "status",
    "support",
    "system",
    "v1",
    "well-known",
    "www",
];

/// Namespaces in which clusters usually keep what serves everybody; no organization's namespace may be called so.
const RESERVED_NAMESPACES: &[&str] = &[
    "argocd",
    "calico-system",
    "cert-manager",
    "cilium",
    "default",
    "envoy-gateway-system",
    "flux-system",
    "gateway-system",
    "ingress-nginx",
    "istio-system",
    "linkerd",
    "local-path-storage",
    "metallb-system",
    "monitoring",
    "olm",
    "tigera-operator",
    "traefik",
];

/// What the names of other namespaces that are not for organizations begin with: of Kubernetes, of Bastide itself, of
/// users' sandboxes (FLEET-5), of a distribution.
const RESERVED_PREFIXES: &[&str] = &["bastide-", "kube-", "openshift-", "sandbox-"];

/// Suffixes that derived namespaces carry, so that no base name may end in one.
const RESERVED_SUFFIXES: &[&str] = &["-gw", "-monitoring"];

/// Types that hold a text: shown as it, made from it where it parses.
macro_rules! as_text {
    ($($name:ident)*) => {$(
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    )*};
}
pub(crate) use as_text;

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        as_text!($name);
    };
}

text_type! {
    /// An organization's short name: a DNS label of at most 40 characters that is no reserved word (ORG-1).
    Slug
}
text_type! {
    /// What people read: 1–255 characters of any script, without control characters, trimmed (ORG-1).
    DisplayName
}
text_type! {
    /// A longer text about something: at most 2,000 characters, may be empty.
    Description
}

impl FromStr for Slug {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > SLUG_CHARS_MAX || !labels::is_dns_label(text) {
            return Err(format!(
                "a slug has 1 to {SLUG_CHARS_MAX} characters of a–z, 0–9 and `-`, and begins and ends with a letter or digit"
            ));
        }
        if RESERVED_SLUGS.contains(&text) {
            return Err(format!("the slug `{text}` is reserved; choose another"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl Slug {
    /// A slug made from a display name: letters and digits of ASCII kept, everything else a hyphen (ORG-1). `None`
    /// when nothing usable is left; the caller then asks for a slug.
    pub fn from_name(name: &DisplayName) -> Option<Self> {
        let mut slug = String::new();
        for character in name.as_str().nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        {
            let character = character.to_ascii_lowercase();
            if character.is_ascii_alphanumeric() {
                slug.push(character);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
            if slug.len() >= SLUG_CHARS_MAX {
                break;
            }
        }
        slug.trim_end_matches('-').parse().ok()
    }
}

/// Characters that hide or reorder what follows them: never part of a name.
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

impl FromStr for DisplayName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let text: String = text.trim().nfc().collect();
        let length = text.chars().count();
        if length == 0 || length > NAME_CHARS_MAX || text.chars().any(is_deceptive) {
            return Err(format!(
                "a name has 1 to {NAME_CHARS_MAX} characters and no control or invisible characters"
            ));
        }
        Ok(Self(text))
    }
}

impl FromStr for Description {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let allowed = |c: char| c == '\n' || c == '\t' || !is_deceptive(c);
        if text.chars().count() > DESCRIPTION_CHARS_MAX || !text.chars().all(allowed) {
            return Err(format!(
                "a description has at most {DESCRIPTION_CHARS_MAX} characters and no control characters"
            ));
        }
        Ok(Self(text.trim().to_owned()))
    }
}

/// An e-mail address as it was given, with the one form under which it is unique in a realm (HIER-3, E-10).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email {
    given: String,
    canonical: String,
}

impl Email {
    /// As it was given: mail goes here.
    pub fn as_str(&self) -> &str {
        &self.given
    }

    /// The form that is compared: NFKC, lower case, domain in ASCII (IDNA).
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The domain in ASCII.
    pub fn domain(&self) -> &str {
        self.canonical.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.given)
    }
}

impl FromStr for Email {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{}` is not an e-mail address such as ada@example.org",
                text.chars().take(80).collect::<String>()
            )
        };
        let given = text.trim();
        let folded: String = given.nfkc().flat_map(char::to_lowercase).nfkc().collect();
        let (local, domain) = folded.rsplit_once('@').ok_or_else(wrong)?;
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| wrong())?;
        let local_is_plain = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| !c.is_whitespace() && !is_deceptive(c) && !"@,;:<>()[]\\\"".contains(c));
        let domain_is_plain = domain.contains('.') && domain.split('.').all(labels::is_dns_label);
        if !local_is_plain || !domain_is_plain || given.len() > EMAIL_BYTES_MAX {
            return Err(wrong());
        }
        Ok(Self { given: given.to_owned(), canonical: format!("{local}@{domain}") })
    }
}

impl TryFrom<String> for Email {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.given
    }
}

/// Annotations of an organization, carried by its namespaces (FLEET-5): keys by Kubernetes' rules, none of them
/// Kubernetes' or Bastide's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Annotations(BTreeMap<String, String>);

impl Annotations {
    /// Key and value, in the order of keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeMap<String, String>> for Annotations {
    type Error = String;
    fn try_from(map: BTreeMap<String, String>) -> Result<Self, String> {
        if map.len() > ANNOTATIONS_MAX {
            return Err(format!(
                "at most {ANNOTATIONS_MAX} annotations are allowed; these are {}",
                map.len()
            ));
        }
        if map.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>() > ANNOTATION_BYTES_MAX {
            return Err(format!("annotations may have {ANNOTATION_BYTES_MAX} bytes in all"));
        }
        for (key, value) in &map {
            labels::check_annotation_key(key)?;
            if value.contains('\0') {
                return Err(format!("the value of annotation `{key}` may not contain NUL"));
            }
        }
        Ok(Self(map))
    }
}

impl From<Annotations> for BTreeMap<String, String> {
    fn from(annotations: Annotations) -> Self {
        annotations.0
    }
}

/// The name from which all namespaces of an organization are derived; unique in the platform (ORG-1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NamespaceBase(String);

impl NamespaceBase {
    /// The slug itself where that can serve, or nothing: then a suffix is needed.
    pub fn plain(slug: &Slug) -> Option<Self> {
        let name = slug.as_str();
        let taken = RESERVED_NAMESPACES.contains(&name)
            || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || RESERVED_SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
        (!taken).then(|| Self(name.to_owned()))
    }

    /// The slug with six characters of the organization's own id, which nobody chooses.
    pub fn with_suffix(slug: &Slug, organization: crate::OrganizationId) -> Self {
        let id = organization.to_string();
        let tail: String = id.chars().skip(id.len().saturating_sub(6)).collect();
        Self(format!("{slug}-{tail}"))
    }

    /// As it was stored.
    pub fn from_stored(name: String) -> Self {
        Self(name)
    }

    /// The text: also the name of the organization's main namespace.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Name of the namespace of the organization's gateway.
    pub fn gateway(&self) -> String {
        format!("{}-gw", self.0)
    }
}

impl fmt::Display for NamespaceBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ORG-1: DNS label, at most 40 characters, reserved words refused.
    #[test]
    fn org_1_slugs() {
        for good in ["a", "acme", "acme-2", "0x", &"a".repeat(40)] {
            assert!(good.parse::<Slug>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a.b", "ä", "admin", "www", &"a".repeat(41)] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }

    /// ORG-1: made from the name when absent.
    #[test]
    fn org_1_slug_from_name() {
        let slug = |name: &str| Slug::from_name(&name.parse().unwrap()).map(String::from);
        assert_eq!(slug("Acme Corp"), Some("acme-corp".into()));
        assert_eq!(slug("  Crédit — Agricole! "), Some("credit-agricole".into()));
        assert_eq!(slug("東京"), None);
        assert_eq!(slug("Admin"), None);
        assert_eq!(slug(&"x y".repeat(40)).map(|s| s.len() <= 40), Some(true));
    }

    /// HIER-3, E-10: one canonical form; E-09: no lists, no line breaks.
    #[test]
    fn hier_3_e_10_emails() {
        let canonical = |text: &str| text.parse::<Email>().map(|e| e.canonical().to_owned());
        assert_eq!(canonical(" Ada@Example.ORG "), Ok("ada@example.org".into()));
        assert_eq!(canonical("\u{212A}im@example.org"), Ok("kim@example.org".into()));
        assert_eq!(canonical("ﬁ@example.org"), Ok("fi@example.org".into()));
        assert_eq!(canonical("e\u{301}@bücher.example"), Ok("é@xn--bcher-kva.example".into()));
        for bad in [
            "",
            "a",
            "a@",
            "@b.c",
            "a@b",
            "a@b@c.d",
            "a@x.y,b@x.y",
            "a@x.y\nBcc: b@x.y",
            "a b@x.y",
            "a@.x.y",
            "a@x..y",
        ] {
            assert!(canonical(bad).is_err(), "{bad:?}");
        }
    }

    /// ORG-1: derived names can never collide with another organization's.
    #[test]
    fn org_1_namespace_bases() {
        let plain = |slug: &str| NamespaceBase::plain(&slug.parse().unwrap()).is_some();
        assert!(plain("acme"));
        for taken in [
            "bastide-gateway",
            "cert-manager",
            "acme-gw",
            "acme-monitoring",
            "kube-system",
            "sandbox-1",
            "bastide-system",
        ] {
            assert!(!plain(taken), "{taken}");
        }
        let id = crate::OrganizationId::from_uuid(uuid::Uuid::from_u128(7));
        let base = NamespaceBase::with_suffix(&"acme-gw".parse().unwrap(), id);
        assert_eq!(base.as_str(), "acme-gw-000007");
        assert_eq!(base.gateway(), "acme-gw-000007-gw");
    }

    #[test]
    fn annotations_are_neither_kubernetes_nor_ours() {
        let one = |key: &str| Annotations::try_from(BTreeMap::from([(key.to_owned(), "v".to_owned())]));
        assert!(one("example.org/cost-centre").is_ok());
        assert!(one("team").is_ok());
        for bad in ["kubernetes.io/x", "a.k8s.io/x", "bastide.dev/organization", "", "a/b/c", "-x", "x y"] {
            assert!(one(bad).is_err(), "{bad}");
        }
    }
    #[test]
    fn annotations_are_as_many_and_as_long_as_allowed() {
        let many = |number: usize| (0..number).map(|at| (format!("key-{at}"), String::new())).collect();
        assert!(Annotations::try_from(BTreeMap::from_iter::<Vec<_>>(many(ANNOTATIONS_MAX))).is_ok());
        assert!(Annotations::try_from(BTreeMap::from_iter::<Vec<_>>(many(ANNOTATIONS_MAX + 1))).is_err());
        let long = |bytes: usize| BTreeMap::from([("key".to_owned(), "v".repeat(bytes - "key".len()))]);
        let longest = Annotations::try_from(long(ANNOTATION_BYTES_MAX)).unwrap();
        assert_eq!(BTreeMap::from(longest), long(ANNOTATION_BYTES_MAX));
        assert!(Annotations::try_from(long(ANNOTATION_BYTES_MAX + 1)).is_err());
        let nul = BTreeMap::from([("key".to_owned(), "a\0b".to_owned())]);
        assert!(Annotations::try_from(nul).is_err());
    }
}
