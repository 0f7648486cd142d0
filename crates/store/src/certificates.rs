//! Certificates of clusters' agents: issued, ended by a newer one, revoked, forgotten (FLEET-1).

use bastide_authz::Permit;
use bastide_authz::action::RenewCertificate;
use bastide_model::{ClusterId, Result, Timestamp};

use crate::db::{Tx, args, statements};

statements! {
    CERTIFICATE_INSERT = "insert into agent_certificates (serial, cluster_id, issued_at_ms, not_after_ms) values ($1, $2, $3, $4)";
    CERTIFICATE = "select (select count(*) from agent_certificates o where o.cluster_id = a.cluster_id \
        and o.revoked_at_ms is null and o.issued_at_ms < a.issued_at_ms) \
        from agent_certificates a join clusters c on c.id = a.cluster_id \
        where a.serial = $1 and a.cluster_id = $2 and a.revoked_at_ms is null and a.not_after_ms > $3 \
        and c.membership = 'joined' and c.deleted_at_ms is null";
    CERTIFICATES_REVOKE = "update agent_certificates set revoked_at_ms = $2 where cluster_id = $1 and revoked_at_ms is null";
    CERTIFICATES_SUPERSEDE = "update agent_certificates set revoked_at_ms = $3 where cluster_id = $1 and revoked_at_ms is null \
        and issued_at_ms < (select issued_at_ms from agent_certificates where serial = $2)";
    CERTIFICATES_REVOKED = "select serial from agent_certificates where revoked_at_ms is not null and not_after_ms > $1";
    CERTIFICATES_SWEEP = "delete from agent_certificates where not_after_ms <= $1";
}

/// A certificate that was issued to an agent.
#[derive(Debug, Clone)]
pub struct IssuedCertificate {
    /// Serial number in lower-case hex.
    pub serial: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub not_after: Timestamp,
}

impl Tx {
    /// Writes down a certificate for an agent that was accepted.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn certificate_issued(
        &mut self,
        cluster: ClusterId,
        certificate: &IssuedCertificate,
    ) -> Result<()> {
        let args = args![
            certificate.serial.as_str(),
            cluster.uuid(),
            certificate.issued_at.as_millis(),
            certificate.not_after.as_millis(),
        ];
        self.run(CERTIFICATE_INSERT, args).await?;
        Ok(())
    }

    /// Writes down a certificate that replaces one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn certificate_renewed(
        &mut self,
        permit: &Permit<RenewCertificate>,
        certificate: &IssuedCertificate,
    ) -> Result<()> {
        self.certificate_issued(permit.target(), certificate).await
    }

    /// Whether a certificate was issued to this cluster, has not ended and was not revoked, and the cluster is accepted;
    /// and then, how many older ones of that cluster work still.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn certificate_holds(
        &mut self,
        cluster: ClusterId,
        serial: &str,
        now: Timestamp,
    ) -> Result<Option<u64>> {
        let older: Option<(i64,)> =
            self.maybe(CERTIFICATE, args![serial, cluster.uuid(), now.as_millis()]).await?;
        Ok(older.map(|(count,)| u64::try_from(count).unwrap_or(0)))
    }

    /// The certificate with this serial number was used: older ones of the cluster are over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn certificates_supersede(
        &mut self,
        cluster: ClusterId,
        serial: &str,
        now: Timestamp,
    ) -> Result<()> {
        if self.run(CERTIFICATES_SUPERSEDE, args![cluster.uuid(), serial, now.as_millis()]).await? > 0 {
            self.mark_written();
        }
        Ok(())
    }

    /// Serial numbers of certificates that were revoked and have not ended: what a handshake refuses.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn certificates_revoked(&mut self, now: Timestamp) -> Result<Vec<String>> {
        let rows: Vec<(String,)> = self.all(CERTIFICATES_REVOKED, args![now.as_millis()]).await?;
        Ok(rows.into_iter().map(|(serial,)| serial).collect())
    }

    /// Revokes every certificate of a cluster.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn certificates_revoke(&mut self, cluster: ClusterId, now: Timestamp) -> Result<()> {
        self.run(CERTIFICATES_REVOKE, args![cluster.uuid(), now.as_millis()]).await?;
        Ok(())
    }

    /// Forgets certificates that have ended.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn certificates_sweep(&mut self, now: Timestamp) -> Result<()> {
        self.run(CERTIFICATES_SWEEP, args![now.as_millis()]).await?;
        Ok(())
    }
}
