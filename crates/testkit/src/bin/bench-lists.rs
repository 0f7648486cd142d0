//! Measures how fast pages of lists are answered with many organizations and accounts in PostgreSQL, while many read at
//! one time. The rows are put into the tables by one script, past the hub, and the pages are read over HTTP as programs
//! read them, page after page. Run it as `cargo xtask bench-lists`; the results are in `bench/README.md`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use bastide_testkit::benchmark::{count, say};
use bastide_testkit::hub::{Hub, Options};
use bastide_testkit::postgres::Postgres;
use bastide_testkit::{benchmark, measure, web};
use tokio::task::JoinSet;

/// Organizations when nothing else is said; five times as many accounts.
const ORGANIZATIONS: usize = 100_000;
const USERS_EACH: usize = 5;
/// Who reads at one time.
const READERS: usize = 32;
/// How long they read, after the first pages of each list, for which connections and statements are made.
const READING: Duration = Duration::from_secs(30);
const WARMING: Duration = Duration::from_secs(5);
/// What every page should be answered within, for 99 of 100 readers' requests.
const WITHIN: Duration = Duration::from_millis(50);

/// The rows: trees of organizations ten wide and up to six deep, each with an owner, one in ten accounts with a role at a
/// second one, an organization with a thousand members, and records of everything in the audit log.
const FILL: &str = include_str!("bench-lists.sql");

#[tokio::main]
async fn main() -> std::process::ExitCode {
    benchmark::main(run()).await
}

async fn run() -> Result<()> {
    let organizations = count("organizations", ORGANIZATIONS, 1_000_000)?;
    let server = Postgres::start().await?;
    let url = server.create_database().await?;
    let hub = Hub::start(Options { database: Some(url.clone()), ..Options::default() }).await?;
    hub.set_up().await?;
    let began = Instant::now();
    fill(&url, organizations).await?;
    say(&format!("organizations             {organizations}"));
    say(&format!("accounts                  {}", organizations * USERS_EACH));
    say(&format!("filled after              {:.1} s", began.elapsed().as_secs_f64()));
    let began = Instant::now();
    let hub = hub.restart().await?;
    let memory = measure::memory(hub.process_id())?;
    say(&format!(
        "the hub starts within     {:.1} s, {} MiB",
        began.elapsed().as_secs_f64(),
        memory.resident
    ));
    let slowest = read(&hub).await?;
    hub.stop().await?;
    server.stop().await?;
    if cfg!(debug_assertions) {
        bail!("the programs were not built for release: run `cargo xtask bench-lists`");
    }
    ensure!(slowest <= WITHIN, "a page took {} ms; {} are allowed", slowest.as_millis(), WITHIN.as_millis());
    Ok(())
}

async fn fill(url: &str, organizations: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("fill.sql");
    tokio::fs::write(&script, FILL).await?;
    let output = tokio::process::Command::new(Postgres::program("psql")?)
        .args(["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--dbname", url])
        .arg(format!("--set=organizations={organizations}"))
        .arg(format!("--set=users={}", organizations * USERS_EACH))
        .arg("--file")
        .arg(&script)
        .env("PGOPTIONS", "-c bastide.bounds=everything")
        .kill_on_drop(true)
        .output()
        .await
        .context("cannot run psql")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// A list, as somebody reads it.
#[derive(Debug, Clone, Copy)]
struct List {
    name: &'static str,
    path: &'static str,
    token: &'static str,
}

const SITE: &str = "bastide_pat_bench_site";
const OWNER: &str = "bastide_pat_bench_owner";
const MEMBER: &str = "bastide_pat_bench_member";

const fn list(name: &'static str, path: &'static str, token: &'static str) -> List {
    List { name, path, token }
}

/// Every list that is read in pages and grows with organizations, accounts, or what an organization has.
const LISTS: [List; 21] = [
    list("organizations, all", "/v1/organizations", SITE),
    list("organizations of an owner", "/v1/organizations", OWNER),
    list("organizations of a member", "/v1/organizations", MEMBER),
    list("organizations, found one", "/v1/organizations?search=77+org", SITE),
    list("organizations, found all", "/v1/organizations?search=org", SITE),
    list("owner's, found all", "/v1/organizations?search=org", OWNER),
    list("organizations beneath one", "/v1/organizations/org-1/children", OWNER),
    list("public organizations", "/v1/public-organizations", MEMBER),
    list("public, found", "/v1/public-organizations?search=org-1", MEMBER),
    list("accounts", "/v1/users", SITE),
    list("accounts, found one", "/v1/users?search=user-77%40", SITE),
    list("accounts, found all", "/v1/users?search=bench", SITE),
    list("members of a large one", "/v1/organizations/org-1/members", OWNER),
    list("members of a small one", "/v1/organizations/org-2/members", SITE),
    list("teams", "/v1/organizations/org-1/teams", OWNER),
    list("members of a team", "/v1/organizations/org-1/teams/team-1/members", OWNER),
    list("projects", "/v1/organizations/org-1/projects", OWNER),
    list("teams of a project", "/v1/organizations/org-1/projects/project-1/teams", OWNER),
    list("roles", "/v1/organizations/org-1/roles", OWNER),
    list("audit log of one", "/v1/organizations/org-1/audit", OWNER),
    list("audit log, all", "/v1/audit", SITE),
];

/// Everybody reads one list after the other, each at another page; what took how long, and the slowest list's 99 %.
async fn read(hub: &Hub) -> Result<Duration> {
    let client = web::builder().pool_max_idle_per_host(READERS).build()?;
    let begin = Instant::now() + WARMING;
    let end = begin + READING;
    let mut readers = JoinSet::new();
    for number in 0..READERS {
        let (client, base) = (client.clone(), hub.url());
        readers.spawn(async move {
            let mut next: [Option<String>; LISTS.len()] = Default::default();
            let mut took = Vec::new();
            for at in (number..).map(|turn| turn % LISTS.len()) {
                if Instant::now() >= end {
                    break;
                }
                let (Some(list), Some(cursor)) = (LISTS.get(at), next.get_mut(at)) else { break };
                let (time, following) = page(&client, &base, *list, cursor.take()).await?;
                *cursor = following;
                if Instant::now() >= begin {
                    took.push((list.name, time));
                }
            }
            Ok::<_, anyhow::Error>(took)
        });
    }
    let mut took: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    while let Some(one) = readers.join_next().await {
        for (name, time) in one?? {
            took.entry(name).or_default().push(time);
        }
    }
    let pages: usize = took.values().map(Vec::len).sum();
    let each_second = pages as u64 / READING.as_secs();
    say(&format!("{READERS} readers at a time      {each_second} pages per second"));
    let mut slowest = Duration::ZERO;
    for (name, mut times) in took {
        let half = measure::percentile(&mut times, 0.5).context("no pages")?;
        let most = measure::percentile(&mut times, 0.99).context("no pages")?;
        let (half, shown) = (half.as_secs_f64() * 1000.0, most.as_secs_f64() * 1000.0);
        say(&format!("  {name:<26}half {half:5.1} ms, 99 % {shown:5.1} ms, {} pages", times.len()));
        slowest = slowest.max(most);
    }
    Ok(slowest)
}

/// How long one page takes until all of it is there, and the cursor of the next.
async fn page(
    client: &reqwest::Client,
    base: &str,
    list: List,
    cursor: Option<String>,
) -> Result<(Duration, Option<String>)> {
    let mut url = format!("{base}{}", list.path);
    if let Some(cursor) = cursor {
        let joint = if list.path.contains('?') { '&' } else { '?' };
        url = format!("{url}{joint}page_token={cursor}");
    }
    let began = Instant::now();
    let (status, _, body) = web::ask(client.get(&url).bearer_auth(list.token)).await?;
    let took = began.elapsed();
    ensure!(status.is_success(), "{url}: {status} {body}");
    let body: serde_json::Value = serde_json::from_str(&body)?;
    ensure!(
        body.get("items").and_then(|items| items.as_array()).is_some_and(|all| !all.is_empty()),
        "{url}: {body}"
    );
    let next = body.get("next_page_token").and_then(|token| token.as_str()).map(str::to_owned);
    Ok((took, next))
}
