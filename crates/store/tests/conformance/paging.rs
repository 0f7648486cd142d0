//! Lists: every item once, in one order, whatever the caller's view; searches take their text literally.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bastide_authz::action::{UpdateOrganization, ViewUsers};
use bastide_authz::visible::Scope;
use bastide_authz::{Change, Graph, Realm, Visible};
use bastide_model::organization::Organization;
use bastide_model::role::{Administration, Reach, Role};
use bastide_model::user::Access;
use bastide_model::{AssignmentId, Error, Ids, OrganizationId, RealmId, Result, SystemIds, UserId};
use bastide_store::{Listed, PageRequest};
use uuid::Uuid;

use crate::bed::{Bed, both_engines};
use crate::organizations::HOSTILE;

both_engines! {
    pages_show_every_organization_once_and_in_order,
    org_6_who_turns_pages_while_others_rename_and_create_sees_each_once,
    a_view_of_thousands_is_paged_like_any_other,
    a_search_takes_its_text_literally,
    e_16_a_list_shows_nothing_of_another_realm,
    a_list_does_not_show_what_is_gone,
    people_are_paged_and_found_by_name_and_address,
    a_cursor_is_good_for_its_own_list,
}

fn page(size: u32, token: Option<&str>, search: Option<&str>) -> PageRequest {
    PageRequest::new(Some(size), token, search).unwrap()
}

/// Every page of a list, joined.
async fn all(
    bed: &Bed,
    visible: &Visible<OrganizationId>,
    size: u32,
    search: Option<&str>,
) -> Vec<Organization> {
    let mut found: Vec<Organization> = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let request = page(size, token.as_deref(), search);
        let listed = bed.read().await.organization_list(visible, &request).await.unwrap();
        assert!(listed.items.len() <= usize::try_from(size).unwrap());
        let full = listed.items.len() == usize::try_from(size).unwrap();
        found.extend(listed.items);
        match listed.next {
            Some(next) => {
                assert!(full, "a page that is not the last is full");
                token = Some(next);
            }
            None => return found,
        }
    }
}

async fn visible(bed: &Bed, user: UserId) -> Visible<OrganizationId> {
    bed.graph().await.visible_organizations(&bed.caller(user).await, bed.now()).unwrap()
}

fn in_order(organizations: &[Organization]) -> bool {
    let key = |one: &Organization| (one.slug.to_string(), one.id);
    organizations.windows(2).all(|pair| key(&pair[0]) < key(&pair[1]))
}

/// The view that a client's administrator would have of the platform's own realm.
fn whole_realm(realm: RealmId) -> Visible<OrganizationId> {
    let user = UserId::fresh(&SystemIds);
    let graph = Graph::build(
        1,
        [
            Change::User { id: user, realm, access: Access::Enabled },
            Change::Administration { user, level: Administration::Client, realm },
        ],
    );
    let caller = bastide_model::access::Caller {
        user,
        realm,
        credential: bastide_model::access::Credential::System("test"),
        ceiling: bastide_model::permission::PermissionSet::ALL,
        address: String::new(),
        request: bastide_model::RequestId::fresh(&SystemIds),
    };
    let visible = graph.visible_organizations(&caller, bastide_model::Timestamp::from_millis(0)).unwrap();
    assert_eq!(visible.scope(), &Scope::Realm(realm));
    visible
}

async fn pages_show_every_organization_once_and_in_order(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let mut expected = BTreeSet::new();
    for (number, name) in HOSTILE.iter().chain(["Same"; 9].iter()).enumerate() {
        let mut organization = bed.new_organization(&format!("o{number}"), (RealmId::PLATFORM, None)).await;
        organization.name = name.parse().unwrap();
        bed.try_create(&organization, owner).await.unwrap();
        expected.insert(organization.id);
    }
    let views =
        [visible(&bed, bed.administrator).await, whole_realm(RealmId::PLATFORM), visible(&bed, owner).await];
    assert_eq!(views[0].scope(), &Scope::All);
    assert_eq!(views[2].scope(), &Scope::These(expected.iter().copied().collect()));
    let first = all(&bed, &views[0], 200, None).await;
    assert!(in_order(&first));
    assert_eq!(first.iter().map(|one| one.id).collect::<BTreeSet<_>>(), expected);
    for view in &views {
        for size in [1, 4, 7, 20, 21, 200] {
            assert_eq!(all(&bed, view, size, None).await, first, "{view:?} by {size}");
        }
        for search in ["same", "o1", "SAME O13", "nothing has this"] {
            assert_eq!(all(&bed, view, 4, Some(search)).await, all(&bed, &views[0], 200, Some(search)).await);
        }
    }
    assert_eq!(all(&bed, &views[0], 4, Some("same")).await.len(), 9);
    let nobody = bed.user("nobody@example.org").await;
    assert_eq!(all(&bed, &visible(&bed, nobody).await, 4, None).await, []);
}

/// Between any two pages some are renamed, so that they would be elsewhere by name, and some are made.
async fn org_6_who_turns_pages_while_others_rename_and_create_sees_each_once(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let mut there = BTreeSet::new();
    for number in 0..12 {
        there.insert(bed.root(&format!("m{number:02}"), owner).await);
    }
    let views =
        [visible(&bed, bed.administrator).await, whole_realm(RealmId::PLATFORM), visible(&bed, owner).await];
    for (round, view) in views.iter().enumerate() {
        let (mut seen, mut token, mut step) = (Vec::new(), None::<String>, 0);
        loop {
            let request = page(3, token.as_deref(), None);
            let listed = bed.read().await.organization_list(view, &request).await.unwrap();
            seen.extend(listed.items.iter().map(|one| one.id));
            for id in &there {
                let before = bed.organization(*id).await;
                let mut after = before.clone();
                let first = if (step + round) % 2 == 0 { 'a' } else { 'z' };
                after.name = format!("{first} {}", before.slug).parse().unwrap();
                let permit = bed.permit::<UpdateOrganization>(owner, *id).await;
                let mut tx = bed.write().await;
                tx.organization_update(&permit, (&before, &after), bed.audit()).await.unwrap();
                tx.commit().await.unwrap();
            }
            for place in ["a", "m", "z"] {
                bed.root(&format!("{place}-{round}-{step}"), owner).await;
            }
            step += 1;
            match listed.next {
                Some(next) => token = Some(next),
                None => break,
            }
        }
        let once: BTreeSet<_> = seen.iter().copied().collect();
        assert_eq!(once.len(), seen.len(), "none is shown twice: {view:?}");
        assert!(there.is_subset(&once), "none is lost: {view:?}");
    }
}

/// Views with very many organizations are answered in another way; nobody can tell.
async fn a_view_of_thousands_is_paged_like_any_other(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    bed.root("top", owner).await;
    let mut insert = String::new();
    let mut ids = Vec::new();
    for number in 0..2_600 {
        let id = SystemIds.fresh();
        ids.push(OrganizationId::from_uuid(id));
        // Many names in an order of their own, so that every read has to pass over others.
        let name = format!("{:04} x", (number * 7_919) % 2_600);
        let start =
            if number % 400 == 0 { "; insert into organizations select " } else { " union all select " };
        write!(
            insert,
            "{start} {}, realm_id, parent_id, 's{number}', '{name}', '{name} s{number}', description, kind, visibility, \
             annotations, 's{number}', plan_id, state, created_at_ms, deleted_at_ms, revision \
             from organizations where slug = 'top'",
            bed.database.literal(id)
        )
        .unwrap();
    }
    bed.database.raw(insert.trim_start_matches(';')).await.unwrap();
    let words = "insert into organization_words (realm_id, organization_id, word) \
        select realm_id, id, slug from organizations where slug <> 'top'";
    bed.database.raw(words).await.unwrap();
    // The owner sees all but a few hundred.
    let mut facts = vec![Change::User { id: owner, realm: RealmId::PLATFORM, access: Access::Enabled }];
    let seen: BTreeSet<_> = ids.iter().copied().filter(|id| id.uuid().as_u128() % 8 != 0).collect();
    for id in &seen {
        facts.push(Change::Organization { id: *id, realm: RealmId::PLATFORM, parent: None });
        facts.push(Change::Assignment {
            id: AssignmentId::from_uuid(id.uuid()),
            user: owner,
            organization: *id,
            role: Role::Administrator,
            reach: Reach::Here,
            expires_at: None,
        });
    }
    let view = Graph::build(1, facts).visible_organizations(&bed.caller(owner).await, bed.now()).unwrap();
    assert!(seen.len() > 2_000, "{}", seen.len());
    let found = all(&bed, &view, 170, None).await;
    assert!(in_order(&found));
    assert_eq!(found.iter().map(|one| one.id).collect::<BTreeSet<_>>(), seen);
    let few = all(&bed, &view, 3, Some("s259")).await;
    let expected: Vec<_> =
        found.iter().filter(|one| one.slug.as_str().starts_with("s259")).cloned().collect();
    assert_eq!(few, expected);
    assert!(!few.is_empty());
    assert_eq!(all(&bed, &view, 3, Some("259")).await, [], "words are found by their beginning");
}

async fn a_search_takes_its_text_literally(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    for (number, name) in HOSTILE.into_iter().enumerate() {
        let mut organization = bed.new_organization(&format!("o{number}"), (RealmId::PLATFORM, None)).await;
        organization.name = name.parse().unwrap();
        bed.try_create(&organization, owner).await.unwrap();
    }
    for view in [visible(&bed, bed.administrator).await, visible(&bed, owner).await] {
        for name in HOSTILE {
            let found = all(&bed, &view, 50, Some(name)).await;
            assert_eq!(found.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), [name]);
        }
        for (search, name) in [
            ("%", "100%"),
            ("_", "under_score"),
            ("\\", r"back\slash"),
            ("ÜNÏC", "Ünïcödé 🏰 東京"),
            ("京", "Ünïcödé 🏰 東京"),
            ("i\u{307}STAN", "İstanbul"),
            ("  straße  ", "Straße"),
        ] {
            let found = all(&bed, &view, 50, Some(search)).await;
            assert_eq!(found.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), [name], "{search}");
        }
        assert_eq!(all(&bed, &view, 50, Some("   ")).await.len(), HOSTILE.len());
        for within in ["ero", "able org", "cript"] {
            assert_eq!(all(&bed, &view, 50, Some(within)).await, [], "a word is found by its beginning");
        }
    }
}

async fn e_16_a_list_shows_nothing_of_another_realm(bed: Bed) {
    let brand = bed.realm("brand").await;
    let (ours, theirs) = (bed.user("ada@example.org").await, bed.user_in(brand, "ada@example.org").await);
    let here = bed.root("here", ours).await;
    let there = bed.new_organization("there", (brand, None)).await;
    bed.try_create(&there, theirs).await.unwrap();
    let ids = async |view| all(&bed, &view, 50, None).await.iter().map(|one| one.id).collect::<Vec<_>>();
    assert_eq!(ids(whole_realm(brand)).await, [there.id]);
    assert_eq!(ids(whole_realm(RealmId::PLATFORM)).await, [here]);
    assert_eq!(ids(visible(&bed, ours).await).await, [here]);
    assert_eq!(ids(visible(&bed, theirs).await).await, [there.id]);
    assert_eq!(ids(visible(&bed, bed.administrator).await).await, [here, there.id]);
    let permit = bed.site::<ViewUsers>(Realm(brand)).await;
    let users = bed.read().await.user_list(&permit, &PageRequest::default()).await.unwrap();
    assert_eq!(users.items.iter().map(|user| user.id).collect::<Vec<_>>(), [theirs]);
}

/// A view is made before the list is read; what goes in between is not shown.
async fn a_list_does_not_show_what_is_gone(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let (stays, goes) = (bed.root("stays", owner).await, bed.root("goes", owner).await);
    let views = [visible(&bed, bed.administrator).await, visible(&bed, owner).await];
    crate::deletion::delete(&bed, goes).await.unwrap();
    crate::deletion::tear_down(&bed, goes, bastide_model::organization::OrganizationState::Deleted)
        .await
        .unwrap();
    for view in views {
        let ids: Vec<_> = all(&bed, &view, 50, None).await.iter().map(|one| one.id).collect();
        assert_eq!(ids, [stays]);
    }
}

async fn people_are_paged_and_found_by_name_and_address(bed: Bed) {
    let mut expected = vec![bed.administrator];
    for (number, name) in ["Same Name"; 6].into_iter().chain(HOSTILE).enumerate() {
        let mut user = bed.new_user(RealmId::PLATFORM, &format!("u{number}@example.org"));
        user.name = name.parse().unwrap();
        bed.try_user(&user).await.unwrap();
        expected.push(user.id);
    }
    let permit = bed.site::<ViewUsers>(Realm(RealmId::PLATFORM)).await;
    for size in [1, 4, 19, 200] {
        let (mut found, mut token) = (Vec::new(), None::<String>);
        loop {
            let listed =
                bed.read().await.user_list(&permit, &page(size, token.as_deref(), None)).await.unwrap();
            found.extend(listed.items.iter().map(|user| user.id));
            token = listed.next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(found.len(), expected.len());
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected.iter().copied().collect());
    }
    let count = async |search: &str| {
        bed.read().await.user_list(&permit, &page(50, None, Some(search))).await.unwrap().items.len()
    };
    assert_eq!(count("same name").await, 6);
    assert_eq!(count("U3@EXAMPLE").await, 1);
    assert_eq!(count("%").await, 1);
    for (search, found) in
        [("example.org", 19), ("same", 6), ("name", 7), ("ame", 0), ("u1", 9), ("@EXAMPLE", 19)]
    {
        let (mut people, mut token) = (Vec::new(), None::<String>);
        loop {
            let request = page(2, token.as_deref(), Some(search));
            let listed = bed.read().await.user_list(&permit, &request).await.unwrap();
            people.extend(listed.items.iter().map(|user| user.id));
            token = listed.next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(people.len(), found, "{search}");
        assert_eq!(people.into_iter().collect::<BTreeSet<_>>().len(), found, "{search}: each once");
    }
}

async fn a_cursor_is_good_for_its_own_list(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    for slug in ["one", "two", "three"] {
        bed.root(slug, owner).await;
    }
    let view = visible(&bed, owner).await;
    let listed = bed.read().await.organization_list(&view, &page(1, None, None)).await.unwrap();
    let token = listed.next.unwrap();
    let permit = bed.site::<bastide_authz::action::ViewAudit>(bastide_authz::Site).await;
    let foreign: Result<Listed<_>> = bed.read().await.audit_list(&permit, &page(1, Some(&token), None)).await;
    assert!(matches!(foreign, Err(Error::Invalid { fields }) if fields[0].pointer == "page_token"));
    // A cursor whose item has gone is still a place in the list.
    let lost = format!("{}{}", Uuid::nil().simple(), hex_of("one"));
    let after = bed.read().await.organization_list(&view, &page(5, Some(&lost), None)).await.unwrap();
    assert_eq!(after.items.len(), 3);
}

fn hex_of(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}
