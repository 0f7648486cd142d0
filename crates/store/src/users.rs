//! Accounts.

use bastide_authz::action::{CompleteSetup, CreateClientOrganization, CreateUser, UpdateUser, ViewUsers};
use bastide_authz::{Action, Change, Permit};
use bastide_model::names::Email;
use bastide_model::user::{Access, User};
use bastide_model::{AuditId, Error, OrganizationId, RealmId, Result, Timestamp, UserId};
use serde_json::json;
use uuid::Uuid;

use crate::audit::Target;
use crate::db::{Tx, args, parse, rows, statements};
use crate::listing::{Listed, PageRequest};
use crate::words::Beginning;

statements! {
    INSERT = "insert into users (id, realm_id, email, email_key, name, search, password_hash, access, created_at_ms, revision) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)";
    ONE = "select id, realm_id, email, name, access, home_organization_id, created_at_ms, revision from users where id = $1";
    BY_EMAIL = "select id, realm_id, email, name, access, home_organization_id, created_at_ms, revision from users \
        where realm_id = $1 and email_key = $2";
    LIST = "select id, realm_id, email, name, access, home_organization_id, created_at_ms, revision from users \
        where realm_id = $1 and search like $2 escape '\\' and (search, id) > ($3, $4) order by search, id limit $5";
    FOUND = "select u.id, u.realm_id, u.email, u.name, u.access, u.home_organization_id, u.created_at_ms, u.revision \
        from (select w.word, w.user_id from user_words w where w.realm_id = $1 and w.word < $2 \
        and (w.word, w.user_id) > ($3, $4) and not exists (select 1 from user_words f where f.user_id = w.user_id \
        and f.word >= $6 and f.word < w.word) order by w.word, w.user_id limit $5) found \
        join users u on u.id = found.user_id order by found.word, found.user_id";
    ACCESS_SET = "update users set access = $3, revision = revision + 1 where id = $1 and revision = $2";
    SESSIONS_END = "delete from sessions where user_id = $1";
    OWNS = "select o.slug from assignments a join organizations o on o.id = a.organization_id \
        where a.user_id = $1 and a.role = 'owner' and o.kind = 'work' and o.deleted_at_ms is null order by o.slug limit 5";
    PASSWORD = "select id, password_hash from users where realm_id = $1 and email_key = $2";
    HOME_SET = "update users set home_organization_id = $2, revision = revision + 1 \
        where id = $1 and home_organization_id is null";
    HOLD = "update users set revision = revision where id = $1";
    HOME_OF = "select p.organization_id from users u join (select user_id, organization_id, created_at_ms from assignments \
        where user_id = $1 and role <> 'billing_administrator' and (expires_at_ms is null or expires_at_ms > $2) union all \
        select user_id, organization_id, created_at_ms from team_members where user_id = $1) p on p.user_id = u.id \
        join organizations o on o.id = p.organization_id where o.deleted_at_ms is null \
        and (o.state = 'active' or o.id = u.home_organization_id) \
        order by case when o.id = u.home_organization_id then 0 else 1 end, p.created_at_ms, p.organization_id limit 1";
    HOME_PUT = "update users set home_organization_id = $2, revision = revision + 1 \
        where id = $1 and home_organization_id is distinct from $2";
}

rows! {
    UserRow {
        id: Uuid, realm_id: Uuid, email: String, name: String, access: String, home_organization_id: Option<Uuid>,
        created_at_ms: i64, revision: i64,
    }
    PasswordRow { id: Uuid, password_hash: Option<String>, }
}

/// The actions that make an account.
pub trait Registers: Action {}
impl Registers for CreateUser {}
impl Registers for CompleteSetup {}
impl Registers for CreateClientOrganization {}

impl Tx {
    /// Stores a new account with its audit record.
    ///
    /// # Errors
    /// [`Error::Conflict`] `email_taken`. [`Error::Internal`] when the permit is for another realm.
    pub async fn user_create<A: Registers>(
        &mut self,
        permit: &Permit<A>,
        user: &User,
        password_hash: &str,
        audit: AuditId,
    ) -> Result<()> {
        if user.realm != permit.realm() {
            return Err(Error::internal(format!(
                "the permit to {} is for another realm",
                permit.operation()
            )));
        }
        let args = args![
            user.id.uuid(),
            user.realm.uuid(),
            user.email.as_str(),
            user.email.canonical(),
            user.name.as_str(),
            search_key(user),
            password_hash,
            user.access.as_str(),
            user.created_at.as_millis(),
        ];
        self.run(INSERT, args).await?;
        self.user_words_insert(user.realm, user.id, &search_key(user)).await?;
        self.change(Change::User { id: user.id, realm: user.realm, access: user.access });
        let after = json!({"email": user.email.as_str(), "name": user.name, "access": user.access});
        self.audit(
            permit,
            (audit, user.created_at),
            Target::new("user", user.id, &user.email),
            None,
            Some(after),
        )
        .await
    }

    /// An account, for the rules.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn user(&mut self, id: UserId) -> Result<User> {
        let row: Option<UserRow> = self.maybe(ONE, args![id.uuid()]).await?;
        user(&row.ok_or(Error::NotFound)?)
    }

    /// The account of an address in a realm, active or not (HIER-3).
    ///
    /// # Errors
    /// Those of the database.
    pub async fn user_by_email(&mut self, realm: RealmId, email: &Email) -> Result<Option<User>> {
        let row: Option<UserRow> = self.maybe(BY_EMAIL, args![realm.uuid(), email.canonical()]).await?;
        row.as_ref().map(user).transpose()
    }

    /// Id and password hash of the account of an address in a realm; for sign-in only.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn password_hash(
        &mut self,
        realm: RealmId,
        email: &Email,
    ) -> Result<Option<(UserId, Option<String>)>> {
        let row: Option<PasswordRow> = self.maybe(PASSWORD, args![realm.uuid(), email.canonical()]).await?;
        Ok(row.map(|row| (UserId::from_uuid(row.id), row.password_hash)))
    }

    /// Holds an account's row until the end of the transaction.
    pub(crate) async fn user_hold(&mut self, user: UserId) -> Result<()> {
        self.run(HOLD, args![user.uuid()]).await.map(|_| ())
    }

    /// Says anew which organization is somebody's home (HIER-5), after something was given to them or taken from them: the one
    /// that was, while they have a role in force or a team there; else the one of their oldest such; else none. Who has
    /// only the billing role does not see the organization, so it is no home.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn home_settle(&mut self, user: UserId, now: Timestamp) -> Result<()> {
        // Of two who take something from one person at different places the second sees what the first did.
        self.user_hold(user).await?;
        let home: Vec<(Uuid,)> = self.all_anywhere(HOME_OF, args![user.uuid(), now.as_millis()]).await?;
        let home = home.first().map(|(id,)| *id);
        self.run(HOME_PUT, args![user.uuid(), home]).await?;
        Ok(())
    }

    /// Gives an account without a home organization the first that is made for it (HIER-5).
    ///
    /// # Errors
    /// Those of the database.
    pub async fn user_home_default(&mut self, user: UserId, organization: OrganizationId) -> Result<()> {
        self.run(HOME_SET, args![user.uuid(), organization.uuid()]).await?;
        Ok(())
    }

    /// Says what an account may be used for from now on, if nobody else changed it in between. Sessions end with what they
    /// were begun under (ROLE-4).
    ///
    /// # Errors
    /// [`Error::Stale`] when somebody changed it; [`Error::Conflict`] `owns_organizations` when an account that owns work
    /// organizations would be deactivated (INV-6).
    pub async fn user_update(
        &mut self,
        permit: &Permit<UpdateUser>,
        (before, access): (&User, Access),
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let id = permit.target();
        if self.run(ACCESS_SET, args![id.uuid(), before.revision, access.as_str()]).await? == 0 {
            return Err(Error::Stale);
        }
        if access == Access::Disabled {
            let owned: Vec<(String,)> = self.all(OWNS, args![id.uuid()]).await?;
            if !owned.is_empty() {
                let names = owned.into_iter().map(|(slug,)| slug).collect::<Vec<_>>().join(", ");
                let detail = format!("{} owns {names}; transfer or delete them first", before.email);
                return Err(Error::conflict("owns_organizations", detail));
            }
        }
        if access != Access::Enabled {
            self.run(SESSIONS_END, args![id.uuid()]).await?;
        }
        self.change(Change::User { id, realm: before.realm, access });
        let target = Target::new("user", id, &before.email);
        let fields = |access: Access| Some(json!({ "access": access }));
        self.audit(permit, audit, target, fields(before.access), fields(access)).await
    }

    /// The accounts of a realm, by name; those that are searched for by the word that they are found by.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn user_list(
        &mut self,
        permit: &Permit<ViewUsers>,
        page: &PageRequest,
    ) -> Result<Listed<User>> {
        let realm = permit.realm().uuid();
        let rows = match page.beginning() {
            None => {
                let args = args![realm, page.pattern(), page.after_key(), page.after_id(), page.fetch()];
                self.all(LIST, args).await?
            }
            Some(found) => self.users_found(realm, page, &found).await?,
        };
        let items = rows.iter().map(user).collect::<Result<Vec<_>>>()?;
        Ok(page.cut(items, |last| {
            let text = search_key(last);
            (page.key(&text, &text), last.id.uuid())
        }))
    }

    async fn users_found(
        &mut self,
        realm: Uuid,
        page: &PageRequest,
        sought: &Beginning,
    ) -> Result<Vec<UserRow>> {
        let (mut after, mut found) = (page.after_word(sought), Vec::new());
        loop {
            let (word, id) = (after.0.as_str(), after.1);
            let args = args![realm, sought.to.as_str(), word, id, page.fetch(), sought.from.as_str()];
            let rows: Vec<UserRow> = self.all(FOUND, args).await?;
            let (full, last) = (page.is_full(rows.len()), rows.last().map(user).transpose()?);
            for row in rows {
                if page.matches(&search_key(&user(&row)?)) {
                    found.push(row);
                }
            }
            let next = last.map(|last| (page.key(&search_key(&last), ""), last.id.uuid()));
            match next.filter(|next| full && *next > after) {
                Some(next) if !page.is_full(found.len()) => after = next,
                _ => return Ok(found),
            }
        }
    }
}

fn search_key(user: &User) -> String {
    format!("{} {}", user.name.as_str().to_lowercase(), user.email.canonical())
}

pub(crate) fn user(row: &UserRow) -> Result<User> {
    Ok(User {
        id: UserId::from_uuid(row.id),
        realm: RealmId::from_uuid(row.realm_id),
        email: parse("users.email", &row.email)?,
        name: parse("users.name", &row.name)?,
        access: parse("users.access", &row.access)?,
        home: row.home_organization_id.map(OrganizationId::from_uuid),
        created_at: Timestamp::from_millis(row.created_at_ms),
        revision: row.revision,
    })
}
