//! What takes longer tells as much as what is said (E-43, HIER-6).

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bastide_model::{ClusterId, OrganizationId, SystemIds};
use bastide_testkit::cast::Cast;
use reqwest::{Method, StatusCode};

use super::stage::{Answer, Guest, answer};

/// Rounds; in each every path is asked for once, so that whatever else the machine does falls on all of them.
const ROUNDS: usize = 60;
/// More than two medians of the same work ever differ by on a busy machine, and less than one more look into the database
/// by many rows would take.
const TOLERANCE: Duration = Duration::from_millis(5);
/// Rounds of signing in: a wrong password costs the work of a hash, and is counted.
const SIGN_INS: usize = 7;

/// E-43: an object of another tenant is absent in the time in which one that never was is absent.
#[tokio::test(flavor = "multi_thread")]
async fn e_43_what_is_hidden_takes_as_long_as_what_is_not_there() -> Result<()> {
    let cast = Cast::start().await?;
    let owner = Guest::new(&cast, "A", &cast.a.owner)?;
    let (organization, cluster) = (OrganizationId::fresh(&SystemIds), ClusterId::fresh(&SystemIds));
    for (hidden, absent) in [
        (format!("/v1/organizations/{}", cast.b.root.id), format!("/v1/organizations/{organization}")),
        (format!("/v1/organizations/{}", cast.b.root.slug), "/v1/organizations/never-was".to_owned()),
        (
            format!("/v1/organizations/{}/audit", cast.b.root.id),
            format!("/v1/organizations/{organization}/audit"),
        ),
        (format!("/v1/clusters/{}", cast.b.spoke.cluster.id), format!("/v1/clusters/{cluster}")),
        (format!("/v1/clusters/{}", cast.b.spoke.cluster.name), "/v1/clusters/never-was".to_owned()),
    ] {
        let mut times: [Vec<Duration>; 2] = Default::default();
        for _ in 0..ROUNDS {
            for (path, times) in [&hidden, &absent].into_iter().zip(&mut times) {
                let started = Instant::now();
                let answer = owner.read(path).await?;
                times.push(started.elapsed());
                ensure!(answer.status == StatusCode::NOT_FOUND, "{path}: {}", answer.status);
            }
        }
        let [hidden_time, absent_time] = times.map(median);
        let apart = hidden_time.abs_diff(absent_time);
        ensure!(apart < TOLERANCE, "{hidden} takes {hidden_time:?}, {absent} {absent_time:?}");
    }
    Ok(())
}

/// E-43: signing in tells neither by its words nor by its time whether there is such an account.
#[tokio::test(flavor = "multi_thread")]
async fn e_43_a_sign_in_does_not_tell_who_has_an_account() -> Result<()> {
    let cast = Cast::start().await?;
    let guest = Guest::new(&cast, "somebody", &cast.nobody)?;
    let mut times: [Vec<Duration>; 2] = Default::default();
    let mut words: [String; 2] = Default::default();
    for _ in 0..SIGN_INS {
        for (index, email) in [cast.b.owner.email.as_str(), "never-was@b.test"].into_iter().enumerate() {
            let form = [("email", email), ("password", "a wrong password"), ("next", "")];
            let request = guest.page(Method::POST, "/sign-in").header("cookie", "").form(&form);
            let started = Instant::now();
            let refused = answer(request).await?;
            times[index].push(started.elapsed());
            ensure!(refused.status == StatusCode::UNAUTHORIZED, "{email}: {}", refused.status);
            words[index] = plain(&refused, email);
        }
    }
    ensure!(words[0] == words[1], "two answers:\n{}\n\n{}", words[0], words[1]);
    let [known, unknown] = times.map(median);
    ensure!(known < unknown * 2 && unknown < known * 2, "with an account {known:?}, without {unknown:?}");
    Ok(())
}

/// The page without what belongs to the one request.
fn plain(answer: &Answer, email: &str) -> String {
    let policy = answer.header("content-security-policy");
    let nonce = policy
        .split_once("'nonce-")
        .and_then(|(_, rest)| rest.split_once('\''))
        .map_or("none", |(one, _)| one);
    answer.body.replace(answer.header("request-id"), "").replace(nonce, "").replace(email, "")
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
