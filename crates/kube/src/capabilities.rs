//! What a cluster can do, found by asking its API server (FLEET-1, FLEET-4).

use bastide_model::cluster::Capability;
use k8s_openapi::api::apps::v1::DaemonSet;
use kube::{Api, Client};

use crate::network_plugin::{KNOWN, NetworkPlugin};

/// Something that a cluster may offer, and why that matters.
struct Offer {
    name: &'static str,
    api_version: &'static str,
    plural: &'static str,
    needed_for: &'static str,
    remedy: &'static str,
}

const OFFERS: [Offer; 4] = [
    Offer {
        name: "MutatingAdmissionPolicy",
        api_version: "admissionregistration.k8s.io/v1",
        plural: "mutatingadmissionpolicies",
        needed_for: "Binds an organization's pods to its node pool.",
        remedy: "Kubernetes 1.36 or newer has it. Without it no node pool can be chosen.",
    },
    Offer {
        name: "ValidatingAdmissionPolicy",
        api_version: "admissionregistration.k8s.io/v1",
        plural: "validatingadmissionpolicies",
        needed_for: "Keeps organizations from changing what confines them.",
        remedy: "Kubernetes 1.30 or newer has it.",
    },
    Offer {
        name: "GatewayApi",
        api_version: "gateway.networking.k8s.io/v1",
        plural: "gateways",
        needed_for: "Gives an organization its own gateway, or routes on the shared one.",
        remedy: "Install the Gateway API and a controller for it. Without it no organization can have its own gateway.",
    },
    Offer {
        name: "ListenerSet",
        api_version: "gateway.networking.k8s.io/v1",
        plural: "listenersets",
        needed_for: "Lets organizations bring their host names and certificates to the shared gateway.",
        remedy: "The Gateway API has it from its release 1.5 on.",
    },
];

/// Asks the API server which of the things that Bastide can use the cluster has, and says why each matters.
///
/// # Errors
/// When the API server does not answer.
pub async fn discover(client: &Client) -> kube::Result<Vec<Capability>> {
    let mut capabilities = Vec::new();
    for offer in &OFFERS {
        capabilities.push(look_for(client, offer).await?);
    }
    capabilities.push(Capability {
        name: "ReleaseInPlace".to_owned(),
        available: true,
        reason: "Its agent can let go of an organization and leave everything there.".to_owned(),
    });
    Ok(capabilities)
}

/// Looks for the network plug-in of a cluster of that version.
///
/// # Errors
/// When the API server does not answer.
pub async fn network_plugin(client: &Client, kubernetes_version: &str) -> kube::Result<NetworkPlugin> {
    for known in &KNOWN {
        for namespace in known.namespaces {
            let api: Api<DaemonSet> = Api::namespaced(client.clone(), namespace);
            match api.get_opt(known.daemon_set).await {
                Ok(Some(found)) => {
                    let found = serde_json::to_value(found).map_err(kube::Error::SerdeError)?;
                    return Ok(NetworkPlugin::of(known, &found));
                }
                Ok(None) => {}
                Err(kube::Error::Api(status)) if status.code == 403 => return Ok(NetworkPlugin::hidden()),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(NetworkPlugin::without(kubernetes_version))
}

async fn look_for(client: &Client, offer: &Offer) -> kube::Result<Capability> {
    let available = match client.list_api_group_resources(offer.api_version).await {
        Ok(list) => list.resources.iter().any(|resource| resource.name == offer.plural),
        Err(kube::Error::Api(status)) if status.code == 404 => false,
        Err(error) => return Err(error),
    };
    let reason = if available {
        offer.needed_for.to_owned()
    } else {
        format!("The API server has no {} in {}. {}", offer.plural, offer.api_version, offer.remedy)
    };
    Ok(Capability { name: offer.name.to_owned(), available, reason })
}
