//! Harness 1 of the threats: every operation as every actor of the cast. The answers are in `sweep.txt` beside this
//! folder, to be read by people; a change of who may do what is a change of that file. `BASTIDE_UPDATE=1` writes it.

mod agents;
mod cases;
mod stage;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use bastide_testkit::routes::{self, Row};
use cases::Case;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_LENGTH, DATE};
use stage::{Actor, Answer, Stage};
use table::Table;

/// HIER-6, E-20, E-33, E-43: the table is as it was agreed; nobody gets further without an account; what belongs to the
/// other tenant does not exist, word by word as what never was.
#[tokio::test(flavor = "multi_thread")]
async fn every_operation_as_every_actor() -> Result<()> {
    let rows = routes::rows()?;
    complete(&rows)?;
    let mut stage = Stage::set().await?;
    let actors = stage.actors.clone();
    let mut table = Table::new();
    let mut wrong = Vec::new();
    let legend: Vec<_> = actors.iter().map(|actor| (actor.name, actor.meaning)).collect();
    table.actors("People and programs", &legend);
    for row in rows.iter().filter(|row| row.surface != "agent") {
        table.operation(&row.method, &row.path, &row.id, &row.access);
        let mut absent: BTreeMap<&str, Vec<(&str, String)>> = BTreeMap::new();
        for case in cases::all().filter(|case| case.id == row.id) {
            let mut cells = Vec::new();
            for actor in &actors {
                let answer = stage.ask(actor, &row.method, case).await?;
                cells.push(cell(&answer));
                wrong.extend(faults(row, case, actor, &answer));
                if answer.status == StatusCode::NOT_FOUND {
                    absent.entry(actor.name).or_default().push((case.target, plain(&answer)));
                }
            }
            table.line(case.target, &cells);
        }
        wrong.extend(unequal(row, &absent));
    }
    agents::sweep(&stage.cast, &rows, &mut table).await?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sweep.txt");
    let differences = table.compare(&path)?;
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    ensure!(differences.is_empty(), "tests/sweep.txt is not what the hub does:\n{differences}");
    Ok(())
}

/// Every operation is asked about, and no question is about one that there is not.
fn complete(rows: &[Row]) -> Result<()> {
    let asked: BTreeSet<&str> = cases::all().map(|case| case.id).chain(agents::ASKED).collect();
    for row in rows {
        ensure!(asked.contains(row.id.as_str()), "nothing is asked of {}: add it to cases.rs", row.id);
    }
    for case in cases::all() {
        let row = rows.iter().find(|row| row.id == case.id);
        let row = row.with_context(|| format!("there is no operation {}", case.id))?;
        ensure!(row.serves(case.path), "{} is not at {}", case.path, row.path);
    }
    for id in agents::ASKED {
        ensure!(rows.iter().any(|row| row.id == id), "there is no operation {id}");
    }
    Ok(())
}

/// The status; `login` when a browser is led to sign in.
fn cell(answer: &Answer) -> String {
    if leads_to_sign_in(answer) { "login".to_owned() } else { answer.status.as_u16().to_string() }
}

fn leads_to_sign_in(answer: &Answer) -> bool {
    let location = answer.headers.get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
    answer.status == StatusCode::SEE_OTHER
        && (location == "/sign-in" || location.starts_with("/sign-in?next="))
}

/// What may never be, whatever the file says.
fn faults(row: &Row, case: &Case, actor: &Actor, answer: &Answer) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |what: &str| {
        let (id, target, name, status) = (case.id, case.target, actor.name, answer.status);
        faults.push(format!("{id} on {target} as {name}: {status}: {what}\n    {}", answer.body));
    };
    if answer.status.is_server_error() {
        fault("the hub broke");
    }
    let outside = ["anon", "withdrawn", "ended"].contains(&actor.name);
    let refused = answer.status == StatusCode::UNAUTHORIZED || leads_to_sign_in(answer);
    if outside && !row.is_public() && !refused {
        fault("somebody whom nobody knows was let in");
    }
    let (of_a, of_b) = (case.target.starts_with('A'), case.target.starts_with('B'));
    let foreign = (of_b && ["A", "A-tok", "A-view", "A/child", "A/member"].contains(&actor.name))
        || (of_a && actor.name == "B")
        || ((of_a || of_b) && actor.name == "no-role");
    if foreign && !row.is_public() && answer.status != StatusCode::NOT_FOUND {
        fault("what belongs to somebody else has to be absent");
    }
    faults
}

/// HIER-6, E-43: for one actor, everything that is absent is absent in the same words.
fn unequal(row: &Row, absent: &BTreeMap<&str, Vec<(&str, String)>>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (actor, answers) in absent {
        let Some((first, one)) = answers.last() else { continue };
        for (target, other) in answers {
            if one != other {
                let what = format!("{} as {actor}: {first} and {target}", row.id);
                wrong.push(format!("{what} are absent in different ways:\n{one}\n{other}"));
            }
        }
    }
    wrong
}

/// Beginning and end of an entry of the organization switcher for something that the sweep made.
const SWITCHER_ENTRY: (&str, &str) = ("<li><a id=\"switch-word-", "</li>");

/// A page without the organizations that the caller has made, or that went away, between two questions.
fn without_made(mut text: String) -> String {
    let (begin, end) = SWITCHER_ENTRY;
    while let Some(from) = text.find(begin) {
        let Some(length) = text.get(from..).and_then(|rest| rest.find(end)) else { break };
        text.replace_range(from..from + length + end.len(), "");
    }
    text
}

/// An answer without what belongs to the one request: its id, its time, its path, the nonce of its scripts.
fn plain(answer: &Answer) -> String {
    let header =
        |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let request = header("request-id").to_owned();
    let policy = header("content-security-policy");
    let nonce =
        policy.split_once("'nonce-").and_then(|(_, rest)| rest.split_once('\'')).map(|(nonce, _)| nonce);
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| ![CONTENT_LENGTH, DATE].contains(name))
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap_or_default()))
        .collect();
    headers.sort();
    let path = answer.path.split('?').next().unwrap_or_default();
    let mut text = format!("{}{}", headers.concat(), answer.body);
    for (own, word) in [(request.as_str(), "REQUEST"), (nonce.unwrap_or_default(), "NONCE"), (path, "PATH")] {
        if !own.is_empty() {
            text = text.replace(own, word);
        }
    }
    without_made(text)
}
