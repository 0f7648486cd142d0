-- Custom roles, teams and projects. Everything in an organization carries it beside its realm, and references between such
-- rows carry both, so that an edge between two organizations cannot be stored (HIER-2).

create table roles (
    id uuid primary key,
    realm_id uuid not null,
    organization_id uuid not null,
    slug text not null,
    name text not null,
    description text not null,
    permissions jsonb not null,
    created_at_ms bigint not null,
    revision bigint not null,
    -- A role is given beneath the organization that defined it as well, so what gives it refers to its realm only.
    constraint roles_in_realm unique (realm_id, id),
    constraint roles_slug_unique unique (organization_id, slug),
    constraint roles_organization_in_realm foreign key (realm_id, organization_id) references organizations (realm_id, id)
);

-- The grants once more, now with the custom role that one may give. `role` is its word: that of a built-in role, or the
-- text of the custom role's id.
create table assignments_with_roles (
    id uuid primary key,
    realm_id uuid not null,
    organization_id uuid not null,
    user_id uuid not null,
    role text not null,
    role_id uuid,
    reach text not null,
    expires_at_ms bigint,
    created_at_ms bigint not null,
    constraint assignments_given_once unique (organization_id, user_id, role),
    constraint assignments_at_organization_in_realm foreign key (realm_id, organization_id) references organizations (realm_id, id),
    constraint assignments_to_user_in_realm foreign key (realm_id, user_id) references users (realm_id, id),
    constraint assignments_of_role_in_realm foreign key (realm_id, role_id) references roles (realm_id, id)
);
insert into assignments_with_roles (id, realm_id, organization_id, user_id, role, reach, expires_at_ms, created_at_ms)
    select id, realm_id, organization_id, user_id, role, reach, expires_at_ms, created_at_ms from assignments;
drop table assignments;
alter table assignments_with_roles rename to assignments;
create unique index assignments_one_owner on assignments (organization_id) where role = 'owner';
create index assignments_by_user on assignments (user_id);
create index assignments_by_role on assignments (role_id);

create table teams (
    id uuid primary key,
    realm_id uuid not null,
    organization_id uuid not null,
    slug text not null,
    name text not null,
    search text not null,
    description text not null,
    created_at_ms bigint not null,
    revision bigint not null,
    constraint teams_in_organization unique (realm_id, organization_id, id),
    constraint teams_slug_unique unique (organization_id, slug),
    constraint teams_organization_in_realm foreign key (realm_id, organization_id) references organizations (realm_id, id)
);
create index teams_by_name on teams (organization_id, search, id);

create table team_members (
    realm_id uuid not null,
    organization_id uuid not null,
    team_id uuid not null,
    user_id uuid not null,
    role text not null,
    created_at_ms bigint not null,
    primary key (team_id, user_id),
    constraint team_members_in_organization foreign key (realm_id, organization_id, team_id)
        references teams (realm_id, organization_id, id),
    constraint team_members_user_in_realm foreign key (realm_id, user_id) references users (realm_id, id)
);
create index team_members_by_user on team_members (user_id);
create index team_members_by_organization on team_members (organization_id, user_id);

create table projects (
    id uuid primary key,
    realm_id uuid not null,
    organization_id uuid not null,
    slug text not null,
    name text not null,
    search text not null,
    description text not null,
    created_at_ms bigint not null,
    revision bigint not null,
    constraint projects_in_organization unique (realm_id, organization_id, id),
    constraint projects_slug_unique unique (organization_id, slug),
    constraint projects_organization_in_realm foreign key (realm_id, organization_id) references organizations (realm_id, id)
);
create index projects_by_name on projects (organization_id, search, id);

-- Both ends are of one organization: the same columns refer to it twice.
create table project_teams (
    realm_id uuid not null,
    organization_id uuid not null,
    project_id uuid not null,
    team_id uuid not null,
    role text not null,
    created_at_ms bigint not null,
    primary key (project_id, team_id),
    constraint project_teams_project_in_organization foreign key (realm_id, organization_id, project_id)
        references projects (realm_id, organization_id, id),
    constraint project_teams_team_in_organization foreign key (realm_id, organization_id, team_id)
        references teams (realm_id, organization_id, id)
);
create index project_teams_by_team on project_teams (team_id);
