//! Teams and projects through the API: who sees what by them, who looks after them, what stands in the way of their end.

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::database::Database;
use crate::stage::{Api, Reply, Stage, text, texts};

/// An organization on a plan with room for people, and who owns it.
struct Bank {
    stage: Stage,
    owner: Api,
}

const BANK: &str = "/v1/organizations/bank";

impl Bank {
    async fn on(stage: Stage) -> Result<Self> {
        let _spoke = stage.licensed("spoke").await?;
        let owner = stage.user("owner@bank.test").await?;
        stage.organization("operator").await?;
        let bank = json!({
            "acting_from": "operator", "name": "Bank", "slug": "bank", "plan": "business", "hub": "main",
            "administrator": {"kind": "existing", "user": "owner@bank.test"}, "spoke": "spoke",
            "gateway": {"kind": "shared"},
        });
        stage.admin.post("/v1/client-organizations", &bank).await?;
        Ok(Self { stage, owner })
    }

    async fn open() -> Result<Self> {
        Self::on(Stage::on_sqlite().await?).await
    }

    async fn make(&self, kind: &str, slug: &str) -> Result<Value> {
        self.owner.post(&format!("{BANK}/{kind}"), &json!({"name": slug})).await
    }

    /// An account that the site administrator puts into a team.
    async fn member(&self, name: &str, team: &str, role: &str) -> Result<Api> {
        let email = format!("{name}@bank.test");
        let person = self.stage.user(&email).await?;
        self.join(&email, team, role).await?.done()?;
        Ok(person)
    }

    async fn join(&self, user: &str, team: &str, role: &str) -> Result<Reply> {
        let member = json!({"user": user, "role": role});
        self.stage.admin.ask(Method::POST, &format!("{BANK}/teams/{team}/members"), Some(&member)).await
    }

    async fn share(&self, project: &str, team: &str, role: &str) -> Result<Value> {
        let path = format!("{BANK}/projects/{project}/teams/{team}");
        self.owner.ask(Method::PUT, &path, Some(&json!({"role": role}))).await?.done()
    }
}

async fn id(person: &Api) -> Result<String> {
    Ok(text(&person.get("/v1/me").await?, "/user/id")?.to_owned())
}

async fn delete(person: &Api, path: &str, confirm: Option<&str>) -> Result<Reply> {
    let etag = text(&person.get(path).await?, "/etag")?.to_owned();
    let path = confirm.map_or_else(|| path.to_owned(), |slug| format!("{path}?confirm={slug}"));
    person.ask_with(Method::DELETE, &path, None, &[("if-match", &etag)]).await
}

fn outcome(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn actions(value: &Value) -> Vec<&str> {
    value
        .pointer("/actions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// ROLE-2, HIER-6: whoever is in a team is a member from that moment, sees the organization, their teams and their projects,
/// and nothing else; and is nobody again from the moment that they are in none.
#[tokio::test(flavor = "multi_thread")]
async fn role_2_a_member_sees_their_own_teams_and_projects_only() -> Result<()> {
    let bank = Bank::open().await?;
    for slug in ["mobile", "core"] {
        bank.make("teams", slug).await?;
    }
    for slug in ["staging", "production"] {
        bank.make("projects", slug).await?;
    }
    let eve = bank.stage.user("eve@bank.test").await?;
    ensure!(eve.outcome(Method::GET, BANK, None).await?.0 == 404);
    bank.join("eve@bank.test", "mobile", "developer").await?.done()?;
    let seen = eve.get(BANK).await?;
    ensure!(text(&seen, "/role")? == "member" && !actions(&seen).contains(&"create_team"), "{seen}");
    ensure!(texts(&eve.get(&format!("{BANK}/teams")).await?, "/slug")? == ["mobile"]);
    ensure!(texts(&eve.get(&format!("{BANK}/projects")).await?, "/slug")?.is_empty());
    bank.share("staging", "mobile", "administrator").await?;
    bank.share("staging", "core", "viewer").await?;
    let projects = eve.get(&format!("{BANK}/projects")).await?;
    ensure!(texts(&projects, "/slug")? == ["staging"], "{projects}");
    // WORK-1: the weaker of what they are in the team and what the team is on the project.
    ensure!(text(&projects, "/items/0/role")? == "developer", "{projects}");
    ensure!(texts(&eve.get(&format!("{BANK}/projects/staging/teams")).await?, "/slug")? == ["mobile"]);
    for hidden in ["teams/core", "projects/production", "teams/core/members"] {
        ensure!(eve.outcome(Method::GET, &format!("{BANK}/{hidden}"), None).await?.0 == 404, "{hidden}");
    }
    for refused in ["members", "teams/mobile/members"] {
        let said = eve.ask(Method::GET, &format!("{BANK}/{refused}"), None).await?;
        ensure!(
            said.status == 403 && said.body.to_string().contains("members.view"),
            "{refused}: {}",
            said.body
        );
    }
    for (method, path) in [
        (Method::POST, format!("{BANK}/teams")),
        (Method::POST, format!("{BANK}/projects")),
        (Method::POST, format!("{BANK}/teams/mobile/members")),
    ] {
        let body = json!({"name": "Mine"});
        let body = if path.ends_with("members") { json!({"user": "x@y.z", "role": "viewer"}) } else { body };
        ensure!(eve.outcome(method, &path, Some(&body)).await?.0 == 403, "{path}");
    }
    // Leaving needs nobody's leave.
    eve.delete(&format!("{BANK}/teams/mobile/members/{}", id(&eve).await?)).await?;
    ensure!(eve.outcome(Method::GET, BANK, None).await?.0 == 404);
    ensure!(eve.outcome(Method::GET, &format!("{BANK}/projects/staging"), None).await?.0 == 404);
    bank.stage.stop().await
}

/// ROLE-7, ROLE-8: administrators of a team look after its people, up to what they are themselves, and after nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn role_8_team_administrators_look_after_their_team() -> Result<()> {
    let bank = Bank::open().await?;
    for slug in ["mobile", "core"] {
        bank.make("teams", slug).await?;
    }
    let tim = bank.member("tim", "mobile", "administrator").await?;
    let eve = bank.member("eve", "mobile", "viewer").await?;
    let bob = bank.member("bob", "core", "viewer").await?;
    let members = format!("{BANK}/teams/mobile/members");
    let listed = tim.get(&members).await?;
    ensure!(texts(&listed, "/user/email")? == ["eve@bank.test", "tim@bank.test"], "{listed}");
    ensure!(!listed.to_string().contains("home_organization"), "{listed}");
    let (own, hers) = (format!("{members}/{}", id(&tim).await?), format!("{members}/{}", id(&eve).await?));
    for role in ["administrator", "developer"] {
        let set = tim.ask(Method::PUT, &hers, Some(&json!({"role": role}))).await?.done()?;
        ensure!(text(&set, "/role")? == role, "{set}");
    }
    // Nobody changes their own role, not even the owner.
    let viewer = json!({"role": "viewer"});
    ensure!(tim.outcome(Method::PUT, &own, Some(&viewer)).await? == outcome(409, "own_role"));
    let ada = format!("{members}/{}", id(&bank.owner).await?);
    ensure!(bank.owner.outcome(Method::PUT, &ada, Some(&viewer)).await? == outcome(409, "own_role"));
    // E-43: whom one does not know, and who is not there, are answered alike.
    let add = async |user: &str| {
        let body = json!({"user": user, "role": "viewer"});
        tim.ask(Method::POST, &members, Some(&body)).await
    };
    let (hidden, nobody) = (add("bob@bank.test").await?, add("never@bank.test").await?);
    ensure!(hidden.outcome() == outcome(400, "invalid"), "{}", hidden.body);
    ensure!(hidden.body.pointer("/errors") == nobody.body.pointer("/errors"), "{}", hidden.body);
    ensure!(text(&hidden.body, "/errors/0/pointer")? == "/user", "{}", hidden.body);
    let his = format!("{members}/{}", id(&bob).await?);
    ensure!(tim.outcome(Method::PUT, &his, Some(&viewer)).await?.0 == 404);
    // Somebody who is there is not put there once more.
    let again = bank.join("eve@bank.test", "mobile", "viewer").await?;
    ensure!(again.outcome() == outcome(409, "in_team_already"), "{}", again.body);
    // Not the team itself, and no other.
    let (path, etag) = (format!("{BANK}/teams/mobile"), [("if-match", "\"1\"")]);
    let renamed = tim.ask_with(Method::PATCH, &path, Some(&json!({"name": "Mine"})), &etag).await?;
    ensure!(renamed.status == 403, "{}", renamed.body);
    ensure!(tim.outcome(Method::GET, &format!("{BANK}/teams/core"), None).await?.0 == 404);
    tim.delete(&hers).await?;
    ensure!(eve.outcome(Method::GET, BANK, None).await?.0 == 404);
    tim.delete(&own).await?;
    bank.stage.stop().await
}

/// INV-5: a team that is the only way into projects goes only when that was said; its members lose what they had by it.
#[tokio::test(flavor = "multi_thread")]
async fn inv_5_a_team_that_projects_hang_on_is_deleted_on_purpose_only() -> Result<()> {
    let bank = Bank::open().await?;
    for slug in ["mobile", "core"] {
        bank.make("teams", slug).await?;
    }
    for slug in ["staging", "production"] {
        bank.make("projects", slug).await?;
        bank.share(slug, "mobile", "developer").await?;
    }
    bank.share("production", "core", "developer").await?;
    let eve = bank.member("eve", "mobile", "developer").await?;
    let path = format!("{BANK}/teams/mobile");
    let refused = delete(&bank.owner, &path, None).await?;
    ensure!(refused.outcome() == outcome(409, "projects_orphaned"), "{}", refused.body);
    let detail = text(&refused.body, "/detail")?;
    ensure!(detail.contains("staging") && !detail.contains("production"), "{detail}");
    ensure!(delete(&bank.owner, &path, Some("mobil")).await?.outcome() == outcome(400, "invalid"));
    ensure!(delete(&bank.owner, &path, Some("mobile")).await?.status == 204);
    ensure!(eve.outcome(Method::GET, BANK, None).await?.0 == 404);
    let left = bank.owner.get(&format!("{BANK}/projects/staging/teams")).await?;
    ensure!(texts(&left, "/slug")?.is_empty(), "{left}");
    // One that nothing hangs on goes without a word.
    bank.share("staging", "core", "viewer").await?;
    bank.make("teams", "spare").await?;
    bank.share("staging", "spare", "viewer").await?;
    ensure!(delete(&bank.owner, &format!("{BANK}/teams/spare"), None).await?.status == 204);
    bank.stage.stop().await
}

/// WORK-1, ORG-8: a project goes when its slug is typed; until then its organization stays, and the refusal names it.
#[tokio::test(flavor = "multi_thread")]
async fn org_8_an_organization_with_projects_is_not_deleted() -> Result<()> {
    let bank = Bank::open().await?;
    for slug in ["staging", "production"] {
        bank.make("projects", slug).await?;
    }
    let refused = bank.owner.delete_organization("bank").await?;
    ensure!(refused.outcome() == outcome(409, "has_projects"), "{}", refused.body);
    let detail = text(&refused.body, "/detail")?;
    ensure!(detail.contains("staging") && detail.contains("production"), "{detail}");
    for slug in ["staging", "production"] {
        let path = format!("{BANK}/projects/{slug}");
        ensure!(delete(&bank.owner, &path, Some("another")).await?.outcome() == outcome(400, "invalid"));
        ensure!(delete(&bank.owner, &path, Some(slug)).await?.status == 204);
        ensure!(bank.owner.outcome(Method::GET, &path, None).await?.0 == 404);
    }
    ensure!(bank.owner.delete_organization("bank").await?.status == 202);
    for kind in ["teams", "projects"] {
        let (path, late) = (format!("{BANK}/{kind}"), json!({"name": "Late"}));
        let late = bank.owner.outcome(Method::POST, &path, Some(&late)).await?;
        ensure!(late == outcome(409, "already_deleting"), "{kind}");
    }
    bank.stage.stop().await
}

/// Changes are not lost, slugs are an organization's own, and the same key gives the same answer (E-37, E-47).
#[tokio::test(flavor = "multi_thread")]
async fn e_37_e_47_teams_and_projects_are_made_and_changed_once() -> Result<()> {
    let bank = Bank::open().await?;
    bank.stage.organization("other").await?;
    for kind in ["teams", "projects"] {
        let path = format!("{BANK}/{kind}");
        let key = [("idempotency-key", "one-and-the-same")];
        let new = json!({"name": "Mobile Apps", "description": "For phones"});
        let made = bank.owner.ask_with(Method::POST, &path, Some(&new), &key).await?;
        let again = bank.owner.ask_with(Method::POST, &path, Some(&new), &key).await?;
        ensure!(made.status == 201 && again.body == made.body, "{}: {}", made.body, again.body);
        ensure!(text(&made.body, "/slug")? == "mobile-apps", "{}", made.body);
        let location = made.header("location");
        ensure!(location.ends_with(text(&made.body, "/id")?), "{location}");
        ensure!(bank.owner.get(location).await? == made.body);
        // The same key of somebody else, and the same slug elsewhere, are another's.
        let elsewhere = format!("/v1/organizations/other/{kind}");
        let other = bank.stage.admin.ask_with(Method::POST, &elsewhere, Some(&new), &key).await?;
        ensure!(other.status == 201 && other.body.get("id") != made.body.get("id"), "{}", other.body);
        let taken = bank.owner.ask(Method::POST, &path, Some(&new)).await?;
        ensure!(taken.outcome() == outcome(409, "slug_taken"), "{}", taken.body);
        ensure!(text(&taken.body, "/detail")?.contains("`mobile-apps`"), "{}", taken.body);
        for (bad, pointer) in [
            (json!({"name": ""}), "/name"),
            (json!({"name": "x".repeat(256)}), "/name"),
            (json!({"name": "A", "slug": "A"}), "/slug"),
            (json!({"name": "東京"}), "/slug"),
            (json!({"name": "A", "description": "a\u{202e}b"}), "/description"),
            (json!({"name": "A", "organization": "other"}), "/organization"),
        ] {
            let refused = bank.owner.ask(Method::POST, &path, Some(&bad)).await?;
            ensure!(text(&refused.body, "/errors/0/pointer")? == pointer, "{bad}: {}", refused.body);
        }
        let one = format!("{path}/mobile-apps");
        let change = json!({"name": "Phones"});
        ensure!(bank.owner.outcome(Method::PATCH, &one, Some(&change)).await?.0 == 428);
        let etag = made.header("etag").to_owned();
        let update =
            async || bank.owner.ask_with(Method::PATCH, &one, Some(&change), &[("if-match", &etag)]).await;
        let changed = update().await?;
        ensure!(changed.status == 200 && text(&changed.body, "/name")? == "Phones", "{}", changed.body);
        ensure!(text(&changed.body, "/description")? == "For phones", "{}", changed.body);
        ensure!(changed.header("etag") != etag && update().await?.status == 412);
        let found = bank.owner.get(&format!("{path}?search=phon")).await?;
        ensure!(texts(&found, "/slug")? == ["mobile-apps"], "{found}");
    }
    bank.stage.stop().await
}

async fn many_who_come_at_the_same_time(stage: Stage) -> Result<()> {
    let bank = Bank::on(stage).await?;
    for slug in ["one", "two"] {
        bank.make("teams", slug).await?;
    }
    // Business has room for ten, and the owner is one of them.
    for number in 0..8 {
        let email = format!("first-{number}@bank.test");
        bank.stage.user(&email).await?;
        bank.join(&email, "one", "viewer").await?.done()?;
    }
    let mut coming = JoinSet::new();
    for number in 0..6 {
        let email = format!("late-{number}@bank.test");
        bank.stage.user(&email).await?;
        let (admin, body) = (bank.stage.admin.clone(), json!({"user": email, "role": "viewer"}));
        let team = if number % 2 == 0 { "one" } else { "two" };
        coming.spawn(async move {
            admin.ask(Method::POST, &format!("{BANK}/teams/{team}/members"), Some(&body)).await
        });
    }
    let mut outcomes = Vec::new();
    while let Some(answered) = coming.join_next().await {
        outcomes.push(answered.context("a task")??);
    }
    let came = outcomes.iter().filter(|one| one.status == 201).count();
    ensure!(came == 1, "{came} came: {outcomes:?}");
    for refused in outcomes.iter().filter(|one| one.status != 201) {
        ensure!(refused.outcome() == outcome(403, "limit_exceeded"), "{}", refused.body);
    }
    // Whoever is a member already comes into another team as the same person.
    bank.join("first-0@bank.test", "two", "developer").await?.done()?;
    bank.stage.stop().await
}

/// PLAN-2, E-30: people who come at the same time never pass the limit together, whichever team they come into.
#[tokio::test(flavor = "multi_thread")]
async fn plan_2_e_30_members_never_pass_the_limit_on_sqlite() -> Result<()> {
    many_who_come_at_the_same_time(Stage::on_sqlite().await?).await
}

/// PLAN-2, E-30: the same on PostgreSQL.
#[tokio::test(flavor = "multi_thread")]
async fn plan_2_e_30_members_never_pass_the_limit_on_postgres() -> Result<()> {
    many_who_come_at_the_same_time(Stage::on_postgres(&Database::new().await?).await?).await
}
