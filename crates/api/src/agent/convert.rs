//! Between the words of the protocol and those of the domain. Text that does not parse is refused with the field's name.

use std::str::FromStr;

use bastide_model as model;
use model::cluster as domain;
use model::host_name::HostSuffix;
use model::labels::{NodePool, NodePoolParts, Toleration};
use model::limits::{
    REPORTED_ITEMS_MAX, REPORTED_OBJECTS_MAX, REPORTED_TEXT_CHARS_MAX, REPORTED_WORD_CHARS_MAX,
};
use model::placement::{DesiredGateway, DesiredOrganization, DesiredSet, ReportedObject, ReportedSet};
use model::plan::ComputeLimits;
use model::{Error, Timestamp};

use super::{Capability, Condition, Content, Facts, Gateway, ObjectStatus, Set, SetStatus, SharedGateway};

pub(super) fn parse<T: FromStr>(field: &str, text: &str) -> Result<T, Error>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| Error::field(format!("/{field}"), error.to_string()))
}

/// A word of an agent's: a name, a version, a reason.
fn word(field: &str, text: String) -> Result<String, Error> {
    if text.chars().count() > REPORTED_WORD_CHARS_MAX {
        let problem = format!("at most {REPORTED_WORD_CHARS_MAX} characters are allowed");
        return Err(Error::field(format!("/{field}"), problem));
    }
    Ok(text)
}

/// A sentence of an agent's, cut where it is longer than anybody reads: what went wrong may come from somewhere else and is
/// no reason to refuse what was reported.
fn sentence(text: String) -> String {
    match text.char_indices().nth(REPORTED_TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// So many are reported and no more: everybody who looks at a cluster reads them.
fn at_most<T>(field: &str, items: Vec<T>, allowed: usize) -> Result<Vec<T>, Error> {
    if items.len() > allowed {
        let problem = format!("at most {allowed} are allowed; these are {}", items.len());
        return Err(Error::field(format!("/{field}"), problem));
    }
    Ok(items)
}

impl Facts {
    /// The domain's facts.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming what is too long or too many.
    pub fn parse(self) -> Result<domain::ClusterFacts, Error> {
        let capability = |c: Capability| {
            Ok(domain::Capability {
                name: word("facts/capabilities/name", c.name)?,
                available: c.available,
                reason: sentence(c.reason),
            })
        };
        let capabilities = at_most("facts/capabilities", self.capabilities, REPORTED_ITEMS_MAX)?;
        let authorities = at_most("facts/authorities", self.authorities, REPORTED_ITEMS_MAX)?;
        Ok(domain::ClusterFacts {
            kubernetes_version: word("facts/kubernetes_version", self.kubernetes_version)?,
            agent_version: word("facts/agent_version", self.agent_version)?,
            nodes: self.nodes,
            nodes_ready: self.nodes_ready,
            capabilities: capabilities.into_iter().map(capability).collect::<Result<_, Error>>()?,
            network_plugin: word("facts/network_plugin", self.network_plugin)?,
            authorities: authorities
                .into_iter()
                .map(|one| word("facts/authorities", one))
                .collect::<Result<_, Error>>()?,
        })
    }
}

/// The conditions of one thing, as of `at`.
///
/// # Errors
/// [`Error::Invalid`] when there are too many, or one is none.
pub fn parse_conditions(conditions: Vec<Condition>, at: Timestamp) -> Result<Vec<domain::Condition>, Error> {
    at_most("conditions", conditions, REPORTED_ITEMS_MAX)?.into_iter().map(|one| one.parse(at)).collect()
}

/// A node pool as written on the wire.
pub(crate) fn node_pool_to_wire(pool: &NodePool) -> crate::organizations::NodePool {
    crate::organizations::NodePool {
        labels: pool.labels().clone(),
        tolerations: pool.tolerations().iter().map(ToString::to_string).collect(),
    }
}

impl crate::organizations::NodePool {
    /// The domain's node pool.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming `labels` or the toleration beneath `pointer`.
    pub fn parse(&self, pointer: &str) -> Result<NodePool, Error> {
        let mut tolerations = Vec::with_capacity(self.tolerations.len());
        for (index, text) in self.tolerations.iter().enumerate() {
            let toleration: Toleration = text
                .parse()
                .map_err(|error: String| Error::field(format!("{pointer}/tolerations/{index}"), error))?;
            tolerations.push(toleration);
        }
        NodePool::try_from(NodePoolParts { labels: self.labels.clone(), tolerations })
            .map_err(|error| Error::field(format!("{pointer}/labels"), error))
    }
}

impl From<&NodePool> for crate::organizations::NodePool {
    fn from(pool: &NodePool) -> Self {
        node_pool_to_wire(pool)
    }
}

impl From<DesiredOrganization> for Content {
    fn from(wanted: DesiredOrganization) -> Self {
        let (gateway, shared_gateway) = match &wanted.gateway {
            DesiredGateway::Shared => (None, None),
            DesiredGateway::Common(spec) => (None, Some(SharedGateway::from(spec))),
            DesiredGateway::Dedicated { name, spec } => (Some(Gateway::new(name, spec)), None),
        };
        Self {
            realm: wanted.realm.to_string(),
            slug: wanted.slug.into(),
            name: wanted.name.into(),
            namespace_base: wanted.namespace_base.to_string(),
            annotations: wanted.annotations.into(),
            isolation: wanted.isolation.to_string(),
            cpu_millis: wanted.compute.cpu_millis,
            memory_mib: wanted.compute.memory_mib,
            storage_gib: wanted.compute.storage_gib,
            pods: wanted.compute.pods,
            services: wanted.compute.services,
            node_pool: wanted.node_pool.as_ref().map(node_pool_to_wire),
            gateway,
            released: wanted.released,
            shared_gateway,
            host_names: wanted.host_names.into_iter().map(String::from).collect(),
        }
    }
}

impl Content {
    fn parse(self, organization: model::OrganizationId) -> Result<DesiredOrganization, Error> {
        let gateway = match (self.gateway, self.shared_gateway) {
            (Some(own), _) => {
                let (name, spec) = own.parse()?;
                DesiredGateway::Dedicated { name, spec }
            }
            (None, Some(shared)) => DesiredGateway::Common(shared.parse()?),
            (None, None) => DesiredGateway::Shared,
        };
        let host_names = self.host_names.iter().map(|name| parse::<HostSuffix>("host_names", name));
        Ok(DesiredOrganization {
            organization,
            realm: parse("realm", &self.realm)?,
            slug: parse("slug", &self.slug)?,
            name: parse("name", &self.name)?,
            namespace_base: model::names::NamespaceBase::from_stored(self.namespace_base),
            annotations: self
                .annotations
                .try_into()
                .map_err(|error: String| Error::field("/annotations", error))?,
            isolation: parse("isolation", &self.isolation)?,
            compute: ComputeLimits {
                cpu_millis: self.cpu_millis,
                memory_mib: self.memory_mib,
                storage_gib: self.storage_gib,
                pods: self.pods,
                services: self.services,
            },
            node_pool: self.node_pool.map(|pool| pool.parse("/node_pool")).transpose()?,
            gateway,
            released: self.released,
            host_names: host_names.collect::<Result<_, Error>>()?,
        })
    }
}

impl From<DesiredSet> for Set {
    fn from(set: DesiredSet) -> Self {
        Self {
            organization: set.organization.to_string(),
            generation: set.generation,
            content: set.content.map(Content::from),
        }
    }
}

impl TryFrom<Set> for DesiredSet {
    type Error = Error;
    fn try_from(set: Set) -> Result<Self, Error> {
        let organization = parse("organization", &set.organization)?;
        let content = set.content.map(|content| content.parse(organization)).transpose()?;
        Ok(Self { organization, generation: set.generation, content })
    }
}

impl From<domain::Condition> for Condition {
    fn from(condition: domain::Condition) -> Self {
        Self {
            kind: condition.kind,
            status: condition.status.to_string(),
            reason: condition.reason,
            message: condition.message,
            observed_generation: condition.observed_generation,
        }
    }
}

impl Condition {
    /// The domain's condition, as of `at`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a status that is none, and for a word that is too long.
    pub fn parse(self, at: Timestamp) -> Result<domain::Condition, Error> {
        Ok(domain::Condition {
            status: parse("conditions/status", &self.status)?,
            kind: word("conditions/kind", self.kind)?,
            reason: word("conditions/reason", self.reason)?,
            message: sentence(self.message),
            observed_generation: self.observed_generation,
            last_transition: at,
        })
    }
}

impl From<ReportedSet> for SetStatus {
    fn from(report: ReportedSet) -> Self {
        Self {
            organization: report.organization.to_string(),
            observed_generation: report.observed_generation,
            removed: report.removed,
            conditions: report.conditions.into_iter().map(Condition::from).collect(),
            objects: report
                .objects
                .into_iter()
                .map(|o| ObjectStatus {
                    api_version: o.api_version,
                    kind: o.kind,
                    namespace: o.namespace,
                    name: o.name,
                    ready: o.ready,
                    message: o.message,
                })
                .collect(),
        }
    }
}

impl SetStatus {
    /// The domain's report, as of `at`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an id or a status that is none, and for what is too long or too many.
    pub fn parse(self, at: Timestamp) -> Result<ReportedSet, Error> {
        Ok(ReportedSet {
            organization: parse("organization", &self.organization)?,
            observed_generation: self.observed_generation,
            removed: self.removed,
            conditions: parse_conditions(self.conditions, at)?,
            objects: at_most("objects", self.objects, REPORTED_OBJECTS_MAX)?
                .into_iter()
                .map(ObjectStatus::parse)
                .collect::<Result<_, Error>>()?,
        })
    }
}

impl ObjectStatus {
    fn parse(self) -> Result<ReportedObject, Error> {
        Ok(ReportedObject {
            api_version: word("objects/api_version", self.api_version)?,
            kind: word("objects/kind", self.kind)?,
            namespace: word("objects/namespace", self.namespace)?,
            name: word("objects/name", self.name)?,
            ready: self.ready,
            message: sentence(self.message),
        })
    }
}
