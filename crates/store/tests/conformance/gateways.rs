//! Gateway configurations that change and are shared, and the host names that organizations own (FLEET-4, FLEET-5).

use bastide_authz::action::{SetDesired, ShareGateway, UpdateGateway, UpdateHostNames, ViewGateways};
use bastide_model::cluster::Membership;
use bastide_model::gateway::{CertificatePolicy, GatewayConfiguration};
use bastide_model::host_name::HostSuffix;
use bastide_model::organization::OrganizationState;
use bastide_model::placement::{DesiredGateway, desired_for};
use bastide_model::{ClusterId, Error, OrganizationId, Result, SystemIds};

use crate::bed::{Bed, both_engines, code};
use crate::deletion::{self, place};
use crate::fleet::gateway;

both_engines! {
    a_gateway_configuration_is_changed_by_one_at_a_time,
    fleet_4_one_configuration_of_a_cluster_is_shared,
    fleet_5_host_names_come_back_and_are_freed,
    fleet_5_overlapping_host_names_are_found,
    fleet_5_two_that_claim_one_host_name_at_the_same_time,
}

async fn a_gateway_configuration_is_changed_by_one_at_a_time(bed: Bed) {
    let cluster = bed.cluster("spoke-1", Membership::Joined).await;
    let other = bed.cluster("spoke-2", Membership::Joined).await;
    let before = gateway(&bed, cluster, "edge").await.unwrap();
    let mut after = before.clone();
    after.name = "Renamed".parse().unwrap();
    after.spec.class = "other".to_owned();
    after.spec.addresses.clear();
    after.certificates = CertificatePolicy::Gateway;
    let permit = bed.site::<UpdateGateway>(cluster).await;
    let mut tx = bed.write().await;
    tx.gateway_update(&permit, (&before, &after), bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    after.revision = 2;
    assert_eq!(bed.read().await.gateway(before.id).await, Ok(after.clone()));
    let again = bed.write().await.gateway_update(&permit, (&before, &after), bed.audit()).await;
    assert_eq!(again, Err(Error::Stale));
    // E-17: with a permit for one cluster, the configuration of another does not exist.
    let permit = bed.site::<UpdateGateway>(other).await;
    let elsewhere = bed.write().await.gateway_update(&permit, (&after, &after), bed.audit()).await;
    assert_eq!(elsewhere, Err(Error::Stale));
    let users = bed.write().await.gateway_users(&permit, &after).await;
    assert_eq!(users, Err(Error::NotFound));
}

async fn share(
    bed: &Bed,
    cluster: ClusterId,
    before: Option<&GatewayConfiguration>,
    after: Option<&GatewayConfiguration>,
) -> Result<()> {
    let (permit, on) = (bed.site::<ShareGateway>(cluster).await, bed.the_cluster(cluster).await);
    let mut tx = bed.write().await;
    tx.gateway_share(&permit, &on, (before, after), bed.audit()).await?;
    tx.commit().await.map(|_| ())
}

async fn shared(bed: &Bed, cluster: ClusterId) -> Vec<String> {
    let all = bed.read().await.gateways_of(cluster).await.unwrap();
    all.into_iter().filter(|one| one.shared).map(|one| one.slug.to_string()).collect()
}

async fn fleet_4_one_configuration_of_a_cluster_is_shared(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let (one, other) =
        (bed.cluster("spoke-1", Membership::Joined).await, bed.cluster("spoke-2", Membership::Joined).await);
    let (a, b) = (gateway(&bed, one, "a").await.unwrap(), gateway(&bed, one, "b").await.unwrap());
    let elsewhere = gateway(&bed, other, "a").await.unwrap();
    let organization = bed.root("acme", owner).await;
    place(&bed, organization, one).await.unwrap();
    let permit = bed.placement::<SetDesired>(one).await;
    let chosen = async || {
        let (_, desired) = desired_for(&bed.read().await.placed_now(&permit).await.unwrap()).remove(0);
        desired.unwrap().gateway
    };
    assert_eq!(chosen().await, DesiredGateway::Shared, "nothing is made where nothing is shared");
    share(&bed, one, None, Some(&a)).await.unwrap();
    share(&bed, other, None, Some(&elsewhere)).await.unwrap();
    assert_eq!(chosen().await, DesiredGateway::Common(a.spec.clone()));
    share(&bed, one, Some(&a), Some(&b)).await.unwrap();
    assert_eq!((shared(&bed, one).await, shared(&bed, other).await), (vec!["b".into()], vec!["a".into()]));
    assert_eq!(share(&bed, one, Some(&b), Some(&elsewhere)).await, Err(Error::NotFound));
    assert_eq!(shared(&bed, one).await, ["b"], "what failed changed nothing");
    // Who shares uses it; who has another one does not.
    let permit = bed.site::<ViewGateways>(one).await;
    let users = async |configuration: GatewayConfiguration| {
        let now = bed.read().await.gateway(configuration.id).await.unwrap();
        let users = bed.write().await.gateway_users(&permit, &now).await.unwrap();
        users.into_iter().map(|(_, slug)| slug.to_string()).collect::<Vec<_>>()
    };
    assert_eq!((users(a).await, users(b.clone()).await), (vec![], vec!["acme".to_owned()]));
    share(&bed, one, Some(&b), None).await.unwrap();
    assert_eq!(chosen().await, DesiredGateway::Shared);
    let twice = "update gateway_configurations set shared = true";
    assert!(bed.database.raw(twice).await.is_err(), "the database lets no cluster share two");
}

async fn own(bed: &Bed, organization: OrganizationId, names: &[&str]) -> Result<()> {
    let names: Vec<HostSuffix> = names.iter().map(|name| name.parse().unwrap()).collect();
    let (permit, before) =
        (bed.site::<UpdateHostNames>(organization).await, bed.organization(organization).await);
    let mut tx = bed.write().await;
    tx.host_names_update(&permit, &before, &names, bed.audit()).await?;
    tx.commit().await.map(|_| ())
}

async fn owned(bed: &Bed, organization: OrganizationId) -> Vec<String> {
    let names = bed.read().await.host_names_of(organization).await.unwrap();
    names.into_iter().map(String::from).collect()
}

async fn fleet_5_host_names_come_back_and_are_freed(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let cluster = bed.cluster("spoke-1", Membership::Joined).await;
    let (acme, beta) = (bed.root("acme", owner).await, bed.root("beta", owner).await);
    place(&bed, acme, cluster).await.unwrap();
    assert_eq!(owned(&bed, acme).await, Vec::<String>::new());
    let before = bed.organization(acme).await;
    own(&bed, acme, &["b.example", "a.example"]).await.unwrap();
    assert_eq!(owned(&bed, acme).await, ["a.example", "b.example"]);
    let mut asked: Vec<_> = (0..30).map(|_| OrganizationId::fresh(&SystemIds)).collect();
    asked.extend([acme, beta]);
    let each = bed.read().await.host_names_of_each(&asked).await.unwrap();
    assert_eq!((each.len(), each[&acme].len()), (1, 2), "in more than one statement");
    assert_eq!(bed.organization(acme).await.revision, before.revision + 1);
    let permit = bed.placement::<SetDesired>(cluster).await;
    let placed = bed.read().await.placed_now(&permit).await.unwrap().remove(0);
    assert_eq!(placed.host_names.len(), 2);
    let error = own(&bed, beta, &["b.example"]).await.unwrap_err();
    assert_eq!(error.code(), "host_name_taken");
    assert!(error.to_string().contains("b.example"), "{error}");
    own(&bed, acme, &["c.example"]).await.unwrap();
    own(&bed, beta, &["b.example"]).await.unwrap();
    let permit = bed.site::<UpdateHostNames>(acme).await;
    let stale = bed.write().await.host_names_update(&permit, &before, &[], bed.audit()).await;
    assert_eq!(stale, Err(Error::Stale));
    deletion::delete(&bed, beta).await.unwrap();
    assert_eq!(code(own(&bed, acme, &["b.example"]).await), "host_name_taken", "until tear-down ends");
    deletion::tear_down(&bed, beta, OrganizationState::Deleted).await.unwrap();
    own(&bed, acme, &["b.example"]).await.unwrap();
}

async fn fleet_5_overlapping_host_names_are_found(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let (acme, beta) = (bed.root("acme", owner).await, bed.root("beta", owner).await);
    own(&bed, acme, &["acme.example", "deep.in.the.example"]).await.unwrap();
    for (name, found) in [
        ("acme.example", vec!["acme.example"]),
        ("www.acme.example", vec!["acme.example"]),
        ("a.b.acme.example", vec!["acme.example"]),
        ("in.the.example", vec!["deep.in.the.example"]),
        ("the.example", vec!["deep.in.the.example"]),
        ("evilacme.example", vec![]),
        ("acme.example.org", vec![]),
        ("me.example", vec![]),
        ("e.example", vec![]),
    ] {
        let name: HostSuffix = name.parse().unwrap();
        let mut tx = bed.write().await;
        let others = tx.host_names_overlapping(beta, &name).await.unwrap();
        assert!(others.iter().all(|(other, _)| *other == acme));
        assert_eq!(others.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), found, "{name}");
        assert_eq!(tx.host_names_overlapping(acme, &name).await.unwrap(), [], "one's own are no obstacle");
    }
}

async fn fleet_5_two_that_claim_one_host_name_at_the_same_time(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let (acme, beta) = (bed.root("acme", owner).await, bed.root("beta", owner).await);
    // As the use case does: look for what overlaps, then write.
    let claim = async |organization: OrganizationId, name: &str| -> Result<bool> {
        let (permit, name) =
            (bed.site::<UpdateHostNames>(organization).await, name.parse::<HostSuffix>().unwrap());
        let mut tx = bed.write().await;
        if !tx.host_names_overlapping(organization, &name).await?.is_empty() {
            return Ok(false);
        }
        let before = tx.organization(organization).await?;
        tx.host_names_update(&permit, &before, &[name], bed.audit()).await?;
        tx.commit().await.map(|_| true)
    };
    let (one, two) = tokio::join!(claim(acme, "acme.example"), claim(beta, "www.acme.example"));
    assert!(one.unwrap() != two.unwrap(), "one of them sees the other");
    assert_eq!(bed.database.number("select count(*) from host_names").await, 1);
}
