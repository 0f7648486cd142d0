//! Pages of the installation, under `/platform`.

mod authority;
mod client_organizations;
mod cluster;
mod clusters;
mod gateway;
mod gateways;
mod join;
mod licence;
mod plans;
mod users;

pub use authority::{AuthorityPage, authority};
pub use client_organizations::{ClientOrganizationsPage, client_organizations};
pub use cluster::{ClusterPage, cluster};
pub use clusters::{AcceptForm, ClustersPage, Refusal, clusters};
pub use gateway::{GatewayPage, gateway};
pub use gateways::{GatewayForm, ListenerRow};
pub use join::{JoinPage, join};
pub use plans::{PlansPage, plans};
pub use users::{NewUserPage, UsersPage, new_user, users};
