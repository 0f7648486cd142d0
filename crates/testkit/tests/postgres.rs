//! Tests get databases of their own on a real server, and the server goes when its owner goes.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use bastide_testkit::postgres::Postgres;
use bastide_testkit::wait;

/// Runs a statement and gives its rows, or what the server answered instead.
fn query(url: &str, statement: &str) -> Result<String, String> {
    let output = Command::new(Postgres::program("psql").unwrap())
        .args([url, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command", statement])
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

/// The address with another password.
fn with_password(url: &str, password: &str) -> String {
    let (user, rest) = url.split_once('@').unwrap();
    let (user, _) = user.rsplit_once(':').unwrap();
    format!("{user}:{password}@{rest}")
}

#[tokio::test]
async fn two_databases_do_not_see_each_other() {
    let postgres = Postgres::shared().await.unwrap();
    let (one, other) = (postgres.create_database().await.unwrap(), postgres.create_database().await.unwrap());
    assert_ne!(one, other);
    assert_eq!(query(&one, "create table t (n int); insert into t values (1)"), Ok(String::new()));
    assert_eq!(query(&one, "select n from t").as_deref(), Ok("1"));
    let error = query(&other, "select n from t").unwrap_err();
    assert!(error.contains(r#"relation "t" does not exist"#), "{error}");
}

#[tokio::test]
async fn the_shared_server_is_one_and_asks_for_the_password() {
    let (one, other) = (Postgres::shared().await.unwrap(), Postgres::shared().await.unwrap());
    assert!(std::ptr::eq(one, other));
    let url = one.create_database().await.unwrap();
    let error = query(&with_password(&url, "wrong"), "select 1").unwrap_err();
    assert!(error.contains("password authentication failed"), "{error}");
}

#[tokio::test]
async fn a_stopped_server_is_gone() {
    let postgres = Postgres::start().await.unwrap();
    let url = postgres.url();
    assert_eq!(query(&url, "select 1").as_deref(), Ok("1"));
    postgres.stop().await.unwrap();
    let error = query(&url, "select 1").unwrap_err();
    assert!(error.contains("Connection refused"), "{error}");
}

#[tokio::test]
async fn a_dropped_server_is_gone_with_open_connections() {
    let postgres = Postgres::start().await.unwrap();
    let url = postgres.url();
    let mut connection = Command::new(Postgres::program("psql").unwrap())
        .args([&url, "--command", "select pg_sleep(600)"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait::until("the connection", Duration::from_secs(30), async || {
        let busy = "select count(*) from pg_stat_activity where query = 'select pg_sleep(600)'";
        Ok((query(&url, busy).as_deref() == Ok("1")).then_some(()))
    })
    .await
    .unwrap();
    drop(postgres);
    assert!(!connection.wait().unwrap().success());
    assert!(query(&url, "select 1").unwrap_err().contains("Connection refused"));
}

#[tokio::test]
async fn the_program_serves_until_its_input_is_closed() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_test-postgres"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let url = url.trim();
    assert_eq!(query(url, "select 1").as_deref(), Ok("1"));
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
    assert!(query(url, "select 1").unwrap_err().contains("Connection refused"));
}

#[tokio::test]
async fn a_server_is_gone_after_its_owner_was_killed() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_test-postgres"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let url = url.trim();
    assert_eq!(query(url, "select 1").as_deref(), Ok("1"));
    program.kill().unwrap();
    program.wait().unwrap();
    wait::until("the reaper to end the server", Duration::from_secs(30), async || {
        Ok(query(url, "select 1").is_err_and(|error| error.contains("Connection refused")).then_some(()))
    })
    .await
    .unwrap();
}
