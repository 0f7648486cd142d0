//! Reading everything that can be read: the API by its ids and pages, the console by its links, the command line.

use std::collections::{BTreeSet, VecDeque};

use anyhow::{Context as _, Result, ensure};
use bastide_testkit::cast::{Cast, Side, canary};
use bastide_testkit::cli::Cli;
use bastide_testkit::hub::PASSWORD;
use bastide_testkit::routes::{self, Row};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::stage::{Answer, Guest, answer, names, text};

/// More pages than the console has for one tenant.
const PAGES_MAX: usize = 1_000;
/// More pages than any list of the cast has.
const LIST_PAGES_MAX: usize = 300;

/// A reader and what they may never read.
struct Reader {
    guest: Guest,
    forbidden: Vec<String>,
    requests: BTreeSet<String>,
    leaks: Vec<String>,
    /// The texts of the cast that they did read.
    seen: BTreeSet<String>,
}

/// What the owner of A reads of their own, field by field: a text that nobody can find would not be missed.
const FOUND: [&str; 30] = [
    "team-name",
    "team-description",
    "team-member",
    "team-member-name",
    "project-name",
    "project-description",
    "root",
    "root-name",
    "root-changed",
    "root-description",
    "root-key",
    "root-value",
    "root-owner",
    "root-owner-name",
    "root-browser",
    "child",
    "child-name",
    "child-key",
    "child-value",
    "child-owner-name",
    "child-pool",
    "child-pool-value",
    "child-taint",
    "child-taint-value",
    "child-object",
    "child-object-condition",
    "gateway",
    "spoke",
    "spoke-version",
    "spoke-capability",
];

/// E-16, E-43, HIER-2, HIER-4, HIER-6: the owner of an organization, the owner of one beneath it, the twin of the first,
/// and somebody without a role read all that they can; nothing of the others is in a body, a header, a message or in the
/// log of their requests.
#[tokio::test(flavor = "multi_thread")]
async fn e_16_nobody_reads_what_is_not_theirs() -> Result<()> {
    let cast = Cast::on_postgres().await?;
    let rows = routes::rows()?;
    let mut readers = readers(&cast)?;
    for reader in &mut readers {
        let seen = reader.read_api(&cast, &rows).await?;
        ensure!(seen > 5, "{} found only {seen} names", reader.guest.name);
        reader.search(&cast, &rows).await?;
        let pages = reader.read_console(&cast, &rows).await?;
        // Whoever has no organization has the pages of their own account.
        let least = if ["nobody", "A/child's member"].contains(&reader.guest.name) { 5 } else { 12 };
        ensure!(pages >= least, "{} saw only {pages} pages", reader.guest.name);
        reader.provoke(&cast).await?;
    }
    let owner = readers.first().context("nobody reads")?;
    for field in FOUND {
        ensure!(owner.seen.contains(&canary('a', field)), "nobody found {field}: {:?}", owner.seen);
    }
    for reader in &readers {
        reader.check_log(&cast.hub.log()?)?;
        ensure!(reader.leaks.is_empty(), "{} read:\n{}", reader.guest.name, reader.leaks.join("\n"));
    }
    no_secret_is_in(&cast, &cast.hub.log()?)
}

/// E-16: the same through the command line.
#[tokio::test(flavor = "multi_thread")]
async fn e_16_nobody_reads_what_is_not_theirs_on_the_command_line() -> Result<()> {
    let cast = Cast::on_postgres().await?;
    let cli = Cli::new(&cast.hub.url(), Some(cast.a.owner.token.clone()))?;
    let (own, other) = (&cast.a, &cast.b);
    let mut lines = 0;
    for list in ["organization", "cluster", "token", "session", "plan", "permission"] {
        let said = cli.ok(&[list, "list", "-o", "json"]).await?;
        ensure!(!said.contains("canary-b"), "{list}: {said}");
        lines += said.lines().count();
    }
    let of_organizations = [
        ["organization", "get"],
        ["member", "list"],
        ["organization", "placements"],
        ["organization", "audit"],
    ];
    for [noun, verb] in of_organizations {
        for organization in [&own.root.slug, &own.child.slug, &own.annex.id] {
            let said = cli.ok(&[noun, verb, organization, "-o", "json"]).await?;
            ensure!(!said.contains("canary-b"), "{noun} {verb} {organization}: {said}");
        }
        for organization in [&other.root.slug, &other.child.id] {
            absent(&cli, &[noun, verb, organization]).await?;
        }
    }
    absent(&cli, &["resource", "list", &other.child.slug]).await?;
    ensure!(lines > 50, "the lists had only {lines} lines");
    absent(&cli, &["cluster", "get", &other.spoke.cluster.name]).await?;
    absent(&cli, &["licence", "get", &other.spoke.cluster.id]).await?;
    absent(&cli, &["gateway", "list", &other.spoke.cluster.name]).await?;
    for list in [["user", "list"], ["hub", "list"], ["audit", "list"], ["join-token", "list"]] {
        absent(&cli, &list).await?;
    }
    Ok(())
}

/// FLEET-9, E-16: an organization's inventory is what is on its clusters for it, and nothing of any other organization.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_9_an_organizations_inventory_is_its_own() -> Result<()> {
    let cast = Cast::on_postgres().await?;
    let cli = Cli::new(&cast.hub.url(), Some(cast.a.owner.token.clone()))?;
    for (organization, object) in [(&cast.a.child, "child-object"), (&cast.a.annex, "annex-object")] {
        let object = canary(cast.a.letter, object);
        let list = async |filter: &[&str]| -> Result<Vec<String>> {
            let said =
                cli.ok(&[&["resource", "list", &organization.slug, "-o", "name"], filter].concat()).await?;
            Ok(said.lines().map(str::to_owned).collect())
        };
        ensure!(list(&[]).await? == [object.as_str()], "{:?}", list(&[]).await?);
        for (filter, is_there) in [
            (["--kind", "namespace"], true),
            (["--kind", "NetworkPolicy"], false),
            (["--ready", "true"], true),
            (["--ready", "false"], false),
            (["--search", &object], true),
            (["--cluster", "no-such-cluster"], false),
        ] {
            ensure!(list(&filter).await?.contains(&object) == is_there, "{filter:?}");
        }
    }
    Ok(())
}

/// HIER-6: the command ends with the code for what is not there, and says nothing but what was typed.
async fn absent(cli: &Cli, arguments: &[&str]) -> Result<()> {
    let said = cli.run(&[arguments, &["-o", "json"]].concat()).await?;
    let typed = arguments.last().copied().unwrap_or_default();
    let rest = format!("{}{}", said.stdout, said.stderr).replace(typed, "…");
    ensure!(said.code == 3 && !rest.contains("canary-b"), "{arguments:?} ended with {}: {rest}", said.code);
    Ok(())
}

/// E-16: an agent is told only what belongs on its cluster, and speaks only of that.
#[tokio::test(flavor = "multi_thread")]
async fn e_16_an_agent_knows_and_speaks_of_its_own_cluster_only() -> Result<()> {
    use bastide_api::agent::{STATUS, SetStatus, Status};
    let cast = Cast::on_postgres().await?;
    let agent = &cast.a.spoke.agent;
    let desired = serde_json::to_string(&agent.desired(0).await?)?;
    ensure!(desired.contains("canary-a-child") && !desired.contains("canary-b"), "{desired}");
    ensure!(!desired.contains(&cast.a.annex.id), "an organization of another spoke: {desired}");
    let before = super::stage::state(&cast).await?;
    let set = |organization: &str, removed| SetStatus {
        organization: organization.to_owned(),
        observed_generation: 1,
        removed,
        conditions: Vec::new(),
        objects: Vec::new(),
    };
    let foreign = [&cast.b.child.id, &cast.b.root.id, &cast.a.annex.id, &cast.b.annex.id];
    let sets = foreign.iter().flat_map(|id| [set(id, false), set(id, true)]).collect();
    let answered = agent.send(STATUS, &Status { sets }).await?;
    ensure!(!answered.status.is_server_error(), "{}: {}", answered.status, answered.body);
    ensure!(super::stage::state(&cast).await? == before, "an agent changed what is on another cluster");
    Ok(())
}

fn readers(cast: &Cast) -> Result<Vec<Reader>> {
    let everything = |side: &Side| {
        let mut words = vec![
            format!("canary-{}", side.letter),
            side.owner.id.clone(),
            side.child_owner.id.clone(),
            side.member.id.clone(),
        ];
        words.extend(side.organizations().iter().map(|(_, one)| one.id.clone()));
        words.extend([side.spoke.cluster.id.clone(), side.gateway.id.clone()]);
        words
    };
    let reader = |name, person, own: Vec<String>| -> Result<Reader> {
        let guest = Guest::new(cast, name, person)?;
        // What belongs to the installation and to nobody's organization.
        // Of its organization, which is public, the name and the description may be read (ORG-4).
        let site = [
            "canary-s-licence",
            "canary-s-annotation",
            "spoke-asking",
            "spoke-withdrawn",
            &cast.asking.id,
            "setup_complete",
        ];
        let forbidden = own.into_iter().chain(site.map(str::to_owned)).collect();
        Ok(Reader { guest, forbidden, requests: BTreeSet::new(), leaks: Vec::new(), seen: BTreeSet::new() })
    };
    let (a, b) = (&cast.a, &cast.b);
    let licence = |letter| vec![canary(letter, "licence")];
    let above = vec![
        canary('a', "root"),
        canary('a', "annex"),
        a.root.id.clone(),
        a.annex.id.clone(),
        a.owner.id.clone(),
    ];
    // Somebody of a team sees the organization, the team and its projects, and nobody else (ROLE-2).
    let around = [canary('a', "child-owner"), a.child_owner.id.clone()].to_vec();
    let around = [everything(b), above.clone(), licence('a'), around].concat();
    Ok(vec![
        reader("A's owner", &a.owner, [everything(b), licence('a')].concat())?,
        reader("A/child's owner", &a.child_owner, [everything(b), above, licence('a')].concat())?,
        reader("A/child's member", &a.member, around)?,
        reader("B's owner", &b.owner, [everything(a), licence('b')].concat())?,
        reader("nobody", &cast.nobody, [everything(a), everything(b)].concat())?,
    ])
}

impl Reader {
    /// Reads every path of the API with every name that was found on the way, and with every name of the others.
    async fn read_api(&mut self, cast: &Cast, rows: &[Row]) -> Result<usize> {
        let gets: Vec<&Row> =
            rows.iter().filter(|row| row.surface == "api" && row.method == Method::GET).collect();
        let mut found = BTreeSet::new();
        for row in gets.iter().filter(|row| !row.path.contains('{')) {
            self.read_pages(&row.path, &mut found).await?;
        }
        let own: Vec<String> = found.iter().cloned().collect();
        let others = foreign(cast);
        for row in gets.iter().filter(|row| row.path.contains('{')) {
            for name in own.iter().chain(&others) {
                self.read_pages(&filled(&row.path, name), &mut found).await?;
            }
        }
        Ok(own.len())
    }

    /// One path, page by page when it is a list.
    async fn read_pages(&mut self, path: &str, found: &mut BTreeSet<String>) -> Result<()> {
        let first = self.guest.read(path).await?;
        self.look(path, &first)?;
        let Ok(document) = first.json() else { return Ok(()) };
        if !first.status.is_success() || document.get("items").is_none() {
            if first.status.is_success() {
                names(&document, found);
            }
            return Ok(());
        }
        let mut next = Some(format!("{path}?page_size=1"));
        let mut pages = 0;
        while let Some(page) = next.take() {
            let answer = self.guest.read(&page).await?;
            self.look(&page, &answer)?;
            let document = answer.good()?;
            names(&document, found);
            let token = text(&document, "next_page_token");
            next = token.map(|token| format!("{path}?page_size=1&page_token={}", encoded(token)));
            pages += 1;
            ensure!(pages < LIST_PAGES_MAX, "{path} has no end");
        }
        Ok(())
    }

    /// Looks for what is not theirs, by its name and with page tokens that belong to others.
    async fn search(&mut self, cast: &Cast, rows: &[Row]) -> Result<()> {
        let others = [Guest::new(cast, "B", &cast.b.owner)?, Guest::new(cast, "site", &cast.administrator)?];
        let lists = rows.iter().filter(|row| row.surface == "api" && row.method == Method::GET);
        for row in lists.filter(|row| !row.path.contains('{')) {
            let theirs = self.forbidden.first().cloned().unwrap_or_default();
            let answer = self.guest.read(&format!("{}?search={theirs}", row.path)).await?;
            if let Some(items) = answer.json()?.get("items").and_then(Value::as_array) {
                ensure!(items.is_empty(), "{}: a search finds {items:?}", row.path);
            }
            for other in &others {
                let page = other.read(&format!("{}?page_size=1", row.path)).await?;
                let page = page.json().unwrap_or_default();
                let Some(token) = text(&page, "next_page_token") else { continue };
                let path = format!("{}?page_token={}", row.path, encoded(token));
                let answer = self.guest.read(&path).await?;
                self.look(&path, &answer)?;
            }
        }
        Ok(())
    }

    /// Every page of the console, by its links, and the others' pages by their addresses. How many were shown.
    async fn read_console(&mut self, cast: &Cast, rows: &[Row]) -> Result<usize> {
        let mut waiting = VecDeque::from(["/".to_owned()]);
        for row in rows.iter().filter(|row| row.surface == "console" && row.method == Method::GET) {
            if row.path.contains('{') {
                // Pages go by short names; what goes by ids is read above.
                let named = foreign(cast).into_iter().filter(|name| !name.contains('_'));
                waiting.extend(named.map(|name| filled(&row.path, &name)));
            } else {
                waiting.push_back(row.path.clone());
            }
        }
        let (mut known, mut shown) = (BTreeSet::new(), 0);
        while let Some(path) = waiting.pop_front() {
            if !known.insert(path.clone()) || path.starts_with("/assets/") {
                continue;
            }
            ensure!(known.len() < PAGES_MAX, "the console has no end: {path}");
            let page = answer(self.guest.page(Method::GET, &path)).await?;
            self.look(&path, &page)?;
            shown += usize::from(page.status == StatusCode::OK);
            waiting.extend(Some(page.header("location").to_owned()).filter(|to| to.starts_with('/')));
            waiting.extend(links(&page.body));
        }
        Ok(shown)
    }

    /// Errors tell nothing either: neither of a name that is taken, nor of a parent that is somebody else's.
    async fn provoke(&mut self, cast: &Cast) -> Result<()> {
        let other = if self.guest.name == "B's owner" { &cast.a } else { &cast.b };
        let taken = serde_json::json!({ "name": "Mine", "slug": other.root.slug });
        let beneath = serde_json::json!({ "name": "Mine", "parent": other.root.slug });
        for body in [taken, beneath] {
            let mut answer = self.guest.send(Method::POST, "/v1/organizations", &body).await?;
            ensure!(!answer.status.is_success(), "{}: {}", self.guest.name, answer.body);
            // Only what they typed themselves.
            answer.body = answer.body.replace(&other.root.slug, "…");
            self.look("POST /v1/organizations", &answer)?;
        }
        let (tag, patch) = (other.root.etag.as_str(), serde_json::json!({ "name": "Mine" }));
        let one = format!("/v1/organizations/{}", other.root.id);
        let change = self.guest.api(Method::PATCH, &one).header("if-match", tag).json(&patch);
        let answer = answer(change).await?;
        ensure!(answer.status == StatusCode::NOT_FOUND, "{}", answer.body);
        self.look("PATCH", &answer)
    }

    /// Keeps what an answer has in it that it may not have.
    fn look(&mut self, path: &str, answer: &Answer) -> Result<()> {
        ensure!(!answer.status.is_server_error(), "{path}: {}: {}", answer.status, answer.body);
        self.requests.insert(answer.header("request-id").to_owned());
        // A page says where it is, which is what was asked for; the address by itself tells nothing.
        let whole = answer.whole().replace(path.split('?').next().unwrap_or_default(), "…");
        let words = whole.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        self.seen.extend(words.filter(|word| word.starts_with("canary-")).map(str::to_owned));
        for word in &self.forbidden {
            if let Some(at) = whole.find(word.as_str()) {
                let near: String =
                    whole.chars().skip(whole[..at].chars().count().saturating_sub(60)).take(160).collect();
                self.leaks.push(format!("{path}: {}: …{near}…", answer.status));
            }
        }
        Ok(())
    }

    /// What the hub logged of this reader's requests has nothing of the others.
    fn check_log(&self, log: &str) -> Result<()> {
        let mut lines = 0;
        for line in log.lines().filter(|line| line.split('"').any(|text| self.requests.contains(text))) {
            lines += 1;
            let found = self.forbidden.iter().find(|word| line.contains(word.as_str()));
            ensure!(found.is_none(), "{}'s requests are logged with {found:?}: {line}", self.guest.name);
        }
        ensure!(lines >= self.requests.len(), "only {lines} lines for {} requests", self.requests.len());
        Ok(())
    }
}

/// E-33: no credential is ever logged.
fn no_secret_is_in(cast: &Cast, log: &str) -> Result<()> {
    let people = [&cast.administrator, &cast.nobody, &cast.a.owner, &cast.a.child_owner, &cast.b.owner];
    let mut secrets = vec![PASSWORD.to_owned()];
    for person in people {
        let cookie = person.cookie.split_once('=').map(|(_, secret)| secret.to_owned());
        secrets.extend([Some(person.token.clone()), cookie].into_iter().flatten());
    }
    secrets.extend([&cast.a, &cast.b].map(|side| side.spoke.join_token.clone()));
    for secret in secrets {
        ensure!(secret.len() > 10 && !log.contains(&secret), "a secret is in the log: {secret}");
    }
    Ok(())
}

/// Names of everything, by which somebody could ask for what is not theirs.
fn foreign(cast: &Cast) -> Vec<String> {
    let mut names =
        vec![cast.asking.id.clone(), cast.asking.name.clone(), "operator".to_owned(), "main".to_owned()];
    for side in [&cast.a, &cast.b] {
        for (_, organization) in side.organizations() {
            names.extend([organization.id.clone(), organization.slug.clone()]);
        }
        names.extend([side.spoke.cluster.id.clone(), side.spoke.cluster.name.clone()]);
        names.extend([side.gateway.id.clone(), side.gateway.slug.clone()]);
        names.extend([side.owner.id.clone(), side.child_owner.id.clone()]);
    }
    names
}

/// A path with a name in place of each parameter.
fn filled(path: &str, name: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { name.to_owned() } else { part.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Where the links of a page lead, on this server.
fn links(page: &str) -> Vec<String> {
    let targets = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let local = targets.filter(|target| target.starts_with('/'));
    local.map(|target| target.split('#').next().unwrap_or_default().replace("&amp;", "&")).collect()
}

/// A crawl that finds nothing would prove nothing.
#[test]
fn links_are_found() {
    let page =
        r#"<a href="/o/a?x=1&amp;y=2#z">a</a><a href="https://x.test/">b</a><link href="/assets/a.css">"#;
    assert_eq!(links(page), ["/o/a?x=1&y=2", "/assets/a.css"]);
    assert_eq!(filled("/v1/a/{b}/c/{d}", "x"), "/v1/a/x/c/x");
}
