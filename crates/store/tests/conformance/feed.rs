//! The change feed: whoever follows it has the same graph as whoever reads everything.

use bastide_authz::action::{AcceptCluster, DeleteCluster, DenyCluster, UpdateOrganization, WithdrawCluster};
use bastide_authz::{Bounds, Change, Graph};
use bastide_model::cluster::Membership;
use bastide_model::organization::OrganizationState;
use bastide_model::user::Access;
use bastide_model::{ClusterId, Error, OrganizationId, RealmId, UserId};
use bastide_store::Store;

use crate::bed::{Bed, both_engines, code, race};
use crate::{deletion, tree};

both_engines! {
    whoever_follows_has_the_graph_of_whoever_reads,
    a_commit_tells_what_the_feed_tells,
    revisions_are_in_the_order_of_commits,
    what_nobody_waits_for_makes_no_revision,
    whoever_is_too_far_behind_is_told,
    whoever_is_ahead_of_the_database_is_told,
}

/// A replica: another store on the same database, that follows.
struct Replica {
    store: Store,
    graph: Graph,
}

impl Replica {
    async fn start(bed: &Bed) -> Self {
        let store = Store::open(&bed.database.url).await.unwrap();
        let graph = store.read(&Bounds::Everything).await.unwrap().graph().await.unwrap();
        Self { store, graph }
    }

    async fn follow(&mut self) {
        let mut tx = self.store.read(&Bounds::Everything).await.unwrap();
        let (reached, changes) = tx.changes_after(self.graph.revision()).await.unwrap();
        self.graph.advance(reached, changes);
    }
}

/// Numbers that look random and are the same at every run (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        (!items.is_empty()).then(|| items[self.below(items.len())])
    }
}

/// What the random walk knows of; some of it may be gone.
struct Walk {
    numbers: Numbers,
    users: Vec<UserId>,
    organizations: Vec<OrganizationId>,
    clusters: Vec<ClusterId>,
    step: usize,
}

impl Walk {
    /// Does something; what the store refuses is refused.
    async fn step(&mut self, bed: &Bed) -> String {
        self.step += 1;
        let name = format!("n-{}", self.step);
        let (Some(user), organization, cluster) = (
            self.numbers.pick(&self.users),
            self.numbers.pick(&self.organizations),
            self.numbers.pick(&self.clusters),
        ) else {
            return "nobody is there".into();
        };
        match (self.numbers.below(14), organization, cluster) {
            (0, ..) => {
                let mut user = bed.new_user(RealmId::PLATFORM, &format!("{name}@example.org"));
                user.access = [Access::Enabled, Access::NoConsole, Access::Disabled][self.numbers.below(3)];
                self.users.push(user.id);
                code(bed.try_user(&user).await).into()
            }
            (1 | 2, Some(parent), _) if self.exists(bed, parent).await => {
                let child = bed.new_organization(&name, (RealmId::PLATFORM, Some(parent))).await;
                let made = bed.try_create(&child, user).await;
                self.organizations.push(child.id);
                format!("child {}", code(made))
            }
            (3, Some(id), _) if self.exists(bed, id).await => {
                format!("delete {}", code(deletion::delete(bed, id).await))
            }
            (4 | 5, Some(id), _) if self.exists(bed, id).await => {
                format!("tear down {}", code(deletion::tear_down(bed, id, OrganizationState::Deleted).await))
            }
            (6, ..) => {
                let membership = [Membership::Requested, Membership::Joined][self.numbers.below(2)];
                self.clusters.push(bed.cluster(&name, membership).await);
                "cluster ok".into()
            }
            (7, _, Some(id)) => format!("cluster {}", self.end_cluster(bed, id).await),
            (8 | 9, Some(organization), Some(cluster)) => {
                format!("place {}", code(deletion::place(bed, organization, cluster).await))
            }
            (12 | 13, Some(id), _) if self.exists(bed, id).await => {
                let to = self.numbers.pick(&self.organizations);
                let exists = match to {
                    Some(to) => self.exists(bed, to).await,
                    None => false,
                };
                format!("move {}", code(tree::relocate(bed, id, to.filter(|_| exists)).await))
            }
            (10, _, Some(id)) if bed.read().await.cluster(id).await.is_ok() => {
                deletion::reconcile(bed, id).await;
                "reconcile ok".into()
            }
            _ => {
                let root = bed.new_organization(&name, (RealmId::PLATFORM, None)).await;
                let enabled = bed.administrator;
                let made = bed.try_create(&root, enabled).await;
                self.organizations.push(root.id);
                format!("root {}", code(made))
            }
        }
    }

    async fn exists(&self, bed: &Bed, id: OrganizationId) -> bool {
        bed.read().await.organization(id).await.is_ok()
    }

    async fn end_cluster(&mut self, bed: &Bed, id: ClusterId) -> &'static str {
        let Ok(before) = bed.read().await.cluster(id).await else { return "gone" };
        match self.numbers.below(4) {
            0 => code(bed.decide::<AcceptCluster>(id).await),
            1 => code(bed.decide::<DenyCluster>(id).await),
            2 => code(bed.decide::<WithdrawCluster>(id).await),
            _ => {
                let permit = bed.site::<DeleteCluster>(id).await;
                let mut tx = bed.write().await;
                match tx.cluster_delete(&permit, &before, bed.audit()).await {
                    Ok(()) => code(tx.commit().await),
                    error => code(error),
                }
            }
        }
    }
}

async fn whoever_follows_has_the_graph_of_whoever_reads(bed: Bed) {
    let mut ok = 0;
    let (mut often, mut seldom) = (Replica::start(&bed).await, Replica::start(&bed).await);
    let mut walk = Walk {
        numbers: Numbers(7),
        users: vec![bed.administrator],
        organizations: vec![],
        clusters: vec![],
        step: 0,
    };
    for step in 0..150 {
        let what = walk.step(&bed).await;
        ok += usize::from(what.contains("ok"));
        often.follow().await;
        assert_eq!(often.graph, bed.graph().await, "after {step}: {what}");
        if step % 17 == 0 {
            seldom.follow().await;
            assert_eq!(seldom.graph, often.graph, "after {step}: {what}");
        }
    }
    assert!(ok > 50, "{ok} steps did something");
    assert!(walk.organizations.len() > 20 && walk.clusters.len() > 5);
}

async fn a_commit_tells_what_the_feed_tells(bed: Bed) {
    let user = bed.new_user(RealmId::PLATFORM, "ada@example.org");
    let mut revision = bed.read().await.revision().await.unwrap();
    let mut graph = bed.graph().await;
    let root = bed.new_organization("top", (RealmId::PLATFORM, None)).await;
    let request = bed.join_request("spoke-1");
    for step in 0..3 {
        let committed = match step {
            0 => bed.try_user(&user).await.unwrap(),
            1 => bed.try_create(&root, user.id).await.unwrap(),
            _ => bed.try_request(&request, false).await.unwrap(),
        };
        let told = bed.read().await.changes_after(revision).await.unwrap();
        assert_eq!(told, (committed.revision.unwrap(), committed.changes.clone()));
        assert_eq!(told.0, revision + 1);
        revision = told.0;
        graph.advance(revision, committed.changes);
        assert_eq!(graph, bed.graph().await);
    }
    assert_eq!(bed.read().await.changes_after(revision).await.unwrap(), (revision, vec![]));
    let all = bed.read().await.changes_after(0).await.unwrap();
    assert_eq!(all.0, revision);
    assert!(matches!(all.1.first(), Some(Change::Hub { .. })), "from the very beginning");
    let mut from_nothing = Graph::default();
    from_nothing.advance(all.0, all.1);
    assert_eq!(from_nothing, graph);
}

/// While others write, a follower that looks again and again never misses a revision and never sees half of one.
async fn revisions_are_in_the_order_of_commits(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let mut follower = Replica::start(&bed).await;
    let start = follower.graph.revision();
    let mut writers = Vec::new();
    for number in 0..24 {
        let user = bed.new_user(RealmId::PLATFORM, &format!("u{number}@example.org"));
        let permit =
            bed.site::<bastide_authz::action::CreateUser>(bastide_authz::Realm(RealmId::PLATFORM)).await;
        let (store, audit) = (bed.store.clone(), crate::bed::audit_id());
        writers.push(async move {
            let mut tx = store.write(&Bounds::Everything).await?;
            tx.user_create(&permit, &user, "hash", audit).await?;
            Ok((tx.commit().await?, user.id))
        });
    }
    let writing = tokio::spawn(race(writers));
    let mut seen = Vec::new();
    while follower.graph.revision() < start + 24 {
        let mut tx = follower.store.read(&Bounds::Everything).await.unwrap();
        let known = follower.graph.revision();
        let (reached, changes) = tx.changes_after(known).await.unwrap();
        assert_eq!(i64::try_from(changes.len()).unwrap(), reached - known, "one change each, none missing");
        seen.extend(changes.clone());
        follower.graph.advance(reached, changes);
    }
    let mut written: Vec<(i64, UserId)> = writing
        .await
        .unwrap()
        .into_iter()
        .map(|done: bastide_model::Result<_>| done.unwrap())
        .map(|(committed, user)| (committed.revision.unwrap(), user))
        .collect();
    written.sort_unstable();
    let order: Vec<_> = seen
        .iter()
        .map(|change| match change {
            Change::User { id, .. } => *id,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(order, written.iter().map(|(_, user)| *user).collect::<Vec<_>>());
    assert_eq!(follower.graph, bed.graph().await);
    assert!(follower.graph.realm_of_user(owner).is_some());
}

async fn what_nobody_waits_for_makes_no_revision(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let id = bed.root("acme", owner).await;
    let before = bed.read().await.revision().await.unwrap();
    let mut tx = bed.write().await;
    tx.failure_add("key", bed.now()).await.unwrap();
    let committed = tx.commit().await.unwrap();
    assert_eq!((committed.revision, committed.changes), (None, vec![]));
    assert_eq!(bed.read().await.revision().await.unwrap(), before);
    // A change of nothing in the graph makes a revision, because somebody may wait to read it.
    let old = bed.organization(id).await;
    let permit = bed.permit::<UpdateOrganization>(owner, id).await;
    let mut tx = bed.write().await;
    tx.organization_update(&permit, (&old, &old), bed.audit()).await.unwrap();
    let committed = tx.commit().await.unwrap();
    assert_eq!((committed.revision, committed.changes), (Some(before + 1), vec![]));
    assert_eq!(bed.read().await.changes_after(before).await.unwrap(), (before + 1, vec![]));
}

/// A grant that was taken back must not live on because the change that says so is forgotten.
async fn whoever_is_too_far_behind_is_told(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let mut behind = Replica::start(&bed).await;
    let start = behind.graph.revision();
    for slug in ["one", "two", "three"] {
        bed.root(slug, owner).await;
    }
    let prune = async |up_to| {
        let mut tx = bed.write().await;
        let pruned = tx.changes_prune(up_to).await.unwrap();
        tx.commit().await.unwrap();
        pruned
    };
    assert!(prune(start).await > 0);
    assert_eq!(prune(start).await, 0);
    assert_eq!(prune(start - 1).await, 0);
    behind.follow().await;
    assert_eq!(behind.graph, bed.graph().await, "what is left is enough");
    assert_eq!(prune(i64::MAX).await, 6);
    behind.follow().await;
    let revision = bed.read().await.revision().await.unwrap();
    assert_eq!(bed.read().await.changes_after(revision).await.unwrap(), (revision, vec![]));
    for old in [0, start, revision - 1] {
        assert_eq!(bed.read().await.changes_after(old).await, Err(Error::Stale), "{old}");
    }
    bed.root("four", owner).await;
    behind.follow().await;
    assert_eq!(behind.graph, bed.graph().await);
}

/// After a copy of the database was restored, what a replica has seen may never have been.
async fn whoever_is_ahead_of_the_database_is_told(bed: Bed) {
    let revision = bed.read().await.revision().await.unwrap();
    assert_eq!(bed.read().await.changes_after(revision + 1).await, Err(Error::Stale));
}
