-- Organizations are listed by slug, which never changes: whoever turns the pages while others rename sees each once.
drop index organizations_by_name;
drop index organizations_by_name_in_realm;
create index organizations_by_slug on organizations (slug, id);
create index organizations_by_slug_in_realm on organizations (realm_id, slug, id);
-- Public ones are shown to everybody in the realm (ORG-4).
create index organizations_public on organizations (realm_id, slug, id)
    where visibility = 'public' and state = 'active' and deleted_at_ms is null;
