//! Step 3: the shared gateway, or one of the spoke's configurations.

use bastide_api::gateways::{GatewayConfigurationView, ListenerProtocol};
use maud::{Markup, html};

use super::{GatewayKind, WizardPage};
use crate::pages::components::field::{Choice, Radios};
use crate::pages::components::problem::Errors;
use crate::pages::components::text;

pub(super) fn fields(view: &WizardPage, errors: Errors<'_>) -> Markup {
    let kind = Radios {
        name: "gateway",
        legend: "Gateway",
        pointer: "/gateway_kind",
        choices: vec![
            Choice {
                value: "shared",
                label: html! { "Shared" },
                hint: html! { "Traffic comes in through the gateway of the cluster, together with others'." },
            },
            Choice {
                value: "dedicated",
                label: html! { "Dedicated" },
                hint: html! { "It gets a gateway of its own, from one of the configurations of the spoke." },
            },
        ],
        chosen: if view.draft.gateway == GatewayKind::Dedicated { "dedicated" } else { "shared" },
    };
    html! {
        div.either {
            (kind.render(errors))
            div.either-dedicated { (configurations(view, errors)) }
        }
    }
}

fn configurations(view: &WizardPage, errors: Errors<'_>) -> Markup {
    let spoke = &view.draft.spoke;
    if view.gateways.is_empty() {
        return html! {
            p id="gateway_configuration" {
                "There is no gateway configuration on " code { (spoke) } " yet. "
                a href={ "/platform/clusters/" (spoke) "#gateways" } { "Add one" } ", or take the shared gateway."
            }
        };
    }
    let choices = view.gateways.iter().map(|gateway| Choice {
        value: &gateway.slug,
        label: text::name(&gateway.name),
        hint: html! { code { (gateway.slug) } " · class " code { (gateway.class) } " · " (listeners(gateway)) },
    });
    html! {
        (Radios {
            name: "gateway_configuration",
            legend: "Configuration",
            pointer: "/gateway/configuration",
            choices: choices.collect(),
            chosen: &view.draft.gateway_configuration,
        }.render(errors))
    }
}

/// The listeners of a configuration, such as `web HTTP 80, secure HTTPS 443`.
pub(in crate::pages) fn listeners(gateway: &GatewayConfigurationView) -> String {
    let one = |listener: &bastide_api::gateways::Listener| {
        let protocol = match listener.protocol {
            ListenerProtocol::Http => "HTTP",
            ListenerProtocol::Https => "HTTPS",
        };
        let host = listener.host_name.as_ref().map(|host| format!(" for {host}")).unwrap_or_default();
        format!("{} {protocol} {}{host}", listener.name, listener.port)
    };
    gateway.listeners.iter().map(one).collect::<Vec<_>>().join(", ")
}
