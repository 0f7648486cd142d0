//! Samples of the pages of an organization.

use bastide_api::access::{AccessView, GrantView};
use bastide_api::organizations::{GatewayChoice, OrganizationView};
use bastide_api::roles::RoleView;
use maud::Markup;
use serde_json::json;

use super::teams::{a_project, a_team};
use super::{data, moving};
use crate::pages::{
    AccessPage, AssignmentForm, AuditPage, Context, DeletePage, Draft, Flash, LeaveOrganizationPage,
    LeavePage, Listing, MembersPage, OrganizationForm, OverviewPage, PlacePage, RoleForm, RolePage,
    RolesPage, SettingsPage, Usage, access, audit, delete_organization, leave, leave_organization, members,
    overview, place, role, roles, settings,
};

pub(super) fn samples() -> Vec<(&'static str, Markup)> {
    let mut samples = overviews();
    samples.extend(member_lists());
    samples.extend(logs());
    samples.extend(changes());
    samples.extend(placing());
    samples.extend(role_pages());
    samples.extend(explanations());
    samples
}

fn full() -> OverviewPage {
    OverviewPage {
        organization: data::acting(),
        above: vec![data::named("holding", "Holding"), data::named("north", data::MARKUP)],
        plan: data::plans().into_iter().nth(1),
        owner: Some(data::member("ada@example.org", "Ada Fontaine", "owner", "beneath").user),
        usage: vec![
            Usage { name: "Members".into(), used: Some(4), allowed: Some(10) },
            Usage { name: "Sub-organizations".into(), used: Some(2), allowed: Some(20) },
        ],
        placements: vec![data::placement("eu-1")],
        children: Listing::whole(vec![
            data::named("rail", "Rail Bookings"),
            data::named("cairo", data::RIGHT_TO_LEFT),
        ]),
        latest: Listing::whole(vec![
            data::record(4, "organization_update", "Acme Works"),
            data::record(3, "client_organization_create", "Rail Bookings"),
            data::record(2, "member_add", "Lena Duval"),
        ]),
    }
}

/// An organization in trouble, with names that try to break the page.
fn troubled() -> OverviewPage {
    let silent = bastide_api::organizations::PlacementView {
        availability: "unknown".into(),
        node_pool: None,
        gateway: GatewayChoice::Shared {},
        ..data::placement("us-1")
    };
    OverviewPage {
        organization: OrganizationView {
            actions: Vec::new(),
            role: Some("administrator".into()),
            description: data::MARKUP.into(),
            ..data::named("acme", &data::longest_name())
        },
        usage: vec![
            Usage { name: "Members".into(), used: Some(12), allowed: Some(10) },
            Usage { name: "Deployments".into(), used: Some(40), allowed: None },
            Usage { name: "Sub-organizations".into(), used: None, allowed: None },
        ],
        placements: vec![data::broken_placement("eu-1"), silent],
        owner: None,
        children: data::refused(data::broken()),
        latest: data::refused(data::forbidden("audit.view")),
        ..full()
    }
}

fn overviews() -> Vec<(&'static str, Markup)> {
    let page = |view: &OverviewPage| overview(&data::within(&view.organization, "/o/acme"), view);
    let site = |view: &OverviewPage| {
        overview(&Context { current: Some(view.organization.clone()), ..data::site("/o/acme") }, view)
    };
    let deleting =
        OrganizationView { state: "partially_deleted".into(), actions: Vec::new(), ..data::acting() };
    let new = OverviewPage {
        organization: OrganizationView { description: String::new(), ..data::organization("acme") },
        above: Vec::new(),
        plan: None,
        usage: Vec::new(),
        placements: Vec::new(),
        children: Listing::whole(Vec::new()),
        latest: Listing::whole(Vec::new()),
        ..full()
    };
    vec![
        ("organization", site(&full())),
        ("organization-new-one", page(&new)),
        ("organization-troubled", page(&troubled())),
        ("organization-partly-deleted", page(&OverviewPage { organization: deleting, ..troubled() })),
    ]
}

fn member_lists() -> Vec<(&'static str, Markup)> {
    let organization = data::organization("acme");
    let ctx = data::within(&organization, "/o/acme/members");
    let view = |members_of| MembersPage {
        organization: OrganizationView { actions: data::texts(&["assign"]), ..organization.clone() },
        members: members_of,
        source: String::new(),
        role: String::new(),
        roles: vec![data::role("auditor", true)],
        form: AssignmentForm::default(),
        problem: None,
    };
    let page = |members_of| members(&ctx, &view(members_of));
    let mut leaving = data::member("omar@example.org", data::RIGHT_TO_LEFT, "administrator", "here");
    leaving.user.access = "disabled".into();
    leaving.sources = data::every_source();
    let form = AssignmentForm { user: "zoe@example.org".into(), beneath: true, ..AssignmentForm::default() };
    let unknown = Some(data::invalid(&[("/user", "nobody of that name can be given a role here")]));
    let wrong = MembersPage { form, problem: unknown, ..view(Listing::whole(Vec::new())) };
    let chosen = MembersPage { source: "team".into(), ..view(Listing::whole(Vec::new())) };
    let owned = LeaveOrganizationPage { organization: organization.clone(), problem: None };
    let actions = data::texts(&["leave"]);
    let leave = LeaveOrganizationPage {
        organization: OrganizationView {
            actions,
            role: Some("administrator".into()),
            ..organization.clone()
        },
        problem: None,
    };
    let all = vec![
        data::member("ada@example.org", "Ada Fontaine", "owner", "beneath"),
        data::member("lena@example.org", data::MARKUP, "administrator", "beneath"),
        leaving,
        data::member("long@example.org", &data::longest_name(), "administrator", "here"),
    ];
    vec![
        ("members", page(Listing::whole(all))),
        ("members-errors", members(&ctx, &wrong)),
        ("members-none-by-team", members(&ctx, &chosen)),
        ("leave-organization", leave_organization(&data::within(&organization, "/o/acme/leave"), &leave)),
        (
            "leave-organization-owned",
            leave_organization(&data::within(&organization, "/o/acme/leave"), &owned),
        ),
        ("members-empty", page(Listing::whole(Vec::new()))),
        ("members-filtered-out", page(data::searched("zoe", Vec::new()))),
        ("members-not-permitted", page(data::refused(data::forbidden("members.view")))),
        ("members-failed", page(data::refused(data::broken()))),
    ]
}

fn role_pages() -> Vec<(&'static str, Markup)> {
    let organization =
        OrganizationView { actions: data::texts(&["create_role"]), ..data::organization("acme") };
    let ctx = data::within(&organization, "/o/acme/roles");
    let page = |roles_of, problem| {
        let form = RoleForm {
            name: "Auditor".into(),
            permissions: vec!["audit.view".into()],
            ..RoleForm::default()
        };
        let permissions = data::permissions();
        roles(
            &ctx,
            &RolesPage { organization: organization.clone(), roles: roles_of, permissions, form, problem },
        )
    };
    let (here, above) = (data::role("auditor", true), data::role("helper", false));
    let built_in =
        RoleView { built_in: true, created_at: None, etag: None, ..data::role("administrator", false) };
    let one = |of: &RoleView, problem| {
        let (form, permissions) = (RoleForm::of(of), data::permissions());
        role(
            &ctx,
            &RolePage { organization: organization.clone(), role: of.clone(), permissions, form, problem },
        )
    };
    vec![
        ("roles", page(Listing::whole(vec![built_in.clone(), here.clone(), above.clone()]), None)),
        ("roles-filtered-out", page(data::searched("zoe", Vec::new()), None)),
        ("roles-not-permitted", page(data::refused(data::forbidden("roles.view")), None)),
        ("roles-failed", page(data::refused(data::broken()), None)),
        (
            "roles-refused",
            page(
                Listing::whole(vec![built_in]),
                Some(data::invalid(&[("/permissions", "a role allows at least one thing")])),
            ),
        ),
        ("role", one(&here, None)),
        ("role-from-above", one(&above, None)),
        (
            "role-in-use",
            one(&here, Some(data::problem(409, "role_in_use", "It is in use", "auditor is given to people"))),
        ),
    ]
}

fn explanations() -> Vec<(&'static str, Markup)> {
    let organization = data::organization("acme");
    let ctx = data::within(&organization, "/o/acme/access");
    let page = |answer, problem| {
        let view = AccessPage {
            organization: organization.clone(),
            permissions: data::permissions(),
            user: "lena@example.org".into(),
            action: "audit.view".into(),
            team: String::new(),
            project: "shop".into(),
            teams: vec![a_team("core", "Core", None, &[])],
            projects: vec![a_project("shop", "Shop", None, &[])],
            answer,
            problem,
        };
        access(&ctx, &view)
    };
    let answer = |allowed: bool| AccessView {
        allowed,
        verdict: if allowed { "allowed" } else { "permission_missing" }.into(),
        user: "usr_01jd0000000000000000000010".into(),
        email: "lena@example.org".into(),
        permission: "audit.view".into(),
        object: "the organization acme".into(),
        missing: (!allowed).then(|| "a role that holds it: owner, administrator".into()),
        grants: vec![
            GrantView { sentence: "administrator at acme, there and beneath".into(), gives_it: allowed },
            GrantView { sentence: data::MARKUP.into(), gives_it: false },
        ],
    };
    let nothing = AccessView { grants: Vec::new(), verdict: "assignment_missing".into(), ..answer(false) };
    vec![
        ("access", page(None, None)),
        ("access-allowed", page(Some(answer(true)), None)),
        ("access-denied", page(Some(answer(false)), None)),
        ("access-nothing-given", page(Some(nothing), None)),
        ("access-of-nobody", page(None, Some(data::invalid(&[("user", "you know of no account here")])))),
    ]
}

fn logs() -> Vec<(&'static str, Markup)> {
    let organization = data::organization("acme");
    let ctx = data::within(&organization, "/o/acme/audit");
    let page = |records| audit(&ctx, &AuditPage { organization: Some(organization.clone()), records });
    let mut hostile = data::record(5, "organization_update", data::MARKUP);
    hostile.before = Some(json!({"name": data::longest_name()}));
    hostile.after = Some(json!({"name": data::MARKUP, "description": data::RIGHT_TO_LEFT}));
    let mut bare = data::record(6, "session_end", "");
    (bare.before, bare.after, bare.actor) = (None, None, "placement controller".into());
    let all = vec![bare, hostile, data::record(4, "organization_create", "Acme Works")];
    vec![
        ("audit", page(data::in_the_middle(all.clone()))),
        ("audit-empty", page(Listing::whole(Vec::new()))),
        ("audit-filtered-out", page(data::searched("nobody", Vec::new()))),
        (
            "audit-platform",
            audit(
                &data::site("/platform/audit"),
                &AuditPage { organization: None, records: Listing::whole(all) },
            ),
        ),
    ]
}

fn placing() -> Vec<(&'static str, Markup)> {
    let organization = data::organization("acme");
    let ctx = data::within(&organization, "/o/acme/placements/new");
    let view = PlacePage {
        organization: organization.clone(),
        draft: Draft::default(),
        spokes: vec![data::cluster("eu-2"), data::unlicensed_cluster("us-1")],
        gateways: vec![("eu-2".into(), data::gateway("edge", data::MARKUP))],
        problem: None,
    };
    let wrong = PlacePage {
        draft: Draft { spoke: "us-1".into(), ..Draft::default() },
        problem: Some(data::invalid(&[("/spoke", "choose a spoke")])),
        ..view.clone()
    };
    let nowhere = PlacePage { spokes: Vec::new(), gateways: Vec::new(), ..view.clone() };
    let go = LeavePage {
        organization,
        placement: data::placement("eu-1"),
        release: false,
        typed: String::new(),
        problem: None,
    };
    let mistyped = LeavePage {
        release: true,
        typed: "eu-2".into(),
        problem: Some(data::invalid(&[("/confirm", "type the name of the cluster, `eu-1`, to confirm")])),
        ..go.clone()
    };
    vec![
        ("place", place(&ctx, &view)),
        ("place-errors", place(&ctx, &wrong)),
        ("place-nowhere", place(&ctx, &nowhere)),
        ("leave", leave(&ctx, &go)),
        ("leave-errors", leave(&ctx, &mistyped)),
    ]
}

fn changes() -> Vec<(&'static str, Markup)> {
    let organization = data::organization("acme");
    let ctx = data::within(&organization, "/o/acme/settings");
    let view = SettingsPage {
        host_names: "acme.example".into(),
        form: OrganizationForm::of(&organization),
        organization: organization.clone(),
        blockers: Vec::new(),
        blockers_unnamed: 0,
        clusters: data::texts(&["eu-1"]),
        problem: None,
    };
    let saved = Context {
        flash: Some(Flash { went_well: true, text: "The changes are saved.".into() }),
        ..ctx.clone()
    };
    let wrong = SettingsPage {
        form: OrganizationForm { name: String::new(), ..view.form.clone() },
        blockers: vec![moving::blocker("rail", data::MARKUP)],
        blockers_unnamed: 2,
        problem: Some(data::invalid(&[(
            "/name",
            "a name has 1 to 255 characters and no control or invisible characters",
        )])),
        ..view.clone()
    };
    let viewer = OrganizationView { actions: Vec::new(), ..organization.clone() };
    let delete = DeletePage {
        organization: organization.clone(),
        typed: String::new(),
        blockers: Vec::new(),
        blockers_unnamed: 0,
        clusters: data::texts(&["eu-1", "us-1"]),
        problem: None,
    };
    let mistyped = DeletePage {
        typed: "acne".into(),
        problem: Some(data::invalid(&[("/confirm", "type the slug `acme` to confirm")])),
        ..delete.clone()
    };
    let blocked = DeletePage { blockers: vec![moving::blocker("rail", "Rail Bookings")], ..delete.clone() };
    let begun = DeletePage {
        organization: OrganizationView { state: "deleting".into(), ..organization.clone() },
        ..delete.clone()
    };
    let on_delete = data::within(&organization, "/o/acme/delete");
    vec![
        ("settings", settings(&saved, &view)),
        ("settings-errors", settings(&ctx, &wrong)),
        ("settings-not-permitted", settings(&ctx, &SettingsPage { organization: viewer, ..view })),
        ("delete", delete_organization(&on_delete, &delete)),
        ("delete-errors", delete_organization(&on_delete, &mistyped)),
        ("delete-blocked", delete_organization(&on_delete, &blocked)),
        ("delete-begun", delete_organization(&on_delete, &begun)),
    ]
}
