//! The clusters of the hub: who asks to join, who belongs to it, and which join tokens are out.

use bastide_api::Problem;
use bastide_api::clusters::{ClusterView, HubView, JoinTokenView};
use maud::{Markup, html};

use crate::pages::components::confirm::{Confirm, confirm};
use crate::pages::components::list::{ListText, list};
use crate::pages::components::problem::Errors;
use crate::pages::components::status::{Tone, callout};
use crate::pages::components::{button, facts, field, state, status, table, text};
use crate::pages::context::{Context, Listing};
use crate::pages::forms::Fields;
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Frame};

/// What the list of clusters shows.
#[derive(Debug, Clone)]
pub struct ClustersPage {
    /// The hub that they belong to.
    pub hub: HubView,
    /// Clusters that ask to join, with what is needed to decide.
    pub requests: Vec<ClusterView>,
    /// All other clusters.
    pub clusters: Listing<ClusterView>,
    /// Join tokens that still work or were used lately; none when the person may not see them.
    pub tokens: Vec<JoinTokenView>,
    /// Whether the person may make join tokens.
    pub may_add: bool,
    /// An acceptance that did not go well.
    pub refusal: Option<Refusal>,
}

/// Why a cluster was not accepted.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Name of the cluster.
    pub cluster: String,
    /// What was typed as fingerprint.
    pub typed: String,
    /// What happened.
    pub problem: Problem,
}

/// The form with which a cluster is accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AcceptForm {
    /// The fingerprint that was pasted; or, when the person says that they compared it by eye, the one that was shown.
    pub fingerprint: String,
}

impl AcceptForm {
    /// Reads the fields `fingerprint`, `compared` and `shown_fingerprint`.
    pub fn parse(fields: &Fields) -> Self {
        let pasted = fields.text("fingerprint");
        let compared = fields.text("compared") == "yes" && pasted.is_empty();
        Self { fingerprint: if compared { fields.text("shown_fingerprint") } else { pasted } }
    }
}

/// `GET /platform/clusters`.
pub fn clusters(ctx: &Context, view: &ClustersPage) -> Markup {
    let errors = Errors::of(view.refusal.as_ref().map(|refusal| &refusal.problem));
    let add = if view.may_add {
        button::primary_link("/platform/clusters/join", "Add a cluster", Icon::Plus)
    } else {
        button::refused("add", "Add a cluster", "clusters.create")
    };
    let words = ListText {
        id: "clusters",
        path: "/platform/clusters",
        one: "cluster",
        many: "clusters",
        nothing_yet: state::empty(
            Icon::Server,
            "No cluster has joined yet",
            "Make a join token, run the one line it gives you where the cluster's kubeconfig is, then accept the \
             request that appears here.",
            &add,
        ),
        searchable: true,
    };
    let body = html! {
        @if let Some(refusal) = &view.refusal {
            (errors.summary(&[("/fingerprint", format!("fingerprint-{}", refusal.cluster).as_str())]))
        }
        (requests(view))
        (list(&words, &view.clusters, cluster_table))
        (tokens(view))
    };
    let shows_add = !view.clusters.items().is_empty() || !view.requests.is_empty();
    let frame = Frame::new("Clusters", body)
        .lead(html! { "Spokes of the hub " (text::name(&view.hub.name)) ". They dial out to it; it never dials them." })
        .actions(if shows_add { add } else { html! {} })
        .failed(errors.any());
    layout::console(ctx, &frame)
}

fn cluster_table(clusters: &[ClusterView]) -> Markup {
    let rows = clusters.iter().map(|cluster| {
        vec![
            html! { a.strong href={ "/platform/clusters/" (cluster.name) } { (cluster.name) } },
            status::membership(&cluster.membership),
            availability(cluster),
            html! { @if cluster.kubernetes_version.is_empty() { span.muted { "Not told" } } @else { (cluster.kubernetes_version) } },
            html! { (cluster.nodes_ready) " of " (cluster.nodes) " ready" },
            licence(cluster),
        ]
    });
    let columns = ["Cluster", "Membership", "State", "Version", "Nodes", "Licence"];
    html! {
        div id="cluster-table" data-refresh {
            (table::table("clusters", "Clusters of this hub", &columns, rows))
        }
    }
}

fn availability(cluster: &ClusterView) -> Markup {
    html! {
        @if let Some(word) = &cluster.availability {
            span data-announce { (text::hidden(&format!("{}: ", cluster.name))) (status::availability(word)) }
        } @else { (text::muted("—")) }
    }
}

fn licence(cluster: &ClusterView) -> Markup {
    let seen = cluster.administration.as_ref();
    seen.map_or_else(
        || text::muted("Not visible to you"),
        |administration| status::licence(&administration.licence.state),
    )
}

fn requests(view: &ClustersPage) -> Markup {
    html! {
        div id="requests" data-refresh {
            @if !view.requests.is_empty() {
                section.section.requests aria-labelledby="requests-title" {
                    h2 id="requests-title" data-announce {
                        (text::count(view.requests.len(), "cluster asks", "clusters ask")) " to join"
                    }
                    @for request in &view.requests { (one_request(view, request)) }
                }
            }
        }
    }
}

fn one_request(view: &ClustersPage, request: &ClusterView) -> Markup {
    let refusal = view.refusal.as_ref().filter(|refusal| refusal.cluster == request.name);
    html! {
        article.card.request aria-labelledby={ "request-" (request.name) } {
            div.card-head {
                h3 id={ "request-" (request.name) } { (Icon::Server.draw()) (request.name) }
                (status::membership(&request.membership))
            }
            (decide(request, refusal))
        }
    }
}

/// What is needed to decide on a request, and the two answers.
pub(super) fn decide(request: &ClusterView, refusal: Option<&Refusal>) -> Markup {
    let may = |action: &str| request.actions.iter().any(|offered| offered == action);
    let mut rows = vec![
        ("Asked", text::time(&request.requested_at)),
        ("Kubernetes", html! { (request.kubernetes_version) }),
        ("Agent", html! { (request.agent_version) }),
        ("Nodes", html! { (request.nodes) }),
    ];
    if let Some(administration) = &request.administration {
        rows.push(("Cluster uid", html! { code { (administration.uid) } }));
    }
    html! {
        (facts::facts(rows))
        @if let Some(administration) = &request.administration {
            @if may("accept") { (accept(request, &administration.fingerprint, refusal)) }
        }
        div.decision {
            @if may("accept") && request.administration.is_some() {
                button.button.primary type="submit" form={ "accept-form-" (request.name) } {
                    "Accept" (text::hidden(&format!(" {}", request.name)))
                }
            } @else {
                (button::refused(&format!("accept-{}", request.name), "Accept", "clusters.accept"))
            }
            @if may("deny") { (deny(request)) }
        }
    }
}

fn accept(request: &ClusterView, fingerprint: &str, refusal: Option<&Refusal>) -> Markup {
    let id = format!("fingerprint-{}", request.name);
    let shown = format!("{id}-shown");
    let compared = format!("compared-{}", request.name);
    let wrong =
        refusal.map_or_else(Vec::new, |refusal| Errors::of(Some(&refusal.problem)).at("/fingerprint"));
    let described = if wrong.is_empty() { shown.clone() } else { format!("{shown} {id}-error") };
    html! {
        form.form.accept id={ "accept-form-" (request.name) } method="post" action={ "/platform/clusters/" (request.name) "/accept" } {
            p id=(shown) { "The hub sees the key " code.fingerprint { (fingerprint) } }
            (field::hidden("shown_fingerprint", fingerprint))
            div.field.invalid[!wrong.is_empty()] {
                label for=(id) { "Paste the fingerprint that the agent printed" }
                (field::error(&id, &wrong))
                input.mono type="text" id=(id) name="fingerprint" autocomplete="off" autocapitalize="none" spellcheck="false"
                    value=(refusal.map_or("", |refusal| refusal.typed.as_str())) data-compare=(fingerprint)
                    aria-describedby=(described) aria-invalid=[(!wrong.is_empty()).then_some("true")];
                p.compare-result data-compare-result=(id) hidden {}
            }
            div.choice {
                input type="checkbox" id=(compared) name="compared" value="yes";
                div.choice-text { label for=(compared) { "I cannot paste it; I compared all pairs by eye and they are the same" } }
            }
        }
    }
}

fn deny(request: &ClusterView) -> Markup {
    confirm(&Confirm {
        id: &format!("deny-{}", request.name),
        trigger: "Deny",
        about: &request.name,
        title: "Deny this cluster?",
        consequences: html! { p { "Its agent gets no certificate. It can ask again with a new join token." } },
        action: &format!("/platform/clusters/{}/deny", request.name),
        fields: html! {},
        verb: "Deny cluster",
    })
}

fn tokens(view: &ClustersPage) -> Markup {
    if view.tokens.is_empty() {
        return html! {};
    }
    let rows = view.tokens.iter().map(|token| {
        vec![
            html! { (token.cluster_name) },
            status::join_token(&token.state),
            text::time(&token.created_at),
            text::time(&token.expires_at),
            withdraw(token),
        ]
    });
    let columns = ["For the cluster", "State", "Made", "Ends", "Actions"];
    html! {
        section.section aria-labelledby="tokens-title" {
            h2 id="tokens-title" { "Join tokens" }
            (table::table("tokens", "Join tokens of this hub", &columns, rows))
        }
    }
}

fn withdraw(token: &JoinTokenView) -> Markup {
    if token.state != "unused" {
        return html! { span.muted { "—" } };
    }
    confirm(&Confirm {
        id: &format!("withdraw-{}", token.id),
        trigger: "Withdraw",
        about: &token.cluster_name,
        title: "Withdraw this join token?",
        consequences: html! { p { "Nobody can ask to join with it any more." } },
        action: &format!("/platform/join-tokens/{}/withdraw", token.id),
        fields: html! {},
        verb: "Withdraw token",
    })
}

/// For the page of one cluster: how to go on with a cluster whose request was denied.
pub(super) fn denied_hint() -> Markup {
    callout(
        Tone::Neutral,
        "Its request was denied",
        &html! {
            p { "To let it ask again, make a new join token: " a href="/platform/clusters/join" { "Add a cluster" } "." }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> String {
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        AcceptForm::parse(&Fields::from(pairs)).fingerprint
    }

    /// FLEET-1: the fingerprint is compared: pasted, or said to be compared by eye; nothing is taken for granted.
    #[test]
    fn fleet_1_a_fingerprint_is_pasted_or_compared() {
        assert_eq!(parse(&[("shown_fingerprint", "AA"), ("fingerprint", "")]), "");
        assert_eq!(parse(&[("shown_fingerprint", "AA"), ("fingerprint", ""), ("compared", "yes")]), "AA");
        assert_eq!(parse(&[("shown_fingerprint", "AA"), ("fingerprint", "BB"), ("compared", "yes")]), "BB");
    }
}
