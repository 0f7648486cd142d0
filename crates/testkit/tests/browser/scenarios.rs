//! Whole stories of organizations, as the people in them live them in the console: what each sees, is offered and is refused.
//! The command line tells the same ones (`tests/system/scenarios.rs`). Accounts, and what the stories are not about, are made
//! through the API.

use std::time::Duration;

use anyhow::{Result, ensure};
use bastide_api::PageQuery;
use bastide_api::client::Client;
use bastide_api::client_organizations::{Administrator, NewClientOrganization};
use bastide_api::organizations::GatewayChoice;
use bastide_api::teams::{NewProject, NewTeam, NewTeamMember, TeamRole};
use bastide_testkit::browser::Browser;
use bastide_testkit::cast::{HUB, Spoke};
use bastide_testkit::fake_agent::Alive;
use bastide_testkit::hub::{ADMINISTRATOR as SITE, Hub, Options};
use bastide_testkit::stories::{OPERATOR, SPOKE, company, roles, units};
use bastide_testkit::wait;
use serde_json::{Value, json};

use crate::stage::{organization, sign_in, user};

/// How long an organization may take to be gone.
const GONE_LIMIT: Duration = Duration::from_mins(1);

/// A hub with a spoke, an organization to act from and accounts that have nothing yet; and a browser.
struct Story {
    hub: Hub,
    site: Client,
    browser: Browser,
    _spoke: (Spoke, Alive),
}

impl Story {
    async fn begin(people: &[&str]) -> Result<Self> {
        let hub = Hub::start(Options::default()).await?;
        let site = hub.set_up().await?;
        let spoke = Spoke::join(&hub, &site, SPOKE, 's').await?;
        let settled = spoke.agent.keep_settled();
        organization(&site, OPERATOR, Some(OPERATOR), None).await?;
        for email in people {
            user(&site, email, email).await?;
        }
        let browser = Browser::start(&hub.url()).await?;
        Ok(Self { hub, site, browser, _spoke: (spoke, settled) })
    }

    /// A client organization on the plan without limits.
    async fn client(&self, from: &str, slug: &str, owner: &str) -> Result<()> {
        let order = NewClientOrganization {
            acting_from: from.into(),
            name: slug.into(),
            slug: Some(slug.into()),
            annotations: None,
            administrator: Administrator::Existing { user: owner.into() },
            visibility: None,
            plan: Some("enterprise".into()),
            hub: HUB.into(),
            spoke: SPOKE.into(),
            node_pool: None,
            gateway: GatewayChoice::Shared {},
        };
        self.site.create_client_organization(&order).await?;
        Ok(())
    }

    async fn end(self) -> Result<()> {
        self.browser.is_content().await?;
        self.browser.stop().await?;
        self.hub.stop().await
    }
}

/// Short names, or e-mail addresses, in the table of a page, in its order; nothing when the page has no such table.
async fn listed(browser: &Browser, path: &str, table: &str) -> Result<Vec<String>> {
    browser.goto(path).await?;
    let script = "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent.trim())";
    browser.run(script, &[json!(format!("#{table} tbody .slug"))]).await
}

async fn organizations(browser: &Browser) -> Result<Vec<String>> {
    listed(browser, "/me/organizations", "organizations").await
}

/// HIER-6: the page for what was never there, which says nothing of what is.
async fn is_hidden(browser: &Browser, path: &str, hidden: &str) -> Result<()> {
    browser.goto(path).await?;
    browser.see_in("h1", "Nothing here").await?;
    let shown = browser.text("main").await?;
    ensure!(shown.contains("Error 404") && !shown.contains(hidden), "{path} shows {shown}");
    Ok(())
}

/// HIER-6: the page for a right that is missing, which names it.
async fn is_refused(browser: &Browser, permission: &str) -> Result<()> {
    browser.see_in("h1", "You may not do this").await?;
    browser.see_in("main", "Error 403").await?;
    browser.see_in("main", permission).await
}

/// A list that one may not see says so and is neither empty nor a missing page.
async fn may_not_list(browser: &Browser, path: &str, what: &str, permission: &str) -> Result<()> {
    browser.goto(path).await?;
    browser.see_in("main", &format!("You may not see these {what}")).await?;
    browser.see_in("main", permission).await
}

/// Sends a form that the page does not offer, as a page would that was opened when it still was.
async fn send(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Result<()> {
    let script = "
        const form = document.createElement('form');
        [form.method, form.action] = ['post', arguments[0]];
        for (const [name, value] of arguments[1]) {
            const field = form.appendChild(document.createElement('input'));
            [field.name, field.value] = [name, value];
        }
        document.body.append(form);
        form.submit();";
    let before = browser.origin().await?;
    let _: Value = browser.run(script, &[json!(path), json!(fields)]).await?;
    browser.leave(&before, path).await
}

async fn make_team(browser: &Browser, at: &str, name: &str) -> Result<()> {
    browser.goto(&format!("/o/{at}/teams")).await?;
    browser.fill("name", name).await?;
    browser.follow("Create team").await?;
    browser.see_in("h1", name).await
}

async fn make_project(browser: &Browser, at: &str, name: &str) -> Result<()> {
    browser.goto(&format!("/o/{at}/projects")).await?;
    browser.fill("name", name).await?;
    browser.follow("Create project").await?;
    browser.see_in("h1", name).await
}

/// Gives a team a role on the project whose page is open.
async fn share(browser: &Browser, team: &str, role: &str) -> Result<()> {
    browser.choose("team", team).await?;
    browser.choose("role", role).await?;
    browser.follow("Give role").await?;
    browser.see_in("#teams", team).await
}

async fn put_into_team(browser: &Browser, at: &str, team: &str, (who, role): (&str, &str)) -> Result<()> {
    browser.goto(&format!("/o/{at}/teams/{team}")).await?;
    browser.fill("user", who).await?;
    browser.choose("role", role).await?;
    browser.follow("Add to team").await?;
    browser.see_in("#members", who).await
}

async fn make_administrator(browser: &Browser, at: &str, (who, reach): (&str, &str)) -> Result<()> {
    browser.goto(&format!("/o/{at}/members")).await?;
    browser.fill("user", who).await?;
    browser.choose("role", "administrator").await?;
    browser.tick(&format!("reach-{reach}")).await?;
    browser.follow("Give the role").await?;
    browser.see_in("#members", who).await
}

/// ORG-8: the slug is typed, and soon there is nothing at its address.
async fn delete(browser: &Browser, slug: &str) -> Result<()> {
    browser.goto(&format!("/o/{slug}/delete")).await?;
    browser.fill("confirm", "another").await?;
    browser.follow("Delete organization").await?;
    browser.see_in(".error-summary", slug).await?;
    browser.fill("confirm", slug).await?;
    browser.follow("Delete organization").await?;
    let gone = wait::until("the end of the organization", GONE_LIMIT, async || {
        browser.goto(&format!("/o/{slug}")).await?;
        Ok(browser.text("h1").await?.contains("Nothing here").then_some(()))
    });
    gone.await
}

/// What is in the way of a deletion, instead of a form that would begin it.
async fn is_blocked(browser: &Browser, slug: &str, by: [&str; 2]) -> Result<()> {
    browser.goto(&format!("/o/{slug}/delete")).await?;
    browser.see_in("main", "It cannot be deleted yet").await?;
    for one in by {
        let links = browser.count(&format!("main li a[href$='/{one}']")).await?;
        ensure!(links == 1, "{one} is in the way {links} times");
    }
    ensure!(browser.count("main form[action$='/delete']").await? == 0, "it could be deleted");
    Ok(())
}

/// Three business units with the same teams, each with projects for development, staging and production; a security
/// architect who belongs to all three, and sees nothing of a fourth. The lead builds one unit in the console; the two that
/// are like it come through the API.
#[tokio::test(flavor = "multi_thread")]
async fn hier_4_work_1_three_business_units_and_who_audits_them() -> Result<()> {
    let story = Story::begin(&units::PEOPLE).await?;
    let browser = &story.browser;
    for unit in units::UNITS.into_iter().chain([units::HIDDEN]) {
        story.client(OPERATOR, unit, units::LEAD).await?;
    }
    sign_in(browser, units::LEAD).await?;
    ensure!(organizations(browser).await?.len() == 4, "the lead owns four");
    browser.goto(&format!("/o/{}/teams", units::RETAIL)).await?;
    browser.see("No teams yet").await?;
    for team in units::TEAMS {
        make_team(browser, units::RETAIL, team).await?;
    }
    for project in units::PROJECTS {
        make_project(browser, units::RETAIL, project).await?;
        share(browser, units::COMPLIANCE, "viewer").await?;
        if project == units::WORKS_ON {
            share(browser, units::MOBILE_TEAM, "developer").await?;
        }
    }
    units_like_it(&story).await?;
    // Nobody of the unit knows the two yet: the platform's administrator puts them into their first teams.
    sign_in(browser, SITE).await?;
    put_into_team(browser, units::RETAIL, units::COMPLIANCE, (units::ARCHITECT, "viewer")).await?;
    put_into_team(browser, units::RETAIL, units::MOBILE_TEAM, (units::MOBILE, "developer")).await?;

    the_architect(browser).await?;
    the_mobile_developer(browser).await?;
    story.end().await
}

async fn units_like_it(story: &Story) -> Result<()> {
    let lead = story.hub.client_as(units::LEAD).await?;
    for unit in units::UNITS.into_iter().filter(|unit| *unit != units::RETAIL) {
        for team in units::TEAMS {
            lead.create_team(unit, &NewTeam { name: team.into(), ..NewTeam::default() }).await?;
        }
        for project in units::PROJECTS {
            lead.create_project(unit, &NewProject { name: project.into(), ..NewProject::default() }).await?;
            lead.set_project_team((unit, project), units::COMPLIANCE, TeamRole::Viewer).await?;
        }
        lead.set_project_team((unit, units::WORKS_ON), units::MOBILE_TEAM, TeamRole::Developer).await?;
        let architect = NewTeamMember { user: units::ARCHITECT.into(), role: TeamRole::Viewer };
        story.site.add_team_member((unit, units::COMPLIANCE), &architect).await?;
    }
    Ok(())
}

async fn the_architect(browser: &Browser) -> Result<()> {
    sign_in(browser, units::ARCHITECT).await?;
    ensure!(organizations(browser).await? == units::UNITS);
    browser.click("Choose an organization").await?;
    let choices = browser.text("#switcher-list").await?;
    ensure!(units::UNITS.iter().all(|unit| choices.contains(unit)) && !choices.contains(units::HIDDEN));
    for unit in units::UNITS {
        ensure!(listed(browser, &format!("/o/{unit}/projects"), "projects").await? == units::PROJECTS);
        ensure!(browser.count("main form[method=post]").await? == 0, "a viewer is offered a form");
        ensure!(listed(browser, &format!("/o/{unit}/teams"), "teams").await? == [units::COMPLIANCE]);
    }
    let retail = format!("/o/{}", units::RETAIL);
    send(browser, &format!("{retail}/projects"), &[("name", "mine")]).await?;
    is_refused(browser, "projects.create").await?;
    may_not_list(browser, &format!("{retail}/members"), "members", "members.view").await?;
    for page in ["", "/projects", "/members", "/access"] {
        is_hidden(browser, &format!("/o/{}{page}", units::HIDDEN), units::HIDDEN).await?;
    }
    browser.goto(&format!("{retail}/projects/staging")).await?;
    browser.follow("Explain access").await?;
    browser.choose("action", "projects.view").await?;
    browser.follow("Explain").await?;
    browser.see_in(".callout.good", "architect@bank.test may").await?;
    browser.see_in("#grants", "Viewer by the team compliance-team").await
}

async fn the_mobile_developer(browser: &Browser) -> Result<()> {
    sign_in(browser, units::MOBILE).await?;
    ensure!(organizations(browser).await? == [units::RETAIL]);
    let projects = format!("/o/{}/projects", units::RETAIL);
    ensure!(listed(browser, &projects, "projects").await? == [units::WORKS_ON]);
    browser.follow(units::WORKS_ON).await?;
    browser.see("Your teams make you developer here").await?;
    is_hidden(browser, &format!("{projects}/staging"), "staging").await
}

/// A company with departments and customers: a root administrator, one of Engineering only, somebody of Customer A, and an
/// account without console access whose token works. Who sees what, exactly; nothing is deleted before it may be.
#[tokio::test(flavor = "multi_thread")]
async fn role_3_role_4_org_8_a_company_with_departments_and_customers() -> Result<()> {
    let story = Story::begin(&company::PEOPLE).await?;
    let browser = &story.browser;
    let robot = story.hub.client_as(company::ROBOT).await?;
    the_company(&story).await?;

    the_robot(browser, &robot).await?;
    the_user_of_customer_a(browser).await?;
    the_engineer(browser).await?;
    the_root_administrator(browser).await?;
    sign_in(browser, company::USER).await?;
    ensure!(organizations(browser).await?.is_empty(), "something is left of customer A");
    browser.see("You are in no organization yet").await?;
    story.end().await
}

async fn the_company(story: &Story) -> Result<()> {
    let browser = &story.browser;
    for (slug, above) in company::PLACED {
        story.client(above, slug, company::OWNER).await?;
    }
    sign_in(browser, company::OWNER).await?;
    for (name, slug, above) in company::MADE {
        browser.goto(&format!("/o/{above}")).await?;
        browser.follow("Create sub-organization").await?;
        ensure!(browser.value("parent").await? == above, "it would not lie beneath {above}");
        browser.fill("name", name).await?;
        browser.fill("slug", slug).await?;
        browser.follow("Create organization").await?;
        browser.at(&format!("/o/{slug}")).await?;
    }
    make_team(browser, company::CUSTOMER_A, "Operators").await?;

    sign_in(browser, SITE).await?;
    for (who, at, reach) in company::ADMINISTRATORS {
        make_administrator(browser, at, (who, reach)).await?;
    }
    put_into_team(browser, company::CUSTOMER_A, "operators", (company::USER, "developer")).await?;
    browser.goto(&format!("/platform/users?search={}", company::ROBOT)).await?;
    browser.click("Change: what the account").await?;
    browser.click_at("#users option[value=no_console]").await?;
    browser.follow("Save").await?;
    browser.goto(&format!("/platform/users?search={}", company::ROBOT)).await?;
    browser.see_in("#users", "Tokens only").await
}

/// ROLE-3: whoever this is sees exactly what the story says.
async fn sees(browser: &Browser, who: &str) -> Result<()> {
    sign_in(browser, who).await?;
    let mut seen = organizations(browser).await?;
    seen.sort();
    let expected = company::SEES.iter().find(|(one, _)| *one == who).map(|(_, sees)| *sees);
    ensure!(
        Some(seen.iter().map(String::as_str).collect::<Vec<_>>().as_slice()) == expected,
        "{who} sees {seen:?}"
    );
    Ok(())
}

/// ROLE-4: the form refuses the account, its token goes on.
async fn the_robot(browser: &Browser, token: &Client) -> Result<()> {
    sign_in(browser, company::ROBOT).await?;
    browser.at("/sign-in").await?;
    ensure!(browser.count(".error-summary").await? == 1, "the account is not refused");
    browser.goto("/me/organizations").await?;
    browser.at("/sign-in").await?;
    let seen = token.organizations(PageQuery::default()).await?.items;
    ensure!(seen.iter().map(|one| one.slug.as_str()).eq([company::ENGINEERING]), "its token sees {seen:?}");
    Ok(())
}

async fn the_user_of_customer_a(browser: &Browser) -> Result<()> {
    sees(browser, company::USER).await?;
    for hidden in company::HIDDEN_FROM_USER {
        is_hidden(browser, &format!("/o/{hidden}"), hidden).await?;
    }
    let own = format!("/o/{}", company::CUSTOMER_A);
    may_not_list(browser, &format!("{own}/members"), "members", "members.view").await?;
    browser.goto(&own).await?;
    let shown = browser.text("body").await?;
    ensure!(!company::HIDDEN_FROM_USER.iter().any(|hidden| shown.contains(hidden)), "HIER-4: {shown}");
    Ok(())
}

async fn the_engineer(browser: &Browser) -> Result<()> {
    sees(browser, company::ENGINEER).await?;
    let own = format!("/o/{}", company::ENGINEERING);
    let members = listed(browser, &format!("{own}/members"), "members").await?;
    // Who reaches it from above only is not known here.
    let expected = [company::ENGINEER, company::OWNER, company::ROBOT];
    ensure!(members == expected, "the engineer sees {members:?}");
    ensure!(!browser.text("body").await?.contains(company::COMPANY), "HIER-4: what lies above is named");
    for (page, permission) in [("delete", "organizations.delete"), ("settings", "organizations.update")] {
        browser.goto(&format!("{own}/{page}")).await?;
        is_refused(browser, permission).await?;
    }
    Ok(())
}

async fn the_root_administrator(browser: &Browser) -> Result<()> {
    sees(browser, company::ROOT).await?;
    let members = listed(browser, &format!("/o/{}/members", company::ENGINEERING), "members").await?;
    ensure!(
        members.iter().any(|one| one == company::ROOT),
        "the root administrator is not among {members:?}"
    );
    browser.see_in("#members", &format!("Administrator of {}", company::COMPANY)).await?;
    let mut beneath = listed(browser, &format!("/o/{}", company::COMPANY), "children").await?;
    beneath.sort();
    ensure!(beneath == ["engineering", "example-inc", "managed-services", "marketing"], "{beneath:?}");
    browser.follow("Tree").await?;
    for customer in [company::CUSTOMER_A, company::CUSTOMER_B] {
        let above = format!(
            ".tree li:has(> .tree-row [href='/o/{}']) > ul [href='/o/{customer}']",
            company::SERVICES
        );
        ensure!(browser.count(&above).await? == 1, "the tree has {customer} elsewhere");
    }
    is_blocked(browser, company::SERVICES, [company::CUSTOMER_A, company::CUSTOMER_B]).await?;
    for slug in company::DELETED {
        delete(browser, slug).await?;
    }
    let left = organizations(browser).await?;
    ensure!(
        left.len() == 4 && !company::DELETED.iter().any(|gone| left.iter().any(|one| one == gone)),
        "{left:?}"
    );
    Ok(())
}

/// One organization: owner, administrators, groups of people with projects, a billing administrator; what each is offered;
/// leaving; nothing is deleted while there are projects.
#[tokio::test(flavor = "multi_thread")]
async fn role_1_role_2_org_9_the_roles_of_one_organization() -> Result<()> {
    let story = Story::begin(&roles::PEOPLE).await?;
    let browser = &story.browser;
    story.client(OPERATOR, roles::ORGANIZATION, roles::OWNER).await?;
    sign_in(browser, SITE).await?;
    make_administrator(browser, roles::ORGANIZATION, (roles::ADMINISTRATOR, "here")).await?;
    the_administrator_builds(browser).await?;
    sign_in(browser, SITE).await?;
    for (who, role) in [(roles::DEVELOPER, "developer"), (roles::BILLING, "viewer")] {
        put_into_team(browser, roles::ORGANIZATION, roles::GROUP.1, (who, role)).await?;
    }

    the_owner_gives_the_billing_role(browser).await?;
    the_administrator_takes_out(browser, roles::BILLING).await?;
    the_developer_leaves(browser).await?;
    the_billing_administrator(browser).await?;
    the_owner_ends_it(browser).await?;
    sign_in(browser, roles::BILLING).await?;
    browser.goto("/me/billing").await?;
    browser.see("You see no billing").await?;
    story.end().await
}

/// ORG-6: what somebody is offered beside the organization in their list.
async fn is_offered(browser: &Browser, who: &str) -> Result<()> {
    browser.goto("/me/organizations").await?;
    let script = "return [...document.querySelectorAll('#organizations .links a')].map((one) => one.href.split('/').at(-1))";
    let links: Vec<String> = browser.run(script, &[]).await?;
    let words = links.iter().map(|link| if link == "settings" { "update" } else { link.as_str() });
    let offered: Vec<&str> = words.filter(|word| roles::ASKED.contains(word)).collect();
    let expected = roles::OFFERED.iter().find(|(one, _)| *one == who).map(|(_, offered)| *offered);
    ensure!(Some(offered.as_slice()) == expected, "{who} is offered {offered:?} of {links:?}");
    Ok(())
}

async fn the_administrator_builds(browser: &Browser) -> Result<()> {
    sign_in(browser, roles::ADMINISTRATOR).await?;
    is_offered(browser, roles::ADMINISTRATOR).await?;
    make_team(browser, roles::ORGANIZATION, roles::GROUP.0).await?;
    for (place, (name, _)) in roles::PROJECTS.into_iter().enumerate() {
        make_project(browser, roles::ORGANIZATION, name).await?;
        if place == 0 {
            share(browser, roles::GROUP.1, "developer").await?;
        }
    }
    is_hidden(browser, &format!("/me/billing/{}", roles::ORGANIZATION), roles::ORGANIZATION).await?;
    browser.goto(&format!("/o/{}/settings", roles::ORGANIZATION)).await?;
    is_refused(browser, "organizations.update").await
}

/// They may name who is here already; the platform's administrator has shown them by the team.
async fn the_owner_gives_the_billing_role(browser: &Browser) -> Result<()> {
    sign_in(browser, roles::OWNER).await?;
    is_offered(browser, roles::OWNER).await?;
    browser.goto(&format!("/me/billing/{}", roles::ORGANIZATION)).await?;
    browser.fill("user", roles::BILLING).await?;
    browser.follow("Add billing administrator").await?;
    browser.see_in("#administrators", roles::BILLING).await?;
    browser.goto(&format!("/o/{}/leave", roles::ORGANIZATION)).await?;
    browser.see_in("main", "You are its owner").await?;
    ensure!(browser.count("main form").await? == 0, "the owner could leave");
    send(browser, &format!("/o/{}/leave", roles::ORGANIZATION), &[]).await?;
    browser.see_in(".error-summary", "The owner cannot leave").await
}

async fn the_administrator_takes_out(browser: &Browser, who: &str) -> Result<()> {
    sign_in(browser, roles::ADMINISTRATOR).await?;
    browser.goto(&format!("/o/{}/teams/{}", roles::ORGANIZATION, roles::GROUP.1)).await?;
    browser.click(&format!("Remove: {who}")).await?;
    browser.follow("Remove from team").await?;
    ensure!(!browser.text("#members").await?.contains(who), "{who} is in the team still");
    Ok(())
}

/// ROLE-2, ORG-9: a member by a team sees their teams and projects, and may leave.
async fn the_developer_leaves(browser: &Browser) -> Result<()> {
    let own = format!("/o/{}", roles::ORGANIZATION);
    sign_in(browser, roles::DEVELOPER).await?;
    is_offered(browser, roles::DEVELOPER).await?;
    ensure!(browser.count("#organizations .links a").await? == 1, "a member is offered more than leaving");
    ensure!(listed(browser, &format!("{own}/projects"), "projects").await? == [roles::PROJECTS[0].1]);
    is_hidden(browser, &format!("{own}/projects/{}", roles::PROJECTS[1].1), roles::PROJECTS[1].0).await?;
    may_not_list(browser, &format!("{own}/members"), "members", "members.view").await?;
    browser.goto("/me/organizations").await?;
    browser.follow("Leave").await?;
    browser.at(&format!("{own}/leave")).await?;
    browser.follow("Leave").await?;
    browser.see("You have left").await?;
    browser.see("You are in no organization yet").await?;
    is_hidden(browser, &own, roles::PROJECTS[0].0).await
}

/// ROLE-1, BILL-1: the billing and nothing else.
async fn the_billing_administrator(browser: &Browser) -> Result<()> {
    sign_in(browser, roles::BILLING).await?;
    ensure!(organizations(browser).await?.is_empty(), "billing shows more than billing");
    is_hidden(browser, &format!("/o/{}", roles::ORGANIZATION), roles::PROJECTS[0].0).await?;
    ensure!(listed(browser, "/me/billing", "billing").await? == [roles::ORGANIZATION]);
    browser.follow(roles::ORGANIZATION).await?;
    browser.see_in("main", "Billing administrator").await
}

async fn the_owner_ends_it(browser: &Browser) -> Result<()> {
    sign_in(browser, roles::OWNER).await?;
    let own = format!("/o/{}", roles::ORGANIZATION);
    is_blocked(browser, roles::ORGANIZATION, roles::PROJECTS.map(|(_, slug)| slug)).await?;
    for (_, project) in roles::PROJECTS {
        browser.goto(&format!("{own}/projects/{project}")).await?;
        browser.click("Delete project").await?;
        browser.fill("confirm", project).await?;
        browser.follow("Delete project").await?;
        browser.at(&format!("{own}/projects")).await?;
    }
    browser.see("No projects yet").await?;
    delete(browser, roles::ORGANIZATION).await
}
