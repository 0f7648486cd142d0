//! An organization with everything beneath it that the reader sees, as a tree (HIER-1, HIER-4).

use bastide_api::organizations::OrganizationView;
use bastide_model::limits::TREE_DEPTH_MAX;
use maud::{Markup, html};

use crate::pages::components::status::{self, Tone, callout};
use crate::pages::components::{button, state, text};
use crate::pages::context::Context;
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Frame};
use crate::pages::navigation::offers;

/// What the tree shows.
#[derive(Debug, Clone)]
pub struct TreePage {
    /// The organization at the top.
    pub organization: OrganizationView,
    /// What lies beneath it, in the order of lists.
    pub all: Vec<OrganizationView>,
    /// Whether there is more, further down.
    pub is_cut: bool,
}

/// `GET /o/{slug}/tree`.
pub fn tree(ctx: &Context, view: &TreePage) -> Markup {
    let organization = &view.organization;
    let create = html! {
        @if offers(organization, "create_beneath") {
            (button::link(&format!("/me/organizations/new?parent={}", organization.slug), "Create sub-organization"))
        }
    };
    let is_alone = children(&view.all, organization).next().is_none();
    let body = html! {
        @if view.is_cut {
            (callout(Tone::Neutral, "This is not all of it", &html! {
                p { "It shows " (view.all.len()) " organizations, the upper levels first. Open the tree of one of them to see more, or "
                    a href="/me/organizations" { "search all of them" } "." }
            }))
        }
        @if is_alone {
            (state::empty(Icon::Tree, "Nothing beneath it", "A sub-organization has its own people, teams, projects and plan.", &create))
        } @else {
            ul.tree { (branch(view, organization, TREE_DEPTH_MAX)) }
        }
    };
    let actions = if is_alone {
        html! {}
    } else {
        create
    };
    let frame = Frame::new("Tree", body)
        .crumbs(super::crumbs(organization))
        .lead(html! { "This organization, and everything beneath it that you see." })
        .actions(actions);
    layout::console(ctx, &frame)
}

fn children<'a>(
    all: &'a [OrganizationView],
    of: &'a OrganizationView,
) -> impl Iterator<Item = &'a OrganizationView> {
    all.iter().filter(|one| one.parent.as_deref() == Some(of.id.as_str()))
}

/// One organization with what lies beneath it, `levels` deep at most: no tree is deeper than the limit.
fn branch(view: &TreePage, organization: &OrganizationView, levels: usize) -> Markup {
    let mut beneath = children(&view.all, organization).peekable();
    html! {
        li {
            div.tree-row {
                a.strong href={ "/o/" (organization.slug) } { (text::name(&organization.name)) }
                span.slug { (organization.slug) }
                @if let Some(role) = &organization.role { span.muted { (status::role(role)) } }
                @if organization.state != "active" { (status::organization(&organization.state)) }
            }
            @if levels > 0 && beneath.peek().is_some() {
                ul { @for one in beneath { (branch(view, one, levels - 1)) } }
            }
        }
    }
}
