//! The gateway configurations of a cluster: which there are, a new one, and taking one away.

use bastide_api::clusters::{GatewayConfigurationView, Listener, ListenerProtocol, NewGatewayConfiguration};
use bastide_api::problem::ProblemField;
use bastide_model::limits::NAME_CHARS_MAX;
use maud::{Markup, html};

use super::cluster::ClusterPage;
use crate::pages::components::confirm::{Confirm, confirm};
use crate::pages::components::field::Field;
use crate::pages::components::list::{ListText, list};
use crate::pages::components::problem::Errors;
use crate::pages::components::rows::{cell, cell_select, group, spare};
use crate::pages::components::{button, state, table, text};
use crate::pages::forms::Fields;
use crate::pages::icons::Icon;
use crate::pages::me::slug_field;
use crate::pages::wizard::listeners;

/// One listener as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListenerRow {
    /// Its name.
    pub name: String,
    /// Its port.
    pub port: String,
    /// `HTTP` or `HTTPS`.
    pub protocol: String,
}

/// What was typed about a new gateway configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GatewayForm {
    /// What people read.
    pub name: String,
    /// Short name; empty to make it from the name.
    pub slug: String,
    /// Name of the `GatewayClass`.
    pub class: String,
    /// Its listeners.
    pub listeners: Vec<ListenerRow>,
}

impl GatewayForm {
    /// Reads the fields `name`, `slug`, `class` and the rows `listener_name`, `listener_port`, `listener_protocol`.
    pub fn parse(fields: &Fields) -> Self {
        let mut ports = fields.all("listener_port").into_iter();
        let mut protocols = fields.all("listener_protocol").into_iter();
        let rows = fields.all("listener_name").into_iter().map(|name| ListenerRow {
            name,
            port: ports.next().unwrap_or_default(),
            protocol: protocols.next().unwrap_or_default(),
        });
        Self {
            name: fields.text("name"),
            slug: fields.text("slug"),
            class: fields.text("class"),
            listeners: rows.filter(|row| !(row.name.is_empty() && row.port.is_empty())).collect(),
        }
    }

    /// What the request cannot say about the form: ports that are no number from 1 to 65535, and no listener at all.
    pub fn check(&self) -> Vec<ProblemField> {
        let wrong = |detail: String| ProblemField { pointer: "/listeners".into(), detail };
        let ports = self.listeners.iter().filter(|row| port(row).is_none()).map(|row| {
            wrong(format!(
                "the port `{}` of listener `{}` is not a number from 1 to 65535",
                row.port, row.name
            ))
        });
        let none = self.listeners.is_empty().then(|| wrong("give at least one listener".into()));
        ports.chain(none).collect()
    }

    /// The request; a port that is none is left to [`check`](Self::check).
    pub fn to_new(&self) -> NewGatewayConfiguration {
        let listener = |row: &ListenerRow| Listener {
            name: row.name.clone(),
            port: port(row).unwrap_or(0),
            protocol: if row.protocol == "HTTPS" { ListenerProtocol::Https } else { ListenerProtocol::Http },
        };
        NewGatewayConfiguration {
            name: self.name.clone(),
            slug: Some(self.slug.clone()).filter(|slug| !slug.is_empty()),
            class: self.class.clone(),
            listeners: self.listeners.iter().map(listener).collect(),
        }
    }
}

fn port(row: &ListenerRow) -> Option<u16> {
    row.port.parse().ok().filter(|port| *port > 0)
}

/// The section with the configurations.
pub(super) fn gateways(view: &ClusterPage, errors: Errors<'_>) -> Markup {
    let path = view.address();
    let words = ListText {
        id: "gateways",
        path: &path,
        one: "configuration",
        many: "gateway configurations",
        nothing_yet: state::empty(
            Icon::Gate,
            "No gateway configuration yet",
            "Organizations use the shared gateway of the cluster. Add a configuration to give some a gateway of their own.",
            &html! {},
        ),
        searchable: false,
    };
    html! {
        section.section id="gateways" aria-labelledby="gateways-title" {
            h2 id="gateways-title" { "Gateway configurations" }
            (list(&words, &view.gateways, |items| gateway_table(view, items)))
            @if view.may_change_gateways { (new_gateway(view, errors)) }
        }
    }
}

fn gateway_table(view: &ClusterPage, items: &[GatewayConfigurationView]) -> Markup {
    let rows = items.iter().map(|gateway| {
        vec![
            html! { span.strong { (text::name(&gateway.name)) } div.slug { (gateway.slug) } },
            html! { code { (gateway.class) } },
            html! { (listeners(gateway)) },
            text::time(&gateway.created_at),
            html! { @if view.may_change_gateways { (delete(view, gateway)) } @else { span.muted { "View only" } } },
        ]
    });
    let columns = ["Configuration", "Class", "Listeners", "Made", "Actions"];
    table::table("gateway-table", "Gateway configurations of the cluster", &columns, rows)
}

fn delete(view: &ClusterPage, gateway: &GatewayConfigurationView) -> Markup {
    confirm(&Confirm {
        id: &format!("delete-gateway-{}", gateway.slug),
        trigger: "Delete",
        about: &gateway.name,
        title: "Delete this gateway configuration?",
        consequences: html! { p { "It is refused while an organization uses it." } },
        action: &format!("{}/gateways/{}/delete", view.address(), gateway.slug),
        fields: html! {},
        verb: "Delete configuration",
    })
}

fn new_gateway(view: &ClusterPage, errors: Errors<'_>) -> Markup {
    let form = &view.gateway_form;
    let wrong =
        ["/name", "/slug", "/class", "/listeners"].iter().any(|pointer| !errors.at(pointer).is_empty());
    html! {
        details.fold open[wrong || *form != GatewayForm::default()] {
            summary { "Add a gateway configuration" }
            form.form.card method="post" action={ (view.address()) "/gateways" } {
                (Field::new("name", "Name", &form.name).longest(NAME_CHARS_MAX).render(errors))
                (slug_field(&form.slug, errors))
                (Field::new("class", "Gateway class", &form.class).longest(63).code()
                    .hint(html! { "Name of a " code { "GatewayClass" } " on the cluster." }).render(errors))
                (listener_rows(form, errors))
                div.actions { (button::submit("Add configuration")) }
            }
        }
    }
}

const PROTOCOLS: [(&str, &str); 2] = [("HTTP", "HTTP"), ("HTTPS", "HTTPS")];

fn listener_rows(form: &GatewayForm, errors: Errors<'_>) -> Markup {
    let empty = ListenerRow::default();
    let rows = form.listeners.iter().chain(std::iter::repeat_n(&empty, spare())).enumerate();
    let id = |part: &str, row: usize| format!("listener-{part}-{row}");
    let content = html! {
        @for (place, row) in rows {
            div.row.row-3 data-row {
                (cell(&id("name", place + 1), "listener_name", "Name", place + 1, &row.name))
                (cell(&id("port", place + 1), "listener_port", "Port", place + 1, &row.port))
                (cell_select(&id("protocol", place + 1), "listener_protocol", "Protocol", place + 1, &PROTOCOLS, &row.protocol))
            }
        }
    };
    let hint = html! { "One to sixteen, such as " code { "web" } " on port " code { "80" } "." };
    group("listeners", &html! { "Listeners" }, &hint, &errors.at("/listeners"), &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> GatewayForm {
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        GatewayForm::parse(&Fields::from(pairs))
    }

    #[test]
    fn listeners_are_rows() {
        let form = form(&[
            ("name", "Edge"),
            ("listener_name", "web"),
            ("listener_port", "80"),
            ("listener_protocol", "HTTP"),
            ("listener_name", "tls"),
            ("listener_port", "443"),
            ("listener_protocol", "HTTPS"),
            ("listener_name", ""),
            ("listener_port", ""),
            ("listener_protocol", "HTTP"),
        ]);
        assert!(form.check().is_empty());
        let new = form.to_new();
        assert_eq!(new.listeners.len(), 2);
        assert_eq!((new.listeners[1].port, new.listeners[1].protocol), (443, ListenerProtocol::Https));
        assert_eq!(new.slug, None);
    }

    #[test]
    fn ports_and_the_lack_of_listeners_are_named() {
        let wrong = form(&[("listener_name", "web"), ("listener_port", "http")]).check();
        assert!(wrong[0].detail.contains("`http`") && wrong[0].detail.contains("65535"));
        assert!(form(&[]).check()[0].detail.contains("at least one"));
    }
}
