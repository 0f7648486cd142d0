//! Who belongs to an organization, with the sources of their access (ROLE-2, INV-7).

use std::collections::HashMap;

use bastide_authz::action::{RemoveMember, UpdateAssignment, ViewMembers, WithdrawRole};
use bastide_authz::visible::Scope;
use bastide_model::access::Caller;
use bastide_model::names::{DisplayName, Slug};
use bastide_model::organization::Organization;
use bastide_model::role::{Role, TeamRole};
use bastide_model::user::User;
use bastide_model::{Error, OrganizationId, Result, RoleId, TeamId};
use bastide_store::{Assignment, Member, MemberFilter, Tx};

use crate::people::sees_members;
use crate::state::App;
use crate::{Listed, PageRequest};

/// Somebody in an organization, as the caller sees them.
#[derive(Debug, Clone)]
pub struct Details {
    /// The account.
    pub user: User,
    /// The strongest role that they have there; `none` when it has ended (ROLE-9).
    pub role: &'static str,
    /// What gives them access.
    pub sources: Vec<Source>,
    /// What the caller may do with them there.
    pub actions: Vec<&'static str>,
}

/// One thing that gives somebody access to an organization.
#[derive(Debug, Clone)]
pub enum Source {
    /// A role that was given there.
    Direct {
        /// The grant.
        grant: Assignment,
        /// Whether it is in force.
        in_force: bool,
        /// What the caller may do with it.
        actions: Vec<&'static str>,
    },
    /// A role that was given above and reaches down.
    Inherited {
        /// Where; the caller sees who belongs there.
        from: (OrganizationId, Slug, DisplayName),
        /// The grant.
        grant: Assignment,
    },
    /// A team of the organization.
    Team {
        /// Which, if the caller sees it.
        team: Option<(TeamId, Slug, DisplayName)>,
        /// As what.
        role: TeamRole,
    },
}

/// Which members are asked for, in words.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// `direct`, `inherited` or `team`.
    pub source: Option<String>,
    /// `owner`, `administrator`, `custom`, `member`, `none`, or the id of a custom role.
    pub role: Option<String>,
}

impl Filter {
    fn read(&self) -> Result<MemberFilter> {
        let source = match self.source.as_deref() {
            None => "",
            Some("direct") => "direct",
            Some("inherited") => "inherited",
            Some("team") => "team",
            Some(_) => return Err(Error::field("source", "it is one of `direct`, `inherited`, `team`")),
        };
        let role = self.role.clone().unwrap_or_default();
        let words = ["", "owner", "administrator", "custom", "member", "none"];
        if !words.contains(&role.as_str()) && role.parse::<RoleId>().is_err() {
            let problem = "it is one of `owner`, `administrator`, `custom`, `member`, `none`, or the id of a custom role";
            return Err(Error::field("role", problem));
        }
        Ok(MemberFilter { source, role })
    }
}

/// Who belongs to an organization: by a role there, by one from above, by a team. Whoever has access from an organization
/// only whose members the caller does not see is not among them (HIER-4).
///
/// # Errors
/// Those of [`App::authorize`]; [`Error::Invalid`] naming `source` or `role`.
pub async fn list(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
    (filter, page): (&Filter, &PageRequest),
) -> Result<Listed<Details>> {
    let permit = app.authorize::<ViewMembers>(caller, id)?;
    let filter = filter.read()?;
    let now = app.now();
    let above: Vec<_> = app.graph(|graph| graph.lineage(id).skip(1).collect());
    let seen: Vec<_> = above.iter().copied().filter(|above| sees_members(app, caller, *above)).collect();
    let mut tx = app.read(&permit).await?;
    let listed = tx.member_list(&permit, page, (&filter, &seen), now).await?;
    let view = View::new(app, &mut tx, caller, id, &seen).await?;
    let items = listed.items.into_iter().map(|member| view.details(member)).collect::<Result<_>>()?;
    Ok(Listed { items, next: listed.next })
}

/// Who owns an organization, and how many people are members of it.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn summary(app: &App, caller: &Caller, id: OrganizationId) -> Result<(Option<User>, u64)> {
    let permit = app.authorize::<ViewMembers>(caller, id)?;
    app.read(&permit).await?.members_summary(&permit, app.now()).await
}

/// What one caller sees of one organization's members.
struct View<'a> {
    app: &'a App,
    caller: &'a Caller,
    id: OrganizationId,
    above: HashMap<OrganizationId, Organization>,
    teams: Scope<TeamId>,
    may_remove: bool,
    may_change: bool,
}

impl<'a> View<'a> {
    async fn new(
        app: &'a App,
        tx: &mut Tx,
        caller: &'a Caller,
        id: OrganizationId,
        seen: &[OrganizationId],
    ) -> Result<Self> {
        let mut above = HashMap::new();
        for one in seen {
            above.insert(*one, tx.organization(*one).await?);
        }
        let now = app.now();
        let teams = app.graph(|graph| graph.visible_teams(caller, id, now))?.scope().clone();
        let may_remove = app.authorize::<RemoveMember>(caller, id).is_ok();
        let may_change = app.authorize::<UpdateAssignment>(caller, id).is_ok()
            && app.authorize::<WithdrawRole>(caller, id).is_ok();
        Ok(Self { app, caller, id, above, teams, may_remove, may_change })
    }

    fn details(&self, member: Member) -> Result<Details> {
        let now = self.app.now();
        let in_force = |grant: &Assignment| grant.in_force(now);
        let role = member.grants.iter().filter(|grant| in_force(grant)).map(|grant| grant.role).min();
        let mut may_remove = self.may_remove && member.user.id != self.caller.user;
        let mut here = !member.teams.is_empty();
        let role = role.map_or(if here { "member" } else { "none" }, Role::word);
        let mut sources = Vec::new();
        for grant in member.grants {
            if grant.organization == self.id {
                let held = self.holds(&grant)?;
                (here, may_remove) = (true, may_remove && held);
                let actions: &[_] = if held && self.may_change { &["update", "withdraw"] } else { &[] };
                sources.push(Source::Direct { in_force: in_force(&grant), grant, actions: actions.to_vec() });
            } else if let Some(from) = self.above.get(&grant.organization).filter(|_| in_force(&grant)) {
                let from = (from.id, from.slug.clone(), from.name.clone());
                sources.push(Source::Inherited { from, grant });
            }
        }
        for team in member.teams {
            let seen = match &self.teams {
                Scope::All | Scope::Realm(_) => true,
                Scope::These(ids) => ids.contains(&team.id),
            };
            let (id, role) = (team.id, team.role);
            sources.push(Source::Team { team: seen.then_some((id, team.slug, team.name)), role });
        }
        let actions = if may_remove && here { vec!["remove"] } else { Vec::new() };
        Ok(Details { user: member.user, role, sources, actions })
    }

    /// Whether the grant is one that the caller could change or take away (ROLE-7).
    fn holds(&self, grant: &Assignment) -> Result<bool> {
        let now = self.app.now();
        if grant.role == Role::Owner || grant.user == self.caller.user {
            return Ok(false);
        }
        let (wanted, times) = ((grant.role, grant.reach), (Some(now), now));
        let lacks = self.app.graph(|graph| graph.lacks_to_grant(self.caller, self.id, wanted, times))?;
        Ok(lacks.is_empty())
    }
}
