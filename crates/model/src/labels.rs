//! Kubernetes' own rules for names, labels and tolerations (FLEET-7), so that what the hub accepts the cluster accepts.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::limits::{NODE_POOL_LABELS_MAX, NODE_POOL_TOLERATIONS_MAX};
use crate::names::LABEL_PREFIX;

/// Whether a text is a DNS label (RFC 1123): 1–63 of a–z, 0–9 and `-`, not at either end.
pub fn is_dns_label(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| plain(byte) || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// 1–63 of letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit.
fn is_name_part(text: &str) -> bool {
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
        && ends(bytes.first())
        && ends(bytes.last())
}

/// Checks a qualified name: an optional DNS subdomain and `/`, then a name part.
///
/// # Errors
/// A sentence that says what is allowed.
pub fn check_key(key: &str) -> Result<(), String> {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let prefix_is_plain =
        prefix.is_none_or(|prefix| prefix.len() <= 253 && prefix.split('.').all(is_dns_label));
    if prefix_is_plain && is_name_part(name) {
        return Ok(());
    }
    Err(format!(
        "`{key}` is not a key: an optional DNS name and `/`, then 1 to 63 letters, digits, `-`, `_` or `.`, with a letter or digit at both ends"
    ))
}

/// Checks the key of an annotation or label that a user gives: a qualified name outside the prefixes of Kubernetes and
/// of Bastide.
///
/// # Errors
/// A sentence that says what is allowed.
pub fn check_annotation_key(key: &str) -> Result<(), String> {
    check_key(key)?;
    let prefix = key.split_once('/').map_or("", |(prefix, _)| prefix).to_ascii_lowercase();
    let owned = |domain: &str| prefix == domain || prefix.ends_with(&format!(".{domain}"));
    if ["kubernetes.io", "k8s.io", LABEL_PREFIX].into_iter().any(owned) {
        return Err(format!(
            "`{key}` has a prefix that belongs to Kubernetes or to Bastide; use your own domain"
        ));
    }
    Ok(())
}

/// Checks a label's value: empty, or 1–63 of letters, digits, `-`, `_` and `.`.
///
/// # Errors
/// A sentence that says what is allowed.
pub fn check_value(value: &str) -> Result<(), String> {
    if value.is_empty() || is_name_part(value) {
        return Ok(());
    }
    Err(format!(
        "`{value}` is not a label value: at most 63 letters, digits, `-`, `_` or `.`, with a letter or digit at both ends"
    ))
}

/// How a toleration compares (FLEET-7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TolerationOperator {
    /// Key and value are the taint's.
    Equal,
    /// The key is the taint's; a value is not allowed.
    Exists,
}

/// Which effect of a taint is tolerated (FLEET-7); no effect means every effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TaintEffect {
    /// Pods are not placed.
    NoSchedule,
    /// Pods are placed elsewhere if possible.
    PreferNoSchedule,
    /// Pods are not placed and running ones are evicted.
    NoExecute,
}

/// One toleration of a node pool.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Toleration {
    /// The taint's key; never empty here, because an empty key would tolerate every taint of every pool.
    pub key: String,
    /// How it compares.
    pub operator: TolerationOperator,
    /// The taint's value; empty with [`TolerationOperator::Exists`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// The effect, or every effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<TaintEffect>,
}

impl Toleration {
    fn check(&self) -> Result<(), String> {
        if self.key.is_empty() {
            return Err("a toleration needs a key: without one it would tolerate every taint".into());
        }
        check_key(&self.key)?;
        match self.operator {
            TolerationOperator::Exists if !self.value.is_empty() => Err(format!(
                "the toleration of `{}` has the operator Exists and so may not have a value",
                self.key
            )),
            _ => check_value(&self.value),
        }
    }
}

/// Reads `key=value:Effect`, `key:Effect`, `key=value` or `key`, as `kubectl taint` writes taints.
impl FromStr for Toleration {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (rest, effect) = match text.rsplit_once(':') {
            None => (text, None),
            Some((rest, "NoSchedule")) => (rest, Some(TaintEffect::NoSchedule)),
            Some((rest, "PreferNoSchedule")) => (rest, Some(TaintEffect::PreferNoSchedule)),
            Some((rest, "NoExecute")) => (rest, Some(TaintEffect::NoExecute)),
            Some((_, other)) => {
                return Err(format!(
                    "`{other}` is not an effect: NoSchedule, PreferNoSchedule, NoExecute or none"
                ));
            }
        };
        let toleration = match rest.split_once('=') {
            Some((key, value)) => {
                Self { key: key.into(), operator: TolerationOperator::Equal, value: value.into(), effect }
            }
            None => {
                Self { key: rest.into(), operator: TolerationOperator::Exists, value: String::new(), effect }
            }
        };
        toleration.check()?;
        Ok(toleration)
    }
}

impl std::fmt::Display for Toleration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.key)?;
        if self.operator == TolerationOperator::Equal {
            write!(f, "={}", self.value)?;
        }
        self.effect.map_or(Ok(()), |effect| write!(f, ":{effect:?}"))
    }
}

/// Nodes that an organization's pods are bound to (FLEET-4, FLEET-7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "NodePoolParts", into = "NodePoolParts")]
pub struct NodePool {
    labels: BTreeMap<String, String>,
    tolerations: Vec<Toleration>,
}

/// A node pool before it is checked, and as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodePoolParts {
    /// Labels that a node must have.
    pub labels: BTreeMap<String, String>,
    /// Taints that the pods tolerate.
    #[serde(default)]
    pub tolerations: Vec<Toleration>,
}

impl NodePool {
    /// Labels that a node must have; at least one.
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    /// Taints that the pods tolerate.
    pub fn tolerations(&self) -> &[Toleration] {
        &self.tolerations
    }
}

impl TryFrom<NodePoolParts> for NodePool {
    type Error = String;
    fn try_from(parts: NodePoolParts) -> Result<Self, String> {
        if parts.labels.is_empty() {
            return Err("a node pool needs at least one label that its nodes have".into());
        }
        if parts.labels.len() > NODE_POOL_LABELS_MAX || parts.tolerations.len() > NODE_POOL_TOLERATIONS_MAX {
            return Err(format!(
                "a node pool has at most {NODE_POOL_LABELS_MAX} labels and {NODE_POOL_TOLERATIONS_MAX} tolerations"
            ));
        }
        for (key, value) in &parts.labels {
            check_key(key)?;
            check_value(value)?;
        }
        parts.tolerations.iter().try_for_each(Toleration::check)?;
        Ok(Self { labels: parts.labels, tolerations: parts.tolerations })
    }
}

impl From<NodePool> for NodePoolParts {
    fn from(pool: NodePool) -> Self {
        Self { labels: pool.labels, tolerations: pool.tolerations }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FLEET-7: labels and tolerations by Kubernetes' own rules.
    #[test]
    fn fleet_7_tolerations() {
        for good in [
            "pool=gold:NoSchedule",
            "pool:NoExecute",
            "a.b/pool=x:PreferNoSchedule",
            "pool",
            "pool=:NoSchedule",
        ] {
            assert_eq!(good.parse::<Toleration>().unwrap().to_string(), good);
        }
        for bad in ["", "=x", ":NoSchedule", "pool=gold:Never", "po ol", "pool=a b", "/pool", "a/b/c"] {
            assert!(bad.parse::<Toleration>().is_err(), "{bad}");
        }
        let exists_with_value = Toleration {
            key: "k".into(),
            operator: TolerationOperator::Exists,
            value: "v".into(),
            effect: None,
        };
        assert!(exists_with_value.check().unwrap_err().contains("Exists"));
    }

    #[test]
    fn fleet_7_a_pool_needs_a_label() {
        assert!(NodePool::try_from(NodePoolParts::default()).unwrap_err().contains("at least one label"));
        let labels = BTreeMap::from([("pool".to_owned(), "gold".to_owned())]);
        assert!(NodePool::try_from(NodePoolParts { labels, tolerations: Vec::new() }).is_ok());
        let labels = BTreeMap::from([("pool".to_owned(), "-gold".to_owned())]);
        assert!(NodePool::try_from(NodePoolParts { labels, tolerations: Vec::new() }).is_err());
    }
}
