//! The data as roles of Casbin: a role at an organization is the role `owner@o1`, and brings with it the same at each
//! organization beneath; being in a team is a role, and brings that on its projects.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bastide_model::role::TeamRole;
use casbin::{CoreApi as _, DefaultModel, Enforcer, MemoryAdapter, MgmtApi as _};

use crate::data::Data;
use crate::questions::{Action, Question};

const MODEL: &str = r#"
[request_definition]
r = sub, obj, org, act

[policy_definition]
p = role, act

[role_definition]
g = _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.act == p.act && (g(r.sub, p.role + "@" + r.org) || g(r.sub, p.role + "@" + r.obj))
"#;

/// Which role may do what.
const ROLES: [(&str, &[Action]); 8] = [
    ("owner", &Action::ALL),
    (
        "administrator",
        &[
            Action::ViewOrganization,
            Action::ViewMembers,
            Action::ViewTeam,
            Action::AssignTeamMember,
            Action::ViewProject,
            Action::UpdateProject,
            Action::ViewResource,
        ],
    ),
    (
        "auditor",
        &[
            Action::ViewOrganization,
            Action::ViewMembers,
            Action::ViewTeam,
            Action::ViewProject,
            Action::ViewResource,
        ],
    ),
    ("member", &[Action::ViewOrganization]),
    ("in", &[Action::ViewTeam]),
    ("leads", &[Action::AssignTeamMember]),
    ("works", &[Action::ViewProject, Action::ViewResource]),
    ("changes", &[Action::UpdateProject]),
];

/// What decides.
pub struct Casbin {
    enforcer: Enforcer,
    projects: Vec<String>,
}

/// A question as Casbin is asked: person, thing, organization and action.
pub type Asked = [String; 4];

/// Nothing in memory waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
    }
}

impl Casbin {
    /// Everything.
    pub fn of(data: &Data) -> Self {
        let model = now(DefaultModel::from_str(MODEL)).expect("a model");
        let mut enforcer = now(Enforcer::new(model, MemoryAdapter::default())).expect("an enforcer");
        enforcer.enable_auto_save(false);
        let policies = ROLES.iter().flat_map(|(role, actions)| {
            actions.iter().map(|action| vec![(*role).to_owned(), action.word().to_owned()])
        });
        now(enforcer.add_policies(policies.collect())).expect("policies");
        now(enforcer.add_grouping_policies(links(data))).expect("roles");
        Self { enforcer, projects: data.resources.iter().map(|project| format!("p{project}")).collect() }
    }

    /// The question in words. A resource is looked for when it is asked.
    pub fn asked(data: &Data, question: Question) -> (Asked, Option<usize>) {
        let Question { user, action, thing } = question;
        let (object, at) = match action {
            Action::ViewOrganization | Action::ViewMembers | Action::UpdateOrganization => {
                (format!("o{thing}"), thing)
            }
            Action::ViewTeam | Action::AssignTeamMember => (format!("t{thing}"), data.teams[thing]),
            Action::ViewProject | Action::UpdateProject => (format!("p{thing}"), data.projects[thing]),
            Action::ViewResource => (String::new(), data.projects[data.resources[thing]]),
        };
        let resource = (action == Action::ViewResource).then_some(thing);
        ([format!("u{user}"), object, format!("o{at}"), action.word().to_owned()], resource)
    }

    /// The check.
    pub fn may(&self, (asked, resource): &(Asked, Option<usize>)) -> bool {
        let [user, object, at, action] = asked;
        let object = resource.map_or(object, |resource| &self.projects[resource]);
        self.enforcer
            .enforce((user.as_str(), object.as_str(), at.as_str(), action.as_str()))
            .expect("an answer")
    }
}

fn links(data: &Data) -> Vec<Vec<String>> {
    let mut links = Vec::new();
    let mut link = |from: String, to: String| links.push(vec![from, to]);
    for (number, parent) in data.parents.iter().enumerate() {
        if let Some(above) = parent {
            link(format!("owner@o{above}"), format!("owner@o{number}"));
            link(format!("root@o{above}"), format!("root@o{number}"));
        }
        link(format!("root@o{number}"), format!("administrator@o{number}"));
        link(format!("u{}", data.owners[number]), format!("owner@o{number}"));
    }
    for (user, at, beneath) in &data.administrators {
        let role = if *beneath { "root" } else { "administrator" };
        link(format!("u{user}"), format!("{role}@o{at}"));
    }
    for (user, at) in &data.auditors {
        link(format!("u{user}"), format!("auditor@o{at}"));
    }
    for (team, user, role) in &data.members {
        link(format!("u{user}"), format!("in@t{team}"));
        if *role == TeamRole::Administrator {
            link(format!("u{user}"), format!("leads@t{team}"));
        }
    }
    for (team, at) in data.teams.iter().enumerate() {
        link(format!("in@t{team}"), format!("member@o{at}"));
    }
    for (project, team, role) in &data.shares {
        link(format!("in@t{team}"), format!("works@p{project}"));
        if *role == TeamRole::Administrator {
            link(format!("leads@t{team}"), format!("changes@p{project}"));
        }
    }
    links
}
