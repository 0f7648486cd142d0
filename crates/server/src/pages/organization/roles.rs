//! The roles that can be given at an organization: the list with a form for a new one, and one role (ROLE-6).

use bastide_api::Problem;
use bastide_api::organizations::OrganizationView;
use bastide_api::registry::PermissionView;
use bastide_api::roles::{NewRole, RoleChange, RoleView};
use bastide_model::limits::{NAME_CHARS_MAX, SLUG_CHARS_MAX};
use maud::{Markup, html};

use crate::pages::components::confirm::{Confirm, confirm};
use crate::pages::components::field::{Field, error, hidden, permission_tick};
use crate::pages::components::list::{ListText, list};
use crate::pages::components::problem::Errors;
use crate::pages::components::status::{Tone, badge};
use crate::pages::components::{button, facts, state, table, text};
use crate::pages::context::{Context, Listing};
use crate::pages::forms::Fields;
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Crumb, Frame};
use crate::pages::me::description_area;
use crate::pages::navigation::offers;

/// What was typed about a role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleForm {
    /// Its name.
    pub name: String,
    /// Its short name.
    pub slug: String,
    /// A longer text.
    pub description: String,
    /// The permissions that were ticked.
    pub permissions: Vec<String>,
}

impl RoleForm {
    /// Reads the fields `name`, `slug`, `description` and `permission` (repeated).
    pub fn parse(fields: &Fields) -> Self {
        Self {
            name: fields.text("name"),
            slug: fields.text("slug"),
            description: fields.text("description"),
            permissions: fields.all("permission"),
        }
    }

    /// What a role is now.
    pub fn of(role: &RoleView) -> Self {
        Self {
            name: role.name.clone(),
            slug: role.slug.clone(),
            description: role.description.clone(),
            permissions: role.permissions.clone(),
        }
    }

    /// The request for a new role.
    pub fn to_new(&self) -> NewRole {
        NewRole {
            name: self.name.clone(),
            slug: Some(self.slug.clone()).filter(|slug| !slug.is_empty()),
            description: Some(self.description.clone()),
            permissions: self.permissions.clone(),
        }
    }

    /// The request to change one.
    pub fn to_change(&self) -> RoleChange {
        RoleChange {
            name: Some(self.name.clone()),
            description: Some(self.description.clone()),
            permissions: Some(self.permissions.clone()),
        }
    }
}

/// What the page of roles shows.
#[derive(Debug, Clone)]
pub struct RolesPage {
    /// The organization.
    pub organization: OrganizationView,
    /// The roles that can be given there.
    pub roles: Listing<RoleView>,
    /// Every permission that a role can hold.
    pub permissions: Vec<PermissionView>,
    /// What was typed about a new one.
    pub form: RoleForm,
    /// Why the form comes back.
    pub problem: Option<Problem>,
}

/// What the page of one role shows.
#[derive(Debug, Clone)]
pub struct RolePage {
    /// The organization where it is looked at.
    pub organization: OrganizationView,
    /// The role; its entity tag goes with the form.
    pub role: RoleView,
    /// Every permission that a role can hold.
    pub permissions: Vec<PermissionView>,
    /// What was typed, or what it is now.
    pub form: RoleForm,
    /// Why the form comes back.
    pub problem: Option<Problem>,
}

const FIELDS: &[(&str, &str)] =
    &[("/name", "name"), ("/slug", "slug"), ("/description", "description"), ("/permissions", "permissions")];

/// `GET /o/{slug}/roles`.
pub fn roles(ctx: &Context, view: &RolesPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let path = address(&view.organization);
    let words = ListText {
        id: "roles",
        path: &path,
        one: "role",
        many: "roles",
        nothing_yet: state::empty(Icon::Seal, "No roles", "The built-in roles are always there.", &html! {}),
        searchable: true,
    };
    let body = html! {
        (errors.summary(FIELDS))
        (list(&words, &view.roles, |roles| role_table(&path, roles)))
        @if offers(&view.organization, "create_role") { (define(view, &path, errors)) }
    };
    let frame = Frame::new("Roles", body)
        .crumbs(super::crumbs(&view.organization))
        .lead(html! { "What people can be here, and what each of it allows." })
        .failed(errors.any());
    layout::console(ctx, &frame)
}

fn define(view: &RolesPage, path: &str, errors: Errors<'_>) -> Markup {
    html! {
        section.section aria-labelledby="new-role" {
            h2 id="new-role" { "Define a role" }
            p { "It can be given here and in everything beneath. You put into it only what you hold yourself." }
            form.form.card method="post" action=(path) {
                (Field::new("name", "Name", &view.form.name).longest(NAME_CHARS_MAX).render(errors))
                (Field::new("slug", "Short name", &view.form.slug).optional().slug_from("name").longest(SLUG_CHARS_MAX)
                    .hint(html! { "Made from the name when you leave it empty. Cannot be changed." }).render(errors))
                (description_area(&view.form.description, errors))
                (ticks(&view.permissions, &view.form.permissions, errors))
                div.actions { (button::submit("Define role")) }
            }
        }
    }
}

fn address(organization: &OrganizationView) -> String {
    format!("/o/{}/roles", organization.slug)
}

fn role_table(path: &str, roles: &[RoleView]) -> Markup {
    let rows = roles.iter().map(|role| {
        vec![
            html! { a.strong href={ (path) "/" (role.slug) } { (text::name(&role.name)) } div.slug { (role.slug) } },
            origin(role),
            html! { (text::count(role.permissions.len(), "permission", "permissions")) },
            text::time_or(role.created_at.as_deref(), "Always there"),
        ]
    });
    table::table("roles", "Roles that can be given here", &["Role", "Defined", "Allows", "Made"], rows)
}

fn origin(role: &RoleView) -> Markup {
    if role.built_in {
        badge(Tone::Neutral, "Built in")
    } else if role.defined_here {
        badge(Tone::Good, "Here")
    } else {
        badge(Tone::Neutral, "Above")
    }
}

fn ticks(permissions: &[PermissionView], ticked: &[String], errors: Errors<'_>) -> Markup {
    let wrong = errors.at("/permissions");
    html! {
        fieldset.ticks.invalid[!wrong.is_empty()] id="permissions" tabindex="-1" {
            legend { "What it allows" }
            (error("permissions", &wrong))
            @for permission in permissions { (permission_tick(permission, ticked)) }
        }
    }
}

/// `GET /o/{slug}/roles/{role}`.
pub fn role(ctx: &Context, view: &RolePage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let role = &view.role;
    let may = |action: &str| role.actions.iter().any(|one| one == action);
    let rows = vec![
        ("Short name", html! { code { (role.slug) } }),
        ("Defined", origin(role)),
        ("Allows", facts::codes(&role.permissions, "Nothing")),
    ];
    let body = html! {
        (errors.summary(FIELDS))
        section.card aria-labelledby="facts-title" {
            h2 id="facts-title" { (Icon::Seal.draw()) "What it is" }
            @if !role.description.is_empty() { p.prose { (text::name(&role.description)) } }
            (facts::facts(rows))
        }
        @if role.defined_here && may("update") { (change(view, errors)) }
        @if role.defined_here && may("delete") { (end(view)) }
    };
    let mut crumbs = super::crumbs(&view.organization);
    crumbs.push(Crumb::new(address(&view.organization), "Roles"));
    let frame = Frame::new(&role.name, body).crumbs(crumbs).failed(errors.any());
    layout::console(ctx, &frame)
}

fn change(view: &RolePage, errors: Errors<'_>) -> Markup {
    let at = format!("{}/{}", address(&view.organization), view.role.slug);
    html! {
        section.section aria-labelledby="change" {
            h2 id="change" { "Change it" }
            p { "Whoever has the role may do what it allows then, at once, here and beneath." }
            form.form.card method="post" action=(at) {
                (hidden("etag", view.role.etag.as_deref().unwrap_or_default()))
                (Field::new("name", "Name", &view.form.name).longest(NAME_CHARS_MAX).render(errors))
                (description_area(&view.form.description, errors))
                (ticks(&view.permissions, &view.form.permissions, errors))
                div.actions { (button::submit("Save changes")) }
            }
        }
    }
}

fn end(view: &RolePage) -> Markup {
    let at = format!("{}/{}", address(&view.organization), view.role.slug);
    html! {
        section.section.danger-zone aria-labelledby="danger" {
            h2 id="danger" { "Danger zone" }
            div.danger-row {
                p { strong { "Delete it" } br; "Refused while somebody has it." }
                (confirm(&Confirm {
                    id: "delete-role",
                    trigger: "Delete role",
                    about: &view.role.name,
                    title: "Delete this role?",
                    consequences: html! { p { "It can be given to nobody any more." } },
                    action: &format!("{at}/delete"),
                    fields: html! {},
                    verb: "Delete role",
                }))
            }
        }
    }
}
