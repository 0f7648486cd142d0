//! What lies beneath an organization, as far as somebody sees it.

use bastide_model::access::Caller;
use bastide_model::{OrganizationId, Result, Timestamp};

use crate::action::ViewOrganization;
use crate::graph::Graph;
use crate::visible::{Scope, Visible};

impl Graph {
    /// The organizations directly beneath one that the caller sees (HIER-4). Each is checked as it would be by itself.
    ///
    /// # Errors
    /// Those of [`Graph::authorize`] for the one above.
    pub fn visible_beneath(
        &self,
        caller: &Caller,
        above: OrganizationId,
        now: Timestamp,
    ) -> Result<Visible<OrganizationId>> {
        self.authorize::<ViewOrganization>(caller, above, now)?;
        Ok(Visible::new(Scope::These(self.children_seen(caller, above, now).collect())))
    }

    /// The organizations beneath one, however deep, to which the caller sees the whole way down (HIER-4): the upper ones
    /// first and at most so many; and whether there are more.
    ///
    /// # Errors
    /// Those of [`Graph::authorize`] for the one above.
    pub fn visible_tree(
        &self,
        caller: &Caller,
        (above, most): (OrganizationId, usize),
        now: Timestamp,
    ) -> Result<(Visible<OrganizationId>, bool)> {
        self.authorize::<ViewOrganization>(caller, above, now)?;
        let mut found: Vec<_> = self.children_seen(caller, above, now).take(most + 1).collect();
        let mut at = 0;
        while let Some(next) = found.get(at).copied().filter(|_| found.len() <= most) {
            found.extend(self.children_seen(caller, next, now));
            at += 1;
        }
        let more = found.len() > most;
        found.truncate(most);
        Ok((Visible::new(Scope::These(found.into_iter().collect())), more))
    }

    fn children_seen<'a>(
        &'a self,
        caller: &'a Caller,
        above: OrganizationId,
        now: Timestamp,
    ) -> impl Iterator<Item = OrganizationId> + 'a {
        let children = self.organizations.get(&above).map_or(&[][..], |node| &node.children);
        let sees = move |id: &OrganizationId| self.authorize::<ViewOrganization>(caller, *id, now).is_ok();
        children.iter().copied().filter(sees)
    }
}
