//! Samples of the pages on which an organization is moved.

use bastide_api::organizations::OrganizationView;
use bastide_api::tree::{AccessChange, BlockerView, MovePreview, NamedOrganization};
use maud::Markup;

use super::data;
use crate::pages::{MovePage, ROOT, TreePage, relocation, tree};

pub(super) fn samples() -> Vec<(&'static str, Markup)> {
    let organization = data::organization("acme");
    let ctx = data::within(&organization, "/o/acme/move");
    let choice = MovePage {
        organization,
        places: vec![data::named("holding", "Holding"), data::named("cairo", data::RIGHT_TO_LEFT)],
        is_cut: false,
        to: String::new(),
        preview: None,
        typed: String::new(),
        problem: None,
    };
    let wrong = MovePage {
        to: "none".into(),
        problem: Some(data::invalid(&[("/parent", "there is no such organization for you")])),
        ..choice.clone()
    };
    let confirm = MovePage { to: "holding".into(), preview: Some(preview()), ..choice.clone() };
    let quiet = MovePreview { from: None, to: None, changes: Vec::new(), changes_left_out: 0, ..preview() };
    let mistyped = MovePage {
        typed: "acne".into(),
        problem: Some(data::invalid(&[("/confirm", "type the slug `acme` to confirm")])),
        ..confirm.clone()
    };
    let quiet = MovePage { to: ROOT.into(), preview: Some(quiet), ..choice.clone() };
    let top = data::organization("acme");
    let beneath = |slug: &str, name: &str, above: &str| OrganizationView {
        parent: Some(data::organization(above).id),
        ..data::named(slug, name)
    };
    let ending = OrganizationView { state: "deleting".into(), ..beneath("end", "Ending", "rail") };
    let all = vec![
        top.clone(),
        beneath("rail", data::MARKUP, "acme"),
        beneath("cairo", data::RIGHT_TO_LEFT, "rail"),
        ending,
        beneath("long", &data::longest_name(), "acme"),
    ];
    let inside = data::within(&top, "/o/acme/tree");
    let alone = TreePage { organization: top.clone(), all: Vec::new(), is_cut: false };
    let grown = TreePage { all, ..alone.clone() };
    vec![
        ("tree", tree(&inside, &grown)),
        ("tree-alone", tree(&inside, &alone)),
        ("tree-cut", tree(&inside, &TreePage { is_cut: true, ..grown })),
        ("move", relocation(&ctx, &choice)),
        ("move-nowhere", relocation(&ctx, &MovePage { places: Vec::new(), ..choice })),
        ("move-errors", relocation(&ctx, &wrong)),
        ("move-typed", relocation(&ctx, &MovePage { is_cut: true, ..wrong.clone() })),
        ("move-preview", relocation(&ctx, &confirm)),
        ("move-preview-quiet", relocation(&ctx, &quiet)),
        ("move-preview-errors", relocation(&ctx, &mistyped)),
    ]
}

fn short(slug: &str, name: &str) -> NamedOrganization {
    NamedOrganization { id: data::organization(slug).id, slug: slug.into(), name: name.into() }
}

pub(super) fn blocker(slug: &str, name: &str) -> BlockerView {
    let NamedOrganization { id, slug, name } = short(slug, name);
    BlockerView { kind: "organization".into(), link: format!("/v1/organizations/{id}"), id, slug, name }
}

/// What a move would do, to names that try to break the page as well.
fn preview() -> MovePreview {
    let gains = AccessChange {
        user: "usr_01jd0000000000000000000ada".into(),
        email: "ada@example.org".into(),
        name: data::RIGHT_TO_LEFT.into(),
        role_before: None,
        role_after: Some("owner".into()),
        gained: data::texts(&["organizations.view", "organizations.update", "members.view"]),
        lost: Vec::new(),
        organizations_total: 24,
        organizations: vec![short("acme", "Acme Works"), short("rail", data::MARKUP)],
    };
    let loses = AccessChange {
        email: "lena@example.org".into(),
        name: data::longest_name(),
        role_before: Some("administrator".into()),
        role_after: None,
        gained: Vec::new(),
        lost: data::texts(&["organizations.view"]),
        organizations_total: 1,
        organizations: vec![short("acme", "Acme Works")],
        ..gains.clone()
    };
    MovePreview {
        organization: short("acme", "Acme Works"),
        from: Some(short("north", "North")),
        to: Some(short("holding", "Holding")),
        organizations: 24,
        depth: 3,
        changes: vec![gains, loses],
        changes_left_out: 7,
        etag: "\"12\"".into(),
    }
}
