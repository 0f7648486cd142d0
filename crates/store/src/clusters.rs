//! Clusters: requests to join, decisions, signs of life, certificates of their agents (FLEET-1, FLEET-2).

use bastide_authz::action::{
    AcceptCluster, DenyCluster, ExpireRequest, ReportCluster, RequestJoin, ViewCluster, WithdrawCluster,
};
use bastide_authz::visible::Scope;
use bastide_authz::{Action, Change, Permit, Visible};
use bastide_model::cluster::{Cluster, ClusterFacts, Condition, Heartbeat, Membership};
use bastide_model::names::Slug;
use bastide_model::{AuditId, ClusterId, Error, HubId, Result, Timestamp};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::audit::Target;
use crate::db::{Tx, args, from_json, parse, rows, statements, to_json};
use crate::errors::say;
use crate::listing::{Listed, PageRequest};

statements! {
    INSERT = "insert into clusters (id, hub_id, name, uid, membership, fingerprint, csr_pem, ticket_hash, requested_at_ms, \
        facts, conditions, desired_generation, revision) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 1)";
    AGAIN = "update clusters set name = $3, membership = $4, fingerprint = $5, csr_pem = $6, ticket_hash = $7, \
        requested_at_ms = $8, decided_at_ms = null, facts = $9, revision = revision + 1 \
        where id = $1 and hub_id = $2 and revision = $10 and deleted_at_ms is null";
    ONE = "select c.id, c.hub_id, c.name, c.uid, c.membership, c.fingerprint, c.requested_at_ms, c.decided_at_ms, c.facts, \
        c.conditions, c.revision, c.cleaning_since_ms, h.at_ms, h.api_server_ready from clusters c \
        left join heartbeats h on h.cluster_id = c.id where c.id = $1 and c.deleted_at_ms is null";
    BY_UID = "select c.id, c.hub_id, c.name, c.uid, c.membership, c.fingerprint, c.requested_at_ms, c.decided_at_ms, c.facts, \
        c.conditions, c.revision, c.cleaning_since_ms, h.at_ms, h.api_server_ready from clusters c \
        left join heartbeats h on h.cluster_id = c.id where c.uid = $1 and c.deleted_at_ms is null";
    LIST = "select c.id, c.hub_id, c.name, c.uid, c.membership, c.fingerprint, c.requested_at_ms, c.decided_at_ms, c.facts, \
        c.conditions, c.revision, c.cleaning_since_ms, h.at_ms, h.api_server_ready from clusters c \
        left join heartbeats h on h.cluster_id = c.id where c.deleted_at_ms is null and c.name like $1 escape '\\' \
        and (c.name, c.id) > ($2, $3) order by c.name, c.id";
    BY_NAME = "select id from clusters where name = $1 and deleted_at_ms is null order by id";
    REQUESTED = "select count(*) from clusters where hub_id = $1 and membership = 'requested' and deleted_at_ms is null";
    CREDENTIALS = "select ticket_hash, csr_pem, membership, decided_at_ms from clusters where id = $1 and deleted_at_ms is null";
    DECIDE = "update clusters set membership = $3, decided_at_ms = $4, revision = revision + 1 \
        where id = $1 and membership = $2 and fingerprint = $5 and deleted_at_ms is null";
    FACTS = "update clusters set facts = $2, conditions = $3, revision = revision + 1 \
        where id = $1 and deleted_at_ms is null and (facts <> $2 or conditions <> $3)";
    BEAT = "insert into heartbeats (cluster_id, at_ms, api_server_ready) values ($1, $2, $3) \
        on conflict (cluster_id) do update set at_ms = excluded.at_ms, api_server_ready = excluded.api_server_ready";
    EXPIRED = "select id from clusters where membership = 'requested' and requested_at_ms < $1 and deleted_at_ms is null \
        order by id limit 100";
    EXPIRE = "update clusters set membership = 'withdrawn', decided_at_ms = $3, revision = revision + 1 \
        where id = $1 and membership = 'requested' and requested_at_ms < $2 and deleted_at_ms is null";
    PLACED = "select count(*) from placements where cluster_id = $1";
    HUB_LOCK = "update hubs set name = name where id = $1";
}

rows! {
    ClusterRow {
        id: Uuid, hub_id: Uuid, name: String, uid: Uuid, membership: String, fingerprint: String, requested_at_ms: i64,
        decided_at_ms: Option<i64>, facts: Json, conditions: Json, revision: i64, at_ms: Option<i64>,
        api_server_ready: Option<bool>, cleaning_since_ms: Option<i64>,
    }
    CredentialsRow { ticket_hash: Vec<u8>, csr_pem: String, membership: String, decided_at_ms: Option<i64>, }
}

/// A request to join, checked.
#[derive(Debug, Clone)]
pub struct JoinRequest {
    /// The id that the cluster has or gets.
    pub id: ClusterId,
    /// The name from its join token.
    pub name: Slug,
    /// Uid of its `kube-system` namespace.
    pub uid: Uuid,
    /// SHA-256 of the public key, for people.
    pub fingerprint: String,
    /// The signing request.
    pub csr_pem: String,
    /// Hash of the secret with which the agent asks how its request stands.
    pub ticket_hash: Vec<u8>,
    /// What the agent knows of its cluster.
    pub facts: ClusterFacts,
    /// When it asked.
    pub at: Timestamp,
}

/// What the hub keeps to answer an agent that waits for a decision.
#[derive(Debug, Clone)]
pub struct ClusterCredentials {
    /// Hash of the agent's ticket.
    pub ticket_hash: Vec<u8>,
    /// Its signing request.
    pub csr_pem: String,
    /// How far its membership has come.
    pub membership: Membership,
    /// When that was decided.
    pub decided_at: Option<Timestamp>,
}

/// The decisions on a cluster's membership.
pub trait Decides: Action<Target = ClusterId> {
    /// What the membership has to be before.
    const FROM: Membership;
    /// What it is after.
    const TO: Membership;
}
impl Decides for AcceptCluster {
    const FROM: Membership = Membership::Requested;
    const TO: Membership = Membership::Joined;
}
impl Decides for DenyCluster {
    const FROM: Membership = Membership::Requested;
    const TO: Membership = Membership::Denied;
}
impl Decides for WithdrawCluster {
    const FROM: Membership = Membership::Joined;
    const TO: Membership = Membership::Withdrawn;
}

impl Tx {
    /// Writes down a request to join: a new cluster, or one that comes back with the same uid and needs accepting again,
    /// which `known` says, as it was read: whoever decided on it meanwhile is not overridden.
    ///
    /// # Errors
    /// [`Error::Conflict`] `cluster_name_taken` naming it, `cluster_known` when it belongs to another hub,
    /// `cluster_changed` when it is no longer as it was read.
    pub async fn cluster_request(
        &mut self,
        permit: &Permit<RequestJoin>,
        request: &JoinRequest,
        known: Option<&Cluster>,
        audit: AuditId,
    ) -> Result<()> {
        let hub = permit.target();
        let (membership, facts) = (Membership::Requested.as_str(), to_json(&request.facts)?);
        let taken = || format!("the hub has a cluster named `{}` already", request.name);
        if let Some(known) = known {
            if known.hub != hub {
                return Err(Error::conflict("cluster_known", "the cluster belongs to another hub"));
            }
            let args = args![
                request.id.uuid(),
                hub.uuid(),
                request.name.as_str(),
                membership,
                request.fingerprint.as_str(),
                request.csr_pem.as_str(),
                request.ticket_hash.clone(),
                request.at.as_millis(),
                facts,
                known.revision,
            ];
            if self.run(AGAIN, args).await.map_err(say("cluster_name_taken", taken))? == 0 {
                let detail = "somebody has decided on the cluster meanwhile; ask again";
                return Err(Error::conflict("cluster_changed", detail));
            }
            self.certificates_revoke(request.id, request.at).await?;
        } else {
            let args = args![
                request.id.uuid(),
                hub.uuid(),
                request.name.as_str(),
                request.uid,
                membership,
                request.fingerprint.as_str(),
                request.csr_pem.as_str(),
                request.ticket_hash.clone(),
                request.at.as_millis(),
                facts,
                json!([]),
            ];
            self.run(INSERT, args).await.map_err(say("cluster_name_taken", taken))?;
            self.change(Change::Cluster { id: request.id, hub });
        }
        let after = json!({"name": request.name, "uid": request.uid, "fingerprint": request.fingerprint});
        let target = Target::new("cluster", request.id, &request.name);
        self.audit(permit, (audit, request.at), target, None, Some(after)).await
    }

    /// Holds the hub's row until the end of the transaction, then counts the clusters that wait for a decision.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn clusters_requested_locked(&mut self, hub: HubId) -> Result<u64> {
        self.run(HUB_LOCK, args![hub.uuid()]).await?;
        let (count,): (i64,) = self.one(REQUESTED, args![hub.uuid()]).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The cluster with a uid, whatever its membership.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn cluster_by_uid(&mut self, uid: Uuid) -> Result<Option<Cluster>> {
        self.maybe::<ClusterRow>(BY_UID, args![uid]).await?.map(cluster).transpose()
    }

    /// Which clusters have a name; who asks is authorized on the id afterwards.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn clusters_by_name(&mut self, name: &str) -> Result<Vec<ClusterId>> {
        if name.parse::<Slug>().is_err() {
            return Ok(Vec::new());
        }
        let rows: Vec<(Uuid,)> = self.all(BY_NAME, args![name]).await?;
        Ok(rows.into_iter().map(|(id,)| ClusterId::from_uuid(id)).collect())
    }

    /// A cluster, for who may see it.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is gone.
    pub async fn cluster_view(&mut self, permit: &Permit<ViewCluster>) -> Result<Cluster> {
        self.cluster(permit.target()).await
    }

    /// A cluster, for the rules.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is gone.
    pub async fn cluster(&mut self, id: ClusterId) -> Result<Cluster> {
        cluster(self.maybe::<ClusterRow>(ONE, args![id.uuid()]).await?.ok_or(Error::NotFound)?)
    }

    /// The clusters that a caller sees, by name. There are thousands at most, so they are filtered here.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn cluster_list(
        &mut self,
        visible: &Visible<ClusterId>,
        page: &PageRequest,
    ) -> Result<Listed<Cluster>> {
        let args = args![page.pattern(), page.after_key(), page.after_id()];
        let mut rows: Vec<ClusterRow> = self.all(LIST, args).await?;
        rows.retain(|row| match visible.scope() {
            Scope::All => true,
            // Clusters belong to hubs and to no realm.
            Scope::Realm(_) => false,
            Scope::These(ids) => ids.contains(&ClusterId::from_uuid(row.id)),
        });
        rows.truncate(usize::try_from(page.fetch()).unwrap_or(usize::MAX));
        let items = rows.into_iter().map(cluster).collect::<Result<Vec<_>>>()?;
        Ok(page.cut(items, |last| (last.name.to_string(), last.id.uuid())))
    }

    /// Every cluster, for controllers and metrics.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn clusters(&mut self) -> Result<Vec<Cluster>> {
        let rows: Vec<ClusterRow> = self.all(LIST, args!["%", "", Uuid::nil()]).await?;
        rows.into_iter().map(cluster).collect()
    }

    /// What the hub keeps of an agent that waits for a decision.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn cluster_credentials(&mut self, id: ClusterId) -> Result<Option<ClusterCredentials>> {
        let row: Option<CredentialsRow> = self.maybe(CREDENTIALS, args![id.uuid()]).await?;
        row.map(|row| {
            Ok(ClusterCredentials {
                ticket_hash: row.ticket_hash,
                csr_pem: row.csr_pem,
                membership: parse("clusters.membership", &row.membership)?,
                decided_at: row.decided_at_ms.map(Timestamp::from_millis),
            })
        })
        .transpose()
    }

    /// Decides on a cluster's membership, for the key whose fingerprint was looked at; no certificate outlives the end of
    /// a membership.
    ///
    /// # Errors
    /// [`Error::Conflict`] `wrong_membership` when it is another by now, [`Error::Stale`] when another key asks by now.
    pub async fn cluster_decide<A: Decides>(
        &mut self,
        permit: &Permit<A>,
        before: &Cluster,
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let id = permit.target();
        let fingerprint = before.fingerprint.as_str();
        let args = args![id.uuid(), A::FROM.as_str(), A::TO.as_str(), audit.1.as_millis(), fingerprint];
        if self.run(DECIDE, args).await? == 0 {
            let present = self.cluster(id).await?.membership;
            if present == A::FROM {
                return Err(Error::Stale);
            }
            let detail = format!("`{}` is {present}, not {}", before.name, A::FROM);
            return Err(Error::conflict("wrong_membership", detail));
        }
        if A::TO != Membership::Joined {
            self.certificates_revoke(id, audit.1).await?;
        }
        let target = Target::new("cluster", id, &before.name);
        let (was, is) =
            (json!({"membership": A::FROM}), json!({"membership": A::TO, "fingerprint": before.fingerprint}));
        self.audit(permit, audit, target, Some(was), Some(is)).await
    }

    /// How many organizations are placed on a cluster.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn cluster_organizations(&mut self, id: ClusterId) -> Result<u64> {
        let (count,): (i64,) = self.one(PLACED, args![id.uuid()]).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Writes down a sign of life: one narrow row, no audit, no revision.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn heartbeat_record(&mut self, permit: &Permit<ReportCluster>, beat: Heartbeat) -> Result<()> {
        self.run(BEAT, args![permit.target().uuid(), beat.at.as_millis(), beat.api_server_ready]).await?;
        Ok(())
    }

    /// Writes down what an agent reports of its cluster, when it differs from what is known.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn cluster_facts_set(
        &mut self,
        permit: &Permit<ReportCluster>,
        facts: &ClusterFacts,
        conditions: &[Condition],
    ) -> Result<()> {
        self.run(FACTS, args![permit.target().uuid(), to_json(facts)?, to_json(&conditions)?]).await?;
        Ok(())
    }

    /// Clusters that asked to join before a time and wait still; a hundred at most.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn clusters_requested_before(&mut self, time: Timestamp) -> Result<Vec<ClusterId>> {
        let rows: Vec<(Uuid,)> = self.all(EXPIRED, args![time.as_millis()]).await?;
        Ok(rows.into_iter().map(|(id,)| ClusterId::from_uuid(id)).collect())
    }

    /// Ends a request to join on which nobody decided: a cluster that carries nothing is forgotten, one that was here
    /// before and carries organizations is put out and stays. Nothing happens when somebody decided meanwhile.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn cluster_request_expire(
        &mut self,
        permit: &Permit<ExpireRequest>,
        asked_before: Timestamp,
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let id = permit.target();
        let args = args![id.uuid(), asked_before.as_millis(), audit.1.as_millis()];
        let Some(before) = self.maybe::<ClusterRow>(ONE, args![id.uuid()]).await? else { return Ok(()) };
        // Whoever places an organization holds the row, too: none can come in between.
        if self.run(EXPIRE, args).await? == 0 {
            return Ok(());
        }
        let stays = self.cluster_organizations(id).await? > 0;
        if !stays {
            self.cluster_end_row(id, audit.1).await?;
            self.change(Change::ClusterGone { id });
        }
        let target = Target::new("cluster", id, &before.name);
        let was =
            json!({"membership": before.membership, "uid": before.uid, "fingerprint": before.fingerprint});
        let is = stays.then(|| json!({"membership": Membership::Withdrawn}));
        self.audit(permit, audit, target, Some(was), is).await
    }
}

fn cluster(row: ClusterRow) -> Result<Cluster> {
    let heartbeat = row
        .at_ms
        .zip(row.api_server_ready)
        .map(|(at, api_server_ready)| Heartbeat { at: Timestamp::from_millis(at), api_server_ready });
    Ok(Cluster {
        id: ClusterId::from_uuid(row.id),
        hub: HubId::from_uuid(row.hub_id),
        name: parse("clusters.name", &row.name)?,
        uid: row.uid,
        membership: parse("clusters.membership", &row.membership)?,
        fingerprint: row.fingerprint,
        requested_at: Timestamp::from_millis(row.requested_at_ms),
        decided_at: row.decided_at_ms.map(Timestamp::from_millis),
        facts: from_json("clusters.facts", row.facts)?,
        conditions: from_json("clusters.conditions", row.conditions)?,
        heartbeat,
        cleaning_since: row.cleaning_since_ms.map(Timestamp::from_millis),
        revision: row.revision,
    })
}
