//! What is kept by a key of the client's own choice is kept apart by tenant (E-47): idempotency keys and entity tags.

use anyhow::{Context as _, Result, ensure};
use bastide_testkit::cast::Cast;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::stage::{Answer, Guest, answer, text};

const KEY: &str = "0b7e6f0e-same-for-everybody";

async fn create(guest: &Guest, path: &str, key: &str, body: &Value) -> Result<Answer> {
    answer(guest.api(Method::POST, path).header("idempotency-key", key).json(body)).await
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

/// E-47: one key in the hands of two is two keys; the second time the same one gets what they got the first time, and with
/// another payload 422.
#[tokio::test(flavor = "multi_thread")]
async fn e_47_the_same_idempotency_key_of_two_tenants_is_two_keys() -> Result<()> {
    let cast = Cast::start().await?;
    let (a, b) = (Guest::new(&cast, "A", &cast.a.owner)?, Guest::new(&cast, "B", &cast.b.owner)?);
    let path = "/v1/organizations";
    let body = json!({ "name": "Twins", "slug": "twins" });
    let first = create(&a, path, KEY, &body).await?;
    ensure!(first.status == StatusCode::CREATED && !replayed(&first), "{}", first.whole());

    // The very same request of the other is carried out for them: the slug is taken, and nothing tells by whom.
    let other = create(&b, path, KEY, &body).await?;
    ensure!(other.status == StatusCode::CONFLICT && other.code() == "slug_taken", "{}", other.whole());
    ensure!(!other.body.contains("canary-a") && !replayed(&other), "{}", other.whole());
    let own = create(&b, path, KEY, &json!({ "name": "Twins", "slug": "twins-of-b" })).await?;
    ensure!(own.status == StatusCode::CREATED && !replayed(&own), "{}", own.whole());

    let again = create(&a, path, KEY, &body).await?;
    ensure!(again.status == StatusCode::CREATED && replayed(&again), "{}", again.whole());
    ensure!(again.body == first.body, "another answer: {}\n{}", first.body, again.body);
    for header in ["location", "etag", "content-type"] {
        ensure!(!first.header(header).is_empty() && again.header(header) == first.header(header), "{header}");
    }
    let changed = create(&a, path, KEY, &json!({ "name": "Twins", "slug": "other" })).await?;
    ensure!(changed.status == StatusCode::UNPROCESSABLE_ENTITY, "{}", changed.whole());
    ensure!(changed.code() == "idempotency_key_reused", "{}", changed.body);

    let seen = a.read("/v1/organizations?search=twins").await?.good()?;
    let slugs: Vec<_> = items(&seen).iter().filter_map(|one| text(one, "slug")).map(str::to_owned).collect();
    ensure!(slugs == ["twins"], "A has {slugs:?}");
    Ok(())
}

/// E-47: a key belongs to one operation, and an answer with a secret is never given twice.
#[tokio::test(flavor = "multi_thread")]
async fn e_47_a_key_belongs_to_one_operation_and_keeps_no_secret() -> Result<()> {
    let cast = Cast::start().await?;
    let (a, b) = (Guest::new(&cast, "A", &cast.a.owner)?, Guest::new(&cast, "B", &cast.b.owner)?);
    let body = json!({ "name": "same" });
    let token = create(&a, "/v1/me/tokens", KEY, &body).await?;
    let organization = create(&a, "/v1/organizations", KEY, &body).await?;
    let theirs = create(&b, "/v1/me/tokens", KEY, &body).await?;
    for answer in [&token, &organization, &theirs] {
        ensure!(answer.status == StatusCode::CREATED && !replayed(answer), "{}", answer.whole());
    }
    let secret = |answer: &Answer| answer.json().ok().and_then(|one| text(&one, "secret").map(str::to_owned));
    let (own, other) = (secret(&token).context("no secret")?, secret(&theirs).context("no secret")?);
    ensure!(own != other, "two tenants have one token");
    let again = create(&a, "/v1/me/tokens", KEY, &body).await?;
    ensure!(again.status == StatusCode::CONFLICT && again.code() == "already_done", "{}", again.whole());
    ensure!(!again.body.contains(&own), "the secret was kept");
    Ok(())
}

/// E-47: a key that is in use at the same moment is used once.
#[tokio::test(flavor = "multi_thread")]
async fn e_47_many_requests_with_one_key_create_once() -> Result<()> {
    let cast = Cast::start().await?;
    let a = Guest::new(&cast, "A", &cast.a.owner)?;
    let body = json!({ "name": "Once", "slug": "once" });
    let requests = (0..20).map(|_| create(&a, "/v1/organizations", KEY, &body));
    let mut made = 0;
    for answer in futures_util::future::join_all(requests).await {
        let answer = answer?;
        match answer.status {
            StatusCode::CREATED => made += u32::from(!replayed(&answer)),
            StatusCode::CONFLICT => ensure!(answer.code() == "request_under_way", "{}", answer.body),
            _ => anyhow::bail!("{}", answer.whole()),
        }
    }
    ensure!(made == 1, "it was made {made} times");
    Ok(())
}

/// E-47: entity tags count the changes of one object; another tenant's object with the same tag is not touched by it.
#[tokio::test(flavor = "multi_thread")]
async fn e_47_the_same_entity_tag_of_two_tenants_does_not_collide() -> Result<()> {
    let cast = Cast::start().await?;
    let (a, b) = (Guest::new(&cast, "A", &cast.a.owner)?, Guest::new(&cast, "B", &cast.b.owner)?);
    let (root_a, root_b) = (&cast.a.root, &cast.b.root);
    ensure!(root_a.etag == root_b.etag, "the twins have different tags: nothing would be tried");
    let path = |id: &str| format!("/v1/organizations/{id}");
    let change = json!({ "description": "of A" });
    let changed = |id: &str| a.api(Method::PATCH, &path(id)).header("if-match", &root_a.etag).json(&change);
    let refused = answer(changed(&root_b.id)).await?;
    ensure!(refused.status == StatusCode::NOT_FOUND, "{}", refused.body);
    let done = answer(changed(&root_a.id)).await?;
    ensure!(done.status == StatusCode::OK && done.header("etag") != root_a.etag, "{}", done.whole());
    let stale = answer(changed(&root_a.id)).await?;
    ensure!(stale.status == StatusCode::PRECONDITION_FAILED, "{}", stale.body);
    let theirs = b.read(&path(&root_b.id)).await?;
    ensure!(theirs.header("etag") == root_b.etag, "B's tag changed: {}", theirs.whole());
    // A read with the other's tag gets one's own object.
    let conditional = a.api(Method::GET, &path(&root_a.id)).header("if-none-match", &root_b.etag);
    let own = answer(conditional).await?;
    ensure!(own.status == StatusCode::OK && own.body.contains("canary-a-root"), "{}", own.whole());
    Ok(())
}

fn items(page: &Value) -> Vec<Value> {
    page.get("items").and_then(Value::as_array).cloned().unwrap_or_default()
}
