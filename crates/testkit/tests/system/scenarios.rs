//! Whole stories of organizations through the command line, as they were told: three business units and who audits them, a
//! company with its departments and customers, and the roles of one organization.

use anyhow::{Result, ensure};
use bastide_testkit::cli::Cli;
use bastide_testkit::fake_agent::{Alive, FakeAgent};
use bastide_testkit::hub::PASSWORD;

use crate::stage::Stage;

const NOT_FOUND: i32 = 3;

struct Story {
    stage: Stage,
    _spoke: (FakeAgent, Alive, Alive),
}

impl Story {
    /// An installation with a spoke and a work organization of its administrator's.
    async fn begin(from: &str) -> Result<Self> {
        let stage = Stage::on_sqlite().await?;
        let (agent, alive) = stage.licensed("eu-1").await?;
        let settled = agent.keep_settled();
        stage.cli.ok(&["organization", "create", "--name", from, "--slug", from]).await?;
        Ok(Self { stage, _spoke: (agent, alive, settled) })
    }

    /// Makes accounts; each of them by command line.
    async fn people<const N: usize>(&self, emails: [&str; N]) -> Result<Vec<Cli>> {
        let mut people = Vec::new();
        for email in emails {
            let create = ["user", "create", "--email", email, "--name", email, "--password-stdin"];
            let said = self.stage.cli.run_with(&create, PASSWORD).await?;
            ensure!(said.code == 0, "{}", said.stderr);
            people.push(self.stage.cli_of(email).await?);
        }
        Ok(people)
    }

    /// A client organization on the plan without limits.
    async fn client(&self, from: &str, slug: &str, owner: &str) -> Result<()> {
        let order = [
            "organization",
            "create-client",
            "--from",
            from,
            "--name",
            slug,
            "--slug",
            slug,
            "--administrator",
            owner,
            "--spoke",
            "eu-1",
            "--gateway",
            "shared",
            "--plan",
            "enterprise",
            "--wait",
        ];
        self.stage.cli.ok(&order).await.map(|_| ())
    }
}

/// What a list names, in its order.
async fn names(cli: &Cli, command: &[&str]) -> Result<Vec<String>> {
    let mut all = command.to_vec();
    all.extend(["-o", "name"]);
    Ok(cli.ok(&all).await?.lines().map(str::to_owned).collect())
}

/// Three business units with the same teams, each with projects for development, staging and production; a security
/// architect who belongs to all three, and sees nothing of a fourth.
#[tokio::test(flavor = "multi_thread")]
async fn hier_4_work_1_three_business_units_and_who_audits_them() -> Result<()> {
    const UNITS: [&str; 3] = ["commercial-lending", "investment-services", "retail-banking"];
    const STAGES: [&str; 3] = ["development", "production", "staging"];
    let story = Story::begin("platform-team").await?;
    let emails = ["lead@bank.test", "architect@bank.test", "mobile@bank.test"];
    let people = story.people(emails).await?;
    let [lead, architect, mobile] = people.as_slice() else { anyhow::bail!("somebody is missing") };
    for unit in UNITS.into_iter().chain(["treasury"]) {
        story.client("platform-team", unit, "lead@bank.test").await?;
    }
    for unit in UNITS {
        let at = ["--organization", unit];
        for team in ["mobile-app-team", "core-banking-team", "compliance-team"] {
            lead.ok(&[&["team", "create", "--name", team], &at[..]].concat()).await?;
        }
        for project in STAGES {
            lead.ok(&[&["project", "create", "--name", project], &at[..]].concat()).await?;
            let audits = ["project", "team", "set", project, "compliance-team", "--role", "viewer"];
            lead.ok(&[&audits[..], &at[..]].concat()).await?;
        }
        let works = ["project", "team", "set", "development", "mobile-app-team", "--role", "developer"];
        lead.ok(&[&works[..], &at[..]].concat()).await?;
        // Nobody of the unit knows the architect yet: the platform's administrator puts them into the first team.
        let joins = ["team", "member", "add", "compliance-team", "architect@bank.test", "--role", "viewer"];
        story.stage.cli.ok(&[&joins[..], &at[..]].concat()).await?;
    }
    let joins =
        ["team", "member", "add", "mobile-app-team", "mobile@bank.test", "--organization", "retail-banking"];
    story.stage.cli.ok(&joins).await?;

    ensure!(names(architect, &["organization", "list"]).await? == UNITS);
    for unit in UNITS {
        ensure!(names(architect, &["project", "list", unit]).await? == STAGES);
        ensure!(names(architect, &["team", "list", unit]).await? == ["compliance-team"]);
        let changes = architect.run(&["project", "create", "--name", "mine", "--organization", unit]).await?;
        ensure!(changes.code != 0 && changes.stderr.contains("projects.create"), "{}", changes.stderr);
    }
    for command in [&["organization", "get", "treasury"][..], &["project", "list", "treasury"]] {
        let said = architect.run(command).await?;
        ensure!(said.code == NOT_FOUND && !said.stdout.contains("treasury"), "{command:?}: {}", said.stderr);
    }
    ensure!(names(mobile, &["organization", "list"]).await? == ["retail-banking"]);
    ensure!(names(mobile, &["project", "list", "retail-banking"]).await? == ["development"]);
    let other = mobile.run(&["project", "get", "staging", "--organization", "retail-banking"]).await?;
    ensure!(other.code == NOT_FOUND, "{}", other.stderr);
    let why = architect
        .ok(&["why", "projects.view", "--project", "staging", "--organization", "retail-banking"])
        .await?;
    ensure!(why.starts_with("ALLOW") && why.contains("viewer by the team compliance-team"), "{why}");
    story.stage.stop().await
}

/// Acme Corp with its departments and customers, and who is what in it.
async fn company(story: &Story, owner: &Cli) -> Result<()> {
    story.client("platform-team", "acme-corp", "owner@acme.test").await?;
    story.client("acme-corp", "engineering", "owner@acme.test").await?;
    story.client("acme-corp", "managed-services", "owner@acme.test").await?;
    story.client("managed-services", "customer-a", "owner@acme.test").await?;
    for (name, slug, parent) in [
        ("Marketing", "marketing", "acme-corp"),
        ("External Client - Example Inc", "example-inc", "acme-corp"),
        ("Customer B", "customer-b", "managed-services"),
    ] {
        owner.ok(&["organization", "create", "--name", name, "--slug", slug, "--parent", parent]).await?;
    }
    let site = &story.stage.cli;
    let assign = |user, at, reach| {
        ["member", "assign", user, "--role", "administrator", "--reach", reach, "--organization", at]
    };
    site.ok(&assign("root@acme.test", "acme-corp", "beneath")).await?;
    site.ok(&assign("engineer@acme.test", "engineering", "here")).await?;
    site.ok(&assign("robot@acme.test", "engineering", "here")).await?;
    owner.ok(&["team", "create", "--name", "Operators", "--organization", "customer-a"]).await?;
    site.ok(&["team", "member", "add", "operators", "user@customer-a.test", "--organization", "customer-a"])
        .await?;
    site.ok(&["user", "update", "robot@acme.test", "--access", "no-console"]).await?;
    Ok(())
}

/// A company with departments and customers: a root administrator, one of Engineering only, somebody of Customer A, and an
/// account without console access whose token works. Who sees what, exactly; nothing is deleted before it may be.
#[tokio::test(flavor = "multi_thread")]
async fn role_3_role_4_org_8_a_company_with_departments_and_customers() -> Result<()> {
    let story = Story::begin("platform-team").await?;
    let emails = [
        "owner@acme.test",
        "root@acme.test",
        "engineer@acme.test",
        "user@customer-a.test",
        "robot@acme.test",
    ];
    let people = story.people(emails).await?;
    let [owner, root, engineer, theirs, machine] = people.as_slice() else {
        anyhow::bail!("somebody is missing")
    };
    company(&story, owner).await?;

    let all = [
        "acme-corp",
        "customer-a",
        "customer-b",
        "engineering",
        "example-inc",
        "managed-services",
        "marketing",
    ];
    for (who, sees) in [
        (root, &all[..]),
        (engineer, &["engineering"]),
        (theirs, &["customer-a"]),
        (machine, &["engineering"]),
    ] {
        let mut seen = names(who, &["organization", "list"]).await?;
        seen.sort();
        ensure!(seen == sees, "{seen:?}, not {sees:?}");
    }
    for hidden in ["acme-corp", "managed-services", "customer-b"] {
        let said = theirs.run(&["organization", "get", hidden]).await?;
        ensure!(said.code == NOT_FOUND, "{hidden}: {}", said.stderr);
    }
    let members = theirs.run(&["member", "list", "customer-a"]).await?;
    ensure!(members.stderr.contains("members.view"), "{}", members.stderr);
    ensure!(
        story.stage.hub.visitor()?.sign_in("robot@acme.test", PASSWORD).await.is_err(),
        "no console access"
    );

    let delete = |slug| ["organization", "delete", slug, "--confirm", slug, "--wait", "--timeout", "60s"];
    let refused = root.run(&delete("managed-services")).await?;
    ensure!(refused.code != 0 && refused.stderr.contains("customer-a, customer-b"), "{}", refused.stderr);
    let not_theirs = engineer.run(&delete("engineering")).await?;
    ensure!(not_theirs.stderr.contains("organizations.delete"), "{}", not_theirs.stderr);
    for slug in ["customer-a", "customer-b", "managed-services"] {
        root.ok(&delete(slug)).await?;
    }
    ensure!(names(theirs, &["organization", "list"]).await?.is_empty(), "nothing is left of customer A");
    story.stage.stop().await
}

/// One organization: owner, administrators, groups of people with projects, a billing administrator; what each is offered;
/// leaving; nothing is deleted while there are projects.
#[tokio::test(flavor = "multi_thread")]
async fn role_1_role_2_org_9_the_roles_of_one_organization() -> Result<()> {
    let story = Story::begin("platform-team").await?;
    let emails = ["owner@acme.test", "admin@acme.test", "dev@acme.test", "money@acme.test"];
    let people = story.people(emails).await?;
    let [owner, admin, dev, money] = people.as_slice() else { anyhow::bail!("somebody is missing") };
    story.client("platform-team", "acme", "owner@acme.test").await?;
    let at = ["--organization", "acme"];
    let site = &story.stage.cli;
    site.ok(&["member", "assign", "admin@acme.test", "--role", "administrator", "--organization", "acme"])
        .await?;
    admin.ok(&[&["team", "create", "--name", "Group"], &at[..]].concat()).await?;
    admin.ok(&[&["project", "create", "--name", "Shop"], &at[..]].concat()).await?;
    admin.ok(&[&["project", "create", "--name", "Vault"], &at[..]].concat()).await?;
    admin
        .ok(&[&["project", "team", "set", "shop", "group", "--role", "developer"], &at[..]].concat())
        .await?;
    site.ok(&[&["team", "member", "add", "group", "dev@acme.test"], &at[..]].concat()).await?;
    let refused = admin.run(&[&["billing", "assign", "dev@acme.test"], &at[..]].concat()).await?;
    ensure!(refused.code == NOT_FOUND, "billing is not an administrator's: {}", refused.stderr);

    let offered = async |who: &Cli| -> Result<Vec<String>> {
        let shown = who.json(&["organization", "get", "acme"]).await?;
        let actions =
            shown.pointer("/actions").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
        Ok(actions.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect())
    };
    let has = |all: &[String], one: &str| all.iter().any(|known| known == one);
    let (of_owner, of_admin, of_dev) = (offered(owner).await?, offered(admin).await?, offered(dev).await?);
    ensure!(has(&of_owner, "update") && has(&of_owner, "delete") && !has(&of_owner, "leave"), "{of_owner:?}");
    ensure!(
        !has(&of_admin, "update") && !has(&of_admin, "delete") && has(&of_admin, "leave"),
        "{of_admin:?}"
    );
    ensure!(of_dev == ["leave"], "{of_dev:?}");
    ensure!(names(dev, &["project", "list", "acme"]).await? == ["shop"]);
    ensure!(dev.run(&["member", "list", "acme"]).await?.stderr.contains("members.view"));

    // The owner may name who is here already; the platform's administrator has shown `money` to them by a team.
    site.ok(&[&["team", "member", "add", "group", "money@acme.test"], &at[..]].concat()).await?;
    owner.ok(&[&["billing", "assign", "money@acme.test"], &at[..]].concat()).await?;
    admin.ok(&[&["team", "member", "remove", "group", "money@acme.test"], &at[..]].concat()).await?;
    ensure!(names(money, &["billing", "list"]).await? == ["acme"]);
    ensure!(names(money, &["organization", "list"]).await?.is_empty(), "billing shows nothing else");

    dev.ok(&["organization", "leave", "acme"]).await?;
    ensure!(names(dev, &["organization", "list"]).await?.is_empty());
    let refused = owner.run(&["organization", "leave", "acme"]).await?;
    ensure!(refused.stderr.contains("owner_cannot_leave"), "{}", refused.stderr);
    let delete = ["organization", "delete", "acme", "--confirm", "acme", "--wait", "--timeout", "60s"];
    let refused = owner.run(&delete).await?;
    ensure!(refused.stderr.contains("shop, vault"), "{}", refused.stderr);
    for project in ["shop", "vault"] {
        owner.ok(&[&["project", "delete", project, "--confirm", project], &at[..]].concat()).await?;
    }
    owner.ok(&delete).await?;
    ensure!(names(money, &["billing", "list"]).await?.is_empty());
    story.stage.stop().await
}
