//! The installation itself: its id and epoch, realms, the set-up link, the hub's authority, and what a fresh one holds.

use bastide_authz::action::CompleteSetup;
use bastide_authz::{Change, Permit};
use bastide_model::cluster::Hub;
use bastide_model::role::Administration;
use bastide_model::{HubId, Ids, RealmId, Result, Timestamp};
use uuid::Uuid;

use crate::db::{Tx, args, parse, rows, statements};

statements! {
    INSTALLATION = "select id, epoch, latest_seen_at_ms from installation where singleton";
    INSTALLATION_INSERT = "insert into installation (singleton, id, epoch, revision, changes_from, \
        latest_seen_at_ms) values (true, $1, 1, 0, 0, $2) on conflict (singleton) do nothing";
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
    AUTHORITY = "select certificate_pem, key_pem from authorities where purpose = $1";
    AUTHORITY_INSERT = "insert into authorities (id, purpose, certificate_pem, key_pem, created_at_ms) \
        values ($1, $2, $3, $4, $5) on conflict (purpose) do nothing";
}

rows! {
    InstallationRow { id: Uuid, epoch: i64, latest_seen_at_ms: i64, }
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

    /// Certificate and key (PEM) of the authority for a purpose, if there is one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn authority(&mut self, purpose: &str) -> Result<Option<(String, String)>> {
        self.maybe(AUTHORITY, args![purpose]).await
    }

    /// Keeps an authority, unless another replica was first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn authority_insert(
        &mut self,
        id: Uuid,
        purpose: &str,
        (certificate_pem, key_pem): (&str, &str),
        now: Timestamp,
    ) -> Result<()> {
        self.run(AUTHORITY_INSERT, args![id, purpose, certificate_pem, key_pem, now.as_millis()]).await?;
        Ok(())
    }
}
