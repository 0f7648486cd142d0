//! Gateway configurations of clusters.

use bastide_authz::action::{
    CreateGateway, DeleteGateway, ShareGateway, UpdateGateway, ViewGateways, ViewOrganization,
};
use bastide_model::access::Caller;
use bastide_model::cluster::Cluster;
use bastide_model::error::FieldErrors;
use bastide_model::gateway::{
    CertificatePolicy, GatewayAddress, GatewayConfiguration, GatewaySpec, Listener, ListenerProtocol,
};
use bastide_model::labels::is_dns_label;
use bastide_model::limits::{GATEWAY_ADDRESSES_MAX, LISTENERS_MAX, SHARED_LISTENERS_MAX};
use bastide_model::names::{DisplayName, Slug};
use bastide_model::{AuditId, ClusterId, Error, GatewayConfigurationId, OrganizationId, Result};

use crate::state::{App, unseen};

/// Organizations that are named in one refusal; the rest is counted.
const NAMED_MAX: usize = 5;

/// A gateway configuration to be made.
#[derive(Debug, Clone)]
pub struct NewGateway {
    /// What people read.
    pub name: DisplayName,
    /// Short name.
    pub slug: Slug,
    /// What its gateways are made of.
    pub spec: GatewaySpec,
    /// How listeners of HTTPS get their certificates.
    pub certificates: CertificatePolicy,
}

/// Changes to a gateway configuration; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// What people read.
    pub name: Option<DisplayName>,
    /// Name of the `GatewayClass`.
    pub class: Option<String>,
    /// All listeners that it should have.
    pub listeners: Option<Vec<Listener>>,
    /// All addresses that it should ask for.
    pub addresses: Option<Vec<GatewayAddress>>,
    /// How listeners of HTTPS get their certificates.
    pub certificates: Option<CertificatePolicy>,
}

/// What holds for every configuration.
fn check(spec: &GatewaySpec, certificates: CertificatePolicy) -> FieldErrors {
    let mut errors = FieldErrors::default();
    if !is_dns_label(&spec.class) {
        errors.push("/class", "the name of a GatewayClass: 1 to 63 of a–z, 0–9 and `-`");
    }
    if spec.listeners.is_empty() || spec.listeners.len() > LISTENERS_MAX {
        errors.push("/listeners", format!("a gateway has 1 to {LISTENERS_MAX} listeners"));
    }
    for (index, listener) in spec.listeners.iter().enumerate() {
        check_listener(&mut errors, index, listener, spec.listeners.get(..index).unwrap_or_default());
    }
    let is_https = |one: &Listener| one.protocol == ListenerProtocol::Https;
    if certificates == CertificatePolicy::None && spec.listeners.iter().any(is_https) {
        errors.push("/certificates", "a listener of HTTPS needs certificates: `gateway` or `organization`");
    }
    if spec.addresses.len() > GATEWAY_ADDRESSES_MAX {
        errors.push("/addresses", format!("a gateway asks for at most {GATEWAY_ADDRESSES_MAX} addresses"));
    }
    for (index, address) in spec.addresses.iter().enumerate() {
        if spec.addresses.iter().take(index).any(|other| other == address) {
            errors.push(format!("/addresses/{index}"), "each address once");
        }
    }
    errors
}

fn check_listener(errors: &mut FieldErrors, index: usize, listener: &Listener, earlier: &[Listener]) {
    if !is_dns_label(&listener.name) || earlier.iter().any(|other| other.name == listener.name) {
        errors.push(format!("/listeners/{index}/name"), "a name of 1 to 63 of a–z, 0–9 and `-`, each once");
    }
    let port = format!("/listeners/{index}/port");
    let mut on_port = earlier.iter().filter(|other| other.port == listener.port);
    if listener.port == 0 || on_port.clone().any(|other| other.host_name == listener.host_name) {
        errors.push(port, "a port of 1 to 65535, each once for one host name");
    } else if on_port.any(|other| other.protocol != listener.protocol) {
        errors.push(port, "one port has one protocol");
    }
    let mut kinds = listener.allowed.iter();
    while let Some(kind) = kinds.next() {
        if kinds.clone().any(|other| other == kind) {
            errors.push(format!("/listeners/{index}/allowed"), "each kind of route once");
            break;
        }
    }
}

/// What holds besides for the one that organizations share.
fn check_shared(spec: &GatewaySpec, certificates: CertificatePolicy) -> Option<String> {
    let is_plain = |one: &Listener| one.protocol == ListenerProtocol::Http;
    if spec.listeners.len() > SHARED_LISTENERS_MAX {
        Some(format!("a gateway that organizations share has at most {SHARED_LISTENERS_MAX} listeners"))
    } else if !spec.listeners.iter().any(is_plain) {
        Some("a gateway that organizations share needs a listener of HTTP".to_owned())
    } else if spec.listeners.iter().any(|one| one.host_name.is_some()) {
        Some("on a gateway that organizations share, host names are those that they own: its listeners have none".to_owned())
    } else if certificates == CertificatePolicy::Gateway && !spec.listeners.iter().all(is_plain) {
        Some("a gateway that organizations share takes certificates from the organizations (`organization`) or has no listener of HTTPS".to_owned())
    } else {
        None
    }
}

/// The gateway configurations of a cluster.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn list(app: &App, caller: &Caller, cluster: ClusterId) -> Result<Vec<GatewayConfiguration>> {
    let permit = app.authorize::<ViewGateways>(caller, cluster)?;
    app.read(&permit).await?.gateway_list(&permit).await
}

/// One gateway configuration.
///
/// # Errors
/// [`Error::NotFound`] for who may not see those of its cluster, too.
pub async fn view(app: &App, caller: &Caller, id: GatewayConfigurationId) -> Result<GatewayConfiguration> {
    let gateway = app.read(caller).await?.gateway(id).await?;
    app.authorize::<ViewGateways>(caller, gateway.cluster).map_err(unseen)?;
    Ok(gateway)
}

/// Makes a gateway configuration.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Conflict`] `slug_taken`.
pub async fn create(
    app: &App,
    caller: &Caller,
    cluster: ClusterId,
    input: NewGateway,
) -> Result<GatewayConfiguration> {
    let permit = app.authorize::<CreateGateway>(caller, cluster)?;
    check(&input.spec, input.certificates).finish()?;
    let gateway = GatewayConfiguration {
        id: GatewayConfigurationId::fresh(app.ids()),
        cluster,
        slug: input.slug,
        name: input.name,
        spec: input.spec,
        certificates: input.certificates,
        shared: false,
        created_at: app.now(),
        revision: 1,
    };
    let mut tx = app.write(&permit).await?;
    tx.gateway_create(&permit, &gateway, AuditId::fresh(app.ids())).await?;
    app.publish(tx.commit().await?).await?;
    Ok(gateway)
}

/// Changes a gateway configuration, if it is still as the caller last saw it. The gateways that were made of it change with
/// it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`], [`Error::Stale`]; [`Error::Conflict`] `not_shareable` when organizations share
/// it and could not any more.
pub async fn update(
    app: &App,
    caller: &Caller,
    id: GatewayConfigurationId,
    seen: i64,
    change: Change,
) -> Result<GatewayConfiguration> {
    let cluster = view(app, caller, id).await?.cluster;
    let permit = app.authorize::<UpdateGateway>(caller, cluster)?;
    let mut tx = app.write(&permit).await?;
    let before = tx.gateway(id).await?;
    let mut after = before.clone();
    after.name = change.name.unwrap_or(after.name);
    after.spec.class = change.class.unwrap_or(after.spec.class);
    after.spec.listeners = change.listeners.unwrap_or(after.spec.listeners);
    after.spec.addresses = change.addresses.unwrap_or(after.spec.addresses);
    after.certificates = change.certificates.unwrap_or(after.certificates);
    check(&after.spec, after.certificates).finish()?;
    if before.revision != seen {
        return Err(Error::Stale);
    }
    if let Some(problem) = check_shared(&after.spec, after.certificates).filter(|_| before.shared) {
        return Err(Error::conflict("not_shareable", problem));
    }
    tx.gateway_update(&permit, (&before, &after), app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    after.revision += 1;
    Ok(after)
}

/// Says which gateway the organizations of a cluster share: one of its configurations by id or slug, or none. The gateway on
/// the cluster becomes the other one; it never goes while organizations share it.
///
/// # Errors
/// [`Error::Invalid`] when it is none of the cluster's; [`Error::Conflict`] `not_shareable`, `gateway_in_use`,
/// `listener_sets_missing`.
pub async fn share(
    app: &App,
    caller: &Caller,
    cluster: ClusterId,
    choice: Option<&str>,
) -> Result<Option<GatewayConfiguration>> {
    let permit = app.authorize::<ShareGateway>(caller, cluster)?;
    let mut tx = app.write(&permit).await?;
    let cluster = tx.cluster(cluster).await?;
    let all = tx.gateways_of(cluster.id).await?;
    let before = all.iter().find(|one| one.shared);
    let named = |name: &str| all.iter().find(|one| one.slug.as_str() == name || one.id.to_string() == name);
    let after = match choice.map(|name| named(name).ok_or(name)) {
        None => None,
        Some(Ok(found)) => Some(found),
        Some(Err(name)) => {
            let problem = format!("`{name}` is no gateway configuration of {}", cluster.name);
            return Err(Error::field("/configuration", problem));
        }
    };
    if let Some(after) = after {
        admit_sharing(&cluster, after)?;
    } else if let Some(before) = before {
        let users = tx.gateway_users(&permit, before).await?;
        refuse_in_use(app, caller, before, &users)?;
    }
    if before.map(|one| one.id) != after.map(|one| one.id) {
        tx.gateway_share(&permit, &cluster, (before, after), app.audit()).await?;
        app.publish(tx.commit().await?).await?;
    }
    match after {
        Some(after) => app.read(&permit).await?.gateway(after.id).await.map(Some),
        None => Ok(None),
    }
}

fn admit_sharing(cluster: &Cluster, gateway: &GatewayConfiguration) -> Result<()> {
    if let Some(problem) = check_shared(&gateway.spec, gateway.certificates) {
        return Err(Error::conflict("not_shareable", problem));
    }
    // What is not known yet is no reason to refuse.
    let lacks = |name: &str| cluster.facts.capabilities.iter().any(|one| one.name == name && !one.available);
    if lacks("ListenerSet") || lacks("GatewayApi") {
        let detail = format!(
            "{} has no ListenerSet of the Gateway API, by which organizations share a gateway; install its release 1.5 or a newer one",
            cluster.name
        );
        return Err(Error::conflict("listener_sets_missing", detail));
    }
    Ok(())
}

/// Deletes a gateway configuration that no organization uses.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`] `gateway_in_use`.
pub async fn delete(app: &App, caller: &Caller, id: GatewayConfigurationId) -> Result<()> {
    let cluster = view(app, caller, id).await?.cluster;
    let permit = app.authorize::<DeleteGateway>(caller, cluster)?;
    let mut tx = app.write(&permit).await?;
    let gateway = tx.gateway(id).await?;
    let users = tx.gateway_users(&permit, &gateway).await?;
    refuse_in_use(app, caller, &gateway, &users)?;
    tx.gateway_delete(&permit, &gateway, app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    Ok(())
}

/// Names the organizations that the caller sees; of the others it tells how many there are (HIER-6).
fn refuse_in_use(
    app: &App,
    caller: &Caller,
    gateway: &GatewayConfiguration,
    users: &[(OrganizationId, Slug)],
) -> Result<()> {
    if users.is_empty() {
        return Ok(());
    }
    let seen = users.iter().filter(|(id, _)| app.authorize::<ViewOrganization>(caller, *id).is_ok());
    let mut named: Vec<String> = seen.take(NAMED_MAX).map(|(_, slug)| slug.to_string()).collect();
    match (users.len() - named.len(), named.len()) {
        (0, _) => {}
        (more, 0) => named.push(format!("{more} organizations")),
        (more, _) => named.push(format!("{more} more")),
    }
    Err(Error::conflict("gateway_in_use", format!("`{}` is used by {}", gateway.slug, named.join(", "))))
}
