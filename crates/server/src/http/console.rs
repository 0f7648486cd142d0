//! The console's half of hop 2: a form becomes the same wire type that the API takes and goes through the same function;
//! what comes back is shown as a page. Nothing is decided here that the API would not decide.

mod authority;
mod clusters;
mod entry;
mod gateways;
mod me;
mod members;
mod organizations;
mod placements;
mod platform;
mod projects;
mod roles;
mod teams;
mod tree;
mod visit;
mod wizard;

use bastide_model::Permission;
use http::Method;

use super::describe::Endpoint;
use super::registry::Access::{Needs, Public, SignedIn};
use super::registry::Surface::Console;
use super::registry::{Access, Operation};

const SEE_FORM: Access = Public("the page before anybody is signed in");
const STYLE: Access =
    Public("the choice of light and dark is nobody's secret, and assets are the same for all");
const OWN: Access = SignedIn("what it shows and does is the caller's own");
const AGREE: Access = SignedIn("the caller agrees to a sign-in as themselves");

fn page<M: 'static>(
    path: &'static str,
    id: &'static str,
    access: Access,
    handler: impl Endpoint<M>,
    summary: &'static str,
) -> Operation {
    Operation::new(Method::GET, path, id, "console", summary, access, Console, handler)
}

fn form<M: 'static>(
    path: &'static str,
    id: &'static str,
    access: Access,
    handler: impl Endpoint<M>,
    summary: &'static str,
) -> Operation {
    Operation::new(Method::POST, path, id, "console", summary, access, Console, handler)
}

/// Every row of the console.
pub(crate) fn rows() -> Vec<Operation> {
    [
        entry_rows(),
        me_rows(),
        organization_rows(),
        role_rows(),
        member_rows(),
        billing_rows(),
        team_rows(),
        project_rows(),
        joining_rows(),
        cluster_rows(),
        gateway_rows(),
        platform_rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn entry_rows() -> Vec<Operation> {
    vec![
        page("/", "console_start", SEE_FORM, entry::start, "To the default view"),
        page("/setup", "console_setup", SEE_FORM, entry::setup, "The first administrator's form"),
        form("/setup", "console_setup_post", SEE_FORM, entry::setup_post, "Make the first administrator"),
        page("/sign-in", "console_sign_in", SEE_FORM, entry::sign_in, "The sign-in form"),
        form("/sign-in", "console_sign_in_post", SEE_FORM, entry::sign_in_post, "Sign in"),
        form("/sign-out", "console_sign_out", OWN, entry::sign_out, "Sign out, here or everywhere"),
        form("/theme", "console_theme", STYLE, entry::theme, "Choose light or dark"),
        page("/assets/{asset}", "console_asset", STYLE, entry::asset, "Style sheet, script, icon"),
        page(
            "/login/cli",
            "console_login_cli",
            AGREE,
            entry::cli,
            "Whether a program on this machine may sign in",
        ),
        form("/login/cli", "console_login_cli_post", AGREE, entry::cli_post, "Agree that it may, or not"),
        page("/device", "console_device", AGREE, entry::device, "Whether a device may sign in"),
        form("/device", "console_device_post", AGREE, entry::device_post, "Agree that it may, or not"),
    ]
}

fn me_rows() -> Vec<Operation> {
    vec![
        page("/me/organizations", "console_organizations", OWN, me::organizations, "One's organizations"),
        page(
            "/me/organizations/public",
            "console_public_organizations",
            OWN,
            me::public_organizations,
            "The public organizations of one's realm",
        ),
        page(
            "/me/organizations/new",
            "console_organization_new",
            OWN,
            me::organization_new,
            "A new organization's form",
        ),
        form(
            "/me/organizations/new",
            "console_organization_create",
            OWN,
            me::organization_create,
            "Create one",
        ),
        page("/me/tokens", "console_tokens", OWN, me::tokens, "One's tokens"),
        form("/me/tokens", "console_token_create", OWN, me::token_create, "Make a token"),
        form("/me/tokens/{token}/delete", "console_token_delete", OWN, me::token_delete, "Withdraw a token"),
        page("/me/sessions", "console_sessions", OWN, me::sessions, "One's sessions"),
        page(
            "/me/billing",
            "console_billings",
            OWN,
            members::billings,
            "The organizations that one pays for",
        ),
        form("/me/sessions/{session}/end", "console_session_end", OWN, me::session_end, "End a session"),
    ]
}

fn role_rows() -> Vec<Operation> {
    use Permission as P;
    let see = Needs(P::OrganizationsView);
    vec![
        page("/o/{slug}/roles", "console_roles", Needs(P::RolesView), roles::list, "Its roles"),
        form("/o/{slug}/roles", "console_role_create", Needs(P::RolesCreate), roles::create, "Define a role"),
        page("/o/{slug}/roles/{role}", "console_role", Needs(P::RolesView), roles::view, "A role"),
        form(
            "/o/{slug}/roles/{role}",
            "console_role_update",
            Needs(P::RolesUpdate),
            roles::update,
            "Change it",
        ),
        form(
            "/o/{slug}/roles/{role}/delete",
            "console_role_delete",
            Needs(P::RolesDelete),
            roles::delete,
            "Delete it",
        ),
        page("/o/{slug}/access", "console_access", see, roles::explain, "Why somebody may do something"),
    ]
}

fn organization_rows() -> Vec<Operation> {
    use Permission as P;
    const PLACE: &str = "/o/{slug}/placements/new";
    const LEAVE: &str = "/o/{slug}/placements/{cluster}/leave";
    const NEW_CLIENT: &str = "/o/{slug}/client-organizations/new";
    let see = Needs(P::OrganizationsView);
    let (change, end) = (Needs(P::OrganizationsUpdate), Needs(P::OrganizationsDelete));
    let (client, shift) = (Needs(P::ClientOrganizationsCreate), Needs(P::OrganizationsMove));
    let (place, take) = (Needs(P::PlacementsCreate), Needs(P::PlacementsDelete));
    vec![
        page("/o/{slug}", "console_organization", see, organizations::overview, "An organization"),
        page(
            "/o/{slug}/audit",
            "console_organization_audit",
            Needs(P::AuditView),
            organizations::audit,
            "Its log",
        ),
        page("/o/{slug}/settings", "console_settings", change, organizations::settings, "Its settings"),
        form(
            "/o/{slug}/settings",
            "console_settings_post",
            change,
            organizations::settings_post,
            "Change it",
        ),
        form(
            "/o/{slug}/host-names",
            "console_host_names",
            Needs(P::HostNamesUpdate),
            organizations::host_names,
            "Say which host names it owns",
        ),
        page("/o/{slug}/tree", "console_tree", see, tree::tree, "Everything beneath it"),
        page(
            "/o/{slug}/move",
            "console_move",
            shift,
            tree::relocation,
            "Where it could go, and what follows",
        ),
        form("/o/{slug}/move", "console_move_post", shift, tree::relocation_post, "Move it"),
        page("/o/{slug}/delete", "console_delete", end, organizations::delete, "What deleting it takes"),
        form("/o/{slug}/delete", "console_delete_post", end, organizations::delete_post, "Delete it"),
        page(PLACE, "console_place", place, placements::place, "Another cluster for it"),
        form(PLACE, "console_place_post", place, placements::place_post, "Place it there"),
        page(LEAVE, "console_leave", take, placements::leave, "What taking it off a cluster takes"),
        form(LEAVE, "console_leave_post", take, placements::leave_post, "Take it off"),
        page(NEW_CLIENT, "console_wizard", client, wizard::show, "A new client organization, step by step"),
        form(NEW_CLIENT, "console_wizard_post", client, wizard::post, "The next step, or its creation"),
    ]
}

fn member_rows() -> Vec<Operation> {
    use Permission as P;
    const ALL: &str = "/o/{slug}/members";
    const REMOVE: &str = "/o/{slug}/members/{user}/remove";
    const GRANT: &str = "/o/{slug}/assignments/{assignment}";
    const WITHDRAW: &str = "/o/{slug}/assignments/{assignment}/withdraw";
    const LEAVE: &str = "/o/{slug}/leave";
    let (see, give) = (Needs(P::MembersView), Needs(P::MembersAssign));
    let leave = Needs(P::OrganizationsView);
    vec![
        page(ALL, "console_members", see, members::list, "Its members"),
        form(ALL, "console_members_post", give, members::assign, "Give somebody a role"),
        form(REMOVE, "console_member_remove", Needs(P::MembersDelete), members::remove, "Remove somebody"),
        form(GRANT, "console_assignment", give, members::update, "Change a role's reach and end"),
        form(WITHDRAW, "console_assignment_withdraw", give, members::withdraw, "Take a role away"),
        page(LEAVE, "console_organization_leave", leave, members::leave, "What leaving it takes"),
        form(LEAVE, "console_organization_leave_post", leave, members::leave_post, "Leave it"),
    ]
}

fn billing_rows() -> Vec<Operation> {
    use Permission as P;
    const ONE: &str = "/me/billing/{slug}";
    const WITHDRAW: &str = "/me/billing/{slug}/{user}/withdraw";
    const LEAVE: &str = "/me/billing/{slug}/leave";
    let (see, give) = (Needs(P::BillingView), Needs(P::BillingAssign));
    vec![
        page(ONE, "console_billing", see, members::billing, "Its billing"),
        form(
            ONE,
            "console_billing_post",
            give,
            members::billing_assign,
            "Make somebody a billing administrator",
        ),
        form(WITHDRAW, "console_billing_withdraw", give, members::billing_withdraw, "Take that away"),
        form(LEAVE, "console_billing_leave", see, members::billing_leave, "Leave the organization"),
    ]
}

fn team_rows() -> Vec<Operation> {
    use Permission as P;
    const ALL: &str = "/o/{slug}/teams";
    const ONE: &str = "/o/{slug}/teams/{team}";
    const DELETE: &str = "/o/{slug}/teams/{team}/delete";
    const MEMBERS: &str = "/o/{slug}/teams/{team}/members";
    const MEMBER: &str = "/o/{slug}/teams/{team}/members/{user}";
    const REMOVE: &str = "/o/{slug}/teams/{team}/members/{user}/remove";
    let (see, view) = (Needs(P::OrganizationsView), Needs(P::TeamsView));
    let (make, change, end) = (Needs(P::TeamsCreate), Needs(P::TeamsUpdate), Needs(P::TeamsDelete));
    let (put, take) = (Needs(P::MembersAssign), Needs(P::MembersDelete));
    vec![
        page(ALL, "console_teams", see, teams::list, "Its teams"),
        form(ALL, "console_team_create", make, teams::create, "Make a team"),
        page(ONE, "console_team", view, teams::view, "A team"),
        form(ONE, "console_team_update", change, teams::update, "Change it"),
        form(DELETE, "console_team_delete", end, teams::delete, "Delete it"),
        form(MEMBERS, "console_team_member_create", put, teams::member_add, "Put somebody into it"),
        form(MEMBER, "console_team_member_set", put, teams::member_set, "Say what somebody is in it"),
        form(REMOVE, "console_team_member_delete", take, teams::member_remove, "Take somebody out, or leave"),
    ]
}

fn project_rows() -> Vec<Operation> {
    use Permission as P;
    const ALL: &str = "/o/{slug}/projects";
    const ONE: &str = "/o/{slug}/projects/{project}";
    const DELETE: &str = "/o/{slug}/projects/{project}/delete";
    const TEAMS: &str = "/o/{slug}/projects/{project}/teams";
    const TEAM: &str = "/o/{slug}/projects/{project}/teams/{team}";
    const REMOVE: &str = "/o/{slug}/projects/{project}/teams/{team}/remove";
    let (see, view, share) = (Needs(P::OrganizationsView), Needs(P::ProjectsView), Needs(P::ProjectsAssign));
    let (make, change, end) = (Needs(P::ProjectsCreate), Needs(P::ProjectsUpdate), Needs(P::ProjectsDelete));
    vec![
        page(ALL, "console_projects", see, projects::list, "Its projects"),
        form(ALL, "console_project_create", make, projects::create, "Make a project"),
        page(ONE, "console_project", view, projects::view, "A project"),
        form(ONE, "console_project_update", change, projects::update, "Change it"),
        form(DELETE, "console_project_delete", end, projects::delete, "Delete it"),
        form(TEAMS, "console_project_team_create", share, projects::team_add, "Give a team a role on it"),
        form(TEAM, "console_project_team_set", share, projects::team_set, "Give it another role"),
        form(REMOVE, "console_project_team_delete", share, projects::team_remove, "Take its role away"),
    ]
}

fn joining_rows() -> Vec<Operation> {
    use Permission as P;
    const TOKEN: &str = "/platform/join-tokens/{token}/withdraw";
    let (see, add) = (Needs(P::HubsView), Needs(P::ClustersCreate));
    vec![
        page("/platform/clusters", "console_clusters", see, clusters::list, "Clusters of the hub"),
        page("/platform/clusters/join", "console_join", add, clusters::join, "How a cluster joins"),
        form("/platform/clusters/join", "console_join_post", add, clusters::join_post, "Make a join token"),
        form(TOKEN, "console_join_token_withdraw", add, clusters::token_withdraw, "Withdraw a join token"),
    ]
}

fn cluster_rows() -> Vec<Operation> {
    use Permission as P;
    const ONE: &str = "/platform/clusters/{name}";
    const ACCEPT: &str = "/platform/clusters/{name}/accept";
    const DENY: &str = "/platform/clusters/{name}/deny";
    const WITHDRAW: &str = "/platform/clusters/{name}/withdraw";
    const DELETE: &str = "/platform/clusters/{name}/delete";
    const FORGET: &str = "/platform/clusters/{name}/forget";
    const FOLLOW: &str = "/platform/clusters/{name}/follow";
    const LICENCE: &str = "/platform/clusters/{name}/licence";
    let (see, decide) = (Needs(P::ClustersView), Needs(P::ClustersAccept));
    let (license, end) = (Needs(P::LicencesUpdate), Needs(P::ClustersDelete));
    vec![
        page(ONE, "console_cluster", see, clusters::view, "A cluster"),
        form(ACCEPT, "console_cluster_accept", decide, clusters::accept, "Accept it"),
        form(DENY, "console_cluster_deny", decide, clusters::deny, "Deny it"),
        form(WITHDRAW, "console_cluster_withdraw", decide, clusters::withdraw, "Withdraw it"),
        form(DELETE, "console_cluster_delete", end, clusters::delete, "Unregister it"),
        form(FORGET, "console_cluster_forget", end, clusters::forget, "Forget it"),
        form(FOLLOW, "console_cluster_follow", decide, clusters::follow, "Let it follow"),
        form(LICENCE, "console_licence", license, clusters::licence, "Upload its licence"),
    ]
}

fn gateway_rows() -> Vec<Operation> {
    use Permission as P;
    const ALL: &str = "/platform/clusters/{name}/gateways";
    const ONE: &str = "/platform/clusters/{name}/gateways/{gateway}";
    const SHARE: &str = "/platform/clusters/{name}/gateways/{gateway}/share";
    const DELETE: &str = "/platform/clusters/{name}/gateways/{gateway}/delete";
    let (see, change) = (Needs(P::GatewaysView), Needs(P::GatewaysUpdate));
    let (make, end) = (Needs(P::GatewaysCreate), Needs(P::GatewaysDelete));
    vec![
        form(ALL, "console_gateway_create", make, gateways::create, "Make a gateway configuration"),
        page(ONE, "console_gateway", see, gateways::view, "A gateway configuration"),
        form(ONE, "console_gateway_update", change, gateways::update, "Change it"),
        form(SHARE, "console_gateway_share", change, gateways::share, "Let organizations share it, or not"),
        form(DELETE, "console_gateway_delete", end, gateways::delete, "Delete one"),
    ]
}

fn platform_rows() -> Vec<Operation> {
    use Permission as P;
    const AUTHORITY: &str = "/platform/authority";
    let exchange = Needs(P::AuthoritiesRotate);
    vec![
        page(
            "/platform/client-organizations",
            "console_client_organizations",
            Needs(P::ClientOrganizationsCreate),
            platform::client_organizations,
            "Client organizations",
        ),
        page("/platform/users", "console_users", Needs(P::UsersView), platform::users, "Accounts"),
        page(
            "/platform/users/new",
            "console_user_new",
            Needs(P::UsersCreate),
            platform::user_new,
            "A new account's form",
        ),
        form(
            "/platform/users/new",
            "console_user_create",
            Needs(P::UsersCreate),
            platform::user_create,
            "Make one",
        ),
        form(
            "/platform/users/{user}/access",
            "console_user_access",
            Needs(P::UsersUpdate),
            platform::user_access,
            "Say what one may be used for",
        ),
        page(AUTHORITY, "console_authority", exchange, authority::view, "The hub's authority for agents"),
        form(AUTHORITY, "console_authority_post", exchange, authority::post, "Prepare the next, or switch"),
        page("/platform/plans", "console_plans", Needs(P::PlansView), platform::plans, "Plans"),
        page(
            "/platform/audit",
            "console_audit",
            Needs(P::AuditView),
            platform::audit,
            "The installation's log",
        ),
    ]
}
