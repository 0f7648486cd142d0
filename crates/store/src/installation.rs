//! The installation itself: its id and epoch, realms, the set-up link, the hub's authority, and what a fresh one holds.

use bastide_authz::action::{CompleteSetup, RotateAuthority};
use bastide_authz::{Change, Permit};
use bastide_model::cluster::Hub;
use bastide_model::role::Administration;
use bastide_model::{AuditId, Error, HubId, Ids, RealmId, Result, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::audit::Target;
use crate::db::{Tx, args, parse, rows, statements};

statements! {
    INSTALLATION = "select id, epoch, latest_seen_at_ms from installation where singleton";
    INSTALLATION_INSERT = "insert into installation (singleton, id, epoch, revision, changes_from, \
        latest_seen_at_ms) values (true, $1, 1, 0, 0, $2) on conflict (singleton) do nothing";
    EPOCH_RAISE = "update installation set epoch = case when epoch < $1 then $1 else epoch + 1 end where singleton returning epoch";
    LATEST_SEEN = "update installation set latest_seen_at_ms = $1 where singleton and latest_seen_at_ms < $1";
    REALM_INSERT = "insert into realms (id, slug, name, created_at_ms) values ($1, $2, $3, $4) on conflict (id) do nothing";
    HUB_INSERT = "insert into hubs (id, slug, name, created_at_ms) values ($1, $2, $3, $4)";
    HUBS = "select id, slug, name, created_at_ms from hubs order by slug";
    SETUP_INSERT = "insert into setup_links (secret_hash, created_at_ms, expires_at_ms) values ($1, $2, $3)";
    SETUP_FORGET = "delete from setup_links where used_at_ms is null";
    SETUP_USE = "update setup_links set used_at_ms = $2 where secret_hash = $1 and used_at_ms is null and expires_at_ms > $2";
    SETUP_OPEN = "select count(*) from setup_links where secret_hash = $1 and used_at_ms is null and expires_at_ms > $2";
    ADMINISTRATION_INSERT = "insert into administrations (user_id, level, realm_id, created_at_ms) values ($1, $2, $3, $4) \
        on conflict (user_id, level, realm_id) do nothing";
    AUTHORITIES = "select purpose, certificate_pem, key_pem, created_at_ms from authorities order by created_at_ms desc, purpose";
    AUTHORITY_FORGET = "delete from authorities where purpose like 'agents-previous-%' and created_at_ms < $1";
    AUTHORITY_RETIRE = "update authorities set purpose = $2, key_pem = '', created_at_ms = $1 where purpose = 'agents'";
    AUTHORITY_PROMOTE = "update authorities set purpose = 'agents' where purpose = 'agents-next'";
    AUTHORITY_INSERT = "insert into authorities (id, purpose, certificate_pem, key_pem, created_at_ms) \
        values ($1, $2, $3, $4, $5) on conflict (purpose) do nothing";
}

rows! {
    InstallationRow { id: Uuid, epoch: i64, latest_seen_at_ms: i64, }
    AuthorityRow { purpose: String, certificate_pem: String, key_pem: String, created_at_ms: i64, }
    HubRow { id: Uuid, slug: String, name: String, created_at_ms: i64, }
}

/// What is known of the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Installation {
    /// Made at the first start.
    pub id: Uuid,
    /// Counts restores of the database.
    pub epoch: i64,
    /// The latest time that was ever seen, so that a clock set back does not revive what has ended.
    pub latest_seen: Timestamp,
}

const PRESENT: &str = "agents";
const NEXT: &str = "agents-next";
/// Followed by an id: there can be several.
const PREVIOUS: &str = "agents-previous-";

/// An authority as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAuthority {
    /// Its certificate in PEM, and after it the same key's certificate by the authority before it, if there was one.
    pub certificate_pem: String,
    /// Its key in PEM; empty once it was replaced.
    pub key_pem: String,
    /// When it was made; of the previous one: when it was replaced.
    pub since: Timestamp,
}

/// The authorities for agents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authorities {
    /// The one that signs.
    pub present: Option<KeptAuthority>,
    /// The one that will.
    pub next: Option<KeptAuthority>,
    /// Those that did, the latest first.
    pub previous: Vec<KeptAuthority>,
}

impl Tx {
    /// Makes what every installation has: itself, the platform's realm with its plans, one hub. Does nothing when it is
    /// there already, so that several replicas may start at once.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn installation_prepare(&mut self, ids: &dyn Ids, now: Timestamp) -> Result<()> {
        let at = now.as_millis();
        if self.run(INSTALLATION_INSERT, args![ids.fresh(), at]).await? == 0 {
            return Ok(());
        }
        self.run(REALM_INSERT, args![RealmId::PLATFORM.uuid(), "platform", "Platform", at]).await?;
        self.default_plans_insert(ids, RealmId::PLATFORM).await?;
        let hub = HubId::fresh(ids);
        self.run(HUB_INSERT, args![hub.uuid(), "main", "Main hub", at]).await?;
        self.change(Change::Hub { id: hub });
        Ok(())
    }

    /// The installation.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn installation(&mut self) -> Result<Installation> {
        let row: InstallationRow = self.one(INSTALLATION, args![]).await?;
        Ok(Installation {
            id: row.id,
            epoch: row.epoch,
            latest_seen: Timestamp::from_millis(row.latest_seen_at_ms),
        })
    }

    /// Raises the epoch, because the database was restored from a backup: to the present second, so that no two restores
    /// ever come to the same one, whichever backup they begin with. The epoch from now on, if there is an installation.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn epoch_raise(&mut self, now: Timestamp) -> Result<Option<i64>> {
        let raised: Option<(i64,)> = self.maybe(EPOCH_RAISE, args![now.as_millis() / 1000]).await?;
        self.mark_written();
        Ok(raised.map(|(epoch,)| epoch))
    }

    /// Remembers the present time, if it is the latest that was ever seen.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn latest_seen_advance(&mut self, now: Timestamp) -> Result<()> {
        self.run(LATEST_SEEN, args![now.as_millis()]).await?;
        Ok(())
    }

    /// Every hub.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn hubs(&mut self) -> Result<Vec<Hub>> {
        let rows: Vec<HubRow> = self.all(HUBS, args![]).await?;
        rows.into_iter()
            .map(|row| {
                Ok(Hub {
                    id: HubId::from_uuid(row.id),
                    slug: parse("hubs.slug", &row.slug)?,
                    name: parse("hubs.name", &row.name)?,
                    created_at: Timestamp::from_millis(row.created_at_ms),
                })
            })
            .collect()
    }

    /// Replaces every unused set-up link by one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn setup_link_replace(
        &mut self,
        hash: Vec<u8>,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<()> {
        self.run(SETUP_FORGET, args![]).await?;
        self.run(SETUP_INSERT, args![hash, now.as_millis(), expires.as_millis()]).await?;
        Ok(())
    }

    /// Whether a set-up link still works.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn setup_link_open(&mut self, hash: Vec<u8>, now: Timestamp) -> Result<bool> {
        Ok(self.one::<(i64,)>(SETUP_OPEN, args![hash, now.as_millis()]).await?.0 > 0)
    }

    /// Uses a set-up link up; whether it still worked.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn setup_link_use(
        &mut self,
        permit: &Permit<CompleteSetup>,
        hash: Vec<u8>,
        now: Timestamp,
    ) -> Result<bool> {
        let _ = permit;
        Ok(self.run(SETUP_USE, args![hash, now.as_millis()]).await? == 1)
    }

    /// Makes somebody a site administrator (ROLE-11). Only at set-up.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn site_administrator_add(
        &mut self,
        permit: &Permit<CompleteSetup>,
        user: bastide_model::UserId,
        now: Timestamp,
    ) -> Result<()> {
        let _ = permit;
        let (level, realm) = (Administration::Site, RealmId::PLATFORM);
        self.run(ADMINISTRATION_INSERT, args![user.uuid(), level.as_str(), realm.uuid(), now.as_millis()])
            .await?;
        self.change(Change::Administration { user, level, realm });
        Ok(())
    }

    /// The authorities for agents: the present one, the next one, the one before.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn authorities(&mut self) -> Result<Authorities> {
        let rows: Vec<AuthorityRow> = self.all(AUTHORITIES, args![]).await?;
        let mut found = Authorities::default();
        for row in rows {
            let kept = KeptAuthority {
                certificate_pem: row.certificate_pem,
                key_pem: row.key_pem,
                since: Timestamp::from_millis(row.created_at_ms),
            };
            match row.purpose.as_str() {
                PRESENT => found.present = Some(kept),
                NEXT => found.next = Some(kept),
                other if other.starts_with(PREVIOUS) => found.previous.push(kept),
                other => return Err(Error::internal(format!("authorities.purpose is `{other}`"))),
            }
        }
        Ok(found)
    }

    /// Keeps the installation's first authority, unless another replica was first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn authority_insert(
        &mut self,
        id: Uuid,
        (certificate_pem, key_pem): (&str, &str),
        now: Timestamp,
    ) -> Result<()> {
        self.run(AUTHORITY_INSERT, args![id, PRESENT, certificate_pem, key_pem, now.as_millis()]).await?;
        Ok(())
    }

    /// Keeps the authority that will take over. `fingerprint` is for the audit log.
    ///
    /// # Errors
    /// [`Error::Conflict`] `authority_prepared` when there is one already.
    pub async fn authority_prepare(
        &mut self,
        permit: &Permit<RotateAuthority>,
        id: Uuid,
        (certificate_pem, key_pem): (&str, &str),
        fingerprint: &str,
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let args = args![id, NEXT, certificate_pem, key_pem, audit.1.as_millis()];
        if self.run(AUTHORITY_INSERT, args).await? == 0 {
            let detail =
                "The next authority is there already. Let it take over, or wait until the agents have it.";
            return Err(Error::conflict("authority_prepared", detail));
        }
        let after = json!({"next": fingerprint});
        self.audit(permit, audit, Target::new("authority", id, "agents"), None, Some(after)).await
    }

    /// Lets the next authority take over. The key of the present one is forgotten; its certificate is kept on, under an
    /// `id`.
    ///
    /// # Errors
    /// [`Error::Conflict`] `authority_not_prepared` when there is none.
    pub async fn authority_switch(
        &mut self,
        permit: &Permit<RotateAuthority>,
        id: Uuid,
        change: (&str, &str),
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        self.run(AUTHORITY_RETIRE, args![audit.1.as_millis(), format!("{PREVIOUS}{id}")]).await?;
        if self.run(AUTHORITY_PROMOTE, args![]).await? == 0 {
            return Err(Error::conflict(
                "authority_not_prepared",
                "There is no next authority. Prepare one first.",
            ));
        }
        let (before, after) = (json!({"authority": change.0}), json!({"authority": change.1}));
        self.audit(permit, audit, Target::new("authority", "agents", "agents"), Some(before), Some(after))
            .await
    }

    /// Forgets authorities that were replaced before a time.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn authority_forget(&mut self, replaced_before: Timestamp) -> Result<()> {
        if self.run(AUTHORITY_FORGET, args![replaced_before.as_millis()]).await? > 0 {
            self.mark_written();
        }
        Ok(())
    }
}
