//! Plans.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use bastide_authz::Permit;
use bastide_authz::action::ViewPlans;
use bastide_model::organization::Organization;
use bastide_model::plan::{Plan, default_plans};
use bastide_model::{Error, Ids, PlanId, RealmId, Result};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::db::{Tx, args, from_json, parse, rows, statements, to_json};

statements! {
    INSERT = "insert into plans (id, realm_id, slug, name, limits, is_default, position) values ($1, $2, $3, $4, $5, $6, $7)";
    LIST = "select id, realm_id, slug, name, limits, is_default from plans where realm_id = $1 order by position";
    ONE = "select id, realm_id, slug, name, limits, is_default from plans where realm_id = $1 and id = $2";
}

rows! {
    PlanRow { id: Uuid, realm_id: Uuid, slug: String, name: String, limits: Json, is_default: bool, }
}

impl Tx {
    /// The plans that every realm starts with (PLAN-1).
    pub(crate) async fn default_plans_insert(&mut self, ids: &dyn Ids, realm: RealmId) -> Result<()> {
        for (position, (slug, name, limits)) in (0i64..).zip(default_plans()) {
            let limits = to_json(&limits)?;
            self.run(INSERT, args![ids.fresh(), realm.uuid(), slug, name, limits, position == 0, position])
                .await?;
        }
        Ok(())
    }

    /// The plans of a realm, for who may see them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn plan_list(&mut self, permit: &Permit<ViewPlans>) -> Result<Vec<Plan>> {
        self.plans_of(permit.realm()).await
    }

    /// The plans of a realm, for the rules.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn plans_of(&mut self, realm: RealmId) -> Result<Vec<Plan>> {
        let rows: Vec<PlanRow> = self.all(LIST, args![realm.uuid()]).await?;
        rows.into_iter().map(plan).collect()
    }

    /// The plans of these organizations; each is read once.
    ///
    /// # Errors
    /// [`Error::NotFound`] when one is gone.
    pub async fn plans_of_each(&mut self, organizations: &[Organization]) -> Result<HashMap<PlanId, Plan>> {
        let mut plans = HashMap::new();
        for organization in organizations {
            if let Entry::Vacant(unknown) = plans.entry(organization.plan) {
                unknown.insert(self.plan(organization.realm, organization.plan).await?);
            }
        }
        Ok(plans)
    }

    /// One plan of a realm.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the realm has no such plan.
    pub async fn plan(&mut self, realm: RealmId, id: PlanId) -> Result<Plan> {
        let row: Option<PlanRow> = self.maybe(ONE, args![realm.uuid(), id.uuid()]).await?;
        plan(row.ok_or(Error::NotFound)?)
    }
}

fn plan(row: PlanRow) -> Result<Plan> {
    Ok(Plan {
        id: PlanId::from_uuid(row.id),
        realm: RealmId::from_uuid(row.realm_id),
        slug: parse("plans.slug", &row.slug)?,
        name: parse("plans.name", &row.name)?,
        limits: from_json("plans.limits", row.limits)?,
        is_default: row.is_default,
    })
}
