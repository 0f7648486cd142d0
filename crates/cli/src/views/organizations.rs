//! Organizations, members, placements.

use bastide_api::organizations::{
    GatewayChoice, NodePool, OrganizationView, PlacementView, PublicOrganizationView, ResourceView,
};

use super::{CONDITION_HEADERS, condition_row, named, optional, yes};
use crate::output::{Detailed, Details, Listed, Named};

named! {
    OrganizationView = slug;
    PublicOrganizationView = slug;
    PlacementView = cluster_name;
    ResourceView = name;
}

impl Listed for OrganizationView {
    const HEADERS: &'static [&'static str] = &["SLUG", "NAME", "KIND", "PLAN", "STATE", "ROLE", "CREATED"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.slug.clone(),
            self.name.clone(),
            self.kind.clone(),
            self.plan.clone(),
            self.state.clone(),
            optional(self.role.as_ref()),
            self.created_at.clone(),
        ]
    }
}

impl Detailed for OrganizationView {
    fn details(&self) -> Details {
        let annotations: Vec<_> =
            self.annotations.iter().map(|(key, value)| format!("{key}={value}")).collect();
        Details::default()
            .field("Slug", &self.slug)
            .field("Name", &self.name)
            .optional("Description", Some(&self.description).filter(|text| !text.is_empty()))
            .field("Id", &self.id)
            .field("Kind", &self.kind)
            .field("Visibility", &self.visibility)
            .optional("Parent", self.parent.as_ref())
            .field("Plan", &self.plan)
            .field("State", &self.state)
            .field("Namespace base", &self.namespace_base)
            .several("Annotations", &annotations)
            .several("Host names", &self.host_names)
            .optional("Your role", self.role.as_ref())
            .several("You may", &self.actions)
            .field("Created", &self.created_at)
            .field("ETag", &self.etag)
    }
}

impl Listed for PublicOrganizationView {
    const HEADERS: &'static [&'static str] = &["SLUG", "NAME", "DESCRIPTION"];
    fn cells(&self) -> Vec<String> {
        vec![self.slug.clone(), self.name.clone(), self.description.clone()]
    }
}

impl Detailed for PublicOrganizationView {
    fn details(&self) -> Details {
        Details::default()
            .field("Slug", &self.slug)
            .field("Name", &self.name)
            .optional("Description", Some(&self.description).filter(|text| !text.is_empty()))
            .field("Id", &self.id)
    }
}

impl Listed for PlacementView {
    const HEADERS: &'static [&'static str] = &[
        "CLUSTER",
        "AVAILABILITY",
        "STATE",
        "READY",
        "GENERATION",
        "OBSERVED",
        "NODE POOL",
        "GATEWAY",
        "NAMESPACES",
    ];
    fn cells(&self) -> Vec<String> {
        let ready = self.conditions.iter().find(|condition| condition.kind == "Ready");
        vec![
            self.cluster_name.clone(),
            self.availability.clone(),
            state(self).to_owned(),
            ready.map_or_else(|| "Unknown".to_owned(), |condition| condition.status.clone()),
            self.generation.to_string(),
            self.observed_generation.to_string(),
            self.node_pool.as_ref().map(node_pool).unwrap_or_default(),
            gateway(&self.gateway),
            self.namespaces.join(","),
        ]
    }
}

impl Listed for ResourceView {
    const HEADERS: &'static [&'static str] = &["CLUSTER", "KIND", "NAMESPACE", "NAME", "READY", "MESSAGE"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.cluster_name.clone(),
            self.kind.clone(),
            self.namespace.clone(),
            self.name.clone(),
            yes(self.ready),
            self.message.clone(),
        ]
    }
}

impl Detailed for PlacementView {
    fn details(&self) -> Details {
        Details::default()
            .field("Cluster", format!("{} ({})", self.cluster_name, self.cluster))
            .field("Availability", &self.availability)
            .optional("Last heartbeat", self.last_heartbeat_at.as_ref())
            .optional("Node pool", self.node_pool.as_ref().map(node_pool))
            .field("Gateway", gateway(&self.gateway))
            .optional("Leaving", self.leaving.as_deref().map(leaving))
            .several("Namespaces", &self.namespaces)
            .field("Generation", format!("{} wanted, {} observed", self.generation, self.observed_generation))
            .table("Conditions", CONDITION_HEADERS, self.conditions.iter().map(condition_row))
            .table(
                "Objects",
                &["KIND", "NAMESPACE", "NAME", "READY", "MESSAGE"],
                self.objects.iter().map(|object| {
                    vec![
                        object.kind.clone(),
                        object.namespace.clone(),
                        object.name.clone(),
                        yes(object.ready),
                        object.message.clone(),
                    ]
                }),
            )
    }
}

fn node_pool(pool: &NodePool) -> String {
    let labels = pool.labels.iter().map(|(key, value)| format!("{key}={value}"));
    labels.chain(pool.tolerations.iter().map(|one| format!("tolerates {one}"))).collect::<Vec<_>>().join(", ")
}

fn gateway(choice: &GatewayChoice) -> String {
    match choice {
        GatewayChoice::Shared {} => "shared".to_owned(),
        GatewayChoice::Dedicated { configuration } => configuration.clone(),
    }
}

/// Where a placement is in its life.
fn state(placement: &PlacementView) -> &'static str {
    match (placement.removed, &placement.leaving) {
        (true, _) => "removed",
        (false, Some(_)) => "leaving",
        (false, None) => "placed",
    }
}

fn leaving(how: &str) -> &'static str {
    if how == "release" { "everything stays there" } else { "everything is removed there" }
}

/// How far a cluster has come with an organization, in one line.
pub(crate) fn placement_summary(placement: &PlacementView) -> String {
    if placement.removed {
        return format!("cluster {} is done", placement.cluster_name);
    }
    let conditions: Vec<_> = placement
        .conditions
        .iter()
        .map(|one| match (one.status.as_str(), one.message.as_str()) {
            ("True", _) => format!("{}=True", one.kind),
            (status, "") => format!("{}={status} ({})", one.kind, one.reason),
            (status, message) => format!("{}={status} ({}: {message})", one.kind, one.reason),
        })
        .collect();
    let conditions = if conditions.is_empty() { "no report yet".to_owned() } else { conditions.join(", ") };
    format!(
        "cluster {} is {}, generation {} of {}; {conditions}",
        placement.cluster_name, placement.availability, placement.observed_generation, placement.generation
    )
}
