//! What the pages of teams and of projects have in common: the form of their names, roles to choose, their end.

use bastide_api::problem::ProblemField;
use bastide_api::teams::{NewProject, NewTeam, ProjectChange, TeamChange, TeamRole};
use bastide_model::limits::NAME_CHARS_MAX;
use maud::{Markup, html};

use crate::pages::components::confirm::{Confirm, confirm};
use crate::pages::components::field::{Field, hidden};
use crate::pages::components::problem::Errors;
use crate::pages::components::{button, text};
use crate::pages::forms::Fields;
use crate::pages::me::description_area;

/// The roles in a team and of a team on a project, with what each allows.
pub(super) const ROLES: [(&str, &str); 3] =
    [("viewer", "Viewer"), ("developer", "Developer"), ("administrator", "Administrator")];

/// What was typed about a team or a project.
#[derive(Debug, Clone, Default)]
pub struct GroupForm {
    /// What people read.
    pub name: String,
    /// Short name; empty to make one from the name.
    pub slug: String,
    /// A longer text.
    pub description: String,
}

impl GroupForm {
    /// Reads the form.
    pub fn parse(fields: &Fields) -> Self {
        Self { name: fields.text("name"), slug: fields.text("slug"), description: fields.text("description") }
    }

    /// What it is now.
    pub fn of(name: &str, description: &str) -> Self {
        Self { name: name.to_owned(), slug: String::new(), description: description.to_owned() }
    }

    fn slug(&self) -> Option<String> {
        Some(self.slug.clone()).filter(|slug| !slug.is_empty())
    }

    /// As a new team.
    pub fn to_team(&self) -> NewTeam {
        NewTeam { name: self.name.clone(), slug: self.slug(), description: Some(self.description.clone()) }
    }

    /// As a new project.
    pub fn to_project(&self) -> NewProject {
        NewProject { name: self.name.clone(), slug: self.slug(), description: Some(self.description.clone()) }
    }

    /// As a change of a team.
    pub fn to_team_change(&self) -> TeamChange {
        TeamChange { name: Some(self.name.clone()), description: Some(self.description.clone()) }
    }

    /// As a change of a project.
    pub fn to_project_change(&self) -> ProjectChange {
        ProjectChange { name: Some(self.name.clone()), description: Some(self.description.clone()) }
    }
}

/// The role that was chosen in a form.
///
/// # Errors
/// The field, when it is none.
pub fn chosen_role(word: &str) -> Result<TeamRole, ProblemField> {
    match word {
        "viewer" => Ok(TeamRole::Viewer),
        "developer" => Ok(TeamRole::Developer),
        "administrator" => Ok(TeamRole::Administrator),
        _ => Err(ProblemField {
            pointer: "/role".to_owned(),
            detail: "choose viewer, developer or administrator".to_owned(),
        }),
    }
}

/// The fields of a new one, or of a change of one that has this entity tag.
pub(super) fn group_fields(form: &GroupForm, etag: Option<&str>, errors: Errors<'_>) -> Markup {
    html! {
        @if let Some(etag) = etag { (hidden("etag", etag)) }
        (Field::new("name", "Name", &form.name).longest(NAME_CHARS_MAX).render(errors))
        @if etag.is_none() {
            (Field::new("slug", "Short name", &form.slug).optional().slug_from("name").longest(40)
                .hint(html! { "Made from the name when you leave it empty. Cannot be changed." }).render(errors))
        }
        (description_area(&form.description, errors))
    }
}

/// A form in a row that changes a role.
pub(super) fn role_form(action: &str, (id, about): (&str, &str), role: &str) -> Markup {
    html! {
        form.inline method="post" action=(action) {
            label.visually-hidden for=(id) { "Role of " bdi { (about) } }
            select id=(id) name="role" {
                @for (value, words) in ROLES { option value=(value) selected[value == role] { (words) } }
            }
            button.button.small type="submit" { "Change" (text::hidden(&format!(" the role of {about}"))) }
        }
    }
}

/// The end of a team or a project.
pub(super) fn delete_group(
    (what, name, slug): (&str, &str, &str),
    (action, typed): (&str, &str),
    (consequences, hint): (Markup, Markup),
    errors: Errors<'_>,
) -> Markup {
    let (trigger, title) = (format!("Delete {what}"), format!("Delete {name}?"));
    let confirmed =
        Field::new("confirm", "Type the short name to confirm", typed).code().optional().hint(hint);
    html! {
        section.section.danger-zone aria-labelledby="danger" {
            h2 id="danger" { "Danger zone" }
            p { "The short name is " code { (slug) } "." }
            (confirm(&Confirm {
                id: "delete",
                trigger: &trigger,
                about: "",
                title: &title,
                consequences,
                action,
                fields: confirmed.render(errors),
                verb: &trigger,
            }))
        }
    }
}

/// A form that makes something, beneath a list.
pub(super) fn making(title: &str, action: &str, fields: &Markup, verb: &str) -> Markup {
    html! {
        section.section aria-labelledby="make" {
            h2 id="make" { (title) }
            form.form.card method="post" action=(action) {
                (fields)
                div.actions { (button::submit(verb)) }
            }
        }
    }
}
