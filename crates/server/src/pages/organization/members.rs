//! Who has a role in an organization.

use bastide_api::organizations::OrganizationView;
use bastide_api::users::MemberView;
use maud::{Markup, html};

use crate::pages::components::list::{ListText, list};
use crate::pages::components::{state, status, table, text};
use crate::pages::context::{Context, Listing};
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Frame};

/// What the list of members shows.
#[derive(Debug, Clone)]
pub struct MembersPage {
    /// The organization.
    pub organization: OrganizationView,
    /// Who has a role in it.
    pub members: Listing<MemberView>,
}

/// `GET /o/{slug}/members`.
pub fn members(ctx: &Context, view: &MembersPage) -> Markup {
    let path = format!("/o/{}/members", view.organization.slug);
    let words = ListText {
        id: "members",
        path: &path,
        one: "member",
        many: "members",
        nothing_yet: state::empty(
            Icon::Users,
            "Nobody has a role here",
            "Who administers the organization above sees this one without a role of their own.",
            &html! {},
        ),
        searchable: true,
    };
    let body = list(&words, &view.members, member_table);
    let frame = Frame::new("Members", body)
        .crumbs(super::crumbs(&view.organization))
        .lead(html! { "Owner and administrators, and how far down their role reaches." });
    layout::console(ctx, &frame)
}

fn member_table(members: &[MemberView]) -> Markup {
    let rows = members.iter().map(|member| {
        vec![
            html! { span.strong { (text::name(&member.user.name)) } div.slug { (member.user.email) } },
            html! { (status::role(&member.role)) },
            html! { (reach(&member.reach)) },
            status::access(&member.user.access),
            text::time_or(member.expires_at.as_deref(), "Does not end"),
        ]
    });
    table::table(
        "members",
        "People with a role here",
        &["Person", "Role", "Reaches", "Account", "Ends"],
        rows,
    )
}

/// How far a role reaches (ROLE-3), in words.
fn reach(word: &str) -> String {
    match word {
        "here" => "This organization".to_owned(),
        "beneath" => "This organization and all beneath".to_owned(),
        other => text::words(other),
    }
}
