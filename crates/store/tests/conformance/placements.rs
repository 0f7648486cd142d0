//! Further placements, how they end, and clusters that are cleaned (FLEET-2, FLEET-6).

use bastide_authz::action::{
    CleanCluster, CreatePlacement, DeleteCluster, DeletePlacement, EndCluster, EndPlacement, ReportCluster,
    SetDesired,
};
use bastide_model::cluster::Membership;
use bastide_model::gateway::GatewayChoice;
use bastide_model::organization::OrganizationState;
use bastide_model::placement::{Leaving, Placement, ReportedSet, desired_for};
use bastide_model::{ClusterId, Error, OrganizationId, Result};

use crate::bed::{Bed, audit_id, both_engines, code};
use crate::deletion::{delete, place, reconcile, tear_down};

both_engines! {
    fleet_6_an_organization_gets_another_cluster,
    fleet_6_a_placement_ends_when_the_cluster_says_so,
    fleet_6_what_is_let_go_is_wanted_no_more,
    fleet_6_placing_and_deleting_exclude_each_other,
    fleet_2_a_cluster_is_cleaned_then_unregistered,
    fleet_2_a_cluster_is_unregistered_with_what_is_on_it,
}

pub(crate) async fn add(bed: &Bed, organization: OrganizationId, cluster: ClusterId) -> Result<()> {
    let permit = bed.site::<CreatePlacement>(organization).await;
    let placement = Placement {
        organization,
        cluster,
        node_pool: None,
        gateway: GatewayChoice::Shared,
        created_at: bed.now(),
        leaving: None,
    };
    let name = "spoke".parse().unwrap();
    let mut tx = bed.write().await;
    tx.placement_add(&permit, &placement, &name, audit_id()).await?;
    tx.commit().await.map(|_| ())
}

pub(crate) async fn leave(
    bed: &Bed,
    organization: OrganizationId,
    cluster: ClusterId,
    how: Leaving,
) -> Result<()> {
    let permit = bed.site::<DeletePlacement>(organization).await;
    let name = bed.the_cluster(cluster).await.name;
    let mut tx = bed.write().await;
    tx.placement_leave(&permit, (cluster, &name), how, bed.audit()).await?;
    tx.commit().await.map(|_| ())
}

pub(crate) async fn end(bed: &Bed, organization: OrganizationId, cluster: ClusterId) -> bool {
    let permit = bed.placement::<EndPlacement>(organization).await;
    let name = bed.the_cluster(cluster).await.name;
    let mut tx = bed.write().await;
    let ended = tx.placement_end(&permit, (cluster, &name), bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    ended
}

/// What a cluster is asked for, as generation and whether anything is, and whether it is let go.
async fn wanted(bed: &Bed, cluster: ClusterId) -> Vec<(i64, bool, bool)> {
    let permit = bed.agent::<ReportCluster>(cluster).await;
    let sets = bed.read().await.desired_after(&permit, 0).await.unwrap();
    sets.iter().map(|set| (set.generation, set.content.is_some(), set.wants_nothing())).collect()
}

async fn removed(bed: &Bed, organization: OrganizationId, cluster: ClusterId, generation: i64) -> bool {
    let permit = bed.agent::<ReportCluster>(cluster).await;
    let report = ReportedSet {
        organization,
        observed_generation: generation,
        removed: true,
        conditions: vec![],
        objects: vec![],
    };
    let mut tx = bed.write().await;
    tx.reports_record(&permit, vec![report], bed.now()).await.unwrap();
    tx.commit().await.unwrap();
    bed.read().await.report(cluster, organization).await.unwrap().removed
}

async fn fleet_6_an_organization_gets_another_cluster(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let organization = bed.root("acme", owner).await;
    let (one, two) =
        (bed.cluster("spoke-1", Membership::Joined).await, bed.cluster("spoke-2", Membership::Joined).await);
    place(&bed, organization, one).await.unwrap();
    add(&bed, organization, two).await.unwrap();
    assert_eq!(code(add(&bed, organization, two).await), "placed_already");
    let asks = bed.cluster("spoke-3", Membership::Requested).await;
    assert_eq!(code(add(&bed, organization, asks).await), "cluster_not_joined");
    let mut there: Vec<_> = bed.read().await.placements_of(organization).await.unwrap();
    there.sort_by_key(|placement| placement.cluster);
    let mut expected = vec![one, two];
    expected.sort();
    assert_eq!(there.iter().map(|placement| placement.cluster).collect::<Vec<_>>(), expected);
    assert!(there.iter().all(|placement| placement.leaving.is_none()));
    for cluster in [one, two] {
        assert_eq!(reconcile(&bed, cluster).await, 1);
        assert_eq!(wanted(&bed, cluster).await, [(1, true, false)]);
    }
    // Whose placement it is, the permit says.
    let other = bed.root("beta", owner).await;
    let permit = bed.site::<CreatePlacement>(other).await;
    let foreign = there.swap_remove(0);
    let result = bed.write().await.placement_add(&permit, &foreign, &"x".parse().unwrap(), audit_id()).await;
    assert!(matches!(result, Err(Error::Internal { .. })), "{result:?}");
}

async fn fleet_6_a_placement_ends_when_the_cluster_says_so(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let organization = bed.root("acme", owner).await;
    let (one, two) =
        (bed.cluster("spoke-1", Membership::Joined).await, bed.cluster("spoke-2", Membership::Joined).await);
    place(&bed, organization, one).await.unwrap();
    add(&bed, organization, two).await.unwrap();
    for cluster in [one, two] {
        reconcile(&bed, cluster).await;
    }
    assert!(!end(&bed, organization, one).await, "it does not leave");
    assert_eq!(bed.read().await.placements_leaving().await.unwrap(), []);
    leave(&bed, organization, one, Leaving::Remove).await.unwrap();
    for how in [Leaving::Remove, Leaving::Release] {
        assert_eq!(code(leave(&bed, organization, one, how).await), "leaving_already");
    }
    assert_eq!(bed.read().await.placements_leaving().await.unwrap(), [(organization, one)]);
    let elsewhere = bed.cluster("spoke-3", Membership::Joined).await;
    assert!(matches!(leave(&bed, organization, elsewhere, Leaving::Remove).await, Err(Error::NotFound)));
    for cluster in [one, two] {
        reconcile(&bed, cluster).await;
    }
    assert_eq!(wanted(&bed, one).await, [(2, false, true)]);
    assert_eq!(wanted(&bed, two).await, [(1, true, false)], "the other one stays");
    assert!(removed(&bed, organization, one, 2).await);
    assert!(end(&bed, organization, one).await && !end(&bed, organization, one).await);
    let there = bed.read().await.placements_of(organization).await.unwrap();
    assert_eq!(there.iter().map(|placement| placement.cluster).collect::<Vec<_>>(), [two]);
    assert_eq!(wanted(&bed, one).await, []);
    assert_eq!(bed.database.number("select count(*) from reported_sets").await, 0);
    // Once more there: the cluster counts on from where it was.
    add(&bed, organization, one).await.unwrap();
    reconcile(&bed, one).await;
    assert_eq!(wanted(&bed, one).await, [(3, true, false)]);
}

async fn fleet_6_what_is_let_go_is_wanted_no_more(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let organization = bed.root("acme", owner).await;
    let cluster = bed.cluster("spoke-1", Membership::Joined).await;
    place(&bed, organization, cluster).await.unwrap();
    reconcile(&bed, cluster).await;
    assert!(!removed(&bed, organization, cluster, 1).await, "something is wanted");
    leave(&bed, organization, cluster, Leaving::Release).await.unwrap();
    assert_eq!(reconcile(&bed, cluster).await, 1);
    assert_eq!(wanted(&bed, cluster).await, [(2, true, true)], "an agent that does not know it keeps all");
    assert!(!removed(&bed, organization, cluster, 1).await, "that was the one before");
    assert!(removed(&bed, organization, cluster, 2).await);
    let permit = bed.placement::<SetDesired>(cluster).await;
    let placed = bed.write().await.placed_on(&permit).await.unwrap();
    assert!(desired_for(&placed)[0].1.as_ref().is_some_and(|content| content.released));
    // A deletion does not take away what was promised to stay, and ends when it is let go.
    delete(&bed, organization).await.unwrap();
    assert_eq!(reconcile(&bed, cluster).await, 0);
    tear_down(&bed, organization, OrganizationState::Deleted).await.unwrap();
    assert_eq!(bed.read().await.placements_of(organization).await.unwrap(), []);
}

async fn fleet_6_placing_and_deleting_exclude_each_other(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let organization = bed.root("acme", owner).await;
    let cluster = bed.cluster("spoke-1", Membership::Joined).await;
    delete(&bed, organization).await.unwrap();
    assert_eq!(code(add(&bed, organization, cluster).await), "organization_not_active");
    assert_eq!(bed.read().await.placements_of(organization).await.unwrap(), []);
}

async fn clean(bed: &Bed, cluster: ClusterId) -> Result<Vec<String>> {
    let (permit, before) = (bed.site::<CleanCluster>(cluster).await, bed.the_cluster(cluster).await);
    let mut tx = bed.write().await;
    let slugs = tx.cluster_clean(&permit, &before, bed.audit()).await?;
    tx.commit().await?;
    Ok(slugs)
}

async fn fleet_2_a_cluster_is_cleaned_then_unregistered(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let (acme, beta) = (bed.root("acme", owner).await, bed.root("beta", owner).await);
    let cluster = bed.cluster("spoke-1", Membership::Joined).await;
    for organization in [acme, beta] {
        place(&bed, organization, cluster).await.unwrap();
    }
    let asks = bed.cluster("spoke-2", Membership::Requested).await;
    assert_eq!(clean(&bed, asks).await.map_err(|error| error.code()), Err("wrong_membership"));
    assert_eq!(clean(&bed, cluster).await.unwrap(), ["acme", "beta"]);
    assert_eq!(clean(&bed, cluster).await.map_err(|error| error.code()), Err("cleaning_already"));
    assert!(bed.the_cluster(cluster).await.cleaning_since.is_some());
    let late = bed.root("late", owner).await;
    assert_eq!(code(place(&bed, late, cluster).await), "cluster_not_joined");
    assert_eq!(bed.read().await.placements_leaving().await.unwrap().len(), 2);
    assert_eq!(bed.read().await.clusters_cleaned().await.unwrap(), []);
    let permit = bed.placement::<EndCluster>(cluster).await;
    let before = bed.the_cluster(cluster).await;
    let early = bed.write().await.cluster_delete(&permit, &before, bed.audit()).await;
    assert_eq!(code(early), "cluster_in_use");
    for organization in [acme, beta] {
        assert!(end(&bed, organization, cluster).await);
    }
    assert_eq!(bed.read().await.clusters_cleaned().await.unwrap(), [cluster]);
    let mut tx = bed.write().await;
    tx.cluster_delete(&permit, &before, bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(bed.read().await.cluster(cluster).await, Err(Error::NotFound));
}

async fn fleet_2_a_cluster_is_unregistered_with_what_is_on_it(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let acme = bed.root("acme", owner).await;
    let cluster = bed.cluster("spoke-1", Membership::Joined).await;
    place(&bed, acme, cluster).await.unwrap();
    let (permit, before) = (bed.site::<DeleteCluster>(cluster).await, bed.the_cluster(cluster).await);
    let refused = bed.write().await.cluster_delete(&permit, &before, bed.audit()).await.unwrap_err();
    assert!(refused.code() == "cluster_in_use" && refused.to_string().contains("acme"), "{refused}");
    let mut tx = bed.write().await;
    assert_eq!(tx.cluster_forget(&permit, &before, bed.audit()).await.unwrap(), ["acme"]);
    tx.commit().await.unwrap();
    assert_eq!(bed.read().await.placements_of(acme).await.unwrap(), []);
    assert_eq!(bed.read().await.cluster(cluster).await, Err(Error::NotFound));
    let left = "select count(*) from audit_records where operation = 'cluster_delete'";
    assert_eq!(bed.database.number(left).await, 1);
}
