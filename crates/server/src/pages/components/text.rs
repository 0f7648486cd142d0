//! Small pieces of text: names that people chose, times, numbers with their noun.

use bastide_model::Timestamp;
use maud::{Markup, html};

/// A name that somebody chose, kept from turning around the text beside it.
pub fn name(text: &str) -> Markup {
    html! { bdi.name { (text) } }
}

/// A point in time, from RFC 3339, as `2026-11-22 04:05 UTC`. What is no time is shown as it came.
pub fn time(at: &str) -> Markup {
    let Ok(time) = Timestamp::parse(at) else { return html! { span { (at) } } };
    let text = time.to_string();
    let shown = text.get(..16).unwrap_or(&text).replace('T', " ");
    html! { time datetime=(text) { (shown) " UTC" } }
}

/// The same, or a word when there is none.
pub fn time_or(at: Option<&str>, otherwise: &str) -> Markup {
    at.map_or_else(|| muted(otherwise), time)
}

/// A word that stands for something that is not there.
pub fn muted(word: &str) -> Markup {
    html! { span.muted { (word) } }
}

/// A sentence of the server, in which what stands between two backticks is set as code.
pub fn prose(sentence: &str) -> Markup {
    let parts: Vec<&str> = sentence.split('`').collect();
    let paired = parts.len() % 2 == 1;
    html! {
        @for (place, part) in parts.iter().enumerate() {
            @if paired && place % 2 == 1 { code { (part) } } @else { @if !paired && place > 0 { "`" } (part) }
        }
    }
}

/// The same with a capital letter at its beginning: what the server says of a field begins small, as it may stand
/// behind the field's name.
pub fn sentence(text: &str) -> Markup {
    prose(&capital(text))
}

/// An operation of the audit log as people read it: `organization_update` is `Organization changed`.
pub fn operation(word: &str) -> String {
    match word {
        "session_create" => return "Signed in".to_owned(),
        "session_delete" => return "Signed out".to_owned(),
        "organization_create_root" => return "Organization created".to_owned(),
        "cluster_request" => return "Cluster asked to join".to_owned(),
        "setup_complete" => return "Installation set up".to_owned(),
        "assignment_create" => return "Role given".to_owned(),
        "assignment_update" => return "Given role changed".to_owned(),
        "assignment_delete" => return "Role taken away".to_owned(),
        "billing_administrator_create" => return "Billing role given".to_owned(),
        "billing_administrator_delete" => return "Billing role taken away".to_owned(),
        "member_delete" => return "Member removed".to_owned(),
        "organization_leave" => return "Organization left".to_owned(),
        "team_leave" => return "Team left".to_owned(),
        "team_member_set" => return "Place in a team given".to_owned(),
        "team_member_delete" => return "Taken out of a team".to_owned(),
        "project_team_set" => return "Team put on a project".to_owned(),
        "project_team_delete" => return "Team taken off a project".to_owned(),
        _ => {}
    }
    let Some((noun, verb)) = word.rsplit_once('_') else { return words(word) };
    let done = match verb {
        "create" => "created",
        "update" => "changed",
        "delete" => "deleted",
        "accept" => "accepted",
        "deny" => "denied",
        "withdraw" => "withdrawn",
        "move" => "moved",
        _ => return words(word),
    };
    format!("{} {done}", words(noun))
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// A number with its noun: `1 node`, `3 nodes`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// A word of the wire as people read it: `partially_deleted` is `Partially deleted`.
pub fn words(word: &str) -> String {
    capital(&word.replace('_', " "))
}

/// Text for screen readers only.
pub fn hidden(text: &str) -> Markup {
    html! { span.visually-hidden { (text) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_utc_for_people_and_machines() {
        let shown = time("2026-11-22T04:05:06Z").into_string();
        assert_eq!(shown, r#"<time datetime="2026-11-22T04:05:06Z">2026-11-22 04:05 UTC</time>"#);
        assert_eq!(time("<soon>").into_string(), "<span>&lt;soon&gt;</span>");
    }

    #[test]
    fn code_in_sentences_is_set_as_code_and_stays_text() {
        assert_eq!(prose("`a<b` is free.").into_string(), "<code>a&lt;b</code> is free.");
        assert_eq!(prose("one ` alone").into_string(), "one ` alone");
        assert_eq!(prose("plain").into_string(), "plain");
    }

    #[test]
    fn sentences_begin_with_a_capital_letter_or_with_code() {
        assert_eq!(sentence("choose a `hub`").into_string(), "Choose a <code>hub</code>");
        assert_eq!(sentence("`a` is free").into_string(), "<code>a</code> is free");
        assert_eq!(sentence("").into_string(), "");
    }

    #[test]
    fn operations_are_told_as_done() {
        assert_eq!(operation("client_organization_create"), "Client organization created");
        assert_eq!(operation("organization_create_root"), "Organization created");
        assert_eq!(operation("session_create"), "Signed in");
        assert_eq!(operation("licence_examine"), "Licence examine");
        assert_eq!(operation("odd"), "Odd");
    }

    #[test]
    fn words_and_counts() {
        assert_eq!(words("partially_deleted"), "Partially deleted");
        assert_eq!(words(""), "");
        assert_eq!(count(1, "node", "nodes"), "1 node");
        assert_eq!(count(0, "node", "nodes"), "0 nodes");
    }
}
