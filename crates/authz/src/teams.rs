//! What people are in teams and through them on projects, and what somebody lacks to make them so (ROLE-7, ROLE-8,
//! WORK-1).

use bastide_model::access::Caller;
use bastide_model::permission::PermissionSet;
use bastide_model::role::{MEMBER, TeamRole};
use bastide_model::{ProjectId, Result, TeamId, Timestamp, UserId};

use crate::graph::Graph;
use crate::target::Object;

impl Graph {
    /// What a user is in a team; nothing when they are not in it.
    pub fn role_in_team(&self, user: UserId, team: TeamId) -> Option<TeamRole> {
        let node = self.users.get(&user)?;
        node.memberships.iter().find(|one| one.team == team).map(|one| one.role)
    }

    /// What a user is on a project by their teams: the strongest of what each gives (WORK-1).
    pub fn role_on_project(&self, user: UserId, project: ProjectId) -> Option<TeamRole> {
        let (node, project) = (self.users.get(&user)?, self.projects.get(&project)?);
        let through = |(team, granted): &(TeamId, TeamRole)| {
            let membership = node.memberships.iter().find(|one| one.team == *team)?;
            Some(membership.role.through(*granted))
        };
        project.teams.iter().filter_map(through).max()
    }

    /// What a role in a team gives, there, on the team's projects and in its organization, that the caller does not hold
    /// (ROLE-7). Empty when they may give it or take it away.
    ///
    /// # Errors
    /// [`bastide_model::Error::Unauthenticated`] when the account may not be used this way any more.
    pub fn lacks_to_join(
        &self,
        caller: &Caller,
        (team, role): (TeamId, TeamRole),
        now: Timestamp,
    ) -> Result<PermissionSet> {
        let holds = |object| Ok(self.held(caller, object, now)?.intersection(caller.ceiling));
        let mut lacks = role.in_team().without(holds(Object::Team(team))?);
        if let Some(organization) = self.organization_of_team(team) {
            // A member sees the organization, which a token may leave out.
            lacks = lacks.union(MEMBER.without(holds(Object::Organization(organization))?));
        }
        for project in self.projects_of_team(team) {
            let granted = self.projects.get(project).map_or(&[][..], |node| &node.teams);
            if let Some((_, granted)) = granted.iter().find(|(one, _)| *one == team) {
                let given = role.through(*granted).on_project();
                lacks = lacks.union(given.without(holds(Object::Project(*project))?));
            }
        }
        Ok(lacks)
    }

    /// What a team's role on a project gives that the caller does not hold (ROLE-7).
    ///
    /// # Errors
    /// [`bastide_model::Error::Unauthenticated`] when the account may not be used this way any more.
    pub fn lacks_to_share(
        &self,
        caller: &Caller,
        (project, role): (ProjectId, TeamRole),
        now: Timestamp,
    ) -> Result<PermissionSet> {
        let held = self.held(caller, Object::Project(project), now)?.intersection(caller.ceiling);
        Ok(role.on_project().without(held))
    }
}
