//! THE route table: every operation that the hub serves to people and programs is a row here, and nowhere else. What
//! agents are served is the table in `http::agent`.
//!
//! An operation's id is the name of its action in `bastide_authz::action`, where it has one: the audit log, the metrics
//! and the API use the same word.

use bastide_model::Permission as P;
use http::Method;

use super::registry::Access::{Needs, Public, SignedIn};
use super::registry::Surface::{Api, System};
use super::registry::{Access, Operation};
use super::{
    access, audit, authorities, billing, client_organizations, clusters, gateways, hubs, identity, licences,
    members, organizations, permissions, placements, plans, projects, public_organizations, roles, system,
    teams, tree, users,
};

/// Rows of one tag and surface, one on a line: method, path, id, what one needs, handler, what it does; and whether the
/// answer carries a secret.
macro_rules! rows {
    ($surface:expr, $tag:literal; $($method:ident $path:literal, $id:literal, $access:expr, $handler:path, $summary:literal $(, $secret:ident)?;)*) => {
        vec![$(
            Operation::new(Method::$method, $path, $id, $tag, $summary, $access, $surface, $handler)$(.$secret())?,
        )*]
    };
}

/// Every row.
pub fn operations() -> Vec<Operation> {
    let tables = [
        identity_rows(),
        organization_rows(),
        team_rows(),
        project_rows(),
        member_rows(),
        realm_rows(),
        fleet_rows(),
        super::console::rows(),
        system_rows(),
    ];
    tables.into_iter().flatten().collect()
}

const ME: Access = SignedIn("everybody may know who they are");
const LINK: Access = Public("nobody has an account yet; the one-time link proves the right");
const DEVICE: Access = Public("a device that signs in has no credential yet; its user agrees in a browser");
const CODE: Access = Public("a program that signs in has no credential yet; the code proves the right");
const KEYS: Access = SignedIn("the list of permission keys is the same for everybody");
const WHY: Access =
    SignedIn("everybody may ask about themselves; who may be asked about else is decided by who it is");
const PROBE: Access = Public("probes have no credential, and the answer is one word");
const NUMBERS: Access = Public("numbers and names of operations, nothing of a tenant");
const DOCUMENT: Access = Public("the description of the API is no secret");

fn identity_rows() -> Vec<Operation> {
    rows! { Api, "identity";
        GET "/v1/me", "me_view", ME, identity::me, "Who one is";
        POST "/v1/setup", "setup_complete", LINK, identity::setup, "Make the first site administrator";
        POST "/v1/device-authorizations", "device_authorization_create", DEVICE, identity::device_create, "Begin the sign-in of a device (RFC 8628)";
        POST "/v1/login-tokens", "login_token_create", CODE, identity::login, "Exchange a code for a token", answers_with_a_secret;
        GET "/v1/me/sessions", "session_list", Needs(P::TokensView), identity::session_list, "List one's signed-in browsers";
        DELETE "/v1/me/sessions", "session_delete_all", Needs(P::TokensDelete), identity::session_delete_all, "Sign out everywhere";
        DELETE "/v1/me/sessions/{session}", "session_delete", Needs(P::TokensDelete), identity::session_delete, "Sign one browser out";
        GET "/v1/me/tokens", "token_list", Needs(P::TokensView), identity::token_list, "List one's personal tokens";
        POST "/v1/me/tokens", "token_create", Needs(P::TokensCreate), identity::token_create, "Make a personal token", answers_with_a_secret;
        DELETE "/v1/me/tokens/{token}", "token_delete", Needs(P::TokensDelete), identity::token_delete, "Withdraw a personal token";
    }
}

fn organization_rows() -> Vec<Operation> {
    rows! { Api, "organizations";
        GET "/v1/organizations", "organization_list", Needs(P::OrganizationsView), organizations::list, "List organizations";
        POST "/v1/organizations", "organization_create", Needs(P::OrganizationsCreate), organizations::create, "Create an organization";
        GET "/v1/organizations/{organization}", "organization_view", Needs(P::OrganizationsView), organizations::view, "See an organization";
        PATCH "/v1/organizations/{organization}", "organization_update", Needs(P::OrganizationsUpdate), organizations::update, "Change an organization";
        DELETE "/v1/organizations/{organization}", "organization_delete", Needs(P::OrganizationsDelete), organizations::delete, "Begin to delete an organization";
        GET "/v1/public-organizations", "public_organization_list", Needs(P::OrganizationsView), public_organizations::list, "List the public organizations of one's realm";
        GET "/v1/public-organizations/{organization}", "public_organization_view", Needs(P::OrganizationsView), public_organizations::view, "See what a public organization tells everybody";
        GET "/v1/organizations/{organization}/children", "organization_children_list", Needs(P::OrganizationsView), tree::children, "List the organizations directly beneath one";
        GET "/v1/organizations/{organization}/deletion", "organization_deletion_view", Needs(P::OrganizationsDelete), tree::deletion, "See what blocks the deletion of an organization";
        POST "/v1/organizations/{organization}/move", "organization_move", Needs(P::OrganizationsMove), tree::relocate, "Move an organization with everything beneath it";
        POST "/v1/organizations/{organization}/move/preview", "organization_move_preview", Needs(P::OrganizationsMove), tree::preview, "See who would gain and lose what by a move";
        PUT "/v1/organizations/{organization}/host-names", "host_names_update", Needs(P::HostNamesUpdate), organizations::host_names, "Say which host names an organization owns";
        GET "/v1/organizations/{organization}/roles", "role_list", Needs(P::RolesView), roles::list, "List the roles that can be given at an organization";
        POST "/v1/organizations/{organization}/roles", "role_create", Needs(P::RolesCreate), roles::create, "Define a custom role";
        GET "/v1/organizations/{organization}/roles/{role}", "role_view", Needs(P::RolesView), roles::view, "See a role";
        PATCH "/v1/organizations/{organization}/roles/{role}", "role_update", Needs(P::RolesUpdate), roles::update, "Change a custom role";
        DELETE "/v1/organizations/{organization}/roles/{role}", "role_delete", Needs(P::RolesDelete), roles::delete, "Delete a custom role that nobody has";
        GET "/v1/organizations/{organization}/placements", "placement_list", Needs(P::OrganizationsView), organizations::placements, "See where an organization runs";
        GET "/v1/organizations/{organization}/resources", "resource_list", Needs(P::OrganizationsView), organizations::resources, "List what was put on clusters for an organization";
        POST "/v1/organizations/{organization}/placements", "placement_create", Needs(P::PlacementsCreate), placements::create, "Place an organization on another cluster";
        DELETE "/v1/organizations/{organization}/placements/{cluster}", "placement_delete", Needs(P::PlacementsDelete), placements::delete, "Begin to take an organization off a cluster";
        GET "/v1/organizations/{organization}/audit", "organization_audit_list", Needs(P::AuditView), organizations::audit_list, "Read an organization's audit log";
        POST "/v1/client-organizations", "client_organization_create", Needs(P::ClientOrganizationsCreate), client_organizations::create, "Create a client organization";
        POST "/v1/client-organizations/check", "client_organization_check", Needs(P::ClientOrganizationsCreate), client_organizations::check, "Check the preconditions of a client organization";
    }
}

fn team_rows() -> Vec<Operation> {
    rows! { Api, "teams";
        GET "/v1/organizations/{organization}/teams", "team_list", Needs(P::OrganizationsView), teams::list, "List the teams of an organization";
        POST "/v1/organizations/{organization}/teams", "team_create", Needs(P::TeamsCreate), teams::create, "Create a team";
        GET "/v1/organizations/{organization}/teams/{team}", "team_view", Needs(P::TeamsView), teams::view, "See a team";
        PATCH "/v1/organizations/{organization}/teams/{team}", "team_update", Needs(P::TeamsUpdate), teams::update, "Change a team";
        DELETE "/v1/organizations/{organization}/teams/{team}", "team_delete", Needs(P::TeamsDelete), teams::delete, "Delete a team";
        GET "/v1/organizations/{organization}/teams/{team}/members", "team_member_list", Needs(P::MembersView), teams::members, "List who is in a team";
        POST "/v1/organizations/{organization}/teams/{team}/members", "team_member_create", Needs(P::MembersAssign), teams::member_add, "Put somebody into a team";
        PUT "/v1/organizations/{organization}/teams/{team}/members/{user}", "team_member_set", Needs(P::MembersAssign), teams::member_set, "Say what somebody is in a team";
        DELETE "/v1/organizations/{organization}/teams/{team}/members/{user}", "team_member_delete", Needs(P::MembersDelete), teams::member_delete, "Take somebody out of a team, or leave it";
    }
}

fn project_rows() -> Vec<Operation> {
    rows! { Api, "projects";
        GET "/v1/organizations/{organization}/projects", "project_list", Needs(P::OrganizationsView), projects::list, "List the projects of an organization";
        POST "/v1/organizations/{organization}/projects", "project_create", Needs(P::ProjectsCreate), projects::create, "Create a project";
        GET "/v1/organizations/{organization}/projects/{project}", "project_view", Needs(P::ProjectsView), projects::view, "See a project";
        PATCH "/v1/organizations/{organization}/projects/{project}", "project_update", Needs(P::ProjectsUpdate), projects::update, "Change a project";
        DELETE "/v1/organizations/{organization}/projects/{project}", "project_delete", Needs(P::ProjectsDelete), projects::delete, "Delete a project";
        GET "/v1/organizations/{organization}/projects/{project}/teams", "project_team_list", Needs(P::ProjectsView), projects::teams, "List the teams with a role on a project";
        PUT "/v1/organizations/{organization}/projects/{project}/teams/{team}", "project_team_set", Needs(P::ProjectsAssign), projects::team_set, "Give a team a role on a project";
        DELETE "/v1/organizations/{organization}/projects/{project}/teams/{team}", "project_team_delete", Needs(P::ProjectsAssign), projects::team_delete, "Take a team's role on a project away";
    }
}

fn member_rows() -> Vec<Operation> {
    rows! { Api, "members";
        GET "/v1/organizations/{organization}/members", "member_list", Needs(P::MembersView), members::list, "List who belongs to an organization, and by what";
        DELETE "/v1/organizations/{organization}/members/{user}", "member_delete", Needs(P::MembersDelete), members::remove, "End everything that somebody has in an organization";
        POST "/v1/organizations/{organization}/assignments", "assignment_create", Needs(P::MembersAssign), members::assign, "Give somebody a role";
        PATCH "/v1/organizations/{organization}/assignments/{assignment}", "assignment_update", Needs(P::MembersAssign), members::update, "Say anew how far a role reaches and when it ends";
        DELETE "/v1/organizations/{organization}/assignments/{assignment}", "assignment_delete", Needs(P::MembersAssign), members::withdraw, "Take a role away from somebody";
        POST "/v1/organizations/{organization}/leave", "organization_leave", Needs(P::OrganizationsView), members::leave, "Leave an organization";
        GET "/v1/me/billing", "billing_list", Needs(P::BillingView), billing::list, "List the organizations whose billing one sees";
        GET "/v1/organizations/{organization}/billing", "billing_view", Needs(P::BillingView), billing::view, "See an organization's billing";
        PUT "/v1/organizations/{organization}/billing/administrators/{user}", "billing_administrator_create", Needs(P::BillingAssign), billing::assign, "Make somebody a billing administrator";
        DELETE "/v1/organizations/{organization}/billing/administrators/{user}", "billing_administrator_delete", Needs(P::BillingAssign), billing::withdraw, "Take a billing administrator's role away";
    }
}

fn realm_rows() -> Vec<Operation> {
    rows! { Api, "realm";
        GET "/v1/users", "user_list", Needs(P::UsersView), users::list, "List accounts";
        POST "/v1/users", "user_create", Needs(P::UsersCreate), users::create, "Make an account";
        GET "/v1/users/{user}", "user_view", Needs(P::UsersView), users::view, "See an account";
        PATCH "/v1/users/{user}", "user_update", Needs(P::UsersUpdate), users::update, "Say what an account may be used for";
        GET "/v1/access", "access_explain", WHY, access::explain, "Why somebody may do something, or what is missing";
        GET "/v1/plans", "plan_list", Needs(P::PlansView), plans::list, "List plans";
        GET "/v1/permissions", "permission_list", KEYS, permissions::list, "List permission keys";
        GET "/v1/audit", "audit_list", Needs(P::AuditView), audit::list, "Read the installation's audit log";
    }
}

fn fleet_rows() -> Vec<Operation> {
    rows! { Api, "fleet";
        GET "/v1/hubs", "hub_list", Needs(P::HubsView), hubs::list, "List hubs";
        GET "/v1/hubs/{hub}/join-tokens", "join_token_list", Needs(P::ClustersCreate), hubs::join_token_list, "List a hub's join tokens";
        POST "/v1/hubs/{hub}/join-tokens", "join_token_create", Needs(P::ClustersCreate), hubs::join_token_create, "Make a join token", answers_with_a_secret;
        DELETE "/v1/join-tokens/{join_token}", "join_token_delete", Needs(P::ClustersCreate), hubs::join_token_delete, "Withdraw a join token";
        GET "/v1/agent-authority", "authority_view", Needs(P::AuthoritiesRotate), authorities::view, "See the hub's authority for agents";
        POST "/v1/agent-authority/rotation", "authority_rotate", Needs(P::AuthoritiesRotate), authorities::rotate, "Make the next authority for agents, or let it take over";
        GET "/v1/clusters", "cluster_list", Needs(P::ClustersView), clusters::list, "List clusters";
        GET "/v1/clusters/{cluster}", "cluster_view", Needs(P::ClustersView), clusters::view, "See a cluster";
        DELETE "/v1/clusters/{cluster}", "cluster_delete", Needs(P::ClustersDelete), clusters::delete, "Unregister a cluster";
        POST "/v1/clusters/{cluster}/follow", "cluster_follow", Needs(P::ClustersAccept), clusters::follow, "Let a cluster follow a hub that was restored from a backup";
        POST "/v1/clusters/{cluster}/clean", "cluster_clean", Needs(P::ClustersDelete), clusters::clean, "Take everything off a cluster, then unregister it";
        POST "/v1/clusters/{cluster}/forget", "cluster_forget", Needs(P::ClustersDelete), clusters::forget, "Forget a cluster that is lost for ever, and that anything is on it";
        POST "/v1/clusters/{cluster}/accept", "cluster_accept", Needs(P::ClustersAccept), clusters::accept, "Accept a cluster that asks to join";
        POST "/v1/clusters/{cluster}/deny", "cluster_deny", Needs(P::ClustersAccept), clusters::deny, "Deny a cluster that asks to join";
        POST "/v1/clusters/{cluster}/withdraw", "cluster_withdraw", Needs(P::ClustersAccept), clusters::withdraw, "Take a cluster's acceptance back";
        GET "/v1/clusters/{cluster}/licence", "licence_view", Needs(P::LicencesView), licences::view, "See a cluster's licence";
        PUT "/v1/clusters/{cluster}/licence", "licence_update", Needs(P::LicencesUpdate), licences::update, "Replace a cluster's licence";
        GET "/v1/clusters/{cluster}/gateway-configurations", "gateway_configuration_list", Needs(P::GatewaysView), gateways::list, "List a cluster's gateway configurations";
        POST "/v1/clusters/{cluster}/gateway-configurations", "gateway_configuration_create", Needs(P::GatewaysCreate), gateways::create, "Make a gateway configuration";
        PUT "/v1/clusters/{cluster}/shared-gateway", "shared_gateway_update", Needs(P::GatewaysUpdate), gateways::share, "Say which gateway the organizations of a cluster share";
        GET "/v1/gateway-configurations/{gateway_configuration}", "gateway_configuration_view", Needs(P::GatewaysView), gateways::view, "See a gateway configuration";
        PATCH "/v1/gateway-configurations/{gateway_configuration}", "gateway_configuration_update", Needs(P::GatewaysUpdate), gateways::update, "Change a gateway configuration";
        DELETE "/v1/gateway-configurations/{gateway_configuration}", "gateway_configuration_delete", Needs(P::GatewaysDelete), gateways::delete, "Delete a gateway configuration";
    }
}

fn system_rows() -> Vec<Operation> {
    rows! { System, "system";
        GET "/healthz", "health_view", PROBE, system::healthz, "Whether the process is alive";
        GET "/readyz", "readiness_view", PROBE, system::readyz, "Whether it can serve";
        GET "/metrics", "metrics_view", NUMBERS, system::metrics, "Numbers for Prometheus";
        GET "/openapi.json", "openapi_view", DOCUMENT, system::openapi, "The API's description";
    }
}

#[cfg(test)]
mod tests {
    use super::super::registry::faults;
    use super::*;
    use bastide_authz::action;

    #[test]
    fn both_tables_are_sound() {
        assert_eq!(faults(&operations()), Vec::<String>::new());
        assert_eq!(faults(&super::super::agent::operations()), Vec::<String>::new());
    }

    /// Rule 1 of the design: what a row says that one needs is what the use case asks the graph for.
    #[test]
    fn rows_need_what_their_actions_need() {
        // Lists show what the graph gives as visible; a check, a preview and a list of blockers are what they come before.
        const WITHOUT_AN_ACTION: [&str; 17] = [
            "team_member_create",
            "project_team_list",
            "organization_list",
            "organization_children_list",
            "organization_deletion_view",
            "organization_move_preview",
            "cluster_list",
            "placement_list",
            "resource_list",
            "user_view",
            "gateway_configuration_view",
            "session_list",
            "session_delete_all",
            "token_list",
            "billing_list",
            "join_token_list",
            "client_organization_check",
        ];
        // The console's rows go through the functions of these.
        for row in operations().into_iter().filter(|row| row.surface == Api) {
            let Needs(permission) = row.access else { continue };
            match action::ALL.iter().find(|one| one.operation == row.id) {
                Some(action) => assert_eq!(action.permission, permission, "{row:?}"),
                None => assert!(WITHOUT_AN_ACTION.contains(&row.id), "{row:?} has no action"),
            }
        }
    }

    /// The document in the repository is the one that this server serves. `cargo xtask openapi` writes it.
    #[test]
    fn the_document_in_the_repository_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/hub.json");
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        let kept: serde_json::Value = serde_json::from_str(&kept).unwrap_or_default();
        let made = super::super::openapi::document(&operations());
        assert!(kept == made, "openapi/hub.json is out of date: run `cargo xtask openapi`");
    }
}
