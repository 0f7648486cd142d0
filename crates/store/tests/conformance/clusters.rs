//! Clusters: they ask, somebody decides, their agents' certificates hold as long as they are accepted (FLEET-1, FLEET-2).

use bastide_authz::Bounds;
use bastide_authz::action::{
    AcceptCluster, DeleteCluster, DenyCluster, ExpireRequest, RenewCertificate, ReportCluster, RequestJoin,
    ViewCluster, WithdrawCluster,
};
use bastide_model::cluster::{
    Capability, Cluster, ClusterFacts, Condition, ConditionStatus, Heartbeat, Membership,
};
use bastide_model::{ClusterId, Error, HubId, Ids, Result, SystemIds, Timestamp};
use bastide_store::{IssuedCertificate, PageRequest};

use crate::bed::{Bed, audit_id, both_engines, code, race};
use crate::deletion::place;

both_engines! {
    fleet_1_a_request_comes_back_as_it_was_made,
    fleet_1_a_name_is_given_once_on_a_hub_and_a_uid_once_at_all,
    fleet_1_the_same_cluster_asks_again_and_is_accepted_again,
    fleet_1_a_cluster_does_not_ask_for_another_hub_s_record,
    fleet_1_a_repeated_request_does_not_undo_a_decision,
    fleet_1_decisions_follow_one_another_in_order,
    fleet_1_one_of_two_decisions_at_the_same_time_counts,
    fleet_1_the_key_that_was_looked_at_is_the_one_that_is_accepted,
    fleet_1_a_certificate_holds_as_long_as_its_cluster_is_accepted,
    fleet_1_the_first_use_of_a_newer_certificate_ends_the_older_ones,
    fleet_1_a_request_that_nobody_decides_is_forgotten_in_time,
    fleet_1_waiting_clusters_are_counted_by_one_at_a_time,
    fleet_2_a_cluster_in_use_is_not_unregistered,
    fleet_2_a_cluster_and_what_is_placed_on_it_exclude_each_other,
    a_cluster_that_is_gone_is_gone,
    signs_of_life_and_facts_are_kept_apart,
    clusters_are_listed_for_who_sees_them,
}

async fn fleet_1_a_request_comes_back_as_it_was_made(bed: Bed) {
    let mut request = bed.join_request("spoke-1");
    request.facts.capabilities =
        vec![Capability { name: "X".into(), available: true, reason: "'quoted' \"text\" 🏰".into() }];
    bed.try_request(&request, false).await.unwrap();
    let expected = Cluster {
        cleaning_since: None,
        id: request.id,
        hub: bed.hub,
        name: request.name.clone(),
        uid: request.uid,
        membership: Membership::Requested,
        fingerprint: request.fingerprint.clone(),
        requested_at: request.at,
        decided_at: None,
        facts: request.facts.clone(),
        conditions: vec![],
        heartbeat: None,
        revision: 1,
    };
    assert_eq!(bed.the_cluster(request.id).await, expected);
    assert_eq!(bed.read().await.cluster_by_uid(request.uid).await.unwrap(), Some(expected.clone()));
    assert_eq!(bed.read().await.cluster_by_uid(SystemIds.fresh()).await.unwrap(), None);
    assert_eq!(bed.read().await.clusters_by_name("spoke-1").await.unwrap(), [request.id]);
    for nobody in ["", "spoke", "SPOKE-1", "spoke%", "spoke-1' --"] {
        assert_eq!(bed.read().await.clusters_by_name(nobody).await.unwrap(), [], "{nobody}");
    }
    let permit = bed.site::<ViewCluster>(request.id).await;
    assert_eq!(bed.read().await.cluster_view(&permit).await.unwrap(), expected);
    let kept = bed.read().await.cluster_credentials(request.id).await.unwrap().unwrap();
    assert_eq!((kept.ticket_hash, kept.csr_pem), (request.ticket_hash, request.csr_pem));
    assert_eq!(kept.membership, Membership::Requested);
    assert!(bed.read().await.cluster_credentials(ClusterId::fresh(&SystemIds)).await.unwrap().is_none());
}

async fn fleet_1_a_name_is_given_once_on_a_hub_and_a_uid_once_at_all(bed: Bed) {
    let first = bed.join_request("spoke-1");
    bed.try_request(&first, false).await.unwrap();
    let error = bed.try_request(&bed.join_request("spoke-1"), false).await.err().unwrap();
    assert_eq!(error.code(), "cluster_name_taken");
    assert!(error.to_string().contains("`spoke-1`"), "{error}");
    let mut namesake = bed.join_request("spoke-2");
    namesake.uid = first.uid;
    assert_eq!(code(bed.try_request(&namesake, false).await), "cluster_known");
    // One that comes back takes no other cluster's name either.
    let second = bed.join_request("spoke-2");
    bed.try_request(&second, false).await.unwrap();
    let mut renamed = second.clone();
    renamed.name = "spoke-1".parse().unwrap();
    assert_eq!(code(bed.try_request(&renamed, true).await), "cluster_name_taken");
    assert_eq!(bed.the_cluster(second.id).await.name.as_str(), "spoke-2");
}

async fn certify(bed: &Bed, cluster: ClusterId, serial: &str) -> Timestamp {
    let certificate = IssuedCertificate {
        serial: serial.into(),
        issued_at: bed.now(),
        not_after: bed.now().plus_seconds(3_600),
    };
    let mut tx = bed.write().await;
    tx.certificate_issued(cluster, &certificate).await.unwrap();
    tx.commit().await.unwrap();
    certificate.not_after
}

async fn holds(bed: &Bed, cluster: ClusterId, serial: &str, now: Timestamp) -> bool {
    bed.read().await.certificate_holds(cluster, serial, now).await.unwrap().is_some()
}

async fn fleet_1_the_same_cluster_asks_again_and_is_accepted_again(bed: Bed) {
    let mut request = bed.join_request("spoke-1");
    bed.try_request(&request, false).await.unwrap();
    bed.decide::<AcceptCluster>(request.id).await.unwrap();
    certify(&bed, request.id, "01").await;
    assert!(holds(&bed, request.id, "01", bed.now()).await);
    request.fingerprint = "BB".into();
    request.csr_pem = "another request".into();
    request.ticket_hash = b"another ticket".to_vec();
    request.name = "renamed".parse().unwrap();
    request.at = bed.now();
    bed.try_request(&request, true).await.unwrap();
    let cluster = bed.the_cluster(request.id).await;
    assert_eq!((cluster.membership, cluster.decided_at), (Membership::Requested, None));
    assert_eq!((cluster.fingerprint.as_str(), cluster.name.as_str()), ("BB", "renamed"));
    assert!(!holds(&bed, request.id, "01", bed.now()).await, "the old certificate is over");
    bed.decide::<AcceptCluster>(request.id).await.unwrap();
    assert!(!holds(&bed, request.id, "01", bed.now()).await, "and stays so");
    let kept = bed.read().await.cluster_credentials(request.id).await.unwrap().unwrap();
    assert_eq!(kept.ticket_hash, b"another ticket");
    assert_eq!(bed.database.number("select count(*) from clusters").await, 1);
}

/// A join token of one hub must not touch the clusters of another.
async fn fleet_1_a_cluster_does_not_ask_for_another_hub_s_record(bed: Bed) {
    let request = bed.join_request("spoke-1");
    bed.try_request(&request, false).await.unwrap();
    bed.decide::<AcceptCluster>(request.id).await.unwrap();
    certify(&bed, request.id, "01").await;
    let before = bed.the_cluster(request.id).await;
    let other = HubId::fresh(&SystemIds);
    let insert = format!(
        "insert into hubs (id, slug, name, created_at_ms) values ({}, 'other', 'Other', 0)",
        bed.database.literal(other.uuid())
    );
    bed.database.raw(&insert).await.unwrap();
    let door = bed.door::<RequestJoin>(other).await;
    let mut tx = bed.write().await;
    assert_eq!(code(tx.cluster_request(&door, &request, Some(&before), audit_id()).await), "cluster_known");
    drop(tx);
    assert_eq!(bed.the_cluster(request.id).await, before);
    assert!(holds(&bed, request.id, "01", bed.now()).await);
}

/// An agent repeats its request while the administrator accepts: the decision stands.
async fn fleet_1_a_repeated_request_does_not_undo_a_decision(bed: Bed) {
    let request = bed.join_request("spoke-1");
    bed.try_request(&request, false).await.unwrap();
    let read = bed.the_cluster(request.id).await;
    bed.decide::<AcceptCluster>(request.id).await.unwrap();
    certify(&bed, request.id, "01").await;
    let door = bed.door::<RequestJoin>(bed.hub).await;
    let mut tx = bed.write().await;
    assert_eq!(code(tx.cluster_request(&door, &request, Some(&read), audit_id()).await), "cluster_changed");
    drop(tx);
    assert_eq!(bed.the_cluster(request.id).await.membership, Membership::Joined);
    assert!(holds(&bed, request.id, "01", bed.now()).await);
}

async fn fleet_1_decisions_follow_one_another_in_order(bed: Bed) {
    let accept = async |id| code(bed.decide::<AcceptCluster>(id).await);
    let deny = async |id| code(bed.decide::<DenyCluster>(id).await);
    let withdraw = async |id| code(bed.decide::<WithdrawCluster>(id).await);
    for (from, may) in [
        (Membership::Requested, [true, true, false]),
        (Membership::Denied, [false, false, false]),
        (Membership::Joined, [false, false, true]),
        (Membership::Withdrawn, [false, false, false]),
    ] {
        for (number, may) in may.into_iter().enumerate() {
            let id = bed.cluster(&format!("{}-{number}", from.as_str()), from).await;
            let (answer, after) = match number {
                0 => (accept(id).await, Membership::Joined),
                1 => (deny(id).await, Membership::Denied),
                _ => (withdraw(id).await, Membership::Withdrawn),
            };
            assert_eq!(answer, if may { "ok" } else { "wrong_membership" }, "{from} {number}");
            let cluster = bed.the_cluster(id).await;
            assert_eq!(cluster.membership, if may { after } else { from });
            assert_eq!(cluster.decided_at.is_some(), cluster.membership != Membership::Requested);
        }
    }
}

async fn fleet_1_one_of_two_decisions_at_the_same_time_counts(bed: Bed) {
    let id = bed.cluster("spoke-1", Membership::Requested).await;
    let before = bed.the_cluster(id).await;
    let (accept, deny) = (bed.site::<AcceptCluster>(id).await, bed.site::<DenyCluster>(id).await);
    let (store, cluster, audit) = (bed.store.clone(), before.clone(), bed.audit());
    let accepting = tokio::spawn(async move {
        let mut tx = store.write(&Bounds::Everything).await?;
        tx.cluster_decide(&accept, &cluster, audit).await?;
        tx.commit().await
    });
    let (store, audit) = (bed.store.clone(), bed.audit());
    let denying = tokio::spawn(async move {
        let mut tx = store.write(&Bounds::Everything).await?;
        tx.cluster_decide(&deny, &before, audit).await?;
        tx.commit().await
    });
    let outcome = (code(accepting.await.unwrap()), code(denying.await.unwrap()));
    let membership = bed.the_cluster(id).await.membership;
    match outcome {
        ("ok", "wrong_membership") => assert_eq!(membership, Membership::Joined),
        ("wrong_membership", "ok") => assert_eq!(membership, Membership::Denied),
        other => panic!("{other:?}"),
    }
}

/// The administrator compares a fingerprint; if another key asks in the meantime, the answer does not count for it.
async fn fleet_1_the_key_that_was_looked_at_is_the_one_that_is_accepted(bed: Bed) {
    let mut request = bed.join_request("spoke-1");
    bed.try_request(&request, false).await.unwrap();
    let seen = bed.the_cluster(request.id).await;
    request.fingerprint = "EE:VI:L".into();
    bed.try_request(&request, true).await.unwrap();
    let permit = bed.site::<AcceptCluster>(request.id).await;
    let mut tx = bed.write().await;
    assert_eq!(tx.cluster_decide(&permit, &seen, bed.audit()).await, Err(Error::Stale));
    drop(tx);
    assert_eq!(bed.the_cluster(request.id).await.membership, Membership::Requested);
}

async fn fleet_1_a_certificate_holds_as_long_as_its_cluster_is_accepted(bed: Bed) {
    let id = bed.cluster("spoke-1", Membership::Joined).await;
    let other = bed.cluster("spoke-2", Membership::Joined).await;
    let end = certify(&bed, id, "0a1b").await;
    let now = bed.now();
    assert!(holds(&bed, id, "0a1b", now).await);
    assert!(holds(&bed, id, "0a1b", Timestamp::from_millis(end.as_millis() - 1)).await);
    assert!(!holds(&bed, id, "0a1b", end).await, "it has ended");
    assert!(!holds(&bed, id, "0A1B", now).await);
    assert!(!holds(&bed, other, "0a1b", now).await, "it is not this cluster's");
    let renew = bed.agent::<RenewCertificate>(id).await;
    let renewed = IssuedCertificate { serial: "02".into(), issued_at: now, not_after: end.plus_seconds(60) };
    let mut tx = bed.write().await;
    tx.certificate_renewed(&renew, &renewed).await.unwrap();
    tx.commit().await.unwrap();
    assert!(holds(&bed, id, "02", end).await, "the new one goes on");
    bed.decide::<WithdrawCluster>(id).await.unwrap();
    assert!(!holds(&bed, id, "02", now).await, "revoked");
    // Issued in the moment of withdrawal, it does not hold either.
    certify(&bed, id, "03").await;
    assert!(!holds(&bed, id, "03", now).await);
    let requested = bed.cluster("spoke-3", Membership::Requested).await;
    certify(&bed, requested, "04").await;
    assert!(!holds(&bed, requested, "04", now).await);
    let mut tx = bed.write().await;
    tx.certificates_sweep(end).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(bed.database.number("select count(*) from agent_certificates where serial = '0a1b'").await, 0);
    assert_eq!(bed.database.number("select count(*) from agent_certificates").await, 3);
}

/// Two certificates of one cluster, a second apart, and one of another cluster.
async fn fleet_1_the_first_use_of_a_newer_certificate_ends_the_older_ones(bed: Bed) {
    let id = bed.cluster("spoke-1", Membership::Joined).await;
    let other = bed.cluster("spoke-2", Membership::Joined).await;
    let (now, end) = (bed.now(), certify(&bed, id, "01").await);
    certify(&bed, other, "77").await;
    let renew = bed.agent::<RenewCertificate>(id).await;
    let renewed = IssuedCertificate {
        serial: "02".into(),
        issued_at: now.plus_seconds(1),
        not_after: end.plus_seconds(1),
    };
    let mut tx = bed.write().await;
    tx.certificate_renewed(&renew, &renewed).await.unwrap();
    tx.commit().await.unwrap();
    let held = async |serial| bed.read().await.certificate_holds(id, serial, now).await.unwrap();
    let revoked = async || bed.read().await.certificates_revoked(now).await.unwrap();
    assert_eq!((held("01").await, held("02").await), (Some(0), Some(1)), "both work");
    assert!(revoked().await.is_empty());

    // The use of the older one ends nothing.
    for (serial, expected) in [("01", Some(0)), ("02", None)] {
        let mut tx = bed.write().await;
        tx.certificates_supersede(id, serial, now).await.unwrap();
        let committed = tx.commit().await.unwrap();
        assert_eq!(committed.revision.is_some(), expected.is_none(), "replicas hear of what ends");
        assert_eq!((held("01").await, held("02").await.is_some()), (expected, true));
    }
    assert_eq!(revoked().await, ["01"]);
    assert_eq!(held("02").await, Some(0));
    assert!(holds(&bed, other, "77", now).await);
    assert!(
        bed.read().await.certificates_revoked(end).await.unwrap().is_empty(),
        "what has ended needs no list"
    );
}

async fn fleet_1_a_request_that_nobody_decides_is_forgotten_in_time(bed: Bed) {
    let (waits, joined) = (
        bed.cluster("spoke-1", Membership::Requested).await,
        bed.cluster("spoke-2", Membership::Joined).await,
    );
    let now = bed.the_cluster(waits).await.requested_at;
    let later = now.plus_seconds(60);
    let due = async |time| bed.read().await.clusters_requested_before(time).await.unwrap();
    assert_eq!((due(now).await, due(later).await), (vec![], vec![waits]));
    for (cluster, before) in [(waits, now), (joined, later), (waits, later), (waits, later)] {
        let permit = bed.door::<ExpireRequest>(cluster).await;
        let mut tx = bed.write().await;
        tx.cluster_request_expire(&permit, before, bed.audit()).await.unwrap();
        tx.commit().await.unwrap();
        let there = bed.read().await.cluster(waits).await.is_ok();
        assert_eq!(there, before == now || cluster == joined, "{before}");
    }
    assert_eq!(bed.the_cluster(joined).await.membership, Membership::Joined);
    let operation = "select count(*) from audit_records where operation = 'cluster_request_expire'";
    assert_eq!(bed.database.number(operation).await, 1);
}

async fn fleet_1_waiting_clusters_are_counted_by_one_at_a_time(bed: Bed) {
    bed.cluster("joined", Membership::Joined).await;
    let mut attempts = Vec::new();
    for number in 0..8 {
        let request = bed.join_request(&format!("spoke-{number}"));
        let (permit, store, hub) = (bed.door::<RequestJoin>(bed.hub).await, bed.store.clone(), bed.hub);
        attempts.push(async move {
            let mut tx = store.write(&Bounds::Everything).await.unwrap();
            if tx.clusters_requested_locked(hub).await.unwrap() >= 3 {
                return false;
            }
            tx.cluster_request(&permit, &request, None, audit_id()).await.unwrap();
            tx.commit().await.unwrap();
            true
        });
    }
    assert_eq!(race(attempts).await.into_iter().filter(|made| *made).count(), 3);
}

async fn delete(bed: &Bed, id: ClusterId) -> Result<()> {
    let permit = bed.site::<DeleteCluster>(id).await;
    let before = bed.the_cluster(id).await;
    let mut tx = bed.write().await;
    tx.cluster_delete(&permit, &before, bed.audit()).await?;
    tx.commit().await.map(|_| ())
}

async fn fleet_2_a_cluster_in_use_is_not_unregistered(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let (organization, id) =
        (bed.root("acme", owner).await, bed.cluster("spoke-1", Membership::Joined).await);
    place(&bed, organization, id).await.unwrap();
    assert_eq!(bed.read().await.cluster_organizations(id).await, Ok(1));
    let error = delete(&bed, id).await.unwrap_err();
    assert_eq!(error.code(), "cluster_in_use");
    assert!(error.to_string().contains("spoke-1"), "{error}");
    assert_eq!(bed.the_cluster(id).await.membership, Membership::Joined);
}

/// Either the organization is placed and the cluster stays, or the cluster goes and nothing is placed on it.
async fn fleet_2_a_cluster_and_what_is_placed_on_it_exclude_each_other(bed: Bed) {
    use bastide_authz::Realm;
    use bastide_authz::action::CreateClientOrganization;
    use bastide_model::RealmId;
    use bastide_model::gateway::GatewayChoice;
    use bastide_model::placement::Placement;
    let owner = bed.user("ada@example.org").await;
    let organization = bed.root("acme", owner).await;
    for round in 0..8 {
        let id = bed.cluster(&format!("spoke-{round}"), Membership::Joined).await;
        let (end, before) = (bed.site::<DeleteCluster>(id).await, bed.the_cluster(id).await);
        let permit = bed.site::<CreateClientOrganization>(Realm(RealmId::PLATFORM)).await;
        let placement = Placement {
            organization,
            cluster: id,
            node_pool: None,
            gateway: GatewayChoice::Shared,
            created_at: bed.now(),
            leaving: None,
        };
        let (store, other, audit) = (bed.store.clone(), bed.store.clone(), bed.audit());
        let placing = tokio::spawn(async move {
            let mut tx = store.write(&Bounds::Everything).await?;
            tx.placement_create(&permit, RealmId::PLATFORM, &placement).await?;
            tx.commit().await
        });
        let ending = tokio::spawn(async move {
            let mut tx = other.write(&Bounds::Everything).await?;
            tx.cluster_delete(&end, &before, audit).await?;
            tx.commit().await
        });
        let outcome = (code(placing.await.unwrap()), code(ending.await.unwrap()));
        assert!(matches!(outcome, ("ok", "cluster_in_use") | ("cluster_not_joined", "ok")), "{outcome:?}");
    }
}

async fn a_cluster_that_is_gone_is_gone(bed: Bed) {
    let id = bed.cluster("spoke-1", Membership::Joined).await;
    let uid = bed.the_cluster(id).await.uid;
    certify(&bed, id, "01").await;
    let (permit, before) = (bed.site::<DeleteCluster>(id).await, bed.the_cluster(id).await);
    let accept = bed.site::<AcceptCluster>(id).await;
    delete(&bed, id).await.unwrap();
    assert_eq!(bed.read().await.cluster(id).await, Err(Error::NotFound));
    assert_eq!(bed.read().await.cluster_by_uid(uid).await.unwrap(), None);
    assert!(bed.read().await.cluster_credentials(id).await.unwrap().is_none());
    assert!(!holds(&bed, id, "01", bed.now()).await);
    assert_eq!(bed.read().await.clusters().await.unwrap(), []);
    let mut tx = bed.write().await;
    assert_eq!(tx.cluster_delete(&permit, &before, bed.audit()).await, Err(Error::NotFound));
    assert_eq!(tx.cluster_decide(&accept, &before, bed.audit()).await, Err(Error::NotFound));
    drop(tx);
    // Name and uid are free again, for another record.
    let mut again = bed.join_request("spoke-1");
    again.uid = uid;
    bed.try_request(&again, false).await.unwrap();
    assert_ne!(again.id, id);
}

async fn signs_of_life_and_facts_are_kept_apart(bed: Bed) {
    let id = bed.cluster("spoke-1", Membership::Joined).await;
    let permit = bed.agent::<ReportCluster>(id).await;
    let before = bed.the_cluster(id).await;
    let revision = bed.read().await.revision().await.unwrap();
    for ready in [true, false] {
        let beat = Heartbeat { at: bed.now(), api_server_ready: ready };
        let mut tx = bed.write().await;
        tx.heartbeat_record(&permit, beat).await.unwrap();
        assert_eq!(tx.commit().await.unwrap().revision, None, "nobody waits for it");
        let expected = Cluster { heartbeat: Some(beat), ..before.clone() };
        assert_eq!(bed.the_cluster(id).await, expected);
    }
    let facts = ClusterFacts { nodes: 3, nodes_ready: 2, ..before.facts.clone() };
    let conditions = vec![Condition {
        kind: "Licensed".into(),
        status: ConditionStatus::Unknown,
        reason: "None".into(),
        message: "no \"licence\"".into(),
        observed_generation: 0,
        last_transition: bed.now(),
    }];
    for _ in 0..2 {
        let mut tx = bed.write().await;
        tx.cluster_facts_set(&permit, &facts, &conditions).await.unwrap();
        tx.commit().await.unwrap();
        let cluster = bed.the_cluster(id).await;
        assert_eq!((&cluster.facts, &cluster.conditions), (&facts, &conditions));
        assert_eq!(cluster.revision, before.revision + 1, "the same again changes nothing");
    }
    assert_eq!(bed.read().await.revision().await.unwrap(), revision);
}

async fn clusters_are_listed_for_who_sees_them(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let organization = bed.root("acme", owner).await;
    let mut ids = Vec::new();
    for name in ["alpha", "beta", "gamma", "delta-1", "delta-2"] {
        ids.push(bed.cluster(name, Membership::Joined).await);
    }
    place(&bed, organization, ids[1]).await.unwrap();
    let names = async |user, size: u32, search: Option<&str>| {
        let caller = bed.caller(user).await;
        let visible = bed.graph().await.visible_clusters(&caller, bed.now()).unwrap();
        let (mut names, mut token) = (Vec::new(), None::<String>);
        loop {
            let page = PageRequest::new(Some(size), token.as_deref(), search).unwrap();
            let listed = bed.read().await.cluster_list(&visible, &page).await.unwrap();
            names.extend(listed.items.into_iter().map(|cluster| cluster.name.to_string()));
            token = listed.next;
            if token.is_none() {
                return names;
            }
        }
    };
    let every = ["alpha", "beta", "delta-1", "delta-2", "gamma"];
    for size in [1, 2, 5, 6] {
        assert_eq!(names(bed.administrator, size, None).await, every);
    }
    assert_eq!(names(bed.administrator, 1, Some("DELTA")).await, ["delta-1", "delta-2"]);
    assert_eq!(names(owner, 2, None).await, ["beta"]);
    assert!(names(owner, 2, Some("delta")).await.is_empty());
    let nobody = bed.user("bob@example.org").await;
    assert!(names(nobody, 2, None).await.is_empty());
}
