-- A grant is changed by one at a time: whoever changes it says which state of it they saw.
alter table assignments add column revision bigint not null default 1;
