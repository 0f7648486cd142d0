//! What many do at the same time ends as if they had done it one after another.

use bastide_authz::action::{CreateClientOrganization, CreateOrganization, WithdrawCluster};
use bastide_authz::{Bounds, Realm};
use bastide_model::cluster::Membership;
use bastide_model::gateway::GatewayChoice;
use bastide_model::placement::Placement;
use bastide_model::{AssignmentId, RealmId, SystemIds};

use crate::bed::{Bed, audit_id, both_engines, code, race};

both_engines! {
    plan_2_what_is_counted_under_the_lock_does_not_pass_the_limit,
    fleet_4_placing_and_deciding_do_not_wait_for_each_other_in_a_circle,
    readers_go_on_while_somebody_writes,
}

/// PLAN-2, rule 7: whoever holds the organization's row counts alone.
async fn plan_2_what_is_counted_under_the_lock_does_not_pass_the_limit(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let parent = bed.root("parent", owner).await;
    let mut attempts = Vec::new();
    for number in 0..12 {
        let child = bed.new_organization(&format!("child-{number}"), (RealmId::PLATFORM, Some(parent))).await;
        let permit = bed.permit::<CreateOrganization>(owner, parent).await;
        let store = bed.store.clone();
        attempts.push(async move {
            let mut tx = store.write(&Bounds::Everything).await.unwrap();
            tx.organization_lock(parent).await.unwrap();
            if tx.organization_children(parent).await.unwrap().len() >= 3 {
                return false;
            }
            let ids = (AssignmentId::fresh(&SystemIds), audit_id());
            tx.create_organization(&permit, &child, owner, ids).await.unwrap();
            tx.commit().await.unwrap();
            true
        });
    }
    assert_eq!(race(attempts).await.into_iter().filter(|made| *made).count(), 3);
    assert_eq!(bed.read().await.organization_children(parent).await.unwrap().len(), 3);
}

/// Both write the installation's log and the cluster's row; neither is told to try again because of the other.
async fn fleet_4_placing_and_deciding_do_not_wait_for_each_other_in_a_circle(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    for round in 0..10 {
        let cluster = bed.cluster(&format!("spoke-{round}"), Membership::Joined).await;
        let organization = bed.new_organization(&format!("org-{round}"), (RealmId::PLATFORM, None)).await;
        let permit = bed.site::<CreateClientOrganization>(Realm(RealmId::PLATFORM)).await;
        let placement = Placement {
            organization: organization.id,
            cluster,
            node_pool: None,
            gateway: GatewayChoice::Shared,
            created_at: bed.now(),
            leaving: None,
        };
        let (withdraw, before) = (bed.site::<WithdrawCluster>(cluster).await, bed.the_cluster(cluster).await);
        let (store, other, audit) = (bed.store.clone(), bed.store.clone(), bed.audit());
        let placing = tokio::spawn(async move {
            let mut tx = store.write(&Bounds::Everything).await?;
            let ids = (AssignmentId::fresh(&SystemIds), audit_id());
            tx.create_organization(&permit, &organization, owner, ids).await?;
            tokio::task::yield_now().await;
            tx.placement_create(&permit, RealmId::PLATFORM, &placement).await?;
            tx.commit().await
        });
        let deciding = tokio::spawn(async move {
            let mut tx = other.write(&Bounds::Everything).await?;
            tx.cluster_decide(&withdraw, &before, audit).await?;
            tokio::task::yield_now().await;
            tx.commit().await
        });
        let outcome = (code(placing.await.unwrap()), code(deciding.await.unwrap()));
        assert!(matches!(outcome, ("ok" | "cluster_not_joined", "ok")), "{outcome:?}");
    }
    assert!(bed.read().await.audit_verify(None).await.is_ok());
}

async fn readers_go_on_while_somebody_writes(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let id = bed.root("acme", owner).await;
    let mut writing = bed.write().await;
    writing.organization_lock(id).await.unwrap();
    writing.user_home_default(owner, id).await.unwrap();
    let readers = (0..8).map(|_| {
        let store = bed.store.clone();
        async move { store.read(&Bounds::Everything).await.unwrap().user(owner).await.unwrap().home }
    });
    assert_eq!(race(readers).await, [None; 8], "they see what was committed");
    writing.commit().await.unwrap();
    assert_eq!(bed.read().await.user(owner).await.unwrap().home, Some(id));
}
