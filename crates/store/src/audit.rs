//! The audit log: written in the transaction of the change, from its permit, chained by hash per log (SEC-4).

use bastide_authz::{Action, Actor, Permit};
use bastide_model::access::Credential;
use bastide_model::audit::AuditRecord;
use bastide_model::{AuditId, Error, OrganizationId, RealmId, Result, Timestamp, UserId};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::db::{Tx, args, rows, statements};
use crate::listing::{Listed, PageRequest};

statements! {
    HEAD_NEXT = "insert into audit_logs (log_id, sequence, hash) values ($1, 1, '') \
        on conflict (log_id) do update set sequence = audit_logs.sequence + 1 returning sequence, hash";
    HEAD = "select sequence, hash from audit_logs where log_id = $1";
    HEAD_SET = "update audit_logs set hash = $2 where log_id = $1";
    RECORD_INSERT = "insert into audit_records (id, realm_id, log_id, sequence, at_ms, actor_id, actor_name, credential, \
        operation, target_kind, target, target_name, before_value, after_value, address, request, hash, \
        crossed) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    ACTOR_NAME = "select email from users where id = $1";
    LOG = "select id, realm_id, log_id, sequence, at_ms, actor_id, actor_name, credential, operation, target_kind, target, \
        target_name, before_value, after_value, address, request, hash from audit_records \
        where log_id = $1 and sequence < $2 order by sequence desc limit $3";
    EVERY = "select id, realm_id, log_id, sequence, at_ms, actor_id, actor_name, credential, operation, target_kind, \
        target, target_name, before_value, after_value, address, request, hash from audit_records \
        where not crossed and (at_ms, id) < ($1, $2) order by at_ms desc, id desc limit $3";
    CHAIN = "select id, realm_id, log_id, sequence, at_ms, actor_id, actor_name, credential, operation, target_kind, target, \
        target_name, before_value, after_value, address, request, hash from audit_records where log_id = $1 order by sequence";
}

rows! {
    RecordRow {
        id: Uuid, realm_id: Uuid, log_id: Uuid, sequence: i64, at_ms: i64, actor_id: Option<Uuid>, actor_name: String,
        credential: String, operation: String, target_kind: String, target: String, target_name: String,
        before_value: Option<Json>, after_value: Option<Json>, address: String, request: String, hash: String,
    }
    HeadRow { sequence: i64, hash: String, }
}

/// What a change was done to, for people.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its kind, such as `organization`.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

impl Target {
    /// Kind, id and name.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers give ids, which are small, and borrowed names"
    )]
    pub fn new(kind: &'static str, id: impl ToString, name: impl ToString) -> Self {
        Self { kind, id: id.to_string(), name: name.to_string() }
    }
}

impl Tx {
    /// Writes down a change. `before` and `after` hold what changed; the caller leaves secrets out. The record takes its
    /// place in the log with the commit.
    pub(crate) async fn audit<A: Action>(
        &mut self,
        permit: &Permit<A>,
        (id, at): (AuditId, Timestamp),
        target: Target,
        before: Option<Json>,
        after: Option<Json>,
    ) -> Result<()> {
        let (actor, actor_name, credential, address, request) = self.actor(permit.actor()).await?;
        self.records.push(AuditRecord {
            id,
            realm: permit.realm(),
            organization: permit.organization(),
            sequence: 0,
            at,
            actor,
            actor_name,
            credential,
            operation: permit.operation().to_owned(),
            target_kind: target.kind.to_owned(),
            target: target.id,
            target_name: target.name,
            before,
            after,
            address,
            request,
            hash: String::new(),
        });
        self.mark_written();
        Ok(())
    }

    /// The same, for a change that goes across organizations of which nobody may see all: the record is the
    /// installation's, and those concerned get theirs by [`Tx::audit_also_in`].
    pub(crate) async fn audit_across<A: Action>(
        &mut self,
        permit: &Permit<A>,
        audit: (AuditId, Timestamp),
        target: Target,
        (before, after): (Json, Json),
    ) -> Result<()> {
        self.audit(permit, audit, target, Some(before), Some(after)).await?;
        if let Some(last) = self.records.last_mut() {
            last.organization = None;
        }
        Ok(())
    }

    /// Writes the last record into the log of another organization, too, which the change has crossed into; without the
    /// fields that name what the people there may not see.
    pub(crate) fn audit_also_in(&mut self, organization: OrganizationId, hidden: &[&str]) {
        let shown = |value: &Option<Json>| {
            let mut value = value.clone();
            if let Some(fields) = value.as_mut().and_then(Json::as_object_mut) {
                fields.retain(|name, _| !hidden.contains(&name.as_str()));
            }
            value
        };
        let Some(at) = self.records.iter().rposition(|record| !self.crossed.contains(&record.id)) else {
            return;
        };
        let Some((first, twins)) = self.records.get(at..).and_then(<[_]>::split_first) else { return };
        if first.organization == Some(organization) {
            return;
        }
        let id = first.id.twin(u8::try_from(twins.len() + 1).unwrap_or(u8::MAX));
        let (before, after) = (shown(&first.before), shown(&first.after));
        let twin = AuditRecord { id, organization: Some(organization), before, after, ..first.clone() };
        self.crossed.insert(id);
        self.records.push(twin);
    }

    /// Appends the transaction's records to their logs. A log's head is held from here to the end of the transaction, so
    /// this comes after everything that may wait for somebody else, and goes through the logs in one order: two
    /// transactions never wait for each other.
    pub(crate) async fn audit_append(&mut self) -> Result<()> {
        let mut records = std::mem::take(&mut self.records);
        records.sort_by_key(|record| record.organization);
        for mut record in records {
            let log = record.organization.map_or(Uuid::nil(), OrganizationId::uuid);
            let head: HeadRow = self.one(HEAD_NEXT, args![log]).await?;
            record.sequence = head.sequence;
            record.hash = chained(&head.hash, &record);
            self.audit_insert(log, &record).await?;
            self.run(HEAD_SET, args![log, record.hash.as_str()]).await?;
        }
        Ok(())
    }

    async fn audit_insert(&mut self, log: Uuid, record: &AuditRecord) -> Result<u64> {
        let args = args![
            record.id.uuid(),
            record.realm.uuid(),
            log,
            record.sequence,
            record.at.as_millis(),
            record.actor.map(UserId::uuid),
            record.actor_name.as_str(),
            record.credential.as_str(),
            record.operation.as_str(),
            record.target_kind.as_str(),
            record.target.as_str(),
            record.target_name.as_str(),
            record.before.clone(),
            record.after.clone(),
            record.address.as_str(),
            record.request.as_str(),
            record.hash.as_str(),
            self.crossed.contains(&record.id),
        ];
        self.run(RECORD_INSERT, args).await
    }

    async fn actor(&mut self, actor: &Actor) -> Result<(Option<UserId>, String, String, String, String)> {
        Ok(match actor {
            Actor::Controller(controller) => {
                (None, controller.name().to_owned(), "system".to_owned(), String::new(), String::new())
            }
            Actor::Agent(cluster) => {
                (None, format!("agent of {cluster}"), "certificate".into(), String::new(), String::new())
            }
            Actor::Caller(caller) => {
                let email: Option<(String,)> = self.maybe(ACTOR_NAME, args![caller.user.uuid()]).await?;
                let credential = match caller.credential {
                    Credential::Session(id) => format!("session {id}"),
                    Credential::Token(id) => format!("token {id}"),
                    Credential::System(name) => format!("system {name}"),
                };
                let name = email.map_or_else(|| caller.user.to_string(), |(email,)| email);
                (Some(caller.user), name, credential, caller.address.clone(), caller.request.to_string())
            }
        })
    }

    /// One organization's log, newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn organization_audit_list(
        &mut self,
        permit: &Permit<bastide_authz::action::ViewOrganizationAudit>,
        page: &PageRequest,
    ) -> Result<Listed<AuditRecord>> {
        let before = page.after_number()?.unwrap_or(i64::MAX);
        let rows: Vec<RecordRow> = self.all(LOG, args![permit.target().uuid(), before, page.fetch()]).await?;
        Ok(page.cut(rows.into_iter().map(record).collect(), |last: &AuditRecord| {
            (last.sequence.to_string(), Uuid::nil())
        }))
    }

    /// Every log of the installation, newest first; a change that is in two logs once.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn audit_list(
        &mut self,
        _permit: &Permit<bastide_authz::action::ViewAudit>,
        page: &PageRequest,
    ) -> Result<Listed<AuditRecord>> {
        let (at, id) = page.after_number()?.map_or((i64::MAX, Uuid::max()), |at| (at, page.after_id()));
        let rows: Vec<RecordRow> = self.all(EVERY, args![at, id, page.fetch()]).await?;
        Ok(page.cut(rows.into_iter().map(record).collect(), |last: &AuditRecord| {
            (last.at.as_millis().to_string(), last.id.uuid())
        }))
    }

    /// Checks the chain of one log (the installation's own for `None`): how many records hold. In a transaction that
    /// reads, so that nothing is written in the meantime.
    ///
    /// # Errors
    /// [`Error::Conflict`] naming the first record that was changed, removed or reordered, or how many are missing at the
    /// end.
    pub async fn audit_verify(&mut self, organization: Option<OrganizationId>) -> Result<usize> {
        let log = organization.map_or(Uuid::nil(), OrganizationId::uuid);
        let rows: Vec<RecordRow> = self.all(CHAIN, args![log]).await?;
        let count = rows.len();
        let mut hash = String::new();
        for (expected, row) in (1i64..).zip(rows) {
            let record = record(row);
            if record.sequence != expected || chained(&hash, &record) != record.hash {
                let detail = format!(
                    "the audit record {} ({}) does not follow from the one before it",
                    record.sequence, record.id
                );
                return Err(Error::conflict("audit_chain_broken", detail));
            }
            hash = record.hash;
        }
        let head: Option<HeadRow> = self.maybe(HEAD, args![log]).await?;
        let head = head.unwrap_or(HeadRow { sequence: 0, hash: String::new() });
        if usize::try_from(head.sequence) != Ok(count) || head.hash != hash {
            let detail = format!("the audit log ends at record {count}, but {} were written", head.sequence);
            return Err(Error::conflict("audit_chain_broken", detail));
        }
        Ok(count)
    }
}

fn record(row: RecordRow) -> AuditRecord {
    AuditRecord {
        id: AuditId::from_uuid(row.id),
        realm: RealmId::from_uuid(row.realm_id),
        organization: (!row.log_id.is_nil()).then(|| OrganizationId::from_uuid(row.log_id)),
        sequence: row.sequence,
        at: Timestamp::from_millis(row.at_ms),
        actor: row.actor_id.map(UserId::from_uuid),
        actor_name: row.actor_name,
        credential: row.credential,
        operation: row.operation,
        target_kind: row.target_kind,
        target: row.target,
        target_name: row.target_name,
        before: row.before_value,
        after: row.after_value,
        address: row.address,
        request: row.request,
        hash: row.hash,
    }
}

/// SHA-256 over the hash before and every field of the record, each with its length, so that no two records that differ
/// have the same input. JSON is hashed with its keys in order, because engines keep them in orders of their own.
fn chained(before: &str, record: &AuditRecord) -> String {
    let mut hasher = Sha256::new();
    let mut put = |text: &str| {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    };
    put(before);
    put(&record.id.to_string());
    put(&record.realm.to_string());
    put(&record.organization.map(|id| id.to_string()).unwrap_or_default());
    put(&record.sequence.to_string());
    put(&record.at.as_millis().to_string());
    put(&record.actor.map(|id| id.to_string()).unwrap_or_default());
    for text in [
        &record.actor_name,
        &record.credential,
        &record.operation,
        &record.target_kind,
        &record.target,
        &record.target_name,
        &record.address,
        &record.request,
    ] {
        put(text);
    }
    put(&record.before.as_ref().map(canonical).unwrap_or_default());
    put(&record.after.as_ref().map(canonical).unwrap_or_default());
    hex::encode(hasher.finalize())
}

fn canonical(value: &Json) -> String {
    match value {
        Json::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            let inner: Vec<_> = entries
                .into_iter()
                .map(|(key, value)| format!("{}:{}", Json::from(key.as_str()), canonical(value)))
                .collect();
            format!("{{{}}}", inner.join(","))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}
