//! HIER-2: the database itself refuses an edge between two realms, whoever writes it.

use bastide_authz::action::{CreateClientOrganization, SignIn};
use bastide_authz::{Commons, Own, Realm};
use bastide_model::cluster::Membership;
use bastide_model::gateway::GatewayChoice;
use bastide_model::placement::Placement;
use bastide_model::{AssignmentId, Ids, OrganizationId, RealmId, SessionId, SystemIds, UserId};
use bastide_store::{Session, Token};

use crate::bed::{Bed, audit_id, both_engines, code};

both_engines! {
    hier_2_no_edge_between_two_realms_is_stored_by_the_store,
    cli_2_no_credential_is_stored_for_another_realm,
    hier_2_no_edge_between_two_realms_is_stored_past_the_store,
    hier_2_what_organizations_have_is_of_their_realm,
    what_is_referred_to_cannot_go,
}

struct Two {
    brand: RealmId,
    /// In the platform's realm.
    ours: (OrganizationId, UserId),
    /// In the other.
    theirs: (OrganizationId, UserId),
}

async fn two(bed: &Bed) -> Two {
    let brand = bed.realm("brand").await;
    let ada = bed.user("ada@example.org").await;
    let eve = bed.user_in(brand, "eve@example.org").await;
    let here = bed.root("here", ada).await;
    let there = bed.new_organization("there", (brand, None)).await;
    bed.try_create(&there, eve).await.unwrap();
    Two { brand, ours: (here, ada), theirs: (there.id, eve) }
}

async fn hier_2_no_edge_between_two_realms_is_stored_by_the_store(bed: Bed) {
    let two = two(&bed).await;
    // An owner from another realm.
    let organization = bed.new_organization("fresh", (RealmId::PLATFORM, None)).await;
    let permit = bed
        .permit::<bastide_authz::action::CreateRootOrganization>(two.ours.1, Commons(RealmId::PLATFORM))
        .await;
    let ids = (AssignmentId::fresh(&SystemIds), audit_id());
    let result = bed.write().await.create_organization(&permit, &organization, two.theirs.1, ids).await;
    assert_eq!(code(result), "in_use");
    // A parent from another realm, through the one permit that does not name the parent.
    let permit = bed.site::<CreateClientOrganization>(Realm(RealmId::PLATFORM)).await;
    let mut beneath = organization.clone();
    beneath.parent = Some(two.theirs.0);
    let ids = (AssignmentId::fresh(&SystemIds), audit_id());
    let result = bed.write().await.create_organization(&permit, &beneath, two.ours.1, ids).await;
    assert_eq!(code(result), "in_use");
    // A plan from another realm.
    let mut planned = organization.clone();
    planned.plan = bed.plan(two.brand).await;
    assert_eq!(code(bed.try_create(&planned, two.ours.1).await), "in_use");
    assert!(bed.read().await.plan(RealmId::PLATFORM, planned.plan).await.is_err());
    // A home in another realm.
    let result = bed.write().await.user_home_default(two.ours.1, two.theirs.0).await;
    assert_eq!(code(result), "in_use");
    // A placement of another realm's organization.
    let cluster = bed.cluster("spoke-1", Membership::Joined).await;
    let placement = Placement {
        organization: two.theirs.0,
        cluster,
        node_pool: None,
        gateway: GatewayChoice::Shared,
        created_at: bed.now(),
        leaving: None,
    };
    let result = bed.write().await.placement_create(&permit, RealmId::PLATFORM, &placement).await;
    assert_eq!(code(result), "in_use");
    let result = bed.write().await.placement_create(&permit, two.brand, &placement).await;
    assert_eq!(code(result), "internal", "and the permit is for the other realm");
}

/// CLI-2: a session or a token in another realm than the account's.
async fn cli_2_no_credential_is_stored_for_another_realm(bed: Bed) {
    let two = two(&bed).await;
    let now = bed.now();
    let session = Session {
        id: SessionId::fresh(&SystemIds),
        realm: two.brand,
        user: two.ours.1,
        user_agent: String::new(),
        address: String::new(),
        created_at: now,
        last_used_at: now,
        expires_at: now.plus_seconds(60),
    };
    let permit = bed.door::<SignIn>(two.ours.1).await;
    let result = bed.write().await.session_create(&permit, &session, vec![1], 9, audit_id()).await;
    assert_eq!(code(result), "in_use");
    let token = Token {
        id: bastide_model::TokenId::fresh(&SystemIds),
        realm: two.brand,
        user: two.ours.1,
        name: "token".parse().unwrap(),
        prefix: "p".into(),
        permissions: None,
        created_at: now,
        expires_at: now.plus_seconds(60),
        last_used_at: None,
    };
    let permit = bed.permit::<bastide_authz::action::CreateToken>(two.ours.1, Own(two.ours.1)).await;
    let result = bed.write().await.token_create(&permit, &token, vec![1], audit_id()).await;
    assert_eq!(code(result), "in_use");
}

/// Every reference between two rows of tenant data, tried with one end in each realm.
async fn hier_2_no_edge_between_two_realms_is_stored_past_the_store(bed: Bed) {
    let two = two(&bed).await;
    let cluster = bed.cluster("spoke-1", Membership::Joined).await;
    let quote = |id| bed.database.literal(id);
    let (here, ada) = (quote(two.ours.0.uuid()), quote(two.ours.1.uuid()));
    let (there, eve) = (quote(two.theirs.0.uuid()), quote(two.theirs.1.uuid()));
    let (platform, brand) = (quote(RealmId::PLATFORM.uuid()), quote(two.brand.uuid()));
    let (id, cluster) = (quote(SystemIds.fresh()), quote(cluster.uuid()));
    let hash = "(select secret_hash from setup_links limit 1)";
    let mut tx = bed.write().await;
    tx.setup_link_replace(vec![1], bed.now(), bed.now()).await.unwrap();
    tx.commit().await.unwrap();
    let plan = format!("(select id from plans where realm_id = {brand})");
    for crossing in [
        format!("update organizations set parent_id = {there} where id = {here}"),
        format!("update organizations set plan_id = {plan} where id = {here}"),
        format!("update organizations set realm_id = {brand} where id = {here}"),
        format!("update users set home_organization_id = {there} where id = {ada}"),
        format!("update users set realm_id = {brand} where id = {ada}"),
        format!("update assignments set user_id = {eve} where organization_id = {here}"),
        format!(
            "update assignments set organization_id = {there}, role = 'administrator' where user_id = {ada}"
        ),
        format!("update namespaces set organization_id = {there} where organization_id = {here}"),
        format!("insert into administrations values ({ada}, 'client', {brand}, 0)"),
        format!("insert into administrations values ({eve}, 'site', {platform}, 0)"),
        format!("insert into sessions values ({id}, {platform}, {eve}, {hash}, '', '', 0, 0, 0)"),
        format!("insert into tokens values ({id}, {platform}, {eve}, '', '', {hash}, null, 0, 0, null)"),
        format!(
            "insert into login_grants values ({hash}, {platform}, 'code', null, '', '', 'agreed', {eve}, 0, 0, null)"
        ),
        format!(
            "insert into placements (realm_id, organization_id, cluster_id, node_pool, gateway_configuration_id, created_at_ms) values ({platform}, {there}, {cluster}, null, null, 0)"
        ),
        format!(
            "insert into placements (realm_id, organization_id, cluster_id, node_pool, gateway_configuration_id, created_at_ms) values ({brand}, {here}, {cluster}, null, null, 0)"
        ),
    ] {
        let error = bed.database.raw(&crossing).await.expect_err(&crossing);
        assert!(error.to_lowercase().contains("foreign key constraint"), "{crossing}: {error}");
    }
    let own = format!("insert into administrations values ({eve}, 'client', {brand}, 0)");
    assert_eq!(bed.database.raw(&own).await, Ok(1), "the same within a realm");
}

/// Host names, and what clusters should have and have of an organization.
async fn hier_2_what_organizations_have_is_of_their_realm(bed: Bed) {
    let two = two(&bed).await;
    bed.cluster("spoke-1", Membership::Joined).await;
    let quote = |id| bed.database.literal(id);
    let (here, there) = (quote(two.ours.0.uuid()), quote(two.theirs.0.uuid()));
    let (platform, brand) = (quote(RealmId::PLATFORM.uuid()), quote(two.brand.uuid()));
    let id = quote(SystemIds.fresh());
    for (table, columns) in [
        ("host_names", "name, realm_id, organization_id) values ('a.example'"),
        (
            "desired_sets",
            "generation, changed_at_ms, cluster_id, realm_id, organization_id) values (1, 0, (select id from clusters)",
        ),
        (
            "reported_sets",
            "observed_generation, removed, conditions, objects, reported_at_ms, cluster_id, realm_id, organization_id) \
             values (1, false, '[]', '[]', 0, (select id from clusters)",
        ),
    ] {
        for (realm, organization) in [(&platform, &there), (&brand, &here), (&platform, &id)] {
            let crossing = format!("insert into {table} ({columns}, {realm}, {organization})");
            let error = bed.database.raw(&crossing).await.expect_err(&crossing);
            assert!(error.to_lowercase().contains("foreign key constraint"), "{crossing}: {error}");
        }
        let own = format!("insert into {table} ({columns}, {brand}, {there})");
        assert_eq!(bed.database.raw(&own).await, Ok(1), "the same within a realm");
    }
}

async fn what_is_referred_to_cannot_go(bed: Bed) {
    let two = two(&bed).await;
    bed.cluster("spoke-1", Membership::Requested).await;
    for table in ["organizations", "users", "plans", "realms", "hubs"] {
        let error = bed.database.raw(&format!("delete from {table}")).await.expect_err(table);
        assert!(error.to_lowercase().contains("foreign key constraint"), "{table}: {error}");
    }
    assert_eq!(bed.organization(two.ours.0).await.realm, RealmId::PLATFORM);
}
