-- Organizations are listed by slug, which never changes: whoever turns the pages while others rename sees each once.
drop index organizations_by_name;
drop index organizations_by_name_in_realm;
create index organizations_by_slug on organizations (slug, id);
create index organizations_by_slug_in_realm on organizations (realm_id, slug, id);
-- Public ones are shown to everybody in the realm (ORG-4).
create index organizations_public on organizations (realm_id, slug, id)
    where visibility = 'public' and state = 'active' and deleted_at_ms is null;
-- What long lists are searched by: the text from the beginning of each of its words on, so that one range of an index has
-- all that begins like this. See the store's `words.rs`, which keeps them.
create table organization_words (
    realm_id uuid not null,
    organization_id uuid not null,
    word text not null,
    constraint organization_words_key primary key (organization_id, word),
    constraint organization_words_in_realm foreign key (realm_id, organization_id) references organizations (realm_id, id)
);
insert into organization_words (realm_id, organization_id, word)
    with recursive at (realm_id, id, text, place) as (
        select realm_id, id, search, 1 from organizations where deleted_at_ms is null
        union all select realm_id, id, text, place + 1 from at where place < length(text) and place < 600)
    select distinct realm_id, id, substr(text, place, 32) from at
    where substr(text, place, 1) not in (' ', '!', '"', '#', '$', '%', '&', '''', '(', ')', '*', '+', ',', '-', '.', '/', ':', ';', '<', '=', '>', '?', '@', '[', '\', ']', '^', '_', '`', '{', '|', '}', '~')
        and (place = 1 or substr(text, place, 1) >= '぀'
            or substr(text, place - 1, 1) in (' ', '!', '"', '#', '$', '%', '&', '''', '(', ')', '*', '+', ',', '-', '.', '/', ':', ';', '<', '=', '>', '?', '@', '[', '\', ']', '^', '_', '`', '{', '|', '}', '~'));
create index organization_words_by_word_in_realm on organization_words (realm_id, word, organization_id);
create index organization_words_by_word on organization_words (word, organization_id);
create table user_words (
    realm_id uuid not null,
    user_id uuid not null,
    word text not null,
    constraint user_words_key primary key (user_id, word),
    constraint user_words_in_realm foreign key (realm_id, user_id) references users (realm_id, id)
);
insert into user_words (realm_id, user_id, word)
    with recursive at (realm_id, id, text, place) as (
        select realm_id, id, search, 1 from users
        union all select realm_id, id, text, place + 1 from at where place < length(text) and place < 600)
    select distinct realm_id, id, substr(text, place, 32) from at
    where substr(text, place, 1) not in (' ', '!', '"', '#', '$', '%', '&', '''', '(', ')', '*', '+', ',', '-', '.', '/', ':', ';', '<', '=', '>', '?', '@', '[', '\', ']', '^', '_', '`', '{', '|', '}', '~')
        and (place = 1 or substr(text, place, 1) >= '぀'
            or substr(text, place - 1, 1) in (' ', '!', '"', '#', '$', '%', '&', '''', '(', ')', '*', '+', ',', '-', '.', '/', ':', ';', '<', '=', '>', '?', '@', '[', '\', ']', '^', '_', '`', '{', '|', '}', '~'));
create index user_words_by_word_in_realm on user_words (realm_id, word, user_id);
