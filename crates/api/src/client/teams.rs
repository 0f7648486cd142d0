//! Teams and projects. Every `organization`, `team` and `project` is an id or a slug, a `user` an id.

use reqwest::Method;

use super::transport::Call;
use super::{Client, ClientError};
use crate::teams::{
    NewProject, NewTeam, NewTeamMember, ProjectChange, ProjectTeamView, ProjectView, TeamChange,
    TeamMemberView, TeamRole, TeamRoleChoice, TeamView,
};
use crate::{Page, PageQuery};

impl Client {
    /// `GET /v1/organizations/{organization}/teams`: the teams that the caller sees.
    pub async fn teams(&self, organization: &str, page: PageQuery) -> Result<Page<TeamView>, ClientError> {
        self.read(Call::get(&["organizations", organization, "teams"]).page(page)).await
    }

    /// `POST /v1/organizations/{organization}/teams`: creates a team.
    pub async fn create_team(&self, organization: &str, team: &NewTeam) -> Result<TeamView, ClientError> {
        self.read(Call::post(&["organizations", organization, "teams"]).json(team)?).await
    }

    /// `GET /v1/organizations/{organization}/teams/{team}`: one team.
    pub async fn team(&self, organization: &str, team: &str) -> Result<TeamView, ClientError> {
        self.read(Call::get(&["organizations", organization, "teams", team])).await
    }

    /// `PATCH /v1/organizations/{organization}/teams/{team}`: changes a team that still has this entity tag.
    pub async fn update_team(
        &self,
        (organization, team): (&str, &str),
        etag: &str,
        change: &TeamChange,
    ) -> Result<TeamView, ClientError> {
        let path = ["organizations", organization, "teams", team];
        self.read(Call::new(Method::PATCH, &path).if_match(etag)?.json(change)?).await
    }

    /// `DELETE /v1/organizations/{organization}/teams/{team}`: deletes a team. `confirm` is its slug, when projects may be
    /// left without any team.
    pub async fn delete_team(
        &self,
        (organization, team): (&str, &str),
        etag: &str,
        confirm: Option<&str>,
    ) -> Result<(), ClientError> {
        let path = ["organizations", organization, "teams", team];
        let call = Call::delete(&path).if_match(etag)?;
        self.done(match confirm {
            Some(slug) => call.query("confirm", slug),
            None => call,
        })
        .await
    }

    /// `GET /v1/organizations/{organization}/teams/{team}/members`: who is in a team.
    pub async fn team_members(
        &self,
        (organization, team): (&str, &str),
        page: PageQuery,
    ) -> Result<Page<TeamMemberView>, ClientError> {
        self.read(Call::get(&["organizations", organization, "teams", team, "members"]).page(page)).await
    }

    /// `POST /v1/organizations/{organization}/teams/{team}/members`: puts somebody into a team.
    pub async fn add_team_member(
        &self,
        (organization, team): (&str, &str),
        member: &NewTeamMember,
    ) -> Result<TeamMemberView, ClientError> {
        self.read(Call::post(&["organizations", organization, "teams", team, "members"]).json(member)?).await
    }

    /// `PUT /v1/organizations/{organization}/teams/{team}/members/{user}`: says what somebody is in a team.
    pub async fn set_team_member(
        &self,
        (organization, team): (&str, &str),
        user: &str,
        role: TeamRole,
    ) -> Result<TeamMemberView, ClientError> {
        let path = ["organizations", organization, "teams", team, "members", user];
        self.read(Call::new(Method::PUT, &path).json(&TeamRoleChoice { role })?).await
    }

    /// `DELETE /v1/organizations/{organization}/teams/{team}/members/{user}`: takes somebody out of a team.
    pub async fn remove_team_member(
        &self,
        (organization, team): (&str, &str),
        user: &str,
    ) -> Result<(), ClientError> {
        self.done(Call::delete(&["organizations", organization, "teams", team, "members", user])).await
    }

    /// `GET /v1/organizations/{organization}/projects`: the projects that the caller sees.
    pub async fn projects(
        &self,
        organization: &str,
        page: PageQuery,
    ) -> Result<Page<ProjectView>, ClientError> {
        self.read(Call::get(&["organizations", organization, "projects"]).page(page)).await
    }

    /// `POST /v1/organizations/{organization}/projects`: creates a project.
    pub async fn create_project(
        &self,
        organization: &str,
        project: &NewProject,
    ) -> Result<ProjectView, ClientError> {
        self.read(Call::post(&["organizations", organization, "projects"]).json(project)?).await
    }

    /// `GET /v1/organizations/{organization}/projects/{project}`: one project.
    pub async fn project(&self, organization: &str, project: &str) -> Result<ProjectView, ClientError> {
        self.read(Call::get(&["organizations", organization, "projects", project])).await
    }

    /// `PATCH /v1/organizations/{organization}/projects/{project}`: changes a project that still has this entity tag.
    pub async fn update_project(
        &self,
        (organization, project): (&str, &str),
        etag: &str,
        change: &ProjectChange,
    ) -> Result<ProjectView, ClientError> {
        let path = ["organizations", organization, "projects", project];
        self.read(Call::new(Method::PATCH, &path).if_match(etag)?.json(change)?).await
    }

    /// `DELETE /v1/organizations/{organization}/projects/{project}`: deletes a project. `confirm` is its slug.
    pub async fn delete_project(
        &self,
        (organization, project): (&str, &str),
        etag: &str,
        confirm: &str,
    ) -> Result<(), ClientError> {
        let path = ["organizations", organization, "projects", project];
        self.done(Call::delete(&path).if_match(etag)?.query("confirm", confirm)).await
    }

    /// `GET /v1/organizations/{organization}/projects/{project}/teams`: the teams with a role on a project.
    pub async fn project_teams(
        &self,
        (organization, project): (&str, &str),
        page: PageQuery,
    ) -> Result<Page<ProjectTeamView>, ClientError> {
        self.read(Call::get(&["organizations", organization, "projects", project, "teams"]).page(page)).await
    }

    /// `PUT /v1/organizations/{organization}/projects/{project}/teams/{team}`: gives a team a role on a project.
    pub async fn set_project_team(
        &self,
        (organization, project): (&str, &str),
        team: &str,
        role: TeamRole,
    ) -> Result<ProjectTeamView, ClientError> {
        let path = ["organizations", organization, "projects", project, "teams", team];
        self.read(Call::new(Method::PUT, &path).json(&TeamRoleChoice { role })?).await
    }

    /// `DELETE /v1/organizations/{organization}/projects/{project}/teams/{team}`: takes a team's role away.
    pub async fn remove_project_team(
        &self,
        (organization, project): (&str, &str),
        team: &str,
    ) -> Result<(), ClientError> {
        self.done(Call::delete(&["organizations", organization, "projects", project, "teams", team])).await
    }
}
