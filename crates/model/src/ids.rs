//! Typed ids. In text an id is a prefix that names its kind, an underscore, and 26 characters of Crockford base 32:
//! opaque, sortable by creation, never reused.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::time::Ids;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Text that is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id of the form {prefix}_…")]
pub struct IdError {
    prefix: &'static str,
    text: String,
}

fn encode(prefix: &str, id: Uuid) -> String {
    let value = id.as_u128();
    let digits = (0..26u32).rev().map(|place| {
        let digit = (value >> (5 * place)) & 31;
        ALPHABET.get(usize::try_from(digit).unwrap_or(0)).map_or('0', |&byte| char::from(byte))
    });
    format!("{prefix}_{}", digits.collect::<String>())
}

/// Reads what [`encode`] writes, and nothing else: one id has one text.
fn decode(prefix: &'static str, text: &str) -> Result<Uuid, IdError> {
    let parse = || {
        let digits = text.strip_prefix(prefix)?.strip_prefix('_')?;
        if digits.len() != 26 || digits.as_bytes().first()? > &b'7' {
            return None;
        }
        digits.bytes().try_fold(0u128, |value, byte| {
            let digit = ALPHABET.iter().position(|&known| known == byte)?;
            Some((value << 5) | u128::try_from(digit).ok()?)
        })
    };
    parse().map(Uuid::from_u128).ok_or_else(|| IdError { prefix, text: text.chars().take(64).collect() })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What its text begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id.
            pub fn fresh(ids: &dyn Ids) -> Self {
                Self(ids.fresh())
            }

            /// From its bare UUID, as the database keeps it.
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// Its bare UUID, as the database keeps it.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&encode($prefix, self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                decode($prefix, text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A realm: a client (white label), or the platform itself ([`RealmId::PLATFORM`]). HIER-3.
    RealmId = "rlm";
    /// An organization.
    OrganizationId = "org";
    /// A person's account in one realm.
    UserId = "usr";
    /// A role given to a user at one organization.
    AssignmentId = "asg";
    /// A custom role.
    RoleId = "rol";
    /// A team.
    TeamId = "tea";
    /// A project.
    ProjectId = "prj";
    /// A plan.
    PlanId = "pln";
    /// A hub: the management plane that spokes belong to.
    HubId = "hub";
    /// A cluster, from its first request to join on.
    ClusterId = "cls";
    /// A join token.
    JoinTokenId = "jnt";
    /// A gateway configuration.
    GatewayConfigurationId = "gwc";
    /// A signed-in session.
    SessionId = "ses";
    /// A personal token.
    TokenId = "tok";
    /// An audit record.
    AuditId = "aud";
    /// A message in the outbox.
    OutboxId = "out";
    /// One request, for logs and audit.
    RequestId = "req";
}

impl RealmId {
    /// The platform itself, the realm of whoever belongs to no client.
    pub const PLATFORM: Self = Self(Uuid::nil());
}

impl AuditId {
    /// The id of a further record of the same change, in another log, by its number from 1 to 7: the same but for its last,
    /// random bits.
    pub const fn twin(self, number: u8) -> Self {
        Self(Uuid::from_u128(self.0.as_u128() ^ (number & 7) as u128))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemIds;

    #[test]
    fn one_id_has_one_text() {
        let id = OrganizationId::fresh(&SystemIds);
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.len(), 4 + 26);
        for wrong in [
            text.to_uppercase(),
            text.replace("org_", "usr_"),
            format!("{text}0"),
            text[..29].to_owned(),
            "org_".to_owned() + &"z".repeat(26),
            String::new(),
        ] {
            assert!(wrong.parse::<OrganizationId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_twin_differs_and_is_of_the_same_kind_and_moment() {
        for _ in 0..50 {
            let id = AuditId::fresh(&SystemIds);
            let twins: std::collections::BTreeSet<_> = (1..=7).map(|number| id.twin(number)).collect();
            assert_eq!((twins.len(), twins.contains(&id)), (7, false), "each is another");
            let twin = id.twin(7);
            assert_eq!(twin.twin(7), id, "each is the other's");
            assert_eq!(
                (twin.uuid().get_version_num(), twin.uuid().get_variant()),
                (7, uuid::Variant::RFC4122)
            );
            // All but the last byte, the time and what counts within it among them.
            assert_eq!(twin.uuid().as_bytes()[..15], id.uuid().as_bytes()[..15]);
        }
    }

    #[test]
    fn text_sorts_as_ids_do() {
        let ids: Vec<_> = (0..50).map(|_| UserId::fresh(&SystemIds)).collect();
        let mut texts: Vec<_> = ids.iter().map(ToString::to_string).collect();
        texts.sort();
        let mut sorted = ids;
        sorted.sort();
        assert_eq!(texts, sorted.iter().map(ToString::to_string).collect::<Vec<_>>());
    }
}
