//! Roles at organizations: given, changed, taken away, left behind; and who is listed as a member by what.

use std::fmt::Write as _;

use std::collections::BTreeSet;

use bastide_authz::action::{
    AssignBilling, AssignRole, LeaveOrganization, RemoveMember, UpdateAssignment, ViewBilling, ViewMembers,
    WithdrawBilling, WithdrawRole,
};
use bastide_authz::{Billing, Bounds};
use bastide_model::organization::OrganizationState;
use bastide_model::role::{Reach, Role};
use bastide_model::{
    AssignmentId, Error, OrganizationId, RealmId, Result, RoleId, SystemIds, TeamId, Timestamp, UserId,
};
use bastide_store::{Assignment, Listed, Member, MemberFilter, PageRequest};

use crate::bed::{Bed, both_engines, code, race};
use crate::deletion;

both_engines! {
    role_3_roles_are_given_changed_and_taken_away,
    role_1_each_axis_has_its_own_permits,
    role_7_nobody_stores_ownership_or_touches_it,
    e_17_a_grant_is_found_in_its_own_organization_only,
    org_9_everything_ends_at_once,
    role_2_members_are_listed_once_with_every_source,
    hier_4_what_comes_from_above_is_listed_where_it_is_seen,
    role_9_an_ended_role_from_above_lists_nobody,
    members_are_paged_and_chosen_by_source_and_role,
    plan_1_each_person_counts_once,
    plan_2_two_at_one_time_never_pass_the_limit_together,
    plan_2_role_9_an_ended_role_takes_no_seat,
    hier_5_home_is_where_one_belongs_longest,
    hier_5_two_who_take_from_one_person_leave_no_home_behind,
}

pub(crate) fn grant(bed: &Bed, organization: OrganizationId, user: UserId, role: Role) -> Assignment {
    let id = AssignmentId::fresh(&SystemIds);
    let created_at = bed.now();
    Assignment {
        id,
        organization,
        user,
        role,
        custom: None,
        reach: Reach::Here,
        expires_at: None,
        created_at,
        revision: 1,
    }
}

/// Gives a role as the site administrator.
pub(crate) async fn give(bed: &Bed, assignment: &Assignment) -> Result<()> {
    let permit = bed.site::<AssignRole>(assignment.organization).await;
    let user = bed.read().await.user(assignment.user).await?;
    let mut tx = bed.write().await;
    tx.assign(&permit, assignment, &user, bed.audit()).await?;
    tx.commit().await.map(|_| ())
}

pub(crate) async fn give_billing(bed: &Bed, owner: UserId, assignment: &Assignment) -> Result<()> {
    let permit = bed.permit::<AssignBilling>(owner, Billing(assignment.organization)).await;
    let user = bed.read().await.user(assignment.user).await?;
    let mut tx = bed.write().await;
    tx.assign(&permit, assignment, &user, bed.audit()).await?;
    tx.commit().await.map(|_| ())
}

/// A team with these people in it, written past the store.
pub(crate) async fn team(bed: &Bed, organization: OrganizationId, slug: &str, people: &[UserId]) -> TeamId {
    let id = TeamId::fresh(&SystemIds);
    let text = |uuid| bed.database.literal(uuid);
    let (realm, place) = (text(RealmId::PLATFORM.uuid()), text(organization.uuid()));
    let mut sql = format!(
        "insert into teams (id, realm_id, organization_id, slug, name, search, description, created_at_ms, revision) \
         values ({}, {realm}, {place}, '{slug}', '{slug}', '{slug}', '', 0, 1);",
        text(id.uuid())
    );
    for user in people {
        let (team, user) = (text(id.uuid()), text(user.uuid()));
        let _ = write!(
            sql,
            "insert into team_members (realm_id, organization_id, team_id, user_id, role, created_at_ms) \
             values ({realm}, {place}, {team}, {user}, 'developer', 0);"
        );
    }
    bed.database.raw(&sql).await.unwrap();
    id
}

/// A custom role, written past the store.
async fn custom(bed: &Bed, organization: OrganizationId, slug: &str) -> RoleId {
    let id = RoleId::fresh(&SystemIds);
    let text = |uuid| bed.database.literal(uuid);
    let (realm, place) = (text(RealmId::PLATFORM.uuid()), text(organization.uuid()));
    let sql = format!(
        "insert into roles (id, realm_id, organization_id, slug, name, description, permissions, created_at_ms, revision) \
         values ({}, {realm}, {place}, '{slug}', '{slug}', '', '[\"members.view\"]', 0, 1)",
        text(id.uuid())
    );
    bed.database.raw(&sql).await.unwrap();
    id
}

/// ROLE-3, ROLE-9: what is stored is what the graph follows; the same role once more is refused by the database.
async fn role_3_roles_are_given_changed_and_taken_away(bed: Bed) {
    let (ada, bob) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let id = bed.root("acme", ada).await;
    let before = grant(&bed, id, bob, Role::Administrator);
    give(&bed, &before).await.unwrap();
    assert_eq!(bed.read().await.assignment(id, before.id).await, Ok(before.clone()));
    assert_eq!(code(give(&bed, &grant(&bed, id, bob, Role::Administrator)).await), "role_held");
    let role = custom(&bed, id, "auditor").await;
    let own = grant(&bed, id, bob, Role::Custom(role));
    give(&bed, &own).await.unwrap();
    let kept = bed.read().await.assignment(id, own.id).await.unwrap();
    assert_eq!(kept.custom.unwrap().0.as_str(), "auditor");

    let end = Some(Timestamp::from_millis(1_900_000_000_000));
    let after = Assignment { reach: Reach::Beneath, expires_at: end, ..before.clone() };
    let user = bed.read().await.user(bob).await.unwrap();
    let permit = bed.site::<UpdateAssignment>(id).await;
    let mut tx = bed.write().await;
    tx.assignment_update(&permit, (&before, &after), &user, bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    let kept = Assignment { revision: 2, ..after.clone() };
    assert_eq!(bed.read().await.assignment(id, before.id).await, Ok(kept));
    let again = bed.write().await.assignment_update(&permit, (&before, &after), &user, bed.audit()).await;
    assert_eq!(again, Err(Error::Stale), "it is no longer as it was seen");

    let permit = bed.site::<WithdrawRole>(id).await;
    let mut tx = bed.write().await;
    tx.withdraw(&permit, &after, &user, bed.audit()).await.unwrap();
    assert_eq!(tx.withdraw(&permit, &after, &user, bed.audit()).await, Err(Error::NotFound));
    tx.commit().await.unwrap();
    assert_eq!(bed.read().await.assignment(id, before.id).await, Err(Error::NotFound));
    assert!(bed.try_permit::<ViewMembers>(bob, id).await.is_ok(), "by the custom role");
}

/// ROLE-1: who may give roles does not give the billing role by that, and the other way round.
async fn role_1_each_axis_has_its_own_permits(bed: Bed) {
    let (ada, bob) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let id = bed.root("acme", ada).await;
    assert_eq!(code(give(&bed, &grant(&bed, id, bob, Role::BillingAdministrator)).await), "internal");
    assert_eq!(code(give_billing(&bed, ada, &grant(&bed, id, bob, Role::Administrator)).await), "internal");
    let billing = grant(&bed, id, bob, Role::BillingAdministrator);
    give_billing(&bed, ada, &billing).await.unwrap();
    let user = bed.read().await.user(bob).await.unwrap();
    let permit = bed.permit::<WithdrawRole>(ada, id).await;
    let refused = bed.write().await.withdraw(&permit, &billing, &user, bed.audit()).await;
    assert_eq!(code(refused), "internal");
    let permit = bed.permit::<ViewBilling>(ada, Billing(id)).await;
    let seen = bed.read().await.billing_administrators(&permit).await.unwrap();
    assert_eq!(seen.iter().map(|user| user.id).collect::<Vec<_>>(), [bob]);
    assert_eq!(list(&bed, id, &[], &MemberFilter::default()).await.len(), 1, "he is no member by it");
}

/// ROLE-7, ORG-3: no function of the store gives, takes or ends an owner's role.
async fn role_7_nobody_stores_ownership_or_touches_it(bed: Bed) {
    let (ada, bob) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let id = bed.root("acme", ada).await;
    assert_eq!(code(give(&bed, &grant(&bed, id, bob, Role::Owner)).await), "internal");
    let owner = bed.read().await.belongings(id, ada).await.unwrap().assignments.remove(0);
    assert_eq!(owner.role, Role::Owner);
    let user = bed.read().await.user(ada).await.unwrap();
    let permit = bed.site::<WithdrawRole>(id).await;
    assert_eq!(code(bed.write().await.withdraw(&permit, &owner, &user, bed.audit()).await), "internal");
    let disguised = Assignment { role: Role::Administrator, ..owner.clone() };
    let refused = bed.write().await.withdraw(&permit, &disguised, &user, bed.audit()).await;
    assert_eq!(refused, Err(Error::NotFound), "the row itself says that it is the owner's");
    let permit = bed.site::<UpdateAssignment>(id).await;
    let both = (&disguised, &disguised);
    let refused = bed.write().await.assignment_update(&permit, both, &user, bed.audit()).await;
    assert_eq!(refused, Err(Error::Stale), "it is not the grant that was seen");
    let permit = bed.permit::<LeaveOrganization>(ada, id).await;
    assert_eq!(code(bed.write().await.dismiss(&permit, &user, bed.audit()).await), "internal");
}

/// E-17: the id of a grant of another organization names nothing, and a permit for one is none for another.
async fn e_17_a_grant_is_found_in_its_own_organization_only(bed: Bed) {
    let (ada, bob) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let (one, other) = (bed.root("one", ada).await, bed.root("other", ada).await);
    let given = grant(&bed, one, bob, Role::Administrator);
    give(&bed, &given).await.unwrap();
    assert_eq!(bed.read().await.assignment(other, given.id).await, Err(Error::NotFound));
    let user = bed.read().await.user(bob).await.unwrap();
    let permit = bed.permit::<WithdrawRole>(ada, other).await;
    assert_eq!(code(bed.write().await.withdraw(&permit, &given, &user, bed.audit()).await), "internal");
    let moved = Assignment { organization: other, ..given };
    let refused = bed.write().await.withdraw(&permit, &moved, &user, bed.audit()).await;
    assert_eq!(refused, Err(Error::NotFound));
}

/// ORG-9, INV-5: roles, teams, the billing role and the home go in one transaction, here and nowhere else.
async fn org_9_everything_ends_at_once(bed: Bed) {
    let (ada, bob) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let (id, other) = (bed.root("acme", ada).await, bed.root("other", ada).await);
    for organization in [id, other] {
        give(&bed, &grant(&bed, organization, bob, Role::Administrator)).await.unwrap();
        give_billing(&bed, ada, &grant(&bed, organization, bob, Role::BillingAdministrator)).await.unwrap();
        team(&bed, organization, "core", &[bob, ada]).await;
    }
    let user = bed.read().await.user(bob).await.unwrap();
    assert_eq!(user.home, Some(id), "the first role given");
    let (permit, graph) = (bed.site::<RemoveMember>(id).await, bed.graph().await);
    let mut tx = bed.write().await;
    tx.dismiss(&permit, &user, bed.audit()).await.unwrap();
    let committed = tx.commit().await.unwrap();
    let had = bed.read().await.belongings(id, bob).await.unwrap();
    assert!(had.is_empty(), "{had:?}");
    assert_eq!(bed.read().await.user(bob).await.unwrap().home, Some(other), "where they still belong");
    let kept = bed.read().await.belongings(other, bob).await.unwrap();
    assert_eq!((kept.assignments.len(), kept.teams.len()), (2, 1), "elsewhere everything stays");
    assert_eq!(bed.read().await.belongings(id, ada).await.unwrap().teams.len(), 1, "and of everybody else");
    let mut followed = graph;
    followed.advance(committed.revision.unwrap(), committed.changes);
    assert_eq!(followed, bed.graph().await);
    let again = bed.write().await.dismiss(&permit, &user, bed.audit()).await;
    assert_eq!(again, Err(Error::NotFound));
}

async fn page(
    bed: &Bed,
    (id, above): (OrganizationId, &[OrganizationId]),
    filter: &MemberFilter,
    request: &PageRequest,
) -> Listed<Member> {
    let permit = bed.site::<ViewMembers>(id).await;
    bed.read().await.member_list(&permit, request, (filter, above), bed.now()).await.unwrap()
}

async fn list(bed: &Bed, id: OrganizationId, above: &[OrganizationId], filter: &MemberFilter) -> Vec<Member> {
    let listed = page(bed, (id, above), filter, &PageRequest::default()).await;
    assert_eq!(listed.next, None);
    listed.items
}

fn who(members: &[Member]) -> Vec<UserId> {
    members.iter().map(|member| member.user.id).collect()
}

async fn role_2_members_are_listed_once_with_every_source(bed: Bed) {
    let (ada, bob) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    bed.user("carl@example.org").await;
    let (id, other) = (bed.root("acme", ada).await, bed.root("other", ada).await);
    let end = Timestamp::from_millis(1_900_000_000_000);
    let given = Assignment { expires_at: Some(end), ..grant(&bed, id, bob, Role::Administrator) };
    give(&bed, &given).await.unwrap();
    for (place, slug) in [(id, "zeta"), (id, "core"), (other, "theirs")] {
        team(&bed, place, slug, &[bob]).await;
    }
    let members = list(&bed, id, &[], &MemberFilter::default()).await;
    assert_eq!(who(&members), [ada, bob]);
    assert_eq!(members[0].grants.iter().map(|one| one.role).collect::<Vec<_>>(), [Role::Owner]);
    assert_eq!(members[1].grants, [given]);
    let teams: Vec<_> = members[1].teams.iter().map(|team| team.slug.as_str()).collect();
    assert_eq!(teams, ["core", "zeta"]);
    let search = PageRequest::new(None, None, Some("BOB@")).unwrap();
    assert_eq!(who(&page(&bed, (id, &[]), &MemberFilter::default(), &search).await.items), [bob]);
}

/// HIER-4: whoever has a role above that reaches down is listed with the organizations that are seen; and of who is listed
/// anyway, only what was given at those is told.
async fn hier_4_what_comes_from_above_is_listed_where_it_is_seen(bed: Bed) {
    let (ada, bob, eve) = (
        bed.user("ada@example.org").await,
        bed.user("bob@example.org").await,
        bed.user("eve@example.org").await,
    );
    let root = bed.root("top", ada).await;
    let child = bed.child("child", root, bob).await;
    give(&bed, &grant(&bed, root, eve, Role::Administrator)).await.unwrap();
    let reaching = Assignment { reach: Reach::Beneath, ..grant(&bed, root, bob, Role::Administrator) };
    give(&bed, &reaching).await.unwrap();
    assert_eq!(who(&list(&bed, child, &[root], &MemberFilter::default()).await), [ada, bob]);
    let permit = bed.site::<ViewMembers>(child).await;
    let filter = MemberFilter::default();
    let mut tx = bed.read().await;
    let listed = tx.member_list(&permit, &PageRequest::default(), (&filter, &[]), bed.now()).await.unwrap();
    assert_eq!(who(&listed.items), [bob]);
    let places = |members: &[Member]| -> BTreeSet<_> {
        let of = members.iter().find(|member| member.user.id == bob).unwrap();
        of.grants.iter().map(|one| one.organization).collect()
    };
    assert_eq!(places(&listed.items), BTreeSet::from([child]), "what is not seen is not told");
    assert_eq!(places(&list(&bed, child, &[root], &filter).await), BTreeSet::from([root, child]));
}

async fn role_9_an_ended_role_from_above_lists_nobody(bed: Bed) {
    let (ada, eve) = (bed.user("ada@example.org").await, bed.user("eve@example.org").await);
    let root = bed.root("top", ada).await;
    let child = bed.child("child", root, ada).await;
    let end = bed.now();
    let ended = Assignment {
        reach: Reach::Beneath,
        expires_at: Some(end),
        ..grant(&bed, root, eve, Role::Administrator)
    };
    give(&bed, &ended).await.unwrap();
    assert_eq!(who(&list(&bed, child, &[root], &MemberFilter::default()).await), [ada]);
    assert_eq!(
        who(&list(&bed, root, &[], &MemberFilter::default()).await),
        [ada, eve],
        "it can be given anew there"
    );
}

async fn members_are_paged_and_chosen_by_source_and_role(bed: Bed) {
    let owner = bed.user("owner@example.org").await;
    let root = bed.root("top", owner).await;
    let child = bed.child("child", root, owner).await;
    let auditor = custom(&bed, root, "auditor").await;
    let mut people = Vec::new();
    for number in 0..12 {
        people.push(bed.user(&format!("p{number:02}@example.org")).await);
    }
    for (number, user) in people.iter().enumerate() {
        match number % 4 {
            0 => give(&bed, &grant(&bed, child, *user, Role::Administrator)).await.unwrap(),
            1 => give(&bed, &grant(&bed, child, *user, Role::Custom(auditor))).await.unwrap(),
            2 => {
                let from_above = grant(&bed, root, *user, Role::Administrator);
                give(&bed, &Assignment { reach: Reach::Beneath, ..from_above }).await.unwrap();
            }
            _ => {
                team(&bed, child, &format!("team-{number}"), &[*user]).await;
            }
        }
    }
    let every = |rest: usize| people.iter().skip(rest).step_by(4).copied().collect::<Vec<_>>();
    for (source, role, expected) in [
        ("direct", "administrator", every(0)),
        ("direct", "custom", every(1)),
        ("", &*auditor.to_string(), every(1)),
        ("inherited", "administrator", every(2)),
        ("team", "", every(3)),
        ("", "member", every(3)),
        ("team", "administrator", Vec::new()),
        ("", "owner", vec![owner]),
    ] {
        let filter = MemberFilter { source, role: role.to_owned() };
        assert_eq!(who(&list(&bed, child, &[root], &filter).await), expected, "{source} {role}");
    }
    for size in [1, 5, 13] {
        let (mut seen, mut token) = (Vec::new(), None::<String>);
        loop {
            let request = PageRequest::new(Some(size), token.as_deref(), None).unwrap();
            let listed = page(&bed, (child, &[root]), &MemberFilter::default(), &request).await;
            assert!(listed.items.iter().all(|one| !(one.grants.is_empty() && one.teams.is_empty())));
            seen.extend(who(&listed.items));
            // Somebody who comes before the page goes away in between.
            token = listed.next;
            if token.is_none() {
                break;
            }
        }
        let expected: Vec<_> = std::iter::once(owner).chain(people.iter().copied()).collect();
        assert_eq!(seen, expected, "{size}");
    }
}

/// PLAN-1: the owner counts, everybody counts once, whoever has only a billing role or a role from above does not.
async fn plan_1_each_person_counts_once(bed: Bed) {
    let (ada, bob, eve) = (
        bed.user("ada@example.org").await,
        bed.user("bob@example.org").await,
        bed.user("eve@example.org").await,
    );
    let root = bed.root("top", ada).await;
    let child = bed.child("child", root, bob).await;
    let count = async || bed.read().await.members_count(child, bed.now()).await.unwrap();
    assert_eq!(count().await, 1);
    give(&bed, &grant(&bed, child, bob, Role::Administrator)).await.unwrap();
    team(&bed, child, "core", &[bob]).await;
    give_billing(&bed, bob, &grant(&bed, child, eve, Role::BillingAdministrator)).await.unwrap();
    let from_above = grant(&bed, root, eve, Role::Administrator);
    give(&bed, &Assignment { reach: Reach::Beneath, ..from_above }).await.unwrap();
    assert_eq!(count().await, 1);
    for (user, member) in [(bob, true), (eve, false), (ada, false)] {
        assert_eq!(bed.read().await.is_member(child, user, bed.now()).await, Ok(member));
    }
    team(&bed, child, "more", &[eve]).await;
    assert_eq!(count().await, 2);
    assert_eq!(bed.read().await.is_member(child, eve, bed.now()).await, Ok(true));
}

/// E-30, PLAN-2: whoever holds the organization counts alone, so of many at one time as many pass as there is room for.
async fn plan_2_two_at_one_time_never_pass_the_limit_together(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let id = bed.root("acme", owner).await;
    let mut attempts = Vec::new();
    for number in 0..12 {
        let who = bed.user(&format!("p{number}@example.org")).await;
        let user = bed.read().await.user(who).await.unwrap();
        let permit = bed.permit::<AssignRole>(owner, id).await;
        let (given, store, audit) =
            (grant(&bed, id, who, Role::Administrator), bed.store.clone(), bed.audit());
        attempts.push(async move {
            let mut tx = store.write(&Bounds::Everything).await.unwrap();
            tx.organization_lock(id).await.unwrap();
            if tx.members_count(id, audit.1).await.unwrap() >= 4 {
                return false;
            }
            tx.assign(&permit, &given, &user, audit).await.unwrap();
            tx.commit().await.unwrap();
            true
        });
    }
    assert_eq!(race(attempts).await.into_iter().filter(|given| *given).count(), 3);
    assert_eq!(bed.read().await.members_count(id, bed.now()).await.unwrap(), 4);
}

/// PLAN-2, ROLE-9: whose only role has ended takes no seat, is listed with no role, and is found as such and not by the role
/// that was.
async fn plan_2_role_9_an_ended_role_takes_no_seat(bed: Bed) {
    let (ada, bob, eve) = (
        bed.user("ada@example.org").await,
        bed.user("bob@example.org").await,
        bed.user("eve@example.org").await,
    );
    let root = bed.root("top", ada).await;
    let id = bed.child("acme", root, ada).await;
    let end = bed.now();
    for user in [bob, eve] {
        let ended = Assignment { expires_at: Some(end), ..grant(&bed, id, user, Role::Administrator) };
        give(&bed, &ended).await.unwrap();
    }
    let before = Timestamp::from_millis(end.as_millis() - 1);
    for (at, people) in [(before, 3), (end, 1)] {
        assert_eq!(bed.read().await.members_count(id, at).await, Ok(people));
        assert_eq!(bed.read().await.is_member(id, bob, at).await, Ok(people == 3));
    }
    let found = async |role: &str, at: Timestamp| {
        let filter = MemberFilter { source: "", role: role.to_owned() };
        let permit = bed.permit::<ViewMembers>(ada, id).await;
        let page = PageRequest::new(None, None, None).unwrap();
        let listed = bed.read().await.member_list(&permit, &page, (&filter, &[root]), at).await.unwrap();
        listed.items.into_iter().map(|member| member.user.id).collect::<Vec<_>>()
    };
    assert_eq!(found("administrator", before).await, [bob, eve]);
    assert_eq!(found("none", before).await, []);
    assert_eq!(found("administrator", end).await, []);
    assert_eq!(found("none", end).await, [bob, eve]);
    assert_eq!(found("", end).await, [ada, bob, eve], "they are listed until it is taken away");
    // By a team, or by a role from above, they have a role again.
    team(&bed, id, "core", &[bob]).await;
    let above = grant(&bed, root, eve, Role::Administrator);
    give(&bed, &Assignment { reach: Reach::Beneath, ..above }).await.unwrap();
    assert_eq!(found("none", end).await, []);
    assert_eq!(bed.read().await.members_count(id, end).await, Ok(2));
}

/// HIER-5: a role gives a home to who has none, the billing role does not; a home that is lost becomes that of the oldest role
/// in force or team, and none when there is none.
async fn hier_5_home_is_where_one_belongs_longest(bed: Bed) {
    let (ada, bob) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let home = async || bed.read().await.user(bob).await.unwrap().home;
    let mut places = Vec::new();
    for slug in ["one", "two", "three", "four", "five"] {
        places.push(bed.root(slug, ada).await);
    }
    let &[one, two, three, four, five] = places.as_slice() else { unreachable!("five were made") };
    give_billing(&bed, ada, &grant(&bed, five, bob, Role::BillingAdministrator)).await.unwrap();
    assert_eq!(home().await, None, "who has only the billing role does not see it");
    let at = |age: i64| Timestamp::from_millis(bed.now().as_millis() - age);
    let given =
        |place, age| Assignment { created_at: at(age), ..grant(&bed, place, bob, Role::Administrator) };
    let ended = Assignment { expires_at: Some(at(1)), ..given(four, 9_000) };
    let (first, second, third) = (given(one, 1_000), given(two, 2_000), given(three, 3_000));
    give(&bed, &ended).await.unwrap();
    assert_eq!(home().await, None, "it has ended");
    for grant in [&first, &second, &third] {
        give(&bed, grant).await.unwrap();
        assert_eq!(home().await, Some(one), "the first stays");
    }
    let user = bed.read().await.user(bob).await.unwrap();
    let take = async |grant: &Assignment| {
        let permit = bed.site::<WithdrawRole>(grant.organization).await;
        let mut tx = bed.store.write(&bounds(&bed, grant.organization).await).await.unwrap();
        tx.withdraw(&permit, grant, &user, bed.audit()).await.unwrap();
        tx.commit().await.unwrap();
    };
    team(&bed, one, "core", &[bob]).await;
    take(&first).await;
    assert_eq!(home().await, Some(one), "by the team");
    let permit = bed.site::<RemoveMember>(one).await;
    let mut tx = bed.store.write(&bounds(&bed, one).await).await.unwrap();
    tx.dismiss(&permit, &user, bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(home().await, Some(three), "the oldest");
    deletion::delete(&bed, two).await.unwrap();
    take(&third).await;
    assert_eq!(home().await, None, "nobody comes home to what is being deleted");
    let permit = bed.site::<UpdateAssignment>(four).await;
    let before = bed.read().await.assignment(four, ended.id).await.unwrap();
    let after = Assignment { expires_at: None, ..before.clone() };
    let mut tx = bed.write().await;
    tx.assignment_update(&permit, (&before, &after), &user, bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(home().await, Some(four), "extended");
    give(&bed, &given(five, 0)).await.unwrap();
    deletion::delete(&bed, four).await.unwrap();
    assert_eq!(home().await, Some(four), "until it is gone");
    deletion::tear_down(&bed, four, OrganizationState::Deleted).await.unwrap();
    assert_eq!(home().await, Some(five));
}

/// The bounds of who works in one organization only.
async fn bounds(bed: &Bed, id: OrganizationId) -> Bounds {
    Bounds::Organizations(bed.organization(id).await.realm, BTreeSet::from([id]))
}

/// HIER-5, E-30: of two who take something from one person at two places at one time, neither leaves them a home where they
/// have nothing.
async fn hier_5_two_who_take_from_one_person_leave_no_home_behind(bed: Bed) {
    let (ada, bob) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    for number in 0..4 {
        let mut attempts = Vec::new();
        for side in ["a", "b"] {
            let id = bed.root(&format!("{side}{number}"), ada).await;
            let given = grant(&bed, id, bob, Role::Administrator);
            give(&bed, &given).await.unwrap();
            let user = bed.read().await.user(bob).await.unwrap();
            let permit = bed.site::<WithdrawRole>(id).await;
            let (store, audit) = (bed.store.clone(), bed.audit());
            attempts.push(async move {
                let mut tx = store.write(&Bounds::Everything).await.unwrap();
                tx.withdraw(&permit, &given, &user, audit).await.unwrap();
                tokio::task::yield_now().await;
                tx.commit().await.unwrap();
            });
        }
        race(attempts).await;
        assert_eq!(bed.read().await.user(bob).await.unwrap().home, None);
    }
}

/// Everything about roles that leaves a record, one after another; `seen` is told of each.
pub(crate) async fn leave_records(bed: &Bed, seen: &mut crate::audit::Seen) {
    let (owner, person) = (bed.user("mia@example.org").await, bed.user("noa@example.org").await);
    seen.skip(2);
    let id = bed.root("peopled", owner).await;
    seen.skip(2);
    let user = bed.read().await.user(person).await.unwrap();
    let given = grant(bed, id, person, Role::Administrator);
    give(bed, &given).await.unwrap();
    seen.one(bed, "assignment_create").await;
    let permit = bed.site::<UpdateAssignment>(id).await;
    let after = Assignment { reach: Reach::Beneath, ..given.clone() };
    let mut tx = bed.write().await;
    tx.assignment_update(&permit, (&given, &after), &user, bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "assignment_update").await;
    let permit = bed.site::<WithdrawRole>(id).await;
    let mut tx = bed.write().await;
    tx.withdraw(&permit, &after, &user, bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "assignment_delete").await;
    let billing = grant(bed, id, person, Role::BillingAdministrator);
    give_billing(bed, owner, &billing).await.unwrap();
    seen.one(bed, "billing_administrator_create").await;
    let permit = bed.permit::<WithdrawBilling>(owner, Billing(id)).await;
    let mut tx = bed.write().await;
    tx.withdraw(&permit, &billing, &user, bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "billing_administrator_delete").await;
    for operation in ["member_delete", "organization_leave", "billing_leave"] {
        give(bed, &grant(bed, id, person, Role::Administrator)).await.unwrap();
        give_billing(bed, owner, &grant(bed, id, person, Role::BillingAdministrator)).await.unwrap();
        seen.skip(2);
        let mut tx = bed.write().await;
        match operation {
            "member_delete" => {
                let permit = bed.site::<RemoveMember>(id).await;
                tx.dismiss(&permit, &user, bed.audit()).await.unwrap();
            }
            "organization_leave" => {
                let permit = bed.permit::<LeaveOrganization>(person, id).await;
                tx.dismiss(&permit, &user, bed.audit()).await.unwrap();
            }
            _ => {
                let permit = bed.permit::<bastide_authz::action::LeaveBilling>(person, Billing(id)).await;
                tx.dismiss(&permit, &user, bed.audit()).await.unwrap();
            }
        }
        tx.commit().await.unwrap();
        seen.one(bed, operation).await;
    }
}
