//! HIER-2: the two locks that the database itself holds. References carry the realm on both engines; on PostgreSQL a
//! transaction reaches nothing beyond its bounds, whatever its statements say.

use std::collections::BTreeSet;

use bastide_authz::action::{
    CreateOrganization, CreateRootOrganization, UpdateHostNames, UpdateOrganization,
};
use bastide_authz::{Bounded, Bounds, Commons, WholeTree};
use bastide_model::cluster::Membership;
use bastide_model::{AssignmentId, Error, Ids as _, OrganizationId, RealmId, Result, SystemIds};
use bastide_store::{Store, Tx};
use bastide_testkit::postgres::Postgres;

use crate::bed::{Bed, Engine, audit_id, both_engines};
use crate::deletion::{place, reconcile};

both_engines! {
    hier_2_every_reference_carries_the_realm,
    hier_2_what_is_unique_everywhere_is_found_beyond_the_bounds,
    hier_2_somebody_works_within_the_bounds_of_their_permit,
}

/// Every table, with the columns that its references have, as `table|to|from,from`.
async fn references(bed: &Bed) -> Vec<String> {
    let sql = match bed.database.engine {
        Engine::Sqlite => {
            "select group_concat(line, ' ') from (select m.name || '|' || f.\"table\" || '|' || \
             group_concat(f.\"from\", ',') as line from sqlite_schema m join pragma_foreign_key_list(m.name) f \
             where m.type = 'table' group by m.name, f.id)"
        }
        Engine::Postgres => {
            "select string_agg(c.conrelid::regclass || '|' || c.confrelid::regclass || '|' || (select \
             string_agg(a.attname::text, ',') from pg_attribute a where a.attrelid = c.conrelid and a.attnum = any (c.conkey)), ' ') \
             from pg_constraint c where c.contype = 'f'"
        }
    };
    bed.database.text(sql).await.split(' ').map(str::to_owned).collect()
}

/// Every column of every table, as `table|column`.
async fn columns(bed: &Bed) -> BTreeSet<(String, String)> {
    let sql = match bed.database.engine {
        Engine::Sqlite => {
            "select group_concat(m.name || '|' || c.name, ' ') from sqlite_schema m join pragma_table_info(m.name) c \
             where m.type = 'table'"
        }
        Engine::Postgres => {
            "select string_agg(table_name || '|' || column_name, ' ') from information_schema.columns \
             where table_schema = current_schema()"
        }
    };
    let pair = |text: &str| text.split_once('|').map(|(one, other)| (one.to_owned(), other.to_owned()));
    bed.database.text(sql).await.split(' ').filter_map(pair).collect()
}

/// Found in the catalogue of the database, so that a new table cannot be forgotten.
async fn hier_2_every_reference_carries_the_realm(bed: Bed) {
    let columns = columns(&bed).await;
    let has = |table: &str, column: &str| columns.contains(&(table.to_owned(), column.to_owned()));
    let references = references(&bed).await;
    assert!(references.len() > 25, "{references:?}");
    let parts = |line: &String| {
        let [table, to, from] = line.split('|').collect::<Vec<_>>()[..] else { panic!("{line}") };
        (table.to_owned(), to.to_owned(), from.split(',').map(str::to_owned).collect::<BTreeSet<_>>())
    };
    let references: Vec<_> = references.iter().map(parts).collect();
    for (table, to, from) in &references {
        // A narrower key, such as the organization's, says as much.
        let carries = from.contains("realm_id") || (from.contains("organization_id") && from.len() > 1);
        assert!(!has(to, "realm_id") || carries, "{table} refers to {to} by {from:?}");
    }
    let of_organizations: Vec<_> = columns.iter().filter(|(_, column)| column == "organization_id").collect();
    assert!(of_organizations.len() >= 6, "{of_organizations:?}");
    for (table, _) in of_organizations {
        assert!(has(table, "realm_id"), "{table} has an organization and no realm");
        let refers = references.iter().any(|(of, to, from)| {
            of == table
                && (to == "organizations" || has(to, "organization_id"))
                && from.contains("organization_id")
        });
        assert!(refers, "the organizations of {table} need not be there");
    }
}

/// Two organizations of one realm and one of another, each with something in every table of organizations.
struct Three {
    one: OrganizationId,
    other: OrganizationId,
    brand: RealmId,
    elsewhere: OrganizationId,
}

async fn three(bed: &Bed) -> Three {
    let cluster = bed.cluster("spoke-1", Membership::Joined).await;
    let brand = bed.realm("brand").await;
    let (ada, bob) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let eve = bed.user_in(brand, "eve@example.org").await;
    let (one, other) = (bed.root("one", ada).await, bed.root("other", bob).await);
    let there = bed.new_organization("elsewhere", (brand, None)).await;
    bed.try_create(&there, eve).await.unwrap();
    for id in [one, other] {
        place(bed, id, cluster).await.unwrap();
    }
    reconcile(bed, cluster).await;
    for (id, realm, slug) in
        [(one, RealmId::PLATFORM, "one"), (other, RealmId::PLATFORM, "other"), (there.id, brand, "elsewhere")]
    {
        let fresh: Vec<_> = (0..3).map(|_| bed.database.literal(SystemIds.fresh())).collect();
        let (role, team, project) = (&fresh[0], &fresh[1], &fresh[2]);
        let (id, realm) = (bed.database.literal(id.uuid()), bed.database.literal(realm.uuid()));
        bed.database
            .raw(&format!(
                "insert into roles values ({role}, {realm}, {id}, 'role', 'Role', '', '[]', 0, 1); \
                 insert into teams values ({team}, {realm}, {id}, 'team', 'Team', 'team team', '', 0, 1); \
                 insert into team_members select realm_id, organization_id, {team}, user_id, 'member', 0 \
                 from assignments where organization_id = {id}; \
                 insert into projects values ({project}, {realm}, {id}, 'project', 'Project', 'project project', '', 0, 1); \
                 insert into project_teams values ({realm}, {id}, {project}, {team}, 'viewer', 0)"
            ))
            .await
            .unwrap();
        bed.database
            .raw(&format!(
                "insert into host_names (name, realm_id, organization_id) values ('{slug}.example', {realm}, {id}); \
                 insert into reported_sets (cluster_id, realm_id, organization_id, observed_generation, removed, \
                 conditions, objects, reported_at_ms) select cluster_id, {realm}, {id}, 1, false, '[]', '[]', 0 \
                 from placements limit 1"
            ))
            .await
            .unwrap();
    }
    Three { one, other, brand, elsewhere: there.id }
}

fn only(realm: RealmId, id: OrganizationId) -> Bounds {
    Bounds::Organizations(realm, [id].into())
}

/// The tables of organizations, and the column that says which one.
async fn tables_of_organizations(bed: &Bed) -> Vec<(String, &'static str)> {
    let of_organizations = columns(bed).await.into_iter().filter(|(_, column)| column == "organization_id");
    let mut tables: Vec<_> = of_organizations.map(|(table, _)| (table, "organization_id")).collect();
    tables.extend([("audit_records", "log_id"), ("audit_logs", "log_id")].map(|(t, c)| (t.to_owned(), c)));
    tables.push(("organizations".to_owned(), "id"));
    tables
}

/// The statements have no condition at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hier_2_without_its_filter_a_query_still_gives_nothing() {
    let bed = Bed::postgres().await;
    let three = three(&bed).await;
    let one = bed.database.literal(three.one.uuid());
    for (table, column) in tables_of_organizations(&bed).await {
        let every = format!("select count(*) from {table}");
        let own = format!("{every} where {column} = {one}");
        let (all, own) = (bed.database.number(&every).await, bed.database.number(&own).await);
        assert!(own > 0 && all > own, "{table} has {all} rows, {own} of them the organization's: fill it");
        let count = async |bounds: &Bounds| bed.store.read(bounds).await.unwrap().number(every.clone()).await;
        assert_eq!(count(&only(RealmId::PLATFORM, three.one)).await, Ok(own), "{table}");
        // Neither the organization in another realm than its own, nor nothing, nor another realm.
        assert_eq!(count(&Bounds::Nothing).await, Ok(0), "{table}");
        assert_eq!(count(&Bounds::Everything).await, Ok(all), "{table}");
        if table != "audit_logs" {
            assert_eq!(count(&only(three.brand, three.one)).await, Ok(0), "{table}");
            let of_brand = format!("{every} where realm_id = {}", bed.database.literal(three.brand.uuid()));
            let of_brand = bed.database.number(&of_brand).await;
            assert_eq!(count(&Bounds::Realm(three.brand)).await, Ok(of_brand), "{table}");
        }
    }
    for table in ["users", "plans", "administrations", "audit_records"] {
        let outside = format!("select count(*) from {table} where realm_id <> '{}'", three.brand.uuid());
        assert!(bed.database.number(&outside).await > 0, "{table}");
        let mut tx = bed.store.read(&only(three.brand, three.elsewhere)).await.unwrap();
        assert_eq!(tx.number(outside).await, Ok(0), "{table}");
    }
}

/// Also what writes reaches nothing beyond, and puts nothing there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hier_2_nothing_is_written_beyond_the_bounds() {
    let bed = Bed::postgres().await;
    let three = three(&bed).await;
    let within = only(RealmId::PLATFORM, three.one);
    let other = bed.database.literal(three.other.uuid());
    for written in [
        "update organizations set name = 'mine' returning 1".to_owned(),
        "update host_names set name = 'mine.' || name returning 1".to_owned(),
        "delete from assignments returning 1".to_owned(),
    ] {
        let mut tx = bed.store.write(&within).await.unwrap();
        let sql = format!("with written as ({written}) select count(*) from written");
        assert_eq!(tx.number(sql).await, Ok(1), "{written}");
    }
    let mut tx = bed.store.write(&within).await.unwrap();
    let given = format!(
        "insert into host_names (name, realm_id, organization_id) values ('x.example', '{}', {other}) returning 1::bigint",
        RealmId::PLATFORM.uuid()
    );
    let error = tx.number(given).await.unwrap_err();
    assert!(error.to_string().contains("row-level security"), "{error}");
    let mut tx = bed.store.write(&within).await.unwrap();
    let given = format!("update host_names set organization_id = {other} returning 1::bigint");
    assert!(tx.number(given).await.unwrap_err().to_string().contains("row-level security"));
}

/// The tables that have a realm or an organization and no lock.
const UNLOCKED: &str = "select coalesce(string_agg(c.relname, ' '), '') from pg_class c \
    join pg_namespace n on n.oid = c.relnamespace where n.nspname = current_schema() and c.relkind in ('r', 'p') \
    and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname in ('realm_id', 'organization_id', 'log_id') \
        and not a.attisdropped) \
    and not (c.relrowsecurity and c.relforcerowsecurity and exists (select from pg_policy p where p.polrelid = c.oid \
        and p.polname = 'bounds' and p.polpermissive and p.polcmd = '*'))";

/// Found in the catalogue, so that a new table cannot be forgotten; nothing else lets rows through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hier_2_every_table_of_tenants_is_locked() {
    let bed = Bed::postgres().await;
    assert_eq!(bed.database.text(UNLOCKED).await, "");
    let policies = "select count(*) from pg_policy where polname <> 'bounds'";
    assert_eq!(bed.database.number(policies).await, 0);
    assert!(!bed.store.ignores_bounds().await.unwrap(), "tests sign in as an ordinary role");
    bed.database.raw("create table forgotten (id bigint, realm_id uuid)").await.unwrap();
    assert_eq!(bed.database.text(UNLOCKED).await, "forgotten", "one without would be found");
}

/// Whoever begins nothing reaches nothing, and what one transaction reached, the next on its connection does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hier_2_bounds_end_with_their_transaction() {
    let bed = Bed::postgres().await;
    let three = three(&bed).await;
    let every = "select count(*) from organizations";
    assert_eq!(bed.database.number(every).await, 3);
    assert_eq!(bed.database.unbound(every).await, 0, "a connection that says nothing");
    for (bounds, seen) in [
        (Bounds::Everything, 3),
        (Bounds::Realm(three.brand), 1),
        (only(RealmId::PLATFORM, three.other), 1),
        (Bounds::Nothing, 0),
        (Bounds::Everything, 3),
    ] {
        assert_eq!(bed.store.read(&bounds).await.unwrap().number(every.to_owned()).await, Ok(seen));
        let tx = bed.store.write(&bounds).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// A superuser's role would be held by nothing: the store says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hier_2_a_role_that_bypasses_the_lock_is_noticed() {
    let server = Postgres::start().await.unwrap();
    let url = server.create_database().await.unwrap();
    for (url, ignores) in [(url.clone(), false), (server.as_superuser(&url).unwrap(), true)] {
        assert_eq!(Store::open(&url).await.unwrap().ignores_bounds().await, Ok(ignores));
    }
}

/// A transaction with the bounds of somebody's permit.
async fn write_within(bed: &Bed, within: &impl Bounded) -> Tx {
    bed.store.write(&within.bounds(&bed.graph().await)).await.unwrap()
}

/// Names of namespaces and host names are those of the whole installation, though most of it is out of reach.
async fn hier_2_what_is_unique_everywhere_is_found_beyond_the_bounds(bed: Bed) {
    let three = three(&bed).await;
    let ada = bed.organization(three.one).await;
    let mut tx = bed.store.write(&only(RealmId::PLATFORM, three.one)).await.unwrap();
    let taken = tx.namespace_base_choose(&"elsewhere".parse().unwrap(), ada.id).await.unwrap();
    assert_ne!(taken.as_str(), "elsewhere");
    let free = tx.namespace_base_choose(&"free".parse().unwrap(), ada.id).await.unwrap();
    assert_eq!(free.as_str(), "free");
    let overlapping = tx.host_names_overlapping(three.one, &"a.elsewhere.example".parse().unwrap()).await;
    assert_eq!(overlapping.unwrap().first().unwrap().0, three.elsewhere);
    // And afterwards the bounds are what they were.
    if bed.database.engine == Engine::Postgres {
        assert_eq!(tx.organization(three.other).await, Err(Error::NotFound));
        assert_eq!(tx.number("select count(*) from organizations".to_owned()).await, Ok(1));
    }
}

/// An owner makes an organization beneath theirs and changes it, with the bounds that follow from their permits.
async fn hier_2_somebody_works_within_the_bounds_of_their_permit(bed: Bed) {
    let ada = bed.user("ada@example.org").await;
    let eve = bed.user("eve@example.org").await;
    bed.root("other", eve).await;
    let root = bed.new_organization("acme", (RealmId::PLATFORM, None)).await;
    let create = async |permit_for: Option<OrganizationId>, slug: &str| -> Result<OrganizationId> {
        let ids = (AssignmentId::fresh(&SystemIds), audit_id());
        if let Some(parent) = permit_for {
            let child = bed.new_organization(slug, (RealmId::PLATFORM, Some(parent))).await;
            let permit = bed.permit::<CreateOrganization>(ada, parent).await;
            let mut tx = write_within(&bed, &WholeTree(&permit)).await;
            tx.organization_lock(parent).await?;
            tx.create_organization(&permit, &child, ada, ids).await?;
            tx.user_home_default(ada, child.id).await?;
            tx.commit().await?;
            return Ok(child.id);
        }
        let permit = bed.permit::<CreateRootOrganization>(ada, Commons(RealmId::PLATFORM)).await;
        let mut tx = write_within(&bed, &permit).await;
        tx.create_organization(&permit, &root, ada, ids).await?;
        tx.commit().await?;
        Ok(root.id)
    };
    let root_id = create(None, "acme").await.unwrap();
    let child = create(Some(root_id), "child").await.unwrap();
    let grandchild = create(Some(child), "grandchild").await.unwrap();
    let permit = bed.permit::<UpdateOrganization>(ada, child).await;
    let mut tx = write_within(&bed, &permit).await;
    let before = tx.organization(child).await.unwrap();
    let mut after = before.clone();
    after.description = "changed".parse().unwrap();
    tx.organization_update(&permit, (&before, &after), bed.audit()).await.unwrap();
    // What stands in the way of its deletion is named, and what lies above it reaches down to it.
    let children = tx.organization_children(child).await.unwrap();
    assert_eq!(children.iter().map(|(id, ..)| *id).collect::<Vec<_>>(), [grandchild]);
    assert_eq!(tx.organization(root_id).await.unwrap().id, root_id);
    tx.commit().await.unwrap();
    for log in [None, Some(root_id), Some(child), Some(grandchild)] {
        assert!(bed.read().await.audit_verify(log).await.is_ok(), "{log:?}");
    }
    assert!(bed.try_permit::<UpdateHostNames>(ada, child).await.is_err());
}
