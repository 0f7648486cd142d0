//! Teams and projects: what is stored, what is found, what excludes what (ROLE-2, ROLE-8, WORK-1, ORG-8).

use bastide_authz::Bounds;
use bastide_authz::action::{
    AssignProjectTeam, AssignTeamMember, CreateProject, CreateTeam, DeleteOrganization, DeleteProject,
    DeleteTeam, LeaveTeam, RemoveProjectTeam, RemoveTeamMember, UpdateProject, UpdateTeam, ViewProject,
    ViewProjects, ViewTeam, ViewTeamMembers, ViewTeams,
};
use bastide_model::organization::OrganizationState;
use bastide_model::role::TeamRole;
use bastide_model::team::{Project, Team};
use bastide_model::{Error, OrganizationId, ProjectId, RealmId, Result, SystemIds, TeamId, UserId};
use bastide_store::PageRequest;

use crate::bed::{Bed, audit_id, both_engines, code, race};
use crate::deletion;

both_engines! {
    role_2_teams_and_projects_are_kept_and_listed_as_they_are_seen,
    role_8_people_come_into_a_team_change_in_it_and_leave,
    e_17_what_is_another_organization_s_is_not_found,
    e_37_a_slug_is_an_organization_s_own,
    teams_and_projects_are_changed_by_one_at_a_time,
    inv_5_a_deleted_team_takes_what_it_gave_with_it,
    hier_2_a_team_of_another_organization_has_no_role_on_a_project,
    org_8_a_project_and_the_end_of_its_organization_exclude_each_other,
    org_8_nothing_is_made_in_an_organization_that_is_being_deleted,
    plan_2_people_are_counted_once,
    hier_5_a_team_gives_a_home_and_takes_it_back,
}

pub(crate) fn new_team(bed: &Bed, organization: OrganizationId, slug: &str) -> Team {
    Team {
        id: TeamId::fresh(&SystemIds),
        realm: RealmId::PLATFORM,
        organization,
        slug: slug.parse().unwrap(),
        name: slug.parse().unwrap(),
        description: "".parse().unwrap(),
        created_at: bed.now(),
        revision: 1,
    }
}

pub(crate) async fn try_team(bed: &Bed, organization: OrganizationId, slug: &str) -> Result<Team> {
    let team = new_team(bed, organization, slug);
    let permit = bed.site::<CreateTeam>(organization).await;
    let mut tx = bed.write().await;
    tx.team_create(&permit, &team, audit_id()).await?;
    tx.commit().await?;
    Ok(team)
}

pub(crate) async fn team(bed: &Bed, organization: OrganizationId, slug: &str) -> Team {
    try_team(bed, organization, slug).await.unwrap()
}

fn new_project(bed: &Bed, organization: OrganizationId, slug: &str) -> Project {
    let Team { realm, slug, name, description, created_at, .. } = new_team(bed, organization, slug);
    let id = ProjectId::fresh(&SystemIds);
    Project { id, realm, organization, slug, name, description, created_at, revision: 1 }
}

pub(crate) async fn try_project(bed: &Bed, organization: OrganizationId, slug: &str) -> Result<Project> {
    let project = new_project(bed, organization, slug);
    let permit = bed.site::<CreateProject>(organization).await;
    let mut tx = bed.write().await;
    tx.project_create(&permit, &project, audit_id()).await?;
    tx.commit().await?;
    Ok(project)
}

pub(crate) async fn project(bed: &Bed, organization: OrganizationId, slug: &str) -> Project {
    try_project(bed, organization, slug).await.unwrap()
}

pub(crate) async fn join(bed: &Bed, team: &Team, user: UserId, role: TeamRole) -> Result<()> {
    let permit = bed.site::<AssignTeamMember>(team.id).await;
    let mut tx = bed.write().await;
    let (user, before) = (tx.user(user).await?, tx.team_member(team.id, user).await?);
    tx.team_member_set(&permit, team, (&user, before.map(|one| one.role), role), bed.audit()).await?;
    tx.commit().await.map(|_| ())
}

async fn part<A: bastide_store::TakesFromTeam>(
    bed: &Bed,
    by: UserId,
    team: &Team,
    user: UserId,
) -> Result<()> {
    let permit = bed.permit::<A>(by, team.id).await;
    let mut tx = bed.write().await;
    let role = tx.team_member(team.id, user).await?.map_or(TeamRole::Viewer, |one| one.role);
    tx.team_member_delete(&permit, team, (user, role), bed.audit()).await?;
    tx.commit().await.map(|_| ())
}

pub(crate) async fn remove(bed: &Bed, team: &Team, user: UserId) -> Result<()> {
    part::<RemoveTeamMember>(bed, bed.administrator, team, user).await
}

pub(crate) async fn leave(bed: &Bed, team: &Team, user: UserId) -> Result<()> {
    part::<LeaveTeam>(bed, user, team, user).await
}

pub(crate) async fn share(bed: &Bed, project: &Project, team: &Team, role: TeamRole) -> Result<()> {
    let permit = bed.site::<AssignProjectTeam>(project.id).await;
    let mut tx = bed.write().await;
    let before = tx.project_team(project.id, team.id).await?;
    tx.project_team_set(&permit, project, (team, before, role), bed.audit()).await?;
    tx.commit().await.map(|_| ())
}

pub(crate) async fn unshare(bed: &Bed, project: &Project, team: &Team) -> Result<()> {
    let permit = bed.site::<RemoveProjectTeam>(project.id).await;
    let mut tx = bed.write().await;
    let before = tx.project_team(project.id, team.id).await?.unwrap_or(TeamRole::Viewer);
    tx.project_team_delete(&permit, project, (team, before), bed.audit()).await?;
    tx.commit().await.map(|_| ())
}

pub(crate) async fn rename_team(bed: &Bed, before: &Team, name: &str) -> Result<()> {
    let permit = bed.site::<UpdateTeam>(before.id).await;
    let after = Team { name: name.parse().unwrap(), ..before.clone() };
    let mut tx = bed.write().await;
    tx.team_update(&permit, (before, &after), bed.audit()).await?;
    tx.commit().await.map(|_| ())
}

pub(crate) async fn rename_project(bed: &Bed, before: &Project, name: &str) -> Result<()> {
    let permit = bed.site::<UpdateProject>(before.id).await;
    let after = Project { name: name.parse().unwrap(), ..before.clone() };
    let mut tx = bed.write().await;
    tx.project_update(&permit, (before, &after), bed.audit()).await?;
    tx.commit().await.map(|_| ())
}

pub(crate) async fn delete_team(bed: &Bed, before: &Team) -> Result<()> {
    let permit = bed.site::<DeleteTeam>(before.id).await;
    let mut tx = bed.write().await;
    tx.team_delete(&permit, before, bed.audit()).await?;
    tx.commit().await.map(|_| ())
}

pub(crate) async fn delete_project(bed: &Bed, before: &Project) -> Result<()> {
    let permit = bed.site::<DeleteProject>(before.id).await;
    let mut tx = bed.write().await;
    tx.project_delete(&permit, before, bed.audit()).await?;
    tx.commit().await.map(|_| ())
}

/// Slugs of the teams and of the projects that somebody sees in an organization, page by page.
async fn seen(
    bed: &Bed,
    user: UserId,
    organization: OrganizationId,
    search: Option<&str>,
) -> [Vec<String>; 2] {
    let (caller, graph) = (bed.caller(user).await, bed.graph().await);
    let (teams, projects) = (
        graph.visible_teams(&caller, organization, bed.now()).unwrap(),
        graph.visible_projects(&caller, organization, bed.now()).unwrap(),
    );
    let permits = (
        bed.permit::<ViewTeams>(user, organization).await,
        bed.permit::<ViewProjects>(user, organization).await,
    );
    let mut found = [Vec::new(), Vec::new()];
    let mut token = None;
    loop {
        let page = PageRequest::new(Some(2), token.as_deref(), search).unwrap();
        let listed = bed.read().await.team_list(&permits.0, &teams, &page).await.unwrap();
        found[0].extend(listed.items.into_iter().map(|team| team.slug.to_string()));
        token = listed.next;
        if token.is_none() {
            break;
        }
    }
    loop {
        let page = PageRequest::new(Some(2), token.as_deref(), search).unwrap();
        let listed = bed.read().await.project_list(&permits.1, &projects, &page).await.unwrap();
        found[1].extend(listed.items.into_iter().map(|project| project.slug.to_string()));
        token = listed.next;
        if token.is_none() {
            return found;
        }
    }
}

async fn role_2_teams_and_projects_are_kept_and_listed_as_they_are_seen(bed: Bed) {
    let (owner, member) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let (acme, other) = (bed.root("acme", owner).await, bed.root("other", owner).await);
    let mut teams = Vec::new();
    for slug in ["delta", "alpha", "charlie", "bravo", "echo"] {
        teams.push(team(&bed, acme, slug).await);
    }
    let mut projects = Vec::new();
    for slug in ["test", "production", "staging", "development"] {
        projects.push(project(&bed, acme, slug).await);
    }
    team(&bed, other, "foreign").await;
    project(&bed, other, "foreign").await;
    for place in [0, 1, 4] {
        join(&bed, &teams[place], member, TeamRole::Developer).await.unwrap();
    }
    share(&bed, &projects[0], &teams[1], TeamRole::Viewer).await.unwrap();
    share(&bed, &projects[2], &teams[4], TeamRole::Administrator).await.unwrap();
    share(&bed, &projects[3], &teams[2], TeamRole::Administrator).await.unwrap();
    let all = [
        &["alpha", "bravo", "charlie", "delta", "echo"][..],
        &["development", "production", "staging", "test"],
    ];
    assert_eq!(seen(&bed, owner, acme, None).await, all);
    assert_eq!(seen(&bed, member, acme, None).await, [&["alpha", "delta", "echo"][..], &["staging", "test"]]);
    assert_eq!(seen(&bed, owner, acme, Some("TA")).await, [&["delta"][..], &["staging"]]);
    assert_eq!(seen(&bed, member, acme, Some("t")).await, [&["delta"][..], &["staging", "test"]]);
    let permit = bed.permit::<ViewTeam>(member, teams[0].id).await;
    assert_eq!(bed.read().await.team_view(&permit).await, Ok(teams[0].clone()));
    let permit = bed.permit::<ViewProject>(member, projects[0].id).await;
    assert_eq!(bed.read().await.project_view(&permit).await, Ok(projects[0].clone()));
    // Who is on a project is told as far as the teams are seen.
    share(&bed, &projects[0], &teams[2], TeamRole::Developer).await.unwrap();
    for (user, expected) in [
        (member, &[("alpha", TeamRole::Viewer)][..]),
        (owner, &[("alpha", TeamRole::Viewer), ("charlie", TeamRole::Developer)]),
    ] {
        let (caller, permit) =
            (bed.caller(user).await, bed.permit::<ViewProject>(user, projects[0].id).await);
        let visible = bed.graph().await.visible_teams(&caller, acme, bed.now()).unwrap();
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let page = PageRequest::new(Some(1), token.as_deref(), None).unwrap();
            let listed = bed.read().await.project_team_list(&permit, &visible, &page).await.unwrap();
            found.extend(listed.items.into_iter().map(|(team, role)| (team.slug.to_string(), role)));
            token = listed.next;
            if token.is_none() {
                break;
            }
        }
        let expected: Vec<_> = expected.iter().map(|(slug, role)| ((*slug).to_owned(), *role)).collect();
        assert_eq!(found, expected);
    }
}

async fn role_8_people_come_into_a_team_change_in_it_and_leave(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let core = {
        let acme = bed.root("acme", owner).await;
        team(&bed, acme, "core").await
    };
    let mut people = Vec::new();
    for name in ["eve", "bob", "dan", "carl"] {
        people.push(bed.user(&format!("{name}@example.org")).await);
    }
    for user in &people {
        join(&bed, &core, *user, TeamRole::Viewer).await.unwrap();
    }
    join(&bed, &core, people[1], TeamRole::Administrator).await.unwrap();
    assert_eq!(bed.graph().await.role_in_team(people[1], core.id), Some(TeamRole::Administrator));
    let permit = bed.permit::<ViewTeamMembers>(people[1], core.id).await;
    let mut listed = Vec::new();
    let mut token = None;
    loop {
        let page = PageRequest::new(Some(3), token.as_deref(), None).unwrap();
        let page = bed.read().await.team_member_list(&permit, &page).await.unwrap();
        listed.extend(page.items.into_iter().map(|(user, member)| (user.name.to_string(), member.role)));
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    let expected = [
        ("bob", TeamRole::Administrator),
        ("carl", TeamRole::Viewer),
        ("dan", TeamRole::Viewer),
        ("eve", TeamRole::Viewer),
    ];
    assert_eq!(listed, expected.map(|(name, role)| (name.to_owned(), role)));
    remove(&bed, &core, people[0]).await.unwrap();
    leave(&bed, &core, people[2]).await.unwrap();
    assert_eq!(remove(&bed, &core, people[0]).await, Err(Error::NotFound));
    assert!(bed.try_permit::<ViewTeam>(people[2], core.id).await.is_err());
    let left: Vec<_> = bed.read().await.team_roles(core.id).await.unwrap();
    assert_eq!(left.len(), 2);
    // The graph that follows is the one that is built anew.
    assert_eq!(bed.graph().await.role_in_team(people[0], core.id), None);
}

async fn e_17_what_is_another_organization_s_is_not_found(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let (acme, other) = (bed.root("acme", owner).await, bed.root("other", owner).await);
    let (core, shop) = (team(&bed, acme, "core").await, project(&bed, acme, "shop").await);
    let mut tx = bed.read().await;
    for name in [core.id.to_string(), "core".to_owned()] {
        assert_eq!(tx.team_find(acme, &name).await, Ok(Some(core.id)));
        assert_eq!(tx.team_find(other, &name).await, Ok(None));
    }
    for name in [shop.id.to_string(), "shop".to_owned()] {
        assert_eq!(tx.project_find(acme, &name).await, Ok(Some(shop.id)));
        assert_eq!(tx.project_find(other, &name).await, Ok(None));
    }
    for wrong in ["Core", "", "a_b", "tem_", "%"] {
        assert_eq!(tx.team_find(acme, wrong).await, Ok(None), "{wrong}");
        assert_eq!(tx.project_find(acme, wrong).await, Ok(None), "{wrong}");
    }
    assert_eq!(tx.team(Some(other), core.id).await, Err(Error::NotFound));
    assert_eq!(tx.project(Some(other), shop.id).await, Err(Error::NotFound));
    let (permit, stray) = (bed.site::<CreateTeam>(acme).await, new_team(&bed, other, "stray"));
    assert_eq!(code(bed.write().await.team_create(&permit, &stray, audit_id()).await), "internal");
    let (permit, stray) = (bed.site::<CreateProject>(acme).await, new_project(&bed, other, "stray"));
    assert_eq!(code(bed.write().await.project_create(&permit, &stray, audit_id()).await), "internal");
}

async fn e_37_a_slug_is_an_organization_s_own(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let (acme, other) = (bed.root("acme", owner).await, bed.root("other", owner).await);
    let (core, shop) = (team(&bed, acme, "core").await, project(&bed, acme, "core").await);
    for error in [try_team(&bed, acme, "core").await.err(), try_project(&bed, acme, "core").await.err()] {
        let error = error.unwrap();
        assert_eq!(error.code(), "slug_taken");
        assert!(error.to_string().contains("core") || format!("{error:?}").contains("`core`"), "{error:?}");
    }
    assert!(try_team(&bed, other, "core").await.is_ok() && try_project(&bed, other, "core").await.is_ok());
    delete_team(&bed, &core).await.unwrap();
    delete_project(&bed, &shop).await.unwrap();
    // Another one of the same slug inherits nothing.
    let again = team(&bed, acme, "core").await;
    assert_ne!(again.id, core.id);
    assert_eq!(bed.read().await.team_roles(again.id).await, Ok(vec![]));
    // Many who want one slug at the same time: one gets it.
    let mut attempts = Vec::new();
    for _ in 0..6 {
        let (store, permit) = (bed.store.clone(), bed.site::<CreateProject>(acme).await);
        let wanted = new_project(&bed, acme, "wanted");
        attempts.push(async move {
            let mut tx = store.write(&Bounds::Everything).await?;
            tx.project_create(&permit, &wanted, audit_id()).await?;
            tx.commit().await.map(|_| ())
        });
    }
    let mut outcomes: Vec<_> = race(attempts).await.into_iter().map(code).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["ok", "slug_taken", "slug_taken", "slug_taken", "slug_taken", "slug_taken"]);
}

async fn teams_and_projects_are_changed_by_one_at_a_time(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let acme = bed.root("acme", owner).await;
    let (core, shop) = (team(&bed, acme, "core").await, project(&bed, acme, "shop").await);
    rename_team(&bed, &core, "Renamed").await.unwrap();
    rename_project(&bed, &shop, "Renamed").await.unwrap();
    let after = Team { name: "Renamed".parse().unwrap(), revision: 2, ..core.clone() };
    assert_eq!(bed.read().await.team(Some(acme), core.id).await, Ok(after));
    let after = Project { name: "Renamed".parse().unwrap(), revision: 2, ..shop.clone() };
    assert_eq!(bed.read().await.project(Some(acme), shop.id).await, Ok(after));
    assert_eq!(rename_team(&bed, &core, "Again").await, Err(Error::Stale));
    assert_eq!(rename_project(&bed, &shop, "Again").await, Err(Error::Stale));
    assert_eq!(delete_team(&bed, &core).await, Err(Error::Stale));
    assert_eq!(delete_project(&bed, &shop).await, Err(Error::Stale));
    // They are found by their new names.
    let found = [vec!["core".to_owned()], vec!["shop".to_owned()]];
    assert_eq!(seen(&bed, owner, acme, Some("renamed")).await, found);
}

async fn inv_5_a_deleted_team_takes_what_it_gave_with_it(bed: Bed) {
    let (owner, member) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let acme = bed.root("acme", owner).await;
    let (core, other) = (team(&bed, acme, "core").await, team(&bed, acme, "other").await);
    let (shop, vault) = (project(&bed, acme, "shop").await, project(&bed, acme, "vault").await);
    join(&bed, &core, member, TeamRole::Developer).await.unwrap();
    for (project, team) in [(&shop, &core), (&vault, &core), (&vault, &other)] {
        share(&bed, project, team, TeamRole::Developer).await.unwrap();
    }
    assert_eq!(bed.read().await.team_alone_on(core.id).await, Ok(vec![(shop.id, shop.slug.clone())]));
    assert_eq!(bed.read().await.team_alone_on(other.id).await, Ok(vec![]));
    assert!(bed.try_permit::<ViewProject>(member, shop.id).await.is_ok());
    delete_team(&bed, &core).await.unwrap();
    assert!(bed.try_permit::<ViewProject>(member, shop.id).await.is_err());
    assert_eq!(bed.graph().await.role_at(member, acme, bed.now()), None);
    for table in ["team_members", "project_teams where team_id not in (select id from teams)"] {
        assert_eq!(bed.database.number(&format!("select count(*) from {table}")).await, 0, "{table}");
    }
    unshare(&bed, &vault, &other).await.unwrap();
    assert_eq!(unshare(&bed, &vault, &other).await, Err(Error::NotFound));
}

async fn hier_2_a_team_of_another_organization_has_no_role_on_a_project(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let (acme, other) = (bed.root("acme", owner).await, bed.root("other", owner).await);
    let (shop, foreign) = (project(&bed, acme, "shop").await, team(&bed, other, "foreign").await);
    assert_eq!(code(share(&bed, &shop, &foreign, TeamRole::Viewer).await), "in_use");
    // An account of another realm is no member, either.
    let realm = bed.realm("brand").await;
    let stranger = bed.user_in(realm, "eve@example.org").await;
    let core = team(&bed, acme, "core").await;
    assert_eq!(code(join(&bed, &core, stranger, TeamRole::Viewer).await), "in_use");
}

/// ORG-8: whoever comes first, the other one is refused.
async fn org_8_a_project_and_the_end_of_its_organization_exclude_each_other(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    for round in 0..8 {
        let id = bed.root(&format!("acme-{round}"), owner).await;
        let (make, end) = (bed.site::<CreateProject>(id).await, bed.site::<DeleteOrganization>(id).await);
        let (project, before) = (new_project(&bed, id, "shop"), bed.organization(id).await);
        let (one, other, audit) = (bed.store.clone(), bed.store.clone(), bed.audit());
        let making = tokio::spawn(async move {
            let mut tx = one.write(&Bounds::Everything).await?;
            tx.project_create(&make, &project, audit_id()).await?;
            tokio::task::yield_now().await;
            tx.commit().await
        });
        let ending = tokio::spawn(async move {
            let mut tx = other.write(&Bounds::Everything).await?;
            tx.organization_delete(&end, &before, audit).await?;
            tokio::task::yield_now().await;
            tx.commit().await
        });
        let outcome = (code(making.await.unwrap()), code(ending.await.unwrap()));
        assert!(matches!(outcome, ("ok", "has_projects") | ("already_deleting", "ok")), "{outcome:?}");
        let left = bed.read().await.organization_projects(id).await.unwrap().len();
        assert_eq!(left, usize::from(outcome.0 == "ok"));
    }
}

async fn org_8_nothing_is_made_in_an_organization_that_is_being_deleted(bed: Bed) {
    let (owner, member) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let acme = bed.root("acme", owner).await;
    let core = team(&bed, acme, "core").await;
    join(&bed, &core, member, TeamRole::Viewer).await.unwrap();
    let shop = project(&bed, acme, "shop").await;
    assert_eq!(code(deletion::delete(&bed, acme).await), "has_projects");
    delete_project(&bed, &shop).await.unwrap();
    deletion::delete(&bed, acme).await.unwrap();
    assert_eq!(code(try_team(&bed, acme, "late").await), "already_deleting");
    assert_eq!(code(try_project(&bed, acme, "late").await), "already_deleting");
    assert_eq!(code(rename_team(&bed, &core, "Late").await), "already_deleting");
    assert_eq!(code(join(&bed, &core, owner, TeamRole::Viewer).await), "already_deleting");
    assert_eq!(code(leave(&bed, &core, member).await), "already_deleting");
    assert_eq!(code(delete_team(&bed, &core).await), "already_deleting");
    deletion::tear_down(&bed, acme, OrganizationState::Deleted).await.unwrap();
    for table in ["teams", "team_members", "projects", "project_teams"] {
        assert_eq!(bed.database.number(&format!("select count(*) from {table}")).await, 0, "{table}");
    }
    assert_eq!(bed.graph().await.organization_of_team(core.id), None);
}

/// PLAN-2: the owner counts, and whoever is there twice counts once.
async fn plan_2_people_are_counted_once(bed: Bed) {
    let (owner, member) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let acme = bed.root("acme", owner).await;
    let people = async || bed.read().await.members_count(acme, bed.now()).await.unwrap();
    assert_eq!(people().await, 1);
    for slug in ["core", "other"] {
        let team = team(&bed, acme, slug).await;
        join(&bed, &team, member, TeamRole::Viewer).await.unwrap();
        join(&bed, &team, owner, TeamRole::Viewer).await.unwrap();
    }
    assert_eq!(people().await, 2);
    assert!(bed.read().await.is_member(acme, member, bed.now()).await.unwrap());
    assert!(!bed.read().await.is_member(acme, UserId::fresh(&SystemIds), bed.now()).await.unwrap());
}

async fn hier_5_a_team_gives_a_home_and_takes_it_back(bed: Bed) {
    let (owner, member) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let acme = bed.root("acme", owner).await;
    let (core, other) = (team(&bed, acme, "core").await, team(&bed, acme, "other").await);
    let home = async || bed.read().await.user(member).await.unwrap().home;
    join(&bed, &core, member, TeamRole::Viewer).await.unwrap();
    join(&bed, &other, member, TeamRole::Viewer).await.unwrap();
    assert_eq!(home().await, Some(acme));
    leave(&bed, &core, member).await.unwrap();
    assert_eq!(home().await, Some(acme), "another team is left");
    remove(&bed, &other, member).await.unwrap();
    assert_eq!(home().await, None);
    join(&bed, &core, member, TeamRole::Viewer).await.unwrap();
    delete_team(&bed, &core).await.unwrap();
    assert_eq!(home().await, None);
}
