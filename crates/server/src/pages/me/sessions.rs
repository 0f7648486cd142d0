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
            html! {
                bdi { (session.user_agent) }
                @if session.current { " " (badge(Tone::Good, "This browser")) }
            },
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
