//! Other sites' pages and other hosts' names (SEC-2, E-40).

use anyhow::{Context as _, Result, ensure};
use bastide_testkit::cast::Cast;
use bastide_testkit::{routes, web};
use reqwest::{Method, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::stage::{Guest, answer, state};

const EVIL: &str = "evil.example";

/// SEC-2: a page of another site changes nothing in the name of whoever is signed in: every operation that is not a read,
/// however the browser tells where the request comes from.
#[tokio::test(flavor = "multi_thread")]
async fn sec_2_requests_of_other_sites_are_refused() -> Result<()> {
    let cast = Cast::start().await?;
    let site = Guest::new(&cast, "site", &cast.administrator)?;
    let before = state(&cast).await?;
    let rows = routes::rows()?;
    let changing = rows.iter().filter(|row| row.method != Method::GET && row.surface != "agent");
    let mut tried = 0;
    for row in changing {
        let path: String =
            row.path.replace("{organization}", &cast.a.root.id).replace("{slug}", &cast.a.root.slug);
        let path = path.replace("{cluster}", &cast.asking.id).replace("{name}", &cast.asking.name);
        let path = path.replace("{hub}", "main").replace(['{', '}'], "");
        for (header, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            let mut request = site.page(row.method.clone(), &path).build()?;
            request.headers_mut().remove("origin");
            request.headers_mut().insert(header, value.parse()?);
            let refused = web::builder().build()?.execute(request).await?;
            let status = refused.status();
            let body = refused.text().await?;
            ensure!(
                status == StatusCode::FORBIDDEN,
                "{} {path} with {header}: {value}: {status}",
                row.method
            );
            if row.surface == "api" {
                ensure!(body.contains("cross_site_request"), "{} {path}: {body}", row.method);
            }
            tried += 1;
        }
    }
    ensure!(tried > 80, "only {tried} requests were tried");
    ensure!(state(&cast).await? == before, "another site changed something");
    Ok(())
}

/// E-40: links and redirects are those of the configured address, whatever name a request claims to have come by.
#[tokio::test(flavor = "multi_thread")]
async fn e_40_a_forged_host_is_in_no_link() -> Result<()> {
    let cast = Cast::start().await?;
    let (owner, site) =
        (Guest::new(&cast, "A", &cast.a.owner)?, Guest::new(&cast, "site", &cast.administrator)?);
    for row in routes::rows()?.iter().filter(|row| row.method == Method::GET && row.surface != "agent") {
        let path = row.path.replace("{organization}", &cast.a.root.id).replace("{slug}", &cast.a.root.slug);
        let path = path.replace("{cluster}", &cast.a.spoke.cluster.id).replace("{hub}", "main");
        let path = path.replace("{name}", &cast.a.spoke.cluster.name).replace(['{', '}'], "");
        for guest in [&owner, &site] {
            for request in [guest.api(Method::GET, &path), guest.page(Method::GET, &path)] {
                let answer = answer(forged(request)).await?;
                ensure!(!answer.whole().contains(EVIL), "{path} as {}: {}", guest.name, answer.whole());
                ensure!(!answer.status.is_server_error(), "{path}: {}", answer.status);
            }
        }
    }
    let device = answer(forged(owner.api(Method::POST, "/v1/device-authorizations"))).await?;
    let address = format!("{}/device", cast.hub.url());
    ensure!(device.body.contains(&address) && !device.body.contains(EVIL), "{}", device.body);
    let token = site.api(Method::POST, "/v1/hubs/main/join-tokens");
    let token = answer(forged(token).json(&serde_json::json!({ "cluster_name": "forged" }))).await?;
    ensure!(token.body.contains(&cast.hub.agent_url()) && !token.body.contains(EVIL), "{}", token.body);
    Ok(())
}

fn forged(request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
    request
        .header("host", EVIL)
        .header("x-forwarded-host", EVIL)
        .header("x-forwarded-proto", "https")
        .header("x-original-host", EVIL)
        .header("forwarded", format!("host={EVIL};proto=https"))
}

/// E-40: the same with the whole address in the request's first line, and with two hosts.
#[tokio::test(flavor = "multi_thread")]
async fn e_40_a_forged_address_is_in_no_link() -> Result<()> {
    let cast = Cast::start().await?;
    let cookie = &cast.a.owner.cookie;
    let host = cast.hub.url().replace("http://", "");
    for (line, hosts) in [
        (format!("GET http://{EVIL}/ HTTP/1.1"), format!("host: {host}\r\n")),
        (format!("GET http://{EVIL}/o/{} HTTP/1.1", cast.a.root.slug), format!("host: {EVIL}\r\n")),
        ("GET / HTTP/1.1".to_owned(), format!("host: {host}\r\nhost: {EVIL}\r\n")),
        (format!("GET //{EVIL}/ HTTP/1.1"), format!("host: {host}\r\n")),
        (format!("GET /sign-in?next=//{EVIL}/ HTTP/1.1"), format!("host: {host}\r\n")),
    ] {
        let request = format!("{line}\r\n{hosts}cookie: {cookie}\r\nconnection: close\r\n\r\n");
        let answer = raw(&host, &request).await?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
        ensure!(!head.starts_with("HTTP/1.1 5"), "{line}: {head}");
        let mut places = head.lines().filter(|line| line.to_lowercase().starts_with("location:"));
        ensure!(!places.any(|place| place.contains(EVIL)), "{line}: {head}");
        for link in ["href=\"http", "action=\"http", "href=\"//", "action=\"//"] {
            let leads =
                body.split(link).skip(1).any(|rest| rest.split('"').next().unwrap_or("").contains(EVIL));
            ensure!(!leads, "{line}: {body}");
        }
    }
    Ok(())
}

async fn raw(host: &str, request: &str) -> Result<String> {
    let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1")).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
