//! Who belongs to an organization and by what, with what is done about it: give a role, change or take away one, remove
//! somebody.

use bastide_api::Problem;
use bastide_api::members::{AccessSource, AssignmentChange, MemberView, Named, NewAssignment, Reach};
use bastide_api::organizations::OrganizationView;
use bastide_api::roles::RoleView;
use maud::{Markup, html};

use crate::pages::components::confirm::{Confirm, confirm};
use crate::pages::components::field::{Choice, Field, Radios, Select, hidden};
use crate::pages::components::list::{ListText, encode, list};
use crate::pages::components::problem::Errors;
use crate::pages::components::status::{Tone, badge, callout};
use crate::pages::components::{button, state, status, table, text};
use crate::pages::context::{Context, Listing};
use crate::pages::forms::Fields;
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Frame};
use crate::pages::navigation::offers;

/// What was typed about a role for somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssignmentForm {
    /// Who: address or id.
    pub user: String,
    /// Which role.
    pub role: String,
    /// Whether it reaches beneath.
    pub beneath: bool,
    /// When it ends: a day or a time; empty for never.
    pub expires_at: String,
}

impl AssignmentForm {
    /// Reads the fields `user`, `role`, `reach` (`here` or `beneath`) and `expires_at`.
    pub fn parse(fields: &Fields) -> Self {
        Self {
            user: fields.text("user"),
            role: fields.text("role"),
            beneath: fields.text("reach") == "beneath",
            expires_at: fields.text("expires_at"),
        }
    }

    fn reach(&self) -> Reach {
        if self.beneath { Reach::Beneath } else { Reach::Here }
    }

    /// The request for a new grant.
    pub fn to_new(&self) -> NewAssignment {
        NewAssignment {
            user: self.user.clone(),
            role: self.role.clone(),
            reach: Some(self.reach()),
            expires_at: (!self.expires_at.is_empty()).then(|| end(&self.expires_at)),
        }
    }

    /// The request that changes one. What is empty does not end.
    pub fn to_change(&self) -> AssignmentChange {
        let never = self.expires_at.is_empty();
        let expires_at = if never { "never".to_owned() } else { end(&self.expires_at) };
        AssignmentChange { reach: Some(self.reach()), expires_at: Some(expires_at) }
    }
}

/// A day is its beginning.
fn end(typed: &str) -> String {
    let is_day = typed.len() == 10 && typed.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if is_day { format!("{typed}T00:00:00Z") } else { typed.to_owned() }
}

/// What the list of members shows.
#[derive(Debug, Clone)]
pub struct MembersPage {
    /// The organization.
    pub organization: OrganizationView,
    /// Who belongs to it.
    pub members: Listing<MemberView>,
    /// By what they are to have access; empty for all.
    pub source: String,
    /// With which role; empty for all.
    pub role: String,
    /// The custom roles that can be given here, as far as the reader sees them.
    pub roles: Vec<RoleView>,
    /// What was typed about a role for somebody.
    pub form: AssignmentForm,
    /// Why the page comes back.
    pub problem: Option<Problem>,
}

const SOURCES: [(&str, &str); 4] = [
    ("", "Everybody"),
    ("direct", "Role given here"),
    ("inherited", "Role from above"),
    ("team", "By a team"),
];
const ROLES: [(&str, &str); 6] = [
    ("", "Any role"),
    ("owner", "Owner"),
    ("administrator", "Administrator"),
    ("custom", "Custom role"),
    ("member", "Member"),
    ("none", "None (ended)"),
];

/// `GET` and `POST /o/{slug}/members`.
pub fn members(ctx: &Context, view: &MembersPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let base = format!("/o/{}", view.organization.slug);
    let filtered = !(view.source.is_empty() && view.role.is_empty());
    let path = filtered_path(&base, &view.source, &view.role);
    let (title, sentence) = if filtered {
        ("Nobody has access like that", "Choose another source or role above, or all of them.")
    } else {
        (
            "Nobody belongs to it",
            "Who administers the organization above sees this one without a role of their own.",
        )
    };
    let words = ListText {
        id: "members",
        path: &path,
        one: "member",
        many: "members",
        nothing_yet: state::empty(Icon::Users, title, sentence, &html! {}),
        searchable: false,
    };
    let body = html! {
        (errors.summary(&[("/user", "user"), ("/role", "role"), ("/expires_at", "expires_at")]))
        (choose(view, &base))
        (list(&words, &view.members, |items| member_table(&base, items)))
        @if offers(&view.organization, "assign") { (give(view, &base, errors)) }
    };
    let frame = Frame::new("Members", body)
        .crumbs(super::crumbs(&view.organization))
        .lead(html! { "Everybody who has access here, and what gives it to them." })
        .failed(errors.any());
    layout::console(ctx, &frame)
}

fn filtered_path(base: &str, source: &str, role: &str) -> String {
    let parts: Vec<_> = [("source", source), ("role", role)]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    if parts.is_empty() { format!("{base}/members") } else { format!("{base}/members?{}", parts.join("&")) }
}

/// Search and filters in one form, so that none is lost by using another.
fn choose(view: &MembersPage, base: &str) -> Markup {
    let search = view.members.query.search.as_deref().unwrap_or_default();
    let select = |name: &str, label: &str, choices: &[(&str, &str)], chosen: &str| {
        html! {
            label.visually-hidden for={ "members-" (name) } { (label) }
            select id={ "members-" (name) } name=(name) {
                @for (value, words) in choices { option value=(value) selected[*value == chosen] { (words) } }
            }
        }
    };
    html! {
        form.search method="get" action={ (base) "/members" } role="search" {
            label.visually-hidden for="members-search" { "Search members" }
            span.search-field {
                (Icon::Search.draw())
                input type="search" id="members-search" name="search" value=(search) maxlength="100"
                    placeholder="Search members" autocomplete="off";
            }
            (select("source", "Where access comes from", &SOURCES, &view.source))
            (select("role", "Role", &ROLES, &view.role))
            button.button type="submit" { "Search" }
        }
    }
}

fn member_table(base: &str, members: &[MemberView]) -> Markup {
    let rows = members.iter().map(|member| {
        vec![
            html! { span.strong { (text::name(&member.user.name)) } div.slug { (member.user.email) } },
            html! { (status::role(&member.role)) },
            html! { ul.plain { @for source in &member.sources { li { (origin(base, member, source)) } } } },
            status::access(&member.user.access),
            removal(base, member),
        ]
    });
    let columns = ["Person", "Role", "Access comes from", "Account", "Actions"];
    table::table("members", "People with access here", &columns, rows)
}

fn origin(base: &str, member: &MemberView, source: &AccessSource) -> Markup {
    match source {
        AccessSource::Direct {
            assignment,
            role,
            custom_role,
            reach: how_far,
            expires_at,
            in_force,
            etag,
            actions,
        } => {
            let changes = actions.iter().any(|action| action == "update");
            let withdraws = actions.iter().any(|action| action == "withdraw");
            html! {
                (named_role(role, custom_role.as_ref())) ", given here: " (reach(how_far)) (ends(expires_at.as_deref()))
                @if !in_force { " " (badge(Tone::Warn, "Ended")) }
                @if changes { (change(base, member, ((assignment, etag), how_far, expires_at.as_deref()))) }
                @if withdraws { (withdrawal(base, member, assignment)) }
            }
        }
        AccessSource::Inherited { organization, role, expires_at } => html! {
            (status::role(role)) " of "
            a href={ "/o/" (organization.slug) "/members" } { (text::name(&organization.name)) }
            (ends(expires_at.as_deref()))
        },
        AccessSource::Team { team, role } => html! {
            (text::words(role)) " in "
            @match team { Some(team) => { "the team " (text::name(&team.name)) }, None => { "a team" } }
        },
    }
}

fn named_role(role: &str, custom: Option<&Named>) -> Markup {
    if let Some(custom) = custom {
        text::name(&custom.name)
    } else {
        html! { (status::role(role)) }
    }
}

fn ends(end: Option<&str>) -> Markup {
    html! { @if let Some(end) = end { ", until " (text::time_or(Some(end), "")) } }
}

/// How far a role reaches (ROLE-3), in words.
fn reach(word: &str) -> String {
    match word {
        "here" => "this organization".to_owned(),
        "beneath" => "this organization and all beneath".to_owned(),
        other => text::words(other),
    }
}

fn change(
    base: &str,
    member: &MemberView,
    ((id, etag), how_far, end): ((&str, &str), &str, Option<&str>),
) -> Markup {
    let (reaches, until) = (format!("reach-{id}"), format!("expires-{id}"));
    html! {
        details {
            summary { "Change" span.visually-hidden { ": role of " bdi { (member.user.name) } } }
            form.stack method="post" action={ (base) "/assignments/" (id) } {
                (hidden("etag", etag))
                label for=(reaches) { "Reaches" }
                select id=(reaches) name="reach" {
                    option value="here" selected[how_far == "here"] { "This organization" }
                    option value="beneath" selected[how_far == "beneath"] { "This organization and all beneath" }
                }
                label for=(until) { "Ends (a day such as 2027-01-31, or a time; empty for never)" }
                input type="text" id=(until) name="expires_at" value=(end.unwrap_or_default()) maxlength="64"
                    autocomplete="off";
                (button::submit("Save"))
            }
        }
    }
}

fn withdrawal(base: &str, member: &MemberView, id: &str) -> Markup {
    confirm(&Confirm {
        id: &format!("withdraw-{id}"),
        trigger: "Take away",
        about: &member.user.name,
        title: "Take this role away?",
        consequences: html! { p { "What it allows ends at once; other sources of access stay." } },
        action: &format!("{base}/assignments/{id}/withdraw"),
        fields: html! {},
        verb: "Take the role away",
    })
}

fn removal(base: &str, member: &MemberView) -> Markup {
    if !member.actions.iter().any(|action| action == "remove") {
        return html! { span.muted { "—" } };
    }
    let id = &member.user.id;
    confirm(&Confirm {
        id: &format!("remove-{id}"),
        trigger: "Remove",
        about: &member.user.name,
        title: "Remove this member?",
        consequences: html! { p { "Every role and every team that they have here ends at once. What they made stays." } },
        action: &format!("{base}/members/{id}/remove"),
        fields: html! {},
        verb: "Remove the member",
    })
}

fn give(view: &MembersPage, base: &str, errors: Errors<'_>) -> Markup {
    let form = &view.form;
    let custom = view.roles.iter().map(|role| (role.id.clone(), format!("{} ({})", role.name, role.slug)));
    let choices =
        std::iter::once(("administrator".to_owned(), "Administrator".to_owned())).chain(custom).collect();
    html! {
        section.section aria-labelledby="give-title" {
            h2 id="give-title" { "Give somebody a role" }
            form.form.card method="post" action={ (base) "/members" } {
                (Field::new("user", "Person", &form.user).longest(254)
                    .hint(html! { "E-mail address or id of somebody whom you see in an organization already." }).render(errors))
                (Select {
                    name: "role",
                    label: "Role",
                    pointer: "/role",
                    hint: html! { a href={ (base) "/roles" } { "What each role allows" } },
                    choices,
                    chosen: &form.role,
                }.render(errors))
                (Radios {
                    name: "reach",
                    legend: "How far it reaches",
                    pointer: "/reach",
                    choices: vec![
                        Choice { value: "here", label: html! { "This organization" }, hint: html! { "Nothing of what lies beneath." } },
                        Choice { value: "beneath", label: html! { "This organization and all beneath" }, hint: html! { "Also what is created there later." } },
                    ],
                    chosen: if form.beneath { "beneath" } else { "here" },
                }.render(errors))
                (Field::new("expires_at", "Ends", &form.expires_at).optional().longest(64)
                    .hint(html! { "A day such as 2027-01-31, or a time; empty for never." }).render(errors))
                div.actions { (button::submit("Give the role")) }
            }
        }
    }
}

/// What the page shows on which somebody leaves an organization (ORG-9).
#[derive(Debug, Clone)]
pub struct LeaveOrganizationPage {
    /// The organization.
    pub organization: OrganizationView,
    /// Why it comes back.
    pub problem: Option<Problem>,
}

/// `GET` and `POST /o/{slug}/leave`.
pub fn leave_organization(ctx: &Context, view: &LeaveOrganizationPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let address = format!("/o/{}", view.organization.slug);
    let body = html! {
        (errors.summary(&[]))
        @if offers(&view.organization, "leave") { (leave_form(view, &address)) } @else { (no_leaving(view, &address)) }
    };
    let frame = Frame::new("Leave the organization", body)
        .crumbs(super::crumbs(&view.organization))
        .failed(errors.any());
    layout::console(ctx, &frame)
}

fn leave_form(view: &LeaveOrganizationPage, address: &str) -> Markup {
    html! {
        form.form.card method="post" action={ (address) "/leave" } {
            p { "Your roles and your teams in " (text::name(&view.organization.name)) " end at once, and with them what you may \
                 do in its projects. What you made there stays with the organization." }
            p.hint { "To come back, somebody who administers it has to give you a role again." }
            div.actions {
                (button::link(address, "Stay"))
                button.button.danger.solid type="submit" { "Leave organization" }
            }
        }
    }
}

/// Why there is nothing to confirm.
fn no_leaving(view: &LeaveOrganizationPage, address: &str) -> Markup {
    let (title, sentence) = if view.organization.role.as_deref() == Some("owner") {
        ("You are its owner", "An organization has exactly one owner, and an owner does not leave.")
    } else {
        (
            "There is nothing to leave",
            "You have no role and no team in it: what you may do here comes from above.",
        )
    };
    html! {
        (callout(Tone::Neutral, title, &html! { p { (sentence) } }))
        div.actions {
            (button::link(address, "Back to the organization"))
            @if offers(&view.organization, "delete") { (button::link(&format!("{address}/delete"), "Delete it")) }
        }
    }
}
