//! What lies directly beneath an organization, as far as somebody sees it.

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
        let children = self.organizations.get(&above).map_or(&[][..], |node| &node.children);
        let sees = |id: &&OrganizationId| self.authorize::<ViewOrganization>(caller, **id, now).is_ok();
        Ok(Visible::new(Scope::These(children.iter().filter(sees).copied().collect())))
    }
}
