//! What an organization should be on a cluster, as values (FLEET-5, FLEET-6). From placements to desired sets; how a set
//! becomes Kubernetes objects is `bastide_kube::render`.

use serde::{Deserialize, Serialize};

use crate::cluster::Condition;
use crate::gateway::{GatewayChoice, GatewayConfiguration, GatewaySpec};
use crate::host_name::HostSuffix;
use crate::labels::NodePool;
use crate::names::{Annotations, DisplayName, NamespaceBase, Slug};
use crate::organization::{Organization, OrganizationState};
use crate::plan::{ComputeLimits, NetworkIsolation, Plan};
use crate::role::words;
use crate::{ClusterId, OrganizationId, RealmId, Timestamp};

/// That an organization runs on a cluster, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// Which organization.
    pub organization: OrganizationId,
    /// On which cluster.
    pub cluster: ClusterId,
    /// The nodes its pods are bound to, or any.
    pub node_pool: Option<NodePool>,
    /// Its gateway.
    pub gateway: GatewayChoice,
    /// When it was placed.
    pub created_at: Timestamp,
    /// That it is being taken off the cluster, and how; the placement ends when the cluster says that it is done.
    pub leaving: Option<Leaving>,
}

/// How an organization leaves a cluster (FLEET-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaving {
    /// Everything of it is removed there.
    Remove,
    /// Everything of it stays there and belongs to whoever administers the cluster: Bastide lets go of it.
    Release,
}

impl Leaving {
    /// The word in text and storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Remove => "remove",
            Self::Release => "release",
        }
    }
}

words!(Leaving, "a way to leave a cluster", Leaving::Remove, Leaving::Release);

/// What the hub wants to be on a cluster for one organization. It is complete: the agent needs nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredOrganization {
    /// Which organization; in every label.
    pub organization: OrganizationId,
    /// Its realm; in every label.
    pub realm: RealmId,
    /// Its slug, for people.
    pub slug: Slug,
    /// Its name, for people.
    pub name: DisplayName,
    /// From which its namespaces are named.
    pub namespace_base: NamespaceBase,
    /// Carried by its namespaces.
    pub annotations: Annotations,
    /// How it is closed on the network.
    pub isolation: NetworkIsolation,
    /// What it may use.
    pub compute: ComputeLimits,
    /// The nodes its pods are bound to, or any.
    pub node_pool: Option<NodePool>,
    /// Its own gateway, or the shared one.
    pub gateway: DesiredGateway,
    /// Bastide lets go of all of it: it stays, but nothing of it carries our labels or is locked any more. An agent that
    /// does not know this leaves everything as it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub released: bool,
    /// The host names under which its routes may serve, with all beneath them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_names: Vec<HostSuffix>,
}

/// Which gateway, with all that is needed to make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DesiredGateway {
    /// The cluster's own, which its administrators make.
    Shared,
    /// The one that Bastide makes on the cluster for all who share it. It is there while any organization's set says so,
    /// as the newest of these sets says.
    Common(GatewaySpec),
    /// Its own.
    Dedicated {
        /// Name of the `Gateway` object.
        name: String,
        /// What it is made of.
        #[serde(flatten)]
        spec: GatewaySpec,
    },
}

/// One unit of work for a cluster: what should be there for one organization, or that nothing should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredSet {
    /// Which organization; the key of the set on its cluster.
    pub organization: OrganizationId,
    /// Grows with every change on the cluster; an older one never replaces a newer one.
    pub generation: i64,
    /// What should be there; nothing means that all of it goes.
    pub content: Option<DesiredOrganization>,
}

impl DesiredSet {
    /// Whether nothing of Bastide's is to be left: all of it goes, or all of it is let go.
    pub fn wants_nothing(&self) -> bool {
        self.content.as_ref().is_none_or(|content| content.released)
    }
}

/// How far a cluster has come with a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedSet {
    /// Which organization.
    pub organization: OrganizationId,
    /// Which generation was looked at.
    pub observed_generation: i64,
    /// Whether the set wanted nothing and nothing of Bastide's is left.
    pub removed: bool,
    /// `Applied`, `Ready` and so on.
    pub conditions: Vec<Condition>,
    /// What is there, object by object.
    pub objects: Vec<ReportedObject>,
}

/// One object of ours on a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedObject {
    /// `apps/v1`, `v1` and so on.
    pub api_version: String,
    /// `Namespace` and so on.
    pub kind: String,
    /// Its namespace; empty when it has none.
    #[serde(default)]
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether it is as it should be.
    pub ready: bool,
    /// Why, as a sentence; empty when all is well.
    #[serde(default)]
    pub message: String,
}

/// Everything that is known of one placed organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedOrganization {
    /// The organization.
    pub organization: Organization,
    /// Its plan.
    pub plan: Plan,
    /// Where and how it is placed.
    pub placement: Placement,
    /// The configuration of its gateway: its own, or the one that organizations of the cluster share, if there is any.
    pub gateway_configuration: Option<GatewayConfiguration>,
    /// The host names that it owns.
    pub host_names: Vec<HostSuffix>,
}

/// What should be on the cluster for each placed organization, in the order of organizations: an organization that is
/// being deleted should be gone, and so should one that leaves the cluster, unless it is left there (FLEET-6, ORG-8).
pub fn desired_for(placed: &[PlacedOrganization]) -> Vec<(OrganizationId, Option<DesiredOrganization>)> {
    let mut sets: Vec<_> = placed
        .iter()
        .map(|one| {
            let wanted = match one.placement.leaving {
                None => one.organization.state == OrganizationState::Active,
                Some(Leaving::Remove) => false,
                Some(Leaving::Release) => true,
            };
            (one.organization.id, wanted.then(|| desired_organization(one)))
        })
        .collect();
    sets.sort_by_key(|(organization, _)| *organization);
    sets
}

fn desired_organization(placed: &PlacedOrganization) -> DesiredOrganization {
    let organization = &placed.organization;
    let configured = placed.gateway_configuration.as_ref().map(|configuration| configuration.spec.clone());
    let gateway = match (&placed.placement.gateway, configured) {
        (_, None) => DesiredGateway::Shared,
        (GatewayChoice::Shared, Some(spec)) => DesiredGateway::Common(spec),
        (GatewayChoice::Dedicated { .. }, Some(spec)) => {
            DesiredGateway::Dedicated { name: organization.namespace_base.gateway(), spec }
        }
    };
    DesiredOrganization {
        organization: organization.id,
        realm: organization.realm,
        slug: organization.slug.clone(),
        name: organization.name.clone(),
        namespace_base: organization.namespace_base.clone(),
        annotations: organization.annotations.clone(),
        isolation: placed.plan.limits.isolation,
        compute: placed.plan.limits.compute,
        node_pool: placed.placement.node_pool.clone(),
        gateway,
        released: placed.placement.leaving == Some(Leaving::Release),
        host_names: placed.host_names.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// FLEET-6: what was stored by an earlier release is what is stored now, so that nothing changes by an update.
    #[test]
    fn fleet_6_stored_gateways_stay_as_they_are() {
        let listener = json!({ "name": "web", "port": 80, "protocol": "HTTP" });
        for stored in [
            json!({ "kind": "shared" }),
            json!({ "kind": "dedicated", "name": "acme-gw", "class": "edge", "listeners": [listener] }),
        ] {
            let read: DesiredGateway = serde_json::from_value(stored.clone()).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), stored);
        }
    }
}
