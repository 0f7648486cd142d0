//! What is asked of every operation: on which targets, with what. A word behind an `@` stands for something that the
//! stage knows or makes (see `stage.rs`).
//!
//! Who may do something does it, wherever that disturbs nobody else: then the table shows a success, and not only that
//! something else was wrong. What would disturb the others is wrong in a way that is found after permission was given.

/// One question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// The operation.
    pub(crate) id: &'static str,
    /// What it is done to, in the words of the table.
    pub(crate) target: &'static str,
    /// Path and query.
    pub(crate) path: &'static str,
    /// What is sent.
    pub(crate) sent: Sent,
}

/// What is sent with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sent {
    /// Nothing.
    Nothing,
    /// A document.
    Json(&'static str),
    /// An `If-Match`, and a document when it is not empty.
    Change(&'static str, &'static str),
    /// A page's form.
    Form(&'static str),
}

use Sent::{Change, Form, Json, Nothing};

const fn on(id: &'static str, target: &'static str, path: &'static str, sent: Sent) -> Case {
    Case { id, target, path, sent }
}

/// Every question.
pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    [IDENTITY, ORGANIZATIONS, REALM, FLEET, SYSTEM, ENTRY, ME, PAGES, CLUSTER_PAGES, SITE_PAGES]
        .into_iter()
        .flatten()
}

const IDENTITY: &[Case] = &[
    on("me_view", "-", "/v1/me", Nothing),
    on(
        "setup_complete",
        "a used link",
        "/v1/setup",
        Json(r#"{"token":"@used-link","email":"@fresh-mail","name":"N","password":"correct horse battery"}"#),
    ),
    on("device_authorization_create", "-", "/v1/device-authorizations", Nothing),
    on(
        "login_token_create",
        "none",
        "/v1/login-tokens",
        Json(r#"{"grant":"device_code","device_code":"bastide_dev_none"}"#),
    ),
    on("session_list", "own", "/v1/me/sessions", Nothing),
    on("session_delete_all", "own", "/v1/me/sessions", Nothing),
    on("session_delete", "own", "/v1/me/sessions/@session-own", Nothing),
    on("session_delete", "A's", "/v1/me/sessions/@session-a", Nothing),
    on("session_delete", "site's", "/v1/me/sessions/@session-site", Nothing),
    on("session_delete", "none", "/v1/me/sessions/@none-session", Nothing),
    on("token_list", "own", "/v1/me/tokens", Nothing),
    on("token_create", "all", "/v1/me/tokens", Json(r#"{"name":"@fresh"}"#)),
    on(
        "token_create",
        "wide",
        "/v1/me/tokens",
        Json(r#"{"name":"@fresh","permissions":["organizations.view","audit.view"]}"#),
    ),
    on("token_delete", "own", "/v1/me/tokens/@token-own", Nothing),
    on("token_delete", "A's", "/v1/me/tokens/@token-a", Nothing),
    on("token_delete", "site's", "/v1/me/tokens/@token-site", Nothing),
    on("token_delete", "none", "/v1/me/tokens/@none-token", Nothing),
];

const PLACEMENT: Sent = Json(r#"{"spoke":"spoke-asking","gateway":{"kind":"shared"}}"#);

const ORGANIZATIONS: &[Case] = &[
    on("organization_list", "-", "/v1/organizations", Nothing),
    on("organization_create", "a root", "/v1/organizations", Json(r#"{"name":"@fresh"}"#)),
    on(
        "organization_create",
        "A/child, beneath it",
        "/v1/organizations",
        Json(r#"{"name":"@fresh","parent":"@a-child"}"#),
    ),
    on(
        "organization_create",
        "A, beneath it, taken",
        "/v1/organizations",
        Json(r#"{"name":"A","slug":"@a","parent":"@a"}"#),
    ),
    on(
        "organization_create",
        "B, beneath it, taken",
        "/v1/organizations",
        Json(r#"{"name":"B","slug":"@b","parent":"@b"}"#),
    ),
    on(
        "organization_create",
        "none, beneath it",
        "/v1/organizations",
        Json(r#"{"name":"@fresh","parent":"never-was"}"#),
    ),
    on("organization_view", "A", "/v1/organizations/@a", Nothing),
    on("organization_view", "A, by id", "/v1/organizations/@a-id", Nothing),
    on("organization_view", "A/child", "/v1/organizations/@a-child", Nothing),
    on("organization_view", "A/annex", "/v1/organizations/@a-annex", Nothing),
    on("organization_view", "B", "/v1/organizations/@b", Nothing),
    on("organization_view", "B, by id", "/v1/organizations/@b-id", Nothing),
    on("organization_view", "site's", "/v1/organizations/operator", Nothing),
    on("organization_view", "none", "/v1/organizations/never-was", Nothing),
    on("organization_view", "none, by id", "/v1/organizations/@none-org", Nothing),
    on("organization_view", "no name", "/v1/organizations/No%20Name", Nothing),
    on(
        "organization_update",
        "own",
        "/v1/organizations/@org-own",
        Change("@etag-own", r#"{"description":"@fresh"}"#),
    ),
    on("organization_update", "A, stale", "/v1/organizations/@a", Change("\"0\"", r#"{"name":"X"}"#)),
    on(
        "organization_update",
        "A/child, stale",
        "/v1/organizations/@a-child",
        Change("\"0\"", r#"{"name":"X"}"#),
    ),
    on("organization_update", "B, stale", "/v1/organizations/@b", Change("\"0\"", r#"{"name":"X"}"#)),
    on("organization_update", "none", "/v1/organizations/@none-org", Change("\"0\"", r#"{"name":"X"}"#)),
    on("organization_deletion_view", "A", "/v1/organizations/@a/deletion", Nothing),
    on("organization_deletion_view", "A/child", "/v1/organizations/@a-child/deletion", Nothing),
    on("organization_deletion_view", "B/child", "/v1/organizations/@b-child/deletion", Nothing),
    on("organization_deletion_view", "none", "/v1/organizations/@none-org/deletion", Nothing),
    on(
        "organization_move",
        "own, beneath A, stale",
        "/v1/organizations/@org-own/move",
        Change("\"0\"", r#"{"parent":"@a"}"#),
    ),
    on(
        "organization_move",
        "own, beneath itself",
        "/v1/organizations/@org-own/move",
        Change("@etag-own", r#"{"parent":"@org-own"}"#),
    ),
    on(
        "organization_move",
        "own, to the root",
        "/v1/organizations/@org-own/move",
        Change("@etag-own", r#"{"parent":null}"#),
    ),
    on(
        "organization_move",
        "A/child, to the root, stale",
        "/v1/organizations/@a-child/move",
        Change("\"0\"", r#"{"parent":null}"#),
    ),
    on(
        "organization_move",
        "A/child, beneath B, stale",
        "/v1/organizations/@a-child/move",
        Change("\"0\"", r#"{"parent":"@b"}"#),
    ),
    on(
        "organization_move",
        "B/child, to the root, stale",
        "/v1/organizations/@b-child/move",
        Change("\"0\"", r#"{"parent":null}"#),
    ),
    on(
        "organization_move",
        "none",
        "/v1/organizations/@none-org/move",
        Change("\"0\"", r#"{"parent":null}"#),
    ),
    on(
        "organization_move_preview",
        "A/child, to the root",
        "/v1/organizations/@a-child/move/preview",
        Json(r#"{"parent":null}"#),
    ),
    on(
        "organization_move_preview",
        "A/child, beneath A/annex",
        "/v1/organizations/@a-child/move/preview",
        Json(r#"{"parent":"@a-annex"}"#),
    ),
    on(
        "organization_move_preview",
        "A, beneath A/child",
        "/v1/organizations/@a/move/preview",
        Json(r#"{"parent":"@a-child"}"#),
    ),
    on(
        "organization_move_preview",
        "A/child, beneath B",
        "/v1/organizations/@a-child/move/preview",
        Json(r#"{"parent":"@b"}"#),
    ),
    on(
        "organization_move_preview",
        "A/child, beneath none",
        "/v1/organizations/@a-child/move/preview",
        Json(r#"{"parent":"@none-org"}"#),
    ),
    on(
        "organization_move_preview",
        "B/child, to the root",
        "/v1/organizations/@b-child/move/preview",
        Json(r#"{"parent":null}"#),
    ),
    on(
        "host_names_update",
        "own",
        "/v1/organizations/@org-own/host-names",
        Change("@etag-own", r#"{"host_names":[]}"#),
    ),
    on(
        "host_names_update",
        "A, stale",
        "/v1/organizations/@a/host-names",
        Change("\"0\"", r#"{"host_names":["a.example"]}"#),
    ),
    on(
        "host_names_update",
        "A/child, stale",
        "/v1/organizations/@a-child/host-names",
        Change("\"0\"", r#"{"host_names":["a.example"]}"#),
    ),
    on(
        "host_names_update",
        "B, stale",
        "/v1/organizations/@b/host-names",
        Change("\"0\"", r#"{"host_names":["b.example"]}"#),
    ),
    on(
        "host_names_update",
        "none",
        "/v1/organizations/@none-org/host-names",
        Change("\"0\"", r#"{"host_names":[]}"#),
    ),
    on("organization_delete", "own", "/v1/organizations/@org-own?confirm=@org-own", Change("@etag-own", "")),
    on("organization_delete", "A, wrong word", "/v1/organizations/@a?confirm=another", Change("\"0\"", "")),
    on(
        "organization_delete",
        "A/child, wrong word",
        "/v1/organizations/@a-child?confirm=another",
        Change("\"0\"", ""),
    ),
    on("organization_delete", "B, wrong word", "/v1/organizations/@b?confirm=another", Change("\"0\"", "")),
    on("organization_delete", "none", "/v1/organizations/@none-org?confirm=another", Change("\"0\"", "")),
    on("member_list", "A", "/v1/organizations/@a/members", Nothing),
    on("member_list", "A/child", "/v1/organizations/@a-child/members", Nothing),
    on("member_list", "B", "/v1/organizations/@b/members", Nothing),
    on("member_list", "none", "/v1/organizations/@none-org/members", Nothing),
    on("placement_list", "A", "/v1/organizations/@a/placements", Nothing),
    on("placement_list", "A/child", "/v1/organizations/@a-child/placements", Nothing),
    on("placement_list", "B/child", "/v1/organizations/@b-child/placements", Nothing),
    on("placement_list", "none", "/v1/organizations/@none-org/placements", Nothing),
    on("resource_list", "A", "/v1/organizations/@a/resources?ready=true", Nothing),
    on("resource_list", "A/child", "/v1/organizations/@a-child/resources", Nothing),
    on("resource_list", "B/child", "/v1/organizations/@b-child/resources", Nothing),
    on("resource_list", "none", "/v1/organizations/@none-org/resources", Nothing),
    on("placement_create", "A, on one that asks", "/v1/organizations/@a/placements", PLACEMENT),
    on("placement_create", "A/child, on one that asks", "/v1/organizations/@a-child/placements", PLACEMENT),
    on("placement_create", "B, on one that asks", "/v1/organizations/@b/placements", PLACEMENT),
    on("placement_create", "none", "/v1/organizations/@none-org/placements", PLACEMENT),
    on(
        "placement_delete",
        "A/child, wrong word",
        "/v1/organizations/@a-child/placements/@spoke-a?confirm=another",
        Nothing,
    ),
    on(
        "placement_delete",
        "B/child, wrong word",
        "/v1/organizations/@b-child/placements/@spoke-b?confirm=another",
        Nothing,
    ),
    on("placement_delete", "A, not there", "/v1/organizations/@a/placements/@spoke-b?confirm=x", Nothing),
    on("placement_delete", "none", "/v1/organizations/@none-org/placements/@spoke-a?confirm=x", Nothing),
    on("organization_audit_list", "A", "/v1/organizations/@a/audit", Nothing),
    on("organization_audit_list", "A/child", "/v1/organizations/@a-child/audit", Nothing),
    on("organization_audit_list", "B", "/v1/organizations/@b/audit", Nothing),
    on("organization_audit_list", "none", "/v1/organizations/@none-org/audit", Nothing),
    on(
        "client_organization_create",
        "A, beneath it",
        "/v1/client-organizations",
        Json(
            r#"{"acting_from":"@a","name":"@fresh","administrator":{"kind":"existing","user":"@user-nobody"},
                "hub":"main","spoke":"spoke-shared","gateway":{"kind":"shared"}}"#,
        ),
    ),
    on(
        "client_organization_create",
        "B, beneath it",
        "/v1/client-organizations",
        Json(
            r#"{"acting_from":"@b","name":"@fresh","administrator":{"kind":"existing","user":"@user-nobody"},
                "hub":"main","spoke":"spoke-shared","gateway":{"kind":"shared"}}"#,
        ),
    ),
    on(
        "client_organization_create",
        "none, beneath it",
        "/v1/client-organizations",
        Json(
            r#"{"acting_from":"never-was","name":"@fresh","administrator":{"kind":"existing","user":"@user-nobody"},
                "hub":"main","spoke":"spoke-shared","gateway":{"kind":"shared"}}"#,
        ),
    ),
    on(
        "client_organization_check",
        "A, beneath it",
        "/v1/client-organizations/check",
        Json(r#"{"acting_from":"@a","spoke":"@spoke-a"}"#),
    ),
    on(
        "client_organization_check",
        "B, beneath it",
        "/v1/client-organizations/check",
        Json(r#"{"acting_from":"@b","spoke":"@spoke-b"}"#),
    ),
    on("client_organization_check", "nothing yet", "/v1/client-organizations/check", Json("{}")),
];

const REALM: &[Case] = &[
    on("user_list", "-", "/v1/users", Nothing),
    on(
        "user_create",
        "-",
        "/v1/users",
        Json(r#"{"email":"@fresh-mail","name":"N","password":"correct horse battery"}"#),
    ),
    on("user_view", "own", "/v1/users/@user-own", Nothing),
    on("user_view", "A's owner", "/v1/users/@user-a", Nothing),
    on("user_view", "B's owner", "/v1/users/@user-b", Nothing),
    on("user_view", "none", "/v1/users/@none-user", Nothing),
    on("plan_list", "-", "/v1/plans", Nothing),
    on("permission_list", "-", "/v1/permissions", Nothing),
    on("audit_list", "-", "/v1/audit", Nothing),
];

const GATEWAY: Sent =
    Json(r#"{"name":"@fresh","class":"edge","listeners":[{"name":"web","port":80,"protocol":"HTTP"}]}"#);

const FLEET: &[Case] = &[
    on("hub_list", "-", "/v1/hubs", Nothing),
    on("authority_view", "-", "/v1/agent-authority", Nothing),
    on("authority_rotate", "not prepared", "/v1/agent-authority/rotation", Json(r#"{"step":"switch"}"#)),
    on("join_token_list", "main", "/v1/hubs/main/join-tokens", Nothing),
    on("join_token_list", "none", "/v1/hubs/never-was/join-tokens", Nothing),
    on("join_token_create", "main", "/v1/hubs/main/join-tokens", Json(r#"{"cluster_name":"@fresh"}"#)),
    on("join_token_create", "none", "/v1/hubs/never-was/join-tokens", Json(r#"{"cluster_name":"@fresh"}"#)),
    on("join_token_delete", "an unused one", "/v1/join-tokens/@join-token", Nothing),
    on("join_token_delete", "none", "/v1/join-tokens/@none-join-token", Nothing),
    on("cluster_list", "-", "/v1/clusters", Nothing),
    on("cluster_view", "A's", "/v1/clusters/@spoke-a", Nothing),
    on("cluster_view", "A's, by id", "/v1/clusters/@spoke-a-id", Nothing),
    on("cluster_view", "of A/annex and B/annex", "/v1/clusters/spoke-shared", Nothing),
    on("cluster_view", "B's", "/v1/clusters/@spoke-b", Nothing),
    on("cluster_view", "B's, by id", "/v1/clusters/@spoke-b-id", Nothing),
    on("cluster_view", "one that asks", "/v1/clusters/spoke-asking", Nothing),
    on("cluster_view", "none", "/v1/clusters/never-was", Nothing),
    on("cluster_view", "none, by id", "/v1/clusters/@none-cluster", Nothing),
    on("cluster_delete", "one without organizations", "/v1/clusters/@new-spoke", Nothing),
    on("cluster_delete", "A's", "/v1/clusters/@spoke-a", Nothing),
    on("cluster_delete", "B's", "/v1/clusters/@spoke-b", Nothing),
    on("cluster_follow", "A's", "/v1/clusters/@spoke-a/follow", Nothing),
    on("cluster_follow", "B's", "/v1/clusters/@spoke-b/follow", Nothing),
    on("cluster_follow", "none", "/v1/clusters/@none-cluster/follow", Nothing),
    on("cluster_clean", "A's, wrong word", "/v1/clusters/@spoke-a/clean", Json(r#"{"confirm":"another"}"#)),
    on("cluster_clean", "B's, wrong word", "/v1/clusters/@spoke-b/clean", Json(r#"{"confirm":"another"}"#)),
    on("cluster_clean", "none", "/v1/clusters/@none-cluster/clean", Json(r#"{"confirm":"another"}"#)),
    on(
        "cluster_forget",
        "A's, which answers",
        "/v1/clusters/@spoke-a/forget",
        Json(r#"{"confirm":"@spoke-a"}"#),
    ),
    on("cluster_forget", "B's, wrong word", "/v1/clusters/@spoke-b/forget", Json(r#"{"confirm":"another"}"#)),
    on("cluster_forget", "none", "/v1/clusters/@none-cluster/forget", Json(r#"{"confirm":"another"}"#)),
    on("cluster_delete", "none", "/v1/clusters/@none-cluster", Nothing),
    on(
        "cluster_accept",
        "one that asks",
        "/v1/clusters/@new-asking/accept",
        Json(r#"{"fingerprint":"@new-fingerprint"}"#),
    ),
    on("cluster_accept", "A's", "/v1/clusters/@spoke-a/accept", Json(r#"{"fingerprint":"00"}"#)),
    on("cluster_accept", "B's", "/v1/clusters/@spoke-b/accept", Json(r#"{"fingerprint":"00"}"#)),
    on("cluster_accept", "none", "/v1/clusters/@none-cluster/accept", Json(r#"{"fingerprint":"00"}"#)),
    on("cluster_deny", "one that asks", "/v1/clusters/@new-asking/deny", Nothing),
    on("cluster_deny", "A's", "/v1/clusters/@spoke-a/deny", Nothing),
    on("cluster_deny", "B's", "/v1/clusters/@spoke-b/deny", Nothing),
    on("cluster_deny", "none", "/v1/clusters/@none-cluster/deny", Nothing),
    on("cluster_withdraw", "one without organizations", "/v1/clusters/@new-spoke/withdraw", Nothing),
    on("cluster_withdraw", "one that asks", "/v1/clusters/spoke-asking/withdraw", Nothing),
    on("cluster_withdraw", "none", "/v1/clusters/@none-cluster/withdraw", Nothing),
    on("licence_view", "A's", "/v1/clusters/@spoke-a/licence", Nothing),
    on("licence_view", "B's", "/v1/clusters/@spoke-b/licence", Nothing),
    on("licence_view", "none", "/v1/clusters/@none-cluster/licence", Nothing),
    on(
        "licence_update",
        "one without organizations",
        "/v1/clusters/@new-spoke/licence",
        Json(r#"{"pem":"none","force":true}"#),
    ),
    on("licence_update", "A's, empty", "/v1/clusters/@spoke-a/licence", Json(r#"{"pem":" "}"#)),
    on("licence_update", "B's, empty", "/v1/clusters/@spoke-b/licence", Json(r#"{"pem":" "}"#)),
    on("licence_update", "none", "/v1/clusters/@none-cluster/licence", Json(r#"{"pem":" "}"#)),
    on("gateway_configuration_list", "of A's", "/v1/clusters/@spoke-a/gateway-configurations", Nothing),
    on("gateway_configuration_list", "of B's", "/v1/clusters/@spoke-b/gateway-configurations", Nothing),
    on("gateway_configuration_list", "of none", "/v1/clusters/@none-cluster/gateway-configurations", Nothing),
    on("gateway_configuration_create", "on A's", "/v1/clusters/@spoke-a/gateway-configurations", GATEWAY),
    on("gateway_configuration_create", "on B's", "/v1/clusters/@spoke-b/gateway-configurations", GATEWAY),
    on(
        "gateway_configuration_create",
        "on none",
        "/v1/clusters/@none-cluster/gateway-configurations",
        GATEWAY,
    ),
    on("gateway_configuration_view", "A's", "/v1/gateway-configurations/@gateway-a", Nothing),
    on("gateway_configuration_view", "B's", "/v1/gateway-configurations/@gateway-b", Nothing),
    on("gateway_configuration_view", "none", "/v1/gateway-configurations/@none-gateway", Nothing),
    on(
        "gateway_configuration_update",
        "an unused one",
        "/v1/gateway-configurations/@new-gateway",
        Change("\"1\"", r#"{"name":"@fresh"}"#),
    ),
    on(
        "gateway_configuration_update",
        "A's, stale",
        "/v1/gateway-configurations/@gateway-a",
        Change("\"99\"", r#"{"name":"N"}"#),
    ),
    on(
        "gateway_configuration_update",
        "B's, stale",
        "/v1/gateway-configurations/@gateway-b",
        Change("\"99\"", r#"{"name":"N"}"#),
    ),
    on(
        "gateway_configuration_update",
        "none",
        "/v1/gateway-configurations/@none-gateway",
        Change("\"1\"", r#"{"name":"N"}"#),
    ),
    on(
        "shared_gateway_update",
        "one without organizations",
        "/v1/clusters/@new-spoke/shared-gateway",
        Json("{}"),
    ),
    on(
        "shared_gateway_update",
        "A's, none of it",
        "/v1/clusters/@spoke-a/shared-gateway",
        Json(r#"{"configuration":"never-was"}"#),
    ),
    on(
        "shared_gateway_update",
        "B's, none of it",
        "/v1/clusters/@spoke-b/shared-gateway",
        Json(r#"{"configuration":"never-was"}"#),
    ),
    on("shared_gateway_update", "none", "/v1/clusters/@none-cluster/shared-gateway", Json("{}")),
    on("gateway_configuration_delete", "an unused one", "/v1/gateway-configurations/@new-gateway", Nothing),
    on("gateway_configuration_delete", "A's, in use", "/v1/gateway-configurations/@gateway-a", Nothing),
    on("gateway_configuration_delete", "B's, in use", "/v1/gateway-configurations/@gateway-b", Nothing),
    on("gateway_configuration_delete", "none", "/v1/gateway-configurations/@none-gateway", Nothing),
];

const SYSTEM: &[Case] = &[
    on("health_view", "-", "/healthz", Nothing),
    on("readiness_view", "-", "/readyz", Nothing),
    on("metrics_view", "-", "/metrics", Nothing),
    on("openapi_view", "-", "/openapi.json", Nothing),
];

const ENTRY: &[Case] = &[
    on("console_start", "-", "/", Nothing),
    on("console_setup", "a used link", "/setup?token=@used-link", Nothing),
    on("console_setup", "none", "/setup?token=none", Nothing),
    on(
        "console_setup_post",
        "a used link",
        "/setup",
        Form("token=@used-link&email=@fresh-mail&name=N&password=correct+horse+battery"),
    ),
    on("console_sign_in", "-", "/sign-in", Nothing),
    on(
        "console_sign_in_post",
        "A's owner",
        "/sign-in",
        Form("email=@mail-a&password=correct+horse+battery&next="),
    ),
    on("console_sign_in_post", "none", "/sign-in", Form("email=@fresh-mail&password=correct+horse&next=")),
    on("console_sign_out", "here", "/sign-out", Form("scope=here")),
    on("console_sign_out", "everywhere", "/sign-out", Form("scope=everywhere")),
    on("console_theme", "-", "/theme", Form("theme=dark&next=/")),
    on("console_asset", "none", "/assets/none.css", Nothing),
    on("console_login_cli", "-", "/login/cli?port=4321&name=n&state=s&challenge=c", Nothing),
    on("console_login_cli_post", "agreed", "/login/cli", Form(AGREED)),
    on("console_device", "-", "/device", Nothing),
    on("console_device", "one that waits", "/device?user_code=@user-code", Nothing),
    on("console_device", "none", "/device?user_code=NONE-NONE", Nothing),
    on("console_device_post", "one that waits", "/device", Form("user_code=@user-code&decision=allow")),
    on("console_device_post", "none", "/device", Form("user_code=NONE-NONE&decision=allow")),
];

const AGREED: &str = "redirect_uri=http://127.0.0.1:4321/callback&name=n&state=s&decision=allow\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

const ME: &[Case] = &[
    on("console_organizations", "own", "/me/organizations", Nothing),
    on("console_organization_new", "-", "/me/organizations/new", Nothing),
    on("console_organization_create", "a root", "/me/organizations/new", Form("name=@fresh")),
    on(
        "console_organization_create",
        "A/child, beneath it",
        "/me/organizations/new",
        Form("name=@fresh&parent=@a-child"),
    ),
    on(
        "console_organization_create",
        "B/child, beneath it",
        "/me/organizations/new",
        Form("name=@fresh&parent=@b-child"),
    ),
    on(
        "console_organization_create",
        "none, beneath it",
        "/me/organizations/new",
        Form("name=@fresh&parent=never-was"),
    ),
    on("console_tokens", "own", "/me/tokens", Nothing),
    on("console_token_create", "all", "/me/tokens", Form("name=@fresh")),
    on("console_token_delete", "own", "/me/tokens/@token-own/delete", Form("")),
    on("console_token_delete", "A's", "/me/tokens/@token-a/delete", Form("")),
    on("console_token_delete", "none", "/me/tokens/@none-token/delete", Form("")),
    on("console_sessions", "own", "/me/sessions", Nothing),
    on("console_session_end", "own", "/me/sessions/@session-own/end", Form("")),
    on("console_session_end", "A's", "/me/sessions/@session-a/end", Form("")),
    on("console_session_end", "none", "/me/sessions/@none-session/end", Form("")),
];

const PAGES: &[Case] = &[
    on("console_organization", "A", "/o/@a", Nothing),
    on("console_organization", "A/child", "/o/@a-child", Nothing),
    on("console_organization", "B", "/o/@b", Nothing),
    on("console_organization", "site's", "/o/operator", Nothing),
    on("console_organization", "none", "/o/never-was", Nothing),
    on("console_members", "A", "/o/@a/members", Nothing),
    on("console_members", "A/child", "/o/@a-child/members", Nothing),
    on("console_members", "B", "/o/@b/members", Nothing),
    on("console_members", "none", "/o/never-was/members", Nothing),
    on("console_organization_audit", "A", "/o/@a/audit", Nothing),
    on("console_organization_audit", "A/child", "/o/@a-child/audit", Nothing),
    on("console_organization_audit", "B", "/o/@b/audit", Nothing),
    on("console_organization_audit", "none", "/o/never-was/audit", Nothing),
    on("console_settings", "A", "/o/@a/settings", Nothing),
    on("console_settings", "A/child", "/o/@a-child/settings", Nothing),
    on("console_settings", "B", "/o/@b/settings", Nothing),
    on("console_settings", "none", "/o/never-was/settings", Nothing),
    on("console_settings_post", "A, stale", "/o/@a/settings", Form("name=X&visibility=private&etag=%220%22")),
    on(
        "console_settings_post",
        "A/child, stale",
        "/o/@a-child/settings",
        Form("name=X&visibility=private&etag=%220%22"),
    ),
    on("console_settings_post", "B, stale", "/o/@b/settings", Form("name=X&visibility=private&etag=%220%22")),
    on(
        "console_settings_post",
        "none",
        "/o/never-was/settings",
        Form("name=X&visibility=private&etag=%220%22"),
    ),
    on("console_host_names", "A, stale", "/o/@a/host-names", Form("host_names=a.example&etag=%220%22")),
    on(
        "console_host_names",
        "A/child, stale",
        "/o/@a-child/host-names",
        Form("host_names=a.example&etag=%220%22"),
    ),
    on("console_host_names", "B, stale", "/o/@b/host-names", Form("host_names=b.example&etag=%220%22")),
    on("console_host_names", "none", "/o/never-was/host-names", Form("host_names=&etag=%220%22")),
    on("console_move", "A/child", "/o/@a-child/move", Nothing),
    on("console_move", "A/child, to the root", "/o/@a-child/move?to=/", Nothing),
    on("console_move", "A/child, beneath B", "/o/@a-child/move?to=@b", Nothing),
    on("console_move", "B/child", "/o/@b-child/move", Nothing),
    on("console_move", "none", "/o/never-was/move", Nothing),
    on(
        "console_move_post",
        "A/child, wrong word",
        "/o/@a-child/move",
        Form("to=/&confirm=another&etag=%220%22"),
    ),
    on("console_move_post", "A/child, stale", "/o/@a-child/move", Form("to=/&confirm=@a-child&etag=%220%22")),
    on("console_move_post", "B/child, stale", "/o/@b-child/move", Form("to=/&confirm=@b-child&etag=%220%22")),
    on("console_move_post", "none", "/o/never-was/move", Form("to=/&confirm=never-was&etag=%220%22")),
    on("console_delete", "A", "/o/@a/delete", Nothing),
    on("console_delete", "A/child", "/o/@a-child/delete", Nothing),
    on("console_delete", "B", "/o/@b/delete", Nothing),
    on("console_delete", "none", "/o/never-was/delete", Nothing),
    on("console_delete_post", "own", "/o/@org-own/delete", Form("confirm=@org-own")),
    on("console_delete_post", "A, wrong word", "/o/@a/delete", Form("confirm=another")),
    on("console_delete_post", "B, wrong word", "/o/@b/delete", Form("confirm=another")),
    on("console_delete_post", "none", "/o/never-was/delete", Form("confirm=another")),
    on("console_place", "A", "/o/@a/placements/new", Nothing),
    on("console_place", "B", "/o/@b/placements/new", Nothing),
    on("console_place", "none", "/o/never-was/placements/new", Nothing),
    on("console_place_post", "A", "/o/@a/placements/new", Form("spoke=spoke-asking")),
    on("console_place_post", "B", "/o/@b/placements/new", Form("spoke=spoke-asking")),
    on("console_place_post", "none", "/o/never-was/placements/new", Form("spoke=spoke-asking")),
    on("console_leave", "A/child", "/o/@a-child/placements/@spoke-a/leave", Nothing),
    on("console_leave", "B/child", "/o/@b-child/placements/@spoke-b/leave", Nothing),
    on("console_leave", "none", "/o/never-was/placements/@spoke-a/leave", Nothing),
    on("console_leave_post", "A/child", "/o/@a-child/placements/@spoke-a/leave", Form("confirm=another")),
    on("console_leave_post", "B/child", "/o/@b-child/placements/@spoke-b/leave", Form("confirm=another")),
    on("console_leave_post", "none", "/o/never-was/placements/@spoke-a/leave", Form("confirm=another")),
    on("console_wizard", "A", "/o/@a/client-organizations/new", Nothing),
    on("console_wizard", "B", "/o/@b/client-organizations/new", Nothing),
    on("console_wizard", "none", "/o/never-was/client-organizations/new", Nothing),
    on("console_wizard_post", "A", "/o/@a/client-organizations/new", Form("step=basic&action=next")),
    on("console_wizard_post", "A, all of it", "/o/@a/client-organizations/new", Form(CREATE)),
    on("console_wizard_post", "B, all of it", "/o/@b/client-organizations/new", Form(CREATE)),
    on(
        "console_wizard_post",
        "none",
        "/o/never-was/client-organizations/new",
        Form("step=basic&action=next"),
    ),
];

const CREATE: &str = "step=review&action=create&name=@fresh&administrator_kind=existing\
    &administrator_user=@mail-nobody&visibility=private&plan=business&hub=main&spoke=spoke-shared&gateway=shared";

const CLUSTER_PAGES: &[Case] = &[
    on("console_clusters", "-", "/platform/clusters", Nothing),
    on("console_join", "-", "/platform/clusters/join", Nothing),
    on("console_join_post", "-", "/platform/clusters/join", Form("cluster_name=@fresh")),
    on(
        "console_join_token_withdraw",
        "an unused one",
        "/platform/join-tokens/@join-token/withdraw",
        Form(""),
    ),
    on("console_join_token_withdraw", "none", "/platform/join-tokens/@none-join-token/withdraw", Form("")),
    on("console_cluster", "A's", "/platform/clusters/@spoke-a", Nothing),
    on("console_cluster", "of A/annex and B/annex", "/platform/clusters/spoke-shared", Nothing),
    on("console_cluster", "B's", "/platform/clusters/@spoke-b", Nothing),
    on("console_cluster", "one that asks", "/platform/clusters/spoke-asking", Nothing),
    on("console_cluster", "none", "/platform/clusters/never-was", Nothing),
    on(
        "console_cluster_accept",
        "one that asks",
        "/platform/clusters/@new-asking/accept",
        Form("fingerprint=@new-fingerprint"),
    ),
    on("console_cluster_accept", "A's", "/platform/clusters/@spoke-a/accept", Form("fingerprint=00")),
    on("console_cluster_accept", "B's", "/platform/clusters/@spoke-b/accept", Form("fingerprint=00")),
    on("console_cluster_accept", "none", "/platform/clusters/never-was/accept", Form("fingerprint=00")),
    on("console_cluster_deny", "one that asks", "/platform/clusters/@new-asking/deny", Form("")),
    on("console_cluster_deny", "A's", "/platform/clusters/@spoke-a/deny", Form("")),
    on("console_cluster_deny", "none", "/platform/clusters/never-was/deny", Form("")),
    on(
        "console_cluster_withdraw",
        "one without organizations",
        "/platform/clusters/@new-spoke/withdraw",
        Form(""),
    ),
    on(
        "console_cluster_forget",
        "A's, wrong word",
        "/platform/clusters/@spoke-a/forget",
        Form("forget_confirm=x"),
    ),
    on(
        "console_cluster_forget",
        "B's, wrong word",
        "/platform/clusters/@spoke-b/forget",
        Form("forget_confirm=x"),
    ),
    on("console_cluster_forget", "none", "/platform/clusters/never-was/forget", Form("forget_confirm=x")),
    on("console_cluster_follow", "A's", "/platform/clusters/@spoke-a/follow", Form("")),
    on("console_cluster_follow", "B's", "/platform/clusters/@spoke-b/follow", Form("")),
    on("console_cluster_follow", "none", "/platform/clusters/never-was/follow", Form("")),
    on("console_cluster_withdraw", "none", "/platform/clusters/never-was/withdraw", Form("")),
    on(
        "console_cluster_delete",
        "one without organizations",
        "/platform/clusters/@new-spoke/delete",
        Form("confirm=@new-spoke"),
    ),
    on("console_cluster_delete", "A's", "/platform/clusters/@spoke-a/delete", Form("confirm=@spoke-a")),
    on("console_cluster_delete", "B's", "/platform/clusters/@spoke-b/delete", Form("confirm=@spoke-b")),
    on("console_cluster_delete", "none", "/platform/clusters/never-was/delete", Form("confirm=never-was")),
    on(
        "console_licence",
        "one without organizations",
        "/platform/clusters/@new-spoke/licence",
        Form("pem=none&force=yes"),
    ),
    on("console_licence", "A's, empty", "/platform/clusters/@spoke-a/licence", Form("pem=")),
    on("console_licence", "B's, empty", "/platform/clusters/@spoke-b/licence", Form("pem=")),
    on("console_licence", "none", "/platform/clusters/never-was/licence", Form("pem=")),
    on("console_gateway_create", "on A's", "/platform/clusters/@spoke-a/gateways", Form(LISTENER)),
    on("console_gateway_create", "on B's", "/platform/clusters/@spoke-b/gateways", Form(LISTENER)),
    on("console_gateway_create", "on none", "/platform/clusters/never-was/gateways", Form(LISTENER)),
    on("console_gateway", "A's", "/platform/clusters/@spoke-a/gateways/@gateway-a", Nothing),
    on("console_gateway", "B's of A's spoke", "/platform/clusters/@spoke-a/gateways/@gateway-b", Nothing),
    on("console_gateway", "none", "/platform/clusters/@spoke-a/gateways/@none-gateway", Nothing),
    on(
        "console_gateway_update",
        "an unused one",
        "/platform/clusters/@spoke-a/gateways/@new-gateway",
        Form(CHANGED_LISTENER),
    ),
    on(
        "console_gateway_update",
        "A's, stale",
        "/platform/clusters/@spoke-a/gateways/@gateway-a",
        Form(LISTENER),
    ),
    on(
        "console_gateway_update",
        "B's of A's spoke",
        "/platform/clusters/@spoke-a/gateways/@gateway-b",
        Form(LISTENER),
    ),
    on(
        "console_gateway_update",
        "none",
        "/platform/clusters/@spoke-a/gateways/@none-gateway",
        Form(LISTENER),
    ),
    on(
        "console_gateway_share",
        "B's of A's spoke",
        "/platform/clusters/@spoke-a/gateways/@gateway-b/share",
        Form("shared=yes"),
    ),
    on(
        "console_gateway_share",
        "none",
        "/platform/clusters/@spoke-a/gateways/@none-gateway/share",
        Form("shared=yes"),
    ),
    on(
        "console_gateway_delete",
        "an unused one",
        "/platform/clusters/@spoke-a/gateways/@new-gateway/delete",
        Form(""),
    ),
    on(
        "console_gateway_delete",
        "A's, in use",
        "/platform/clusters/@spoke-a/gateways/@gateway-a/delete",
        Form(""),
    ),
    on(
        "console_gateway_delete",
        "B's of A's spoke",
        "/platform/clusters/@spoke-a/gateways/@gateway-b/delete",
        Form(""),
    ),
    on(
        "console_gateway_delete",
        "none",
        "/platform/clusters/@spoke-a/gateways/@none-gateway/delete",
        Form(""),
    ),
];

const LISTENER: &str = "name=@fresh&class=edge&listener_name=web&listener_port=80&listener_protocol=HTTP";

const CHANGED_LISTENER: &str = "etag=%221%22&name=@fresh&class=edge&listener_name=web&listener_port=80\
    &listener_protocol=HTTP&certificates=none";

const SITE_PAGES: &[Case] = &[
    on("console_client_organizations", "-", "/platform/client-organizations", Nothing),
    on("console_users", "-", "/platform/users", Nothing),
    on("console_user_new", "-", "/platform/users/new", Nothing),
    on(
        "console_user_create",
        "-",
        "/platform/users/new",
        Form("name=N&email=@fresh-mail&password=correct+horse+battery"),
    ),
    on("console_authority", "-", "/platform/authority", Nothing),
    on("console_authority_post", "not prepared", "/platform/authority", Form("step=switch")),
    on("console_plans", "-", "/platform/plans", Nothing),
    on("console_audit", "-", "/platform/audit", Nothing),
];
