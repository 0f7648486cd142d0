//! Every action on every kind of target by everybody, compared with `tests/role-matrix.txt`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use bastide_authz::action::{self, *};
use bastide_authz::{Action, Billing, Commons, Controller, Graph, Own, Realm, Site};
use bastide_model::{ClusterId, Error, RealmId};

use crate::cast::{
    BRAND, CHILD, CHILD_OWNER, CHILD_ROLE, CORE_TEAM, ELSEWHERE, HUB, NOW, OTHER, OTHER_TEAM, ROOT,
    ROOT_ROLE, SHOP, SIBLING, SPARE, SPOKE, VAULT, cast, world,
};

/// Set to anything, it makes the test write the file instead of comparing with it.
const UPDATE: &str = "UPDATE_ROLE_MATRIX";

const HEAD: &str = "\
# Who may do what: each action on each kind of target, by everybody. Compared with the policy by the tests of this crate;
# to take over what the policy says, run them once with UPDATE_ROLE_MATRIX=1 and review the difference.
#
# ok: allowed. 403: it exists for them, and the permission in the row is missing. 404: it does not exist for them.
# 401: the credential does not work. !!: no part of the installation may ask for this. -: cannot be asked.
#
# Organizations: `root` with `child` and `sibling` beneath it, all of the client `brand`; `elsewhere` of another client.
# The child runs on the cluster `spoke`, nothing runs on `spare`.
#
# In the child: the teams `core` and `other`, the projects `shop` (core is its administrator) and `vault` (other is).
# `rootrole` and `childrole` are custom roles, defined at root and at child.
#
# site        a site administrator                      nc-sess    an account without console access, by session
# client      the administrator of the client           nc-token   the same by token; both administer root and beneath
# rootowner   the owner of root                         disabled   a deactivated account, by token; administers the same
# childowner  the owner of child                        stranger   administers the other client and owns `elsewhere`
# here        an administrator given at root, here      expired    an administrator of root and beneath until this second
# beneath     the same, here and beneath                narrow     a token of rootowner for `organizations.view` only
# sibowner    the owner of sibling                      wrongdoor  the session of rootowner under another client's address
# nobody      an account without a role                 custom     has rootrole at child: members and teams, no projects
# viewer      a viewer in the team core                 developer  a developer in the team core
# teamadmin   the administrator of the team core        billing    the billing administrator of child
# door, placement: the controllers. agent: the agent of the cluster in the row. otheragent: another cluster's.
";

/// How an action is asked for by somebody who is no caller, if it can be.
type Ask<A> = fn(&Graph, <A as Action>::Target) -> Option<String>;

struct Row {
    operation: &'static str,
    permission: &'static str,
    target: &'static str,
    cells: Vec<String>,
}

fn cell<T>(result: Result<T, Error>, needs: &str) -> String {
    match result {
        Ok(_) => "ok".into(),
        Err(Error::Unauthenticated { .. }) => "401".into(),
        Err(Error::Forbidden { permission }) => {
            assert_eq!(permission.key(), needs, "the answer names the permission that is missing");
            "403".into()
        }
        Err(Error::NotFound) => "404".into(),
        Err(Error::Internal { .. }) => "!!".into(),
        Err(other) => panic!("unexpected: {other:?}"),
    }
}

fn row<A: Action>(target: (&'static str, A::Target), agents: [Ask<A>; 2]) -> Row {
    let (graph, needs) = (world(), A::PERMISSION.key());
    let people = cast();
    let by_people = people.iter().map(|(_, one)| cell(graph.authorize::<A>(one, target.1, NOW), needs));
    let by_controllers =
        Controller::ALL.iter().map(|one| cell(graph.authorize_controller::<A>(*one, target.1), needs));
    let by_agents = agents.iter().map(|ask| ask(&graph, target.1).unwrap_or_else(|| "-".into()));
    let cells = by_people.chain(by_controllers).chain(by_agents).collect();
    Row { operation: A::OPERATION, permission: needs, target: target.0, cells }
}

fn no_agent<A: Action>() -> [Ask<A>; 2] {
    [|_, _| None, |_, _| None]
}

fn agents<A: Action<Target = ClusterId>>() -> [Ask<A>; 2] {
    [
        |graph, cluster| Some(cell(graph.authorize_agent::<A>(cluster, cluster), A::PERMISSION.key())),
        |graph, cluster| {
            let other = if cluster == SPOKE { SPARE } else { SPOKE };
            Some(cell(graph.authorize_agent::<A>(other, cluster), A::PERMISSION.key()))
        },
    ]
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    macro_rules! ask {
        ($agents:ident, $targets:expr, $($action:ty),* $(,)?) => {
            $(for target in $targets { rows.push(row::<$action>(target, $agents::<$action>())); })*
        };
    }
    let organizations = [("root", ROOT), ("child", CHILD), ("sibling", SIBLING), ("elsewhere", ELSEWHERE)];
    ask!(no_agent, organizations, ViewOrganization, CreateOrganization, UpdateOrganization, UpdateHostNames);
    ask!(no_agent, organizations, DeleteOrganization, ViewMembers, ViewOrganizationAudit, AdvanceDeletion);
    ask!(no_agent, organizations, MoveOrganization, ChangeChildren);
    ask!(no_agent, organizations, CreatePlacement, DeletePlacement, EndPlacement);
    ask!(no_agent, organizations, AssignRole, UpdateAssignment, WithdrawRole, RemoveMember);
    ask!(no_agent, organizations, LeaveOrganization);
    ask!(no_agent, organizations, ViewRoles, CreateRole, ViewTeams, CreateTeam, ViewProjects, CreateProject);
    let billing = organizations.map(|(name, id)| (name, Billing(id)));
    ask!(no_agent, billing, ViewBilling, LeaveBilling, AssignBilling, WithdrawBilling);
    let roles = [("rootrole", ROOT_ROLE), ("childrole", CHILD_ROLE)];
    ask!(no_agent, roles, ViewRole, UpdateRole, DeleteRole);
    let teams = [("core", CORE_TEAM), ("other", OTHER_TEAM)];
    ask!(no_agent, teams, ViewTeam, UpdateTeam, DeleteTeam, ViewTeamMembers, AssignTeamMember);
    ask!(no_agent, teams, RemoveTeamMember, LeaveTeam);
    let projects = [("shop", SHOP), ("vault", VAULT)];
    ask!(no_agent, projects, ViewProject, UpdateProject, DeleteProject, AssignProjectTeam, RemoveProjectTeam);
    let commons =
        [("brand", Commons(BRAND)), ("other", Commons(OTHER)), ("platform", Commons(RealmId::PLATFORM))];
    ask!(no_agent, commons, CreateRootOrganization, ViewPublicOrganizations, ViewPublicOrganization);
    ask!(no_agent, commons, ViewPlans);
    let realms = [("brand", Realm(BRAND)), ("other", Realm(OTHER)), ("platform", Realm(RealmId::PLATFORM))];
    ask!(no_agent, realms, CreateClientOrganization, ViewUsers, CreateUser, ViewHubs);
    ask!(no_agent, [("hub", HUB)], CreateJoinToken, DeleteJoinToken, RequestJoin);
    let clusters = [("spoke", SPOKE), ("spare", SPARE)];
    ask!(
        agents,
        clusters,
        ViewCluster,
        AcceptCluster,
        DenyCluster,
        WithdrawCluster,
        FollowCluster,
        DeleteCluster,
        CleanCluster,
        ForgetCluster,
        EndCluster
    );
    ask!(agents, clusters, ViewLicence, UpdateLicence, ViewGateways, CreateGateway, DeleteGateway);
    ask!(agents, clusters, UpdateGateway, ShareGateway);
    ask!(agents, clusters, ReportCluster, RenewCertificate, SetDesired, ExpireRequest);
    ask!(no_agent, [("site", Site)], ViewAudit, CompleteSetup, ViewAuthority, RotateAuthority);
    ask!(no_agent, [("childowner", Own(CHILD_OWNER))], ViewOwn, CreateToken, DeleteToken);
    ask!(no_agent, [("childowner", Own(CHILD_OWNER))], DeleteSession, AgreeLogin);
    ask!(no_agent, [("childowner", CHILD_OWNER)], UpdateUser, SignIn);
    rows
}

fn render(rows: &[Row]) -> String {
    let mut columns: Vec<_> = cast().iter().map(|(name, _)| *name).collect();
    columns.extend(["door", "placement", "agent", "otheragent"]);
    let mut text =
        format!("{HEAD}\n{:<29}{:<28}{:<11}{}\n", "operation", "permission", "target", columns.join(" "));
    for row in rows {
        let cells = columns.iter().zip(&row.cells).map(|(name, cell)| format!("{cell:<0$}", name.len()));
        let line = format!(
            "{:<29}{:<28}{:<11}{}",
            row.operation,
            row.permission,
            row.target,
            cells.collect::<Vec<_>>().join(" ")
        );
        writeln!(text, "{}", line.trim_end()).unwrap();
    }
    text
}

/// ROLE-2, ROLE-3, ROLE-4, ROLE-9, ROLE-11, CLI-2, CLI-4, HIER-4, HIER-6, SEC-3: for every action and everybody at once.
#[test]
fn the_policy_is_the_role_matrix() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/role-matrix.txt");
    let actual = render(&rows());
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, &actual).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    let differences: Vec<_> = (1..)
        .zip(expected.lines().map(Some).chain(std::iter::repeat(None)).zip(actual.lines()))
        .filter(|(_, (expected, actual))| *expected != Some(*actual))
        .map(|(number, (expected, actual))| {
            format!("line {number}\n  file   {}\n  policy {actual}", expected.unwrap_or_default())
        })
        .collect();
    assert!(
        expected == actual,
        "the policy is not what tests/role-matrix.txt says; if that is meant, run this with {UPDATE}=1\n{}",
        differences.join("\n")
    );
}

#[test]
fn every_action_is_in_the_role_matrix_and_nothing_else() {
    let rows = rows();
    let asked: BTreeSet<_> = rows.iter().map(|row| row.operation).collect();
    let known: BTreeSet<_> = action::ALL.iter().map(|action| action.operation).collect();
    assert_eq!(asked, known);
    for row in rows {
        let described = action::ALL.iter().find(|action| action.operation == row.operation).unwrap();
        assert_eq!(described.permission.key(), row.permission, "{}", row.operation);
    }
}

/// What somebody may do is written down once per action; an action that nobody at all may do is a mistake.
#[test]
fn every_action_may_be_done_by_somebody() {
    let rows = rows();
    for action in action::ALL {
        let mut cells =
            rows.iter().filter(|row| row.operation == action.operation).flat_map(|row| &row.cells);
        assert!(cells.any(|cell| cell == "ok"), "{} may be done by nobody", action.operation);
    }
}
