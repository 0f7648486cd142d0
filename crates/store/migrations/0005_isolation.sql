-- What clusters should have and what they have of an organization carries its realm, too, and belongs to an organization
-- that is there. SQLite adds no reference to a table that is there, so both tables are made anew; nothing refers to them.
-- After this and every later migration PostgreSQL takes in policies.postgres.sql.

create table desired_sets_with_realm (
    cluster_id uuid not null references clusters (id),
    realm_id uuid not null,
    organization_id uuid not null,
    generation bigint not null,
    content jsonb,
    changed_at_ms bigint not null,
    constraint desired_sets_key primary key (cluster_id, organization_id),
    constraint desired_sets_in_realm foreign key (realm_id, organization_id) references organizations (realm_id, id)
);
insert into desired_sets_with_realm (cluster_id, realm_id, organization_id, generation, content, changed_at_ms)
    select s.cluster_id, o.realm_id, o.id, s.generation, s.content, s.changed_at_ms
    from desired_sets s join organizations o on o.id = s.organization_id;
drop table desired_sets;
alter table desired_sets_with_realm rename to desired_sets;

create table reported_sets_with_realm (
    cluster_id uuid not null references clusters (id),
    realm_id uuid not null,
    organization_id uuid not null,
    observed_generation bigint not null,
    removed boolean not null,
    conditions jsonb not null,
    objects jsonb not null,
    reported_at_ms bigint not null,
    constraint reported_sets_key primary key (cluster_id, organization_id),
    constraint reported_sets_in_realm foreign key (realm_id, organization_id) references organizations (realm_id, id)
);
insert into reported_sets_with_realm
    (cluster_id, realm_id, organization_id, observed_generation, removed, conditions, objects, reported_at_ms)
    select s.cluster_id, o.realm_id, o.id, s.observed_generation, s.removed, s.conditions, s.objects, s.reported_at_ms
    from reported_sets s join organizations o on o.id = s.organization_id;
drop table reported_sets;
alter table reported_sets_with_realm rename to reported_sets;

-- Pages of lists, whatever the size of other realms; the log of the installation by time.
create index organizations_by_name_in_realm on organizations (realm_id, search, id);
drop index users_by_name;
create index users_by_name on users (realm_id, search, id);
create index audit_records_by_time on audit_records (at_ms, id) where not crossed;
