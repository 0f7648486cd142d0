//! The gateway configurations of a cluster: which there are, a new one, and taking one away.

use bastide_api::gateways::{
    CertificatePolicy, GatewayConfigurationChange, GatewayConfigurationView, Listener, ListenerProtocol,
    NewGatewayConfiguration, RouteKind,
};
use bastide_api::problem::ProblemField;
use bastide_model::limits::NAME_CHARS_MAX;
use maud::{Markup, html};

use super::cluster::ClusterPage;
use crate::pages::components::confirm::{Confirm, confirm};
use crate::pages::components::field::{Field, Select};
use crate::pages::components::list::{ListText, list};
use crate::pages::components::problem::Errors;
use crate::pages::components::rows::{cell, cell_select, group, spare};
use crate::pages::components::status::{Tone, badge};
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
    /// The host name that it is for; empty for all.
    pub host: String,
    /// `HTTPRoute`, `GRPCRoute`, or empty for all kinds.
    pub routes: String,
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
    /// Addresses that it asks for, with white space between them.
    pub addresses: String,
    /// `gateway`, `organization` or `none`; empty for the first.
    pub certificates: String,
}

impl GatewayForm {
    /// What a configuration is now.
    pub fn of(gateway: &GatewayConfigurationView) -> Self {
        let row = |listener: &Listener| ListenerRow {
            name: listener.name.clone(),
            port: listener.port.to_string(),
            protocol: if listener.protocol == ListenerProtocol::Https { "HTTPS" } else { "HTTP" }.into(),
            host: listener.host_name.clone().unwrap_or_default(),
            routes: match listener.allowed.as_slice() {
                [RouteKind::Http] => "HTTPRoute".into(),
                [RouteKind::Grpc] => "GRPCRoute".into(),
                _ => String::new(),
            },
        };
        Self {
            name: gateway.name.clone(),
            slug: gateway.slug.clone(),
            class: gateway.class.clone(),
            listeners: gateway.listeners.iter().map(row).collect(),
            addresses: gateway.addresses.join(" "),
            certificates: certificate_word(gateway.certificates).to_owned(),
        }
    }

    /// Reads the fields `name`, `slug`, `class`, `addresses`, `certificates` and the rows `listener_name`, `listener_port`,
    /// `listener_protocol`, `listener_host`, `listener_routes`.
    pub fn parse(fields: &Fields) -> Self {
        let mut ports = fields.all("listener_port").into_iter();
        let mut protocols = fields.all("listener_protocol").into_iter();
        let mut hosts = fields.all("listener_host").into_iter();
        let mut routes = fields.all("listener_routes").into_iter();
        let rows = fields.all("listener_name").into_iter().map(|name| ListenerRow {
            name,
            port: ports.next().unwrap_or_default(),
            protocol: protocols.next().unwrap_or_default(),
            host: hosts.next().unwrap_or_default(),
            routes: routes.next().unwrap_or_default(),
        });
        Self {
            name: fields.text("name"),
            slug: fields.text("slug"),
            class: fields.text("class"),
            addresses: fields.text("addresses"),
            certificates: fields.text("certificates"),
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
        NewGatewayConfiguration {
            name: self.name.clone(),
            slug: Some(self.slug.clone()).filter(|slug| !slug.is_empty()),
            class: self.class.clone(),
            listeners: self.wanted_listeners(),
            addresses: self.wanted_addresses(),
            certificates: self.policy(),
        }
    }

    /// The request that changes a configuration.
    pub fn to_change(&self) -> GatewayConfigurationChange {
        GatewayConfigurationChange {
            name: Some(self.name.clone()),
            class: Some(self.class.clone()),
            listeners: Some(self.wanted_listeners()),
            addresses: Some(self.wanted_addresses()),
            certificates: Some(self.policy()),
        }
    }

    fn wanted_listeners(&self) -> Vec<Listener> {
        let listener = |row: &ListenerRow| Listener {
            name: row.name.clone(),
            port: port(row).unwrap_or(0),
            protocol: if row.protocol == "HTTPS" { ListenerProtocol::Https } else { ListenerProtocol::Http },
            host_name: Some(row.host.clone()).filter(|host| !host.is_empty()),
            allowed: match row.routes.as_str() {
                "HTTPRoute" => vec![RouteKind::Http],
                "GRPCRoute" => vec![RouteKind::Grpc],
                _ => Vec::new(),
            },
        };
        self.listeners.iter().map(listener).collect()
    }

    fn wanted_addresses(&self) -> Vec<String> {
        self.addresses.split_whitespace().map(str::to_owned).collect()
    }

    fn policy(&self) -> CertificatePolicy {
        let known = POLICIES.into_iter().find(|policy| certificate_word(*policy) == self.certificates);
        known.unwrap_or_default()
    }
}

const POLICIES: [CertificatePolicy; 3] =
    [CertificatePolicy::Gateway, CertificatePolicy::Organization, CertificatePolicy::None];

/// As it stands in the API and in the form.
const fn certificate_word(policy: CertificatePolicy) -> &'static str {
    match policy {
        CertificatePolicy::Gateway => "gateway",
        CertificatePolicy::Organization => "organization",
        CertificatePolicy::None => "none",
    }
}

/// For people.
pub(super) const fn certificate_words(policy: CertificatePolicy) -> &'static str {
    match policy {
        CertificatePolicy::Gateway => "One Secret beside the gateway",
        CertificatePolicy::Organization => "A Secret of each organization",
        CertificatePolicy::None => "None: no listener of HTTPS",
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
            html! {
                a.strong href={ (view.address()) "/gateways/" (gateway.slug) } { (text::name(&gateway.name)) }
                div.slug { (gateway.slug) }
                @if gateway.shared { (badge(Tone::Good, "Shared")) }
            },
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
    delete_at(&view.address(), gateway)
}

/// The button that deletes a configuration of the cluster with that address.
pub(super) fn delete_at(cluster: &str, gateway: &GatewayConfigurationView) -> Markup {
    confirm(&Confirm {
        id: &format!("delete-gateway-{}", gateway.slug),
        trigger: "Delete",
        about: &gateway.name,
        title: "Delete this gateway configuration?",
        consequences: html! { p { "It is refused while an organization uses it." } },
        action: &format!("{cluster}/gateways/{}/delete", gateway.slug),
        fields: html! {},
        verb: "Delete configuration",
    })
}

fn new_gateway(view: &ClusterPage, errors: Errors<'_>) -> Markup {
    let form = &view.gateway_form;
    let fields = ["/name", "/slug", "/class", "/listeners", "/addresses", "/certificates"];
    let wrong = fields.iter().any(|pointer| !errors.at(pointer).is_empty());
    html! {
        details.fold open[wrong || *form != GatewayForm::default()] {
            summary { "Add a gateway configuration" }
            form.form.card method="post" action={ (view.address()) "/gateways" } {
                (Field::new("name", "Name", &form.name).longest(NAME_CHARS_MAX).render(errors))
                (slug_field(&form.slug, errors))
                (what_it_is(form, errors))
                div.actions { (button::submit("Add configuration")) }
            }
        }
    }
}

/// What a new configuration and a changed one both say.
pub(super) fn what_it_is(form: &GatewayForm, errors: Errors<'_>) -> Markup {
    let choices = POLICIES.map(|one| (certificate_word(one).to_owned(), certificate_words(one).to_owned()));
    html! {
        (Field::new("class", "Gateway class", &form.class).longest(63).code()
            .hint(html! { "Name of a " code { "GatewayClass" } " on the cluster." }).render(errors))
        (listener_rows(form, errors))
        (Field::new("addresses", "Addresses", &form.addresses).optional().code()
            .hint(html! { "With spaces between them; without any, its controller gives one." }).render(errors))
        (Select {
            name: "certificates",
            label: "Certificates of HTTPS listeners",
            pointer: "/certificates",
            hint: html! { "Each is called after the gateway, with " code { "-tls" } " at its end." },
            choices: choices.into(),
            chosen: &form.certificates,
        }.render(errors))
    }
}

const ROUTES: [(&str, &str); 3] = [("", "All"), ("HTTPRoute", "HTTPRoute"), ("GRPCRoute", "GRPCRoute")];

const PROTOCOLS: [(&str, &str); 2] = [("HTTP", "HTTP"), ("HTTPS", "HTTPS")];

fn listener_rows(form: &GatewayForm, errors: Errors<'_>) -> Markup {
    let empty = ListenerRow::default();
    let rows = form.listeners.iter().chain(std::iter::repeat_n(&empty, spare())).enumerate();
    let id = |part: &str, row: usize| format!("listener-{part}-{row}");
    let content = html! {
        @for (place, row) in rows {
            div.row.row-5 data-row {
                (cell(&id("name", place + 1), "listener_name", "Name", place + 1, &row.name))
                (cell(&id("port", place + 1), "listener_port", "Port", place + 1, &row.port))
                (cell_select(&id("protocol", place + 1), "listener_protocol", "Protocol", place + 1, &PROTOCOLS, &row.protocol))
                (cell(&id("host", place + 1), "listener_host", "Host name", place + 1, &row.host))
                (cell_select(&id("routes", place + 1), "listener_routes", "Routes", place + 1, &ROUTES, &row.routes))
            }
        }
    };
    let hint = html! { "One to sixteen, such as " code { "web" } " on port " code { "80" } "; the host name may be left empty." };
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
