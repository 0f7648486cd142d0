//! The teams of an organization, and one of them with who is in it (ROLE-2, ROLE-8).

use bastide_api::Problem;
use bastide_api::organizations::OrganizationView;
use bastide_api::teams::{TeamMemberView, TeamView};
use maud::{Markup, html};

use super::groups::{GroupForm, ROLES, delete_group, group_fields, making, role_form};
use crate::pages::components::confirm::{Confirm, confirm};
use crate::pages::components::field::{Field, Select};
use crate::pages::components::list::{ListText, list};
use crate::pages::components::problem::Errors;
use crate::pages::components::{button, state, status, table, text};
use crate::pages::context::{Context, Listing};
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Crumb, Frame};
use crate::pages::navigation::offers;

/// What the list of teams shows.
#[derive(Debug, Clone)]
pub struct TeamsPage {
    /// The organization.
    pub organization: OrganizationView,
    /// The teams that the reader sees.
    pub teams: Listing<TeamView>,
    /// What was typed about a new one.
    pub form: GroupForm,
    /// Why the form comes back.
    pub problem: Option<Problem>,
}

/// `GET /o/{slug}/teams`.
pub fn teams(ctx: &Context, view: &TeamsPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let path = format!("/o/{}/teams", view.organization.slug);
    let may_create = offers(&view.organization, "create_team");
    let words = ListText {
        id: "teams",
        path: &path,
        one: "team",
        many: "teams",
        nothing_yet: state::empty(
            Icon::Users,
            "No teams yet",
            if may_create {
                "A team gives the people in it access to projects. Make the first one below."
            } else {
                "You are in no team here. Whoever administers the organization can put you into one."
            },
            &html! {},
        ),
        searchable: true,
    };
    let body = html! {
        (errors.summary(&[("/name", "name"), ("/slug", "slug"), ("/description", "description")]))
        (list(&words, &view.teams, |teams| team_table(&path, teams)))
        @if may_create { (making("New team", &path, &group_fields(&view.form, None, errors), "Create team")) }
    };
    let frame = Frame::new("Teams", body)
        .crumbs(super::crumbs(&view.organization))
        .lead(html! { "People who work together, and what they have access to." })
        .failed(errors.any());
    layout::console(ctx, &frame)
}

fn team_table(path: &str, teams: &[TeamView]) -> Markup {
    let rows = teams.iter().map(|team| {
        vec![
            html! { a.strong href={ (path) "/" (team.slug) } { (text::name(&team.name)) } div.slug { (team.slug) } },
            html! { @match &team.role { Some(role) => (text::words(role)), None => (text::muted("Not in it")) } },
            text::time(&team.created_at),
        ]
    });
    table::table("teams", "Teams", &["Team", "You are", "Made"], rows)
}

/// What the page of a team shows.
#[derive(Debug, Clone)]
pub struct TeamPage {
    /// The organization.
    pub organization: OrganizationView,
    /// The team.
    pub team: TeamView,
    /// Who is in it, or why the reader does not see that.
    pub members: Listing<TeamMemberView>,
    /// Name and description as they were typed, or as they are.
    pub form: GroupForm,
    /// Who was to come into it.
    pub user: String,
    /// As what.
    pub role: String,
    /// What was typed to delete it.
    pub confirm: String,
    /// Why a form comes back.
    pub problem: Option<Problem>,
}

impl TeamPage {
    fn may(&self, action: &str) -> bool {
        self.team.actions.iter().any(|one| one == action)
    }
}

/// `GET /o/{slug}/teams/{team}`.
pub fn team(ctx: &Context, view: &TeamPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let all = format!("/o/{}/teams", view.organization.slug);
    let path = format!("{all}/{}", view.team.slug);
    let body = html! {
        (errors.summary(&[("/name", "name"), ("/description", "description"), ("/user", "user"), ("/role", "role"),
            ("/confirm", "confirm")]))
        @if !view.team.description.is_empty() { p.prose { (text::name(&view.team.description)) } }
        (own_place(ctx, view, &path))
        section.section aria-labelledby="members-title" {
            h2 id="members-title" { "Members" }
            (members(view, &path))
        }
        @if view.may("assign_members") { (add(view, &path, errors)) }
        @if view.may("update") { (change(view, &path, errors)) }
        @if view.may("delete") { (end(view, &path, errors)) }
    };
    let mut crumbs = super::crumbs(&view.organization);
    crumbs.push(Crumb::new(all, "Teams"));
    let why = format!("/o/{}/access?team={}", view.organization.slug, view.team.slug);
    let frame = Frame::new(&view.team.name, body)
        .crumbs(crumbs)
        .actions(button::link(&why, "Explain access"))
        .failed(errors.any());
    layout::console(ctx, &frame)
}

fn own_place(ctx: &Context, view: &TeamPage, path: &str) -> Markup {
    let Some(role) = &view.team.role else { return html! {} };
    let me = ctx.me.as_ref().map(|me| me.user.id.as_str()).unwrap_or_default();
    html! {
        div.section-head {
            p { "You are in it as " (text::words(role).to_lowercase()) "." }
            @if view.may("leave") {
                (confirm(&Confirm {
                    id: "leave",
                    trigger: "Leave team",
                    about: "",
                    title: "Leave this team?",
                    consequences: html! { p { "You lose what you have by it, at once. Somebody else has to take you in again." } },
                    action: &format!("{path}/members/{me}/remove"),
                    fields: html! {},
                    verb: "Leave team",
                }))
            }
        }
    }
}

fn members(view: &TeamPage, path: &str) -> Markup {
    let words = ListText {
        id: "members",
        path,
        one: "member",
        many: "members",
        nothing_yet: state::empty(
            Icon::Users,
            "Nobody is in it",
            "Whoever comes in is a member of the organization from that moment on.",
            &html! {},
        ),
        searchable: true,
    };
    list(&words, &view.members, |members| member_table(path, members))
}

fn member_table(path: &str, members: &[TeamMemberView]) -> Markup {
    let rows = members.iter().map(|member| {
        let may = |action: &str| member.actions.iter().any(|one| one == action);
        let (id, name) = (&member.user.id, &member.user.name);
        let one = format!("{path}/members/{id}");
        vec![
            html! {
                span.strong { (text::name(name)) } div.slug { (member.user.email) }
                @if member.user.access != "enabled" { (status::access(&member.user.access)) }
            },
            html! {
                @if may("update") { (role_form(&one, (&format!("role-{id}"), name), &member.role)) }
                @else { (text::words(&member.role)) }
            },
            text::time(&member.since),
            html! { @if may("remove") { (remove(&one, member)) } @else { (text::muted("—")) } },
        ]
    });
    table::table("members", "People in this team", &["Person", "Role", "Since", "Actions"], rows)
}

fn remove(path: &str, member: &TeamMemberView) -> Markup {
    confirm(&Confirm {
        id: &format!("remove-{}", member.user.id),
        trigger: "Remove",
        about: &member.user.name,
        title: "Take them out of this team?",
        consequences: html! { p { bdi { (member.user.name) } " loses what this team gives, at once." } },
        action: &format!("{path}/remove"),
        fields: html! {},
        verb: "Remove from team",
    })
}

fn add(view: &TeamPage, path: &str, errors: Errors<'_>) -> Markup {
    let fields = html! {
        (Field::new("user", "E-mail address", &view.user).longest(254)
            .hint(html! { "Of an account that you see somewhere else already." }).render(errors))
        (Select {
            name: "role",
            label: "Role",
            pointer: "/role",
            hint: html! { "Administrators look after the members of the team." },
            choices: ROLES.map(|(value, words)| (value.to_owned(), words.to_owned())).to_vec(),
            chosen: &view.role,
        }.render(errors))
    };
    making("Put somebody in", &format!("{path}/members"), &fields, "Add to team")
}

fn change(view: &TeamPage, path: &str, errors: Errors<'_>) -> Markup {
    html! {
        section.section aria-labelledby="change" {
            h2 id="change" { "Settings" }
            form.form.card method="post" action=(path) {
                (group_fields(&view.form, Some(&view.team.etag), errors))
                div.actions { (button::submit("Save changes")) }
            }
        }
    }
}

fn end(view: &TeamPage, path: &str, errors: Errors<'_>) -> Markup {
    let consequences = html! { p { "Its members lose what they have by it, at once. It cannot be undone." } };
    let hint = html! { "Needed only when projects are left without any team." };
    delete_group(
        ("team", &view.team.name, &view.team.slug),
        (&format!("{path}/delete"), &view.confirm),
        (consequences, hint),
        errors,
    )
}
