//! Measures one hub with many agents: what it uses while nothing happens, how long a change of every organization takes
//! to every agent, and what a restart costs. The agents speak the real protocol over TLS, each with its own key, and have
//! no cluster behind them. Run it as `cargo xtask bench-agents`; the results are in `bench/README.md`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use bastide_api::client::Client;
use bastide_api::clusters::{AcceptCluster, NewJoinToken, UploadLicence};
use bastide_api::organizations::{NewOrganization, OrganizationChange};
use bastide_model::limits::{AGENT_POLL_SECONDS, HEARTBEAT_SECONDS};
use bastide_model::{Ids as _, SystemIds};
use bastide_testkit::benchmark::{count, order, say, slug};
use bastide_testkit::fake_agent::FakeAgent;
use bastide_testkit::hub::{Hub, Options};
use bastide_testkit::{benchmark, measure, wait};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Agents when nothing else is said.
const AGENTS: usize = 1_000;
/// Requests of the administrator at one time.
const PARALLEL: usize = 4;
/// How long is looked at the hub while nothing happens.
const REST: Duration = Duration::from_mins(1);
/// How long something may take that concerns every agent.
const LIMIT: Duration = Duration::from_mins(5);
/// Bounds of an agent's wait after a failure, as those of the real one.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));

#[tokio::main]
async fn main() -> std::process::ExitCode {
    benchmark::main(run()).await
}

async fn run() -> Result<()> {
    let agents = count("agents", AGENTS, 2_000)?;
    let hub = Hub::start(Options::default()).await?;
    let admin = Arc::new(hub.set_up().await?);
    let root = NewOrganization { name: "Northwind Cloud".into(), ..NewOrganization::default() };
    admin.create_organization(&root).await?;

    let began = Instant::now();
    let fleet = join_all(&hub, &admin, agents).await?;
    say(&format!("agents                    {agents}"));
    say(&format!("joined after              {:.1} s", began.elapsed().as_secs_f64()));
    rest(&hub).await?;
    change(&admin, &fleet).await?;
    restart(hub, &fleet).await?;
    if cfg!(debug_assertions) {
        bail!("the programs were not built for release: run `cargo xtask bench-agents`");
    }
    Ok(())
}

/// What an agent has seen last: the name of its organization, and when it was in touch with the hub.
#[derive(Debug, Clone, Default)]
struct Seen {
    name: String,
    at: Option<Instant>,
}

/// An agent that beats and polls until it is dropped.
struct Running {
    organization: String,
    polled: watch::Receiver<Seen>,
    beaten: watch::Receiver<Option<Instant>>,
    _tasks: JoinSet<()>,
}

async fn join_all(hub: &Hub, admin: &Arc<Client>, count: usize) -> Result<Vec<Running>> {
    let mut fleet = Vec::with_capacity(count);
    for number in 0..count {
        let name = format!("spoke-{number}");
        let token = NewJoinToken { cluster_name: name.clone(), minutes: None };
        let issued = admin.create_join_token("main", &token).await?;
        let mut agent = FakeAgent::new(&issued.command)?;
        let fingerprint = agent.request(&issued.secret).await?;
        admin.accept_cluster(&name, &AcceptCluster { fingerprint }).await?;
        agent.enter().await?;
        ensure!(agent.beat(true).await?.status.is_success(), "a sign of life was refused");
        let pem = hub.licence_for(&agent.uid().to_string(), 365)?;
        admin.upload_licence(&name, &UploadLicence { pem, force: false }).await?;
        admin.create_client_organization(&order(number, &name)).await?;
        fleet.push(set_going(agent, slug(number)));
    }
    for one in &fleet {
        let mut polled = one.polled.clone();
        let placed = polled.wait_for(|seen| !seen.name.is_empty());
        tokio::time::timeout(LIMIT, placed).await.context("an agent was given nothing")??;
    }
    Ok(fleet)
}

fn set_going(agent: FakeAgent, organization: String) -> Running {
    let (polled, seen) = watch::channel(Seen::default());
    let (beaten, beat) = watch::channel(None);
    let mut tasks = JoinSet::new();
    let same = agent.clone();
    tasks.spawn(async move { poll(&same, &polled).await });
    tasks.spawn(async move { keep_beating(&agent, &beaten).await });
    Running { organization, polled: seen, beaten: beat, _tasks: tasks }
}

async fn poll(agent: &FakeAgent, polled: &watch::Sender<Seen>) {
    let (mut after, mut failures) = (0, 0);
    loop {
        let answer = agent.wait_for_desired(after, Duration::from_secs(AGENT_POLL_SECONDS)).await;
        let Ok(desired) = answer else {
            failures += 1;
            pause_after(failures).await;
            continue;
        };
        failures = 0;
        after = desired.generation;
        let content = desired.sets.iter().rev().find_map(|set| set.content.as_ref());
        let name = content.map(|content| content.name.clone());
        polled.send_modify(|seen| {
            seen.at = Some(Instant::now());
            if let Some(name) = name {
                seen.name = name;
            }
        });
        // What is not taken now is said again with the next change.
        let _ = agent.report(&desired).await;
    }
}

async fn keep_beating(agent: &FakeAgent, beaten: &watch::Sender<Option<Instant>>) {
    let every = Duration::from_secs(HEARTBEAT_SECONDS.unsigned_abs());
    let mut failures = 0;
    loop {
        if agent.beat(true).await.is_ok_and(|answered| answered.status.is_success()) {
            failures = 0;
            beaten.send_replace(Some(Instant::now()));
            tokio::time::sleep(every.mul_f64(0.75 + unit() / 2.0)).await;
        } else {
            failures += 1;
            pause_after(failures).await;
        }
    }
}

/// Full jitter, as the real agent's.
async fn pause_after(failures: u32) {
    let (min, max) = RETRY;
    let most = min.saturating_mul(2u32.saturating_pow(failures.min(16))).min(max);
    tokio::time::sleep(min + most.saturating_sub(min).mul_f64(unit())).await;
}

/// A random number from 0 to 1: the end of a fresh id is random.
fn unit() -> f64 {
    let [.., high, low] = SystemIds.fresh().into_bytes();
    f64::from(u16::from_be_bytes([high, low])) / f64::from(u16::MAX)
}

async fn rest(hub: &Hub) -> Result<()> {
    let process = hub.process_id();
    let (before, began) = (measure::processor_time(process)?, Instant::now());
    tokio::time::sleep(REST).await;
    let used = measure::processor_time(process)?.saturating_sub(before);
    let share = used.as_secs_f64() / began.elapsed().as_secs_f64();
    let memory = measure::memory(process)?;
    say(&format!("hub at rest               {:.1} % of one core, {} MiB", share * 100.0, memory.resident));
    Ok(())
}

/// Renames every organization; each name has to reach its agent.
async fn change(admin: &Arc<Client>, fleet: &[Running]) -> Result<()> {
    let began = Instant::now();
    let mut renaming = JoinSet::new();
    let mut renamed = BTreeMap::new();
    for one in fleet {
        while renaming.len() >= PARALLEL {
            note(renaming.join_next().await, &mut renamed)?;
        }
        let (admin, slug) = (Arc::clone(admin), one.organization.clone());
        renaming.spawn(async move {
            let etag = admin.organization(&slug).await?.etag;
            let change = OrganizationChange { name: Some(new_name(&slug)), ..OrganizationChange::default() };
            let asked = Instant::now();
            admin.update_organization(&slug, &etag, &change).await?;
            Ok::<_, anyhow::Error>((slug, asked))
        });
    }
    while let Some(one) = renaming.join_next().await {
        note(Some(one), &mut renamed)?;
    }
    let mut took = Vec::with_capacity(fleet.len());
    let mut last = began;
    for one in fleet {
        let wanted = new_name(&one.organization);
        let mut polled = one.polled.clone();
        let there = polled.wait_for(|seen| seen.name == wanted);
        let at = tokio::time::timeout(LIMIT, there).await.context("a change did not arrive")??.at;
        let at = at.context("no time")?;
        last = last.max(at);
        took.push(at.saturating_duration_since(*renamed.get(&one.organization).context("not renamed")?));
    }
    say(&format!(
        "a change of every one     {:.1} s until the last agent had it",
        (last - began).as_secs_f64()
    ));
    for (name, part) in [("half", 0.5), ("99 %", 0.99), ("all", 1.0)] {
        let within = measure::percentile(&mut took, part).context("no agents")?;
        say(&format!("  of them {name:<16} within {} ms of the request", within.as_millis()));
    }
    Ok(())
}

fn new_name(slug: &str) -> String {
    format!("{slug} renamed")
}

fn note(
    one: Option<std::result::Result<Result<(String, Instant)>, tokio::task::JoinError>>,
    renamed: &mut BTreeMap<String, Instant>,
) -> Result<()> {
    if let Some(one) = one {
        renamed.extend([one??]);
    }
    Ok(())
}

/// Ends the hub and starts it again; how long it takes until every agent polls and beats again.
async fn restart(hub: Hub, fleet: &[Running]) -> Result<()> {
    let began = Instant::now();
    let hub = hub.restart().await?;
    let ready = Instant::now();
    say(&format!("restart                   answers again after {:.1} s", (ready - began).as_secs_f64()));
    wait::until("every agent to be back", LIMIT, async || {
        let back = |at: &Option<Instant>| at.is_some_and(|at| at > ready);
        let all = fleet.iter().all(|one| back(&one.beaten.borrow()) && back(&one.polled.borrow().at));
        Ok(all.then_some(()))
    })
    .await?;
    let back = ready.elapsed();
    let used = measure::processor_time(hub.process_id())?;
    let memory = measure::memory(hub.process_id())?;
    say(&format!("every agent is back       {:.1} s later", back.as_secs_f64()));
    say(&format!("  used by the hub         {:.1} s of processor time", used.as_secs_f64()));
    say(&format!("  memory of the hub       {} MiB, at most {} MiB", memory.resident, memory.peak));
    hub.stop().await
}
