//! THE route table: every operation that the hub serves to people and programs is a row here, and nowhere else. What
//! agents are served is the table in `http::agent`.
//!
//! An operation's id is the name of its action in `bastide_authz::action`, where it has one: the audit log, the metrics
//! and the API use the same word.

use bastide_model::Permission;
use http::Method;

use super::describe::Endpoint;
use super::registry::Access::{Needs, Public, SignedIn};
use super::registry::Surface::{Api, System};
use super::registry::{Access, Operation};
use super::{
    audit, client_organizations, clusters, gateways, hubs, identity, licences, organizations, permissions,
    plans, system, users,
};

/// Every row.
pub fn operations() -> Vec<Operation> {
    let mut rows = Vec::new();
    rows.extend(identity_rows());
    rows.extend(organization_rows());
    rows.extend(realm_rows());
    rows.extend(fleet_rows());
    rows.extend(super::console::rows());
    rows.extend(system_rows());
    rows
}

/// A row of the API: method, path, id, what one needs, handler, and what it does.
fn api<M: 'static>(
    (tag, method): (&'static str, Method),
    path: &'static str,
    id: &'static str,
    access: Access,
    handler: impl Endpoint<M>,
    summary: &'static str,
) -> Operation {
    Operation::new(method, path, id, tag, summary, access, Api, handler)
}

fn identity_rows() -> Vec<Operation> {
    use Permission as P;
    const ME: Access = SignedIn("everybody may know who they are");
    const LINK: Access = Public("nobody has an account yet; the one-time link proves the right");
    const DEVICE: Access =
        Public("a device that signs in has no credential yet; its user agrees in a browser");
    const CODE: Access = Public("a program that signs in has no credential yet; the code proves the right");
    let get = || ("identity", Method::GET);
    let post = || ("identity", Method::POST);
    let delete = || ("identity", Method::DELETE);
    let (see, end) = (Needs(P::TokensView), Needs(P::TokensDelete));
    vec![
        api(get(), "/v1/me", "me_view", ME, identity::me, "Who one is"),
        api(
            post(),
            "/v1/setup",
            "setup_complete",
            LINK,
            identity::setup,
            "Make the first site administrator",
        ),
        api(
            post(),
            "/v1/device-authorizations",
            "device_authorization_create",
            DEVICE,
            identity::device_create,
            "Begin the sign-in of a device (RFC 8628)",
        ),
        api(
            post(),
            "/v1/login-tokens",
            "login_token_create",
            CODE,
            identity::login,
            "Exchange a code for a token",
        )
        .answers_with_a_secret(),
        api(
            get(),
            "/v1/me/sessions",
            "session_list",
            see,
            identity::session_list,
            "List one's signed-in browsers",
        ),
        api(
            delete(),
            "/v1/me/sessions",
            "session_delete_all",
            end,
            identity::session_delete_all,
            "Sign out everywhere",
        ),
        api(
            delete(),
            "/v1/me/sessions/{session}",
            "session_delete",
            end,
            identity::session_delete,
            "Sign one browser out",
        ),
        api(get(), "/v1/me/tokens", "token_list", see, identity::token_list, "List one's personal tokens"),
        api(
            post(),
            "/v1/me/tokens",
            "token_create",
            Needs(P::TokensCreate),
            identity::token_create,
            "Make a personal token",
        )
        .answers_with_a_secret(),
        api(
            delete(),
            "/v1/me/tokens/{token}",
            "token_delete",
            end,
            identity::token_delete,
            "Withdraw a personal token",
        ),
    ]
}

fn organization_rows() -> Vec<Operation> {
    use Permission as P;
    const ONE: &str = "/v1/organizations/{organization}";
    let get = || ("organizations", Method::GET);
    let post = || ("organizations", Method::POST);
    let patch = ("organizations", Method::PATCH);
    let delete = ("organizations", Method::DELETE);
    let (see, make) = (Needs(P::OrganizationsView), Needs(P::OrganizationsCreate));
    let make_client = Needs(P::ClientOrganizationsCreate);
    let (change, end) = (Needs(P::OrganizationsUpdate), Needs(P::OrganizationsDelete));
    vec![
        api(get(), "/v1/organizations", "organization_list", see, organizations::list, "List organizations"),
        api(post(), "/v1/organizations", "organization_create", make, organizations::create, "Create one"),
        api(get(), ONE, "organization_view", see, organizations::view, "See an organization"),
        api(patch, ONE, "organization_update", change, organizations::update, "Change an organization"),
        api(
            delete,
            ONE,
            "organization_delete",
            end,
            organizations::delete,
            "Begin to delete an organization",
        ),
        api(
            get(),
            "/v1/organizations/{organization}/members",
            "member_list",
            Needs(P::MembersView),
            organizations::members,
            "List who has a role in an organization",
        ),
        api(
            get(),
            "/v1/organizations/{organization}/placements",
            "placement_list",
            see,
            organizations::placements,
            "See where an organization runs",
        ),
        api(
            get(),
            "/v1/organizations/{organization}/audit",
            "organization_audit_list",
            Needs(P::AuditView),
            organizations::audit_list,
            "Read an organization's audit log",
        ),
        api(
            post(),
            "/v1/client-organizations",
            "client_organization_create",
            make_client,
            client_organizations::create,
            "Create a client organization",
        ),
        api(
            post(),
            "/v1/client-organizations/check",
            "client_organization_check",
            make_client,
            client_organizations::check,
            "Check the preconditions of a client organization",
        ),
    ]
}

fn realm_rows() -> Vec<Operation> {
    use Permission as P;
    const KEYS: Access = SignedIn("the list of permission keys is the same for everybody");
    let get = |tag| (tag, Method::GET);
    let see = Needs(P::UsersView);
    vec![
        api(get("users"), "/v1/users", "user_list", see, users::list, "List accounts"),
        api(
            ("users", Method::POST),
            "/v1/users",
            "user_create",
            Needs(P::UsersCreate),
            users::create,
            "Make an account",
        ),
        api(get("users"), "/v1/users/{user}", "user_view", see, users::view, "See an account"),
        api(get("plans"), "/v1/plans", "plan_list", Needs(P::PlansView), plans::list, "List plans"),
        api(
            get("permissions"),
            "/v1/permissions",
            "permission_list",
            KEYS,
            permissions::list,
            "List permission keys",
        ),
        api(get("audit"), "/v1/audit", "audit_list", Needs(P::AuditView), audit::list, "Read the audit log"),
    ]
}

fn fleet_rows() -> Vec<Operation> {
    use Permission as P;
    const TAG: &str = "clusters";
    const ONE: &str = "/v1/clusters/{cluster}";
    const LICENCE: &str = "/v1/clusters/{cluster}/licence";
    const GATEWAYS: &str = "/v1/clusters/{cluster}/gateway-configurations";
    const TOKENS: &str = "/v1/hubs/{hub}/join-tokens";
    let get = || (TAG, Method::GET);
    let post = || (TAG, Method::POST);
    let delete = || (TAG, Method::DELETE);
    let (see, decide) = (Needs(P::ClustersView), Needs(P::ClustersAccept));
    let (join, gateways) = (Needs(P::ClustersCreate), Needs(P::GatewaysView));
    vec![
        api(get(), "/v1/hubs", "hub_list", Needs(P::HubsView), hubs::list, "List hubs"),
        api(get(), TOKENS, "join_token_list", join, hubs::join_token_list, "List a hub's join tokens"),
        api(post(), TOKENS, "join_token_create", join, hubs::join_token_create, "Make a join token")
            .answers_with_a_secret(),
        api(
            delete(),
            "/v1/join-tokens/{join_token}",
            "join_token_delete",
            join,
            hubs::join_token_delete,
            "Withdraw a join token",
        ),
        api(get(), "/v1/clusters", "cluster_list", see, clusters::list, "List clusters"),
        api(get(), ONE, "cluster_view", see, clusters::view, "See a cluster"),
        api(
            delete(),
            ONE,
            "cluster_delete",
            Needs(P::ClustersDelete),
            clusters::delete,
            "Unregister a cluster",
        ),
        api(post(), "/v1/clusters/{cluster}/accept", "cluster_accept", decide, clusters::accept, "Accept it"),
        api(post(), "/v1/clusters/{cluster}/deny", "cluster_deny", decide, clusters::deny, "Deny it"),
        api(
            post(),
            "/v1/clusters/{cluster}/withdraw",
            "cluster_withdraw",
            decide,
            clusters::withdraw,
            "Take its acceptance back",
        ),
        api(get(), LICENCE, "licence_view", Needs(P::LicencesView), licences::view, "See its licence"),
        api(
            (TAG, Method::PUT),
            LICENCE,
            "licence_update",
            Needs(P::LicencesUpdate),
            licences::update,
            "Replace its licence",
        ),
        api(get(), GATEWAYS, "gateway_configuration_list", gateways, gateways::list, "List its gateways"),
        api(
            post(),
            GATEWAYS,
            "gateway_configuration_create",
            Needs(P::GatewaysCreate),
            gateways::create,
            "Make a gateway configuration",
        ),
        api(
            delete(),
            "/v1/gateway-configurations/{gateway_configuration}",
            "gateway_configuration_delete",
            Needs(P::GatewaysDelete),
            gateways::delete,
            "Delete a gateway configuration",
        ),
    ]
}

fn system_rows() -> Vec<Operation> {
    const PROBE: Access = Public("probes have no credential, and the answer is one word");
    const NUMBERS: Access = Public("numbers and names of operations, nothing of a tenant");
    const DOCUMENT: Access = Public("the description of the API is no secret");
    vec![
        system("/healthz", "health_view", PROBE, system::healthz, "Whether the process is alive"),
        system("/readyz", "readiness_view", PROBE, system::readyz, "Whether it can serve"),
        system("/metrics", "metrics_view", NUMBERS, system::metrics, "Numbers for Prometheus"),
        system("/openapi.json", "openapi_view", DOCUMENT, system::openapi, "The API's description"),
    ]
}

fn system<M: 'static>(
    path: &'static str,
    id: &'static str,
    access: Access,
    handler: impl Endpoint<M>,
    summary: &'static str,
) -> Operation {
    Operation::new(Method::GET, path, id, "system", summary, access, System, handler)
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
        // Lists show what the graph gives as visible, and a check is the creation that it comes before.
        const WITHOUT_AN_ACTION: [&str; 9] = [
            "organization_list",
            "cluster_list",
            "placement_list",
            "user_view",
            "session_list",
            "session_delete_all",
            "token_list",
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
