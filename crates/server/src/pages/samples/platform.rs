//! Samples of the pages of the installation.

use bastide_api::clusters::{AuthorityState, AuthorityView, ClusterView, IssuedJoinToken, JoinTokenView};
use bastide_api::users::UserView;
use maud::Markup;

use super::{data, me};
use crate::pages::{
    AuthorityPage, ClientOrganizationsPage, ClusterPage, ClustersPage, GatewayForm, GatewayPage, JoinPage,
    ListenerRow, Listing, NewUserPage, PlansPage, Refusal, UsersPage, authority, client_organizations,
    cluster, clusters, gateway, join, new_user, plans, users,
};

pub(super) fn samples() -> Vec<(&'static str, Markup)> {
    let mut samples = cluster_lists();
    samples.extend(joining());
    samples.extend(cluster_pages());
    samples.extend(authorities());
    samples.extend(gateway_pages());
    samples.extend(people());
    samples.extend(others());
    samples
}

fn join_token(state: &str) -> JoinTokenView {
    JoinTokenView {
        id: format!("jtk_{state}"),
        cluster_name: "us-2".into(),
        state: state.into(),
        created_at: "2026-11-22T03:00:00Z".into(),
        expires_at: "2026-11-22T04:00:00Z".into(),
    }
}

fn cluster_lists() -> Vec<(&'static str, Markup)> {
    let silent =
        ClusterView { availability: Some("unknown".into()), nodes_ready: 0, ..data::cluster("eu-3") };
    let broken = ClusterView { availability: Some("unavailable".into()), ..data::cluster("eu-4") };
    let withdrawn = ClusterView {
        membership: "withdrawn".into(),
        availability: None,
        kubernetes_version: String::new(),
        administration: None,
        ..data::cluster("eu-5")
    };
    let full = ClustersPage {
        hub: data::hub(),
        requests: vec![data::requesting_cluster("us-1")],
        clusters: Listing::whole(vec![
            data::cluster("eu-1"),
            data::unlicensed_cluster("eu-2"),
            silent,
            broken,
            withdrawn,
        ]),
        tokens: vec![join_token("unused"), join_token("used"), join_token("expired")],
        may_add: true,
        refusal: None,
    };
    let refusal = Refusal {
        cluster: "us-1".into(),
        typed: "AA:BB".into(),
        problem: data::invalid(&[(
            "/fingerprint",
            "that is not the fingerprint of us-1's key; compare once more, and deny it when it stays different",
        )]),
    };
    let empty = ClustersPage {
        requests: Vec::new(),
        clusters: Listing::whole(Vec::new()),
        tokens: Vec::new(),
        ..full.clone()
    };
    let ctx = data::site("/platform/clusters");
    let page = |view: &ClustersPage| clusters(&ctx, view);
    vec![
        ("clusters", page(&full)),
        ("clusters-empty", page(&empty)),
        ("clusters-refused", page(&ClustersPage { refusal: Some(refusal), ..full.clone() })),
        (
            "clusters-filtered-out",
            page(&ClustersPage { clusters: data::searched("mars", Vec::new()), ..empty.clone() }),
        ),
        (
            "clusters-not-permitted",
            page(&ClustersPage {
                clusters: data::refused(data::forbidden("clusters.view")),
                may_add: false,
                ..empty.clone()
            }),
        ),
        ("clusters-failed", page(&ClustersPage { clusters: data::refused(data::broken()), ..empty })),
    ]
}

fn joining() -> Vec<(&'static str, Markup)> {
    let view = JoinPage {
        hub: data::hub(),
        cluster_name: String::new(),
        minutes: String::new(),
        issued: None,
        problem: None,
    };
    let wrong = JoinPage {
        cluster_name: "EU 9".into(),
        minutes: "99999".into(),
        problem: Some(data::invalid(&[
            ("/cluster_name", "a slug has 1 to 40 characters of a–z, 0–9 and `-`"),
            ("/minutes", "a join token works for 1 to 10080 minutes"),
        ])),
        ..view.clone()
    };
    let issued = IssuedJoinToken {
        secret: "bjt_3kd93jf03kfj39fk39dk".into(),
        command: "bastide-agent join --hub https://hub.example.org:8444 --authority sha256:7b0e119a52c43dee91602fb8047daa13 --token bjt_3kd93jf03kfj39fk39dk".into(),
        manifest: "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: bastide-system\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: bastide-agent\n  namespace: bastide-system\n".into(),
        token: join_token("unused"),
    };
    let ctx = data::site("/platform/clusters/join");
    vec![
        ("join", join(&ctx, &view)),
        ("join-errors", join(&ctx, &wrong)),
        ("join-issued", join(&ctx, &JoinPage { issued: Some(issued), ..view })),
    ]
}

fn cluster_page(cluster_view: ClusterView) -> ClusterPage {
    ClusterPage {
        cluster: cluster_view,
        hub: Some(data::hub()),
        gateways: Listing::whole(vec![data::gateway("edge", "Edge"), data::gateway("inner", data::MARKUP)]),
        may_change_gateways: true,
        gateway_form: GatewayForm::default(),
        licence_pem: String::new(),
        typed: String::new(),
        placed: String::new(),
        problem: None,
    }
}

fn cluster_pages() -> Vec<(&'static str, Markup)> {
    let page = |view: &ClusterPage| cluster(&data::site("/platform/clusters/eu-1"), view);
    let mut foreign = data::cluster("eu-2");
    if let Some(administration) = &mut foreign.administration {
        administration.licence = data::licence(
            "invalid",
            "It is for another cluster: expected uid 0195f3a2-77c1-7b10-9d4e-3f2a81c0d5e7, found 11111111-2222-3333-4444-555555555555.",
        );
        administration.licence.found_uids = data::texts(&["11111111-2222-3333-4444-555555555555"]);
    }
    let silent = ClusterView {
        availability: Some("unknown".into()),
        conditions: vec![data::condition("Synced", "Unknown", "NoHeartbeat", data::MARKUP)],
        ..foreign
    };
    let parting = ClusterView {
        cleaning_since: Some("2026-11-22T04:00:00Z".into()),
        actions: data::texts(&["withdraw", "delete", "clean", "forget", "follow"]),
        ..data::cluster("eu-3")
    };
    let seen_from_below = ClusterView {
        administration: None,
        actions: Vec::new(),
        capabilities: Vec::new(),
        conditions: Vec::new(),
        ..data::cluster("eu-1")
    };
    let below = ClusterPage {
        hub: None,
        may_change_gateways: false,
        gateways: data::refused(data::forbidden("gateways.view")),
        ..cluster_page(seen_from_below)
    };
    vec![
        ("cluster", page(&cluster_page(data::cluster("eu-1")))),
        ("cluster-requested", page(&cluster_page(data::requesting_cluster("us-1")))),
        (
            "cluster-denied",
            page(&cluster_page(ClusterView {
                membership: "denied".into(),
                actions: data::texts(&["delete"]),
                ..data::requesting_cluster("us-1")
            })),
        ),
        ("cluster-silent", page(&cluster_page(silent))),
        ("cluster-parting", page(&cluster_page(parting))),
        (
            "cluster-unlicensed",
            page(&ClusterPage {
                gateways: Listing::whole(Vec::new()),
                ..cluster_page(data::unlicensed_cluster("eu-2"))
            }),
        ),
        ("cluster-seen-from-below", cluster(&data::at("/platform/clusters/eu-1"), &below)),
        ("cluster-errors", page(&cluster_errors())),
    ]
}

fn authorities() -> Vec<(&'static str, Markup)> {
    let one = |fingerprint: &str| AuthorityView {
        fingerprint: fingerprint.repeat(16),
        since: "2026-11-20T04:00:00Z".into(),
    };
    let quiet = AuthorityState {
        present: one("7b0e"),
        next: None,
        previous: Vec::new(),
        clusters_ready: 0,
        clusters_waiting: Vec::new(),
    };
    let waiting = AuthorityState {
        next: Some(one("91c4")),
        previous: vec![one("03aa")],
        clusters_ready: 2,
        clusters_waiting: data::texts(&["eu-2", "us-1"]),
        ..quiet.clone()
    };
    let ready = AuthorityState { clusters_waiting: Vec::new(), ..waiting.clone() };
    let page = |state: &AuthorityState, problem| {
        authority(&data::site("/platform/authority"), &AuthorityPage { state: state.clone(), problem })
    };
    vec![
        ("authority", page(&quiet, None)),
        ("authority-waiting", page(&waiting, None)),
        ("authority-ready", page(&ready, None)),
        ("authority-failed", page(&quiet, Some(data::broken()))),
    ]
}

fn gateway_pages() -> Vec<(&'static str, Markup)> {
    let ctx = data::site("/platform/clusters/eu-1/gateways/edge");
    let view = |configuration: bastide_api::gateways::GatewayConfigurationView| GatewayPage {
        cluster: "eu-1".into(),
        form: GatewayForm::of(&configuration),
        gateway: configuration,
        may_change: true,
        problem: None,
    };
    let used =
        data::problem(409, "gateway_in_use", "The gateway is in use", "`edge` is used by acme, beta, 3 more");
    vec![
        ("gateway", gateway(&ctx, &view(data::gateway("edge", "Edge")))),
        (
            "gateway-seen-from-below",
            gateway(&ctx, &GatewayPage { may_change: false, ..view(data::gateway("inner", data::MARKUP)) }),
        ),
        (
            "gateway-in-use",
            gateway(&ctx, &GatewayPage { problem: Some(used), ..view(data::gateway("edge", "Edge")) }),
        ),
    ]
}

fn cluster_errors() -> ClusterPage {
    let form = GatewayForm {
        name: data::MARKUP.into(),
        slug: String::new(),
        class: "Nginx!".into(),
        listeners: vec![ListenerRow {
            name: "web".into(),
            port: "http".into(),
            protocol: "HTTP".into(),
            ..ListenerRow::default()
        }],
        addresses: "192.0.2.10 edge".into(),
        certificates: "organization".into(),
    };
    let mut problem = data::invalid(&[
        ("/class", "`Nginx!` is not a name of a GatewayClass: a–z, 0–9 and `-`"),
        ("/pem", "that is no certificate in PEM"),
        ("/confirm", "type the name `eu-2` to confirm"),
    ]);
    problem.errors.extend(form.check());
    ClusterPage {
        gateway_form: form,
        licence_pem: "-----BEGIN NOTHING-----".into(),
        typed: "eu".into(),
        problem: Some(problem),
        ..cluster_page(data::unlicensed_cluster("eu-2"))
    }
}

fn people() -> Vec<(&'static str, Markup)> {
    let all = vec![
        data::user("ada@example.org", "Ada Fontaine"),
        UserView {
            access: "no_console".into(),
            home_organization: None,
            ..data::user("robot@example.org", data::MARKUP)
        },
        UserView { access: "disabled".into(), ..data::user("omar@example.org", data::RIGHT_TO_LEFT) },
        data::user("long@example.org", &data::longest_name()),
    ];
    let taken = data::problem(
        409,
        "email_taken",
        "The address is taken",
        "The address belongs to a deactivated account.",
    );
    let owns = data::problem(
        409,
        "owns_organizations",
        "It owns organizations",
        "The account owns work organizations: hand them over first.",
    );
    let ctx = data::site("/platform/users");
    vec![
        (
            "users",
            users(&ctx, &UsersPage { users: Listing::whole(all.clone()), may_create: true, problem: None }),
        ),
        (
            "users-owner",
            users(&ctx, &UsersPage { users: Listing::whole(all), may_create: true, problem: Some(owns) }),
        ),
        (
            "users-empty",
            users(&ctx, &UsersPage { users: Listing::whole(Vec::new()), may_create: false, problem: None }),
        ),
        (
            "users-filtered-out",
            users(
                &ctx,
                &UsersPage { users: data::searched("zoe", Vec::new()), may_create: true, problem: None },
            ),
        ),
        ("user-new", new_user(&ctx, &NewUserPage::default())),
        (
            "user-new-errors",
            new_user(
                &ctx,
                &NewUserPage {
                    name: "Omar".into(),
                    email: "omar@example.org".into(),
                    personal: true,
                    problem: Some(taken),
                },
            ),
        ),
    ]
}

fn others() -> Vec<(&'static str, Markup)> {
    let ctx = data::site("/platform/client-organizations");
    let view = ClientOrganizationsPage {
        organizations: Listing::whole(me::varied()),
        acting_from: vec![data::acting(), data::named("rtl", data::RIGHT_TO_LEFT)],
    };
    let empty =
        ClientOrganizationsPage { organizations: Listing::whole(Vec::new()), acting_from: Vec::new() };
    vec![
        ("plans", plans(&data::site("/platform/plans"), &PlansPage { plans: Listing::whole(data::plans()) })),
        ("client-organizations", client_organizations(&ctx, &view)),
        ("client-organizations-empty", client_organizations(&ctx, &empty)),
    ]
}
