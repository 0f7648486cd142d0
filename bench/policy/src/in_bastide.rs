//! The data in the graph of Bastide.

use bastide_authz::action::{
    AssignTeamMember, UpdateOrganization, UpdateProject, ViewMembers, ViewOrganization, ViewProject, ViewTeam,
};
use bastide_authz::target::Object;
use bastide_authz::{Change, Graph};
use bastide_model::access::{Caller, Credential};
use bastide_model::permission::PermissionSet;
use bastide_model::role::{Reach, Role};
use bastide_model::user::Access;
use bastide_model::{
    AssignmentId, OrganizationId, Permission, ProjectId, RealmId, RequestId, RoleId, SessionId, TeamId,
    Timestamp, UserId,
};
use uuid::Uuid;

use crate::data::{Data, Numbers};
use crate::questions::{Action, Question};

/// When everything is asked.
pub const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// What the custom role of each root allows.
const AUDITOR: PermissionSet =
    PermissionSet::of(&[Permission::MembersView, Permission::TeamsView, Permission::ProjectsView]);

/// An id as the installation makes them: the time in front, the rest without a pattern.
pub fn id<T>(make: fn(Uuid) -> T, kind: u64, number: usize) -> T {
    let rest = Numbers::from(kind << 40 | number as u64).any();
    make(Uuid::from_u128(u128::from(1_700_000_000_000 + number as u64) << 80 | u128::from(rest)))
}

fn organization(number: usize) -> OrganizationId {
    id(OrganizationId::from_uuid, 1, number)
}

fn user(number: usize) -> UserId {
    id(UserId::from_uuid, 2, number)
}

fn team(number: usize) -> TeamId {
    id(TeamId::from_uuid, 3, number)
}

fn project(number: usize) -> ProjectId {
    id(ProjectId::from_uuid, 4, number)
}

fn assignment(user: UserId, number: usize, organization: OrganizationId, role: Role, reach: Reach) -> Change {
    let id = id(AssignmentId::from_uuid, 5, number);
    Change::Assignment { id, user, organization, role, reach, expires_at: None }
}

/// Everything as the store says it. Resources are no facts of the graph: what may be done to one is what may be done to its
/// project.
pub fn facts(data: &Data) -> Vec<Change> {
    let realm = RealmId::PLATFORM;
    let role = |root| id(RoleId::from_uuid, 6, root);
    let mut facts = Vec::new();
    for (number, parent) in data.parents.iter().enumerate() {
        facts.push(Change::Organization {
            id: organization(number),
            realm,
            parent: parent.map(organization),
        });
        if parent.is_none() {
            let organization = organization(number);
            facts.push(Change::Role { id: role(number), organization, permissions: AUDITOR });
        }
    }
    facts.extend((0..data.users).map(|number| Change::User {
        id: user(number),
        realm,
        access: Access::Enabled,
    }));
    let owners = data.owners.iter().enumerate().map(|(at, who)| (*who, at, Role::Owner, Reach::Beneath));
    let administrators = data.administrators.iter().map(|(who, at, beneath)| {
        (*who, *at, Role::Administrator, if *beneath { Reach::Beneath } else { Reach::Here })
    });
    let auditors =
        data.auditors.iter().map(|(who, at)| (*who, *at, Role::Custom(role(data.root(*at))), Reach::Here));
    let grants = owners.chain(administrators).chain(auditors).enumerate();
    facts.extend(grants.map(|(number, (who, at, role, reach))| {
        assignment(user(who), number, organization(at), role, reach)
    }));
    facts.extend(
        data.teams
            .iter()
            .enumerate()
            .map(|(number, at)| Change::Team { id: team(number), organization: organization(*at) }),
    );
    facts.extend(data.members.iter().map(|(of, who, role)| Change::TeamMember {
        team: team(*of),
        user: user(*who),
        role: *role,
    }));
    facts.extend(
        data.projects
            .iter()
            .enumerate()
            .map(|(number, at)| Change::Project { id: project(number), organization: organization(*at) }),
    );
    facts.extend(data.shares.iter().map(|(what, with, role)| Change::ProjectTeam {
        project: project(*what),
        team: team(*with),
        role: *role,
    }));
    facts
}

/// The session of an account.
pub fn caller(user: UserId) -> Caller {
    Caller {
        user,
        realm: RealmId::PLATFORM,
        credential: Credential::Session(SessionId::from_uuid(Uuid::nil())),
        ceiling: PermissionSet::ALL,
        address: String::new(),
        request: RequestId::from_uuid(Uuid::nil()),
    }
}

/// The graph with accounts besides that see a number of organizations each: their roles reach down from some of them.
pub fn with_lists(data: &Data, sizes: &[usize]) -> (Graph, Vec<(usize, Caller)>) {
    let mut beneath = vec![1usize; data.parents.len()];
    for number in (0..data.parents.len()).rev() {
        if let Some(above) = data.parents[number] {
            beneath[above] += beneath[number];
        }
    }
    let (mut facts, mut people) = (facts(data), Vec::new());
    let mut given = 10_000_000;
    for (person, size) in sizes.iter().enumerate() {
        let id = user(data.users + person);
        facts.push(Change::User { id, realm: RealmId::PLATFORM, access: Access::Enabled });
        let mut left = *size;
        let mut taken = vec![false; data.parents.len()];
        for at in 0..data.parents.len() {
            if beneath[at] <= left && !data.line(at).any(|above| taken[above]) {
                taken[at] = true;
                left -= beneath[at];
                given += 1;
                facts.push(assignment(id, given, organization(at), Role::Administrator, Reach::Beneath));
            }
        }
        people.push((*size, caller(id)));
    }
    (Graph::build(1, facts), people)
}

/// A question as the graph is asked: with what it needs, and for a resource with where its project is found.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    user: UserId,
    object: Object,
    needs: Permission,
    resource: Option<u32>,
    action: Action,
}

/// The graph, the project of each resource, and the request that asks.
#[derive(Debug)]
pub struct Bastide {
    /// The graph.
    pub graph: Graph,
    projects: Vec<ProjectId>,
    caller: Caller,
}

impl Bastide {
    /// Everything.
    pub fn of(data: &Data) -> Self {
        let projects = data.resources.iter().map(|of| project(*of)).collect();
        Self { graph: Graph::build(1, facts(data)), projects, caller: caller(user(0)) }
    }

    /// The question with its ids.
    pub fn asked(question: Question) -> Asked {
        let Question { user: who, action, thing } = question;
        let (object, needs) = match action {
            Action::ViewOrganization => {
                (Object::Organization(organization(thing)), Permission::OrganizationsView)
            }
            Action::ViewMembers => (Object::Organization(organization(thing)), Permission::MembersView),
            Action::UpdateOrganization => {
                (Object::Organization(organization(thing)), Permission::OrganizationsUpdate)
            }
            Action::ViewTeam => (Object::Team(team(thing)), Permission::TeamsView),
            Action::AssignTeamMember => (Object::Team(team(thing)), Permission::MembersAssign),
            Action::ViewProject => (Object::Project(project(thing)), Permission::ProjectsView),
            Action::UpdateProject => (Object::Project(project(thing)), Permission::ProjectsUpdate),
            Action::ViewResource => (Object::Site, Permission::ProjectsView),
        };
        let resource = (action == Action::ViewResource).then_some(thing as u32);
        Asked { user: user(who), object, needs, resource, action }
    }

    /// A part of the check: whether the account may be used.
    pub fn admits(&mut self, asked: &Asked) -> bool {
        self.caller.user = asked.user;
        self.graph.admit(&self.caller).is_ok()
    }

    /// The check: what the caller holds, and whether what is needed is in it.
    pub fn may(&mut self, asked: &Asked) -> bool {
        self.caller.user = asked.user;
        let object =
            asked.resource.map_or(asked.object, |resource| Object::Project(self.projects[resource as usize]));
        let held = self.graph.held(&self.caller, object, NOW);
        held.is_ok_and(|held| held.intersection(self.caller.ceiling).contains(asked.needs))
    }

    /// The same by way of a permit, which carries a copy of the caller.
    pub fn permits(&mut self, asked: &Asked) -> bool {
        self.caller.user = asked.user;
        let (graph, caller) = (&self.graph, &self.caller);
        match (asked.action, asked.object) {
            (Action::ViewOrganization, Object::Organization(id)) => {
                graph.authorize::<ViewOrganization>(caller, id, NOW).is_ok()
            }
            (Action::ViewMembers, Object::Organization(id)) => {
                graph.authorize::<ViewMembers>(caller, id, NOW).is_ok()
            }
            (Action::UpdateOrganization, Object::Organization(id)) => {
                graph.authorize::<UpdateOrganization>(caller, id, NOW).is_ok()
            }
            (Action::ViewTeam, Object::Team(id)) => graph.authorize::<ViewTeam>(caller, id, NOW).is_ok(),
            (Action::AssignTeamMember, Object::Team(id)) => {
                graph.authorize::<AssignTeamMember>(caller, id, NOW).is_ok()
            }
            (Action::ViewProject, Object::Project(id)) => {
                graph.authorize::<ViewProject>(caller, id, NOW).is_ok()
            }
            (Action::UpdateProject, Object::Project(id)) => {
                graph.authorize::<UpdateProject>(caller, id, NOW).is_ok()
            }
            _ => asked.resource.is_some_and(|resource| {
                graph.authorize::<ViewProject>(caller, self.projects[resource as usize], NOW).is_ok()
            }),
        }
    }
}
