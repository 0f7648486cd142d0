-- What a gateway configuration says beside class and listeners, which one the organizations of a cluster share, and the
-- host names that organizations own.

alter table gateway_configurations add column addresses jsonb not null default '[]';
alter table gateway_configurations add column certificates text not null default 'gateway';
alter table gateway_configurations add column shared boolean not null default false;
alter table gateway_configurations add column revision bigint not null default 1;
create unique index gateway_configurations_shared_unique on gateway_configurations (cluster_id) where shared;

-- Unique in the installation; what lies beneath another organization's is refused under a lock.
create table host_names (
    name text primary key,
    realm_id uuid not null,
    organization_id uuid not null,
    constraint host_names_in_realm foreign key (realm_id, organization_id) references organizations (realm_id, id)
);
create index host_names_by_organization on host_names (organization_id);
