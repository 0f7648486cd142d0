//! The console: server-rendered pages. Every page is a pure function of a [`Context`] and a view made of wire types,
//! what was typed, and the [`Problem`](bastide_api::Problem) for which a form comes back. Pages know no use case, no
//! store and no request; handlers call them. Everything works without JavaScript; the script only makes it smoother.
//!
//! # Addresses and forms
//!
//! Forms are posted as `application/x-www-form-urlencoded`. Rows are repeated names in the order of the page; rows in
//! which nothing was typed are sent too and have to be left out ([`forms::Fields::rows`] does). Where a struct is named,
//! its `parse` reads the form, its `check` finds what the request cannot say, its other methods make the request. A form
//! that is refused is shown again by its page with status 422 (or the problem's own), with what was typed and the
//! problem; one that is carried out is answered with 303.
//!
//! | Address | Page | Posted to | Fields |
//! |---|---|---|---|
//! | `/setup?token=` | [`setup`] | the same | `token`, `name`, `email`, `password` |
//! | `/sign-in?next=` | [`sign_in`] | the same | `email`, `password`, `next` |
//! | `/login/cli?…` | [`cli_login`] | `/login/cli` | `name`, `redirect_uri`, `state`, `code_challenge`, `decision` = `allow` or `deny` |
//! | `/device?user_code=` | [`device`] | `/device` | `user_code`; then also `decision` = `allow` or `deny` |
//! | every page | account menu | `/sign-out` | `scope` = `here` or `everywhere` |
//! | every page | account menu | `/theme` | `theme` = `system`, `light` or `dark` ([`Theme`]), `next`; sets [`THEME_COOKIE`] |
//! | `/me/organizations` | [`organizations`] | – | query `search`, `page_size`, `page_token` |
//! | `/me/organizations/public` | [`public_organizations`] | – | query as above |
//! | `/me/organizations/new?parent=` | [`new_organization`] | the same | [`OrganizationForm`]: `name`, `slug`, `parent`, `description`, `visibility`, `annotation_key`*, `annotation_value`* |
//! | `/me/tokens` | [`tokens`] | the same | [`TokenForm`]: `name`, `days`, `scope` = `all` or `some`, `permission`* |
//! | | | `/me/tokens/{id}/delete` | none |
//! | `/me/sessions` | [`sessions`] | `/me/sessions/{id}/end` | none; all of them: `/sign-out` with `scope` |
//! | `/o/{slug}` | [`overview`] | – | query `search`, `page_token` for what is beneath |
//! | `/me/billing` | [`billings`] | – | query as above |
//! | `/me/billing/{slug}` | [`billing`] | the same | `user` |
//! | | | `…/{user}/withdraw`, `…/leave` | none |
//! | `/o/{slug}/members` | [`members`] | the same | query as above, `source`, `role`; [`AssignmentForm`]: `user`, `role`, `reach` = `here` or `beneath`, `expires_at` |
//! | | | `/o/{slug}/members/{user}/remove` | none |
//! | | | `/o/{slug}/assignments/{id}` | `reach`, `expires_at` |
//! | | | `/o/{slug}/assignments/{id}/withdraw` | none |
//! | `/o/{slug}/leave` | [`leave_organization`] | the same | none |
//! | `/o/{slug}/roles` | [`roles`] | the same | [`RoleForm`]: `name`, `slug`, `description`, `permission`* |
//! | `/o/{slug}/roles/{role}` | [`role`] | the same | `etag` and [`RoleForm`] without `slug` |
//! | | | `/o/{slug}/roles/{role}/delete` | none |
//! | `/o/{slug}/access` | [`access`] | – | query `user`, `action`, `team`, `project` |
//! | `/o/{slug}/teams` | [`teams`] | the same | query as above; [`GroupForm`]: `name`, `slug`, `description` |
//! | `/o/{slug}/teams/{team}` | [`team`] | the same | `etag` and [`GroupForm`] without `slug` |
//! | | | `…/members` | `user`, `role` = `viewer`, `developer` or `administrator` |
//! | | | `…/members/{user}` | `role` as above |
//! | | | `…/members/{user}/remove` | none |
//! | | | `…/delete` | `confirm` |
//! | `/o/{slug}/projects` | [`projects`] | the same | as for teams |
//! | `/o/{slug}/projects/{project}` | [`project`] | the same | as for a team |
//! | | | `…/teams` | `team`, `role` as above |
//! | | | `…/teams/{team}` | `role` as above |
//! | | | `…/teams/{team}/remove` | none |
//! | | | `…/delete` | `confirm` |
//! | `/o/{slug}/audit` | [`audit()`] | – | query as above |
//! | `/o/{slug}/settings` | [`settings`] | the same | `etag` and [`OrganizationForm`] without `slug` and `parent` |
//! | | | `/o/{slug}/host-names` | `etag`, `host_names` |
//! | `/o/{slug}/placements/new` | [`place`] | the same | `spoke`, the node pool as below, `gateway_configuration` |
//! | `/o/{slug}/placements/{cluster}/leave` | [`leave`] | the same | `release` = `yes` or `no`, `confirm` |
//! | `/o/{slug}/tree` | [`tree`] | – | |
//! | `/o/{slug}/move?to=` | [`relocation`] | the same | `to` = a short name or [`ROOT`], `etag`, `confirm` |
//! | `/o/{slug}/delete` | [`delete_organization`] | the same | `confirm` |
//! | `/o/{slug}/client-organizations/new?step=` | [`client_organization`] | the same | [`WizardPost`]: `step` = `1`, `2`, `3` or `review`; `action` = `next`, `back`, `create`, `step-1`, `step-2` or `step-3`; and the [`Draft`] |
//! | `/platform/clusters` | [`clusters`] | `/platform/clusters/{name}/accept` | [`AcceptForm`]: `fingerprint`, `compared` = `yes`, `shown_fingerprint` |
//! | | | `/platform/clusters/{name}/deny` | none |
//! | | | `/platform/join-tokens/{id}/withdraw` | none |
//! | `/platform/clusters/join` | [`join`] | the same | `cluster_name`, `minutes`; the answer to POST is the page with the secret, not a redirect |
//! | `/platform/clusters/{name}` | [`cluster`] | `…/licence` | `pem` |
//! | | | `…/gateways` | [`GatewayForm`]: `name`, `slug`, `class`, `addresses`, `certificates` = `gateway`, `organization` or `none`, `listener_name`*, `listener_port`*, `listener_protocol`*, `listener_host`*, `listener_routes`* |
//! | `/platform/clusters/{name}/gateways/{slug}` | [`gateway`] | the same | `etag` and [`GatewayForm`] without `slug` |
//! | | | `…/share` | `shared` = `yes` or `no` |
//! | | | `…/gateways/{slug}/delete` | none |
//! | | | `…/withdraw` | none |
//! | | | `…/delete` | `confirm`, `placed` = `refuse`, `leave` or `clean` |
//! | | | `…/forget` | `confirm` |
//! | | | `…/follow` | none |
//! | `/platform/authority` | [`authority`] | the same | `step` = `prepare` or `switch`, `force` = `yes` |
//! | `/platform/client-organizations` | [`client_organizations`] | – | query as above |
//! | `/platform/users` | [`users`] | – | query as above |
//! | | | `/platform/users/{id}/access` | `etag`, `access` = `enabled`, `no_console` or `disabled` |
//! | `/platform/users/new` | [`new_user`] | the same | `name`, `email`, `password` |
//! | `/platform/plans` | [`plans`] | – | |
//! | `/platform/audit` | [`audit()`] | – | query as above |
//! | anywhere | [`error()`] | – | |
//!
//! (* may be repeated.) The answer to `POST /me/tokens` is the page with the secret, too. The fields of the wizard's
//! draft are `name`, `slug`, `annotation_key`*, `annotation_value`*, `administrator_kind` = `existing` or `new`,
//! `administrator_user`, `administrator_email`, `administrator_name`, `visibility`, `plan`, `hub`, `spoke`,
//! `node_label_key`*, `node_label_value`*, `toleration_key`*, `toleration_operator`* = `Equal` or `Exists`,
//! `toleration_value`*, `toleration_effect`* (empty for every effect), `gateway` = `shared` or `dedicated`,
//! `gateway_configuration`; the review adds `administrator_password`, which is carried by no other page.
//!
//! # Refreshing and searching without a page load
//!
//! The script fetches the address of the page again and takes from the answer the elements with `data-refresh` or the
//! results of a search, by their ids. No handler has to know of it.

pub mod assets;
mod audit;
pub mod components;
mod context;
mod entry;
mod error;
pub mod forms;
#[cfg(test)]
mod html;
mod icons;
mod illustration;
mod layout;
mod me;
mod navigation;
mod organization;
mod platform;
#[cfg(any(test, feature = "samples"))]
pub mod samples;
#[cfg(test)]
mod tests;
mod wizard;

pub use audit::{AuditPage, audit};
pub use context::{Context, Flash, Listing, THEME_COOKIE, Theme};
pub use entry::{
    CliLoginPage, DevicePage, DeviceStage, SetupPage, SignInPage, cli_login, device, setup, sign_in,
};
pub use error::error;
pub use me::{
    BillingPage, BillingsPage, NewOrganizationPage, OrganizationForm, OrganizationsPage,
    PublicOrganizationsPage, SessionsPage, TokenForm, TokensPage, billing, billings, new_organization,
    organizations, public_organizations, sessions, tokens,
};
pub use organization::{
    AccessPage, AssignmentForm, DeletePage, GroupForm, LeaveOrganizationPage, LeavePage, MembersPage,
    MovePage, OverviewPage, PlacePage, ProjectPage, ProjectsPage, ROOT, RoleForm, RolePage, RolesPage,
    SettingsPage, TeamPage, TeamsPage, TreePage, Usage, access, chosen_role, delete_organization, leave,
    leave_organization, members, overview, place, project, projects, relocation, role, roles, settings, team,
    teams, to_placement, tree,
};
pub use platform::{
    AcceptForm, AuthorityPage, ClientOrganizationsPage, ClusterPage, ClustersPage, GatewayForm, GatewayPage,
    JoinPage, ListenerRow, NewUserPage, PlansPage, Refusal, UsersPage, authority, client_organizations,
    cluster, clusters, gateway, join, new_user, plans, users,
};
pub use wizard::{
    AdministratorKind, Draft, GatewayKind, Step, TolerationRow, WizardAction, WizardPage, WizardPost,
    client_organization, command,
};
