//! Custom roles, and what accounts may be used for (ROLE-4, ROLE-6).

use bastide_authz::action::{CreateRole, DeleteRole, UpdateRole, UpdateUser, ViewOrganization, ViewRoles};
use bastide_model::organization::OrganizationState;
use bastide_model::permission::PermissionSet;
use bastide_model::role::{Reach, Role};
use bastide_model::team::CustomRole;
use bastide_model::user::Access;
use bastide_model::{
    AssignmentId, Error, OrganizationId, Permission, RealmId, Result, RoleId, SystemIds, UserId,
};

use crate::bed::{Bed, audit_id, both_engines, code};
use crate::deletion;

both_engines! {
    role_6_roles_come_from_here_and_from_above_nearest_first,
    role_6_editing_a_role_changes_everybody_who_has_it,
    role_6_a_role_is_changed_by_one_at_a_time,
    role_6_a_role_that_somebody_has_stays,
    role_4_what_an_account_may_be_used_for,
    nothing_is_defined_where_everything_ends,
}

const VIEW: PermissionSet = PermissionSet::of(&[Permission::TeamsView]);

pub(crate) async fn define(bed: &Bed, organization: OrganizationId, slug: &str) -> Result<CustomRole> {
    let role = CustomRole {
        id: RoleId::fresh(&SystemIds),
        realm: RealmId::PLATFORM,
        organization,
        slug: slug.parse().unwrap(),
        name: slug.parse().unwrap(),
        description: "What it is for".parse().unwrap(),
        permissions: VIEW,
        created_at: bed.now(),
        revision: 1,
    };
    let permit = bed.site::<CreateRole>(organization).await;
    let mut tx = bed.write().await;
    tx.role_create(&permit, &role, audit_id()).await?;
    tx.commit().await.map(|_| role)
}

/// Gives a role as it is in the rows; the use case has its own tests.
async fn give(bed: &Bed, user: UserId, organization: OrganizationId, role: RoleId) {
    let id = AssignmentId::fresh(&SystemIds).uuid();
    let [id, realm, at, user, role_id] =
        [id, RealmId::PLATFORM.uuid(), organization.uuid(), user.uuid(), role.uuid()]
            .map(|id| bed.database.literal(id));
    let (word, reach) = (Role::Custom(role), Reach::Here.as_str());
    let sql = format!(
        "insert into assignments (id, realm_id, organization_id, user_id, role, role_id, reach, created_at_ms) \
         values ({id}, {realm}, {at}, {user}, '{word}', {role_id}, '{reach}', 0)"
    );
    bed.database.raw(&sql).await.unwrap();
}

async fn role_6_roles_come_from_here_and_from_above_nearest_first(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let root = bed.root("top", owner).await;
    let child = bed.child("child", root, owner).await;
    let sibling = bed.child("sibling", root, owner).await;
    let above = define(&bed, root, "auditor").await.unwrap();
    let here = define(&bed, child, "auditor").await.unwrap();
    define(&bed, sibling, "hidden").await.unwrap();
    let permit = bed.site::<ViewRoles>(child).await;
    let lineage: Vec<_> = bed.graph().await.lineage(child).collect();
    let listed = bed.read().await.role_list(&permit, &lineage).await.unwrap();
    assert_eq!(listed, [here.clone(), above]);
    assert_eq!(code(define(&bed, child, "auditor").await), "slug_taken");
    assert_eq!(bed.read().await.role(here.id).await, Ok(here));
}

async fn role_6_editing_a_role_changes_everybody_who_has_it(bed: Bed) {
    let (owner, bob) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let root = bed.root("top", owner).await;
    let child = bed.child("child", root, owner).await;
    let role = define(&bed, root, "auditor").await.unwrap();
    for organization in [root, child] {
        give(&bed, bob, organization, role.id).await;
    }
    let may = async |organization| {
        let (graph, caller) = (bed.graph().await, bed.caller(bob).await);
        graph.authorize::<bastide_authz::action::ViewMembers>(&caller, organization, bed.now()).is_ok()
    };
    assert!(
        bed.try_permit::<ViewOrganization>(bob, child).await.is_ok(),
        "who has a role sees the organization"
    );
    assert!(!may(root).await && !may(child).await);
    let mut after = role.clone();
    after.permissions = VIEW.union(PermissionSet::of(&[Permission::MembersView]));
    let permit = bed.site::<UpdateRole>(role.id).await;
    let mut tx = bed.write().await;
    tx.role_update(&permit, (&role, &after), bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(may(root).await && may(child).await);
    let mut given = bed.read().await.role_given_at(role.id).await.unwrap();
    given.sort_by_key(|(organization, _)| *organization != root);
    assert_eq!(given, [(root, Reach::Here), (child, Reach::Here)]);
}

async fn role_6_a_role_is_changed_by_one_at_a_time(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let root = bed.root("top", owner).await;
    let before = define(&bed, root, "auditor").await.unwrap();
    let mut after = before.clone();
    after.name = "Renamed".parse().unwrap();
    let permit = bed.site::<UpdateRole>(before.id).await;
    let mut tx = bed.write().await;
    assert_eq!(tx.role_hold(before.id).await, Ok(before.clone()));
    tx.role_update(&permit, (&before, &after), bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    after.revision = 2;
    assert_eq!(bed.read().await.role(before.id).await, Ok(after.clone()));
    let again = bed.write().await.role_update(&permit, (&before, &after), bed.audit()).await;
    assert_eq!(again, Err(Error::Stale));
    let permit = bed.site::<DeleteRole>(before.id).await;
    let gone = bed.write().await.role_delete(&permit, &before, bed.audit()).await;
    assert_eq!(gone, Err(Error::Stale));
}

async fn role_6_a_role_that_somebody_has_stays(bed: Bed) {
    let (owner, bob) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let root = bed.root("top", owner).await;
    let role = define(&bed, root, "auditor").await.unwrap();
    let permit = bed.site::<DeleteRole>(role.id).await;
    give(&bed, bob, root, role.id).await;
    let refused = bed.write().await.role_delete(&permit, &role, bed.audit()).await;
    assert_eq!(code(refused), "role_in_use");
    bed.database.raw("delete from assignments where role_id is not null").await.unwrap();
    let mut tx = bed.write().await;
    tx.role_delete(&permit, &role, bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(bed.read().await.role(role.id).await, Err(Error::NotFound));
    assert_eq!(bed.graph().await.organization_of_role(role.id), None);
}

async fn role_4_what_an_account_may_be_used_for(bed: Bed) {
    let (owner, bob) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let change = async |user: UserId, access: Access| {
        let (permit, before) =
            (bed.site::<UpdateUser>(user).await, bed.read().await.user(user).await.unwrap());
        let mut tx = bed.write().await;
        tx.user_update(&permit, (&before, access), bed.audit()).await?;
        tx.commit().await.map(|_| before)
    };
    bed.root("top", owner).await;
    assert_eq!(code(change(owner, Access::Disabled).await), "owns_organizations");
    assert_eq!(bed.read().await.user(owner).await.unwrap().access, Access::Enabled, "nothing half done");
    for access in [Access::NoConsole, Access::Disabled, Access::Enabled] {
        let before = change(bob, access).await.unwrap();
        assert_eq!(bed.read().await.user(bob).await.unwrap().access, access);
        let permit = bed.site::<UpdateUser>(bob).await;
        let again = bed.write().await.user_update(&permit, (&before, access), bed.audit()).await;
        assert_eq!(again, Err(Error::Stale));
    }
}

async fn nothing_is_defined_where_everything_ends(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let root = bed.root("top", owner).await;
    let role = define(&bed, root, "auditor").await.unwrap();
    deletion::delete(&bed, root).await.unwrap();
    assert_eq!(code(define(&bed, root, "other").await), "organization_not_active");
    deletion::tear_down(&bed, root, OrganizationState::Deleted).await.unwrap();
    assert_eq!(bed.read().await.role(role.id).await, Err(Error::NotFound));
}
