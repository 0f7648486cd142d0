//! What is one's own: organizations, tokens, sessions, and the billing that one sees to.

mod billing;
mod organization_new;
mod organizations;
mod public_organizations;
mod sessions;
mod tokens;

pub use billing::{BillingPage, BillingsPage, billing, billings};
pub use organization_new::{NewOrganizationPage, OrganizationForm, new_organization};
pub(super) use organization_new::{annotation_rows, description_area, slug_field, visibility_choice};
pub(super) use organizations::organization_table;
pub use organizations::{OrganizationsPage, organizations};
pub use public_organizations::{PublicOrganizationsPage, public_organizations};
pub use sessions::{SessionsPage, sessions};
pub use tokens::{TokenForm, TokensPage, tokens};
