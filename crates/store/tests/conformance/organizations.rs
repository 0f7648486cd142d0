//! Organizations: what is stored comes back, slugs and namespaces are unique, there is one owner (ORG-1, ORG-3, ORG-7).

use std::collections::BTreeMap;

use bastide_authz::action::{
    CreateOrganization, DeleteOrganization, UpdateOrganization, ViewOrganization, ViewPublicOrganization,
    ViewPublicOrganizations,
};
use bastide_authz::{Bounds, Commons, Realm};
use bastide_model::names::Annotations;
use bastide_model::organization::{Kind, Visibility};
use bastide_model::{AssignmentId, Error, OrganizationId, RealmId, SystemIds, UserId};
use bastide_store::PageRequest;

use crate::bed::{Bed, Engine, audit_id, both_engines, code, race};

both_engines! {
    an_organization_comes_back_as_it_was_stored,
    org_1_a_taken_slug_is_named_and_free_elsewhere,
    org_1_one_of_two_who_want_a_slug_at_the_same_time_gets_it,
    org_1_namespaces_are_unique_across_organizations_and_derived_names,
    org_1_one_of_two_who_want_a_namespace_at_the_same_time_gets_it,
    org_3_there_is_at_most_one_owner,
    org_4_what_is_public_is_told_in_its_own_realm_only,
    org_7_an_update_changes_what_it_says_and_counts,
    an_update_of_an_old_copy_is_refused,
    one_of_two_who_update_at_the_same_time_is_told,
    a_permit_is_good_for_its_own_place_only,
    e_36_an_id_is_never_used_again,
    what_is_not_there_is_not_found,
}

/// Names that break what is not bound, not escaped or not counted in characters.
pub(crate) const HOSTILE: [&str; 12] = [
    "'; drop table organizations; --",
    "\" or 1=1",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "100%",
    "under_score",
    r"back\slash",
    "Ünïcödé 🏰 東京",
    "Straße",
    "İstanbul",
    "$1 ? :name {{x}}",
    "null",
];

async fn an_organization_comes_back_as_it_was_stored(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    for (number, name) in HOSTILE.into_iter().enumerate() {
        let mut organization =
            bed.new_organization(&format!("org-{number}"), (RealmId::PLATFORM, None)).await;
        organization.name = name.parse().unwrap();
        organization.description = format!("{name}\n\tsecond line").parse().unwrap();
        organization.visibility = Visibility::Public;
        organization.kind = if number % 2 == 0 { Kind::Work } else { Kind::Personal };
        let annotations = BTreeMap::from([
            ("b.example/z".to_owned(), name.to_owned()),
            ("a".to_owned(), "{\"not\": \"json\"}\n".to_owned()),
        ]);
        organization.annotations = Annotations::try_from(annotations).unwrap();
        bed.try_create(&organization, owner).await.unwrap();
        assert_eq!(bed.organization(organization.id).await, organization);
        let permit = bed.permit::<ViewOrganization>(owner, organization.id).await;
        assert_eq!(bed.read().await.organization_view(&permit).await.unwrap(), organization);
    }
    let longest = "🏰".repeat(255);
    let mut organization = bed.new_organization("longest", (RealmId::PLATFORM, None)).await;
    organization.name = longest.parse().unwrap();
    bed.try_create(&organization, owner).await.unwrap();
    assert_eq!(bed.organization(organization.id).await.name.as_str(), longest);
    assert_eq!(bed.database.number("select count(*) from organizations").await, 13);
}

async fn org_1_a_taken_slug_is_named_and_free_elsewhere(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let first = bed.root("acme", owner).await;
    let slug = "acme".parse().unwrap();
    let error = bed
        .try_create(&bed.new_organization("acme", (RealmId::PLATFORM, None)).await, owner)
        .await
        .err()
        .unwrap();
    assert_eq!(error.code(), "slug_taken");
    assert!(error.to_string().contains("`acme`"), "{error}");
    // Beneath another organization it is taken as well: a slug is unique in its realm.
    let beneath = bed.new_organization("acme", (RealmId::PLATFORM, Some(first))).await;
    assert_eq!(code(bed.try_create(&beneath, owner).await), "slug_taken");
    assert!(!bed.read().await.slug_free(RealmId::PLATFORM, &slug).await.unwrap());

    // Another realm knows nothing of it.
    let brand = bed.realm("brand").await;
    let other = bed.user_in(brand, "ada@example.org").await;
    assert!(bed.read().await.slug_free(brand, &slug).await.unwrap());
    let namesake = bed.new_organization("acme", (brand, None)).await;
    bed.try_create(&namesake, other).await.unwrap();
    assert_ne!(namesake.namespace_base, bed.organization(first).await.namespace_base);
    let mut named = bed.read().await.organizations_by_slug("acme").await.unwrap();
    named.sort();
    let mut expected = vec![(RealmId::PLATFORM, first), (brand, namesake.id)];
    expected.sort();
    assert_eq!(named, expected);
    for nobody in ["", "ACME", "acme ", "ac%", "acme' or '1'='1", "no-such"] {
        assert_eq!(bed.read().await.organizations_by_slug(nobody).await.unwrap(), [], "{nobody}");
    }
}

async fn org_1_one_of_two_who_want_a_slug_at_the_same_time_gets_it(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let mut attempts = Vec::new();
    for _ in 0..4 {
        let organization = bed.new_organization("acme", (RealmId::PLATFORM, None)).await;
        let permit = bed
            .permit::<bastide_authz::action::CreateRootOrganization>(owner, Commons(RealmId::PLATFORM))
            .await;
        let store = bed.store.clone();
        attempts.push(async move {
            let mut tx = store.write(&Bounds::Everything).await?;
            let ids = (AssignmentId::fresh(&SystemIds), audit_id());
            tx.create_organization(&permit, &organization, owner, ids).await?;
            tx.commit().await
        });
    }
    let mut codes: Vec<_> = race(attempts).await.into_iter().map(code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["ok", "slug_taken", "slug_taken", "slug_taken"]);
    assert_eq!(bed.database.number("select count(*) from organizations").await, 1);
    assert_eq!(bed.database.number("select count(*) from assignments").await, 1);
}

async fn org_1_namespaces_are_unique_across_organizations_and_derived_names(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let mut all = Vec::new();
    // The third would derive what the first has, the last is what the first derives.
    for slug in
        ["acme", "kube-acme", "acme-gw", "sandbox-acme", "bastide-system", "acme-gw-gw", "acme-monitoring"]
    {
        let organization = bed.new_organization(slug, (RealmId::PLATFORM, None)).await;
        bed.try_create(&organization, owner).await.unwrap();
        let permit = bed.permit::<ViewOrganization>(owner, organization.id).await;
        let names = bed.read().await.organization_namespaces(&permit).await.unwrap();
        let base = organization.namespace_base.to_string();
        assert_eq!(names, [base.clone(), format!("{base}-gw")], "{slug}");
        assert_eq!(base == slug, slug == "acme", "{slug} has {base}");
        all.extend(names);
    }
    // Somebody whose namespace is exactly what another would derive.
    let mut taken = bed.new_organization("plain", (RealmId::PLATFORM, None)).await;
    taken.namespace_base = bastide_model::names::NamespaceBase::from_stored("acme-gw".into());
    assert_eq!(code(bed.try_create(&taken, owner).await), "namespace_taken");
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

async fn org_1_one_of_two_who_want_a_namespace_at_the_same_time_gets_it(bed: Bed) {
    let (brand, other) = (bed.realm("brand").await, bed.realm("other").await);
    let mut attempts = Vec::new();
    for realm in [brand, other] {
        let owner = bed.user_in(realm, "ada@example.org").await;
        let organization = bed.new_organization("acme", (realm, None)).await;
        assert_eq!(organization.namespace_base.as_str(), "acme");
        let permit = bed.permit::<bastide_authz::action::CreateRootOrganization>(owner, Commons(realm)).await;
        let store = bed.store.clone();
        attempts.push(async move {
            let mut tx = store.write(&Bounds::Everything).await?;
            let ids = (AssignmentId::fresh(&SystemIds), audit_id());
            tx.create_organization(&permit, &organization, owner, ids).await?;
            tx.commit().await
        });
    }
    let mut codes: Vec<_> = race(attempts).await.into_iter().map(code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["namespace_taken", "ok"]);
    assert_eq!(bed.database.number("select count(*) from namespaces").await, 2);
}

/// ORG-3, E-21: whatever writes, the database itself refuses a second owner.
async fn org_3_there_is_at_most_one_owner(bed: Bed) {
    let (ada, bob) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let id = bed.root("acme", ada).await;
    let literal = |id| bed.database.literal(id);
    let second = format!(
        "insert into assignments (id, realm_id, organization_id, user_id, role, reach, created_at_ms) \
         select {}, realm_id, organization_id, {}, role, reach, created_at_ms from assignments",
        literal(bob.uuid()),
        literal(bob.uuid())
    );
    let error = bed.database.raw(&second).await.unwrap_err();
    let constraint = match bed.database.engine {
        Engine::Sqlite => "assignments.organization_id",
        Engine::Postgres => "assignments_one_owner",
    };
    assert!(error.contains(constraint), "{error}");
    let as_administrator =
        second.replace("role, reach, created_at_ms from", "'administrator', reach, created_at_ms from");
    assert_eq!(bed.database.raw(&as_administrator).await, Ok(1), "administrators there may be many");
    assert_eq!(bed.graph().await.role_at(ada, id, bed.now()), Some("owner"));
    assert_eq!(bed.graph().await.role_at(bob, id, bed.now()), Some("administrator"));
}

/// The slugs of what somebody is told of, two on a page, within the bounds of the permit.
async fn told(bed: &Bed, user: UserId, realm: RealmId, search: Option<&str>) -> Vec<String> {
    let permit = bed.permit::<ViewPublicOrganizations>(user, Commons(realm)).await;
    let (mut slugs, mut token) = (Vec::new(), None::<String>);
    loop {
        let page = PageRequest::new(Some(2), token.as_deref(), search).unwrap();
        let bounds = bastide_authz::Bounded::bounds(&permit, &bed.graph().await);
        let mut tx = bed.store.read(&bounds).await.unwrap();
        let listed = tx.public_organization_list(&permit, &page).await.unwrap();
        slugs.extend(listed.items.iter().map(|one| one.slug.to_string()));
        let Some(next) = listed.next else { return slugs };
        token = Some(next);
    }
}

/// ORG-4: whoever has an account in the realm, with a role or without; nothing that is private, being deleted or deleted, and
/// nothing of another realm. What lies beneath something private is public by itself.
async fn org_4_what_is_public_is_told_in_its_own_realm_only(bed: Bed) {
    let brand = bed.realm("brand").await;
    let (ada, nobody) = (bed.user("ada@example.org").await, bed.user("nobody@example.org").await);
    let eve = bed.user_in(brand, "eve@example.org").await;
    let make = async |slug: &str, realm: RealmId, parent: Option<OrganizationId>, visibility, owner| {
        let mut organization = bed.new_organization(slug, (realm, parent)).await;
        organization.visibility = visibility;
        organization.description = format!("about {slug}").parse().unwrap();
        bed.try_create(&organization, owner).await.unwrap();
        organization
    };
    let ours = RealmId::PLATFORM;
    let closed = make("closed", ours, None, Visibility::Private, ada).await;
    let open = make("open", ours, None, Visibility::Public, ada).await;
    let beneath = make("beneath-closed", ours, Some(closed.id), Visibility::Public, ada).await;
    let hidden = make("beneath-open", ours, Some(open.id), Visibility::Private, ada).await;
    let leaving = make("leaving", ours, None, Visibility::Public, ada).await;
    let gone = make("gone", ours, None, Visibility::Public, ada).await;
    let theirs = make("theirs", brand, None, Visibility::Public, eve).await;
    for state in [("leaving", "deleting"), ("gone", "deleted")] {
        let sql = format!("update organizations set state = '{}' where slug = '{}'", state.1, state.0);
        assert_eq!(bed.database.raw(&sql).await, Ok(1));
    }
    for user in [nobody, ada, bed.administrator] {
        assert_eq!(told(&bed, user, ours, None).await, ["beneath-closed", "open"]);
        assert_eq!(told(&bed, user, ours, Some("PEN")).await, ["open"]);
        assert_eq!(told(&bed, user, ours, Some("closed")).await, ["beneath-closed"]);
    }
    assert_eq!(told(&bed, eve, brand, None).await, ["theirs"]);
    assert_eq!(
        bed.try_permit::<ViewPublicOrganizations>(eve, Commons(ours)).await.err(),
        Some(Error::NotFound),
        "another realm's are not asked for"
    );
    let permit = bed.permit::<ViewPublicOrganization>(nobody, Commons(ours)).await;
    for public in [&open, &beneath] {
        for name in [public.slug.to_string(), public.id.to_string()] {
            let seen = bed.read().await.public_organization(&permit, &name).await.unwrap();
            assert_eq!(
                (seen.id, seen.slug, seen.name, seen.description),
                (public.id, public.slug.clone(), public.name.clone(), public.description.clone())
            );
        }
    }
    for absent in [&closed, &hidden, &leaving, &gone, &theirs] {
        for name in [absent.slug.to_string(), absent.id.to_string()] {
            let seen = bed.read().await.public_organization(&permit, &name).await;
            assert_eq!(seen, Err(Error::NotFound), "{name}");
        }
    }
    assert_eq!(bed.read().await.public_organization(&permit, "No Name!").await, Err(Error::NotFound));
    assert_eq!(
        bed.try_permit::<DeleteOrganization>(nobody, open.id).await.err(),
        Some(Error::NotFound),
        "to know of it is to see nothing else of it"
    );
}

async fn org_7_an_update_changes_what_it_says_and_counts(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let (id, other) = (bed.root("acme", owner).await, bed.root("other", owner).await);
    let (before, untouched) = (bed.organization(id).await, bed.organization(other).await);
    let mut after = before.clone();
    after.name = HOSTILE[0].parse().unwrap();
    after.description = "changed".parse().unwrap();
    after.visibility = Visibility::Public;
    after.annotations =
        Annotations::try_from(BTreeMap::from([("team".to_owned(), "x'y".to_owned())])).unwrap();
    // What an update never changes, even when it is asked to.
    after.slug = "stolen".parse().unwrap();
    after.parent = Some(other);
    let permit = bed.permit::<UpdateOrganization>(owner, id).await;
    let mut tx = bed.write().await;
    tx.organization_update(&permit, (&before, &after), bed.audit()).await.unwrap();
    let committed = tx.commit().await.unwrap();
    assert!(committed.revision.is_some());
    after.slug = before.slug.clone();
    after.parent = None;
    after.revision = before.revision + 1;
    assert_eq!(bed.organization(id).await, after);
    assert_eq!(bed.organization(other).await, untouched);
    let visible = bed.graph().await.visible_organizations(&bed.caller(owner).await, bed.now()).unwrap();
    let page = bastide_store::PageRequest::new(None, None, Some("DROP TABLE")).unwrap();
    let found = bed.read().await.organization_list(&visible, &page).await.unwrap();
    assert_eq!(found.items, [after], "it is found under its new name");
}

async fn an_update_of_an_old_copy_is_refused(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let id = bed.root("acme", owner).await;
    let old = bed.organization(id).await;
    let permit = bed.permit::<UpdateOrganization>(owner, id).await;
    let mut renamed = old.clone();
    renamed.name = "First".parse().unwrap();
    let mut tx = bed.write().await;
    tx.organization_update(&permit, (&old, &renamed), bed.audit()).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = bed.write().await;
    assert_eq!(tx.organization_update(&permit, (&old, &renamed), bed.audit()).await, Err(Error::Stale));
    drop(tx);
    assert_eq!(bed.organization(id).await.name.as_str(), "First");
}

async fn one_of_two_who_update_at_the_same_time_is_told(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let id = bed.root("acme", owner).await;
    let before = bed.organization(id).await;
    let mut attempts = Vec::new();
    for number in 0..4 {
        let permit = bed.permit::<UpdateOrganization>(owner, id).await;
        let (store, before, audit) = (bed.store.clone(), before.clone(), bed.audit());
        attempts.push(async move {
            let mut after = before.clone();
            after.name = format!("Name {number}").parse().unwrap();
            let mut tx = store.write(&Bounds::Everything).await?;
            tx.organization_update(&permit, (&before, &after), audit).await?;
            tx.commit().await
        });
    }
    let mut codes: Vec<_> = race(attempts).await.into_iter().map(code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["ok", "stale", "stale", "stale"]);
    assert_eq!(bed.organization(id).await.revision, before.revision + 1);
}

/// E-17: the parent and the realm come from the permit; a use case that mixes them up is stopped here.
async fn a_permit_is_good_for_its_own_place_only(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let (mine, other) = (bed.root("mine", owner).await, bed.root("other", owner).await);
    let brand = bed.realm("brand").await;
    let ids = || (AssignmentId::fresh(&SystemIds), audit_id());
    let beneath = bed.permit::<CreateOrganization>(owner, mine).await;
    for place in [(RealmId::PLATFORM, Some(other)), (RealmId::PLATFORM, None), (brand, Some(mine))] {
        let mut organization = bed.new_organization("fresh", (RealmId::PLATFORM, None)).await;
        (organization.realm, organization.parent) = place;
        let result = bed.write().await.create_organization(&beneath, &organization, owner, ids()).await;
        assert_eq!(code(result), "internal", "{place:?}");
    }
    let root =
        bed.permit::<bastide_authz::action::CreateRootOrganization>(owner, Commons(RealmId::PLATFORM)).await;
    let organization = bed.new_organization("fresh", (RealmId::PLATFORM, Some(mine))).await;
    let result = bed.write().await.create_organization(&root, &organization, owner, ids()).await;
    assert_eq!(code(result), "internal");
    let client = bed.site::<bastide_authz::action::CreateClientOrganization>(Realm(brand)).await;
    let result = bed.write().await.create_organization(&client, &organization, owner, ids()).await;
    assert_eq!(code(result), "internal");
    assert_eq!(bed.database.number("select count(*) from organizations").await, 2);
}

async fn e_36_an_id_is_never_used_again(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let id = bed.root("acme", owner).await;
    let mut again = bed.new_organization("again", (RealmId::PLATFORM, None)).await;
    again.id = id;
    assert_eq!(code(bed.try_create(&again, owner).await), "internal");
    assert_eq!(bed.organization(id).await.slug.as_str(), "acme");
}

async fn what_is_not_there_is_not_found(bed: Bed) {
    let nothing = OrganizationId::fresh(&SystemIds);
    assert_eq!(bed.read().await.organization(nothing).await, Err(Error::NotFound));
    assert_eq!(bed.write().await.organization_lock(nothing).await, Err(Error::NotFound));
    assert_eq!(bed.read().await.organization_children(nothing).await, Ok(Vec::new()));
}
