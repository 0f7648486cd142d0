//! An installation in a fresh database, with what most tests need first.

use std::sync::atomic::{AtomicI64, Ordering};

use bastide_authz::action::{
    AcceptCluster, CompleteSetup, CreateOrganization, CreateRootOrganization, CreateUser, DenyCluster,
    RequestJoin, SetDesired, WithdrawCluster,
};
use bastide_authz::{Action, Bounds, Commons, Controller, Graph, Permit, Realm, Site};
use bastide_model::access::{Caller, Credential};
use bastide_model::cluster::{Cluster, ClusterFacts, Membership};
use bastide_model::names::{Annotations, Slug};
use bastide_model::organization::{Kind, Organization, OrganizationState, Visibility};
use bastide_model::permission::PermissionSet;
use bastide_model::user::{Access, User};
use bastide_model::{
    AssignmentId, AuditId, ClusterId, HubId, Ids, OrganizationId, PlanId, RealmId, RequestId, Result,
    SessionId, SystemIds, Timestamp, UserId,
};
use bastide_store::{Committed, JoinRequest, PageRequest, Store, Tx};
use bastide_testkit::postgres::Postgres;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;
use tokio::task::JoinSet;
use uuid::Uuid;

/// Runs each test of a module on both engines.
macro_rules! both_engines {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test($crate::bed::Bed::sqlite().await).await;
                }
            )*
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test($crate::bed::Bed::postgres().await).await;
                }
            )*
        }
    };
}
pub(crate) use both_engines;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// A database with nothing in it.
pub(crate) struct Empty {
    pub(crate) engine: Engine,
    pub(crate) url: String,
    /// Removed with the database.
    _folder: Option<TempDir>,
}

impl Empty {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("bastide.db").display());
        Self { engine: Engine::Sqlite, url, _folder: Some(folder) }
    }

    pub(crate) async fn postgres() -> Self {
        let url = Postgres::shared().await.unwrap().create_database().await.unwrap();
        Self { engine: Engine::Postgres, url, _folder: None }
    }

    /// Another one on the same engine.
    pub(crate) async fn another(&self) -> Self {
        match self.engine {
            Engine::Sqlite => Self::sqlite(),
            Engine::Postgres => Self::postgres().await,
        }
    }

    /// Runs a statement past the store, as an attacker with the database's password would, or a mistake in the store.
    pub(crate) async fn raw(&self, sql: &str) -> std::result::Result<u64, String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.engine {
            Engine::Sqlite => {
                // A file that is not there yet is made, as the server makes a database on PostgreSQL.
                let mut connection =
                    SqliteConnection::connect(&format!("{}?mode=rwc", self.url)).await.unwrap();
                sqlx::raw_sql(sql).execute(&mut connection).await.map(|done| done.rows_affected())
            }
            Engine::Postgres => {
                let mut connection = self.connect().await;
                sqlx::raw_sql(sql).execute(&mut connection).await.map(|done| done.rows_affected())
            }
        }
        .map_err(|error| error.to_string())
    }

    /// A connection past the store that reaches everything.
    async fn connect(&self) -> PgConnection {
        let options: PgConnectOptions = self.url.parse().unwrap();
        PgConnection::connect_with(&options.options([("bastide.bounds", "everything")])).await.unwrap()
    }

    /// The one number that a query gives.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.engine {
            Engine::Sqlite => {
                let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await
            }
            Engine::Postgres => {
                let mut connection = self.connect().await;
                sqlx::query_scalar(sql).fetch_one(&mut connection).await
            }
        }
        .unwrap()
    }

    /// The one text that a query gives.
    pub(crate) async fn text(&self, sql: &str) -> String {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.engine {
            Engine::Sqlite => {
                let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await
            }
            Engine::Postgres => {
                let mut connection = self.connect().await;
                sqlx::query_scalar(sql).fetch_one(&mut connection).await
            }
        }
        .unwrap()
    }

    /// The one number that a query gives on PostgreSQL to a connection that has said nothing of its bounds.
    pub(crate) async fn unbound(&self, sql: &str) -> i64 {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await.unwrap()
    }

    /// A UUID as the engine writes it.
    pub(crate) fn literal(&self, id: Uuid) -> String {
        match self.engine {
            Engine::Sqlite => format!("x'{}'", id.simple()),
            Engine::Postgres => format!("'{id}'::uuid"),
        }
    }
}

/// An installation with a site administrator.
pub(crate) struct Bed {
    pub(crate) database: Empty,
    pub(crate) store: Store,
    pub(crate) administrator: UserId,
    pub(crate) hub: HubId,
    clock: AtomicI64,
}

impl Bed {
    pub(crate) async fn sqlite() -> Self {
        Self::install(Empty::sqlite()).await
    }

    pub(crate) async fn postgres() -> Self {
        Self::install(Empty::postgres().await).await
    }

    async fn install(database: Empty) -> Self {
        let store = Store::open(&database.url).await.unwrap();
        let clock = AtomicI64::new(1_800_000_000_000);
        let mut bed = Self {
            database,
            store,
            clock,
            administrator: UserId::fresh(&SystemIds),
            hub: HubId::fresh(&SystemIds),
        };
        let mut tx = bed.write().await;
        tx.installation_prepare(&SystemIds, bed.now()).await.unwrap();
        tx.commit().await.unwrap();
        bed.hub = bed.read().await.hubs().await.unwrap()[0].id;
        let permit = bed.door::<CompleteSetup>(Site).await;
        let user = bed.new_user(RealmId::PLATFORM, "admin@example.org");
        let mut tx = bed.write().await;
        tx.user_create(&permit, &user, "hash", audit_id()).await.unwrap();
        tx.site_administrator_add(&permit, user.id, bed.now()).await.unwrap();
        tx.commit().await.unwrap();
        bed.administrator = user.id;
        bed
    }

    /// The present; each look is a millisecond later than the one before.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.fetch_add(1, Ordering::SeqCst))
    }

    pub(crate) async fn read(&self) -> Tx {
        self.store.read(&Bounds::Everything).await.unwrap()
    }

    pub(crate) async fn write(&self) -> Tx {
        self.store.write(&Bounds::Everything).await.unwrap()
    }

    pub(crate) async fn graph(&self) -> Graph {
        self.read().await.graph().await.unwrap()
    }

    /// Id and time of a record.
    pub(crate) fn audit(&self) -> (AuditId, Timestamp) {
        (audit_id(), self.now())
    }

    pub(crate) async fn caller(&self, user: UserId) -> Caller {
        caller_in(&self.graph().await, user)
    }

    /// What the user may do, as the policy says.
    pub(crate) async fn try_permit<A: Action>(&self, user: UserId, target: A::Target) -> Result<Permit<A>> {
        let graph = self.graph().await;
        graph.authorize::<A>(&caller_in(&graph, user), target, self.now())
    }

    pub(crate) async fn permit<A: Action>(&self, user: UserId, target: A::Target) -> Permit<A> {
        self.try_permit::<A>(user, target).await.unwrap()
    }

    /// A permit of the site administrator.
    pub(crate) async fn site<A: Action>(&self, target: A::Target) -> Permit<A> {
        self.permit::<A>(self.administrator, target).await
    }

    pub(crate) async fn door<A: Action>(&self, target: A::Target) -> Permit<A> {
        self.graph().await.authorize_controller::<A>(Controller::Door, target).unwrap()
    }

    pub(crate) async fn placement<A: Action>(&self, target: A::Target) -> Permit<A> {
        self.graph().await.authorize_controller::<A>(Controller::Placement, target).unwrap()
    }

    pub(crate) async fn agent<A: Action<Target = ClusterId>>(&self, cluster: ClusterId) -> Permit<A> {
        self.graph().await.authorize_agent::<A>(cluster, cluster).unwrap()
    }

    pub(crate) fn new_user(&self, realm: RealmId, email: &str) -> User {
        User {
            id: UserId::fresh(&SystemIds),
            realm,
            email: email.parse().unwrap(),
            name: email.split('@').next().unwrap().parse().unwrap(),
            access: Access::Enabled,
            home: None,
            created_at: self.now(),
            revision: 1,
        }
    }

    pub(crate) async fn try_user(&self, user: &User) -> Result<Committed> {
        let permit = self.site::<CreateUser>(Realm(user.realm)).await;
        let mut tx = self.write().await;
        tx.user_create(&permit, user, "hash", audit_id()).await?;
        tx.commit().await
    }

    /// An account of the platform.
    pub(crate) async fn user(&self, email: &str) -> UserId {
        self.user_in(RealmId::PLATFORM, email).await
    }

    pub(crate) async fn user_in(&self, realm: RealmId, email: &str) -> UserId {
        let user = self.new_user(realm, email);
        self.try_user(&user).await.unwrap();
        user.id
    }

    /// The default plan of a realm.
    pub(crate) async fn plan(&self, realm: RealmId) -> PlanId {
        let plans = self.read().await.plans_of(realm).await.unwrap();
        plans.iter().find(|plan| plan.is_default).unwrap().id
    }

    /// A client; the product makes none yet.
    pub(crate) async fn realm(&self, slug: &str) -> RealmId {
        let realm = RealmId::fresh(&SystemIds);
        let (id, plan) = (self.literal(realm), self.database.literal(SystemIds.fresh()));
        let insert = format!(
            "insert into realms (id, slug, name, created_at_ms) values ({id}, '{slug}', '{slug}', 0); \
             insert into plans (id, realm_id, slug, name, limits, is_default, position) \
             select {plan}, {id}, slug, name, limits, is_default, position from plans where slug = 'free' limit 1"
        );
        self.database.raw(&insert).await.unwrap();
        realm
    }

    fn literal(&self, realm: RealmId) -> String {
        self.database.literal(realm.uuid())
    }

    pub(crate) async fn new_organization(
        &self,
        slug: &str,
        (realm, parent): (RealmId, Option<OrganizationId>),
    ) -> Organization {
        let (id, slug): (_, Slug) = (OrganizationId::fresh(&SystemIds), slug.parse().unwrap());
        Organization {
            id,
            realm,
            parent,
            name: slug.as_str().parse().unwrap(),
            description: "".parse().unwrap(),
            kind: Kind::Work,
            visibility: Visibility::Private,
            annotations: Annotations::default(),
            namespace_base: self.read().await.namespace_base_choose(&slug, id).await.unwrap(),
            slug,
            plan: self.plan(realm).await,
            state: OrganizationState::Active,
            created_at: self.now(),
            revision: 1,
        }
    }

    /// Stores an organization, by its owner when it is a root, else by the site administrator.
    pub(crate) async fn try_create(&self, organization: &Organization, owner: UserId) -> Result<Committed> {
        let ids = (AssignmentId::fresh(&SystemIds), audit_id());
        match organization.parent {
            None => {
                let permit = self.permit::<CreateRootOrganization>(owner, Commons(organization.realm)).await;
                let mut tx = self.write().await;
                tx.create_organization(&permit, organization, owner, ids).await?;
                tx.commit().await
            }
            Some(parent) => {
                let permit = self.site::<CreateOrganization>(parent).await;
                let mut tx = self.write().await;
                tx.create_organization(&permit, organization, owner, ids).await?;
                tx.commit().await
            }
        }
    }

    /// A root organization of the platform.
    pub(crate) async fn root(&self, slug: &str, owner: UserId) -> OrganizationId {
        let organization = self.new_organization(slug, (RealmId::PLATFORM, None)).await;
        self.try_create(&organization, owner).await.unwrap();
        organization.id
    }

    /// An organization of the platform beneath another.
    pub(crate) async fn child(&self, slug: &str, parent: OrganizationId, owner: UserId) -> OrganizationId {
        let organization = self.new_organization(slug, (RealmId::PLATFORM, Some(parent))).await;
        self.try_create(&organization, owner).await.unwrap();
        organization.id
    }

    pub(crate) async fn organization(&self, id: OrganizationId) -> Organization {
        self.read().await.organization(id).await.unwrap()
    }

    /// Every organization that is there.
    pub(crate) async fn every_organization(&self) -> Vec<OrganizationId> {
        let caller = self.caller(self.administrator).await;
        let visible = self.graph().await.visible_organizations(&caller, self.now()).unwrap();
        let page = PageRequest::new(Some(200), None, None).unwrap();
        let listed = self.read().await.organization_list(&visible, &page).await.unwrap();
        assert_eq!(listed.next, None, "few enough for one page");
        listed.items.into_iter().map(|organization| organization.id).collect()
    }

    pub(crate) fn join_request(&self, name: &str) -> JoinRequest {
        JoinRequest {
            id: ClusterId::fresh(&SystemIds),
            name: name.parse().unwrap(),
            uid: SystemIds.fresh(),
            fingerprint: format!("AA:{name}"),
            csr_pem: format!("request of {name}"),
            ticket_hash: name.as_bytes().to_vec(),
            facts: ClusterFacts { kubernetes_version: "v1.36.3".into(), ..ClusterFacts::default() },
            at: self.now(),
        }
    }

    pub(crate) async fn try_request(&self, request: &JoinRequest, known: bool) -> Result<Committed> {
        let permit = self.door::<RequestJoin>(self.hub).await;
        let mut tx = self.write().await;
        let known = if known { Some(tx.cluster(request.id).await?) } else { None };
        tx.cluster_request(&permit, request, known.as_ref(), audit_id()).await?;
        tx.commit().await
    }

    /// A cluster whose membership has come this far.
    pub(crate) async fn cluster(&self, name: &str, membership: Membership) -> ClusterId {
        let request = self.join_request(name);
        self.try_request(&request, false).await.unwrap();
        match membership {
            Membership::Requested => {}
            Membership::Denied => self.decide::<DenyCluster>(request.id).await.unwrap(),
            Membership::Joined => self.decide::<AcceptCluster>(request.id).await.unwrap(),
            Membership::Withdrawn => {
                self.decide::<AcceptCluster>(request.id).await.unwrap();
                self.decide::<WithdrawCluster>(request.id).await.unwrap();
            }
        }
        request.id
    }

    pub(crate) async fn decide<A: bastide_store::Decides>(&self, id: ClusterId) -> Result<()> {
        let permit = self.site::<A>(id).await;
        let before = self.the_cluster(id).await;
        let mut tx = self.write().await;
        tx.cluster_decide(&permit, &before, self.audit()).await?;
        tx.commit().await.map(|_| ())
    }

    pub(crate) async fn the_cluster(&self, id: ClusterId) -> Cluster {
        self.read().await.cluster(id).await.unwrap()
    }

    pub(crate) async fn set_desired(
        &self,
        cluster: ClusterId,
        wanted: &[(OrganizationId, Option<bastide_model::placement::DesiredOrganization>)],
    ) -> usize {
        let permit = self.placement::<SetDesired>(cluster).await;
        let mut tx = self.write().await;
        let changed = tx.set_desired(&permit, wanted, self.now()).await.unwrap();
        tx.commit().await.unwrap();
        changed
    }
}

fn caller_in(graph: &Graph, user: UserId) -> Caller {
    Caller {
        user,
        realm: graph.realm_of_user(user).unwrap(),
        credential: Credential::Session(SessionId::from_uuid(Uuid::from_u128(5))),
        ceiling: PermissionSet::ALL,
        address: "192.0.2.7".into(),
        request: RequestId::from_uuid(Uuid::from_u128(6)),
    }
}

pub(crate) fn audit_id() -> AuditId {
    AuditId::fresh(&SystemIds)
}

/// Does many things at the same time.
pub(crate) async fn race<T, F>(tasks: impl IntoIterator<Item = F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut set = JoinSet::new();
    for task in tasks {
        set.spawn(task);
    }
    set.join_all().await
}

/// The code of an error that must be there.
pub(crate) fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}
