//! Hubs, join tokens, clusters, licences, gateway configurations.

use bastide_api::clusters::{
    AuthorityState, ClusterView, HubView, IssuedJoinToken, JoinTokenView, LicenceView,
};
use bastide_api::gateways::{
    CertificatePolicy, GatewayConfigurationView, Listener, ListenerProtocol, RouteKind,
};

use super::{CONDITION_HEADERS, condition_row, named, optional, yes};
use crate::output::{Detailed, Details, Listed, Named};

named! {
    HubView = slug;
    JoinTokenView = id;
    IssuedJoinToken = token.id;
    ClusterView = name;
    AuthorityState = present.fingerprint;
    GatewayConfigurationView = slug;
}

impl Listed for HubView {
    const HEADERS: &'static [&'static str] = &["SLUG", "NAME", "ID"];
    fn cells(&self) -> Vec<String> {
        vec![self.slug.clone(), self.name.clone(), self.id.clone()]
    }
}

impl Detailed for AuthorityState {
    fn details(&self) -> Details {
        let waiting =
            if self.clusters_waiting.is_empty() { "-".to_owned() } else { self.clusters_waiting.join(", ") };
        let mut details = Details::default()
            .field("Fingerprint", &self.present.fingerprint)
            .field("Since", &self.present.since);
        if let Some(next) = &self.next {
            details = details
                .field("Next", &next.fingerprint)
                .field("Made", &next.since)
                .field("Clusters that have it", self.clusters_ready.to_string())
                .field("Clusters that do not", waiting);
        }
        for previous in &self.previous {
            details = details.field("Previous", &previous.fingerprint).field("Replaced", &previous.since);
        }
        details
    }
}

impl Listed for JoinTokenView {
    const HEADERS: &'static [&'static str] = &["ID", "CLUSTER", "STATE", "CREATED", "EXPIRES"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.cluster_name.clone(),
            self.state.clone(),
            self.created_at.clone(),
            self.expires_at.clone(),
        ]
    }
}

impl Listed for ClusterView {
    const HEADERS: &'static [&'static str] =
        &["NAME", "MEMBERSHIP", "AVAILABILITY", "VERSION", "NODES", "LICENCE", "LAST HEARTBEAT"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            self.membership.clone(),
            optional(self.availability.as_ref()),
            self.kubernetes_version.clone(),
            format!("{}/{}", self.nodes_ready, self.nodes),
            self.administration.as_ref().map(|known| known.licence.state.clone()).unwrap_or_default(),
            optional(self.last_heartbeat_at.as_ref()),
        ]
    }
}

impl Detailed for ClusterView {
    fn details(&self) -> Details {
        let mut details = Details::default()
            .field("Name", &self.name)
            .field("Id", &self.id)
            .field("Hub", &self.hub)
            .field("Membership", &self.membership)
            .optional("Being cleaned since", self.cleaning_since.as_ref())
            .optional("Availability", self.availability.as_ref())
            .optional("Last heartbeat", self.last_heartbeat_at.as_ref())
            .field("Kubernetes", &self.kubernetes_version)
            .field("Agent", &self.agent_version)
            .field("Nodes", format!("{} ready of {}", self.nodes_ready, self.nodes))
            .field("Network plug-in", if self.network_plugin.is_empty() { "-" } else { &self.network_plugin })
            .field("Asked to join", &self.requested_at);
        if let Some(known) = &self.administration {
            details = details
                .field("Uid", &known.uid)
                .field("Fingerprint", &known.fingerprint)
                .field("Licence", format!("{}: {}", known.licence.state, known.licence.reason))
                .field("Organizations", known.organizations.to_string());
        }
        details
            .several("You may", &self.actions)
            .table("Conditions", CONDITION_HEADERS, self.conditions.iter().map(condition_row))
            .table(
                "Capabilities",
                &["NAME", "AVAILABLE", "REASON"],
                self.capabilities
                    .iter()
                    .map(|one| vec![one.name.clone(), yes(one.available), one.reason.clone()]),
            )
    }
}

impl Named for LicenceView {
    fn name(&self) -> String {
        self.id.clone().unwrap_or_else(|| self.state.clone())
    }
}

impl Detailed for LicenceView {
    fn details(&self) -> Details {
        Details::default()
            .field("State", &self.state)
            .field("Reason", &self.reason)
            .field("Expected uid", &self.expected_uid)
            .several("Found uids", &self.found_uids)
            .optional("Id", self.id.as_ref())
            .several("Features", &self.features)
            .several("Product line", &self.product_line)
            .several("Tier", &self.tier)
            .several("Plan", &self.plan)
            .several("Flags", &self.flags)
            .optional("Issuer", self.issuer.as_ref())
            .optional("Not before", self.not_before.as_ref())
            .optional("Not after", self.not_after.as_ref())
    }
}

impl Listed for GatewayConfigurationView {
    const HEADERS: &'static [&'static str] = &["SLUG", "NAME", "CLASS", "LISTENERS", "SHARED", "ID"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.slug.clone(),
            self.name.clone(),
            self.class.clone(),
            listeners(self).join(" "),
            yes(self.shared),
            self.id.clone(),
        ]
    }
}

impl Detailed for GatewayConfigurationView {
    fn details(&self) -> Details {
        Details::default()
            .field("Slug", &self.slug)
            .field("Name", &self.name)
            .field("Id", &self.id)
            .field("Cluster", &self.cluster)
            .field("Class", &self.class)
            .several("Listeners", &listeners(self))
            .several("Addresses", &self.addresses)
            .field("Certificates", certificates(self.certificates))
            .field("Shared", yes(self.shared))
            .field("ETag", &self.etag)
            .field("Created", &self.created_at)
    }
}

/// As `gateway create --listener` takes them.
fn listeners(configuration: &GatewayConfigurationView) -> Vec<String> {
    configuration.listeners.iter().map(listener).collect()
}

fn listener(listener: &Listener) -> String {
    let protocol = match listener.protocol {
        ListenerProtocol::Http => "HTTP",
        ListenerProtocol::Https => "HTTPS",
    };
    let kinds: Vec<&str> = listener
        .allowed
        .iter()
        .map(|kind| match kind {
            RouteKind::Http => "HTTPRoute",
            RouteKind::Grpc => "GRPCRoute",
        })
        .collect();
    let host = listener.host_name.as_deref().unwrap_or_default();
    let limits = match (host, kinds.is_empty()) {
        ("", true) => String::new(),
        (host, true) => format!(":{host}"),
        (host, false) => format!(":{host}:{}", kinds.join(",")),
    };
    format!("{}:{}:{protocol}{limits}", listener.name, listener.port)
}

fn certificates(policy: CertificatePolicy) -> &'static str {
    match policy {
        CertificatePolicy::Gateway => "gateway",
        CertificatePolicy::Organization => "organization",
        CertificatePolicy::None => "none",
    }
}
