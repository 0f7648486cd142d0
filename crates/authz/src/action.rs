//! Every action there is: what it is called, on what, and which permission it needs. The audit log's operation and the
//! API's operation id are the same word.

use bastide_model::{ClusterId, HubId, OrganizationId, Permission, ProjectId, RoleId, TeamId, UserId};

use crate::target::{Billing, Commons, Own, Realm, Site, Target};

/// Something that can be done to a target.
pub trait Action: Send + Sync + 'static {
    /// What it is done to.
    type Target: Target;
    /// What is needed for it.
    const PERMISSION: Permission;
    /// Its name: noun, then verb.
    const OPERATION: &'static str;
}

/// An action as a value, for the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub operation: &'static str,
    /// What is needed for it.
    pub permission: Permission,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident on $target:ty, $operation:literal, $permission:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl Action for $name {
                type Target = $target;
                const PERMISSION: Permission = Permission::$permission;
                const OPERATION: &'static str = $operation;
            }
        )*

        /// Every action, in the order of the registry.
        pub const ALL: &[Described] = &[
            $(Described { operation: $operation, permission: Permission::$permission },)*
        ];
    };
}

actions! {
    /// See an organization.
    ViewOrganization on OrganizationId, "organization_view", OrganizationsView;
    /// See which organizations of one's realm are public (ORG-4).
    ViewPublicOrganizations on Commons, "public_organization_list", OrganizationsView;
    /// See what a public organization tells everybody in its realm (ORG-4).
    ViewPublicOrganization on Commons, "public_organization_view", OrganizationsView;
    /// Create an organization beneath another (ORG-5).
    CreateOrganization on OrganizationId, "organization_create", OrganizationsCreate;
    /// Create an organization at the root of a realm (ORG-2).
    CreateRootOrganization on Commons, "organization_create_root", OrganizationsCreate;
    /// Change an organization (ORG-7).
    UpdateOrganization on OrganizationId, "organization_update", OrganizationsUpdate;
    /// Delete an organization (ORG-8).
    DeleteOrganization on OrganizationId, "organization_delete", OrganizationsDelete;
    /// Move an organization with everything beneath it (HIER-4). What it leaves and where it arrives have to allow it, too:
    /// see [`ChangeChildren`].
    MoveOrganization on OrganizationId, "organization_move", OrganizationsMove;
    /// Let an organization leave from beneath another, or come beneath it (HIER-4).
    ChangeChildren on OrganizationId, "organization_children_change", OrganizationsMove;
    /// Say which host names an organization owns (FLEET-5).
    UpdateHostNames on OrganizationId, "host_names_update", HostNamesUpdate;
    /// See who belongs to an organization, and by what.
    ViewMembers on OrganizationId, "member_list", MembersView;
    /// Give somebody a role (ROLE-3, ROLE-7).
    AssignRole on OrganizationId, "assignment_create", MembersAssign;
    /// Say anew how far somebody's role reaches and when it ends (ROLE-3, ROLE-9).
    UpdateAssignment on OrganizationId, "assignment_update", MembersAssign;
    /// Take a role away from somebody (ROLE-7).
    WithdrawRole on OrganizationId, "assignment_delete", MembersAssign;
    /// Remove somebody from an organization: every role and every team there (INV-5).
    RemoveMember on OrganizationId, "member_delete", MembersDelete;
    /// Leave an organization (ORG-9).
    LeaveOrganization on OrganizationId, "organization_leave", OrganizationsView;
    /// See the custom roles that can be given at an organization (ROLE-6).
    ViewRoles on OrganizationId, "role_list", RolesView;
    /// Define a custom role (ROLE-6).
    CreateRole on OrganizationId, "role_create", RolesCreate;
    /// See a custom role.
    ViewRole on RoleId, "role_view", RolesView;
    /// Change a custom role, and with it what everybody may do who has it (ROLE-6).
    UpdateRole on RoleId, "role_update", RolesUpdate;
    /// Delete a custom role that nobody has.
    DeleteRole on RoleId, "role_delete", RolesDelete;
    /// See the teams of an organization: all, or one's own (ROLE-2).
    ViewTeams on OrganizationId, "team_list", OrganizationsView;
    /// Create a team.
    CreateTeam on OrganizationId, "team_create", TeamsCreate;
    /// See a team.
    ViewTeam on TeamId, "team_view", TeamsView;
    /// Change a team.
    UpdateTeam on TeamId, "team_update", TeamsUpdate;
    /// Delete a team (INV-5).
    DeleteTeam on TeamId, "team_delete", TeamsDelete;
    /// See who is in a team (ROLE-8).
    ViewTeamMembers on TeamId, "team_member_list", MembersView;
    /// Put somebody into a team, or change what they are in it (ROLE-8).
    AssignTeamMember on TeamId, "team_member_set", MembersAssign;
    /// Take somebody out of a team (ROLE-8).
    RemoveTeamMember on TeamId, "team_member_delete", MembersDelete;
    /// Leave a team (ORG-9).
    LeaveTeam on TeamId, "team_leave", TeamsView;
    /// See the projects of an organization: all, or those of one's teams (ROLE-2).
    ViewProjects on OrganizationId, "project_list", OrganizationsView;
    /// Create a project (WORK-1).
    CreateProject on OrganizationId, "project_create", ProjectsCreate;
    /// See a project.
    ViewProject on ProjectId, "project_view", ProjectsView;
    /// Change a project.
    UpdateProject on ProjectId, "project_update", ProjectsUpdate;
    /// Delete a project (WORK-1).
    DeleteProject on ProjectId, "project_delete", ProjectsDelete;
    /// Give a team a role on a project (WORK-1).
    AssignProjectTeam on ProjectId, "project_team_set", ProjectsAssign;
    /// Take a team's role on a project away (WORK-1).
    RemoveProjectTeam on ProjectId, "project_team_delete", ProjectsAssign;
    /// See what an organization pays, and who administers it (BILL-1).
    ViewBilling on Billing, "billing_view", BillingView;
    /// Stop administering the billing of an organization that one does not see elsewhere (ORG-9).
    LeaveBilling on Billing, "billing_leave", BillingView;
    /// Make somebody a billing administrator (ROLE-2).
    AssignBilling on Billing, "billing_administrator_create", BillingAssign;
    /// Take a billing administrator's role away (ROLE-2).
    WithdrawBilling on Billing, "billing_administrator_delete", BillingAssign;
    /// Read an organization's audit log.
    ViewOrganizationAudit on OrganizationId, "organization_audit_list", AuditView;
    /// Create a client organization (FLEET-4).
    CreateClientOrganization on Realm, "client_organization_create", ClientOrganizationsCreate;
    /// Place an organization on another cluster (FLEET-6).
    CreatePlacement on OrganizationId, "placement_create", PlacementsCreate;
    /// Take an organization off a cluster (FLEET-6).
    DeletePlacement on OrganizationId, "placement_delete", PlacementsDelete;
    /// See the plans of one's realm.
    ViewPlans on Commons, "plan_list", PlansView;
    /// See the accounts of a realm.
    ViewUsers on Realm, "user_list", UsersView;
    /// Create an account in a realm.
    CreateUser on Realm, "user_create", UsersCreate;
    /// Say what an account may be used for (ROLE-4).
    UpdateUser on UserId, "user_update", UsersUpdate;
    /// See hubs.
    ViewHubs on Realm, "hub_list", HubsView;
    /// Make or withdraw a join token of a hub (FLEET-1).
    CreateJoinToken on HubId, "join_token_create", ClustersCreate;
    /// Withdraw a join token of a hub.
    DeleteJoinToken on HubId, "join_token_delete", ClustersCreate;
    /// See a cluster.
    ViewCluster on ClusterId, "cluster_view", ClustersView;
    /// Accept a cluster (FLEET-1).
    AcceptCluster on ClusterId, "cluster_accept", ClustersAccept;
    /// Deny a cluster.
    DenyCluster on ClusterId, "cluster_deny", ClustersAccept;
    /// Take acceptance back.
    WithdrawCluster on ClusterId, "cluster_withdraw", ClustersAccept;
    /// Unregister a cluster (FLEET-2).
    DeleteCluster on ClusterId, "cluster_delete", ClustersDelete;
    /// Let a cluster's agent follow a hub that was restored from a backup (FLEET-6).
    FollowCluster on ClusterId, "cluster_follow", ClustersAccept;
    /// Take every organization off a cluster, then unregister it (FLEET-2).
    CleanCluster on ClusterId, "cluster_clean", ClustersDelete;
    /// Forget a cluster that is lost for ever, with what is placed on it (FLEET-2, ORG-8).
    ForgetCluster on ClusterId, "cluster_forget", ClustersDelete;
    /// See the hub's authority for agents, and how far its exchange has come (FLEET-1).
    ViewAuthority on Site, "authority_view", AuthoritiesRotate;
    /// Make the next authority for agents, or let it take over (FLEET-1).
    RotateAuthority on Site, "authority_rotate", AuthoritiesRotate;
    /// See the licence of a cluster.
    ViewLicence on ClusterId, "licence_view", LicencesView;
    /// Upload the licence of a cluster (FLEET-3).
    UpdateLicence on ClusterId, "licence_update", LicencesUpdate;
    /// See the gateway configurations of a cluster.
    ViewGateways on ClusterId, "gateway_configuration_list", GatewaysView;
    /// Create a gateway configuration.
    CreateGateway on ClusterId, "gateway_configuration_create", GatewaysCreate;
    /// Change a gateway configuration.
    UpdateGateway on ClusterId, "gateway_configuration_update", GatewaysUpdate;
    /// Say which gateway the organizations of a cluster share.
    ShareGateway on ClusterId, "shared_gateway_update", GatewaysUpdate;
    /// Delete a gateway configuration.
    DeleteGateway on ClusterId, "gateway_configuration_delete", GatewaysDelete;
    /// Read the installation's audit log.
    ViewAudit on Site, "audit_list", AuditView;
    /// See one's own sessions and tokens.
    ViewOwn on Own, "own_view", TokensView;
    /// Make a personal token (SEC-3).
    CreateToken on Own, "token_create", TokensCreate;
    /// Withdraw a personal token.
    DeleteToken on Own, "token_delete", TokensDelete;
    /// End one's own sessions.
    DeleteSession on Own, "session_delete", TokensDelete;
    /// Let a program sign in as oneself.
    AgreeLogin on Own, "login_agree", TokensCreate;
    /// Make the first site administrator. Only the door does it.
    CompleteSetup on Site, "setup_complete", UsersCreate;
    /// Begin a session or refuse one. Only the door does it.
    SignIn on UserId, "session_create", TokensCreate;
    /// Take in a request to join (FLEET-1). Only the door does it.
    RequestJoin on HubId, "cluster_request", ClustersCreate;
    /// Forget a request to join that nobody decided on in time (FLEET-1). Only the door does it.
    ExpireRequest on ClusterId, "cluster_request_expire", ClustersCreate;
    /// Write down what an agent says of its own cluster. Only that agent does it.
    ReportCluster on ClusterId, "cluster_report", ClustersView;
    /// Renew an agent's certificate. Only that agent does it.
    RenewCertificate on ClusterId, "certificate_renew", ClustersView;
    /// Write down what should be on a cluster (FLEET-6). Only the placement controller does it.
    SetDesired on ClusterId, "desired_set", ClustersView;
    /// End a placement that the cluster has taken down (FLEET-6). Only the placement controller does it.
    EndPlacement on OrganizationId, "placement_end", PlacementsDelete;
    /// Unregister a cluster that is clean (FLEET-2). Only the placement controller does it.
    EndCluster on ClusterId, "cluster_end", ClustersDelete;
    /// Go on with the tear-down of an organization (ORG-8). Only the placement controller does it.
    AdvanceDeletion on OrganizationId, "organization_tear_down", OrganizationsDelete;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_noun_then_verb_and_unique() {
        let mut names: Vec<_> = ALL.iter().map(|action| action.operation).collect();
        assert!(names.iter().all(|name| name.contains('_')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }

    /// ROLE-5: the registry and what is used agree, both ways.
    #[test]
    fn role_5_every_permission_is_used_by_an_action() {
        for permission in Permission::ALL {
            assert!(
                ALL.iter().any(|action| action.permission == *permission),
                "{permission} is used by nothing"
            );
        }
    }
}
