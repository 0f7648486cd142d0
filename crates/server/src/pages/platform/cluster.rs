//! One cluster: what it is, what it can do, how it is, its licence, its gateways, and parting with it.

use bastide_api::Problem;
use bastide_api::clusters::{ClusterView, HubView};
use bastide_api::gateways::GatewayConfigurationView;
use maud::{Markup, html};

use super::clusters::{decide, denied_hint};
use super::gateways::{GatewayForm, gateways};
use super::licence::licence;
use crate::pages::components::conditions::conditions;
use crate::pages::components::confirm::{Confirm, confirm};
use crate::pages::components::field::{Choice, Field, Radios};
use crate::pages::components::problem::Errors;
use crate::pages::components::status::{Tone, badge, callout};
use crate::pages::components::{facts, status, table, text};
use crate::pages::context::{Context, Listing};
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Crumb, Frame};

/// What the page of a cluster shows.
#[derive(Debug, Clone)]
pub struct ClusterPage {
    /// The cluster.
    pub cluster: ClusterView,
    /// The hub that it belongs to, when the caller sees hubs.
    pub hub: Option<HubView>,
    /// Its gateway configurations.
    pub gateways: Listing<GatewayConfigurationView>,
    /// Whether the person may add and delete gateway configurations.
    pub may_change_gateways: bool,
    /// What was typed about a new gateway configuration.
    pub gateway_form: GatewayForm,
    /// What was pasted as licence.
    pub licence_pem: String,
    /// What was typed to confirm the deletion.
    pub typed: String,
    /// What was chosen for the organizations on it: `leave` or `clean`; empty for nothing.
    pub placed: String,
    /// Why a form comes back; the pointers tell which (`/pem`, `/confirm`, or a field of the gateway).
    pub problem: Option<Problem>,
}

impl ClusterPage {
    /// Whether the server offers an action on the cluster.
    pub(super) fn offers(&self, action: &str) -> bool {
        self.cluster.actions.iter().any(|offered| offered == action)
    }

    /// Its address.
    pub(super) fn address(&self) -> String {
        format!("/platform/clusters/{}", self.cluster.name)
    }
}

/// `GET /platform/clusters/{name}`.
pub fn cluster(ctx: &Context, view: &ClusterPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let cluster = &view.cluster;
    let body = html! {
        (errors.summary(&[("/pem", "pem"), ("/confirm", "confirm"), ("/name", "name"), ("/slug", "slug"),
            ("/class", "class"), ("/listeners", "listeners"), ("/addresses", "addresses"), ("/certificates", "certificates")]))
        @if cluster.membership == "requested" {
            section.card.decide aria-labelledby="decide" { h2 id="decide" { "It asks to join" } (decide(cluster, None)) }
        }
        @if cluster.membership == "denied" { (denied_hint()) }
        @if cluster.cleaning_since.is_some() {
            (callout(Tone::Warn, "It is being cleaned", &html! {
                p { "Every organization is taken off it; when nothing is left, it is unregistered by itself." }
            }))
        }
        @if view.offers("follow") { (follow(view)) }
        div.cards.two {
            (what_it_is(view))
            @if cluster.administration.is_some() { (licence(view, errors)) }
        }
        (how_it_is(view))
        (capabilities(view))
        @if cluster.membership == "joined" && sees_gateways(view) { (gateways(view, errors)) }
        (parting(view, errors))
    };
    let frame =
        Frame::new(&cluster.name, body).crumbs(crumbs(ctx)).beside(badges(cluster)).failed(errors.any());
    layout::console(ctx, &frame)
}

/// A section that says only that one may not see it helps nobody who came for the cluster; nor would a licence's.
fn sees_gateways(view: &ClusterPage) -> bool {
    view.gateways.outcome.as_ref().map_or_else(|problem| problem.permission.is_none(), |_| true)
}

/// Whoever sees only the cluster that their organization runs on sees no list of clusters (HIER-6).
fn crumbs(ctx: &Context) -> Vec<Crumb<'static>> {
    if ctx.is_site_administrator() {
        return vec![Crumb::new("/platform/clusters", "Clusters")];
    }
    vec![Crumb::new("/me/organizations", "Organizations")]
}

fn badges(cluster: &ClusterView) -> Markup {
    html! {
        span.badges id="cluster-state" data-refresh data-announce {
            @if cluster.membership != "joined" { (status::membership(&cluster.membership)) }
            @if let Some(word) = &cluster.availability { (status::availability(word)) }
        }
    }
}

fn what_it_is(view: &ClusterPage) -> Markup {
    let cluster = &view.cluster;
    let told = |text: &str| html! { @if text.is_empty() { span.muted { "Not told yet" } } @else { (text) } };
    let mut rows = vec![
        ("Membership", status::membership(&cluster.membership)),
        ("Last sign of life", text::time_or(cluster.last_heartbeat_at.as_deref(), "Never")),
        ("Kubernetes", told(&cluster.kubernetes_version)),
        ("Agent", told(&cluster.agent_version)),
        ("Nodes", html! { (cluster.nodes_ready) " of " (cluster.nodes) " ready" }),
        ("Network plug-in", told(&cluster.network_plugin)),
        ("Asked to join", text::time(&cluster.requested_at)),
    ];
    if let Some(hub) = &view.hub {
        rows.push(("Hub", text::name(&hub.name)));
    }
    if let Some(administration) = &cluster.administration {
        rows.push(("Organizations", html! { (administration.organizations) }));
        rows.push(("Uid", html! { code { (administration.uid) } }));
        rows.push(("Fingerprint", html! { code.fingerprint { (administration.fingerprint) } }));
    }
    html! {
        section.card id="facts" aria-labelledby="facts-title" data-refresh {
            h2 id="facts-title" { (Icon::Server.draw()) "What it is" }
            (facts::facts(rows))
        }
    }
}

/// After a restore of the hub: the agent keeps what it has until somebody says otherwise.
fn follow(view: &ClusterPage) -> Markup {
    html! {
        section.card.decide aria-labelledby="not-following" {
            h2 id="not-following" { "It does not follow the hub" }
            p { "The hub was restored from a backup. The cluster keeps what it has; look at what the hub knows now, then let it \
                 follow." }
            (confirm(&Confirm {
                id: "follow",
                trigger: "Let it follow",
                about: &view.cluster.name,
                title: "Let it follow the restored hub?",
                consequences: html! { p { "What the hub wants counts there from now on, whatever newer the cluster knew." } },
                action: &format!("{}/follow", view.address()),
                fields: html! {},
                verb: "Let cluster follow",
            }))
        }
    }
}

fn how_it_is(view: &ClusterPage) -> Markup {
    html! {
        section.section id="conditions" aria-labelledby="conditions-title" {
            h2 id="conditions-title" { "How it is" }
            div id="condition-list" data-refresh {
                @if view.cluster.availability.as_deref() == Some("unknown") {
                    (callout(Tone::Warn, "It gives no sign of life", &html! {
                        p { "Nothing is deleted because of that: what runs there goes on, and it catches up when it returns. \
                             Look at its agent and at the network between them." }
                    }))
                }
                (conditions("condition-table", "Conditions of the cluster", &view.cluster.conditions))
            }
        }
    }
}

fn capabilities(view: &ClusterPage) -> Markup {
    let rows = view.cluster.capabilities.iter().map(|capability| {
        vec![
            html! { (capability.name) },
            if capability.available { badge(Tone::Good, "Available") } else { badge(Tone::Warn, "Missing") },
            html! { (capability.reason) },
        ]
    });
    html! {
        section.section aria-labelledby="capabilities-title" {
            h2 id="capabilities-title" { "What it can do" }
            @if view.cluster.capabilities.is_empty() {
                p.muted { "Its agent has not told yet." }
            } @else {
                (table::table("capabilities", "Capabilities of the cluster", &["Capability", "State", "Needed for"], rows))
            }
        }
    }
}

fn parting(view: &ClusterPage, errors: Errors<'_>) -> Markup {
    if !["withdraw", "delete", "forget"].iter().any(|action| view.offers(action)) {
        return html! {};
    }
    html! {
        section.section.danger-zone aria-labelledby="parting" {
            h2 id="parting" { "Parting with it" }
            @if view.offers("withdraw") { (withdraw(view)) }
            @if view.offers("delete") { (delete(view, errors)) }
            @if view.offers("forget") { (forget(view)) }
        }
    }
}

fn withdraw(view: &ClusterPage) -> Markup {
    html! {
        div.danger-row {
            p { strong { "Withdraw acceptance" } br; "Its certificate stops working; it has to ask again, with a new join token and --replace. Workloads stay as they are." }
            (confirm(&Confirm {
                id: "withdraw",
                trigger: "Withdraw",
                about: &view.cluster.name,
                title: "Withdraw the acceptance?",
                consequences: html! { p { "The agent of " code { (view.cluster.name) } " is cut off at once. What runs on the cluster goes on, without changes from here." } },
                action: &format!("{}/withdraw", view.address()),
                fields: html! {},
                verb: "Withdraw acceptance",
            }))
        }
    }
}

/// What becomes of the organizations on it.
fn what_becomes_of_placed(view: &ClusterPage, errors: Errors<'_>) -> Markup {
    let mut choices = vec![Choice {
        value: "leave",
        label: html! { "Leave everything of them there as it is" },
        hint: html! { "The cluster is unregistered at once." },
    }];
    if view.offers("clean") {
        choices.push(Choice {
            value: "clean",
            label: html! { "Remove everything of them first" },
            hint: html! { "The cluster is unregistered when it says that nothing is left. Nothing new is placed there meanwhile." },
        });
    }
    Radios {
        name: "placed",
        legend: "The organizations on it",
        pointer: "/placed",
        choices,
        chosen: &view.placed,
    }
    .render(errors)
}

/// A cluster that is gone for good: what waits for it ends.
fn forget(view: &ClusterPage) -> Markup {
    html! {
        div.danger-row {
            p { strong { "Forget it" } br; "It is lost for ever: deletions that wait for it end. Nothing is removed there." }
            (confirm(&Confirm {
                id: "forget",
                trigger: "Forget",
                about: &view.cluster.name,
                title: "Forget this cluster?",
                consequences: html! { p { "Should it come back, it is a stranger with what was left on it." } },
                action: &format!("{}/forget", view.address()),
                fields: html! {
                    (Field::new("forget_confirm", "Type its name to confirm", "").code()
                        .hint(html! { "It is " code { (view.cluster.name) } "." }).render(Errors::of(None)))
                },
                verb: "Forget cluster",
            }))
        }
    }
}

fn delete(view: &ClusterPage, errors: Errors<'_>) -> Markup {
    let placed =
        view.cluster.administration.as_ref().map_or(0, |administration| administration.organizations);
    let wrong = !errors.at("/confirm").is_empty();
    let form = html! {
        @if placed > 0 { (what_becomes_of_placed(view, errors)) }
        (Field::new("confirm", "Type its name to confirm", &view.typed).code()
            .hint(html! { "It is " code { (view.cluster.name) } "." }).render(errors))
    };
    html! {
        div.danger-row {
            p { strong { "Unregister it" } br; "The hub forgets the cluster. Workloads on it are left alone." }
            @if wrong {
                // The form comes back: it is shown as it stands, so that the error can be seen without opening anything.
                form.form method="post" action={ (view.address()) "/delete" } {
                    (form)
                    div.actions { button.button.danger.solid type="submit" { "Unregister cluster" } }
                }
            } @else {
                (confirm(&Confirm {
                    id: "unregister",
                    trigger: "Unregister",
                    about: &view.cluster.name,
                    title: "Unregister this cluster?",
                    consequences: html! { p { (text::count(placed as usize, "organization is", "organizations are")) " placed on it." } },
                    action: &format!("{}/delete", view.address()),
                    fields: form,
                    verb: "Unregister cluster",
                }))
            }
        }
    }
}
