//! A small world and everybody who might ask for something in it.

use bastide_authz::{Change, Graph};
use bastide_model::access::{Caller, Credential};
use bastide_model::permission::PermissionSet;
use bastide_model::role::{Administration, Reach, Role, TeamRole};
use bastide_model::user::Access;
use bastide_model::{
    AssignmentId, ClusterId, HubId, OrganizationId, Permission, ProjectId, RealmId, RequestId, RoleId,
    SessionId, TeamId, Timestamp, TokenId, UserId,
};
use uuid::Uuid;

/// The present of every test that does not move it.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

pub(crate) const BRAND: RealmId = RealmId::from_uuid(Uuid::from_u128(0xB0));
pub(crate) const OTHER: RealmId = RealmId::from_uuid(Uuid::from_u128(0x0B));

pub(crate) const HUB: HubId = HubId::from_uuid(Uuid::from_u128(1));
/// The child runs on it.
pub(crate) const SPOKE: ClusterId = ClusterId::from_uuid(Uuid::from_u128(1));
/// Nothing runs on it.
pub(crate) const SPARE: ClusterId = ClusterId::from_uuid(Uuid::from_u128(2));

pub(crate) const ROOT: OrganizationId = organization(1);
pub(crate) const CHILD: OrganizationId = organization(2);
pub(crate) const GRANDCHILD: OrganizationId = organization(3);
pub(crate) const SIBLING: OrganizationId = organization(4);
/// In the realm [`OTHER`].
pub(crate) const ELSEWHERE: OrganizationId = organization(5);

pub(crate) const SITE_ADMINISTRATOR: UserId = user(1);
pub(crate) const CLIENT_ADMINISTRATOR: UserId = user(2);
pub(crate) const ROOT_OWNER: UserId = user(3);
pub(crate) const CHILD_OWNER: UserId = user(4);
pub(crate) const ADMINISTRATOR_HERE: UserId = user(5);
pub(crate) const ADMINISTRATOR_BENEATH: UserId = user(6);
pub(crate) const SIBLING_OWNER: UserId = user(7);
pub(crate) const NOBODY: UserId = user(8);
pub(crate) const NO_CONSOLE: UserId = user(9);
pub(crate) const DISABLED: UserId = user(10);
/// Administers the realm [`OTHER`] and owns what is in it.
pub(crate) const STRANGER: UserId = user(11);
pub(crate) const EXPIRED: UserId = user(12);

/// Has [`ROOT_ROLE`] at the child.
pub(crate) const CUSTOM: UserId = user(13);
pub(crate) const TEAM_VIEWER: UserId = user(14);
pub(crate) const TEAM_DEVELOPER: UserId = user(15);
pub(crate) const TEAM_ADMINISTRATOR: UserId = user(16);
/// Administers the billing of the child.
pub(crate) const BILLING: UserId = user(17);

pub(crate) const ROOT_ROLE: RoleId = RoleId::from_uuid(Uuid::from_u128(1));
pub(crate) const CHILD_ROLE: RoleId = RoleId::from_uuid(Uuid::from_u128(2));
/// What [`ROOT_ROLE`] allows.
pub(crate) const ROOT_KEYS: PermissionSet = PermissionSet::of(&[
    Permission::MembersView,
    Permission::MembersAssign,
    Permission::TeamsView,
    Permission::TeamsCreate,
]);
/// Teams and projects of the child.
pub(crate) const CORE_TEAM: TeamId = TeamId::from_uuid(Uuid::from_u128(1));
pub(crate) const OTHER_TEAM: TeamId = TeamId::from_uuid(Uuid::from_u128(2));
pub(crate) const SHOP: ProjectId = ProjectId::from_uuid(Uuid::from_u128(1));
pub(crate) const VAULT: ProjectId = ProjectId::from_uuid(Uuid::from_u128(2));

pub(crate) const fn organization(number: u128) -> OrganizationId {
    OrganizationId::from_uuid(Uuid::from_u128(number))
}

pub(crate) const fn user(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

/// A caller with everything that a session allows.
pub(crate) fn by_session(user: UserId, realm: RealmId) -> Caller {
    Caller {
        user,
        realm,
        credential: Credential::Session(SessionId::from_uuid(Uuid::nil())),
        ceiling: PermissionSet::ALL,
        address: String::new(),
        request: RequestId::from_uuid(Uuid::nil()),
    }
}

/// A caller with a personal token that is good for these permissions.
pub(crate) fn by_token(user: UserId, realm: RealmId, ceiling: PermissionSet) -> Caller {
    let credential = Credential::Token(TokenId::from_uuid(Uuid::nil()));
    Caller { credential, ceiling, ..by_session(user, realm) }
}

/// Everybody, by the name of their column.
pub(crate) fn cast() -> Vec<(&'static str, Caller)> {
    let narrow = PermissionSet::of(&[Permission::OrganizationsView]);
    vec![
        ("site", by_session(SITE_ADMINISTRATOR, RealmId::PLATFORM)),
        ("client", by_session(CLIENT_ADMINISTRATOR, BRAND)),
        ("rootowner", by_session(ROOT_OWNER, BRAND)),
        ("childowner", by_session(CHILD_OWNER, BRAND)),
        ("here", by_session(ADMINISTRATOR_HERE, BRAND)),
        ("beneath", by_session(ADMINISTRATOR_BENEATH, BRAND)),
        ("sibowner", by_session(SIBLING_OWNER, BRAND)),
        ("nobody", by_session(NOBODY, BRAND)),
        ("custom", by_session(CUSTOM, BRAND)),
        ("viewer", by_session(TEAM_VIEWER, BRAND)),
        ("developer", by_session(TEAM_DEVELOPER, BRAND)),
        ("teamadmin", by_session(TEAM_ADMINISTRATOR, BRAND)),
        ("billing", by_session(BILLING, BRAND)),
        ("nc-sess", by_session(NO_CONSOLE, BRAND)),
        ("nc-token", by_token(NO_CONSOLE, BRAND, PermissionSet::ALL)),
        ("disabled", by_token(DISABLED, BRAND, PermissionSet::ALL)),
        ("stranger", by_session(STRANGER, OTHER)),
        ("expired", by_session(EXPIRED, BRAND)),
        ("narrow", by_token(ROOT_OWNER, BRAND, narrow)),
        ("wrongdoor", by_session(ROOT_OWNER, OTHER)),
    ]
}

/// The facts of the world.
pub(crate) fn facts() -> Vec<Change> {
    let mut facts = vec![
        Change::Organization { id: ROOT, realm: BRAND, parent: None },
        Change::Organization { id: CHILD, realm: BRAND, parent: Some(ROOT) },
        Change::Organization { id: GRANDCHILD, realm: BRAND, parent: Some(CHILD) },
        Change::Organization { id: SIBLING, realm: BRAND, parent: Some(ROOT) },
        Change::Organization { id: ELSEWHERE, realm: OTHER, parent: None },
        Change::Hub { id: HUB },
        Change::Cluster { id: SPOKE, hub: HUB },
        Change::Cluster { id: SPARE, hub: HUB },
        Change::Placement { organization: CHILD, cluster: SPOKE },
    ];
    facts.extend((1..=17).map(|number| Change::User {
        id: user(number),
        realm: match user(number) {
            SITE_ADMINISTRATOR => RealmId::PLATFORM,
            STRANGER => OTHER,
            _ => BRAND,
        },
        access: match user(number) {
            NO_CONSOLE => Access::NoConsole,
            DISABLED => Access::Disabled,
            _ => Access::Enabled,
        },
    }));
    for (user, level, realm) in [
        (SITE_ADMINISTRATOR, Administration::Site, RealmId::PLATFORM),
        (CLIENT_ADMINISTRATOR, Administration::Client, BRAND),
        (STRANGER, Administration::Client, OTHER),
    ] {
        facts.push(Change::Administration { user, level, realm });
    }
    let grants = [
        (ROOT_OWNER, ROOT, Role::Owner, Reach::Beneath, None),
        (CHILD_OWNER, CHILD, Role::Owner, Reach::Beneath, None),
        (SIBLING_OWNER, SIBLING, Role::Owner, Reach::Beneath, None),
        (STRANGER, ELSEWHERE, Role::Owner, Reach::Beneath, None),
        (ADMINISTRATOR_HERE, ROOT, Role::Administrator, Reach::Here, None),
        (ADMINISTRATOR_BENEATH, ROOT, Role::Administrator, Reach::Beneath, None),
        (NO_CONSOLE, ROOT, Role::Administrator, Reach::Beneath, None),
        (DISABLED, ROOT, Role::Administrator, Reach::Beneath, None),
        (EXPIRED, ROOT, Role::Administrator, Reach::Beneath, Some(NOW)),
        (CUSTOM, CHILD, Role::Custom(ROOT_ROLE), Reach::Here, None),
        (BILLING, CHILD, Role::BillingAdministrator, Reach::Here, None),
    ];
    facts.extend((1..).zip(grants).map(|(number, (user, organization, role, reach, expires_at))| {
        let id = AssignmentId::from_uuid(Uuid::from_u128(number));
        Change::Assignment { id, user, organization, role, reach, expires_at }
    }));
    facts.extend(facts_within());
    facts
}

/// Roles, teams and projects.
fn facts_within() -> [Change; 11] {
    [
        Change::Role { id: ROOT_ROLE, organization: ROOT, permissions: ROOT_KEYS },
        Change::Role {
            id: CHILD_ROLE,
            organization: CHILD,
            permissions: PermissionSet::of(&[Permission::ProjectsView]),
        },
        Change::Team { id: CORE_TEAM, organization: CHILD },
        Change::Team { id: OTHER_TEAM, organization: CHILD },
        Change::TeamMember { team: CORE_TEAM, user: TEAM_VIEWER, role: TeamRole::Viewer },
        Change::TeamMember { team: CORE_TEAM, user: TEAM_DEVELOPER, role: TeamRole::Developer },
        Change::TeamMember { team: CORE_TEAM, user: TEAM_ADMINISTRATOR, role: TeamRole::Administrator },
        Change::Project { id: SHOP, organization: CHILD },
        Change::Project { id: VAULT, organization: CHILD },
        Change::ProjectTeam { project: SHOP, team: CORE_TEAM, role: TeamRole::Administrator },
        Change::ProjectTeam { project: VAULT, team: OTHER_TEAM, role: TeamRole::Administrator },
    ]
}

/// The world.
pub(crate) fn world() -> Graph {
    Graph::build(1, facts())
}

/// The world with something more.
pub(crate) fn world_and(more: impl IntoIterator<Item = Change>) -> Graph {
    Graph::build(1, facts().into_iter().chain(more))
}
