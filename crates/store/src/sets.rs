//! What should be on a cluster and what is, set by set, with generations that only grow (FLEET-6).

use std::collections::HashMap;

use bastide_authz::Permit;
use bastide_authz::action::{ReportCluster, SetDesired, ViewOrganization};
use bastide_model::cluster::{Condition, merge_conditions};
use bastide_model::placement::{DesiredOrganization, DesiredSet, Placement, ReportedObject, ReportedSet};
use bastide_model::{ClusterId, OrganizationId, Result, Timestamp};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::db::{Tx, args, from_json, rows, statements, to_json};

statements! {
    CLUSTER_LOCK = "update clusters set revision = revision where id = $1";
    STORED = "select organization_id, generation, content from desired_sets where cluster_id = $1 order by organization_id";
    NEXT_GENERATION = "update clusters set desired_generation = desired_generation + 1 where id = $1 returning desired_generation";
    GENERATION = "select desired_generation from clusters where id = $1";
    PUT = "insert into desired_sets (cluster_id, organization_id, realm_id, generation, content, changed_at_ms) \
        values ($1, $2, (select realm_id from organizations where id = $2), $3, $4, $5) on conflict (cluster_id, organization_id) do update set \
        generation = excluded.generation, content = excluded.content, changed_at_ms = excluded.changed_at_ms";
    GENERATIONS = "select id, desired_generation from clusters where desired_generation > 0";
    AFTER = "select organization_id, generation, content from desired_sets where cluster_id = $1 and generation > $2 \
        order by generation";
    REPORT = "select observed_generation, removed, conditions, objects, reported_at_ms from reported_sets \
        where cluster_id = $1 and organization_id = $2";
    REPORT_PUT = "insert into reported_sets (cluster_id, organization_id, realm_id, observed_generation, removed, conditions, \
        objects, reported_at_ms) values ($1, $2, (select realm_id from organizations where id = $2), $3, $4, $5, $6, $7) on conflict (cluster_id, organization_id) do update set \
        observed_generation = excluded.observed_generation, removed = excluded.removed, conditions = excluded.conditions, \
        objects = excluded.objects, reported_at_ms = excluded.reported_at_ms \
        where reported_sets.observed_generation <= excluded.observed_generation";
    ONE = "select generation from desired_sets where cluster_id = $1 and organization_id = $2";
    KNOWN = "select organization_id, generation, content from desired_sets where cluster_id = $1 and organization_id = $2";
}

rows! {
    SetRow { organization_id: Uuid, generation: i64, content: Option<Json>, }
    ReportRow { observed_generation: i64, removed: bool, conditions: Json, objects: Json, reported_at_ms: i64, }
}

/// What a cluster last said of a set.
#[derive(Debug, Clone, Default)]
pub struct StoredReport {
    /// Which generation it spoke of.
    pub observed_generation: i64,
    /// Whether nothing was wanted and nothing is left.
    pub removed: bool,
    /// How far it had come.
    pub conditions: Vec<Condition>,
    /// What is there, object by object.
    pub objects: Vec<ReportedObject>,
    /// When it said so.
    pub reported_at: Option<Timestamp>,
}

/// An organization on one cluster: where, what should be, what is.
#[derive(Debug, Clone)]
pub struct PlacementStatus {
    /// Where and how.
    pub placement: Placement,
    /// Generation of what should be there; 0 before it was decided.
    pub generation: i64,
    /// What the cluster last said.
    pub report: StoredReport,
}

impl Tx {
    /// Stores what should be on a cluster: each set that differs from what is stored gets the cluster's next generation.
    /// How many differed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_desired(
        &mut self,
        permit: &Permit<SetDesired>,
        wanted: &[(OrganizationId, Option<DesiredOrganization>)],
        now: Timestamp,
    ) -> Result<usize> {
        let cluster = permit.target().uuid();
        self.run(CLUSTER_LOCK, args![cluster]).await?;
        let mut changed = 0;
        for (organization, content) in self.sets_that_differ(permit, wanted).await? {
            let (generation,): (i64,) = self.one(NEXT_GENERATION, args![cluster]).await?;
            self.run(PUT, args![cluster, organization.uuid(), generation, content, now.as_millis()]).await?;
            changed += 1;
        }
        if changed > 0 {
            self.mark_written();
        }
        Ok(changed)
    }

    /// Whether [`Tx::set_desired`] would change nothing.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_desired(
        &mut self,
        permit: &Permit<SetDesired>,
        wanted: &[(OrganizationId, Option<DesiredOrganization>)],
    ) -> Result<bool> {
        Ok(self.sets_that_differ(permit, wanted).await?.is_empty())
    }

    /// What is wanted and not stored as such, as it is to be stored.
    async fn sets_that_differ(
        &mut self,
        permit: &Permit<SetDesired>,
        wanted: &[(OrganizationId, Option<DesiredOrganization>)],
    ) -> Result<Vec<(OrganizationId, Option<Json>)>> {
        let rows: Vec<SetRow> = self.all(STORED, args![permit.target().uuid()]).await?;
        let stored: HashMap<Uuid, Option<Json>> =
            rows.into_iter().map(|row| (row.organization_id, row.content)).collect();
        let mut differing = Vec::new();
        for (organization, content) in wanted {
            let content = content.as_ref().map(to_json).transpose()?;
            let known = stored.get(&organization.uuid());
            // Nothing is wanted and nothing was ever given: there is nothing to take away.
            if known != Some(&content) && !(known.is_none() && content.is_none()) {
                differing.push((*organization, content));
            }
        }
        Ok(differing)
    }

    /// The greatest generation of a cluster.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn desired_generation(&mut self, permit: &Permit<ReportCluster>) -> Result<i64> {
        Ok(self.one::<(i64,)>(GENERATION, args![permit.target().uuid()]).await?.0)
    }

    /// The greatest generation of every cluster that was ever given anything.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn desired_generations(&mut self) -> Result<Vec<(ClusterId, i64)>> {
        let rows: Vec<(Uuid, i64)> = self.all(GENERATIONS, args![]).await?;
        Ok(rows.into_iter().map(|(id, generation)| (ClusterId::from_uuid(id), generation)).collect())
    }

    /// The sets of a cluster with a greater generation than this.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn desired_after(
        &mut self,
        permit: &Permit<ReportCluster>,
        after: i64,
    ) -> Result<Vec<DesiredSet>> {
        let rows: Vec<SetRow> = self.all(AFTER, args![permit.target().uuid(), after]).await?;
        rows.into_iter()
            .map(|row| {
                Ok(DesiredSet {
                    organization: OrganizationId::from_uuid(row.organization_id),
                    generation: row.generation,
                    content: row.content.map(|json| from_json("desired_sets.content", json)).transpose()?,
                })
            })
            .collect()
    }

    /// Writes down what a cluster says of its sets. Sets and generations that the hub never gave to it are passed over,
    /// and so are generations older than the last one that it spoke of. That a set is removed counts only while nothing
    /// is wanted, and for the generation that says so.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn reports_record(
        &mut self,
        permit: &Permit<ReportCluster>,
        reports: Vec<ReportedSet>,
        now: Timestamp,
    ) -> Result<()> {
        let cluster = permit.target();
        for report in reports {
            let key = args![cluster.uuid(), report.organization.uuid()];
            let Some(set) = self.maybe::<SetRow>(KNOWN, key).await? else { continue };
            if report.observed_generation > set.generation {
                continue;
            }
            let content: Option<DesiredOrganization> =
                set.content.map(|json| from_json("desired_sets.content", json)).transpose()?;
            let nothing_wanted = content.is_none_or(|content| content.released);
            let removed = report.removed && nothing_wanted && report.observed_generation == set.generation;
            let known = self.report(cluster, report.organization).await?;
            let conditions = merge_conditions(&known.conditions, report.conditions, now);
            let args = args![
                cluster.uuid(),
                report.organization.uuid(),
                report.observed_generation,
                removed,
                to_json(&conditions)?,
                to_json(&report.objects)?,
                now.as_millis(),
            ];
            self.run(REPORT_PUT, args).await?;
            if removed {
                self.mark_written();
            }
        }
        Ok(())
    }

    /// What a cluster last said of an organization; nothing yet is a report of generation 0.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn report(&mut self, cluster: ClusterId, organization: OrganizationId) -> Result<StoredReport> {
        let row: Option<ReportRow> = self.maybe(REPORT, args![cluster.uuid(), organization.uuid()]).await?;
        row.map_or_else(
            || Ok(StoredReport::default()),
            |row| {
                Ok(StoredReport {
                    observed_generation: row.observed_generation,
                    removed: row.removed,
                    conditions: from_json("reported_sets.conditions", row.conditions)?,
                    objects: from_json("reported_sets.objects", row.objects)?,
                    reported_at: Some(Timestamp::from_millis(row.reported_at_ms)),
                })
            },
        )
    }

    /// An organization on its clusters, for who may see it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn placement_list(
        &mut self,
        permit: &Permit<ViewOrganization>,
    ) -> Result<Vec<PlacementStatus>> {
        self.placement_statuses(permit.target()).await
    }

    /// An organization on its clusters, for the rules.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn placement_statuses(&mut self, organization: OrganizationId) -> Result<Vec<PlacementStatus>> {
        let mut statuses = Vec::new();
        for placement in self.placements_of(organization).await? {
            let key = args![placement.cluster.uuid(), organization.uuid()];
            let generation = self.maybe::<(i64,)>(ONE, key).await?.map_or(0, |(generation,)| generation);
            let report = self.report(placement.cluster, organization).await?;
            statuses.push(PlacementStatus { placement, generation, report });
        }
        Ok(statuses)
    }
}
