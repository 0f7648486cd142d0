//! The data as entities of Cedar: organizations, teams, projects and resources lie in each other, people are in teams, and
//! carry what they own and administer.

use std::collections::{HashMap, HashSet};

use bastide_model::role::TeamRole;
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};

use crate::data::Data;
use crate::questions::{Action, Question};

const POLICIES: &str = r#"
permit(principal, action, resource) when { resource in principal.owns };
permit(principal, action, resource) when { resource in principal.administers_beneath } unless { action == Action::"update_organization" };
permit(principal, action, resource) when { principal.administers.contains(resource.organization) } unless { action == Action::"update_organization" };
permit(
    principal,
    action in [Action::"view_organization", Action::"view_members", Action::"view_team", Action::"view_project", Action::"view_resource"],
    resource
) when { principal.audits.contains(resource.organization) };
permit(principal, action == Action::"view_organization", resource) when { principal.member_of.contains(resource) };
permit(principal, action == Action::"view_team", resource) when { principal in resource };
permit(principal, action == Action::"assign_team_member", resource) when { principal.leads.contains(resource) };
permit(principal, action == Action::"view_project", resource) when { principal in resource.teams };
permit(principal, action == Action::"update_project", resource) when { resource.led_by.containsAny(principal.leads) };
permit(principal, action == Action::"view_resource", resource) when { principal in resource.project.teams };
"#;

/// Entities, policies and what decides.
#[derive(Debug)]
pub struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
}

fn uid(kind: &str, name: &str) -> EntityUid {
    let kind: EntityTypeName = kind.parse().expect("a type");
    EntityUid::from_type_name_and_id(kind, EntityId::new(name))
}

fn numbered(kind: &str, number: usize) -> EntityUid {
    uid(kind, &number.to_string())
}

fn organization(number: usize) -> EntityUid {
    numbered("Organization", number)
}

fn of(one: EntityUid) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(one)
}

fn set(kind: &str, numbers: &[usize]) -> RestrictedExpression {
    RestrictedExpression::new_set(numbers.iter().map(|number| of(numbered(kind, *number))))
}

fn entity(
    uid: EntityUid,
    attributes: Vec<(&str, RestrictedExpression)>,
    parents: impl IntoIterator<Item = EntityUid>,
) -> Entity {
    let attributes: HashMap<_, _> =
        attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Entity::new(uid, attributes, parents.into_iter().collect::<HashSet<_>>()).expect("an entity")
}

impl Cedar {
    /// Everything.
    pub fn of(data: &Data) -> Self {
        let mut all = people(data);
        for (number, parent) in data.parents.iter().enumerate() {
            let own = vec![("organization", of(organization(number)))];
            all.push(entity(organization(number), own, parent.map(organization)));
        }
        for (number, at) in data.teams.iter().enumerate() {
            let own = vec![("organization", of(organization(*at)))];
            all.push(entity(numbered("Team", number), own, [organization(*at)]));
        }
        let mut teams = vec![(Vec::new(), Vec::new()); data.projects.len()];
        for (project, team, role) in &data.shares {
            teams[*project].0.push(*team);
            if *role == TeamRole::Administrator {
                teams[*project].1.push(*team);
            }
        }
        for (number, at) in data.projects.iter().enumerate() {
            let (teams, led_by) = &teams[number];
            let own = vec![
                ("organization", of(organization(*at))),
                ("teams", set("Team", teams)),
                ("led_by", set("Team", led_by)),
            ];
            all.push(entity(numbered("Project", number), own, [organization(*at)]));
        }
        for (number, project) in data.resources.iter().enumerate() {
            let at = organization(data.projects[*project]);
            let project = numbered("Project", *project);
            let own = vec![("organization", of(at)), ("project", of(project.clone()))];
            all.push(entity(numbered("Resource", number), own, [project]));
        }
        Self {
            authorizer: Authorizer::new(),
            policies: POLICIES.parse().expect("policies"),
            entities: Entities::from_entities(all, None).expect("entities"),
        }
    }

    /// The question as Cedar is asked.
    pub fn asked(question: Question) -> Request {
        let kind = match question.action {
            Action::ViewOrganization | Action::ViewMembers | Action::UpdateOrganization => "Organization",
            Action::ViewTeam | Action::AssignTeamMember => "Team",
            Action::ViewProject | Action::UpdateProject => "Project",
            Action::ViewResource => "Resource",
        };
        let (user, thing) = (numbered("User", question.user), numbered(kind, question.thing));
        Request::new(user, uid("Action", question.action.word()), thing, Context::empty(), None)
            .expect("a request")
    }

    /// The check.
    pub fn may(&self, asked: &Request) -> bool {
        self.authorizer.is_authorized(asked, &self.policies, &self.entities).decision() == Decision::Allow
    }
}

fn people(data: &Data) -> Vec<Entity> {
    #[derive(Default, Clone)]
    struct Person {
        owns: Vec<usize>,
        administers: Vec<usize>,
        beneath: Vec<usize>,
        audits: Vec<usize>,
        member_of: Vec<usize>,
        leads: Vec<usize>,
        teams: Vec<usize>,
    }
    let mut people = vec![Person::default(); data.users];
    for (at, owner) in data.owners.iter().enumerate() {
        people[*owner].owns.push(at);
    }
    for (user, at, beneath) in &data.administrators {
        if *beneath { people[*user].beneath.push(*at) } else { people[*user].administers.push(*at) }
    }
    for (user, at) in &data.auditors {
        people[*user].audits.push(*at);
    }
    for (team, user, role) in &data.members {
        people[*user].teams.push(*team);
        people[*user].member_of.push(data.teams[*team]);
        if *role == TeamRole::Administrator {
            people[*user].leads.push(*team);
        }
    }
    let person = |(number, person): (usize, Person)| {
        let own = vec![
            ("owns", set("Organization", &person.owns)),
            ("administers", set("Organization", &person.administers)),
            ("administers_beneath", set("Organization", &person.beneath)),
            ("audits", set("Organization", &person.audits)),
            ("member_of", set("Organization", &person.member_of)),
            ("leads", set("Team", &person.leads)),
        ];
        entity(numbered("User", number), own, person.teams.iter().map(|team| numbered("Team", *team)))
    };
    people.into_iter().enumerate().map(person).collect()
}
