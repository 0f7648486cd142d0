//! Step 1: name, annotations, administrator, visibility, plan.

use bastide_model::limits::NAME_CHARS_MAX;
use maud::{Markup, html};

use super::{AdministratorKind, WizardPage};
use crate::pages::components::field::{Choice, Field, Radios, Select};
use crate::pages::components::problem::Errors;
use crate::pages::me::{annotation_rows, slug_field, visibility_choice};

pub(super) fn fields(view: &WizardPage, errors: Errors<'_>) -> Markup {
    let draft = &view.draft;
    html! {
        (Field::new("name", "Name", &draft.name).longest(NAME_CHARS_MAX).autofocus()
            .hint(html! { "What people read. Any language." }).render(errors))
        (slug_field(&draft.slug, errors))
        (administrator(view, errors))
        (plan(view, errors))
        (visibility_choice(&draft.visibility, errors))
        (annotation_rows(&draft.annotations, errors))
    }
}

/// Both kinds are on the page; the style sheet shows the fields of the one that is chosen.
fn administrator(view: &WizardPage, errors: Errors<'_>) -> Markup {
    let draft = &view.draft;
    let kind = Radios {
        name: "administrator_kind",
        legend: "Administrator",
        pointer: "/administrator_kind",
        choices: vec![
            Choice { value: "existing", label: html! { "Somebody with an account" }, hint: html! {} },
            Choice {
                value: "new",
                label: html! { "Somebody new" },
                hint: html! { "The account is created together with the organization." },
            },
        ],
        chosen: if draft.administrator_kind == AdministratorKind::New { "new" } else { "existing" },
    };
    html! {
        div.either {
            (kind.render(errors))
            div.either-existing { (existing(view, errors)) }
            div.either-new {
                (Field::new("administrator_name", "Name of the administrator", &draft.administrator_name).sometimes()
                    .pointer("/administrator/account/name").longest(NAME_CHARS_MAX).render(errors))
                (Field::new("administrator_email", "E-mail address of the new account", &draft.administrator_email)
                    .sometimes().email().pointer("/administrator/account/email")
                    .hint(html! { "The first password is asked for at the end." }).render(errors))
            }
        }
    }
}

fn existing(view: &WizardPage, errors: Errors<'_>) -> Markup {
    html! {
        (Field::new("administrator_user", "E-mail address", &view.draft.administrator_user).sometimes().email()
            .pointer("/administrator/user").suggestions("users")
            .hint(html! { "Owns the organization and sees nothing else of this installation." }).render(errors))
        datalist id="users" {
            @for user in &view.users { option value=(user.email) { (user.name) } }
        }
    }
}

fn plan(view: &WizardPage, errors: Errors<'_>) -> Markup {
    let default = view.plans.iter().find(|plan| plan.is_default).map_or("", |plan| plan.slug.as_str());
    let chosen = if view.draft.plan.is_empty() { default } else { &view.draft.plan };
    let choices = view.plans.iter().map(|plan| {
        let words = format!("{}: {}", plan.name, crate::pages::organization::compute(plan));
        (plan.slug.clone(), words)
    });
    Select {
        name: "plan",
        label: "Plan",
        pointer: "/plan",
        hint: html! { "Sets the quotas of its namespaces and how they are closed to others." },
        choices: choices.collect(),
        chosen,
    }
    .render(errors)
}
