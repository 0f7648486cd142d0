//! Moves: everything beneath comes along, never a circle, never too deep, never across realms, whoever does what at the same
//! time (HIER-1, HIER-4, E-29).

use std::collections::BTreeMap;

use bastide_authz::action::{
    ChangeChildren, CreateOrganization, CreateRootOrganization, DeleteOrganization, MoveOrganization,
    ViewOrganizationAudit,
};
use bastide_authz::{Bounds, Commons, Graph};
use bastide_model::audit::AuditRecord;
use bastide_model::limits::TREE_DEPTH_MAX;
use bastide_model::organization::Organization;
use bastide_model::{AssignmentId, AuditId, Error, OrganizationId, RealmId, Result, SystemIds, Timestamp};
use bastide_store::{Arrival, Departure, PageRequest, Store};
use serde_json::json;

use crate::bed::{Bed, audit_id, both_engines, code, race};
use crate::deletion;

both_engines! {
    hier_4_everything_beneath_comes_along,
    hier_4_a_move_stays_in_its_realm,
    hier_4_permits_are_for_the_places_of_the_move,
    e_29_a_move_makes_no_circle,
    e_29_two_who_move_beneath_each_other_at_the_same_time_make_no_circle,
    e_29_many_random_moves_at_the_same_time_make_no_circle,
    e_29_a_move_and_a_creation_at_the_same_time_stay_within_the_depth,
    hier_1_the_whole_subtree_counts,
    hier_4_nothing_moves_beneath_what_is_being_deleted,
    a_move_of_an_old_copy_is_refused,
    sec_4_a_move_is_told_to_everybody_concerned_as_far_as_they_see,
}

/// Moves an organization as the site administrator, from where it was seen.
async fn go(
    store: &Store,
    graph: &Graph,
    caller: &bastide_model::access::Caller,
    (seen, to): (&Organization, Option<OrganizationId>),
    audit: (AuditId, Timestamp),
) -> Result<()> {
    let now = audit.1;
    let permit = graph.authorize::<MoveOrganization>(caller, seen.id, now)?;
    let left = seen.parent.map(|id| graph.authorize::<ChangeChildren>(caller, id, now)).transpose()?;
    let own = graph.authorize::<DeleteOrganization>(caller, seen.id, now)?;
    let reached = to.map(|id| graph.authorize::<ChangeChildren>(caller, id, now)).transpose()?;
    let root = graph.authorize::<CreateRootOrganization>(caller, Commons(seen.realm), now)?;
    let from = left.as_ref().map_or(Departure::Root(&own), Departure::Parent);
    let to = reached.as_ref().map_or(Arrival::Root(&root), Arrival::Parent);
    let mut tx = store.write(&Bounds::Everything).await?;
    tx.organization_move(&permit, seen, (from, to), audit).await?;
    tx.commit().await.map(|_| ())
}

pub(crate) async fn relocate(bed: &Bed, id: OrganizationId, to: Option<OrganizationId>) -> Result<()> {
    let (graph, caller) = (bed.graph().await, bed.caller(bed.administrator).await);
    let seen = bed.organization(id).await;
    go(&bed.store, &graph, &caller, (&seen, to), bed.audit()).await
}

/// A line of organizations, each beneath the one before; the first at the root.
async fn line(bed: &Bed, name: &str, length: usize) -> Vec<OrganizationId> {
    let mut line: Vec<OrganizationId> = Vec::new();
    for number in 0..length {
        let slug = format!("{name}-{number}");
        let place = (RealmId::PLATFORM, line.last().copied());
        let organization = bed.new_organization(&slug, place).await;
        bed.try_create(&organization, bed.administrator).await.unwrap();
        line.push(organization.id);
    }
    line
}

/// Everything in the tree, from the database alone: no circle, not too deep. How many there are.
async fn sound(bed: &Bed) -> usize {
    let mut parents = BTreeMap::new();
    for id in bed.every_organization().await {
        parents.insert(id, bed.organization(id).await.parent);
    }
    for id in parents.keys() {
        let up = std::iter::successors(Some(*id), |here| parents[here]);
        let depth = up.take(TREE_DEPTH_MAX + 1).count();
        assert!(depth <= TREE_DEPTH_MAX, "{id} lies too deep, or in a circle");
        let line = bed.read().await.lineage(*id).await.unwrap();
        assert_eq!((line.len(), line[0]), (depth, *id));
        assert_eq!(bed.graph().await.lineage(*id).collect::<Vec<_>>(), line);
    }
    parents.len()
}

/// A graph that follows the feed from its beginning.
async fn followed(bed: &Bed, mut graph: Graph) -> Graph {
    let (reached, changes) = bed.read().await.changes_after(graph.revision()).await.unwrap();
    graph.advance(reached, changes);
    graph
}

async fn hier_4_everything_beneath_comes_along(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let (left, right) = (bed.root("left", owner).await, bed.root("right", owner).await);
    let moved = bed.child("moved", left, owner).await;
    let beneath = bed.child("beneath", moved, owner).await;
    let before = bed.graph().await;
    let revision = bed.organization(moved).await.revision;
    relocate(&bed, moved, Some(right)).await.unwrap();
    assert_eq!(bed.organization(moved).await.parent, Some(right));
    assert_eq!(bed.organization(moved).await.revision, revision + 1);
    assert_eq!(bed.read().await.lineage(beneath).await.unwrap(), [beneath, moved, right]);
    assert_eq!(bed.read().await.organization_children(left).await.unwrap(), []);
    assert_eq!(
        followed(&bed, before).await,
        bed.graph().await,
        "whoever follows has the graph of whoever reads"
    );
    assert_eq!(bed.graph().await.lineage(beneath).collect::<Vec<_>>(), [beneath, moved, right]);

    relocate(&bed, moved, None).await.unwrap();
    assert_eq!(bed.read().await.lineage(beneath).await.unwrap(), [beneath, moved]);
    // Younger than what comes beneath it: a graph that is built anew does not mind.
    let young = bed.root("young", owner).await;
    relocate(&bed, moved, Some(young)).await.unwrap();
    assert_eq!(bed.graph().await.lineage(beneath).collect::<Vec<_>>(), [beneath, moved, young]);
    assert_eq!(code(relocate(&bed, moved, Some(young)).await), "already_there");
    assert_eq!(sound(&bed).await, 5);
}

async fn hier_4_a_move_stays_in_its_realm(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let own = bed.root("own", owner).await;
    let brand = bed.realm("brand").await;
    let other = bed.user_in(brand, "ada@example.org").await;
    let foreign = bed.new_organization("foreign", (brand, None)).await;
    bed.try_create(&foreign, other).await.unwrap();
    let error = bed.read().await.tree_admit(Some(&bed.organization(own).await), Some(foreign.id)).await;
    assert!(matches!(error, Err(Error::Invalid { .. })), "{error:?}");
    assert_eq!(code(relocate(&bed, own, Some(foreign.id)).await), "internal");
    // The database refuses it, too (HIER-2).
    let (own, foreign) = (bed.database.literal(own.uuid()), bed.database.literal(foreign.id.uuid()));
    let across = format!("update organizations set parent_id = {foreign} where id = {own}");
    assert!(bed.database.raw(&across).await.is_err());
}

async fn hier_4_permits_are_for_the_places_of_the_move(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let (left, right) = (bed.root("left", owner).await, bed.root("right", owner).await);
    let moved = bed.child("moved", left, owner).await;
    let seen = bed.organization(moved).await;
    let permit = bed.site::<MoveOrganization>(moved).await;
    let another = bed.site::<MoveOrganization>(left).await;
    let (out, reached) = (bed.site::<ChangeChildren>(left).await, bed.site::<ChangeChildren>(right).await);
    let own = bed.site::<DeleteOrganization>(moved).await;
    let to = Arrival::Parent(&reached);
    for (permit, from) in [
        (&permit, Departure::Parent(&reached)),
        (&permit, Departure::Root(&own)),
        (&another, Departure::Parent(&out)),
    ] {
        let mut tx = bed.write().await;
        assert!(tx.organization_move(permit, &seen, (from, to), bed.audit()).await.is_err());
    }
    assert_eq!(bed.organization(moved).await, seen);
    // Who may not, gets no permit: the owner of what is moved has no say above it (HIER-4).
    let stranger = bed.user("eve@example.org").await;
    assert_eq!(bed.try_permit::<ChangeChildren>(stranger, left).await.err(), Some(Error::NotFound));
}

async fn e_29_a_move_makes_no_circle(bed: Bed) {
    let line = line(&bed, "n", 4).await;
    for (what, to) in [(0, 0), (0, 1), (0, 3), (1, 3), (2, 2)] {
        assert_eq!(code(relocate(&bed, line[what], Some(line[to])).await), "move_cycle", "{what} to {to}");
    }
    assert_eq!(sound(&bed).await, 4);
}

async fn e_29_two_who_move_beneath_each_other_at_the_same_time_make_no_circle(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    for round in 0..10 {
        let one = bed.root(&format!("one-{round}"), owner).await;
        let other = bed.root(&format!("other-{round}"), owner).await;
        let (graph, caller) = (bed.graph().await, bed.caller(bed.administrator).await);
        let mut attempts = Vec::new();
        for (what, to) in [(one, other), (other, one)] {
            let (store, graph, caller) = (bed.store.clone(), graph.clone(), caller.clone());
            let (seen, audit) = (bed.organization(what).await, bed.audit());
            attempts.push(async move { go(&store, &graph, &caller, (&seen, Some(to)), audit).await });
        }
        let mut codes: Vec<_> = race(attempts).await.into_iter().map(code).collect();
        codes.sort_unstable();
        assert_eq!(codes, ["move_cycle", "ok"]);
    }
    assert_eq!(sound(&bed).await, 20);
}

async fn e_29_many_random_moves_at_the_same_time_make_no_circle(bed: Bed) {
    let mut all = line(&bed, "a", 6).await;
    all.extend(line(&bed, "b", 6).await);
    let before = bed.graph().await;
    let (mut state, mut ok) = (0x5EED_u64, 0);
    let mut below = |end: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((state >> 33) % u64::try_from(end).unwrap()).unwrap()
    };
    for _ in 0..8 {
        let (graph, caller) = (bed.graph().await, bed.caller(bed.administrator).await);
        let mut attempts = Vec::new();
        for _ in 0..10 {
            let (what, to) = (all[below(all.len())], all.get(below(all.len() + 2)).copied());
            let (store, graph, caller) = (bed.store.clone(), graph.clone(), caller.clone());
            let (seen, audit) = (bed.organization(what).await, bed.audit());
            attempts.push(async move { go(&store, &graph, &caller, (&seen, to), audit).await });
        }
        for outcome in race(attempts).await {
            let code = code(outcome);
            assert!(["ok", "move_cycle", "already_there", "stale"].contains(&code), "{code}");
            ok += usize::from(code == "ok");
        }
        assert_eq!(sound(&bed).await, 12);
        assert_eq!(followed(&bed, before.clone()).await, bed.graph().await);
    }
    assert!(ok > 8, "some of them moved: {ok}");
    for id in all {
        assert!(bed.read().await.audit_verify(Some(id)).await.is_ok());
    }
}

/// Twice as long a line as may be, in two halves: what is made at the end of one while it moves beneath the other.
async fn e_29_a_move_and_a_creation_at_the_same_time_stay_within_the_depth(bed: Bed) {
    for round in 0..4 {
        let above = line(&bed, &format!("above-{round}"), TREE_DEPTH_MAX / 2).await;
        let below = line(&bed, &format!("below-{round}"), TREE_DEPTH_MAX / 2).await;
        let (top, end) = (below[0], *below.last().unwrap());
        let (graph, caller) = (bed.graph().await, bed.caller(bed.administrator).await);
        let (seen, audit, to) = (bed.organization(top).await, bed.audit(), *above.last().unwrap());
        let (store, other) = (bed.store.clone(), bed.store.clone());
        let child = bed.new_organization(&format!("child-{round}"), (RealmId::PLATFORM, Some(end))).await;
        let permit = bed.site::<CreateOrganization>(end).await;
        let owner = bed.administrator;
        let moving = tokio::spawn(async move { go(&store, &graph, &caller, (&seen, Some(to)), audit).await });
        let making = tokio::spawn(async move {
            let mut tx = other.write(&Bounds::Everything).await?;
            tx.tree_hold(RealmId::PLATFORM).await?;
            tx.tree_admit(None, Some(end)).await?;
            let ids = (AssignmentId::fresh(&SystemIds), audit_id());
            tx.create_organization(&permit, &child, owner, ids).await?;
            tx.commit().await
        });
        let outcome = (code(moving.await.unwrap()), code(making.await.unwrap()));
        assert!([("ok", "limit_exceeded"), ("limit_exceeded", "ok")].contains(&outcome), "{outcome:?}");
    }
    sound(&bed).await;
}

async fn hier_1_the_whole_subtree_counts(bed: Bed) {
    let above = line(&bed, "above", TREE_DEPTH_MAX - 2).await;
    let below = line(&bed, "below", 3).await;
    let deepest = *above.last().unwrap();
    assert_eq!(
        relocate(&bed, below[0], Some(deepest)).await,
        Err(Error::LimitExceeded { limit: "tree_depth", used: 32, allowed: 32, plan: "every plan".into() })
    );
    relocate(&bed, below[0], Some(above[above.len() - 2])).await.unwrap();
    assert_eq!(bed.read().await.lineage(below[2]).await.unwrap().len(), TREE_DEPTH_MAX);
    assert_eq!(bed.read().await.tree_admit(None, Some(below[1])).await, Ok(TREE_DEPTH_MAX));
    assert_eq!(code(bed.read().await.tree_admit(None, Some(below[2])).await), "limit_exceeded");
}

async fn hier_4_nothing_moves_beneath_what_is_being_deleted(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let (one, going) = (bed.root("one", owner).await, bed.root("going", owner).await);
    deletion::delete(&bed, going).await.unwrap();
    assert_eq!(code(relocate(&bed, one, Some(going)).await), "parent_not_active");
    assert_eq!(code(relocate(&bed, going, Some(one)).await), "already_deleting");
    // Whoever moves in and whoever ends what is moved into exclude each other.
    for round in 0..10 {
        let what = bed.root(&format!("what-{round}"), owner).await;
        let place = bed.root(&format!("place-{round}"), owner).await;
        let (graph, caller) = (bed.graph().await, bed.caller(bed.administrator).await);
        let (seen, audit) = (bed.organization(what).await, bed.audit());
        let (permit, before) = (bed.site::<DeleteOrganization>(place).await, bed.organization(place).await);
        let (store, other, ended) = (bed.store.clone(), bed.store.clone(), bed.audit());
        let moving =
            tokio::spawn(async move { go(&store, &graph, &caller, (&seen, Some(place)), audit).await });
        let ending = tokio::spawn(async move {
            let mut tx = other.write(&Bounds::Everything).await?;
            tx.organization_delete(&permit, &before, ended).await?;
            tx.commit().await
        });
        let outcome = (code(moving.await.unwrap()), code(ending.await.unwrap()));
        assert!([("ok", "has_children"), ("parent_not_active", "ok")].contains(&outcome), "{outcome:?}");
    }
}

async fn a_move_of_an_old_copy_is_refused(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let (left, right) = (bed.root("left", owner).await, bed.root("right", owner).await);
    let moved = bed.child("moved", left, owner).await;
    let (graph, caller) = (bed.graph().await, bed.caller(bed.administrator).await);
    let seen = bed.organization(moved).await;
    relocate(&bed, moved, None).await.unwrap();
    let late = go(&bed.store, &graph, &caller, (&seen, Some(right)), bed.audit()).await;
    assert_eq!(late, Err(Error::Stale));
    // Also when only the place is another than the permit's.
    let fresh = Organization { revision: seen.revision + 1, ..seen };
    let late = go(&bed.store, &graph, &caller, (&fresh, Some(right)), bed.audit()).await;
    assert_eq!(late, Err(Error::Stale));
}

async fn log(bed: &Bed, id: OrganizationId) -> AuditRecord {
    let permit = bed.site::<ViewOrganizationAudit>(id).await;
    let page = PageRequest::new(Some(1), None, None).unwrap();
    bed.read().await.organization_audit_list(&permit, &page).await.unwrap().items.remove(0)
}

async fn sec_4_a_move_is_told_to_everybody_concerned_as_far_as_they_see(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let (left, right) = (bed.root("left", owner).await, bed.root("right", owner).await);
    let moved = bed.child("moved", left, owner).await;
    relocate(&bed, moved, Some(right)).await.unwrap();
    let (from, to) = (Some(json!({"from": left})), Some(json!({"to": right})));
    for (id, before, after) in [
        (left, from, Some(json!({}))),
        (right, Some(json!({})), to),
        (moved, Some(json!({})), Some(json!({}))),
    ] {
        let record = log(&bed, id).await;
        assert_eq!((record.operation.as_str(), record.target), ("organization_move", moved.to_string()));
        assert_eq!((record.before, record.after), (before, after));
        assert!(bed.read().await.audit_verify(Some(id)).await.is_ok());
    }
    assert!(bed.read().await.audit_verify(None).await.is_ok());
}
