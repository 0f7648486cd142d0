//! Whole stories of organizations through the command line, as they were told: three business units and who audits them, a
//! company with its departments and customers, and the roles of one organization.

use anyhow::{Result, ensure};
use bastide_testkit::cli::Cli;
use bastide_testkit::fake_agent::{Alive, FakeAgent};
use bastide_testkit::hub::PASSWORD;
use bastide_testkit::stories::{OPERATOR, SPOKE, company, roles, units};

use crate::stage::Stage;

const NOT_FOUND: i32 = 3;

struct Story {
    stage: Stage,
    _spoke: (FakeAgent, Alive, Alive),
}

impl Story {
    /// An installation with a spoke and a work organization of its administrator's.
    async fn begin() -> Result<Self> {
        let stage = Stage::on_sqlite().await?;
        let (agent, alive) = stage.licensed(SPOKE).await?;
        let settled = agent.keep_settled();
        stage.cli.ok(&["organization", "create", "--name", OPERATOR, "--slug", OPERATOR]).await?;
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
            SPOKE,
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
    use units::{
        ARCHITECT, COMPLIANCE, HIDDEN, LEAD, MOBILE, MOBILE_TEAM, PROJECTS, RETAIL, UNITS, WORKS_ON,
    };
    let story = Story::begin().await?;
    let people = story.people(units::PEOPLE).await?;
    let [lead, architect, mobile] = people.as_slice() else { anyhow::bail!("somebody is missing") };
    for unit in UNITS.into_iter().chain([HIDDEN]) {
        story.client(OPERATOR, unit, LEAD).await?;
    }
    for unit in UNITS {
        let at = ["--organization", unit];
        for team in units::TEAMS {
            lead.ok(&[&["team", "create", "--name", team], &at[..]].concat()).await?;
        }
        for project in PROJECTS {
            lead.ok(&[&["project", "create", "--name", project], &at[..]].concat()).await?;
            let audits = ["project", "team", "set", project, COMPLIANCE, "--role", "viewer"];
            lead.ok(&[&audits[..], &at[..]].concat()).await?;
        }
        let works = ["project", "team", "set", WORKS_ON, MOBILE_TEAM, "--role", "developer"];
        lead.ok(&[&works[..], &at[..]].concat()).await?;
        // Nobody of the unit knows the architect yet: the platform's administrator puts them into the first team.
        let joins = ["team", "member", "add", COMPLIANCE, ARCHITECT, "--role", "viewer"];
        story.stage.cli.ok(&[&joins[..], &at[..]].concat()).await?;
    }
    let joins = ["team", "member", "add", MOBILE_TEAM, MOBILE, "--organization", RETAIL];
    story.stage.cli.ok(&joins).await?;

    ensure!(names(architect, &["organization", "list"]).await? == UNITS);
    for unit in UNITS {
        ensure!(names(architect, &["project", "list", unit]).await? == PROJECTS);
        ensure!(names(architect, &["team", "list", unit]).await? == [COMPLIANCE]);
        let changes = architect.run(&["project", "create", "--name", "mine", "--organization", unit]).await?;
        ensure!(changes.code != 0 && changes.stderr.contains("projects.create"), "{}", changes.stderr);
    }
    for command in [&["organization", "get", HIDDEN][..], &["project", "list", HIDDEN]] {
        let said = architect.run(command).await?;
        ensure!(said.code == NOT_FOUND && !said.stdout.contains(HIDDEN), "{command:?}: {}", said.stderr);
    }
    ensure!(names(mobile, &["organization", "list"]).await? == [RETAIL]);
    ensure!(names(mobile, &["project", "list", RETAIL]).await? == [WORKS_ON]);
    let other = mobile.run(&["project", "get", "staging", "--organization", RETAIL]).await?;
    ensure!(other.code == NOT_FOUND, "{}", other.stderr);
    let why =
        architect.ok(&["why", "projects.view", "--project", "staging", "--organization", RETAIL]).await?;
    ensure!(why.starts_with("ALLOW") && why.contains("viewer by the team compliance-team"), "{why}");
    story.stage.stop().await
}

/// The company with its departments and customers, and who is what in it.
async fn company(story: &Story, owner: &Cli) -> Result<()> {
    use company::{ADMINISTRATORS, CUSTOMER_A, MADE, OWNER, PLACED, ROBOT, USER};
    for (slug, above) in PLACED {
        story.client(above, slug, OWNER).await?;
    }
    for (name, slug, parent) in MADE {
        owner.ok(&["organization", "create", "--name", name, "--slug", slug, "--parent", parent]).await?;
    }
    let site = &story.stage.cli;
    for (user, at, reach) in ADMINISTRATORS {
        let assign = ["member", "assign", user, "--role", "administrator", "--reach", reach];
        site.ok(&[&assign[..], &["--organization", at]].concat()).await?;
    }
    owner.ok(&["team", "create", "--name", "Operators", "--organization", CUSTOMER_A]).await?;
    site.ok(&["team", "member", "add", "operators", USER, "--organization", CUSTOMER_A]).await?;
    site.ok(&["user", "update", ROBOT, "--access", "no-console"]).await?;
    Ok(())
}

/// A company with departments and customers: a root administrator, one of Engineering only, somebody of Customer A, and an
/// account without console access whose token works. Who sees what, exactly; nothing is deleted before it may be.
#[tokio::test(flavor = "multi_thread")]
async fn role_3_role_4_org_8_a_company_with_departments_and_customers() -> Result<()> {
    use company::{CUSTOMER_A, DELETED, ENGINEERING, HIDDEN_FROM_USER, ROBOT, SEES, SERVICES};
    let story = Story::begin().await?;
    let people = story.people(company::PEOPLE).await?;
    let [owner, root, engineer, theirs, machine] = people.as_slice() else {
        anyhow::bail!("somebody is missing")
    };
    company(&story, owner).await?;

    for (who, (email, sees)) in [root, engineer, theirs, machine].into_iter().zip(SEES) {
        let mut seen = names(who, &["organization", "list"]).await?;
        seen.sort();
        ensure!(seen == sees, "{email} sees {seen:?}, not {sees:?}");
    }
    for hidden in HIDDEN_FROM_USER {
        let said = theirs.run(&["organization", "get", hidden]).await?;
        ensure!(said.code == NOT_FOUND, "{hidden}: {}", said.stderr);
    }
    let members = theirs.run(&["member", "list", CUSTOMER_A]).await?;
    ensure!(members.stderr.contains("members.view"), "{}", members.stderr);
    ensure!(story.stage.hub.visitor()?.sign_in(ROBOT, PASSWORD).await.is_err(), "no console access");

    let delete = |slug| ["organization", "delete", slug, "--confirm", slug, "--wait", "--timeout", "60s"];
    let refused = root.run(&delete(SERVICES)).await?;
    ensure!(refused.code != 0 && refused.stderr.contains("customer-a, customer-b"), "{}", refused.stderr);
    let not_theirs = engineer.run(&delete(ENGINEERING)).await?;
    ensure!(not_theirs.stderr.contains("organizations.delete"), "{}", not_theirs.stderr);
    for slug in DELETED {
        root.ok(&delete(slug)).await?;
    }
    ensure!(names(theirs, &["organization", "list"]).await?.is_empty(), "nothing is left of customer A");
    story.stage.stop().await
}

/// What somebody is offered with an organization.
async fn offered(who: &Cli) -> Result<Vec<String>> {
    let shown = who.json(&["organization", "get", roles::ORGANIZATION]).await?;
    let actions =
        shown.pointer("/actions").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    Ok(actions.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect())
}

/// One organization: owner, administrators, groups of people with projects, a billing administrator; what each is offered;
/// leaving; nothing is deleted while there are projects.
#[tokio::test(flavor = "multi_thread")]
async fn role_1_role_2_org_9_the_roles_of_one_organization() -> Result<()> {
    use roles::{ADMINISTRATOR, ASKED, BILLING, DEVELOPER, OFFERED, ORGANIZATION, OWNER};
    let story = Story::begin().await?;
    let people = story.people(roles::PEOPLE).await?;
    let [owner, admin, dev, money] = people.as_slice() else { anyhow::bail!("somebody is missing") };
    story.client(OPERATOR, ORGANIZATION, OWNER).await?;
    let at = ["--organization", ORGANIZATION];
    let site = &story.stage.cli;
    site.ok(&[&["member", "assign", ADMINISTRATOR, "--role", "administrator"], &at[..]].concat()).await?;
    let ((group, group_slug), (_, shared)) = (roles::GROUP, roles::PROJECTS[0]);
    admin.ok(&[&["team", "create", "--name", group], &at[..]].concat()).await?;
    for (project, _) in roles::PROJECTS {
        admin.ok(&[&["project", "create", "--name", project], &at[..]].concat()).await?;
    }
    let works = ["project", "team", "set", shared, group_slug, "--role", "developer"];
    admin.ok(&[&works[..], &at[..]].concat()).await?;
    site.ok(&[&["team", "member", "add", group_slug, DEVELOPER], &at[..]].concat()).await?;
    let refused = admin.run(&[&["billing", "assign", DEVELOPER], &at[..]].concat()).await?;
    ensure!(refused.code == NOT_FOUND, "billing is not an administrator's: {}", refused.stderr);

    for (who, (email, expected)) in [owner, admin, dev].into_iter().zip(OFFERED) {
        let all = offered(who).await?;
        let of_these: Vec<&str> =
            ASKED.into_iter().filter(|one| all.iter().any(|known| known == one)).collect();
        ensure!(of_these == expected, "{email} is offered {all:?}");
    }
    ensure!(offered(dev).await? == ["leave"], "and a member nothing else");
    ensure!(names(dev, &["project", "list", ORGANIZATION]).await? == [shared]);
    ensure!(dev.run(&["member", "list", ORGANIZATION]).await?.stderr.contains("members.view"));

    // The owner may name who is here already; the platform's administrator has shown them to the owner by a team.
    site.ok(&[&["team", "member", "add", group_slug, BILLING], &at[..]].concat()).await?;
    owner.ok(&[&["billing", "assign", BILLING], &at[..]].concat()).await?;
    admin.ok(&[&["team", "member", "remove", group_slug, BILLING], &at[..]].concat()).await?;
    ensure!(names(money, &["billing", "list"]).await? == [ORGANIZATION]);
    ensure!(names(money, &["organization", "list"]).await?.is_empty(), "billing shows nothing else");

    dev.ok(&["organization", "leave", ORGANIZATION]).await?;
    ensure!(names(dev, &["organization", "list"]).await?.is_empty());
    parting(owner, money).await?;
    story.stage.stop().await
}

/// The owner cannot leave, and deletes it once its projects are gone.
async fn parting(owner: &Cli, money: &Cli) -> Result<()> {
    use roles::ORGANIZATION;
    let refused = owner.run(&["organization", "leave", ORGANIZATION]).await?;
    ensure!(refused.stderr.contains("owner_cannot_leave"), "{}", refused.stderr);
    let at = ["--organization", ORGANIZATION];
    let delete = ["organization", "delete", ORGANIZATION, "--confirm", ORGANIZATION];
    let delete = [&delete[..], &["--wait", "--timeout", "60s"]].concat();
    let refused = owner.run(&delete).await?;
    ensure!(refused.stderr.contains("shop, vault"), "{}", refused.stderr);
    for (_, project) in roles::PROJECTS {
        owner.ok(&[&["project", "delete", project, "--confirm", project], &at[..]].concat()).await?;
    }
    owner.ok(&delete).await?;
    ensure!(names(money, &["billing", "list"]).await?.is_empty());
    Ok(())
}
