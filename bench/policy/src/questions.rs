//! May this person do this to that?

use crate::data::{Data, Numbers};

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// See an organization.
    ViewOrganization,
    /// See its members.
    ViewMembers,
    /// Change it.
    UpdateOrganization,
    /// See a team.
    ViewTeam,
    /// Put somebody into it.
    AssignTeamMember,
    /// See a project.
    ViewProject,
    /// Change it.
    UpdateProject,
    /// See a resource of a project.
    ViewResource,
}

impl Action {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::ViewOrganization,
        Self::ViewMembers,
        Self::UpdateOrganization,
        Self::ViewTeam,
        Self::AssignTeamMember,
        Self::ViewProject,
        Self::UpdateProject,
        Self::ViewResource,
    ];

    /// As one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::ViewOrganization => "view_organization",
            Self::ViewMembers => "view_members",
            Self::UpdateOrganization => "update_organization",
            Self::ViewTeam => "view_team",
            Self::AssignTeamMember => "assign_team_member",
            Self::ViewProject => "view_project",
            Self::UpdateProject => "update_project",
            Self::ViewResource => "view_resource",
        }
    }
}

/// A question.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// Who.
    pub user: usize,
    /// What.
    pub action: Action,
    /// To which: an organization, a team, a project or a resource, as the action says.
    pub thing: usize,
}

/// As many questions. Half of them are of people who have something to do with the organization or one above it.
pub fn questions(data: &Data, many: usize) -> Vec<Question> {
    let mut numbers = Numbers::from(815);
    let ask = |_| {
        let action = Action::ALL[numbers.below(Action::ALL.len())];
        let (thing, organization) = match action {
            Action::ViewOrganization | Action::ViewMembers | Action::UpdateOrganization => {
                let thing = numbers.below(data.parents.len());
                (thing, thing)
            }
            Action::ViewTeam | Action::AssignTeamMember => {
                let thing = numbers.below(data.teams.len());
                (thing, data.teams[thing])
            }
            Action::ViewProject | Action::UpdateProject => {
                let thing = numbers.below(data.projects.len());
                (thing, data.projects[thing])
            }
            Action::ViewResource => {
                let thing = numbers.below(data.resources.len());
                (thing, data.projects[data.resources[thing]])
            }
        };
        let line: Vec<_> = data.line(organization).collect();
        let user = match numbers.below(4) {
            0 => data.at_home(organization, numbers.below(5)),
            1 => data.owners[line[numbers.below(line.len())]],
            _ => numbers.below(data.users),
        };
        Question { user, action, thing }
    };
    (0..many).map(ask).collect()
}
