//! Hubs, and the tokens with which clusters join them (FLEET-1).

use axum::extract::State;
use bastide_api::clusters::{HubView, IssuedJoinToken, JoinTokenView, NewJoinToken};
use bastide_api::{Page, PageQuery};
use bastide_app::hubs::{self, Issued};
use bastide_kube::render::{AgentInstall, SYSTEM_NAMESPACE, agent_manifest, to_yaml};
use bastide_model::JoinTokenId;
use bastide_model::names::Slug;
use http::Uri;

use super::answer::{Empty, Made, Out};
use super::extract::{At, Body, Name, Search, Who};
use super::hub::Hub;
use super::problem::Failure;
use super::{paging, views};

pub(crate) async fn list(
    State(hub): State<Hub>,
    Who(caller): Who,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<HubView>>, Failure> {
    let all = hubs::list(&hub.app, &caller).await?.into_iter().map(views::hub).collect();
    Ok(Out::page(paging::cut(all, &query, |hub: &HubView| vec![&hub.slug, &hub.name])?, &here))
}

pub(crate) async fn join_token_list(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<JoinTokenView>>, Failure> {
    let id = hubs::resolve(&hub.app, &caller, name.as_str()).await?.id;
    let tokens = hubs::join_token_list(&hub.app, &caller, id).await?;
    let now = hub.app.now();
    let all = tokens.iter().map(|token| views::join_token(token, now)).collect();
    let page = paging::cut(all, &query, |token: &JoinTokenView| vec![&token.cluster_name, &token.state])?;
    Ok(Out::page(page, &here))
}

pub(crate) async fn join_token_create(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Body(input): Body<NewJoinToken>,
) -> Result<Made<IssuedJoinToken>, Failure> {
    let cluster = input.cluster_name.parse::<Slug>().map_err(|text| Failure::field("/cluster_name", text))?;
    let id = hubs::resolve(&hub.app, &caller, name.as_str()).await?.id;
    let seconds = input.minutes.map(|minutes| i64::from(minutes) * 60);
    let issued = hubs::join_token_create(&hub.app, &caller, id, cluster, seconds).await?;
    let location = format!("/v1/join-tokens/{}", issued.token.id);
    Ok(Made::new(&location, show(&hub, issued)))
}

/// A new join token, with what to type and what to apply where the spoke is.
pub(crate) fn show(hub: &Hub, issued: Issued) -> IssuedJoinToken {
    let install = AgentInstall {
        hub_url: issued.agent_url.clone(),
        join_token: issued.secret.clone(),
        hub_ca_sha256: issued.authority_fingerprint.clone(),
        cluster_name: issued.token.cluster_name.to_string(),
        image: hub.settings.agent_image.clone(),
        namespace: SYSTEM_NAMESPACE.to_owned(),
    };
    // The secret is in a variable and not among the arguments, which everybody on the machine can see.
    let command = format!(
        "BASTIDE_JOIN_TOKEN={} bastide-agent join {} --hub-ca-sha256 {}",
        issued.secret, issued.agent_url, issued.authority_fingerprint
    );
    IssuedJoinToken {
        command,
        manifest: to_yaml(&agent_manifest(&install)),
        token: views::join_token(&issued.token, hub.app.now()),
        secret: issued.secret,
    }
}

pub(crate) async fn join_token_delete(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(token): At<JoinTokenId>,
) -> Result<Empty, Failure> {
    hubs::join_token_delete(&hub.app, &caller, token).await?;
    Ok(Empty)
}
