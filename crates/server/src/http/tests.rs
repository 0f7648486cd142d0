//! The HTTP layer around sample operations, over the real use cases on an empty database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body as HttpBody;
use axum::extract::State;
use bastide_api::organizations::{NewOrganization, OrganizationChange};
use bastide_api::{PageQuery, Problem};
use bastide_app::identity::{self, Credentials, Origin};
use bastide_app::{App, idempotency};
use bastide_model::licence::Examination;
use bastide_model::user::Password;
use bastide_model::{Error, OrganizationId, Permission, RealmId, RequestId, SystemClock, SystemIds, UserId};
use bastide_store::Kept;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::answer::{Accepted, Empty, Html, Made, Out};
use super::context::RequestContext;
use super::extract::{At, Body, Form, IfMatch, MaybeWho, Search, Who};
use super::hub::{Hub, WebSettings};
use super::problem::Failure;
use super::registry::{Access, Operation, Surface, faults, router};
use crate::metrics::Metrics;
use crate::tasks::Tasks;

/// A hub on an empty database, with one account that administers the site, its token and its session.
struct Sample {
    hub: Hub,
    router: Router,
    user: UserId,
    bearer: String,
    cookie: String,
    _folder: tempfile::TempDir,
}

const PASSWORD: &str = "correct horse battery";

async fn sample() -> Sample {
    sample_of(operations()).await
}

async fn sample_of(operations: Vec<Operation>) -> Sample {
    let folder = tempfile::tempdir().unwrap();
    let settings = bastide_app::Settings {
        database: format!("sqlite:{}", folder.path().join("bastide.db").display()),
        public_url: "https://hub.example.org".to_owned(),
        agent_url: "https://localhost:8443".to_owned(),
        examine_licence: Arc::new(|_| Examination::Unreadable {
            problem: "no licence is read here".to_owned(),
        }),
    };
    let app = App::open(settings, Arc::new(SystemClock), Arc::new(SystemIds)).await.unwrap();
    let hub = Hub {
        app: app.clone(),
        tasks: Tasks::new(),
        metrics: Metrics::new(),
        settings: Arc::new(WebSettings {
            public_url: "https://hub.example.org".parse().unwrap(),
            trusted_proxies: vec![],
            agent_image: "bastide-agent:test".to_owned(),
            help_url: "https://example.org/help".to_owned(),
        }),
    };
    let (user, token, secret) = enter(&app).await;
    let router = router(&hub, operations).unwrap();
    let (bearer, cookie) = (format!("Bearer {token}"), format!("__Host-bastide={secret}"));
    Sample { hub, router, user, bearer, cookie, _folder: folder }
}

/// A new account with a token and a session's secret.
async fn enter(app: &App) -> (UserId, String, String) {
    let origin = Origin {
        realm: RealmId::PLATFORM,
        address: "192.0.2.1".to_owned(),
        user_agent: "test".to_owned(),
        request: RequestId::fresh(&SystemIds),
    };
    let link = identity::setup_link_create(app).await.unwrap().unwrap();
    let password = Password::new("/password", PASSWORD.to_owned()).unwrap();
    let email = "ada@example.org".parse().unwrap();
    let user = identity::setup_complete(app, &link, email, "Ada".parse().unwrap(), password).await.unwrap();
    let signed_in = identity::sign_in(app, "ada@example.org", PASSWORD.to_owned(), &origin).await.unwrap();
    let session = Credentials::Session(&signed_in.secret);
    let caller = identity::authenticate(app, session, &origin).await.unwrap();
    let (token, _) = identity::token_create(app, &caller, "test".parse().unwrap(), None, None).await.unwrap();
    (user.id, token, signed_in.secret)
}

impl Sample {
    /// A request of whoever is signed in, unless a header says otherwise.
    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request<HttpBody> {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| matches!(*name, "authorization" | "cookie")) {
            request = request.header("authorization", &self.bearer);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(HttpBody::from(body.to_owned())).unwrap()
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send(self.request(method, path, headers, body)).await
    }

    async fn send(&self, request: Request<HttpBody>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), head: Response::from_parts(parts, ()), body }
    }
}

async fn list(
    _: Who,
    Search(query): Search<PageQuery>,
    here: http::Uri,
) -> Result<Out<bastide_api::Page<u32>>, Failure> {
    let token = query.page_size.map(|size| size.to_string());
    Ok(Out::page(bastide_api::Page { items: vec![1], next_page_token: token }, &here))
}

async fn show(_: Who, At(id): At<OrganizationId>) -> Result<Out<String>, Failure> {
    Ok(Out::new(id.to_string()).etag(4))
}

async fn make(_: State<Hub>, who: Who, Body(new): Body<NewOrganization>) -> Result<Made<String>, Failure> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    if new.name == "taken" {
        return Err(Error::conflict("slug_taken", "`taken` is taken").into());
    }
    assert!(new.name != "panic", "the secret reason");
    let text = format!("{} {} {}", new.name, who.0.user, COUNT.fetch_add(1, Ordering::Relaxed));
    Ok(Made::new("/v1/things/thing_1", text).etag(1))
}

async fn change(
    _: Who,
    At(_): At<String>,
    IfMatch(revision): IfMatch,
    Body(_): Body<OrganizationChange>,
) -> Result<Out<i64>, Failure> {
    Ok(Out::new(revision))
}

async fn remove(_: Who, At(_): At<String>) -> Result<Accepted<u32>, Failure> {
    Ok(Accepted::new(1))
}

async fn welcome(MaybeWho(who): MaybeWho, context: RequestContext) -> Result<Html, Failure> {
    Ok(Html::page(format!("{} {}", who.is_some(), context.nonce.as_str())))
}

async fn settings(_: Who) -> Result<Html, Failure> {
    Ok(Html::page("settings"))
}

async fn sign_in(form: Form) -> Result<Html, Failure> {
    Ok(Html::with_status(StatusCode::BAD_REQUEST, format!("try again, {}", form.text("email"))))
}

async fn broken() -> Result<Empty, Failure> {
    Err(Error::internal("the table secrets is missing").into())
}

fn operations() -> Vec<Operation> {
    use Surface::{Api, Console};
    let needs = Access::Needs(Permission::OrganizationsView);
    let free = Access::Public("a sample");
    let (get, post) = (Method::GET, Method::POST);
    vec![
        Operation::new(get.clone(), "/v1/things", "thing_list", "things", "List", needs, Api, list),
        Operation::new(post.clone(), "/v1/things", "thing_create", "things", "Make", needs, Api, make),
        Operation::new(post.clone(), "/v1/secrets", "secret_create", "things", "Make", needs, Api, make)
            .answers_with_a_secret(),
        Operation::new(get.clone(), "/v1/things/{thing}", "thing_get", "things", "Show", needs, Api, show),
        Operation::new(
            Method::PATCH,
            "/v1/things/{thing}",
            "thing_update",
            "things",
            "Change",
            needs,
            Api,
            change,
        ),
        Operation::new(
            Method::DELETE,
            "/v1/things/{thing}",
            "thing_delete",
            "things",
            "Delete",
            needs,
            Api,
            remove,
        ),
        Operation::new(get.clone(), "/welcome", "welcome_page", "pages", "Welcome", free, Console, welcome),
        Operation::new(
            get.clone(),
            "/settings",
            "settings_page",
            "pages",
            "Settings",
            needs,
            Console,
            settings,
        ),
        Operation::new(post, "/sign-in", "sign_in", "pages", "Sign in", free, Console, sign_in),
        Operation::new(get.clone(), "/v1/broken", "broken_get", "things", "Break", free, Api, broken),
        Operation::new(get, "/broken", "broken_page", "pages", "Break", free, Console, broken),
    ]
}

/// One answer, read to its end.
struct Answer {
    status: u16,
    head: Response<()>,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.head.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The problem, after a look at whether it is one.
    fn problem(&self) -> Problem {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
        let problem: Problem = serde_json::from_str(&self.body).unwrap();
        assert_eq!((problem.status, problem.request_id.as_str()), (self.status, self.header("request-id")));
        problem
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn the_sample_table_is_sound() {
    assert_eq!(faults(&operations()), Vec::<String>::new());
}

#[test]
fn faults_of_a_table_are_named() {
    let row =
        |path, id, access| Operation::new(Method::GET, path, id, "t", "s", access, Surface::Api, settings);
    let signed_in = Access::SignedIn("a sample");
    let found = faults(&[
        row("/a", "a_get", signed_in),
        row("/a", "b_get", signed_in),
        row("/c", "a_get", signed_in),
        row("/d", "GetD", signed_in),
        row("/e", "e_get", Access::SignedIn("")),
        row("/f", "f_get", Access::Public("everybody")),
        row("/g/{g}", "g_get", signed_in),
        Operation::new(Method::GET, "/h", "h_get", "t", "s", signed_in, Surface::Api, broken),
    ]);
    let wanted = [
        ("/a", "another row"),
        ("/c", "used before"),
        ("/d", "noun_verb"),
        ("/e", "reason"),
        ("/f", "nobody finds out who that is"),
        ("/g/{g}", "parameters of the path"),
        ("/h", "needs a caller, but its handler takes none"),
    ];
    assert_eq!(found.len(), wanted.len(), "{found:#?}");
    for ((path, text), fault) in wanted.iter().zip(&found) {
        assert!(fault.starts_with(&format!("GET {path} ")) && fault.contains(text), "{fault}");
    }
}

/// HIER-6: a path that does not exist and an id that cannot be one are the same nothing.
#[tokio::test]
async fn hier_6_nothing_is_always_the_same() {
    let sample = sample().await;
    let mut bodies = Vec::new();
    for path in ["/v1/nothing", "/v1/things/garbage", "/v1/things/usr_01jd0000000000000000000000", "/nothing"]
    {
        let answer = sample.ask("GET", path, &[], "").await;
        let mut problem = answer.problem();
        assert_eq!((problem.status, problem.code.as_str()), (404, "not_found"), "{path}");
        problem.request_id = String::new();
        bodies.push(serde_json::to_string(&problem).unwrap());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:#?}");
}

#[tokio::test]
async fn whoever_is_not_signed_in_learns_nothing() {
    let sample = sample().await;
    for (headers, path) in [
        (vec![("cookie", "a=b")], "/v1/things"),
        (vec![("cookie", "a=b")], "/v1/things/garbage"),
        (vec![("cookie", "__Host-bastide=stale")], "/v1/things?page_size=x"),
        (vec![("authorization", "Bearer stale")], "/v1/things"),
        (vec![("authorization", "Basic Z29vZA==")], "/v1/things"),
    ] {
        let answer = sample.ask("GET", path, &headers, "").await;
        assert_eq!(answer.problem().code, "unauthenticated", "{path} {headers:?}");
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer realm=\"bastide\""));
    }
}

#[tokio::test]
async fn methods_that_a_path_does_not_have_are_named() {
    let sample = sample().await;
    let answer = sample.ask("PUT", "/v1/things", &[], "").await;
    assert_eq!(answer.problem().code, "method_not_allowed");
    let mut allowed: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
}

#[tokio::test]
async fn bodies_are_checked_before_the_handler() {
    let sample = sample().await;
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(bastide_model::limits::BODY_BYTES_MAX));
    for (kind, body, status, code) in [
        ("text/plain", "{}", 415, "unsupported_media_type"),
        ("application/json", "{", 400, "invalid"),
        ("application/json", r#"{"name":"x","role":"owner"}"#, 400, "invalid"),
        ("application/json", large.as_str(), 413, "body_too_large"),
        ("application/json", r#"{"name":"taken"}"#, 409, "slug_taken"),
        ("application/json", r#"{"name":"x"}"#, 201, ""),
    ] {
        let answer = sample.ask("POST", "/v1/things", &[("content-type", kind)], body).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        if status >= 400 {
            assert_eq!(answer.problem().code, code);
        } else {
            assert_eq!(answer.header("location"), "/v1/things/thing_1");
            assert_eq!(answer.header("etag"), "\"1\"");
        }
    }
}

#[tokio::test]
async fn a_body_without_an_announced_length_is_limited_too() {
    let sample = sample().await;
    let chunk = || Ok::<_, std::io::Error>(axum::body::Bytes::from(vec![b' '; 64 * 1024]));
    let endless = futures_util::stream::repeat_with(chunk);
    let mut request = sample.request("POST", "/v1/things", &[JSON], "");
    *request.body_mut() = HttpBody::from_stream(endless);
    assert_eq!(sample.send(request).await.problem().status, 413);
}

#[tokio::test]
async fn query_strings_are_refused_where_nobody_reads_them() {
    let sample = sample().await;
    let id = OrganizationId::fresh(&SystemIds);
    let good = sample.ask("GET", "/v1/things?page_size=2", &[], "").await;
    assert_eq!(
        (good.status, good.header("link")),
        (200, "</v1/things?page_size=2&page_token=2>; rel=\"next\"")
    );
    for path in ["/v1/things?page=2".to_owned(), format!("/v1/things/{id}?fields=id")] {
        let problem = sample.ask("GET", &path, &[], "").await.problem();
        assert_eq!((problem.status, problem.errors.len()), (400, 1), "{path}");
    }
}

#[tokio::test]
async fn changes_need_the_entity_tag() {
    let sample = sample().await;
    for (tag, status) in [(None, 428), (Some("5"), 400), (Some("\"5\""), 200)] {
        let headers: Vec<_> = [JSON].into_iter().chain(tag.map(|tag| ("if-match", tag))).collect();
        let answer = sample.ask("PATCH", "/v1/things/x", &headers, "{}").await;
        assert_eq!(answer.status, status, "{tag:?}");
    }
}

#[tokio::test]
async fn panics_and_bugs_tell_the_client_nothing() {
    let sample = sample().await;
    for request in [
        sample.request("POST", "/v1/things", &[JSON], r#"{"name":"panic"}"#),
        sample.request("GET", "/v1/broken", &[], ""),
    ] {
        let answer = sample.send(request).await;
        assert_eq!(answer.problem().code, "internal");
        assert!(!answer.body.contains("secret"), "{}", answer.body);
    }
    let page = sample.ask("GET", "/broken", &[], "").await;
    assert_eq!((page.status, page.header("content-type")), (500, "text/html; charset=utf-8"));
    assert!(!page.body.contains("secrets") && page.body.contains(page.header("request-id")), "{}", page.body);
    let metrics = sample.hub.metrics.text();
    assert!(metrics.contains(r#"http_requests_total{operation="broken_get",status="500"} 1"#), "{metrics}");
}

#[tokio::test]
async fn an_own_request_id_comes_back() {
    let sample = sample().await;
    let id = bastide_model::RequestId::fresh(&SystemIds).to_string();
    let answer = sample.ask("GET", "/v1/things", &[("request-id", &id)], "").await;
    assert_eq!(answer.header("request-id"), id);
    let other = sample.ask("GET", "/v1/things", &[("request-id", "evil")], "").await;
    assert!(other.header("request-id").starts_with("req_"));
}

#[tokio::test]
async fn pages_lead_to_sign_in_and_back() {
    let sample = sample().await;
    let nobody = ("cookie", "a=b");
    let led = sample.ask("GET", "/settings?tab=a", &[nobody], "").await;
    assert_eq!((led.status, led.header("location")), (303, "/sign-in?next=%2Fsettings%3Ftab%3Da"));
    let seen = sample.ask("GET", "/settings", &[("cookie", sample.cookie.as_str())], "").await;
    assert_eq!((seen.status, seen.body.as_str()), (200, "settings"));
    let welcome = sample.ask("GET", "/welcome", &[("cookie", "__Host-bastide=stale")], "").await;
    let nonce = welcome.body.strip_prefix("false ").unwrap();
    assert!(welcome.header("content-security-policy").contains(&format!("'nonce-{nonce}'")));
    let missing = sample.ask("GET", "/nothing", &[nobody, ("accept", "text/html")], "").await;
    assert_eq!((missing.status, missing.header("content-type")), (404, "text/html; charset=utf-8"));
}

#[tokio::test]
async fn a_form_is_answered_with_its_own_page() {
    let sample = sample().await;
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let answer = sample.ask("POST", "/sign-in", &[kind], "email=+a%40b+&password=x").await;
    assert_eq!((answer.status, answer.body.as_str()), (400, "try again, a@b"));
    let cross = sample.ask("POST", "/sign-in", &[kind, ("sec-fetch-site", "cross-site")], "").await;
    assert_eq!((cross.status, cross.header("content-type")), (403, "text/html; charset=utf-8"));
}

/// SEC-2: what a browser sends on its own does not do anything for another site.
#[tokio::test]
async fn sec_2_other_sites_cannot_use_a_session() {
    let sample = sample().await;
    let cookie = ("cookie", sample.cookie.as_str());
    let send_from = async |site| {
        let headers = [JSON, cookie, ("sec-fetch-site", site)];
        sample.ask("POST", "/v1/things", &headers, r#"{"name":"x"}"#).await
    };
    assert_eq!(send_from("cross-site").await.problem().code, "cross_site_request");
    assert_eq!(send_from("same-origin").await.status, 201);
}

#[tokio::test]
async fn a_key_makes_one_of_two() {
    let sample = sample().await;
    let post =
        async |path, key, body| sample.ask("POST", path, &[JSON, ("idempotency-key", key)], body).await;
    let first = post("/v1/things", "k", r#"{"name":"a"}"#).await;
    let again = post("/v1/things", "k", r#"{"name":"a"}"#).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    assert_eq!(
        (again.header("location"), again.header("idempotency-replayed")),
        ("/v1/things/thing_1", "true")
    );
    assert_ne!(first.header("request-id"), again.header("request-id"));

    assert_eq!(post("/v1/things", "k", r#"{"name":"b"}"#).await.problem().code, "idempotency_key_reused");
    assert_ne!(post("/v1/things", "other", r#"{"name":"a"}"#).await.body, first.body);
    assert_eq!(post("/v1/things", "bad key", "{}").await.problem().status, 400);

    // An answer of failure is not kept: doing it again is right.
    assert_eq!(post("/v1/things", "f", r#"{"name":"taken"}"#).await.status, 409);
    assert_eq!(post("/v1/things", "f", r#"{"name":"free"}"#).await.status, 201);

    // An answer with a secret is not kept either, but what was done is not done again.
    assert_eq!(post("/v1/secrets", "s", r#"{"name":"a"}"#).await.status, 201);
    assert_eq!(post("/v1/secrets", "s", r#"{"name":"a"}"#).await.problem().code, "already_done");
    assert!(sample.hub.tasks.shut_down(std::time::Duration::from_mins(1)).await);
}

#[tokio::test]
async fn a_key_that_is_under_way_is_in_conflict() {
    let sample = sample().await;
    let body = r#"{"name":"a"}"#;
    let payload = format!("/v1/things\0{body}");
    let begun =
        idempotency::begin(&sample.hub.app, sample.user, "thing_create", "k", payload.as_bytes()).await;
    assert_eq!(begun.unwrap(), Kept::Fresh);
    let answer = sample.ask("POST", "/v1/things", &[JSON, ("idempotency-key", "k")], body).await;
    assert_eq!(answer.problem().code, "request_under_way");
}

/// Rule 2 of the design: a change says which revision was reached, and a read can ask to have seen it.
#[tokio::test]
async fn changes_and_reads_name_their_revision() {
    let sample = sample().await;
    let changed = sample.ask("DELETE", "/v1/things/x", &[], "").await;
    let reached: i64 = changed.header("bastide-revision").parse().unwrap();
    assert!(reached > 0);
    let read =
        async |revision: &str| sample.ask("GET", "/v1/things", &[("bastide-revision", revision)], "").await;
    assert_eq!(read(&reached.to_string()).await.status, 200);
    assert_eq!(read(&(reached + 1).to_string()).await.problem().code, "unavailable");
    assert_eq!(read("soon").await.problem().status, 400);
    let refused = sample.ask("DELETE", "/v1/things/x?y=z", &[], "").await;
    assert_eq!((refused.status, refused.header("bastide-revision")), (400, ""));
}

#[test]
fn the_document_says_what_the_signatures_say() {
    let document = super::openapi::document(&operations());
    let at = |pointer: &str| document.pointer(pointer).cloned().unwrap_or(Value::Null);
    assert_eq!(at("/openapi"), "3.1.0");
    assert_eq!(at("/paths/~1welcome"), Value::Null, "the console is not part of the API");
    let create = "/paths/~1v1~1things/post";
    assert_eq!(at(&format!("{create}/operationId")), "thing_create");
    assert_eq!(at(&format!("{create}/x-permission")), "organizations.view");
    assert_eq!(
        at(&format!("{create}/requestBody/content/application~1json/schema")),
        json!({ "$ref": "#/components/schemas/NewOrganization" })
    );
    assert_eq!(at("/components/schemas/NewOrganization/additionalProperties"), false);
    assert_eq!(at(&format!("{create}/parameters/0/name")), "Idempotency-Key");
    assert_ne!(at(&format!("{create}/responses/201/headers/Location")), Value::Null);
    for status in ["400", "401", "409", "413", "415", "422", "default"] {
        let response = at(&format!("{create}/responses/{status}"));
        assert_eq!(response, json!({ "$ref": "#/components/responses/Problem" }), "{status}");
    }
    let list = "/paths/~1v1~1things/get";
    assert_eq!(at(&format!("{list}/parameters/0/name")), "page_size");
    assert_eq!(at(&format!("{list}/parameters/0/schema/type")), "integer");
    assert_eq!(at(&format!("{list}/parameters/0/schema/maximum")), 200);
    let change = "/paths/~1v1~1things~1{thing}/patch";
    assert_eq!(at(&format!("{change}/parameters/0/in")), "path");
    assert_eq!(at(&format!("{change}/parameters/1/name")), "If-Match");
    assert_eq!(at("/paths/~1v1~1broken/get/security"), json!([{}]));
}

#[tokio::test]
async fn large_answers_are_compressed_for_whoever_can_read_them() {
    let sample = sample_of(super::routes::operations()).await;
    let request = Request::get("/metrics").header("accept-encoding", "gzip").body(HttpBody::empty()).unwrap();
    let response = sample.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers().get("content-encoding").unwrap(), "gzip");
    let plain = sample.send(Request::get("/metrics").body(HttpBody::empty()).unwrap()).await;
    assert_eq!(plain.header("content-type"), crate::metrics::MEDIA_TYPE);
}

#[tokio::test]
async fn probes_need_no_credential() {
    let sample = sample_of(super::routes::operations()).await;
    let nobody = ("cookie", "a=b");
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json"] {
        assert_eq!(sample.ask("GET", path, &[nobody], "").await.status, 200, "{path}");
    }
    sample.hub.tasks.shut_down(std::time::Duration::ZERO).await;
    assert_eq!(sample.ask("GET", "/healthz", &[nobody], "").await.status, 200);
    assert_eq!(sample.ask("GET", "/readyz", &[nobody], "").await.problem().status, 503);
}
