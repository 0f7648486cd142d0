//! A check is what its explanation says, for every action that there is (ROLE-10).

use std::collections::BTreeSet;

use bastide_authz::action::{self, *};
use bastide_authz::target::Object;
use bastide_authz::{Action, Billing, Commons, Graph, Own, Realm, Site, Target, Verdict};
use bastide_model::access::Caller;
use bastide_model::{Error, Result, Timestamp};
use proptest::prelude::*;

use super::world::{asked, objects};

/// What an action is answered, and what it should be by its explanation.
#[derive(Debug)]
pub(super) struct Checked {
    operation: &'static str,
    pub(super) answer: Result<()>,
    pub(super) explained: Result<()>,
}

/// What people never do: that of controllers and agents, as the domain has it.
const NOT_FOR_PEOPLE: [&str; 10] = [
    "setup_complete",
    "session_create",
    "cluster_request",
    "cluster_request_expire",
    "cluster_report",
    "certificate_renew",
    "desired_set",
    "placement_end",
    "cluster_end",
    "organization_tear_down",
];

fn check<A: Action>(graph: &Graph, caller: &Caller, target: A::Target, now: Timestamp) -> Checked {
    let verdict = graph.explain(caller, target.object(), A::PERMISSION, now).verdict;
    let explained = match verdict {
        Verdict::Unusable { reason } => Err(Error::Unauthenticated { reason }),
        Verdict::Unseen => Err(Error::NotFound),
        _ if NOT_FOR_PEOPLE.contains(&A::OPERATION) => Err(Error::NotFound),
        Verdict::Missing | Verdict::Narrowed => Err(Error::Forbidden { permission: A::PERMISSION }),
        Verdict::Allowed => Ok(()),
    };
    let answer = graph.authorize::<A>(caller, target, now).map(|_| ());
    Checked { operation: A::OPERATION, answer, explained }
}

/// Every action that can be done to an object.
pub(super) fn checks(graph: &Graph, caller: &Caller, object: Object, now: Timestamp) -> Vec<Checked> {
    macro_rules! of {
        ($target:expr; $($action:ty),* $(,)?) => { vec![$(check::<$action>(graph, caller, $target, now)),*] };
    }
    match object {
        Object::Organization(id) => of![
            id; ViewOrganization, CreateOrganization, UpdateOrganization, DeleteOrganization, MoveOrganization,
            ChangeChildren, UpdateHostNames, ViewMembers, AssignRole, UpdateAssignment, WithdrawRole, RemoveMember,
            LeaveOrganization, ViewRoles, CreateRole, ViewTeams, CreateTeam, ViewProjects, CreateProject,
            ViewOrganizationAudit, CreatePlacement, DeletePlacement, EndPlacement, AdvanceDeletion,
        ],
        Object::Billing(id) => of![Billing(id); ViewBilling, LeaveBilling, AssignBilling, WithdrawBilling],
        Object::Team(id) => of![
            id; ViewTeam, UpdateTeam, DeleteTeam, ViewTeamMembers, AssignTeamMember, RemoveTeamMember, LeaveTeam
        ],
        Object::Project(id) => {
            of![id; ViewProject, UpdateProject, DeleteProject, AssignProjectTeam, RemoveProjectTeam]
        }
        Object::Role(id) => of![id; ViewRole, UpdateRole, DeleteRole],
        Object::Commons(id) => of![
            Commons(id); CreateRootOrganization, ViewPlans, ViewPublicOrganizations, ViewPublicOrganization,
        ],
        Object::Realm(id) => of![Realm(id); CreateClientOrganization, ViewUsers, CreateUser, ViewHubs],
        Object::Hub(id) => of![id; CreateJoinToken, DeleteJoinToken, RequestJoin],
        Object::Cluster(id) => of![
            id; ViewCluster, AcceptCluster, DenyCluster, WithdrawCluster, DeleteCluster, FollowCluster, CleanCluster,
            ForgetCluster, ViewLicence, UpdateLicence, ViewGateways, CreateGateway, UpdateGateway, ShareGateway,
            DeleteGateway, ExpireRequest, ReportCluster, RenewCertificate, SetDesired, EndCluster,
        ],
        Object::Site => of![Site; ViewAuthority, RotateAuthority, ViewAudit, CompleteSetup],
        Object::User(id) => of![id; UpdateUser, SignIn],
        Object::Own(id) => of![Own(id); ViewOwn, CreateToken, DeleteToken, DeleteSession, AgreeLogin],
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// For every person, action and object.
    #[test]
    fn role_10_every_check_is_what_its_explanation_says((world, _, caller, now) in asked()) {
        let graph = world.graph();
        let mut asked = BTreeSet::new();
        for (_, object) in objects(&world) {
            for one in checks(&graph, &caller, object, now) {
                prop_assert_eq!(&one.answer, &one.explained, "{} on {:?}", one.operation, object);
                asked.insert(one.operation);
            }
        }
        let known: BTreeSet<_> = action::ALL.iter().map(|action| action.operation).collect();
        prop_assert_eq!(asked, known, "an action that nobody asks for");
    }
}
