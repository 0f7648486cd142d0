//! Previews of moves, and what blocks a deletion.

use bastide_api::tree::{AccessChange, DeletionView, MovePreview, NamedOrganization};

use super::{named, yes};
use crate::output::{Detailed, Details, Named};

named! {
    MovePreview = organization.slug;
    DeletionView = organization.slug;
}

impl Detailed for MovePreview {
    fn details(&self) -> Details {
        let slug = |place: &Option<NamedOrganization>, nothing: &str| {
            place.as_ref().map_or_else(|| nothing.to_owned(), |place| place.slug.clone())
        };
        let left_out = (self.changes_left_out > 0).then(|| self.changes_left_out.to_string());
        Details::default()
            .field("Organization", &self.organization.slug)
            .field("From", slug(&self.from, "the root, or what you do not see"))
            .field("To", slug(&self.to, "the root"))
            .field("Organizations moved", self.organizations.to_string())
            .field("Depth", self.depth.to_string())
            .optional("Changes left out", left_out)
            .field("ETag", &self.etag)
            .table(
                "Who gains and loses what",
                &["PERSON", "BEFORE", "AFTER", "GAINS", "LOSES", "WHERE"],
                self.changes.iter().map(change_row),
            )
    }
}

fn change_row(change: &AccessChange) -> Vec<String> {
    let role = |role: &Option<String>| role.clone().unwrap_or_else(|| "none".to_owned());
    let mut places: Vec<_> = change.organizations.iter().map(|one| one.slug.clone()).collect();
    let more = change.organizations_total.saturating_sub(places.len() as u64);
    if more > 0 {
        places.push(format!("{more} more"));
    }
    vec![
        change.email.clone(),
        role(&change.role_before),
        role(&change.role_after),
        change.gained.join(","),
        change.lost.join(","),
        places.join(","),
    ]
}

impl Detailed for DeletionView {
    fn details(&self) -> Details {
        let rows = self.blockers.iter().map(|one| vec![one.kind.clone(), one.slug.clone(), one.name.clone()]);
        let unnamed = self.blockers_unnamed;
        Details::default()
            .field("Organization", &self.organization.slug)
            .field("State", &self.state)
            .field("Can be deleted", yes(self.possible))
            .optional("Others that block", (unnamed > 0).then(|| unnamed.to_string()))
            .field("ETag", &self.etag)
            .table("What blocks", &["KIND", "SLUG", "NAME"], rows)
    }
}
