//! How one gets around: the sidebar, the switcher of organizations, the account menu.

use bastide_api::identity::Me;
use bastide_api::organizations::OrganizationView;
use maud::{Markup, html};

use super::components::status;
use super::components::text;
use super::context::{Context, Theme};
use super::icons::Icon;

/// One place in the sidebar.
struct Place<'a> {
    href: String,
    label: &'a str,
    icon: Icon,
    /// Whether what lies beneath it in the address belongs to it too.
    with_beneath: bool,
}

impl<'a> Place<'a> {
    fn new(href: impl Into<String>, label: &'a str, icon: Icon) -> Self {
        Self { href: href.into(), label, icon, with_beneath: true }
    }

    fn exact(href: impl Into<String>, label: &'a str, icon: Icon) -> Self {
        Self { with_beneath: false, ..Self::new(href, label, icon) }
    }

    fn is_at(&self, path: &str) -> bool {
        path.strip_prefix(self.href.as_str())
            .is_some_and(|rest| rest.is_empty() || (self.with_beneath && rest.starts_with('/')))
    }
}

/// The sidebar. On a narrow screen it is a popover behind the menu button, which needs no script.
pub(super) fn sidebar(ctx: &Context) -> Markup {
    html! {
        nav.sidebar id="navigation" aria-label="Main" popover="auto" {
            div.sidebar-close {
                button.icon-button type="button" popovertarget="navigation" popovertargetaction="hide" {
                    (Icon::Cross.draw()) (text::hidden("Close menu"))
                }
            }
            (section("You", &html! { "You" }, &own_places(), &ctx.path))
            @if let Some(organization) = &ctx.current {
                (section("Organization", &text::name(&organization.name), &places(organization), &ctx.path))
            }
            @if ctx.is_site_administrator() {
                (section("Site", &html! { "Site" }, &site_places(), &ctx.path))
            } @else if ctx.is_client_administrator() {
                (section("Client", &html! { "Client" }, &client_places(), &ctx.path))
            }
        }
    }
}

fn section(id: &str, title: &Markup, places: &[Place<'_>], path: &str) -> Markup {
    let heading = format!("navigation-{}", id.to_lowercase());
    html! {
        p.sidebar-title id=(heading) { (title) }
        ul aria-labelledby=(heading) {
            @for place in places {
                li {
                    a href=(place.href) aria-current=[place.is_at(path).then_some("page")] {
                        (place.icon.draw()) span { (place.label) }
                    }
                }
            }
        }
    }
}

fn own_places() -> [Place<'static>; 4] {
    [
        Place::new("/me/organizations", "Organizations", Icon::Plan),
        Place::new("/me/tokens", "Tokens", Icon::Key),
        Place::new("/me/sessions", "Sessions", Icon::Screen),
        Place::new("/me/billing", "Billing", Icon::Seal),
    ]
}

fn places(organization: &OrganizationView) -> Vec<Place<'static>> {
    let base = format!("/o/{}", organization.slug);
    let mut places = vec![
        Place::exact(base.clone(), "Overview", Icon::Building),
        Place::new(format!("{base}/tree"), "Tree", Icon::Tree),
        Place::new(format!("{base}/members"), "Members", Icon::User),
        Place::new(format!("{base}/roles"), "Roles", Icon::Seal),
        Place::new(format!("{base}/access"), "Access", Icon::Help),
        Place::new(format!("{base}/teams"), "Teams", Icon::Users),
        Place::new(format!("{base}/projects"), "Projects", Icon::Folder),
        Place::new(format!("{base}/audit"), "Audit", Icon::Ledger),
    ];
    if offers(organization, "update") || offers(organization, "delete") {
        places.push(Place::new(format!("{base}/settings"), "Settings", Icon::Gear));
    }
    places
}

fn site_places() -> Vec<Place<'static>> {
    let mut places = vec![Place::new("/platform/clusters", "Clusters", Icon::Server)];
    places.extend(client_places());
    places.push(Place::new("/platform/authority", "Authority", Icon::Key));
    places.push(Place::new("/platform/audit", "Audit", Icon::Ledger));
    places
}

fn client_places() -> Vec<Place<'static>> {
    vec![
        Place::new("/platform/client-organizations", "Client organizations", Icon::Gate),
        Place::new("/platform/users", "Users", Icon::User),
        Place::new("/platform/plans", "Plans", Icon::Seal),
    ]
}

/// Whether the server offers an action on an organization.
pub(super) fn offers(organization: &OrganizationView, action: &str) -> bool {
    organization.actions.iter().any(|offered| offered == action)
}

/// The switcher of organizations: a disclosure with links; the script makes it a searchable list (`⌘K`).
pub(super) fn switcher(ctx: &Context) -> Markup {
    html! {
        details.switcher name="header" data-switcher {
            summary {
                (Icon::Plan.draw())
                span.switcher-current {
                    @match &ctx.current {
                        Some(current) => { (text::hidden("Organization: ")) (text::name(&current.name)) }
                        None => { "Choose an organization" }
                    }
                }
                @if let Some(role) = ctx.current.as_ref().and_then(|current| current.role.as_deref()) {
                    span.role { (status::role(role)) }
                }
                kbd data-shortcut hidden {}
                (Icon::ChevronDown.draw())
            }
            div.menu.switcher-menu {
                div.switcher-search hidden {
                    label.visually-hidden for="switcher-search" { "Find an organization" }
                    input type="search" id="switcher-search" autocomplete="off" placeholder="Find an organization"
                        role="combobox" aria-expanded="true" aria-controls="switcher-list" aria-autocomplete="list";
                }
                ul id="switcher-list" aria-label="Organizations" {
                    @for organization in &ctx.switcher { (switch_to(ctx, organization)) }
                }
                @if ctx.switcher.is_empty() { p.muted { "You are in no organization yet." } }
                p.switcher-none hidden { "No organization matches." }
                div.menu-foot {
                    a href="/me/organizations" { "All organizations" }
                    a href="/me/organizations/new" { (Icon::Plus.draw()) "Create organization" }
                }
            }
        }
    }
}

fn switch_to(ctx: &Context, organization: &OrganizationView) -> Markup {
    let is_current = ctx.current.as_ref().is_some_and(|current| current.id == organization.id);
    html! {
        li {
            a id={ "switch-" (organization.slug) } href={ "/o/" (organization.slug) }
                aria-current=[is_current.then_some("true")] {
                span { (text::name(&organization.name)) " " span.slug { (organization.slug) } }
                @if let Some(role) = &organization.role { span.role { (status::role(role)) } }
            }
        }
    }
}

/// The account menu: who one is, colours, sign-out here and everywhere.
pub(super) fn account(ctx: &Context, me: &Me) -> Markup {
    html! {
        details.account name="header" {
            summary {
                (Icon::User.draw())
                span.account-name { (text::hidden("Account: ")) (text::name(&me.user.name)) }
                (Icon::ChevronDown.draw())
            }
            div.menu.account-menu {
                p.account-who { (text::name(&me.user.name)) br; span.muted { (me.user.email) } }
                @if let Some(administration) = &me.administration {
                    p { (status::badge(status::Tone::Neutral, &format!("{} administrator", text::words(administration)))) }
                }
                (theme_choice(ctx))
                form method="post" action="/sign-out" {
                    button.button type="submit" name="scope" value="here" { (Icon::Leave.draw()) span { "Sign out" } }
                    button.button type="submit" name="scope" value="everywhere" { "Sign out everywhere" }
                }
            }
        }
    }
}

fn theme_choice(ctx: &Context) -> Markup {
    html! {
        form.theme method="post" action="/theme" data-theme-form {
            (super::components::field::hidden("next", &ctx.path))
            fieldset {
                legend { "Colours" }
                @for theme in Theme::ALL {
                    button.button.small type="submit" name="theme" value=(theme.as_str())
                        aria-pressed=(ctx.theme == theme) { (text::words(theme.as_str())) }
                }
            }
        }
    }
}
