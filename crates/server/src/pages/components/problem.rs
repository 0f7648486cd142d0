//! What went wrong with a form: a summary at the top that leads to each field, and the words at the field itself.

use bastide_api::Problem;
use bastide_api::problem::ProblemField;
use maud::{Markup, html};

use super::text;
use crate::pages::icons::Icon;

/// What is wrong with a form that comes back; nothing when it is shown for the first time.
#[derive(Clone, Copy)]
pub struct Errors<'a> {
    problem: Option<&'a Problem>,
}

impl<'a> Errors<'a> {
    /// The errors in an answer.
    pub fn of(problem: Option<&'a Problem>) -> Self {
        Self { problem }
    }

    /// Whether there are any.
    pub fn any(self) -> bool {
        self.problem.is_some()
    }

    /// What is wrong with the field at this JSON Pointer, or with something inside it.
    pub fn at(self, pointer: &str) -> Vec<&'a str> {
        let fields = self.problem.map_or(&[][..], |problem| problem.errors.as_slice());
        fields.iter().filter(|field| is_at(field, pointer)).map(|field| field.detail.as_str()).collect()
    }

    /// The summary: what happened, what is known of limits and permissions, and a link to each field that is wrong.
    /// `fields` says which element shows which pointer. It takes the focus, so that it is read first.
    pub fn summary(self, fields: &[(&str, &str)]) -> Markup {
        let Some(problem) = self.problem else { return html! {} };
        html! {
            div.error-summary role="alert" tabindex="-1" autofocus aria-labelledby="error-title" {
                (Icon::Alert.draw())
                div {
                    h2 id="error-title" { (heading(problem)) }
                    @if problem.errors.is_empty() { p { (text::sentence(&problem.detail)) } }
                    @else { ul { @for field in &problem.errors { li { (link(field, fields)) } } } }
                    (details(problem))
                }
            }
        }
    }
}

fn is_at(field: &ProblemField, pointer: &str) -> bool {
    field.pointer.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        || pointer.strip_prefix('/') == Some(field.pointer.as_str())
}

fn heading(problem: &Problem) -> String {
    match problem.errors.len() {
        // The title of the status is for programs.
        0 if problem.status == 409 => "That is not possible now".to_owned(),
        0 if problem.title.is_empty() => "That did not work".to_owned(),
        0 => problem.title.clone(),
        1 => "One field needs another look".to_owned(),
        number => format!("{number} fields need another look"),
    }
}

fn link(field: &ProblemField, fields: &[(&str, &str)]) -> Markup {
    let shown = fields.iter().find(|(pointer, _)| is_at(field, pointer));
    html! {
        @if let Some((_, id)) = shown { a href={ "#" (id) } { (text::sentence(&field.detail)) } }
        @else { code { (field.pointer) } ": " (text::prose(&field.detail)) }
    }
}

fn details(problem: &Problem) -> Markup {
    html! {
        @if let Some(limit) = &problem.limit {
            p { "Limit " code { (limit.name) } ": " (limit.used) " of " (limit.allowed)
                " in use on the plan " bdi { (limit.plan) } "." }
        }
        @if let Some(permission) = &problem.permission {
            p { "This needs the permission " code { (permission) } "." }
        }
        @if let Some(hint) = &problem.hint { p { (text::prose(hint)) } }
        @if problem.status >= 500 && !problem.request_id.is_empty() {
            p.hint { "Request " code { (problem.request_id) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_found_at_their_field_and_beneath_it() {
        let at = |pointer: &str| ProblemField { pointer: pointer.into(), detail: pointer.into() };
        let problem = Problem {
            errors: vec![at("/name"), at("/annotations/a"), at("name_space")],
            ..Problem::default()
        };
        let errors = Errors::of(Some(&problem));
        assert_eq!(errors.at("/name"), ["/name"]);
        assert_eq!(errors.at("/annotations"), ["/annotations/a"]);
        assert_eq!(errors.at("/name_space"), ["name_space"]);
        assert!(errors.at("/nam").is_empty());
        let summary = errors.summary(&[("/name", "name")]).into_string();
        assert!(summary.contains("<a href=\"#name\">/name</a>") && summary.contains("3 fields"), "{summary}");
    }
}
