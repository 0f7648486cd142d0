-- Fills an installation for `bench-lists`; `:organizations` and `:users` are how many.

create temporary table here as
    select r.id as realm, (select id from plans where realm_id = r.id and slug = 'business') as plan,
        (extract(epoch from now()) * 1000)::bigint as now_ms, (select id from users limit 1) as site
    from realms r limit 1;

insert into organizations (id, realm_id, parent_id, slug, name, search, description, kind, visibility, annotations,
    namespace_base, plan_id, state, created_at_ms, revision)
select md5('organization ' || n)::uuid, realm, null, 'org-' || n, 'Organization ' || n,
    'organization ' || n || ' org-' || n, 'It does what organizations do.', 'work', 'private', '{}', 'org-' || n, plan,
    'active', now_ms - n, 1
from here, generate_series(1, :organizations) n;
-- Ten children each; a hundred roots, so that most of a hundred thousand are four deep, and some are six.
update organizations o set parent_id = md5('organization ' || case when n % 1000 in (1, 2) then n - 1 else n / 10 end)::uuid
from (select n, md5('organization ' || n)::uuid as id from generate_series(101, :organizations) n) as numbered
where o.id = numbered.id;

insert into users (id, realm_id, email, email_key, name, search, password_hash, access, created_at_ms, revision)
select md5('user ' || n)::uuid, realm, 'user-' || n || '@bench.example', 'user-' || n || '@bench.example', 'User ' || n,
    'user ' || n || ' user-' || n || '@bench.example', null, 'enabled', now_ms, 1
from here, generate_series(1, :users) n;

-- What they are found by, as the store's `words.rs` makes it. One in a hundred is public.
insert into organization_words (realm_id, organization_id, word)
select distinct realm, md5('organization ' || n)::uuid, left(word, 32)
from here, generate_series(1, :organizations) n,
    lateral (values ('organization ' || n || ' org-' || n), (n || ' org-' || n), ('org-' || n), (n::text)) as words (word);
insert into user_words (realm_id, user_id, word)
select distinct realm, md5('user ' || n)::uuid, left(word, 32)
from here, generate_series(1, :users) n,
    lateral (values ('user ' || n || ' user-' || n || '@bench.example'), (n || ' user-' || n || '@bench.example'),
        ('user-' || n || '@bench.example'), (n || '@bench.example'), ('bench.example'), ('example')) as words (word);
update organizations set visibility = 'public' where slug like 'org-%00';

-- Everybody below the number of organizations owns one.
insert into assignments (id, realm_id, organization_id, user_id, role, reach, created_at_ms)
select md5('owner ' || n)::uuid, realm, md5('organization ' || n)::uuid, md5('user ' || n)::uuid, 'owner', 'beneath', now_ms
from here, generate_series(1, :organizations) n;
insert into assignments (id, realm_id, organization_id, user_id, role, reach, created_at_ms)
select md5('administrator ' || n)::uuid, realm, md5('organization ' || 1 + n % :organizations)::uuid, md5('user ' || n)::uuid,
    'administrator', 'here', now_ms
from here, generate_series(:organizations + 1, :users) n;
-- One with many, and one who is in many.
insert into assignments (id, realm_id, organization_id, user_id, role, reach, created_at_ms)
select md5('of one ' || n)::uuid, realm, md5('organization 1')::uuid, md5('user ' || n)::uuid, 'administrator', 'here', now_ms
from here, generate_series(2, 1000) n
on conflict do nothing;
insert into assignments (id, realm_id, organization_id, user_id, role, reach, created_at_ms)
select md5('in many ' || n)::uuid, realm, md5('organization ' || 1 + n * 7 % :organizations)::uuid, md5('user ' || :users)::uuid,
    'administrator', 'here', now_ms
from here, generate_series(1, 20) n
on conflict do nothing;

-- The first has five hundred teams of eight with a project each, and a hundred roles; one in ten of the others has a team.
insert into teams (id, realm_id, organization_id, slug, name, search, description, created_at_ms, revision)
select md5('team ' || n)::uuid, realm, md5('organization 1')::uuid, 'team-' || n, 'Team ' || n, 'team ' || n || ' team-' || n,
    '', now_ms, 1
from here, generate_series(1, 500) n;
insert into teams (id, realm_id, organization_id, slug, name, search, description, created_at_ms, revision)
select md5('team of ' || n)::uuid, realm, md5('organization ' || n)::uuid, 'team', 'Team', 'team team', '', now_ms, 1
from here, generate_series(2, :organizations, 10) n;
insert into team_members (realm_id, organization_id, team_id, user_id, role, created_at_ms)
select realm, md5('organization 1')::uuid, md5('team ' || 1 + n / 8)::uuid, md5('user ' || 1 + n % 1000)::uuid, 'developer', now_ms
from here, generate_series(0, 3999) n
on conflict do nothing;
insert into team_members (realm_id, organization_id, team_id, user_id, role, created_at_ms)
select realm, md5('organization ' || n)::uuid, md5('team of ' || n)::uuid, md5('user ' || 1 + (n * 5 + m) % :users)::uuid,
    'developer', now_ms
from here, generate_series(2, :organizations, 10) n, generate_series(1, 8) m
on conflict do nothing;
insert into projects (id, realm_id, organization_id, slug, name, search, description, created_at_ms, revision)
select md5('project ' || n)::uuid, realm, md5('organization 1')::uuid, 'project-' || n, 'Project ' || n,
    'project ' || n || ' project-' || n, '', now_ms, 1
from here, generate_series(1, 500) n;
insert into project_teams (realm_id, organization_id, project_id, team_id, role, created_at_ms)
select realm, md5('organization 1')::uuid, md5('project ' || n)::uuid, md5('team ' || n)::uuid, 'developer', now_ms
from here, generate_series(1, 500) n;
insert into roles (id, realm_id, organization_id, slug, name, description, permissions, created_at_ms, revision)
select md5('role ' || n)::uuid, realm, md5('organization 1')::uuid, 'role-' || n, 'Role ' || n, '', '["teams.view"]', now_ms, 1
from here, generate_series(1, 100) n;

insert into host_names (name, realm_id, organization_id)
select 'org-' || n || '.bench.example', realm, md5('organization ' || n)::uuid
from here, generate_series(1, :organizations, 2) n;

-- A creation in the log of each, and a long log of the first. Hashes are of no use here: nobody checks them.
insert into audit_records (id, realm_id, log_id, sequence, at_ms, actor_name, credential, operation, target_kind, target,
    target_name, after_value, address, request, hash, crossed)
select md5('record ' || n)::uuid, realm, md5('organization ' || n)::uuid, 1, now_ms - n, 'user-' || n, 'session',
    'organization_create_root', 'organization', md5('organization ' || n), 'org-' || n, '{"name": "it"}'::jsonb, '', '', '', false
from here, generate_series(2, :organizations) n
union all
select md5('first ' || n)::uuid, realm, md5('organization 1')::uuid, n, now_ms - n, 'user-1', 'session',
    'organization_update', 'organization', md5('organization 1'), 'org-1', '{"name": "it"}'::jsonb, '', '', '', false
from here, generate_series(1, :organizations / 10) n;

insert into tokens (id, realm_id, user_id, name, prefix, secret_hash, permissions, created_at_ms, expires_at_ms, last_used_at_ms)
select md5(token)::uuid, realm, holder, token, 'bastide_pat_', sha256(token::bytea), null, now_ms, now_ms + 86400000, now_ms
from here, lateral (values ('bastide_pat_bench_site', site), ('bastide_pat_bench_owner', md5('user 1')::uuid),
    ('bastide_pat_bench_member', md5('user ' || :users)::uuid)) as tokens (token, holder);

analyze organization_words, user_words, teams, team_members, projects, project_teams, roles;
analyze organizations, users, assignments, host_names, audit_records, tokens, plans;
