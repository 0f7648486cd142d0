//! What runs where: licences, gateway configurations, placements, desired sets and what clusters report (FLEET-3 to FLEET-6).

use std::collections::BTreeMap;

use bastide_authz::Realm;
use bastide_authz::action::{
    CreateClientOrganization, CreateGateway, DeleteGateway, ReportCluster, SetDesired, UpdateLicence,
    ViewGateways, ViewOrganization, WithdrawCluster,
};
use bastide_model::cluster::{Condition, ConditionStatus, Membership};
use bastide_model::gateway::{
    CertificatePolicy, GatewayChoice, GatewayConfiguration, GatewaySpec, Listener, ListenerProtocol,
    RouteKind,
};
use bastide_model::labels::{NodePool, NodePoolParts};
use bastide_model::licence::{Examination, LicenceFacts};
use bastide_model::placement::{
    DesiredOrganization, DesiredSet, PlacedOrganization, Placement, ReportedObject, ReportedSet, desired_for,
};
use bastide_model::{
    ClusterId, Error, GatewayConfigurationId, OrganizationId, RealmId, Result, SystemIds, Timestamp,
};
use bastide_store::Licence;

use crate::bed::{Bed, audit_id, both_engines, code};
use crate::deletion::{place, reconcile};

both_engines! {
    fleet_3_a_licence_is_replaced,
    a_gateway_configuration_comes_back_and_its_slug_is_its_cluster_s,
    a_gateway_configuration_in_use_is_not_deleted,
    fleet_4_a_placement_comes_back_with_everything_about_it,
    fleet_4_an_organization_is_placed_on_joined_clusters_only,
    fleet_6_a_generation_grows_only_with_a_change,
    fleet_6_clusters_have_generations_of_their_own,
    fleet_6_only_what_was_asked_for_is_reported,
    fleet_6_an_older_report_does_not_replace_a_newer_one,
    org_8_removed_counts_only_when_nothing_is_wanted,
    the_time_of_a_transition_moves_with_the_status_only,
}

async fn fleet_3_a_licence_is_replaced(bed: Bed) {
    let id = bed.cluster("spoke-1", Membership::Joined).await;
    let other = bed.cluster("spoke-2", Membership::Joined).await;
    assert_eq!(bed.read().await.licence(id).await.unwrap(), None);
    let facts = LicenceFacts {
        id: "0a".into(),
        product_line: vec!["X".into()],
        tier: vec![],
        flags: vec!["A=1".into(), "B=ü".into()],
        features: vec!["databases".into()],
        plan: vec!["gold".into()],
        cluster_uids: vec![bed.the_cluster(id).await.uid.to_string()],
        issuer: "CN=Authority, \"Inc.\"".into(),
        not_before: Timestamp::from_millis(0),
        not_after: Timestamp::from_millis(2_000_000_000_000),
        client_auth: true,
        chain_problem: None,
    };
    for examination in
        [Examination::Unreadable { problem: "no \"PEM\"".into() }, Examination::Certificate(Box::new(facts))]
    {
        let licence = Licence { pem: "-----BEGIN\n'x'".into(), examination, uploaded_at: bed.now() };
        let permit = bed.site::<UpdateLicence>(id).await;
        let mut tx = bed.write().await;
        tx.licence_update(&permit, "spoke-1", &licence, audit_id()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(bed.read().await.licence(id).await.unwrap(), Some(licence));
        assert_eq!(bed.read().await.licence(other).await.unwrap(), None);
    }
    assert_eq!(bed.database.number("select count(*) from licences").await, 1);
}

fn listener(name: &str, port: u16, protocol: ListenerProtocol) -> Listener {
    Listener { name: name.into(), port, protocol, host_name: None, allowed: Vec::new() }
}

pub(crate) async fn gateway(bed: &Bed, cluster: ClusterId, slug: &str) -> Result<GatewayConfiguration> {
    let gateway = GatewayConfiguration {
        id: GatewayConfigurationId::fresh(&SystemIds),
        cluster,
        slug: slug.parse().unwrap(),
        name: format!("Gateway {slug} 'x'").parse().unwrap(),
        spec: GatewaySpec {
            class: "envoy".into(),
            listeners: vec![
                Listener {
                    host_name: Some("*.acme.example".parse().unwrap()),
                    allowed: vec![RouteKind::Grpc],
                    ..listener("https", 443, ListenerProtocol::Https)
                },
                listener("http", 80, ListenerProtocol::Http),
            ],
            addresses: vec!["2001:db8::1".parse().unwrap(), "edge.example.org".parse().unwrap()],
        },
        certificates: CertificatePolicy::Organization,
        shared: false,
        created_at: bed.now(),
        revision: 1,
    };
    let permit = bed.site::<CreateGateway>(cluster).await;
    let mut tx = bed.write().await;
    tx.gateway_create(&permit, &gateway, audit_id()).await?;
    tx.commit().await?;
    Ok(gateway)
}

async fn a_gateway_configuration_comes_back_and_its_slug_is_its_cluster_s(bed: Bed) {
    let (one, other) =
        (bed.cluster("spoke-1", Membership::Joined).await, bed.cluster("spoke-2", Membership::Joined).await);
    let b = gateway(&bed, one, "b").await.unwrap();
    let a = gateway(&bed, one, "a").await.unwrap();
    let elsewhere = gateway(&bed, other, "a").await.unwrap();
    let error = gateway(&bed, one, "a").await.unwrap_err();
    assert_eq!(error.code(), "slug_taken");
    assert!(error.to_string().contains("`a`"), "{error}");
    assert_eq!(bed.read().await.gateway(a.id).await, Ok(a.clone()));
    let nothing = GatewayConfigurationId::fresh(&SystemIds);
    assert_eq!(bed.read().await.gateway(nothing).await, Err(Error::NotFound));
    let permit = bed.site::<ViewGateways>(one).await;
    assert_eq!(bed.read().await.gateway_list(&permit).await.unwrap(), [a.clone(), b]);
    assert_eq!(bed.read().await.gateways_of(other).await.unwrap(), std::slice::from_ref(&elsewhere));
    // E-17: with a permit for one cluster, the configuration of another does not exist.
    let permit = bed.site::<DeleteGateway>(one).await;
    let mut tx = bed.write().await;
    assert_eq!(tx.gateway_delete(&permit, &elsewhere, bed.audit()).await, Err(Error::NotFound));
    tx.gateway_delete(&permit, &a, bed.audit()).await.unwrap();
    assert_eq!(tx.gateway_delete(&permit, &a, bed.audit()).await, Err(Error::NotFound));
    tx.commit().await.unwrap();
    assert_eq!(bed.read().await.gateway(a.id).await, Err(Error::NotFound));
    assert_eq!(bed.read().await.gateway(elsewhere.id).await, Ok(elsewhere));
}

async fn try_place(bed: &Bed, placement: &Placement) -> Result<()> {
    let permit = bed.site::<CreateClientOrganization>(Realm(RealmId::PLATFORM)).await;
    let mut tx = bed.write().await;
    tx.placement_create(&permit, RealmId::PLATFORM, placement).await?;
    tx.commit().await.map(|_| ())
}

fn pool() -> NodePool {
    let labels =
        BTreeMap::from([("pool".to_owned(), "gold".to_owned()), ("a.b/c".to_owned(), String::new())]);
    let tolerations = vec!["pool=gold:NoSchedule".parse().unwrap(), "any".parse().unwrap()];
    NodePool::try_from(NodePoolParts { labels, tolerations }).unwrap()
}

async fn a_gateway_configuration_in_use_is_not_deleted(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let cluster = bed.cluster("spoke-1", Membership::Joined).await;
    let used = gateway(&bed, cluster, "used").await.unwrap();
    for slug in ["zeta", "acme"] {
        let placement = Placement {
            leaving: None,
            organization: bed.root(slug, owner).await,
            cluster,
            node_pool: None,
            gateway: GatewayChoice::Dedicated { configuration: used.id },
            created_at: bed.now(),
        };
        try_place(&bed, &placement).await.unwrap();
    }
    let permit = bed.site::<DeleteGateway>(cluster).await;
    let error = bed.write().await.gateway_delete(&permit, &used, bed.audit()).await.unwrap_err();
    assert_eq!(error.code(), "gateway_in_use");
    assert!(error.to_string().contains("2 organizations"), "{error}");
    let users = bed.write().await.gateway_users(&permit, &used).await.unwrap();
    assert_eq!(users.iter().map(|(_, slug)| slug.as_str()).collect::<Vec<_>>(), ["acme", "zeta"]);
    assert_eq!(bed.read().await.gateway(used.id).await, Ok(used));
}

async fn fleet_4_a_placement_comes_back_with_everything_about_it(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let cluster = bed.cluster("spoke-1", Membership::Joined).await;
    let configuration = gateway(&bed, cluster, "own").await.unwrap();
    let (plain, rich) = (bed.root("plain", owner).await, bed.root("rich", owner).await);
    place(&bed, plain, cluster).await.unwrap();
    let placement = Placement {
        leaving: None,
        organization: rich,
        cluster,
        node_pool: Some(pool()),
        gateway: GatewayChoice::Dedicated { configuration: configuration.id },
        created_at: bed.now(),
    };
    try_place(&bed, &placement).await.unwrap();
    assert_eq!(bed.read().await.placements_of(rich).await.unwrap(), std::slice::from_ref(&placement));
    assert_eq!(bed.read().await.clusters_placed_on().await.unwrap(), [cluster]);
    let permit = bed.placement::<SetDesired>(cluster).await;
    let placed = bed.write().await.placed_on(&permit).await.unwrap();
    let plans = bed.read().await.plans_of(RealmId::PLATFORM).await.unwrap();
    let expected = PlacedOrganization {
        organization: bed.organization(rich).await,
        plan: plans.into_iter().find(|plan| plan.is_default).unwrap(),
        placement,
        gateway_configuration: Some(configuration),
        host_names: Vec::new(),
    };
    assert_eq!(placed.len(), 2);
    assert_eq!(placed.iter().find(|one| one.organization.id == rich), Some(&expected));
    let plain = placed.iter().find(|one| one.organization.id == plain).unwrap();
    assert_eq!((&plain.placement.node_pool, &plain.gateway_configuration), (&None, &None));
}

async fn fleet_4_an_organization_is_placed_on_joined_clusters_only(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let organization = bed.root("acme", owner).await;
    for membership in [Membership::Requested, Membership::Denied, Membership::Withdrawn] {
        let cluster = bed.cluster(membership.as_str(), membership).await;
        assert_eq!(code(place(&bed, organization, cluster).await), "cluster_not_joined", "{membership}");
    }
    let cluster = bed.cluster("joined", Membership::Joined).await;
    assert_eq!(code(place(&bed, organization, ClusterId::fresh(&SystemIds)).await), "cluster_not_joined");
    place(&bed, organization, cluster).await.unwrap();
    assert_eq!(code(place(&bed, organization, cluster).await), "placed_already");
    // A configuration of another cluster cannot be chosen.
    let other = bed.cluster("other", Membership::Joined).await;
    let foreign = gateway(&bed, cluster, "own").await.unwrap();
    let placement = Placement {
        leaving: None,
        organization,
        cluster: other,
        node_pool: None,
        gateway: GatewayChoice::Dedicated { configuration: foreign.id },
        created_at: bed.now(),
    };
    assert_eq!(code(try_place(&bed, &placement).await), "in_use");
    bed.decide::<WithdrawCluster>(cluster).await.unwrap();
    assert_eq!(bed.read().await.placements_of(organization).await.unwrap().len(), 1, "what is placed stays");
}

/// Two organizations on a joined cluster, and what should be there for each.
async fn two_placed(bed: &Bed) -> (ClusterId, Vec<(OrganizationId, Option<DesiredOrganization>)>) {
    let owner = bed.user("ada@example.org").await;
    let cluster = bed.cluster("spoke-1", Membership::Joined).await;
    for slug in ["acme", "beta"] {
        let organization = bed.root(slug, owner).await;
        let placement = Placement {
            organization,
            cluster,
            node_pool: Some(pool()),
            gateway: GatewayChoice::Shared,
            created_at: bed.now(),
            leaving: None,
        };
        try_place(bed, &placement).await.unwrap();
    }
    let permit = bed.placement::<SetDesired>(cluster).await;
    let wanted = desired_for(&bed.write().await.placed_on(&permit).await.unwrap());
    assert_eq!(wanted.len(), 2);
    (cluster, wanted)
}

async fn desired(bed: &Bed, cluster: ClusterId, after: i64) -> Vec<DesiredSet> {
    let permit = bed.agent::<ReportCluster>(cluster).await;
    bed.read().await.desired_after(&permit, after).await.unwrap()
}

async fn generation(bed: &Bed, cluster: ClusterId) -> i64 {
    let permit = bed.agent::<ReportCluster>(cluster).await;
    bed.read().await.desired_generation(&permit).await.unwrap()
}

async fn fleet_6_a_generation_grows_only_with_a_change(bed: Bed) {
    let (cluster, mut wanted) = two_placed(&bed).await;
    assert_eq!(generation(&bed, cluster).await, 0);
    assert_eq!(bed.set_desired(cluster, &wanted).await, 2);
    let sets = desired(&bed, cluster, 0).await;
    assert_eq!(sets.iter().map(|set| set.generation).collect::<Vec<_>>(), [1, 2]);
    for set in &sets {
        let content = wanted.iter().find(|(id, _)| *id == set.organization).unwrap().1.clone();
        assert_eq!(set.content, content, "it comes back as it was wanted");
    }
    let revision = bed.read().await.revision().await.unwrap();
    assert_eq!(bed.set_desired(cluster, &wanted).await, 0);
    assert_eq!(reconcile(&bed, cluster).await, 0);
    assert_eq!((generation(&bed, cluster).await, desired(&bed, cluster, 0).await), (2, sets));
    assert_eq!(bed.read().await.revision().await.unwrap(), revision, "nobody is woken");
    wanted[0].1.as_mut().unwrap().name = "Renamed".parse().unwrap();
    assert_eq!(bed.set_desired(cluster, &wanted).await, 1);
    assert!(bed.read().await.revision().await.unwrap() > revision);
    let newer = desired(&bed, cluster, 2).await;
    assert_eq!(newer.len(), 1);
    assert_eq!((newer[0].organization, newer[0].generation), (wanted[0].0, 3));
    wanted[0].1 = None;
    assert_eq!(bed.set_desired(cluster, &wanted).await, 1);
    assert_eq!(bed.set_desired(cluster, &wanted).await, 0);
    assert_eq!(desired(&bed, cluster, 3).await[0].content, None);
    assert_eq!(desired(&bed, cluster, 4).await, []);
    // What was never wanted is not even mentioned.
    let stranger = OrganizationId::fresh(&SystemIds);
    assert_eq!(bed.set_desired(cluster, &[(stranger, None)]).await, 0);
    assert_eq!(desired(&bed, cluster, 0).await.len(), 2);
}

async fn fleet_6_clusters_have_generations_of_their_own(bed: Bed) {
    let (cluster, wanted) = two_placed(&bed).await;
    let other = bed.cluster("spoke-2", Membership::Joined).await;
    bed.set_desired(cluster, &wanted).await;
    assert_eq!(generation(&bed, other).await, 0);
    assert_eq!(desired(&bed, other, 0).await, []);
    bed.set_desired(other, &wanted[..1]).await;
    assert_eq!((generation(&bed, cluster).await, generation(&bed, other).await), (2, 1));
}

fn report(organization: OrganizationId, observed_generation: i64) -> ReportedSet {
    ReportedSet {
        organization,
        observed_generation,
        removed: false,
        conditions: vec![],
        objects: vec![ReportedObject {
            api_version: "v1".into(),
            kind: "Namespace".into(),
            namespace: String::new(),
            name: format!("generation-{observed_generation}"),
            ready: true,
            message: "\"quoted\"".into(),
        }],
    }
}

async fn record(bed: &Bed, cluster: ClusterId, reports: Vec<ReportedSet>) {
    let permit = bed.agent::<ReportCluster>(cluster).await;
    let mut tx = bed.write().await;
    tx.reports_record(&permit, reports, bed.now()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn observed(bed: &Bed, cluster: ClusterId, organization: OrganizationId) -> (i64, bool, usize) {
    let known = bed.read().await.report(cluster, organization).await.unwrap();
    (known.observed_generation, known.removed, known.objects.len())
}

async fn fleet_6_only_what_was_asked_for_is_reported(bed: Bed) {
    let (cluster, wanted) = two_placed(&bed).await;
    let (known, other) = (wanted[0].0, wanted[1].0);
    bed.set_desired(cluster, &wanted[..1]).await;
    let elsewhere = bed.cluster("spoke-2", Membership::Joined).await;
    // Not asked for on this cluster, not asked for on that one, never heard of, a generation from the future.
    record(&bed, cluster, vec![report(other, 1), report(OrganizationId::fresh(&SystemIds), 1)]).await;
    record(&bed, elsewhere, vec![report(known, 1)]).await;
    record(&bed, cluster, vec![report(known, 2), report(known, i64::MAX)]).await;
    assert_eq!(bed.database.number("select count(*) from reported_sets").await, 0);
    assert_eq!(observed(&bed, cluster, known).await, (0, false, 0));
    record(&bed, cluster, vec![report(known, 1)]).await;
    assert_eq!(observed(&bed, cluster, known).await, (1, false, 1));
    let view = bed.site::<ViewOrganization>(known).await;
    let statuses = bed.read().await.placement_list(&view).await.unwrap();
    assert_eq!(statuses.len(), 1);
    assert_eq!((statuses[0].placement.cluster, statuses[0].generation), (cluster, 1));
    assert_eq!(statuses[0].report.objects, report(known, 1).objects);
    assert!(statuses[0].report.reported_at.is_some());
    let unset = bed.read().await.placement_statuses(other).await.unwrap();
    assert_eq!((unset[0].generation, unset[0].report.observed_generation), (0, 0));
}

async fn fleet_6_an_older_report_does_not_replace_a_newer_one(bed: Bed) {
    let (cluster, mut wanted) = two_placed(&bed).await;
    let id = wanted[0].0;
    for name in ["First", "Second", "Third"] {
        wanted[0].1.as_mut().unwrap().name = name.parse().unwrap();
        bed.set_desired(cluster, &wanted[..1]).await;
    }
    for (sent, expected) in [(2, 2), (1, 2), (2, 2), (3, 3), (2, 3), (0, 3), (-1, 3)] {
        record(&bed, cluster, vec![report(id, sent)]).await;
        assert_eq!(observed(&bed, cluster, id).await, (expected, false, 1), "after {sent}");
        let known = bed.read().await.report(cluster, id).await.unwrap();
        assert_eq!(known.objects[0].name, format!("generation-{expected}"));
    }
}

/// A cluster that says "removed" of what it should run, or too early, ends nothing.
async fn org_8_removed_counts_only_when_nothing_is_wanted(bed: Bed) {
    let (cluster, mut wanted) = two_placed(&bed).await;
    let id = wanted[0].0;
    bed.set_desired(cluster, &wanted[..1]).await;
    let removed = |generation| ReportedSet { removed: true, objects: vec![], ..report(id, generation) };
    record(&bed, cluster, vec![removed(1)]).await;
    assert_eq!(observed(&bed, cluster, id).await, (1, false, 0), "it is wanted");
    wanted[0].1 = None;
    bed.set_desired(cluster, &wanted[..1]).await;
    record(&bed, cluster, vec![removed(1)]).await;
    assert_eq!(observed(&bed, cluster, id).await, (1, false, 0), "it speaks of what was wanted before");
    let revision = bed.read().await.revision().await.unwrap();
    record(&bed, cluster, vec![removed(2)]).await;
    assert_eq!(observed(&bed, cluster, id).await, (2, true, 0));
    assert!(bed.read().await.revision().await.unwrap() > revision, "the controller is woken");
}

async fn the_time_of_a_transition_moves_with_the_status_only(bed: Bed) {
    let (cluster, wanted) = two_placed(&bed).await;
    let id = wanted[0].0;
    bed.set_desired(cluster, &wanted[..1]).await;
    let mut times = Vec::new();
    for status in
        [ConditionStatus::False, ConditionStatus::False, ConditionStatus::True, ConditionStatus::True]
    {
        let condition = Condition {
            kind: "Applied".into(),
            status,
            reason: "Because".into(),
            message: String::new(),
            observed_generation: 1,
            last_transition: Timestamp::from_millis(7),
        };
        record(&bed, cluster, vec![ReportedSet { conditions: vec![condition], ..report(id, 1) }]).await;
        let known = bed.read().await.report(cluster, id).await.unwrap();
        assert_eq!(known.conditions[0].status, status);
        times.push(known.conditions[0].last_transition);
    }
    assert_eq!((times[0], times[2]), (times[1], times[3]));
    assert!(times[0] < times[2]);
    assert!(times[0] > Timestamp::from_millis(7), "the hub's clock, not the agent's");
}
