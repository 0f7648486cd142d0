//! The frame of every page: head, skip link, header with switcher and account, navigation, breadcrumbs, footer. The
//! order of landmarks and the place of help are the same everywhere.

use maud::{DOCTYPE, Markup, html};

use super::components::text;
use super::context::{Context, Theme};
use super::icons::{Icon, logo};
use super::illustration::town_plan;
use super::{assets, navigation};

/// A step on the way to a page: where it leads, and what it is called.
pub(super) struct Crumb<'a> {
    /// Where it leads.
    pub(super) href: String,
    /// What it is called.
    pub(super) label: &'a str,
}

impl<'a> Crumb<'a> {
    /// A step.
    pub(super) fn new(href: impl Into<String>, label: &'a str) -> Self {
        Self { href: href.into(), label }
    }
}

/// A page inside the frame.
pub(super) struct Frame<'a> {
    /// Text of the heading, and first part of the window's title.
    pub(super) title: &'a str,
    /// The way here, without the page itself.
    pub(super) crumbs: Vec<Crumb<'a>>,
    /// Beside the heading, such as a badge.
    pub(super) beside: Markup,
    /// One sentence on what the page is for.
    pub(super) lead: Markup,
    /// The main actions.
    pub(super) actions: Markup,
    /// Whether the page comes back because of an error in its form: the window's title says so.
    pub(super) failed: bool,
    /// Everything else.
    pub(super) body: Markup,
}

impl<'a> Frame<'a> {
    /// A page with a heading and a body.
    pub(super) fn new(title: &'a str, body: Markup) -> Self {
        let nothing = || html! {};
        Self {
            title,
            crumbs: Vec::new(),
            beside: nothing(),
            lead: nothing(),
            actions: nothing(),
            failed: false,
            body,
        }
    }

    /// With the way here.
    pub(super) fn crumbs(mut self, crumbs: Vec<Crumb<'a>>) -> Self {
        self.crumbs = crumbs;
        self
    }

    /// With something beside the heading.
    pub(super) fn beside(mut self, beside: Markup) -> Self {
        self.beside = beside;
        self
    }

    /// With a sentence on what the page is for.
    pub(super) fn lead(mut self, lead: Markup) -> Self {
        self.lead = lead;
        self
    }

    /// With its main actions.
    pub(super) fn actions(mut self, actions: Markup) -> Self {
        self.actions = actions;
        self
    }

    /// Comes back because of an error in its form.
    pub(super) fn failed(mut self, failed: bool) -> Self {
        self.failed = failed;
        self
    }
}

/// A page of the console.
pub(super) fn console(ctx: &Context, frame: &Frame<'_>) -> Markup {
    let body = html! {
        (header(ctx))
        div.frame {
            @if ctx.me.is_some() { (navigation::sidebar(ctx)) }
            main id="main" tabindex="-1" {
                (breadcrumbs(frame))
                (flash(ctx))
                div.page-head {
                    div {
                        div.heading { h1 { bdi { (frame.title) } } (frame.beside) }
                        @if !frame.lead.0.is_empty() { p.lead { (frame.lead) } }
                    }
                    @if !frame.actions.0.is_empty() { div.page-actions { (frame.actions) } }
                }
                (frame.body)
            }
        }
        (footer(ctx))
    };
    document(ctx, frame.title, frame.failed, "console", &body)
}

/// A page before sign-in, or beside it: one card and a drawing.
pub(super) fn entrance(ctx: &Context, title: &str, failed: bool, card: &Markup) -> Markup {
    let body = html! {
        div.entrance {
            div.entrance-picture { (town_plan()) }
            div.entrance-side {
                header.entrance-brand { a.brand href="/" { (logo()) span { "Bastide" } } }
                main.card id="main" tabindex="-1" {
                    (flash(ctx))
                    h1 { (title) }
                    (card)
                }
                (footer(ctx))
            }
        }
    };
    document(ctx, title, failed, "before", &body)
}

fn document(ctx: &Context, title: &str, failed: bool, kind: &str, body: &Markup) -> Markup {
    let theme = (ctx.theme != Theme::System).then(|| ctx.theme.as_str());
    html! {
        (DOCTYPE)
        html lang="en" data-theme=[theme] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { @if failed { "Error: " } (title) " · Bastide" }
                link rel="stylesheet" href=(assets::url("console.css"));
                link rel="icon" type="image/svg+xml" href=(assets::url("icon.svg"));
                script src=(assets::url("console.js")) nonce=(ctx.nonce) defer {}
            }
            body class=(kind) {
                a.skip-link href="#main" { "Skip to content" }
                (body)
                div.visually-hidden id="live" role="status" aria-live="polite" {}
            }
        }
    }
}

fn header(ctx: &Context) -> Markup {
    html! {
        header.top {
            @if ctx.me.is_some() {
                button.icon-button.menu-button type="button" popovertarget="navigation" {
                    (Icon::Menu.draw()) (text::hidden("Menu"))
                }
            }
            a.brand href="/" { (logo()) span { "Bastide" } }
            @if let Some(me) = &ctx.me {
                (navigation::switcher(ctx))
                (navigation::account(ctx, me))
            }
        }
        div.merlons aria-hidden="true" {}
    }
}

fn breadcrumbs(frame: &Frame<'_>) -> Markup {
    html! {
        @if !frame.crumbs.is_empty() {
            nav.breadcrumbs aria-label="Breadcrumb" {
                ol {
                    @for crumb in &frame.crumbs { li { a href=(crumb.href) { bdi { (crumb.label) } } } }
                    li aria-current="page" { bdi { (frame.title) } }
                }
            }
        }
    }
}

fn flash(ctx: &Context) -> Markup {
    html! {
        @if let Some(flash) = &ctx.flash {
            div class={ "flash " (if flash.went_well { "good" } else { "bad" }) } role="status" {
                ((if flash.went_well { Icon::Check } else { Icon::Alert }).draw())
                p { (flash.text) }
            }
        }
    }
}

fn footer(ctx: &Context) -> Markup {
    html! {
        footer.bottom {
            p { "Bastide " (ctx.version) }
            p { a.help href=(ctx.help_url) { (Icon::Help.draw()) span { "Help and documentation" } } }
        }
    }
}
