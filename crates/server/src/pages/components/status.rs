//! States as an icon and a word, never by colour alone. Each word of the wire has its look in one place; a word that
//! is not known here is shown as it came.

use maud::{Markup, html};

use super::text::words;
use crate::pages::icons::Icon;

/// How a state is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Under way, or waiting for somebody.
    Wait,
    /// Needs attention.
    Warn,
    /// Wrong.
    Bad,
    /// Neither.
    Neutral,
}

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Wait => "wait",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Neutral => "neutral",
        }
    }

    /// The icon that stands for it.
    pub const fn icon(self) -> Icon {
        match self {
            Self::Good => Icon::Check,
            Self::Wait => Icon::Clock,
            Self::Warn => Icon::Alert,
            Self::Bad => Icon::Cross,
            Self::Neutral => Icon::Dash,
        }
    }
}

/// A badge: icon and word.
pub fn badge(tone: Tone, word: &str) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (tone.icon().draw()) span { (word) } } }
}

/// A remark that stands out: what it is about, and more below.
pub fn callout(tone: Tone, title: &str, body: &Markup) -> Markup {
    html! {
        div class={ "callout " (tone.class()) } {
            (tone.icon().draw())
            div { p.callout-title { (title) } (body) }
        }
    }
}

/// Whether a cluster answers (FLEET-1).
pub fn availability(word: &str) -> Markup {
    match word {
        "available" => badge(Tone::Good, "Available"),
        "unknown" => badge(Tone::Warn, "Unknown"),
        "unavailable" => badge(Tone::Bad, "Unavailable"),
        other => badge(Tone::Neutral, &words(other)),
    }
}

/// How far a cluster's membership has come (FLEET-1).
pub fn membership(word: &str) -> Markup {
    let tone = match word {
        "joined" => Tone::Good,
        "requested" => Tone::Wait,
        _ => Tone::Neutral,
    };
    badge(tone, &words(word))
}

/// State of a licence (FLEET-3), where a heading says that it is one.
pub fn licence(word: &str) -> Markup {
    match word {
        "none" => badge(Tone::Warn, "No licence"),
        "unknown" => badge(Tone::Bad, "Unreadable"),
        other => badge(licence_tone(other), &words(other)),
    }
}

/// State of a licence among other states.
pub fn named_licence(word: &str) -> Markup {
    match word {
        "none" => badge(Tone::Warn, "No licence"),
        "unknown" => badge(Tone::Bad, "Licence unreadable"),
        other => badge(licence_tone(other), &format!("Licence {other}")),
    }
}

fn licence_tone(word: &str) -> Tone {
    match word {
        "active" => Tone::Good,
        "expiring" => Tone::Warn,
        _ => Tone::Bad,
    }
}

/// Where an organization is in its life (ORG-8).
pub fn organization(word: &str) -> Markup {
    match word {
        "active" => badge(Tone::Good, "Active"),
        "deleting" => badge(Tone::Wait, "Deleting"),
        "partially_deleted" => badge(Tone::Warn, "Partly deleted"),
        other => badge(Tone::Neutral, &words(other)),
    }
}

/// Who sees that an organization exists (ORG-4).
pub fn visibility(word: &str) -> &'static str {
    if word == "public" { "Public: any signed-in user sees its name" } else { "Private: members only" }
}

/// What an account may be used for (ROLE-4).
pub fn access(word: &str) -> Markup {
    match word {
        "enabled" => badge(Tone::Good, "Enabled"),
        "no_console" => badge(Tone::Neutral, "Tokens only"),
        "disabled" => badge(Tone::Bad, "Deactivated"),
        other => badge(Tone::Neutral, &words(other)),
    }
}

/// Whether a condition holds, as in Kubernetes.
pub fn condition(word: &str, is_as_it_should_be: bool) -> Markup {
    match word {
        _ if is_as_it_should_be => badge(Tone::Good, word),
        "True" | "False" => badge(Tone::Bad, word),
        other => badge(Tone::Warn, other),
    }
}

/// How the check of a precondition ended (FLEET-4).
pub fn outcome(word: &str) -> Markup {
    match word {
        "met" => badge(Tone::Good, "Met"),
        "failed" => badge(Tone::Bad, "Not met"),
        _ => badge(Tone::Neutral, "Not chosen yet"),
    }
}

/// State of a join token.
pub fn join_token(word: &str) -> Markup {
    let tone = match word {
        "unused" => Tone::Wait,
        "used" => Tone::Good,
        _ => Tone::Neutral,
    };
    badge(tone, &words(word))
}

/// A role as people read it.
pub fn role(word: &str) -> String {
    words(word)
}
