-- The first schema, one text for SQLite and PostgreSQL. Times are milliseconds since 1970. `realm_id` is the client, or
-- the nil UUID for the platform itself; every row of tenant data carries it beside its organization (HIER-2), and
-- references between such rows are composite, so that an edge between two realms cannot be stored.

create table installation (
    singleton boolean primary key check (singleton),
    id uuid not null,
    epoch bigint not null,
    revision bigint not null,
    -- Changes up to this revision are forgotten; who is further behind reads everything anew.
    changes_from bigint not null,
    latest_seen_at_ms bigint not null
);

create table changes (
    revision bigint not null,
    sequence bigint not null,
    change jsonb not null,
    primary key (revision, sequence)
);

create table realms (
    id uuid primary key,
    slug text not null,
    name text not null,
    created_at_ms bigint not null,
    constraint realms_slug_unique unique (slug)
);

create table plans (
    id uuid primary key,
    realm_id uuid not null references realms (id),
    slug text not null,
    name text not null,
    limits jsonb not null,
    is_default boolean not null,
    position bigint not null,
    constraint plans_in_realm unique (realm_id, id),
    constraint plans_slug_unique unique (realm_id, slug)
);

create table organizations (
    id uuid primary key,
    realm_id uuid not null references realms (id),
    parent_id uuid,
    slug text not null,
    name text not null,
    search text not null,
    description text not null,
    kind text not null,
    visibility text not null,
    annotations jsonb not null,
    namespace_base text not null,
    plan_id uuid not null,
    state text not null,
    created_at_ms bigint not null,
    deleted_at_ms bigint,
    revision bigint not null,
    constraint organizations_in_realm unique (realm_id, id),
    constraint organizations_parent_in_realm foreign key (realm_id, parent_id) references organizations (realm_id, id),
    constraint organizations_plan_in_realm foreign key (realm_id, plan_id) references plans (realm_id, id)
);
create unique index organizations_slug_unique on organizations (realm_id, slug) where deleted_at_ms is null;
create index organizations_by_parent on organizations (parent_id);
create index organizations_by_name on organizations (search, id);

-- Every namespace name there is or will be, so that a base is unique with all that is derived from it (ORG-1).
create table namespaces (
    name text primary key,
    realm_id uuid not null,
    organization_id uuid not null,
    purpose text not null,
    constraint namespaces_in_realm foreign key (realm_id, organization_id) references organizations (realm_id, id)
);
create index namespaces_by_organization on namespaces (organization_id);

create table users (
    id uuid primary key,
    realm_id uuid not null references realms (id),
    email text not null,
    email_key text not null,
    name text not null,
    search text not null,
    password_hash text,
    access text not null,
    home_organization_id uuid,
    created_at_ms bigint not null,
    revision bigint not null,
    constraint users_in_realm unique (realm_id, id),
    constraint users_email_unique unique (realm_id, email_key),
    constraint users_home_in_realm foreign key (realm_id, home_organization_id) references organizations (realm_id, id)
);
create index users_by_name on users (search, id);

-- Above organizations (ROLE-11): the platform's own accounts administer the site, a client's accounts that client.
create table administrations (
    user_id uuid not null,
    level text not null,
    realm_id uuid not null,
    created_at_ms bigint not null,
    primary key (user_id, level, realm_id),
    constraint administrations_user_in_realm foreign key (realm_id, user_id) references users (realm_id, id)
);

create table assignments (
    id uuid primary key,
    realm_id uuid not null,
    organization_id uuid not null,
    user_id uuid not null,
    role text not null,
    reach text not null,
    expires_at_ms bigint,
    created_at_ms bigint not null,
    constraint assignments_role_unique unique (organization_id, user_id, role),
    constraint assignments_organization_in_realm foreign key (realm_id, organization_id) references organizations (realm_id, id),
    constraint assignments_user_in_realm foreign key (realm_id, user_id) references users (realm_id, id)
);
-- ORG-3: exactly one owner at any time; at most one is held here, at least one by the use cases.
create unique index assignments_one_owner on assignments (organization_id) where role = 'owner';
create index assignments_by_user on assignments (user_id);

create table sessions (
    id uuid primary key,
    realm_id uuid not null,
    user_id uuid not null,
    secret_hash bytea not null,
    user_agent text not null,
    address text not null,
    created_at_ms bigint not null,
    last_used_at_ms bigint not null,
    expires_at_ms bigint not null,
    constraint sessions_secret_unique unique (secret_hash),
    constraint sessions_user_in_realm foreign key (realm_id, user_id) references users (realm_id, id)
);
create index sessions_by_user on sessions (user_id);

create table tokens (
    id uuid primary key,
    realm_id uuid not null,
    user_id uuid not null,
    name text not null,
    prefix text not null,
    secret_hash bytea not null,
    permissions jsonb,
    created_at_ms bigint not null,
    expires_at_ms bigint not null,
    last_used_at_ms bigint,
    constraint tokens_secret_unique unique (secret_hash),
    constraint tokens_user_in_realm foreign key (realm_id, user_id) references users (realm_id, id)
);
create index tokens_by_user on tokens (user_id);

-- Codes with which a program signs in: a browser's (RFC 6749, 7636) or a device's (RFC 8628).
create table login_grants (
    secret_hash bytea primary key,
    realm_id uuid not null references realms (id),
    kind text not null,
    user_code text,
    challenge text,
    token_name text not null,
    state text not null,
    user_id uuid,
    created_at_ms bigint not null,
    expires_at_ms bigint not null,
    polled_at_ms bigint,
    constraint login_grants_user_in_realm foreign key (realm_id, user_id) references users (realm_id, id)
);
create unique index login_grants_user_code_unique on login_grants (user_code) where user_code is not null;

create table attempts (
    key text not null,
    window_start_ms bigint not null,
    failures bigint not null,
    primary key (key, window_start_ms)
);

create table setup_links (
    secret_hash bytea primary key,
    created_at_ms bigint not null,
    expires_at_ms bigint not null,
    used_at_ms bigint
);

create table authorities (
    id uuid primary key,
    purpose text not null,
    certificate_pem text not null,
    key_pem text not null,
    created_at_ms bigint not null,
    constraint authorities_purpose_unique unique (purpose)
);

create table hubs (
    id uuid primary key,
    slug text not null,
    name text not null,
    created_at_ms bigint not null,
    constraint hubs_slug_unique unique (slug)
);

create table join_tokens (
    id uuid primary key,
    hub_id uuid not null references hubs (id),
    cluster_name text not null,
    secret_hash bytea not null,
    created_at_ms bigint not null,
    expires_at_ms bigint not null,
    used_at_ms bigint,
    withdrawn_at_ms bigint,
    constraint join_tokens_secret_unique unique (secret_hash)
);

create table clusters (
    id uuid primary key,
    hub_id uuid not null references hubs (id),
    name text not null,
    uid uuid not null,
    membership text not null,
    fingerprint text not null,
    csr_pem text not null,
    ticket_hash bytea not null,
    requested_at_ms bigint not null,
    decided_at_ms bigint,
    facts jsonb not null,
    conditions jsonb not null,
    desired_generation bigint not null,
    deleted_at_ms bigint,
    revision bigint not null
);
create unique index clusters_name_unique on clusters (hub_id, name) where deleted_at_ms is null;
create unique index clusters_uid_unique on clusters (uid) where deleted_at_ms is null;

-- Apart from the clusters, so that a heartbeat writes one narrow row and nothing else.
create table heartbeats (
    cluster_id uuid primary key references clusters (id),
    at_ms bigint not null,
    api_server_ready boolean not null
);

create table agent_certificates (
    serial text primary key,
    cluster_id uuid not null references clusters (id),
    issued_at_ms bigint not null,
    not_after_ms bigint not null,
    revoked_at_ms bigint
);
create index agent_certificates_by_cluster on agent_certificates (cluster_id);

create table licences (
    cluster_id uuid primary key references clusters (id),
    pem text not null,
    examination jsonb not null,
    uploaded_at_ms bigint not null
);

create table gateway_configurations (
    id uuid primary key,
    cluster_id uuid not null references clusters (id),
    slug text not null,
    name text not null,
    class text not null,
    listeners jsonb not null,
    created_at_ms bigint not null,
    constraint gateway_configurations_on_cluster unique (cluster_id, id),
    constraint gateway_configurations_slug_unique unique (cluster_id, slug)
);

create table placements (
    realm_id uuid not null,
    organization_id uuid not null,
    cluster_id uuid not null references clusters (id),
    node_pool jsonb,
    gateway_configuration_id uuid,
    created_at_ms bigint not null,
    primary key (organization_id, cluster_id),
    constraint placements_in_realm foreign key (realm_id, organization_id) references organizations (realm_id, id),
    constraint placements_gateway_on_cluster foreign key (cluster_id, gateway_configuration_id)
        references gateway_configurations (cluster_id, id)
);
create index placements_by_cluster on placements (cluster_id);

create table desired_sets (
    cluster_id uuid not null references clusters (id),
    organization_id uuid not null,
    generation bigint not null,
    content jsonb,
    changed_at_ms bigint not null,
    primary key (cluster_id, organization_id)
);

create table reported_sets (
    cluster_id uuid not null references clusters (id),
    organization_id uuid not null,
    observed_generation bigint not null,
    removed boolean not null,
    conditions jsonb not null,
    objects jsonb not null,
    reported_at_ms bigint not null,
    primary key (cluster_id, organization_id)
);

-- One log per organization and one for the installation (`log_id` is the organization, or the nil UUID).
create table audit_logs (
    log_id uuid primary key,
    sequence bigint not null,
    hash text not null
);

create table audit_records (
    id uuid primary key,
    realm_id uuid not null,
    log_id uuid not null,
    sequence bigint not null,
    at_ms bigint not null,
    actor_id uuid,
    actor_name text not null,
    credential text not null,
    operation text not null,
    target_kind text not null,
    target text not null,
    target_name text not null,
    before_value jsonb,
    after_value jsonb,
    address text not null,
    request text not null,
    hash text not null,
    -- Whether it is the second record of a change, in the log of the other organization that the change crossed into.
    crossed boolean not null,
    constraint audit_records_sequence_unique unique (log_id, sequence)
);

create table outbox (
    id uuid primary key,
    kind text not null,
    payload jsonb not null,
    created_at_ms bigint not null,
    attempts bigint not null,
    next_at_ms bigint not null,
    done_at_ms bigint
);
create index outbox_waiting on outbox (next_at_ms) where done_at_ms is null;

create table idempotency_keys (
    principal uuid not null,
    operation text not null,
    key text not null,
    payload_hash bytea not null,
    status bigint,
    response jsonb,
    created_at_ms bigint not null,
    primary key (principal, operation, key)
);
