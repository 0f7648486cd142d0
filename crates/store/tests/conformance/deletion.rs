//! The end of an organization: begun once, advanced by the controller, and only then is anything free again (ORG-1, ORG-8).

use bastide_authz::action::{
    AdvanceDeletion, CreateClientOrganization, CreateOrganization, DeleteOrganization, SetDesired,
    ViewOrganizationAudit,
};
use bastide_authz::{Bounds, Permit, Realm};
use bastide_model::cluster::Membership;
use bastide_model::gateway::GatewayChoice;
use bastide_model::organization::OrganizationState;
use bastide_model::placement::{Placement, desired_for};
use bastide_model::{AssignmentId, ClusterId, Error, OrganizationId, RealmId, Result, SystemIds};
use bastide_store::PageRequest;

use crate::bed::{Bed, audit_id, both_engines, code, race};

both_engines! {
    org_8_deletion_has_a_beginning_a_middle_and_an_end,
    org_1_slug_and_namespaces_are_free_at_the_end_only,
    org_8_nothing_is_deleted_with_something_beneath,
    org_8_a_child_and_the_end_of_its_parent_exclude_each_other,
    org_8_only_what_is_being_deleted_is_taken_down,
    org_8_what_a_cluster_is_still_asked_to_run_is_not_forgotten,
    e_36_an_organization_of_the_same_slug_inherits_nothing,
}

pub(crate) async fn delete(bed: &Bed, id: OrganizationId) -> Result<()> {
    let permit = bed.site::<DeleteOrganization>(id).await;
    let mut tx = bed.write().await;
    let before = tx.organization(id).await?;
    tx.organization_delete(&permit, &before, bed.audit()).await?;
    tx.commit().await.map(|_| ())
}

async fn advance(
    bed: &Bed,
    permit: &Permit<AdvanceDeletion>,
    before: &bastide_model::organization::Organization,
    state: OrganizationState,
) -> Result<()> {
    let mut tx = bed.write().await;
    tx.organization_tear_down(permit, before, state, bed.audit()).await?;
    tx.commit().await.map(|_| ())
}

pub(crate) async fn tear_down(bed: &Bed, id: OrganizationId, state: OrganizationState) -> Result<()> {
    let permit = bed.placement::<AdvanceDeletion>(id).await;
    let before = bed.organization(id).await;
    advance(bed, &permit, &before, state).await
}

/// Places an organization on a joined cluster.
pub(crate) async fn place(bed: &Bed, organization: OrganizationId, cluster: ClusterId) -> Result<()> {
    let permit = bed.site::<CreateClientOrganization>(Realm(RealmId::PLATFORM)).await;
    let placement = Placement {
        organization,
        cluster,
        node_pool: None,
        gateway: GatewayChoice::Shared,
        created_at: bed.now(),
        leaving: None,
    };
    let mut tx = bed.write().await;
    tx.placement_create(&permit, RealmId::PLATFORM, &placement).await?;
    tx.commit().await.map(|_| ())
}

/// What the placement controller does for a cluster.
pub(crate) async fn reconcile(bed: &Bed, cluster: ClusterId) -> usize {
    let permit = bed.placement::<SetDesired>(cluster).await;
    let mut tx = bed.write().await;
    let wanted = desired_for(&tx.placed_on(&permit).await.unwrap());
    let changed = tx.set_desired(&permit, &wanted, bed.now()).await.unwrap();
    tx.commit().await.unwrap();
    changed
}

async fn org_8_deletion_has_a_beginning_a_middle_and_an_end(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let id = bed.root("acme", owner).await;
    let mut tx = bed.write().await;
    tx.user_home_default(owner, id).await.unwrap();
    tx.commit().await.unwrap();
    delete(&bed, id).await.unwrap();
    assert_eq!(bed.organization(id).await.state, OrganizationState::Deleting);
    assert_eq!(bed.read().await.organizations_deleting().await.unwrap(), [id]);
    assert_eq!(code(delete(&bed, id).await), "already_deleting");
    for state in [OrganizationState::PartiallyDeleted, OrganizationState::Deleting] {
        tear_down(&bed, id, state).await.unwrap();
        assert_eq!(bed.organization(id).await.state, state);
        assert_eq!(bed.read().await.organizations_deleting().await.unwrap(), [id]);
        assert_eq!(
            bed.graph().await.role_at(owner, id, bed.now()),
            Some("owner"),
            "it is still theirs to see"
        );
    }
    let permit = bed.placement::<AdvanceDeletion>(id).await;
    let before = bed.organization(id).await;
    let log = bed.site::<ViewOrganizationAudit>(id).await;
    advance(&bed, &permit, &before, OrganizationState::Deleted).await.unwrap();
    assert_eq!(bed.read().await.organization(id).await, Err(Error::NotFound));
    assert_eq!(bed.read().await.organizations_deleting().await.unwrap(), []);
    assert_eq!(bed.graph().await.realm_of_organization(id), None);
    assert_eq!(bed.read().await.user(owner).await.unwrap().home, None);
    assert_eq!(bed.database.number("select count(*) from assignments").await, 0);
    // The tombstone and the log stay.
    let tombstone =
        "select count(*) from organizations where state = 'deleted' and deleted_at_ms is not null";
    assert_eq!(bed.database.number(tombstone).await, 1);
    let records = bed.read().await.organization_audit_list(&log, &PageRequest::default()).await.unwrap();
    let operations: Vec<_> = records.items.iter().map(|record| record.operation.as_str()).collect();
    let tear_down = "organization_tear_down";
    let begun = ["organization_delete", "organization_create_root"];
    assert_eq!(operations, [&[tear_down; 3][..], &begun].concat());
    assert_eq!(bed.read().await.audit_verify(Some(id)).await, Ok(5));
    assert_eq!(code(advance(&bed, &permit, &before, OrganizationState::Deleted).await), "not_deleting");
}

async fn org_1_slug_and_namespaces_are_free_at_the_end_only(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let id = bed.root("acme", owner).await;
    let slug = "acme".parse().unwrap();
    delete(&bed, id).await.unwrap();
    for state in [None, Some(OrganizationState::PartiallyDeleted)] {
        if let Some(state) = state {
            tear_down(&bed, id, state).await.unwrap();
        }
        assert!(!bed.read().await.slug_free(RealmId::PLATFORM, &slug).await.unwrap());
        let again = bed.new_organization("acme", (RealmId::PLATFORM, None)).await;
        assert_ne!(again.namespace_base.as_str(), "acme", "its namespaces are still there");
        assert_eq!(code(bed.try_create(&again, owner).await), "slug_taken");
    }
    tear_down(&bed, id, OrganizationState::Deleted).await.unwrap();
    assert!(bed.read().await.slug_free(RealmId::PLATFORM, &slug).await.unwrap());
    assert_eq!(bed.database.number("select count(*) from namespaces").await, 0);
    let again = bed.new_organization("acme", (RealmId::PLATFORM, None)).await;
    assert_eq!(again.namespace_base.as_str(), "acme");
    bed.try_create(&again, owner).await.unwrap();
}

async fn org_8_nothing_is_deleted_with_something_beneath(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let parent = bed.root("parent", owner).await;
    let child = bed.child("child", parent, owner).await;
    bed.child("another", parent, owner).await;
    assert_eq!(code(delete(&bed, parent).await), "has_children");
    assert_eq!(bed.organization(parent).await.state, OrganizationState::Active);
    let children = bed.read().await.organization_children(parent).await.unwrap();
    let slugs: Vec<_> = children.iter().map(|(_, slug, _)| slug.as_str()).collect();
    assert_eq!(slugs, ["another", "child"]);
    delete(&bed, child).await.unwrap();
    assert_eq!(code(delete(&bed, parent).await), "has_children", "one that is going is not gone");
    let beneath = bed.new_organization("grandchild", (RealmId::PLATFORM, Some(child))).await;
    assert_eq!(code(bed.try_create(&beneath, owner).await), "parent_not_active");
}

/// Either the child is made and the parent stays, or the parent goes and no child is made.
async fn org_8_a_child_and_the_end_of_its_parent_exclude_each_other(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    for round in 0..8 {
        let parent = bed.root(&format!("parent-{round}"), owner).await;
        let child = bed.new_organization(&format!("child-{round}"), (RealmId::PLATFORM, Some(parent))).await;
        let beneath = bed.permit::<CreateOrganization>(owner, parent).await;
        let end = bed.permit::<DeleteOrganization>(owner, parent).await;
        let before = bed.organization(parent).await;
        let (store, other, audit) = (bed.store.clone(), bed.store.clone(), bed.audit());
        let making = tokio::spawn(async move {
            let mut tx = store.write(&Bounds::Everything).await?;
            let ids = (AssignmentId::fresh(&SystemIds), audit_id());
            tx.create_organization(&beneath, &child, owner, ids).await?;
            tx.commit().await
        });
        let ending = tokio::spawn(async move {
            let mut tx = other.write(&Bounds::Everything).await?;
            tx.organization_delete(&end, &before, audit).await?;
            tx.commit().await
        });
        let outcome = (code(making.await.unwrap()), code(ending.await.unwrap()));
        assert!(matches!(outcome, ("ok", "has_children") | ("parent_not_active", "ok")), "{outcome:?}");
    }
}

async fn org_8_only_what_is_being_deleted_is_taken_down(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let id = bed.root("acme", owner).await;
    let before = bed.organization(id).await;
    for state in
        [OrganizationState::Deleted, OrganizationState::PartiallyDeleted, OrganizationState::Deleting]
    {
        assert_eq!(code(tear_down(&bed, id, state).await), "not_deleting", "{state}");
        assert_eq!(bed.organization(id).await, before);
    }
    assert_eq!(bed.graph().await.role_at(owner, id, bed.now()), Some("owner"));
    assert_eq!(bed.database.number("select count(*) from namespaces").await, 2);
}

/// The controller may decide to run something while somebody finds that nothing runs; the record of it must not be lost,
/// or the cluster would run it for ever.
async fn org_8_what_a_cluster_is_still_asked_to_run_is_not_forgotten(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let id = bed.root("acme", owner).await;
    let cluster = bed.cluster("spoke", Membership::Joined).await;
    place(&bed, id, cluster).await.unwrap();
    assert_eq!(reconcile(&bed, cluster).await, 1);
    delete(&bed, id).await.unwrap();
    assert_eq!(code(tear_down(&bed, id, OrganizationState::Deleted).await), "still_placed");
    assert_eq!(bed.read().await.placements_of(id).await.unwrap().len(), 1);
    assert_eq!(reconcile(&bed, cluster).await, 1, "now nothing is wanted");
    tear_down(&bed, id, OrganizationState::Deleted).await.unwrap();
    assert_eq!(bed.read().await.placements_of(id).await.unwrap(), []);
    assert_eq!(bed.database.number("select count(*) from desired_sets").await, 0);
    assert_eq!(reconcile(&bed, cluster).await, 0);

    // Many times at once: in the end there is no set without its placement.
    let mut tasks = Vec::new();
    for round in 0..6 {
        let id = bed.root(&format!("acme-{round}"), owner).await;
        place(&bed, id, cluster).await.unwrap();
        delete(&bed, id).await.unwrap();
        let (set, end) =
            (bed.placement::<SetDesired>(cluster).await, bed.placement::<AdvanceDeletion>(id).await);
        let (store, before, audit, now) =
            (bed.store.clone(), bed.organization(id).await, bed.audit(), bed.now());
        tasks.push(tokio::spawn(async move {
            let setting = async {
                let mut tx = store.write(&Bounds::Everything).await?;
                let wanted = desired_for(&tx.placed_on(&set).await?);
                tx.set_desired(&set, &wanted, now).await?;
                tx.commit().await
            };
            let ending = async {
                let mut tx = store.write(&Bounds::Everything).await?;
                tx.organization_tear_down(&end, &before, OrganizationState::Deleted, audit).await?;
                tx.commit().await
            };
            let (set, ended) = tokio::join!(setting, ending);
            (code(set), code(ended))
        }));
    }
    for outcome in race(tasks).await {
        assert_eq!(outcome.unwrap(), ("ok", "ok"));
    }
    let orphans = "select count(*) from desired_sets s where not exists \
        (select 1 from placements p where p.organization_id = s.organization_id and p.cluster_id = s.cluster_id)";
    assert_eq!(bed.database.number(orphans).await, 0);
}

async fn e_36_an_organization_of_the_same_slug_inherits_nothing(bed: Bed) {
    let (ada, bob) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let first = bed.root("acme", ada).await;
    delete(&bed, first).await.unwrap();
    tear_down(&bed, first, OrganizationState::Deleted).await.unwrap();
    let second = bed.root("acme", bob).await;
    assert_ne!(first, second);
    let graph = bed.graph().await;
    assert_eq!(graph.role_at(ada, second, bed.now()), None);
    let named = bed.read().await.organizations_by_slug("acme").await.unwrap();
    assert_eq!(named, [(RealmId::PLATFORM, second)]);
    let log = bed.permit::<ViewOrganizationAudit>(bob, second).await;
    let records = bed.read().await.organization_audit_list(&log, &PageRequest::default()).await.unwrap();
    let [created] = &records.items[..] else { panic!("the log of the first is not the log of the second") };
    assert_eq!(
        (created.operation.as_str(), created.organization),
        ("organization_create_root", Some(second))
    );
    assert_eq!(created.target, second.to_string());
    assert_eq!(bed.read().await.audit_verify(Some(second)).await, Ok(1));
    assert_eq!(bed.read().await.audit_verify(Some(first)).await, Ok(3));
}
