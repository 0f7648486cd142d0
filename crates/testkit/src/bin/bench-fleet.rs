//! Measures how fast organizations reach a cluster: a hub, one real spoke, and client organizations that are created through
//! the API, until the spoke says of every one of them that it is ready. Run it as `cargo xtask bench`, which builds the
//! programs for release; the results and how to read them are in `bench/README.md`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use bastide_api::client::Client;
use bastide_api::organizations::NewOrganization;
use bastide_testkit::benchmark::{count, order, say, slug};
use bastide_testkit::hub::{ADMINISTRATOR, Hub, Options};
use bastide_testkit::spoke::Spoke;
use bastide_testkit::{benchmark, measure, wait};
use tokio::task::JoinSet;

/// Namespaces that each organization gets.
const NAMESPACES_EACH: usize = 2;
/// Requests to create an organization at one time.
const PARALLEL: usize = 4;
/// How long everything may take to be ready, per organization.
const LIMIT_EACH: Duration = Duration::from_secs(3);
/// Organizations when nothing else is said: as many as the run of Capsule 0.14 has tenants to which it is compared.
const ORGANIZATIONS: usize = 200;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    benchmark::main(run()).await
}

async fn run() -> Result<()> {
    let organizations = count("organizations", ORGANIZATIONS, 5_000)?;
    let hub = Hub::start(Options::default()).await?;
    let admin = hub.set_up().await?;
    admin
        .create_organization(&NewOrganization {
            name: "Northwind Cloud".into(),
            ..NewOrganization::default()
        })
        .await?;
    let mut spoke = Spoke::start("eu-1").await?;
    spoke.join(&hub, &admin, "eu-1").await?;
    let before = requests(&spoke).await?;

    let began = Instant::now();
    create(Arc::new(admin), organizations).await?;
    let created = began.elapsed();
    let limit = LIMIT_EACH.saturating_mul(u32::try_from(organizations)?) + Duration::from_mins(1);
    let client = hub.client_as(ADMINISTRATOR).await?;
    let mut waiting = 0;
    wait::until("every organization to be ready", limit, async || {
        // From the first that is not ready on: those before stay ready.
        while waiting < organizations {
            if !is_ready(&client, waiting).await? {
                return Ok(None);
            }
            waiting += 1;
        }
        Ok(Some(()))
    })
    .await?;
    let converged = began.elapsed();
    let after = requests(&spoke).await?;
    report(&hub, &spoke, organizations, created, converged, after - before)
}

async fn create(admin: Arc<Client>, organizations: usize) -> Result<()> {
    let mut creating = JoinSet::new();
    for number in 0..organizations {
        while creating.len() >= PARALLEL {
            finished(creating.join_next().await)?;
        }
        let admin = Arc::clone(&admin);
        creating
            .spawn(async move { admin.create_client_organization(&order(number, "eu-1")).await.map(|_| ()) });
    }
    while let Some(one) = creating.join_next().await {
        finished(Some(one))?;
    }
    Ok(())
}

fn finished<E: std::error::Error + Send + Sync + 'static>(
    one: Option<std::result::Result<std::result::Result<(), E>, tokio::task::JoinError>>,
) -> Result<()> {
    match one {
        Some(Ok(created)) => Ok(created?),
        Some(Err(panicked)) => Err(panicked.into()),
        None => Ok(()),
    }
}

async fn is_ready(client: &Client, number: usize) -> Result<bool> {
    let placements = client.placements(&slug(number), bastide_api::PageQuery::default()).await?.items;
    Ok(placements
        .iter()
        .flat_map(|placement| &placement.conditions)
        .any(|condition| condition.kind == "Ready" && condition.status == "True"))
}

/// Requests that the spoke's API server has answered so far.
async fn requests(spoke: &Spoke) -> Result<f64> {
    let text = spoke.plane().kubectl(&["get", "--raw", "/metrics"]).await?;
    let values = text.lines().filter(|line| line.starts_with("apiserver_request_total{"));
    Ok(values.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum())
}

fn report(
    hub: &Hub,
    spoke: &Spoke,
    organizations: usize,
    created: Duration,
    converged: Duration,
    requests: f64,
) -> Result<()> {
    let namespaces = organizations * NAMESPACES_EACH;
    let mut memory = BTreeMap::from([
        ("bastide-server".to_owned(), measure::memory(hub.process_id())?.resident),
        ("bastide-agent".to_owned(), measure::memory(spoke.agent_id().context("no agent runs")?)?.resident),
    ]);
    for process in spoke.plane().process_ids() {
        memory.insert(measure::name(process), measure::memory(process)?.resident);
    }
    ensure!(converged >= created, "the clock went back");
    #[expect(clippy::cast_precision_loss, reason = "some thousands of namespaces")]
    let count = namespaces as f64;
    say(&format!("organizations             {organizations}"));
    say(&format!("namespaces                {namespaces}"));
    say(&format!("created after             {:.1} s", created.as_secs_f64()));
    say(&format!("converged after           {:.1} s", converged.as_secs_f64()));
    say(&format!("namespaces per second     {:.1}", count / converged.as_secs_f64()));
    say(&format!("API requests / namespace  {:.1}", requests / count));
    for (program, mib) in memory {
        say(&format!("resident memory           {mib:>5} MiB  {program}"));
    }
    if cfg!(debug_assertions) {
        bail!("the programs were not built for release: run `cargo xtask bench`");
    }
    Ok(())
}
