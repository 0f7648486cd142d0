-- How an organization leaves a cluster, from when on; null while it stays.
alter table placements add column leaving text;
alter table placements add column leaving_since_ms bigint;
-- Since when a cluster is being cleaned, to be unregistered when nothing is placed on it any more.
alter table clusters add column cleaning_since_ms bigint;
-- The epoch in which an administrator has let the cluster's agent follow the restored hub.
alter table clusters add column followed_epoch bigint;
