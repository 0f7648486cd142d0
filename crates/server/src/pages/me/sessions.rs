//! One's signed-in browsers.

use bastide_api::identity::SessionView;
use maud::{Markup, html};

use crate::pages::components::confirm::{Confirm, confirm};
use crate::pages::components::list::{ListText, list};
use crate::pages::components::status::{Tone, badge};
use crate::pages::components::{state, table, text};
use crate::pages::context::{Context, Listing};
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Frame};

/// What the list of sessions shows.
#[derive(Debug, Clone)]
pub struct SessionsPage {
    /// The sessions; the one that asks is marked.
    pub sessions: Listing<SessionView>,
}

/// `GET /me/sessions`: every signed-in browser, to end one or all.
pub fn sessions(ctx: &Context, view: &SessionsPage) -> Markup {
    let words = ListText {
        id: "sessions",
        path: "/me/sessions",
        one: "session",
        many: "sessions",
        nothing_yet: state::empty(
            Icon::Screen,
            "No browser is signed in",
            "You are here with a token. Each browser in which you sign in is listed here.",
            &html! {},
        ),
        searchable: false,
    };
    let body = list(&words, &view.sessions, session_table);
    let actions = html! {
        @if !view.sessions.items().is_empty() { (end_all()) }
    };
    let frame = Frame::new("Sessions", body)
        .lead(html! { "Browsers in which you are signed in. End what you do not know." })
        .actions(actions);
    layout::console(ctx, &frame)
}

fn end_all() -> Markup {
    confirm(&Confirm {
        id: "end-all",
        trigger: "Sign out everywhere",
        about: "",
        title: "Sign out everywhere?",
        consequences: html! { p { "All browsers are signed out, this one too. Tokens of programs go on working." } },
        action: "/sign-out",
        fields: crate::pages::components::field::hidden("scope", "everywhere"),
        verb: "Sign out everywhere",
    })
}

fn session_table(sessions: &[SessionView]) -> Markup {
    let rows = sessions.iter().map(|session| {
        vec![
            browser_cell(session),
            html! { code { (session.address) } },
            text::time(&session.created_at),
            text::time(&session.last_used_at),
            text::time(&session.expires_at),
            end_one(session),
        ]
    });
    let columns = ["Browser", "Address", "Signed in", "Last used", "Ends", "Actions"];
    table::table("sessions", "Browsers in which you are signed in", &columns, rows)
}

/// Which browser it is, and as it calls itself.
fn browser_cell(session: &SessionView) -> Markup {
    let known = browser(&session.user_agent);
    let agent = html! { bdi { (session.user_agent) } };
    html! {
        @match &known { Some(known) => span.strong { (known) }, None => (agent) }
        @if session.current { " " (badge(Tone::Good, "This browser")) }
        @if known.is_some() { div.hint { (agent) } }
    }
}

/// The browser and its system as people call them. Each calls itself like those before it, so that the first that fits
/// of this order is meant.
fn browser(agent: &str) -> Option<String> {
    const BROWSERS: [(&str, &str); 5] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Version/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let (mark, name) = BROWSERS.iter().find(|(mark, _)| agent.contains(mark))?;
    let version: String = agent.split_once(mark)?.1.chars().take_while(char::is_ascii_digit).collect();
    let system = SYSTEMS.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    Some(system.map_or_else(|| format!("{name} {version}"), |system| format!("{name} {version} on {system}")))
}

fn end_one(session: &SessionView) -> Markup {
    let consequence = if session.current {
        "This is the browser you are looking at: you will have to sign in again."
    } else {
        "That browser will have to sign in again."
    };
    confirm(&Confirm {
        id: &format!("end-{}", session.id),
        trigger: "End",
        about: &session.user_agent,
        title: "End this session?",
        consequences: html! { p { (consequence) } },
        action: &format!("/me/sessions/{}/end", session.id),
        fields: html! {},
        verb: "End session",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_by_name_and_programs_as_they_call_themselves() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1";
        let firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0";
        for (agent, name) in [
            (chrome.to_owned(), "Chrome 156 on Linux"),
            (format!("{chrome} Edg/156.0.0.0"), "Edge 156 on Linux"),
            (safari.to_owned(), "Safari 19 on iPhone"),
            (firefox.to_owned(), "Firefox 150 on Windows"),
        ] {
            assert_eq!(browser(&agent).as_deref(), Some(name));
        }
        assert_eq!(browser("curl/8.0"), None);
    }
}
