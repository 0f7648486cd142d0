//! Statements, migrations, transactions, and what the engines' errors become.

use std::collections::BTreeSet;

use bastide_authz::action::{CreateRootOrganization, RequestJoin, RotateAuthority};
use bastide_authz::{Bounds, Commons, Graph, Site};
use bastide_model::{AssignmentId, Error, Ids as _, RealmId, SystemIds};
use bastide_store::{Authorities, Store, statements};
use serde_json::json;

use crate::bed::{Bed, Empty, Engine, audit_id, both_engines, code, race};

both_engines! {
    every_statement_prepares,
    opening_again_changes_nothing,
    programs_that_start_together_make_one_installation,
    a_newer_schema_is_refused,
    a_migration_that_fails_leaves_nothing,
    a_transaction_that_reads_does_not_write,
    a_transaction_that_reads_sees_one_moment,
    what_is_not_committed_never_was,
    nul_is_refused_alike,
    the_installation_is_prepared_once_and_time_does_not_go_back,
    an_authority_is_kept_as_it_was_made_first,
    fleet_6_no_two_restores_come_to_the_same_epoch,
}

/// FLEET-6: two restores of the same backup are two epochs, and a clock set back does not make an old one again.
async fn fleet_6_no_two_restores_come_to_the_same_epoch(bed: Bed) {
    let raise = async |seconds: i64| {
        let mut tx = bed.write().await;
        let epoch =
            tx.epoch_raise(bastide_model::Timestamp::from_millis(seconds * 1000)).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        assert_eq!(bed.read().await.installation().await.unwrap().epoch, epoch);
        epoch
    };
    assert_eq!(bed.read().await.installation().await.unwrap().epoch, 1);
    assert_eq!(raise(1_800_000_000).await, 1_800_000_000);
    bed.database.raw("update installation set epoch = 1").await.unwrap();
    assert_eq!(raise(1_800_000_060).await, 1_800_000_060);
    assert_eq!(raise(1_700_000_000).await, 1_800_000_061);
}

async fn every_statement_prepares(bed: Bed) {
    let all = statements();
    assert!(all.len() > 100, "{}", all.len());
    for (name, sql) in &all {
        if let Err(error) = bed.store.prepare(sql).await {
            panic!("{name}: {error}\n{sql}");
        }
    }
    assert!(bed.store.prepare("select nothing from nowhere").await.is_err(), "a mistake is found");
    let distinct: BTreeSet<_> = all.iter().map(|(_, sql)| sql).collect();
    let repeated = all.len() - distinct.len();
    assert!(repeated <= 3, "{repeated} statements are written more than once");
}

async fn opening_again_changes_nothing(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let id = bed.root("acme", owner).await;
    let before = bed.graph().await;
    let again = Store::open(&bed.database.url).await.unwrap();
    assert_eq!(again.read(&Bounds::Everything).await.unwrap().graph().await.unwrap(), before);
    assert_eq!(
        again.read(&Bounds::Everything).await.unwrap().organization(id).await.unwrap(),
        bed.organization(id).await
    );
    let applied = "select count(*) - count(distinct number) from schema_migrations";
    assert_eq!(bed.database.number(applied).await, 0);
    again.close().await;
    assert!(matches!(again.read(&Bounds::Everything).await, Err(Error::Unavailable { .. })), "it is closed");
    assert_eq!(bed.graph().await, before, "and the other one is not");
}

async fn programs_that_start_together_make_one_installation(bed: Bed) {
    let fresh = bed.database.another().await;
    let start = |url: String| async move {
        let store = Store::open(&url).await.unwrap();
        let mut tx = store.write(&Bounds::Everything).await.unwrap();
        tx.installation_prepare(&SystemIds, bastide_model::Timestamp::from_millis(1)).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = store.read(&Bounds::Everything).await.unwrap();
        (tx.installation().await.unwrap(), tx.hubs().await.unwrap(), tx.graph().await.unwrap())
    };
    let started = race((0..4).map(|_| start(fresh.url.clone()))).await;
    for (installation, hubs, graph) in &started {
        assert_eq!(*installation, started[0].0);
        assert_eq!((hubs, graph), (&started[0].1, &started[0].2));
    }
    assert_eq!(started[0].1.len(), 1);
    assert_eq!(fresh.number("select count(*) from plans").await, 3);
    assert_eq!(fresh.number("select count(*) from realms").await, 1);
    assert_eq!(fresh.number("select count(*) - count(distinct number) from schema_migrations").await, 0);
}

async fn a_newer_schema_is_refused(bed: Bed) {
    bed.database.raw("insert into schema_migrations (number, name) values (999, 'future')").await.unwrap();
    let error = Store::open(&bed.database.url).await.err().unwrap();
    assert!(matches!(&error, Error::Unavailable { detail } if detail.contains("999")), "{error}");
    assert!(bed.read().await.revision().await.is_ok(), "who has it open already goes on");
}

async fn a_migration_that_fails_leaves_nothing(bed: Bed) {
    let fresh = bed.database.another().await;
    fresh.raw("create table outbox (id bigint)").await.unwrap();
    let error = Store::open(&fresh.url).await.err().unwrap();
    assert!(error.to_string().contains("outbox"), "{error}");
    let tables = match fresh.engine {
        Engine::Sqlite => "select count(*) from sqlite_schema where type = 'table'",
        Engine::Postgres => {
            "select count(*) from information_schema.tables where table_schema = current_schema()"
        }
    };
    assert_eq!(fresh.number(tables).await, 1, "only the one that was in the way");
    fresh.raw("drop table outbox").await.unwrap();
    assert!(Store::open(&fresh.url).await.is_ok());
}

async fn a_transaction_that_reads_does_not_write(bed: Bed) {
    let mut tx = bed.read().await;
    assert!(matches!(tx.failure_add("key", bed.now()).await, Err(Error::Internal { .. })));
    drop(tx);
    let mut tx = bed.write().await;
    tx.failure_add("key", bed.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(bed.database.number("select count(*) from attempts").await, 1);
}

async fn a_transaction_that_reads_sees_one_moment(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let mut early = bed.read().await;
    let before = early.graph().await.unwrap();
    bed.root("acme", owner).await;
    bed.user("bob@example.org").await;
    assert_eq!(early.graph().await.unwrap(), before);
    assert_eq!(early.organizations_by_slug("acme").await.unwrap(), []);
    assert_ne!(bed.graph().await, before);
}

async fn what_is_not_committed_never_was(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let before = bed.graph().await;
    let rows = async || {
        let tables = [
            "organizations",
            "namespaces",
            "assignments",
            "audit_records",
            "audit_logs",
            "changes",
            "outbox",
        ];
        let mut counts = Vec::new();
        for table in tables {
            counts.push(bed.database.number(&format!("select count(*) from {table}")).await);
        }
        counts
    };
    let counted = rows().await;
    let organization = bed.new_organization("acme", (RealmId::PLATFORM, None)).await;
    let permit = bed.permit::<CreateRootOrganization>(owner, Commons(RealmId::PLATFORM)).await;
    let mut tx = bed.write().await;
    let ids = (AssignmentId::fresh(&SystemIds), audit_id());
    tx.create_organization(&permit, &organization, owner, ids).await.unwrap();
    tx.outbox_put(&SystemIds, "organization.created", json!({}), bed.now()).await.unwrap();
    assert_eq!(tx.organization(organization.id).await.unwrap(), organization, "inside it is there");
    drop(tx);
    assert_eq!(rows().await, counted);
    assert_eq!(bed.graph().await, before);
    bed.try_create(&organization, owner).await.unwrap();
}

/// SQLite keeps NUL in text and PostgreSQL does not; both refuse it, by name, before it gets there.
async fn nul_is_refused_alike(bed: Bed) {
    let invalid =
        |result: Result<(), Error>| assert!(matches!(result, Err(Error::Invalid { .. })), "{result:?}");
    let mut tx = bed.write().await;
    invalid(tx.failure_add("a\0b", bed.now()).await);
    invalid(tx.outbox_put(&SystemIds, "kind", json!({"a": [{"b": "c\0"}]}), bed.now()).await);
    invalid(tx.outbox_put(&SystemIds, "kind", json!({"a\0": 1}), bed.now()).await);
    assert_eq!(tx.organizations_by_slug("a\0").await.unwrap(), []);
    assert_eq!(tx.clusters_by_name("a\0").await.unwrap(), []);
    assert_eq!(tx.login_grant_by_user_code("a\0").await.unwrap(), None);
}

async fn the_installation_is_prepared_once_and_time_does_not_go_back(bed: Bed) {
    let first = bed.read().await.installation().await.unwrap();
    assert_eq!(first.epoch, 1);
    let mut tx = bed.write().await;
    tx.installation_prepare(&SystemIds, bed.now()).await.unwrap();
    assert_eq!(tx.commit().await.unwrap().revision, None, "nothing was written");
    for (at, seen) in [(5_000, first.latest_seen.as_millis()), (1_900_000_000_000, 1_900_000_000_000)] {
        let mut tx = bed.write().await;
        tx.latest_seen_advance(bastide_model::Timestamp::from_millis(at)).await.unwrap();
        tx.commit().await.unwrap();
        let now = bed.read().await.installation().await.unwrap();
        assert_eq!((now.id, now.latest_seen.as_millis()), (first.id, seen));
    }
}

async fn an_authority_is_kept_as_it_was_made_first(bed: Bed) {
    let kept = async || bed.read().await.authorities().await.unwrap();
    assert_eq!(kept().await, Authorities::default());
    for certificate in ["first", "second"] {
        let mut tx = bed.write().await;
        let id = SystemIds.fresh();
        tx.authority_insert(id, (certificate, "key"), bed.now()).await.unwrap();
        tx.commit().await.unwrap();
    }
    let first = kept().await.present.unwrap();
    assert_eq!((first.certificate_pem.as_str(), first.key_pem.as_str()), ("first", "key"));
    // The next one waits until it takes over; then the key of the one before is forgotten, and in time its certificate.
    let prepare = async || {
        let permit = bed.site::<RotateAuthority>(Site).await;
        let mut tx = bed.write().await;
        let made =
            tx.authority_prepare(&permit, SystemIds.fresh(), ("next", "its key"), "aa", bed.audit()).await;
        tx.commit().await.unwrap();
        made
    };
    let switch = async || {
        let permit = bed.site::<RotateAuthority>(Site).await;
        let mut tx = bed.write().await;
        tx.authority_switch(&permit, SystemIds.fresh(), ("00", "aa"), bed.audit()).await?;
        tx.commit().await.map(drop)
    };
    assert_eq!(code(switch().await), "authority_not_prepared");
    assert_eq!(kept().await.present, Some(first.clone()), "nothing is done by half");
    prepare().await.unwrap();
    assert_eq!(code(prepare().await), "authority_prepared");
    assert_eq!(kept().await.present, Some(first));
    switch().await.unwrap();
    let after = kept().await;
    assert_eq!(after.present.unwrap().certificate_pem, "next");
    let [previous] = after.previous.as_slice() else { panic!("{:?}", after.previous) };
    assert_eq!(
        (previous.certificate_pem.as_str(), previous.key_pem.as_str(), after.next),
        ("first", "", None)
    );
    for (time, there) in [(previous.since, true), (previous.since.plus_seconds(1), false)] {
        let mut tx = bed.write().await;
        tx.authority_forget(time).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(!kept().await.previous.is_empty(), there);
    }
}

/// Whoever waits for the other in a circle is told to try again, and the other goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_a_deadlock_is_something_that_passes() {
    let bed = Bed::postgres().await;
    let owner = bed.user("ada@example.org").await;
    let (one, other) = (bed.root("one", owner).await, bed.root("other", owner).await);
    let (mut left, mut right) = (bed.write().await, bed.write().await);
    left.organization_lock(one).await.unwrap();
    right.organization_lock(other).await.unwrap();
    let (left, right) = tokio::join!(
        async {
            let result = left.organization_lock(other).await;
            drop(left);
            result
        },
        async {
            let result = right.organization_lock(one).await;
            drop(right);
            result
        },
    );
    let failed: Vec<_> = [left, right].into_iter().filter_map(Result::err).collect();
    assert!(matches!(failed.as_slice(), [Error::Unavailable { .. }]), "{failed:?}");
}

#[tokio::test]
async fn only_addresses_of_databases_that_last_are_opened() {
    for wrong in ["", "mysql://localhost/x", "sqlite::memory:", "sqlite:file:x?mode=memory", "/srv/x"] {
        let error = Store::open(wrong).await.err().unwrap();
        assert!(
            matches!(&error, Error::Invalid { fields } if fields[0].pointer == "/database"),
            "{wrong}: {error}"
        );
    }
    let nowhere = tempfile::tempdir().unwrap();
    let missing = format!("sqlite:{}/no/folder/x.db", nowhere.path().display());
    let error = Store::open(&missing).await.err().unwrap();
    assert!(error.to_string().contains("there is no folder"), "{error}");
    for out_of_reach in
        [format!("sqlite:{}", nowhere.path().display()), "postgres://nobody:wrong@127.0.0.1:1/x".into()]
    {
        let error = Store::open(&out_of_reach).await.err().unwrap();
        assert!(matches!(error, Error::Unavailable { .. }), "{out_of_reach}: {error}");
        assert!(!error.to_string().contains("wrong"), "{error}");
    }
}

/// A graph of a database in which nothing is yet still names its hub.
#[tokio::test]
async fn an_installation_begins_with_a_hub_and_nobody() {
    let empty = Empty::sqlite();
    let store = Store::open(&empty.url).await.unwrap();
    let mut tx = store.write(&Bounds::Everything).await.unwrap();
    tx.installation_prepare(&SystemIds, bastide_model::Timestamp::from_millis(1)).await.unwrap();
    let made = tx.commit().await.unwrap();
    let mut tx = store.read(&Bounds::Everything).await.unwrap();
    let (hubs, graph) = (tx.hubs().await.unwrap(), tx.graph().await.unwrap());
    assert!(graph.authorize_controller::<RequestJoin>(bastide_authz::Controller::Door, hubs[0].id).is_ok());
    assert!(!graph.has_site_administrator());
    let mut followed = Graph::default();
    followed.advance(made.revision.unwrap(), made.changes);
    assert_eq!(followed, graph);
}
