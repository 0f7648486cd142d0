//! Accounts: one per realm and address (HIER-3), a home (HIER-5), and who is a member where.

use bastide_authz::action::CreateUser;
use bastide_authz::{Bounds, Realm};
use bastide_model::names::Email;
use bastide_model::user::Access;
use bastide_model::{Error, RealmId, SystemIds, UserId};

use crate::bed::{Bed, audit_id, both_engines, code, race};
use crate::organizations::HOSTILE;

both_engines! {
    an_account_comes_back_as_it_was_stored,
    hier_3_an_address_has_one_account_in_a_realm,
    hier_3_one_of_two_who_want_an_address_at_the_same_time_gets_it,
    hier_3_realms_are_unrelated,
    an_account_is_made_in_the_realm_of_the_permit_only,
    hier_5_the_first_organization_is_home_and_stays_it,
}

async fn an_account_comes_back_as_it_was_stored(bed: Bed) {
    for (number, name) in HOSTILE.into_iter().enumerate() {
        let mut user = bed.new_user(RealmId::PLATFORM, &format!("Ada.{number}@Bücher.example"));
        user.name = name.parse().unwrap();
        user.access = [Access::Enabled, Access::NoConsole, Access::Disabled][number % 3];
        bed.try_user(&user).await.unwrap();
        assert_eq!(bed.read().await.user(user.id).await.unwrap(), user);
        assert_eq!(bed.read().await.user_by_email(user.realm, &user.email).await.unwrap(), Some(user));
    }
    assert_eq!(bed.read().await.user(UserId::fresh(&SystemIds)).await, Err(Error::NotFound));
}

/// HIER-3: compared after NFKC, without case, the domain as IDNA; deactivated accounts count.
async fn hier_3_an_address_has_one_account_in_a_realm(bed: Bed) {
    let mut first = bed.new_user(RealmId::PLATFORM, "Kim@Bücher.example");
    first.access = Access::Disabled;
    bed.try_user(&first).await.unwrap();
    for same in [
        "kim@bücher.example",
        "KIM@BÜCHER.EXAMPLE",
        "\u{212A}im@xn--bcher-kva.example",
        "ｋｉｍ@bücher.example",
    ] {
        let error = bed.try_user(&bed.new_user(RealmId::PLATFORM, same)).await.err().unwrap();
        assert_eq!(error.code(), "email_taken", "{same}");
        let email: Email = same.parse().unwrap();
        let holder = bed.read().await.user_by_email(RealmId::PLATFORM, &email).await.unwrap().unwrap();
        assert_eq!((holder.id, holder.access), (first.id, Access::Disabled));
        let password = bed.read().await.password_hash(RealmId::PLATFORM, &email).await.unwrap();
        assert_eq!(password, Some((first.id, Some("hash".into()))));
    }
    for other in ["kim@bucher.example", "kim.@bücher.example.org", "kin@bücher.example"] {
        if let Ok(email) = other.parse::<Email>() {
            assert_eq!(
                bed.read().await.user_by_email(RealmId::PLATFORM, &email).await.unwrap(),
                None,
                "{other}"
            );
        }
    }
}

async fn hier_3_one_of_two_who_want_an_address_at_the_same_time_gets_it(bed: Bed) {
    let mut attempts = Vec::new();
    for _ in 0..4 {
        let user = bed.new_user(RealmId::PLATFORM, "ada@example.org");
        let permit = bed.site::<CreateUser>(Realm(RealmId::PLATFORM)).await;
        let store = bed.store.clone();
        attempts.push(async move {
            let mut tx = store.write(&Bounds::Everything).await?;
            tx.user_create(&permit, &user, "hash", audit_id()).await?;
            tx.commit().await
        });
    }
    let mut codes: Vec<_> = race(attempts).await.into_iter().map(code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["email_taken", "email_taken", "email_taken", "ok"]);
}

async fn hier_3_realms_are_unrelated(bed: Bed) {
    let brand = bed.realm("brand").await;
    let (ours, theirs) = (bed.user("ada@example.org").await, bed.user_in(brand, "ada@example.org").await);
    let email = "ada@example.org".parse().unwrap();
    for (realm, user) in [(RealmId::PLATFORM, ours), (brand, theirs)] {
        let found = bed.read().await.user_by_email(realm, &email).await.unwrap().unwrap();
        assert_eq!(found.id, user);
        assert_eq!(bed.read().await.password_hash(realm, &email).await.unwrap().unwrap().0, user);
    }
    let unknown = RealmId::fresh(&SystemIds);
    assert_eq!(bed.read().await.user_by_email(unknown, &email).await.unwrap(), None);
}

async fn an_account_is_made_in_the_realm_of_the_permit_only(bed: Bed) {
    let brand = bed.realm("brand").await;
    let permit = bed.site::<CreateUser>(Realm(brand)).await;
    let user = bed.new_user(RealmId::PLATFORM, "ada@example.org");
    let result = bed.write().await.user_create(&permit, &user, "hash", audit_id()).await;
    assert_eq!(code(result), "internal");
}

async fn hier_5_the_first_organization_is_home_and_stays_it(bed: Bed) {
    let owner = bed.user("ada@example.org").await;
    let (first, second) = (bed.root("first", owner).await, bed.root("second", owner).await);
    for organization in [first, second] {
        let mut tx = bed.write().await;
        tx.user_home_default(owner, organization).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(bed.read().await.user(owner).await.unwrap().home, Some(first));
    }
}
