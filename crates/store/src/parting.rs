//! Parting with clusters: unregistering one with what is on it or without, cleaning it first, forgetting one that is lost; and
//! letting one follow a restored hub (FLEET-2, FLEET-6).

use bastide_authz::action::{
    CleanCluster, DeleteCluster, EndCluster, FollowCluster, ForgetCluster, ReportCluster,
};
use bastide_authz::{Action, Change, Permit};
use bastide_model::cluster::{Cluster, Membership};
use bastide_model::{AuditId, ClusterId, Error, OrganizationId, Result, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::audit::Target;
use crate::db::{Tx, args, statements};

statements! {
    LOCK = "update clusters set revision = revision where id = $1 and deleted_at_ms is null";
    DELETE = "update clusters set deleted_at_ms = $2, revision = revision + 1 where id = $1 and deleted_at_ms is null";
    CLEAN = "update clusters set cleaning_since_ms = $2, revision = revision + 1 \
        where id = $1 and membership = 'joined' and cleaning_since_ms is null and deleted_at_ms is null";
    CLEAN_PLACEMENTS = "update placements set leaving = 'remove', leaving_since_ms = $2 \
        where cluster_id = $1 and leaving is null";
    CLEANED = "select id from clusters where cleaning_since_ms is not null and deleted_at_ms is null \
        and id not in (select cluster_id from placements) order by id";
    FOLLOW = "update clusters set followed_epoch = (select epoch from installation where singleton), \
        revision = revision + 1 where id = $1 and membership = 'joined' and deleted_at_ms is null \
        returning followed_epoch";
    FOLLOWED = "select followed_epoch from clusters where id = $1";
    LEFT = "select p.organization_id, o.slug from placements p join organizations o on o.id = p.organization_id \
        where p.cluster_id = $1 order by o.slug, p.organization_id";
    PLACEMENTS_FORGET = "delete from placements where cluster_id = $1";
    DESIRED_FORGET = "delete from desired_sets where cluster_id = $1";
    REPORTED_FORGET = "delete from reported_sets where cluster_id = $1";
}

/// The actions after which a cluster is no longer known.
pub trait Ends: Action<Target = ClusterId> {}
impl Ends for DeleteCluster {}
impl Ends for ForgetCluster {}
impl Ends for EndCluster {}

/// Organizations that a message names.
const NAMED_MAX: usize = 20;

impl Tx {
    /// Unregisters a cluster; its workloads stay as they are (FLEET-2).
    ///
    /// # Errors
    /// [`Error::Conflict`] `cluster_in_use` while organizations are placed on it, naming them; [`Error::NotFound`] when it is
    /// gone.
    pub async fn cluster_delete<A: Ends>(
        &mut self,
        permit: &Permit<A>,
        before: &Cluster,
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let id = permit.target();
        // Whoever places an organization holds the row, too: none can come in between.
        if self.run(LOCK, args![id.uuid()]).await? == 0 {
            return Err(Error::NotFound);
        }
        let placed: Vec<(Uuid, String)> = self.all(LEFT, args![id.uuid()]).await?;
        if !placed.is_empty() {
            return Err(Error::conflict("cluster_in_use", in_use(before, &placed)));
        }
        self.cluster_end_row(id, audit.1).await?;
        self.certificates_revoke(id, audit.1).await?;
        self.change(Change::ClusterGone { id });
        let target = Target::new("cluster", id, &before.name);
        self.audit(
            permit,
            audit,
            target,
            Some(json!({"membership": before.membership, "uid": before.uid})),
            None,
        )
        .await
    }

    /// Forgets a cluster that will not come back, and that anything was placed on it (ORG-8): nothing is removed there, and
    /// the audit log says what was left. The slugs of the organizations that were on it.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is gone.
    pub async fn cluster_forget<A: Ends>(
        &mut self,
        permit: &Permit<A>,
        before: &Cluster,
        audit: (AuditId, Timestamp),
    ) -> Result<Vec<String>> {
        let id = permit.target();
        // Whoever places an organization holds the row, too: none can come in between.
        if self.run(LOCK, args![id.uuid()]).await? == 0 {
            return Err(Error::NotFound);
        }
        let left: Vec<(Uuid, String)> = self.all(LEFT, args![id.uuid()]).await?;
        for statement in [PLACEMENTS_FORGET, DESIRED_FORGET, REPORTED_FORGET] {
            self.run(statement, args![id.uuid()]).await?;
        }
        for (organization, _) in &left {
            let organization = OrganizationId::from_uuid(*organization);
            self.change(Change::PlacementGone { organization, cluster: id });
        }
        self.cluster_end_row(id, audit.1).await?;
        self.certificates_revoke(id, audit.1).await?;
        self.change(Change::ClusterGone { id });
        let slugs: Vec<String> = left.into_iter().map(|(_, slug)| slug).collect();
        let was = json!({"membership": before.membership, "uid": before.uid, "left_there": slugs});
        self.audit(permit, audit, Target::new("cluster", id, &before.name), Some(was), None).await?;
        Ok(slugs)
    }

    /// Begins to clean a cluster: every organization on it leaves, nothing new is placed there, and when it is empty it is
    /// unregistered (FLEET-2). The slugs of the organizations that are on it.
    ///
    /// # Errors
    /// [`Error::Conflict`] `wrong_membership` when it has not joined, `cleaning_already` when that has begun.
    pub async fn cluster_clean(
        &mut self,
        permit: &Permit<CleanCluster>,
        before: &Cluster,
        audit: (AuditId, Timestamp),
    ) -> Result<Vec<String>> {
        let id = permit.target();
        if self.run(CLEAN, args![id.uuid(), audit.1.as_millis()]).await? == 0 {
            let present = self.cluster(id).await?;
            if present.membership == Membership::Joined {
                let detail = format!("`{}` is being cleaned already", before.name);
                return Err(Error::conflict("cleaning_already", detail));
            }
            let detail =
                format!("`{}` is {}, not joined: it cannot clean itself", before.name, present.membership);
            return Err(Error::conflict("wrong_membership", detail));
        }
        self.run(CLEAN_PLACEMENTS, args![id.uuid(), audit.1.as_millis()]).await?;
        let placed: Vec<(Uuid, String)> = self.all(LEFT, args![id.uuid()]).await?;
        let slugs: Vec<String> = placed.into_iter().map(|(_, slug)| slug).collect();
        let target = Target::new("cluster", id, &before.name);
        self.audit(permit, audit, target, None, Some(json!({"removing": slugs}))).await?;
        Ok(slugs)
    }

    /// Lets the cluster's agent follow the hub in its present epoch, whatever newer it may know from before a restore.
    ///
    /// # Errors
    /// [`Error::Conflict`] `wrong_membership` when it has not joined.
    pub async fn cluster_follow(
        &mut self,
        permit: &Permit<FollowCluster>,
        before: &Cluster,
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let id = permit.target();
        let Some((epoch,)) = self.maybe::<(Option<i64>,)>(FOLLOW, args![id.uuid()]).await? else {
            let detail = format!("`{}` is {}, not joined", before.name, before.membership);
            return Err(Error::conflict("wrong_membership", detail));
        };
        let target = Target::new("cluster", id, &before.name);
        self.audit(permit, audit, target, None, Some(json!({"epoch": epoch}))).await
    }

    /// The epoch in which the cluster's agent may follow the hub although it has followed another one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn cluster_followed_epoch(&mut self, permit: &Permit<ReportCluster>) -> Result<Option<i64>> {
        Ok(self.one::<(Option<i64>,)>(FOLLOWED, args![permit.target().uuid()]).await?.0)
    }

    /// The clusters that are clean and are to be unregistered.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn clusters_cleaned(&mut self) -> Result<Vec<ClusterId>> {
        let rows: Vec<(Uuid,)> = self.all(CLEANED, args![]).await?;
        Ok(rows.into_iter().map(|(id,)| ClusterId::from_uuid(id)).collect())
    }

    /// Ends the row of a cluster, which stays for the audit log.
    pub(crate) async fn cluster_end_row(&mut self, id: ClusterId, at: Timestamp) -> Result<()> {
        self.run(DELETE, args![id.uuid(), at.as_millis()]).await.map(|_| ())
    }
}

/// Which organizations keep a cluster from being unregistered, and what can be done.
fn in_use(cluster: &Cluster, placed: &[(Uuid, String)]) -> String {
    let named: Vec<&str> = placed.iter().take(NAMED_MAX).map(|(_, slug)| slug.as_str()).collect();
    let more = match placed.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "On `{}` are {}{more}. Take them off first, or have them removed together with it, or leave them there.",
        cluster.name,
        named.join(", ")
    )
}
