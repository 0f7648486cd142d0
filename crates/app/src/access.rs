//! Why somebody may do something, or what is missing (ROLE-10): what [`Graph::explain`](bastide_authz::Graph::explain) says,
//! in names, and only as much of it as the one who asks may know.

use bastide_authz::action::{self, ViewMembers, ViewOrganization, ViewUsers};
use bastide_authz::target::Object;
use bastide_authz::{Billing, Explanation, Realm, Source, Verdict};
use bastide_model::access::{Caller, Credential};
use bastide_model::permission::PermissionSet;
use bastide_model::role::{ASSIGNABLE, BILLING, Reach, Role};
use bastide_model::user::User;
use bastide_model::{Error, OrganizationId, Permission, RealmId, Result, TokenId};
use bastide_store::Tx;
use uuid::Uuid;

use crate::people::{named_user, sees_members};
use crate::state::App;
use crate::{clusters, organizations};

/// What is asked. Everything absent: oneself, and where the action belongs by itself.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// Id or e-mail address of the person; oneself when absent.
    pub user: Option<String>,
    /// An operation such as `organization_delete`, or a permission such as `organizations.delete`.
    pub action: String,
    /// Id or slug of an organization.
    pub organization: Option<String>,
    /// Id or slug of a team of that organization.
    pub team: Option<String>,
    /// Id or slug of a project of that organization.
    pub project: Option<String>,
    /// Id or name of a cluster.
    pub cluster: Option<String>,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Whose rights.
    pub user: User,
    /// What is needed.
    pub permission: Permission,
    /// What it would be done to, in words.
    pub object: String,
    /// Whether they may.
    pub verdict: Verdict,
    /// What is missing, as a sentence; nothing when they may.
    pub missing: Option<String>,
    /// What gives them anything on the object.
    pub grants: Vec<Given>,
}

/// One thing that gives somebody something on an object.
#[derive(Debug, Clone)]
pub struct Given {
    /// In words.
    pub sentence: String,
    /// Whether what was asked for is in it.
    pub gives_it: bool,
}

/// What is never about an organization, even when one is named.
const ELSEWHERE: PermissionSet = PermissionSet::of(&[
    Permission::TokensView,
    Permission::TokensCreate,
    Permission::TokensDelete,
    Permission::PlansView,
    Permission::UsersView,
    Permission::UsersCreate,
    Permission::UsersUpdate,
    Permission::HubsView,
    Permission::ClientOrganizationsCreate,
    Permission::AuthoritiesRotate,
]);

/// Where the question is about.
struct Place {
    object: Object,
    words: String,
    organization: Option<OrganizationId>,
}

/// Answers a question about oneself, or about somebody whom one may know.
///
/// # Errors
/// [`Error::NotFound`] for an object that does not exist for the caller; [`Error::Invalid`] naming `action`, `user`,
/// `organization`.
pub async fn explain(app: &App, caller: &Caller, question: &Question) -> Result<Answer> {
    let permission = needed(&question.action)?;
    let place = place(app, caller, question, permission).await?;
    let user = match &question.user {
        None => app.read(caller).await?.user(caller.user).await?,
        Some(name) => person(app, caller, name, &place).await?,
    };
    if let Object::Billing(organization) = place.object
        && user.id != caller.user
    {
        // Who is not on that axis learns nothing of it (ROLE-1, BILL-1).
        app.authorize::<action::ViewBilling>(caller, Billing(organization))?;
    }
    let now = app.now();
    let object = if let Object::Own(_) = place.object { Object::Own(user.id) } else { place.object };
    let subject = subject(caller, &user);
    let mut explanation = app.graph(|graph| graph.explain(&subject, object, permission, now));
    if user.id != caller.user {
        // From below there is nothing above: neither what was given there nor that it gives something (HIER-4).
        explanation = explanation.of_what_is_seen(|source| may_know_of(app, caller, source));
    }
    let mut tx = app.read(caller).await?;
    let missing = missing(app, caller, &mut tx, (&user, permission, &place), &explanation).await?;
    let mut grants = Vec::new();
    for grant in &explanation.grants {
        let sentence = sentence(app, caller, &mut tx, &grant.source, user.id == caller.user).await?;
        grants.push(Given { sentence, gives_it: grant.gives_it });
    }
    Ok(Answer { user, permission, object: place.words, verdict: explanation.verdict, missing, grants })
}

/// The account as it is asked about: oneself with the credential in use, others with all that their account may do.
fn subject(caller: &Caller, user: &User) -> Caller {
    if user.id == caller.user {
        return caller.clone();
    }
    Caller {
        user: user.id,
        realm: user.realm,
        credential: Credential::Token(TokenId::from_uuid(Uuid::nil())),
        ceiling: PermissionSet::ALL,
        address: String::new(),
        request: caller.request,
    }
}

fn needed(word: &str) -> Result<Permission> {
    if let Some(known) = action::ALL.iter().find(|one| one.operation == word) {
        return Ok(known.permission);
    }
    let unknown = "it is neither an operation such as `organization_delete` nor a permission such as \
        `organizations.delete`; `bastide permission list` shows all";
    word.parse().map_err(|_| Error::field("action", unknown))
}

async fn place(app: &App, caller: &Caller, question: &Question, permission: Permission) -> Result<Place> {
    if let Some(name) = &question.cluster {
        let cluster = clusters::resolve(app, caller, name).await?;
        return Ok(Place {
            object: Object::Cluster(cluster),
            words: format!("the cluster {name}"),
            organization: None,
        });
    }
    let elsewhere = ELSEWHERE.contains(permission);
    let Some(name) = question.organization.as_ref().filter(|_| !elsewhere) else {
        return by_itself(caller, permission);
    };
    let organization = organizations::resolve(app, caller, name).await?;
    let within = |object, words| Place { object, words, organization: Some(organization) };
    let mut tx = app.read(caller).await?;
    let object = match (&question.team, &question.project) {
        (Some(team), _) => {
            let id = tx.team_find(organization, team).await?.ok_or(Error::NotFound)?;
            (Object::Team(id), format!("the team {team} of {name}"))
        }
        (None, Some(project)) => {
            let id = tx.project_find(organization, project).await?.ok_or(Error::NotFound)?;
            (Object::Project(id), format!("the project {project} of {name}"))
        }
        (None, None) if BILLING.contains(permission) => {
            return Ok(within(Object::Billing(organization), format!("the billing of {name}")));
        }
        (None, None) => {
            return Ok(within(Object::Organization(organization), format!("the organization {name}")));
        }
    };
    let now = app.now();
    // What the caller does not see, nothing is said about, whoever is asked about.
    if app.graph(|graph| graph.held(caller, object.0, now))?.is_empty() {
        return Err(Error::NotFound);
    }
    Ok(within(object.0, object.1))
}

/// Where an action belongs that is not done to anything that has to be named.
fn by_itself(caller: &Caller, permission: Permission) -> Result<Place> {
    use Permission as P;
    let realm = caller.realm;
    let (object, words) = match permission {
        P::TokensView | P::TokensCreate | P::TokensDelete => {
            (Object::Own(caller.user), "one's own tokens and sessions")
        }
        P::OrganizationsCreate | P::PlansView => (Object::Commons(realm), "the common ground of the realm"),
        P::UsersView | P::UsersCreate | P::UsersUpdate | P::HubsView | P::ClientOrganizationsCreate => {
            (Object::Realm(realm), "the realm")
        }
        P::AuthoritiesRotate | P::AuditView => (Object::Site, "the installation"),
        _ => {
            let message = format!("say where: `{permission}` is about an organization or a cluster");
            return Err(Error::field("organization", message));
        }
    };
    Ok(Place { object, words: words.to_owned(), organization: None })
}

/// Somebody whom the caller may ask about. Whoever they may not know is answered as whoever does not exist (E-43).
async fn person(app: &App, caller: &Caller, name: &str, place: &Place) -> Result<User> {
    let unknown = || Error::field("user", "you know of no account here with this id or e-mail address");
    let realm = place
        .organization
        .and_then(|id| app.graph(|graph| graph.realm_of_organization(id)))
        .unwrap_or(caller.realm);
    let mut tx = app.read(caller).await?;
    let user = named_user(&mut tx, realm, name).await?.ok_or_else(unknown)?;
    if user.id == caller.user || is_known(app, caller, &user, place.organization) {
        Ok(user)
    } else {
        Err(unknown())
    }
}

/// Whether the caller may know that somebody is there: by the realm's accounts, or because they see something that the
/// person was given in the organization or above it.
fn is_known(app: &App, caller: &Caller, user: &User, organization: Option<OrganizationId>) -> bool {
    if app.authorize::<ViewUsers>(caller, Realm(user.realm)).is_ok() {
        return true;
    }
    let Some(organization) = organization else { return false };
    if app.authorize::<ViewMembers>(caller, organization).is_err() {
        return false;
    }
    let now = app.now();
    let object = Object::Organization(organization);
    let subject = subject(caller, user);
    let explanation = app.graph(|graph| graph.explain(&subject, object, Permission::OrganizationsView, now));
    explanation.grants.iter().any(|grant| match grant.source {
        Source::Assignment { organization, .. } => sees_members(app, caller, organization),
        Source::Team { .. } => true,
        _ => false,
    })
}

/// Whether the caller may know of something that gives somebody else something.
fn may_know_of(app: &App, caller: &Caller, source: &Source) -> bool {
    match source {
        Source::Assignment { organization, .. } | Source::Carries { organization } => {
            sees_members(app, caller, *organization)
        }
        _ => true,
    }
}

/// Where somebody was given something is told to who may see the members there; one's own, to who sees the organization.
fn is_seen(app: &App, caller: &Caller, organization: OrganizationId, own: bool) -> bool {
    sees_members(app, caller, organization)
        || (own && app.authorize::<ViewOrganization>(caller, organization).is_ok())
}

async fn sentence(app: &App, caller: &Caller, tx: &mut Tx, source: &Source, own: bool) -> Result<String> {
    Ok(match *source {
        Source::Own => "it is their own".to_owned(),
        Source::Account => "everybody with an account has it".to_owned(),
        Source::SiteAdministration => "they administer the installation".to_owned(),
        Source::ClientAdministration => "they administer the client".to_owned(),
        Source::Team { team, role } => {
            let organization = app.graph(|graph| graph.organization_of_team(team));
            match app.authorize::<action::ViewTeam>(caller, team) {
                Ok(_) => format!("{role} by the team {}", tx.team(organization, team).await?.slug),
                Err(_) => format!("{role} by a team"),
            }
        }
        Source::Carries { organization } => {
            let place = place_name(app, caller, tx, organization, own).await?;
            format!("it carries {place}, where they have a role")
        }
        Source::Assignment { organization, role, reach, expires_at, .. } => {
            let role = match role {
                Role::Custom(id) if is_seen(app, caller, organization, own) => {
                    format!("the role {}", tx.role(id).await?.slug)
                }
                Role::Custom(_) => "a role".to_owned(),
                built_in => built_in.to_string(),
            };
            let at = place_name(app, caller, tx, organization, own).await?;
            let beneath = if reach == Reach::Beneath { ", there and beneath" } else { "" };
            let until = expires_at.map_or_else(String::new, |end| format!(", until {end}"));
            format!("{role} at {at}{beneath}{until}")
        }
    })
}

/// HIER-4: what lies above is not named to who does not see it.
async fn place_name(
    app: &App,
    caller: &Caller,
    tx: &mut Tx,
    organization: OrganizationId,
    own: bool,
) -> Result<String> {
    if is_seen(app, caller, organization, own) {
        Ok(tx.organization(organization).await?.slug.to_string())
    } else {
        Ok("an organization above".to_owned())
    }
}

async fn missing(
    app: &App,
    caller: &Caller,
    tx: &mut Tx,
    (user, permission, place): (&User, Permission, &Place),
    explanation: &Explanation,
) -> Result<Option<String>> {
    let (email, object) = (&user.email, &place.words);
    Ok(Some(match explanation.verdict {
        Verdict::Allowed => return Ok(None),
        Verdict::Unusable { reason } => reason.to_owned(),
        Verdict::Narrowed => format!("the token in use leaves `{permission}` out"),
        Verdict::Unseen => {
            format!("an assignment: {email} has no role and is in no team that reaches {object}")
        }
        Verdict::Missing => {
            let roles = roles_with(app, caller, tx, permission, place.organization).await?;
            let which = if roles.is_empty() {
                "no role of an organization holds it".to_owned()
            } else {
                format!("roles that hold it: {}", roles.join(", "))
            };
            format!("a role: nothing that {email} was given there holds `{permission}`; {which}")
        }
    }))
}

/// The roles that hold a permission: the built-in ones, and those defined here or above when the caller may see them.
async fn roles_with(
    app: &App,
    caller: &Caller,
    tx: &mut Tx,
    permission: Permission,
    organization: Option<OrganizationId>,
) -> Result<Vec<String>> {
    let holds = |role: &&Role| role.permissions().union(role.billing()).contains(permission);
    let mut roles: Vec<String> = Role::BUILT_IN.iter().filter(holds).map(ToString::to_string).collect();
    let Some(organization) = organization.filter(|_| ASSIGNABLE.contains(permission)) else {
        return Ok(roles);
    };
    if app.authorize::<action::ViewRoles>(caller, organization).is_ok() {
        let realm = app.graph(|graph| graph.realm_of_organization(organization)).unwrap_or(RealmId::PLATFORM);
        let custom = tx.roles_at(realm, &crate::roles::lineage(app, organization)).await?;
        let with = custom.into_iter().filter(|role| role.permissions.contains(permission));
        roles.extend(with.map(|role| role.slug.to_string()));
    }
    Ok(roles)
}
