//! Samples of one's own pages.

use bastide_api::identity::{IssuedToken, SessionView, TokenView};
use bastide_api::members::{BillingView, Named};
use bastide_api::organizations::{OrganizationView, PublicOrganizationView};
use bastide_api::registry::PermissionView;
use bastide_model::Permission;
use maud::Markup;

use super::data;
use crate::pages::{
    BillingPage, BillingsPage, Context, Flash, Listing, NewOrganizationPage, OrganizationForm,
    OrganizationsPage, PublicOrganizationsPage, SessionsPage, TokenForm, TokensPage, billing, billings,
    new_organization, organizations, public_organizations, sessions, tokens,
};

pub(super) fn samples() -> Vec<(&'static str, Markup)> {
    let mut samples = organization_lists();
    samples.extend(public_lists());
    samples.extend(new_organizations());
    samples.extend(token_pages());
    samples.extend(session_pages());
    samples.extend(billing_pages());
    samples
}

/// Organizations of every state and role, with names that try to break the page.
pub(super) fn varied() -> Vec<OrganizationView> {
    let personal = OrganizationView {
        kind: "personal".into(),
        plan: "free".into(),
        actions: Vec::new(),
        ..data::named("ada-fontaine", "Ada Fontaine")
    };
    let deleting = OrganizationView {
        state: "deleting".into(),
        actions: Vec::new(),
        role: Some("administrator".into()),
        ..data::named("old", data::MARKUP)
    };
    let stuck = OrganizationView {
        state: "partially_deleted".into(),
        role: None,
        ..data::named("cairo", data::RIGHT_TO_LEFT)
    };
    vec![data::acting(), personal, deleting, stuck, data::named("long", &data::longest_name())]
}

fn organization_lists() -> Vec<(&'static str, Markup)> {
    let path = "/me/organizations";
    let page = |organizations: Listing<OrganizationView>| organizations_at(&data::at(path), organizations);
    vec![
        ("organizations", page(Listing::whole(varied()))),
        (
            "organizations-empty",
            organizations_at(&Context { switcher: Vec::new(), ..data::at(path) }, Listing::whole(Vec::new())),
        ),
        ("organizations-filtered-out", page(data::searched(data::MARKUP, Vec::new()))),
        ("organizations-not-permitted", page(data::refused(data::forbidden("organizations.view")))),
        ("organizations-failed", page(data::refused(data::broken()))),
        ("organizations-middle", page(data::in_the_middle(vec![data::organization("acme")]))),
    ]
}

fn public_lists() -> Vec<(&'static str, Markup)> {
    let page = |organizations: Listing<PublicOrganizationView>| {
        public_organizations(
            &data::at("/me/organizations/public"),
            &PublicOrganizationsPage { organizations },
        )
    };
    let public = |slug: &str, name: &str, description: &str| PublicOrganizationView {
        id: format!("org_{slug}"),
        slug: slug.into(),
        name: name.into(),
        description: description.into(),
    };
    let full = vec![
        public("acme", "Acme", "Trains and rails."),
        public("cairo", data::RIGHT_TO_LEFT, data::MARKUP),
        public("long", &data::longest_name(), ""),
    ];
    vec![
        ("public-organizations", page(Listing::whole(full))),
        ("public-organizations-empty", page(Listing::whole(Vec::new()))),
        ("public-organizations-filtered-out", page(data::searched(data::MARKUP, Vec::new()))),
        ("public-organizations-failed", page(data::refused(data::broken()))),
    ]
}

fn organizations_at(ctx: &Context, listing: Listing<OrganizationView>) -> Markup {
    organizations(ctx, &OrganizationsPage { organizations: listing })
}

fn new_organizations() -> Vec<(&'static str, Markup)> {
    let ctx = data::at("/me/organizations/new");
    let form = OrganizationForm {
        name: data::MARKUP.into(),
        slug: "Rail!".into(),
        description: "First line\nSecond line".into(),
        visibility: "public".into(),
        annotations: vec![("kubernetes.io/x".into(), "1".into()), (String::new(), "lost".into())],
        parent: "acme".into(),
    };
    let mut problem = data::invalid(&[("/slug", "a slug has 1 to 40 characters of a–z, 0–9 and `-`")]);
    problem.errors.extend(form.check());
    let empty =
        NewOrganizationPage { parents: vec![data::organization("acme")], ..NewOrganizationPage::default() };
    vec![
        ("organization-new", new_organization(&ctx, &empty)),
        (
            "organization-new-errors",
            new_organization(&ctx, &NewOrganizationPage { form, problem: Some(problem), ..empty.clone() }),
        ),
        (
            "organization-new-limit",
            new_organization(&ctx, &NewOrganizationPage { problem: Some(data::limit()), ..empty }),
        ),
    ]
}

fn token(name: &str, permissions: &[&str]) -> TokenView {
    TokenView {
        id: format!("tok_01jd{:0>22}", name.len()),
        name: name.into(),
        prefix: "bst_7Qk".into(),
        permissions: data::texts(permissions),
        created_at: "2026-10-01T09:00:00Z".into(),
        expires_at: "2026-12-30T09:00:00Z".into(),
        last_used_at: permissions.is_empty().then(|| "2026-11-22T03:59:00Z".into()),
    }
}

fn token_pages() -> Vec<(&'static str, Markup)> {
    let ctx = data::at("/me/tokens");
    let permissions = Permission::ALL.iter().map(|permission| PermissionView {
        key: permission.key().into(),
        meaning: permission.meaning().into(),
    });
    let view = |tokens: Vec<TokenView>| TokensPage {
        tokens: Listing::whole(tokens),
        form: TokenForm::default(),
        permissions: permissions.clone().collect(),
        issued: None,
        problem: None,
    };
    let full = view(vec![token("laptop", &[]), token(data::MARKUP, &["organizations.view", "audit.view"])]);
    let issued = IssuedToken {
        secret: "bst_7Qk3vR9x2LmNpT5wYzA8cE1gJ4hK6sD0fB".into(),
        token: token("pipeline", &[]),
    };
    let form =
        TokenForm { name: "pipeline".into(), days: "400".into(), limited: true, permissions: Vec::new() };
    let mut problem = data::invalid(&[("/days", "a token works for 1 to 366 days")]);
    problem.errors.extend(form.check());
    vec![
        ("tokens", tokens(&ctx, &full)),
        ("tokens-empty", tokens(&ctx, &view(Vec::new()))),
        ("tokens-issued", tokens(&ctx, &TokensPage { issued: Some(issued), ..full.clone() })),
        ("tokens-errors", tokens(&ctx, &TokensPage { form, problem: Some(problem), ..full })),
    ]
}

fn billing_pages() -> Vec<(&'static str, Markup)> {
    let ctx = data::at("/me/billing");
    let named =
        |slug: &str, name: &str| Named { id: format!("org_{slug}"), slug: slug.into(), name: name.into() };
    let one = |slug: &str, name: &str, role: &str, actions: &[&str]| BillingView {
        organization: named(slug, name),
        plan: "business".into(),
        role: role.into(),
        administrators: vec![data::person("lena@example.org", data::MARKUP)],
        actions: data::texts(actions),
    };
    let own = one("acme", "Acme Works", "owner", &["assign", "withdraw"]);
    let other = one("rail", data::MARKUP, "billing_administrator", &["leave"]);
    let view =
        |billing: &BillingView| BillingPage { billing: billing.clone(), user: String::new(), problem: None };
    let unknown = data::invalid(&[("user", "nobody of that name can be given a role here")]);
    let wrong = BillingPage { user: "zoe@example.org".into(), problem: Some(unknown), ..view(&own) };
    let list = |all| billings(&ctx, &BillingsPage { billings: Listing::whole(all) });
    vec![
        ("billing", list(vec![own.clone(), other.clone()])),
        ("billing-empty", list(Vec::new())),
        ("billing-of-owner", billing(&ctx, &view(&own))),
        ("billing-of-administrator", billing(&ctx, &view(&other))),
        ("billing-errors", billing(&ctx, &wrong)),
    ]
}

fn session_pages() -> Vec<(&'static str, Markup)> {
    let session = |id: &str, agent: &str, current: bool| SessionView {
        id: id.into(),
        current,
        user_agent: agent.into(),
        address: "2001:db8::17".into(),
        created_at: "2026-11-20T07:00:00Z".into(),
        last_used_at: "2026-11-22T04:00:00Z".into(),
        expires_at: "2026-12-04T07:00:00Z".into(),
    };
    let all = vec![
        session(
            "ses_1",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
            true,
        ),
        session("ses_2", data::MARKUP, false),
    ];
    let ended = Flash { went_well: true, text: "The session is ended.".into() };
    let ctx = Context { flash: Some(ended), ..data::at("/me/sessions") };
    vec![
        ("sessions", sessions(&ctx, &SessionsPage { sessions: Listing::whole(all) })),
        (
            "sessions-empty",
            sessions(&data::at("/me/sessions"), &SessionsPage { sessions: Listing::whole(Vec::new()) }),
        ),
    ]
}
