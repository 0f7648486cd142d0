-- The second lock under HIER-2, on PostgreSQL only: a transaction reaches no row beyond its bounds, whatever its statements
-- say. Taken in anew after every migration, for every table that has a realm or an organization, so that none is
-- forgotten. The bounds are three settings of the transaction, which the store makes when it begins it:
--   bastide.bounds          everything, realm or organizations; nothing is reached while it is unset
--   bastide.realm           the realm, unless the bounds are everything
--   bastide.organizations   the organizations, as the keys of a JSON object, which are found by halving
-- Each is read once for a statement, as `(select …)`, not once for a row. Reaching one thing never needs `like` or another
-- operator that might tell of rows: PostgreSQL uses an index before a policy for those only that do not.
do $$
declare
    everything constant text := '(select current_setting(''bastide.bounds'', true)) = ''everything''';
    whole_realm constant text := '(select current_setting(''bastide.bounds'', true)) = ''realm''';
    realm constant text := '(select nullif(current_setting(''bastide.realm'', true), '''')::uuid)';
    among constant text := 'jsonb_exists((select coalesce(nullif(current_setting(''bastide.organizations'', true), ''''), ''{}'')::jsonb), %s::text)';
    nothing constant text := '''00000000-0000-0000-0000-000000000000''::uuid';
    found record;
    condition text;
begin
    for found in
        select c.table_name as name,
            bool_or(c.column_name = 'realm_id') as of_realm,
            bool_or(c.column_name = 'organization_id') as of_organization
        from information_schema.columns c
        join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
        where c.table_schema = current_schema() and t.table_type = 'BASE TABLE'
            and (c.column_name in ('realm_id', 'organization_id') or c.table_name in ('realms', 'audit_logs'))
        group by c.table_name
    loop
        condition := case
            when found.name = 'realms' then format('id = %s', realm)
            -- What lies directly beneath an organization is part of what is known of it, as what stands in the way of
            -- its deletion.
            when found.name = 'organizations' then format('realm_id = %s and (%s or %s or %s)',
                realm, whole_realm, format(among, 'id'), format(among, 'parent_id'))
            when found.name = 'audit_records' then format('realm_id = %s and (%s or %s)',
                realm, whole_realm, format(among, 'log_id'))
            -- Whose log it is, is known of the organization, whose own policy holds here, too.
            when found.name = 'audit_logs' then format(
                '%s or %s and (log_id = %s or exists (select from organizations where organizations.id = log_id))',
                format(among, 'log_id'), whole_realm, nothing)
            when found.of_organization and found.of_realm then format('realm_id = %s and (%s or %s)',
                realm, whole_realm, format(among, 'organization_id'))
            when found.of_organization then format(among, 'organization_id')
            else format('realm_id = %s', realm)
        end;
        execute format('alter table %I enable row level security', found.name);
        execute format('alter table %I force row level security', found.name);
        execute format('drop policy if exists bounds on %I', found.name);
        execute format('create policy bounds on %I using (%s or %s)', found.name, everything, condition);
    end loop;
end $$;

-- What begins with a text is a range of words only where they are in the order of their bytes.
do $$
declare
    found record;
begin
    for found in
        select a.attrelid::regclass as place from pg_attribute a join pg_class c on c.oid = a.attrelid
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = current_schema() and c.relkind = 'r' and c.relname in ('organization_words', 'user_words')
            and a.attname = 'word' and a.attcollation <> 'pg_catalog."C"'::regcollation
    loop
        execute format('alter table %s alter column word type text collate "C"', found.place);
    end loop;
end $$;
