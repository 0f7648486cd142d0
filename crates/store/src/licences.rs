//! Licences of clusters (FLEET-3).

use bastide_authz::Permit;
use bastide_authz::action::UpdateLicence;
use bastide_model::licence::Examination;
use bastide_model::{AuditId, ClusterId, Result, Timestamp};
use serde_json::{Value as Json, json};

use crate::audit::Target;
use crate::db::{Tx, args, from_json, rows, statements, to_json};

statements! {
    ONE = "select pem, examination, uploaded_at_ms from licences where cluster_id = $1";
    PUT = "insert into licences (cluster_id, pem, examination, uploaded_at_ms) values ($1, $2, $3, $4) \
        on conflict (cluster_id) do update set pem = excluded.pem, examination = excluded.examination, \
        uploaded_at_ms = excluded.uploaded_at_ms";
}

rows! {
    LicenceRow { pem: String, examination: Json, uploaded_at_ms: i64, }
}

/// A licence as it was uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Licence {
    /// As it was uploaded.
    pub pem: String,
    /// What it said when it was uploaded.
    pub examination: Examination,
    /// When it was uploaded.
    pub uploaded_at: Timestamp,
}

impl Tx {
    /// A cluster's licence, for the rules.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn licence(&mut self, cluster: ClusterId) -> Result<Option<Licence>> {
        let row: Option<LicenceRow> = self.maybe(ONE, args![cluster.uuid()]).await?;
        row.map(|row| {
            Ok(Licence {
                pem: row.pem,
                examination: from_json("licences.examination", row.examination)?,
                uploaded_at: Timestamp::from_millis(row.uploaded_at_ms),
            })
        })
        .transpose()
    }

    /// Replaces a cluster's licence.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn licence_update(
        &mut self,
        permit: &Permit<UpdateLicence>,
        name: &str,
        licence: &Licence,
        audit: AuditId,
    ) -> Result<()> {
        let cluster = permit.target();
        let before = self.licence(cluster).await?;
        let examination = to_json(&licence.examination)?;
        let args = args![cluster.uuid(), licence.pem.as_str(), examination, licence.uploaded_at.as_millis()];
        self.run(PUT, args).await?;
        let target = Target::new("cluster", cluster, name);
        let (before, after) = (before.map(|old| facts(&old)), Some(facts(licence)));
        self.audit(permit, (audit, licence.uploaded_at), target, before, after).await
    }
}

fn facts(licence: &Licence) -> Json {
    match &licence.examination {
        Examination::Unreadable { problem } => json!({"problem": problem}),
        Examination::Certificate(facts) => json!({"id": facts.id, "not_after": facts.not_after.to_string()}),
    }
}
