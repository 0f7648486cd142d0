//! SEC-4, E-44: every change leaves a record, and nobody changes the records unnoticed.

use std::collections::{BTreeMap, BTreeSet};

use bastide_authz::action::{
    self, AgreeLogin, CreateGateway, CreateJoinToken, CreateToken, DeleteCluster, DeleteGateway,
    DeleteJoinToken, DeleteSession, DeleteToken, SignIn, UpdateLicence, UpdateOrganization, ViewAudit,
    ViewOrganizationAudit,
};
use bastide_authz::{Bounds, Commons, Own, Realm, Site};
use bastide_model::audit::AuditRecord;
use bastide_model::cluster::Membership;
use bastide_model::gateway::{CertificatePolicy, GatewayConfiguration, GatewaySpec};
use bastide_model::licence::Examination;
use bastide_model::names::Annotations;
use bastide_model::organization::OrganizationState;
use bastide_model::placement::Leaving;
use bastide_model::role::TeamRole;
use bastide_model::team::{Project, Team};
use bastide_model::user::Access;
use bastide_model::{
    AssignmentId, AuditId, ClusterId, GatewayConfigurationId, Ids, JoinTokenId, OrganizationId, RealmId,
    RequestId, SessionId, SystemIds, Timestamp, TokenId, UserId,
};
use bastide_store::{JoinToken, Licence, PageRequest, Session, Token};
use serde_json::json;
use uuid::Uuid;

use crate::bed::{Bed, audit_id, both_engines, code, race};
use crate::deletion;
use crate::organizations::HOSTILE;
use crate::{members, placements, roles, teams, tree};

both_engines! {
    sec_4_every_change_leaves_its_record,
    a_new_organization_is_in_the_log_of_where_it_was_made_and_begins_its_own,
    sec_4_a_record_says_who_did_what_where_and_when,
    sec_4_a_change_that_is_undone_leaves_no_gap,
    e_16_an_organization_s_log_is_its_own,
    e_44_an_edited_record_is_found,
    e_44_a_removed_record_is_found,
    e_44_a_reordered_or_added_record_is_found,
    e_44_texts_are_kept_as_they_were,
    many_who_write_at_the_same_time_make_one_chain,
    logs_are_paged_from_the_newest,
}

async fn latest(bed: &Bed) -> AuditRecord {
    let permit = bed.site::<ViewAudit>(Site).await;
    let page = PageRequest::new(Some(1), None, None).unwrap();
    bed.read().await.audit_list(&permit, &page).await.unwrap().items.remove(0)
}

async fn count(bed: &Bed) -> i64 {
    bed.database.number("select count(*) from audit_records").await
}

async fn log(bed: &Bed, id: OrganizationId) -> Vec<AuditRecord> {
    let permit = bed.site::<ViewOrganizationAudit>(id).await;
    bed.read().await.organization_audit_list(&permit, &PageRequest::default()).await.unwrap().items
}

/// The creation of an organization that has just been carried out: its record in the log of where it was made, and the one
/// in its own log. They are the same but for the log, the place in it and the id.
async fn creation(bed: &Bed, made_in: Option<OrganizationId>, id: OrganizationId) -> [AuditRecord; 2] {
    // Whoever sees every log is told of the change once.
    let (there, own) = (latest(bed).await, log(bed, id).await.pop().unwrap());
    assert_eq!((there.organization, own.organization), (made_in, Some(id)));
    assert_eq!(own.sequence, 1, "its own log begins with it");
    assert_eq!((&there.target_kind[..], &there.target), ("organization", &id.to_string()));
    assert_ne!(there.id, own.id);
    assert_ne!(there.hash, own.hash);
    let mut without_parent = there.after.clone().unwrap();
    without_parent.as_object_mut().unwrap().remove("parent");
    assert_eq!(own.after, Some(without_parent));
    let (id, organization, after) = (there.id, there.organization, there.after.clone());
    let (sequence, hash) = (there.sequence, there.hash.clone());
    assert_eq!(AuditRecord { id, organization, after, sequence, hash, ..own.clone() }, there);
    [there, own]
}

/// Notes which operations were seen to leave a record.
pub(crate) struct Seen {
    operations: BTreeSet<String>,
    records: i64,
}

impl Seen {
    /// The operation has just been carried out, and nothing else.
    pub(crate) async fn one(&mut self, bed: &Bed, operation: &str) {
        let record = latest(bed).await;
        assert_eq!(record.operation, operation);
        self.records += 1;
        assert_eq!(count(bed).await, self.records, "{operation} leaves one record");
        self.operations.insert(operation.to_owned());
    }

    /// What is told elsewhere was done, with so many records.
    pub(crate) fn skip(&mut self, records: i64) {
        self.records += records;
    }

    /// An organization has just been made, and nothing else was done.
    async fn creation(
        &mut self,
        bed: &Bed,
        operation: &str,
        made_in: Option<OrganizationId>,
        id: OrganizationId,
    ) {
        let [record, _] = creation(bed, made_in, id).await;
        assert_eq!(record.operation, operation);
        self.records += 2;
        assert_eq!(count(bed).await, self.records, "{operation} leaves a record in each of two logs");
        self.operations.insert(operation.to_owned());
    }
}

/// Operations that change nothing, and three that say again what was decided elsewhere: an agent's reports, the renewal of
/// a certificate that somebody accepted, and desired sets that follow from placements.
const WITHOUT_RECORD: &[&str] = &[
    "organization_view",
    "organization_children_change",
    "public_organization_list",
    "public_organization_view",
    "member_list",
    "team_list",
    "team_view",
    "team_member_list",
    "project_list",
    "project_view",
    "billing_view",
    "organization_audit_list",
    "plan_list",
    "user_list",
    "hub_list",
    "cluster_view",
    "licence_view",
    "gateway_configuration_list",
    "role_list",
    "role_view",
    "audit_list",
    "authority_view",
    "own_view",
    "cluster_report",
    "certificate_renew",
    "desired_set",
];

async fn sec_4_every_change_leaves_its_record(bed: Bed) {
    let mut seen = Seen { operations: BTreeSet::new(), records: 0 };
    seen.one(&bed, "setup_complete").await;
    organizations_leave_records(&bed, &mut seen).await;
    teams_leave_records(&bed, &mut seen).await;
    people_leave_records(&bed, &mut seen).await;
    roles_leave_records(&bed, &mut seen).await;
    clusters_leave_records(&bed, &mut seen).await;
    members::leave_records(&bed, &mut seen).await;
    let known: BTreeSet<_> = action::ALL.iter().map(|action| action.operation.to_owned()).collect();
    let without: BTreeSet<_> = WITHOUT_RECORD.iter().map(|&operation| operation.to_owned()).collect();
    assert_eq!(without.intersection(&seen.operations).next(), None);
    assert_eq!(seen.operations.union(&without).cloned().collect::<BTreeSet<_>>(), known);
    let secrets = "select count(*) from audit_records where cast(before_value as text) like '%SECRET%' \
        or cast(after_value as text) like '%SECRET%'";
    assert_eq!(bed.database.number(secrets).await, 0);
    for log in [None].into_iter().chain(bed.every_organization().await.into_iter().map(Some)) {
        assert!(bed.read().await.audit_verify(log).await.is_ok(), "{log:?}");
    }
}

async fn organizations_leave_records(bed: &Bed, seen: &mut Seen) {
    let owner = bed.user("ada@example.org").await;
    seen.one(bed, "user_create").await;
    let root = bed.root("top", owner).await;
    seen.creation(bed, "organization_create_root", None, root).await;
    let child = bed.child("child", root, owner).await;
    seen.creation(bed, "organization_create", Some(root), child).await;
    let permit = bed.site::<action::CreateClientOrganization>(Realm(RealmId::PLATFORM)).await;
    let client = bed.new_organization("brand-1", (RealmId::PLATFORM, Some(root))).await;
    let mut tx = bed.write().await;
    let ids = (AssignmentId::fresh(&SystemIds), audit_id());
    tx.create_organization(&permit, &client, owner, ids).await.unwrap();
    tx.commit().await.unwrap();
    seen.creation(bed, "client_organization_create", None, client.id).await;
    rename(bed, owner, child, "Renamed").await;
    seen.one(bed, "organization_update").await;
    let (permit, before) = (bed.site::<action::UpdateHostNames>(child).await, bed.organization(child).await);
    let mut tx = bed.write().await;
    let names = ["acme.example".parse().unwrap()];
    tx.host_names_update(&permit, &before, &names, bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "host_names_update").await;
    tree::relocate(bed, child, None).await.unwrap();
    // It was beneath `top`, and is told in the log of that one and in its own besides.
    seen.records += 2;
    seen.one(bed, "organization_move").await;
    deletion::delete(bed, child).await.unwrap();
    seen.one(bed, "organization_delete").await;
    deletion::tear_down(bed, child, OrganizationState::PartiallyDeleted).await.unwrap();
    seen.one(bed, "organization_tear_down").await;
}

async fn teams_leave_records(bed: &Bed, seen: &mut Seen) {
    let (owner, member) = (bed.user("tom@example.org").await, bed.user("tim@example.org").await);
    seen.records += 1;
    seen.one(bed, "user_create").await;
    let acme = bed.root("teamed", owner).await;
    seen.creation(bed, "organization_create_root", None, acme).await;
    let core = teams::team(bed, acme, "core").await;
    seen.one(bed, "team_create").await;
    teams::rename_team(bed, &core, "Renamed").await.unwrap();
    seen.one(bed, "team_update").await;
    let core = Team { revision: 2, ..core };
    teams::join(bed, &core, owner, TeamRole::Viewer).await.unwrap();
    seen.one(bed, "team_member_set").await;
    teams::join(bed, &core, member, TeamRole::Viewer).await.unwrap();
    seen.one(bed, "team_member_set").await;
    teams::remove(bed, &core, owner).await.unwrap();
    seen.one(bed, "team_member_delete").await;
    teams::leave(bed, &core, member).await.unwrap();
    seen.one(bed, "team_leave").await;
    let shop = teams::project(bed, acme, "shop").await;
    seen.one(bed, "project_create").await;
    teams::rename_project(bed, &shop, "Renamed").await.unwrap();
    seen.one(bed, "project_update").await;
    let shop = Project { revision: 2, ..shop };
    teams::share(bed, &shop, &core, TeamRole::Developer).await.unwrap();
    seen.one(bed, "project_team_set").await;
    teams::unshare(bed, &shop, &core).await.unwrap();
    seen.one(bed, "project_team_delete").await;
    teams::delete_project(bed, &shop).await.unwrap();
    seen.one(bed, "project_delete").await;
    teams::delete_team(bed, &core).await.unwrap();
    seen.one(bed, "team_delete").await;
}

async fn rename(bed: &Bed, user: UserId, id: OrganizationId, name: &str) {
    let before = bed.organization(id).await;
    let mut after = before.clone();
    after.name = name.parse().unwrap();
    let permit = bed.permit::<UpdateOrganization>(user, id).await;
    let mut tx = bed.write().await;
    tx.organization_update(&permit, (&before, &after), bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
}

fn session(bed: &Bed, user: UserId, user_agent: &str) -> Session {
    let now = bed.now();
    Session {
        id: SessionId::fresh(&SystemIds),
        realm: RealmId::PLATFORM,
        user,
        user_agent: user_agent.into(),
        address: "192.0.2.1".into(),
        created_at: now,
        last_used_at: now,
        expires_at: now.plus_seconds(60),
    }
}

async fn sign_in(bed: &Bed, user: UserId, user_agent: &str, secret: u8) -> SessionId {
    let session = session(bed, user, user_agent);
    let permit = bed.door::<SignIn>(user).await;
    let mut tx = bed.write().await;
    tx.session_create(&permit, &session, vec![secret], 9, audit_id()).await.unwrap();
    tx.commit().await.unwrap();
    session.id
}

async fn people_leave_records(bed: &Bed, seen: &mut Seen) {
    let user = bed.user("bob@example.org").await;
    seen.one(bed, "user_create").await;
    let first = sign_in(bed, user, "one", 1).await;
    seen.one(bed, "session_create").await;
    let permit = bed.permit::<DeleteSession>(user, Own(user)).await;
    let mut tx = bed.write().await;
    assert!(tx.session_delete(&permit, first, bed.audit()).await.unwrap());
    tx.commit().await.unwrap();
    seen.one(bed, "session_delete").await;
    let mut tx = bed.write().await;
    tx.session_delete_all(&permit, bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "session_delete").await;
    let token = |number: u128| Token {
        id: TokenId::from_uuid(Uuid::from_u128(number)),
        realm: RealmId::PLATFORM,
        user,
        name: "token".parse().unwrap(),
        prefix: "p".into(),
        permissions: None,
        created_at: bed.now(),
        expires_at: bed.now().plus_seconds(60),
        last_used_at: None,
    };
    let permit = bed.permit::<CreateToken>(user, Own(user)).await;
    let mut tx = bed.write().await;
    tx.token_create(&permit, &token(1), vec![1], audit_id()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "token_create").await;
    let permit = bed.permit::<AgreeLogin>(user, Own(user)).await;
    let mut tx = bed.write().await;
    tx.token_create(&permit, &token(2), vec![2], audit_id()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "login_agree").await;
    let permit = bed.permit::<DeleteToken>(user, Own(user)).await;
    let mut tx = bed.write().await;
    assert!(tx.token_delete(&permit, token(1).id, bed.audit()).await.unwrap());
    assert!(
        !tx.token_delete(&permit, token(1).id, bed.audit()).await.unwrap(),
        "what was not there leaves nothing"
    );
    tx.commit().await.unwrap();
    seen.one(bed, "token_delete").await;
}

async fn roles_leave_records(bed: &Bed, seen: &mut Seen) {
    let owner = bed.user("uma@example.org").await;
    seen.one(bed, "user_create").await;
    let organization = bed.root("with-roles", owner).await;
    seen.creation(bed, "organization_create_root", None, organization).await;
    let role = roles::define(bed, organization, "auditor").await.unwrap();
    seen.one(bed, "role_create").await;
    let permit = bed.site::<action::UpdateRole>(role.id).await;
    let mut tx = bed.write().await;
    tx.role_update(&permit, (&role, &role), bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "role_update").await;
    let permit = bed.site::<action::DeleteRole>(role.id).await;
    let mut tx = bed.write().await;
    let role = tx.role_hold(role.id).await.unwrap();
    tx.role_delete(&permit, &role, bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "role_delete").await;
    let (permit, before) =
        (bed.site::<action::UpdateUser>(owner).await, bed.read().await.user(owner).await.unwrap());
    let mut tx = bed.write().await;
    tx.user_update(&permit, (&before, Access::NoConsole), bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "user_update").await;
}

async fn clusters_leave_records(bed: &Bed, seen: &mut Seen) {
    let now = bed.now();
    let token = JoinToken {
        id: JoinTokenId::fresh(&SystemIds),
        hub: bed.hub,
        cluster_name: "spoke-1".parse().unwrap(),
        created_at: now,
        expires_at: now.plus_seconds(60),
        used_at: None,
        withdrawn_at: None,
    };
    let permit = bed.site::<CreateJoinToken>(bed.hub).await;
    let mut tx = bed.write().await;
    tx.join_token_create(&permit, &token, vec![1], audit_id()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "join_token_create").await;
    let permit = bed.site::<DeleteJoinToken>(bed.hub).await;
    let mut tx = bed.write().await;
    assert!(tx.join_token_delete(&permit, &token, bed.audit()).await.unwrap());
    tx.commit().await.unwrap();
    seen.one(bed, "join_token_delete").await;
    let id = bed.cluster("spoke-1", Membership::Requested).await;
    seen.one(bed, "cluster_request").await;
    bed.decide::<action::AcceptCluster>(id).await.unwrap();
    seen.one(bed, "cluster_accept").await;
    gateways_leave_records(bed, seen, id).await;
    let (permit, before) = (bed.site::<action::FollowCluster>(id).await, bed.the_cluster(id).await);
    let mut tx = bed.write().await;
    tx.cluster_follow(&permit, &before, bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "cluster_follow").await;
    bed.decide::<action::WithdrawCluster>(id).await.unwrap();
    seen.one(bed, "cluster_withdraw").await;
    let (permit, before) = (bed.site::<DeleteCluster>(id).await, bed.the_cluster(id).await);
    let mut tx = bed.write().await;
    tx.cluster_delete(&permit, &before, bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "cluster_delete").await;
    let id = bed.cluster("spoke-2", Membership::Requested).await;
    seen.one(bed, "cluster_request").await;
    bed.decide::<action::DenyCluster>(id).await.unwrap();
    seen.one(bed, "cluster_deny").await;
    let id = bed.cluster("spoke-3", Membership::Requested).await;
    seen.one(bed, "cluster_request").await;
    let permit = bed.door::<action::ExpireRequest>(id).await;
    let mut tx = bed.write().await;
    tx.cluster_request_expire(&permit, bed.now().plus_seconds(1), bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "cluster_request_expire").await;
    let id = bed.cluster("spoke-4", Membership::Requested).await;
    seen.one(bed, "cluster_request").await;
    let (permit, before) = (bed.site::<action::ForgetCluster>(id).await, bed.the_cluster(id).await);
    let mut tx = bed.write().await;
    assert_eq!(tx.cluster_forget(&permit, &before, bed.audit()).await.unwrap(), Vec::<String>::new());
    tx.commit().await.unwrap();
    seen.one(bed, "cluster_forget").await;
    placements_leave_records(bed, seen).await;
    authorities_leave_records(bed, seen).await;
}

async fn authorities_leave_records(bed: &Bed, seen: &mut Seen) {
    let permit = bed.site::<action::RotateAuthority>(Site).await;
    let (made, id) = (("certificate", "SECRET"), Uuid::from_u128(7));
    let mut tx = bed.write().await;
    tx.authority_prepare(&permit, id, made, "aa", bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "authority_rotate").await;
}

async fn placements_leave_records(bed: &Bed, seen: &mut Seen) {
    let owner = bed.user("eve@example.org").await;
    seen.one(bed, "user_create").await;
    let organization = bed.root("placed", owner).await;
    seen.creation(bed, "organization_create_root", None, organization).await;
    let cluster = bed.cluster("spoke-5", Membership::Requested).await;
    seen.one(bed, "cluster_request").await;
    bed.decide::<action::AcceptCluster>(cluster).await.unwrap();
    seen.one(bed, "cluster_accept").await;
    placements::add(bed, organization, cluster).await.unwrap();
    seen.one(bed, "placement_create").await;
    let (permit, before) = (bed.site::<action::CleanCluster>(cluster).await, bed.the_cluster(cluster).await);
    placements::leave(bed, organization, cluster, Leaving::Release).await.unwrap();
    seen.one(bed, "placement_delete").await;
    let mut tx = bed.write().await;
    tx.cluster_clean(&permit, &before, bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "cluster_clean").await;
    assert!(placements::end(bed, organization, cluster).await);
    seen.one(bed, "placement_end").await;
    let permit = bed.placement::<action::EndCluster>(cluster).await;
    let mut tx = bed.write().await;
    tx.cluster_delete(&permit, &before, bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "cluster_end").await;
}

async fn gateways_leave_records(bed: &Bed, seen: &mut Seen, cluster: ClusterId) {
    let licence = Licence {
        pem: "SECRET PEM".into(),
        examination: Examination::Unreadable { problem: "no".into() },
        uploaded_at: bed.now(),
    };
    let permit = bed.site::<UpdateLicence>(cluster).await;
    let mut tx = bed.write().await;
    tx.licence_update(&permit, "spoke-1", &licence, audit_id()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "licence_update").await;
    let gateway = GatewayConfiguration {
        id: GatewayConfigurationId::fresh(&SystemIds),
        cluster,
        slug: "own".parse().unwrap(),
        name: "Own".parse().unwrap(),
        spec: GatewaySpec { class: "envoy".into(), listeners: vec![], addresses: vec![] },
        certificates: CertificatePolicy::None,
        shared: false,
        created_at: bed.now(),
        revision: 1,
    };
    let permit = bed.site::<CreateGateway>(cluster).await;
    let mut tx = bed.write().await;
    tx.gateway_create(&permit, &gateway, audit_id()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "gateway_configuration_create").await;
    let permit = bed.site::<action::UpdateGateway>(cluster).await;
    let mut tx = bed.write().await;
    tx.gateway_update(&permit, (&gateway, &gateway), bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "gateway_configuration_update").await;
    let (permit, on) = (bed.site::<action::ShareGateway>(cluster).await, bed.the_cluster(cluster).await);
    let mut tx = bed.write().await;
    tx.gateway_share(&permit, &on, (None, Some(&gateway)), bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "shared_gateway_update").await;
    let permit = bed.site::<DeleteGateway>(cluster).await;
    let mut tx = bed.write().await;
    tx.gateway_delete(&permit, &gateway, bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    seen.one(bed, "gateway_configuration_delete").await;
}

/// A new organization is in the log of where it was made, its parent's or the installation's, and its own log begins
/// with it, so that its members read who made it, and not beneath what (HIER-4).
async fn a_new_organization_is_in_the_log_of_where_it_was_made_and_begins_its_own(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let id = bed.root("acme", owner).await;
    let [there, own] = creation(&bed, None, id).await;
    assert_eq!((there.operation.as_str(), there.actor), ("organization_create_root", Some(owner)));
    assert_eq!(there.after.unwrap()["owner"], json!(owner));
    assert_eq!(log(&bed, id).await, std::slice::from_ref(&own));
    assert_eq!(bed.read().await.audit_verify(Some(id)).await, Ok(1));

    let child = bed.child("child", id, owner).await;
    let [there, of_child] = creation(&bed, Some(id), child).await;
    assert_eq!((there.operation.as_str(), there.actor), ("organization_create", Some(bed.administrator)));
    assert_eq!(there.after.clone().unwrap()["parent"], json!(id));
    assert_eq!(of_child.after.clone().unwrap().get("parent"), None);
    assert_eq!(log(&bed, id).await, [there, own]);
    assert_eq!(log(&bed, child).await, [of_child]);
    for (log, records) in [(Some(id), 2), (Some(child), 1)] {
        assert_eq!(bed.read().await.audit_verify(log).await, Ok(records));
    }
    assert!(bed.read().await.audit_verify(None).await.is_ok());
}

async fn sec_4_a_record_says_who_did_what_where_and_when(bed: Bed) {
    let owner = bed.user("Ada@example.org").await;
    let id = bed.root("acme", owner).await;
    let before = bed.organization(id).await;
    let mut after = before.clone();
    after.name = "Renamed".parse().unwrap();
    let permit = bed.permit::<UpdateOrganization>(owner, id).await;
    let audit = bed.audit();
    let mut tx = bed.write().await;
    tx.organization_update(&permit, (&before, &after), audit).await.unwrap();
    tx.commit().await.unwrap();
    let mut record = log(&bed, id).await.remove(0);
    assert_eq!(record.hash.len(), 64);
    record.hash = String::new();
    let fields =
        |name: &str| json!({"name": name, "description": "", "visibility": "private", "annotations": {}});
    let expected = AuditRecord {
        id: audit.0,
        realm: RealmId::PLATFORM,
        organization: Some(id),
        sequence: 2,
        at: audit.1,
        actor: Some(owner),
        actor_name: "Ada@example.org".into(),
        credential: format!("session {}", SessionId::from_uuid(Uuid::from_u128(5))),
        operation: "organization_update".into(),
        target_kind: "organization".into(),
        target: id.to_string(),
        target_name: "acme".into(),
        before: Some(fields("acme")),
        after: Some(fields("Renamed")),
        address: "192.0.2.7".into(),
        request: RequestId::from_uuid(Uuid::from_u128(6)).to_string(),
        hash: String::new(),
    };
    assert_eq!(record, expected);
    deletion::delete(&bed, id).await.unwrap();
    deletion::tear_down(&bed, id, OrganizationState::PartiallyDeleted).await.unwrap();
    let record = log(&bed, id).await.remove(0);
    assert_eq!((record.actor, record.actor_name.as_str()), (None, "placement controller"));
    assert_eq!(record.credential, "system");
}

async fn sec_4_a_change_that_is_undone_leaves_no_gap(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let id = bed.root("acme", owner).await;
    for number in 0..6 {
        let before = bed.organization(id).await;
        let mut after = before.clone();
        after.name = format!("Name {number}").parse().unwrap();
        let permit = bed.permit::<UpdateOrganization>(owner, id).await;
        let mut tx = bed.write().await;
        tx.organization_update(&permit, (&before, &after), bed.audit()).await.unwrap();
        if number % 2 == 0 {
            tx.commit().await.unwrap();
        }
    }
    let sequences: Vec<_> = log(&bed, id).await.iter().map(|record| record.sequence).collect();
    assert_eq!(sequences, [4, 3, 2, 1], "its creation and three that were kept");
    assert_eq!(bed.read().await.audit_verify(Some(id)).await, Ok(4));
}

async fn e_16_an_organization_s_log_is_its_own(bed: Bed) {
    let (ada, eve) = (bed.user("ada@example.org").await, bed.user("eve@example.org").await);
    let (ours, theirs) = (bed.root("ours", ada).await, bed.root("theirs", eve).await);
    rename(&bed, ada, ours, "Canary of ours").await;
    rename(&bed, eve, theirs, "Canary of theirs").await;
    let permit = bed.permit::<ViewOrganizationAudit>(ada, ours).await;
    let listed = bed.read().await.organization_audit_list(&permit, &PageRequest::default()).await.unwrap();
    let operations: Vec<_> = listed.items.iter().map(|record| record.operation.as_str()).collect();
    assert_eq!(operations, ["organization_update", "organization_create_root"]);
    assert!(listed.items.iter().all(|record| record.organization == Some(ours)));
    assert!(!format!("{listed:?}").contains("theirs"));
    assert!(bed.try_permit::<ViewOrganizationAudit>(ada, theirs).await.is_err());
    assert!(bed.try_permit::<ViewAudit>(ada, Site).await.is_err());
    let nobody = OrganizationId::fresh(&SystemIds);
    assert_eq!(bed.read().await.audit_verify(Some(nobody)).await, Ok(0));
}

/// A log with four records, of its creation and of three changes, and a copy of everything to go back to.
async fn prepared(bed: &Bed) -> OrganizationId {
    let owner = bed.user("ada@example.org").await;
    let id = bed.root("acme", owner).await;
    for number in 0..3 {
        rename(bed, owner, id, &format!("Name {number}")).await;
    }
    bed.database.raw("create table kept as select * from audit_records").await.unwrap();
    bed.database.raw("create table kept_logs as select * from audit_logs").await.unwrap();
    assert_eq!(bed.read().await.audit_verify(Some(id)).await, Ok(4));
    id
}

/// Tampers, sees it found, and takes it back.
async fn found(bed: &Bed, id: OrganizationId, tampering: &str) -> String {
    let changed = bed.database.raw(tampering).await.unwrap();
    assert!(changed > 0, "{tampering}");
    let error = bed.read().await.audit_verify(Some(id)).await.expect_err(tampering);
    assert_eq!(error.code(), "audit_chain_broken", "{tampering}");
    for (table, kept) in [("audit_records", "kept"), ("audit_logs", "kept_logs")] {
        let restore = format!("delete from {table}; insert into {table} select * from {kept}");
        bed.database.raw(&restore).await.unwrap();
    }
    assert_eq!(bed.read().await.audit_verify(Some(id)).await, Ok(4), "after {tampering}");
    error.to_string()
}

async fn e_44_an_edited_record_is_found(bed: Bed) {
    let id = prepared(&bed).await;
    let log = bed.database.literal(id.uuid());
    let other = bed.database.literal(SystemIds.fresh());
    let the_first = format!("where log_id = {log} and sequence = 1");
    for change in [
        format!("id = {other}"),
        format!("realm_id = {other}"),
        format!("actor_id = {other}"),
        "actor_id = null".into(),
        "at_ms = at_ms + 1".into(),
        "actor_name = 'somebody else'".into(),
        "credential = 'token x'".into(),
        "operation = 'organization_view'".into(),
        "target_kind = 'user'".into(),
        "target = 'x'".into(),
        "target_name = 'x'".into(),
        "before_value = null".into(),
        "before_value = '{}'".into(),
        r#"after_value = '{"name": "Nothing happened"}'"#.into(),
        "address = ''".into(),
        "request = ''".into(),
        format!("hash = '{}'", "0".repeat(64)),
        // What moves from one field to its neighbour.
        "target = target || 'x', target_name = substr(target_name, 2)".into(),
    ] {
        for sequence in [1, 3, 4] {
            if (sequence, change.as_str()) == (1, "before_value = null") {
                continue; // There is nothing before a creation.
            }
            let place = the_first.replace("sequence = 1", &format!("sequence = {sequence}"));
            let told = found(&bed, id, &format!("update audit_records set {change} {place}")).await;
            assert!(told.contains(&format!("record {sequence} ")), "{change}: {told}");
        }
    }
    // Whoever counts the hash anew for one record has to do it for all that follow, and for the head.
    let told =
        found(&bed, id, &format!("update audit_logs set hash = '{}' where log_id = {log}", "0".repeat(64)))
            .await;
    assert!(told.contains("ends at record 4"), "{told}");
}

async fn e_44_a_removed_record_is_found(bed: Bed) {
    let id = prepared(&bed).await;
    let log = bed.database.literal(id.uuid());
    for which in ["= 1", "= 2", "= 4", "> 2", "> 0", "in (2, 3)"] {
        let told =
            found(&bed, id, &format!("delete from audit_records where log_id = {log} and sequence {which}"))
                .await;
        assert!(told.contains("record"), "{told}");
    }
    // Closing the gap does not help.
    let closed = format!(
        "delete from audit_records where log_id = {log} and sequence = 2; \
         update audit_records set sequence = sequence - 1 where log_id = {log} and sequence = 3; \
         update audit_records set sequence = sequence - 1 where log_id = {log} and sequence = 4"
    );
    found(&bed, id, &closed).await;
    // Nor does a head that is set back without the hash.
    let shortened = format!(
        "delete from audit_records where log_id = {log} and sequence = 4; \
         update audit_logs set sequence = 3 where log_id = {log}"
    );
    found(&bed, id, &shortened).await;
    // The log of another organization is not concerned.
    let owner = bed.user("bob@example.org").await;
    let other = bed.root("other", owner).await;
    bed.database.raw(&format!("delete from audit_records where log_id = {log}")).await.unwrap();
    rename(&bed, owner, other, "Renamed").await;
    assert_eq!(bed.read().await.audit_verify(Some(other)).await, Ok(2), "its creation and the change");
    assert_eq!(code(bed.read().await.audit_verify(Some(id)).await), "audit_chain_broken");
}

async fn e_44_a_reordered_or_added_record_is_found(bed: Bed) {
    let id = prepared(&bed).await;
    let log = bed.database.literal(id.uuid());
    let swap = format!(
        "update audit_records set sequence = 99 where log_id = {log} and sequence = 2; \
         update audit_records set sequence = 2 where log_id = {log} and sequence = 3; \
         update audit_records set sequence = 3 where log_id = {log} and sequence = 99"
    );
    found(&bed, id, &swap).await;
    let columns = "realm_id, log_id, at_ms, actor_id, actor_name, credential, operation, target_kind, target, \
                   target_name, before_value, after_value, address, request, hash, crossed";
    for sequence in [5, 0] {
        let added = format!(
            "insert into audit_records (id, sequence, {columns}) select {}, {sequence}, {columns} from audit_records \
             where log_id = {log} and sequence = 4",
            bed.database.literal(SystemIds.fresh())
        );
        found(&bed, id, &added).await;
    }
    let moved = format!(
        "update audit_records set log_id = {} where log_id = {log} and sequence = 4",
        bed.database.literal(SystemIds.fresh())
    );
    found(&bed, id, &moved).await;
}

/// E-44: what looks like a formula, a line break or a control sequence is kept and given back as it is.
async fn e_44_texts_are_kept_as_they_were(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let texts = HOSTILE.into_iter().chain(["line\nbreak\r\n", "\u{1b}[31mred", "\u{7f}", "a\tb"]);
    for (number, text) in (0u8..).zip(texts) {
        sign_in(&bed, owner, text, number).await;
        let record = latest(&bed).await;
        assert_eq!(record.after, Some(json!({"address": "192.0.2.1", "user_agent": text})));
    }
    assert!(bed.read().await.audit_verify(None).await.is_ok());
}

async fn many_who_write_at_the_same_time_make_one_chain(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let already = bed.read().await.audit_verify(None).await.unwrap();
    let mut writers = Vec::new();
    for number in 0..20u8 {
        let (session, permit) = (session(&bed, owner, "x"), bed.door::<SignIn>(owner).await);
        let store = bed.store.clone();
        writers.push(async move {
            let mut tx = store.write(&Bounds::Everything).await?;
            tx.session_create(&permit, &session, vec![number], 99, audit_id()).await?;
            tx.commit().await
        });
    }
    let mut revisions: Vec<_> =
        race(writers).await.into_iter().map(|done| done.unwrap().revision.unwrap()).collect();
    assert_eq!(bed.read().await.audit_verify(None).await, Ok(already + 20));
    revisions.sort_unstable();
    assert!(revisions.windows(2).all(|pair| pair[1] == pair[0] + 1), "{revisions:?}");
}

async fn logs_are_paged_from_the_newest(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let id = bed.root("acme", owner).await;
    for number in 0..7 {
        rename(&bed, owner, id, &format!("Name {number}")).await;
    }
    let (one, every) = (bed.site::<ViewOrganizationAudit>(id).await, bed.site::<ViewAudit>(Site).await);
    for size in [1, 3, 7, 8, 9, 200] {
        for of_one in [true, false] {
            let (mut found, mut token) = (Vec::new(), None::<String>);
            loop {
                let page = PageRequest::new(Some(size), token.as_deref(), None).unwrap();
                let mut tx = bed.read().await;
                let listed = if of_one {
                    tx.organization_audit_list(&one, &page).await.unwrap()
                } else {
                    tx.audit_list(&every, &page).await.unwrap()
                };
                found.extend(listed.items);
                token = listed.next;
                if token.is_none() {
                    break;
                }
            }
            // Seven changes and the creation; beside them the first set-up and an account.
            assert_eq!(found.len(), if of_one { 8 } else { 10 }, "by {size}");
            assert!(found.windows(2).all(|pair| (pair[0].at, pair[0].id) > (pair[1].at, pair[1].id)));
            assert!(!of_one || found.iter().all(|record| record.organization == Some(id)));
        }
    }
}

/// The same change has the same hash on both engines, although each keeps JSON in an order and a form of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_44_a_chain_is_the_same_on_both_engines() {
    let mut hashes = Vec::new();
    for bed in [Bed::sqlite().await, Bed::postgres().await] {
        let mut owner = bed.new_user(RealmId::PLATFORM, "ada@example.org");
        owner.id = UserId::from_uuid(Uuid::from_u128(1));
        bed.try_user(&owner).await.unwrap();
        let mut organization = bed.new_organization("acme", (RealmId::PLATFORM, None)).await;
        organization.id = OrganizationId::from_uuid(Uuid::from_u128(2));
        organization.created_at = Timestamp::from_millis(4);
        let permit = bed.permit::<action::CreateRootOrganization>(owner.id, Commons(RealmId::PLATFORM)).await;
        let ids = (AssignmentId::fresh(&SystemIds), AuditId::from_uuid(Uuid::from_u128(20)));
        let mut tx = bed.write().await;
        tx.create_organization(&permit, &organization, owner.id, ids).await.unwrap();
        tx.commit().await.unwrap();
        for number in 0..3u128 {
            let before = bed.organization(organization.id).await;
            let mut after = before.clone();
            let annotations = ["zz", "a", "bbb", "a.b/c", "B", "aa"]
                .map(|key| (key.to_owned(), format!("{number} \"'\\ \u{e9} \u{1f3f0} \u{2028} {key}")));
            after.annotations = Annotations::try_from(BTreeMap::from(annotations)).unwrap();
            let permit = bed.permit::<UpdateOrganization>(owner.id, organization.id).await;
            let id = AuditId::from_uuid(Uuid::from_u128(number + 10));
            let at = Timestamp::from_millis(5);
            let mut tx = bed.write().await;
            tx.organization_update(&permit, (&before, &after), (id, at)).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(bed.read().await.audit_verify(Some(organization.id)).await, Ok(4));
        let records = log(&bed, organization.id).await;
        hashes.push(records.into_iter().map(|record| record.hash).collect::<Vec<_>>());
    }
    assert_eq!(hashes[0].len(), 4);
    assert_eq!(hashes[0], hashes[1]);
}
