//! Creating an organization, and the fields that its settings have too.

use bastide_api::Problem;
use bastide_api::organizations::{NewOrganization, OrganizationChange, OrganizationView, Visibility};
use bastide_api::problem::ProblemField;
use bastide_model::limits::{DESCRIPTION_CHARS_MAX, NAME_CHARS_MAX, SLUG_CHARS_MAX};
use maud::{Markup, html};

use crate::pages::components::button;
use crate::pages::components::field::{Area, Choice, Field, Radios, Select};
use crate::pages::components::problem::Errors;
use crate::pages::components::rows::KeyValueRows;
use crate::pages::context::Context;
use crate::pages::forms::{Fields, Rows, check_rows, to_map};
use crate::pages::layout::{self, Crumb, Frame};

/// What was typed about an organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrganizationForm {
    /// What people read.
    pub name: String,
    /// Short name; empty to make it from the name. Not part of the settings.
    pub slug: String,
    /// A longer text.
    pub description: String,
    /// `private` or `public`.
    pub visibility: String,
    /// Carried by its namespaces.
    pub annotations: Rows,
    /// Slug of the organization above it; empty for none. Not part of the settings.
    pub parent: String,
}

impl OrganizationForm {
    /// Reads the fields `name`, `slug`, `description`, `visibility`, `annotation_key`, `annotation_value`, `parent`.
    pub fn parse(fields: &Fields) -> Self {
        Self {
            name: fields.text("name"),
            slug: fields.text("slug"),
            description: fields.text("description").replace("\r\n", "\n"),
            visibility: fields.text("visibility"),
            annotations: fields.rows("annotation_key", "annotation_value"),
            parent: fields.text("parent"),
        }
    }

    /// The form filled in with what an organization is.
    pub fn of(organization: &OrganizationView) -> Self {
        Self {
            name: organization.name.clone(),
            slug: organization.slug.clone(),
            description: organization.description.clone(),
            visibility: organization.visibility.clone(),
            annotations: organization.annotations.clone().into_iter().collect(),
            parent: organization.parent.clone().unwrap_or_default(),
        }
    }

    /// What the request cannot say about the form: rows without a key, or with the same key.
    pub fn check(&self) -> Vec<ProblemField> {
        check_rows("/annotations", &self.annotations)
    }

    /// The request to create it.
    pub fn to_new(&self) -> NewOrganization {
        let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        NewOrganization {
            name: self.name.clone(),
            slug: filled(&self.slug),
            description: filled(&self.description),
            visibility: Some(self.visibility()),
            annotations: Some(to_map(&self.annotations)).filter(|map| !map.is_empty()),
            parent: filled(&self.parent),
        }
    }

    /// The request to change it: everything that the settings show.
    pub fn to_change(&self) -> OrganizationChange {
        OrganizationChange {
            name: Some(self.name.clone()),
            description: Some(self.description.clone()),
            visibility: Some(self.visibility()),
            annotations: Some(to_map(&self.annotations)),
        }
    }

    fn visibility(&self) -> Visibility {
        if self.visibility == "public" { Visibility::Public } else { Visibility::Private }
    }
}

/// What the page for a new organization shows.
#[derive(Debug, Clone, Default)]
pub struct NewOrganizationPage {
    /// What was typed.
    pub form: OrganizationForm,
    /// Organizations beneath which the person may create one.
    pub parents: Vec<OrganizationView>,
    /// Why it comes back.
    pub problem: Option<Problem>,
}

/// `GET /me/organizations/new`: creates a work organization, alone or beneath another.
pub fn new_organization(ctx: &Context, view: &NewOrganizationPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let form = &view.form;
    let body = html! {
        (errors.summary(&[("/name", "name"), ("/slug", "slug"), ("/description", "description"),
            ("/visibility", "visibility"), ("/annotations", "annotations"), ("/parent", "parent")]))
        form.form.card method="post" action="/me/organizations/new" {
            (Field::new("name", "Name", &form.name).longest(NAME_CHARS_MAX).autofocus()
                .hint(html! { "What people read. Any language." }).render(errors))
            (slug_field(&form.slug, errors))
            (parent_choice(view, errors))
            (description_area(&form.description, errors))
            (visibility_choice(&form.visibility, errors))
            (annotation_rows(&form.annotations, errors))
            div.actions { (button::submit("Create organization")) (button::link("/me/organizations", "Cancel")) }
        }
    };
    let frame = Frame::new("Create organization", body)
        .crumbs(vec![Crumb::new("/me/organizations", "Organizations")])
        .lead(html! { "You will be its owner." })
        .failed(errors.any());
    layout::console(ctx, &frame)
}

/// The short name, made from the name when it stays empty.
pub(in crate::pages) fn slug_field(slug: &str, errors: Errors<'_>) -> Markup {
    Field::new("slug", "Short name", slug)
        .optional()
        .longest(SLUG_CHARS_MAX)
        .slug_from("name")
        .hint(html! {
            "For addresses, commands and namespaces: at most " (SLUG_CHARS_MAX) " characters of a–z, 0–9 and "
            code { "-" } ". Made from the name when you leave it empty. It cannot be changed later."
        })
        .render(errors)
}

fn parent_choice(view: &NewOrganizationPage, errors: Errors<'_>) -> Markup {
    if view.parents.is_empty() {
        return html! {};
    }
    let none = (String::new(), "None: it stands by itself".to_owned());
    let parents =
        view.parents.iter().map(|parent| (parent.slug.clone(), format!("{} ({})", parent.name, parent.slug)));
    Select {
        name: "parent",
        label: "Beneath",
        pointer: "/parent",
        hint: html! { "Who administers the organization above sees this one; its other children do not." },
        choices: std::iter::once(none).chain(parents).collect(),
        chosen: &view.form.parent,
    }
    .render(errors)
}

/// The longer text.
pub(in crate::pages) fn description_area(description: &str, errors: Errors<'_>) -> Markup {
    Area {
        name: "description",
        label: "Description",
        value: description,
        hint: html! {},
        lines: 3,
        longest: DESCRIPTION_CHARS_MAX,
        required: false,
        code: false,
    }
    .render(errors)
}

/// Who sees that it exists (ORG-4).
pub(in crate::pages) fn visibility_choice(chosen: &str, errors: Errors<'_>) -> Markup {
    Radios {
        name: "visibility",
        legend: "Visibility",
        pointer: "/visibility",
        choices: vec![
            Choice {
                value: "private",
                label: html! { "Private" },
                hint: html! { "Only its members and who administers above see that it exists." },
            },
            Choice {
                value: "public",
                label: html! { "Public" },
                hint: html! { "Any signed-in user sees its name and description, nothing more." },
            },
        ],
        chosen: if chosen == "public" { "public" } else { "private" },
    }
    .render(errors)
}

/// Annotations of its namespaces.
pub(in crate::pages) fn annotation_rows(rows: &Rows, errors: Errors<'_>) -> Markup {
    KeyValueRows {
        id: "annotations",
        legend: "Annotations",
        hint: html! { "Carried by its namespaces on the clusters, such as " code { "example.org/cost-centre" } "." },
        pointer: "/annotations",
        key_name: "annotation_key",
        value_name: "annotation_value",
        rows,
    }
    .render(errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_form_asks_for_a_private_organization_and_nothing_more() {
        let form = OrganizationForm::parse(&Fields::from(vec![("name".to_owned(), " Acme ".to_owned())]));
        let new = form.to_new();
        assert_eq!((new.name.as_str(), new.slug, new.annotations, new.parent), ("Acme", None, None, None));
        assert_eq!(new.visibility, Some(Visibility::Private));
        assert!(form.check().is_empty());
    }
}
