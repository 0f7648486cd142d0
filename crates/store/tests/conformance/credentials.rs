//! What people, programs and clusters prove themselves with: stored as hashes, ended in time, used once where once is
//! meant (SEC-2, SEC-3, FLEET-1).

use bastide_authz::action::{
    AgreeLogin, CompleteSetup, CreateJoinToken, CreateToken, DeleteJoinToken, DeleteSession, DeleteToken,
    RequestJoin, SignIn, ViewOwn,
};
use bastide_authz::{Bounds, Own, Site};
use bastide_model::permission::Permission;
use bastide_model::{Error, HubId, JoinTokenId, RealmId, SessionId, SystemIds, Timestamp, TokenId, UserId};
use bastide_store::{JoinToken, LoginGrant, LoginGrantKind, LoginGrantState, Session, Token};

use crate::bed::{Bed, audit_id, both_engines, code, race};

both_engines! {
    sec_2_a_session_comes_back_by_its_secret,
    sec_2_beyond_the_limit_the_oldest_session_ends,
    sec_2_sessions_are_swept_when_they_end_or_idle,
    sec_2_one_ends_one_s_own_sessions_only,
    failed_attempts_are_counted_within_a_window,
    an_attempt_that_did_not_fail_is_taken_back,
    sec_3_a_token_comes_back_by_its_secret,
    sec_3_one_withdraws_one_s_own_tokens_only,
    sec_3_tokens_are_counted_by_one_at_a_time,
    a_device_waits_until_its_user_decides,
    hier_3_a_device_of_another_realm_waits_on,
    a_login_code_is_used_once,
    a_login_code_ends,
    fleet_1_a_join_token_is_used_once,
    fleet_1_a_join_token_ends_and_is_withdrawn,
    fleet_1_a_join_token_is_good_for_its_own_hub,
    a_set_up_link_is_used_once_and_replaced_by_the_next,
}

fn hash(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

async fn sign_in(bed: &Bed, user: UserId, secret: &str, most: u64) -> Session {
    let now = bed.now();
    let session = Session {
        id: SessionId::fresh(&SystemIds),
        realm: bed.graph().await.realm_of_user(user).unwrap(),
        user,
        user_agent: "Browser \"x\"; '1'".into(),
        address: "2001:db8::1".into(),
        created_at: now,
        last_used_at: now,
        expires_at: now.plus_seconds(3_600),
    };
    let permit = bed.door::<SignIn>(user).await;
    let mut tx = bed.write().await;
    tx.session_create(&permit, &session, hash(secret), most, audit_id()).await.unwrap();
    tx.commit().await.unwrap();
    session
}

async fn sessions(bed: &Bed, user: UserId) -> Vec<SessionId> {
    let permit = bed.permit::<ViewOwn>(user, Own(user)).await;
    bed.read().await.session_list(&permit).await.unwrap().into_iter().map(|session| session.id).collect()
}

async fn sec_2_a_session_comes_back_by_its_secret(bed: Bed) {
    let ada = bed.user("ada@example.org").await;
    let session = sign_in(&bed, ada, "secret", 10).await;
    assert_eq!(bed.read().await.session_by_secret(hash("secret")).await.unwrap(), Some(session.clone()));
    assert_eq!(bed.read().await.session_by_secret(hash("Secret")).await.unwrap(), None);
    let later = session.last_used_at.plus_seconds(60);
    for (touched, expected) in [(later, later), (session.created_at, later)] {
        let mut tx = bed.write().await;
        tx.session_touch(session.id, touched).await.unwrap();
        tx.commit().await.unwrap();
        let known = bed.read().await.session_by_secret(hash("secret")).await.unwrap().unwrap();
        assert_eq!(known.last_used_at, expected, "it does not go back");
    }
}

async fn sec_2_beyond_the_limit_the_oldest_session_ends(bed: Bed) {
    let (ada, bob) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let others = sign_in(&bed, bob, "bob", 3).await;
    let mut begun = Vec::new();
    for number in 0..5 {
        begun.insert(0, sign_in(&bed, ada, &format!("secret {number}"), 3).await.id);
        assert_eq!(sessions(&bed, ada).await, begun[..begun.len().min(3)], "the last used first");
    }
    assert_eq!(bed.read().await.session_by_secret(hash("secret 1")).await.unwrap(), None);
    assert_eq!(sessions(&bed, bob).await, [others.id]);
}

async fn sec_2_sessions_are_swept_when_they_end_or_idle(bed: Bed) {
    let ada = bed.user("ada@example.org").await;
    let first = sign_in(&bed, ada, "first", 10).await;
    let second = sign_in(&bed, ada, "second", 10).await;
    let sweep = async |now: Timestamp, idle_since: Timestamp| {
        let mut tx = bed.write().await;
        tx.sessions_sweep(now, idle_since, Timestamp::from_millis(0)).await.unwrap();
        tx.commit().await.unwrap();
        sessions(&bed, ada).await
    };
    let long_ago = Timestamp::from_millis(0);
    let before_end = Timestamp::from_millis(first.expires_at.as_millis() - 1);
    assert_eq!(sweep(before_end, long_ago).await, [second.id, first.id]);
    assert_eq!(sweep(first.expires_at, long_ago).await, [second.id], "it ends in its very millisecond");
    assert_eq!(sweep(long_ago, second.last_used_at.plus_seconds(-1)).await, [second.id]);
    assert_eq!(sweep(long_ago, second.last_used_at).await, []);
}

async fn sec_2_one_ends_one_s_own_sessions_only(bed: Bed) {
    let (ada, bob) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let mine: Vec<_> = [sign_in(&bed, ada, "a", 10).await.id, sign_in(&bed, ada, "b", 10).await.id].into();
    let theirs = sign_in(&bed, bob, "c", 10).await.id;
    let permit = bed.permit::<DeleteSession>(ada, Own(ada)).await;
    for (session, gone) in [(theirs, false), (mine[0], true), (mine[0], false)] {
        let mut tx = bed.write().await;
        assert_eq!(tx.session_delete(&permit, session, bed.audit()).await, Ok(gone));
        tx.commit().await.unwrap();
    }
    assert_eq!(sessions(&bed, ada).await, [mine[1]]);
    sign_in(&bed, ada, "d", 10).await;
    let mut tx = bed.write().await;
    assert_eq!(tx.session_delete_all(&permit, bed.audit()).await, Ok(2));
    tx.commit().await.unwrap();
    assert_eq!(sessions(&bed, ada).await, []);
    assert_eq!(sessions(&bed, bob).await, [theirs]);
    assert_eq!(bed.read().await.session_by_secret(hash("d")).await.unwrap(), None);
}

async fn failed_attempts_are_counted_within_a_window(bed: Bed) {
    let start = Timestamp::from_millis(1_800_000_000_000);
    for seconds in [0, 1, 59, 61, 200] {
        let mut tx = bed.write().await;
        tx.failure_add("account ada", start.plus_seconds(seconds)).await.unwrap();
        tx.commit().await.unwrap();
    }
    let count =
        async |key: &str, since: Timestamp| bed.read().await.failures_since(key, since).await.unwrap();
    assert_eq!(count("account ada", start.plus_seconds(-1)).await, 5);
    assert_eq!(
        count("account ada", start.plus_seconds(30)).await,
        2,
        "what began in an earlier minute is out"
    );
    assert_eq!(count("account ada", start.plus_seconds(600)).await, 0);
    assert_eq!(count("account bob", start.plus_seconds(-1)).await, 0);
    let mut tx = bed.write().await;
    tx.sessions_sweep(start, start, start.plus_seconds(60)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(count("account ada", start.plus_seconds(-1)).await, 1);
    let mut tx = bed.write().await;
    tx.failures_forget("account ada").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(count("account ada", start.plus_seconds(-1)).await, 0);
    let adding = (0..20).map(|_| {
        let store = bed.store.clone();
        async move {
            let mut tx = store.write(&Bounds::Everything).await.unwrap();
            tx.failure_add("address", start).await.unwrap();
            tx.commit().await.unwrap();
        }
    });
    race(adding).await;
    assert_eq!(count("address", start.plus_seconds(-1)).await, 20, "none is lost");
}

async fn an_attempt_that_did_not_fail_is_taken_back(bed: Bed) {
    let start = Timestamp::from_millis(1_800_000_000_000);
    let count = async || bed.read().await.failures_since("key", start.plus_seconds(-1)).await.unwrap();
    let change = async |add: bool, key: &str, at: Timestamp| {
        let mut tx = bed.write().await;
        if add {
            tx.failure_add(key, at).await.unwrap();
        } else {
            tx.failure_take_back(key, at).await.unwrap();
        }
        tx.commit().await.unwrap();
    };
    change(true, "key", start).await;
    change(true, "key", start.plus_seconds(5)).await;
    change(true, "key", start.plus_seconds(60)).await;
    change(false, "other", start).await;
    assert_eq!(count().await, 3);
    change(false, "key", start.plus_seconds(59)).await;
    assert_eq!(count().await, 2, "one of the same minute");
    for _ in 0..3 {
        change(false, "key", start).await;
    }
    assert_eq!(count().await, 1, "that minute's only, and not below nothing");
    change(false, "key", start.plus_seconds(60)).await;
    assert_eq!(count().await, 0);
    change(true, "key", start).await;
    assert_eq!(count().await, 1);
}

async fn token(bed: &Bed, user: UserId, secret: &str, permissions: Option<Vec<Permission>>) -> Token {
    let token = Token {
        id: TokenId::fresh(&SystemIds),
        realm: bed.graph().await.realm_of_user(user).unwrap(),
        user,
        name: format!("Token {secret} 🔑").parse().unwrap(),
        prefix: "bst_1234".into(),
        permissions,
        created_at: bed.now(),
        expires_at: bed.now().plus_seconds(3_600),
        last_used_at: None,
    };
    let permit = bed.permit::<CreateToken>(user, Own(user)).await;
    let mut tx = bed.write().await;
    tx.token_create(&permit, &token, hash(secret), audit_id()).await.unwrap();
    tx.commit().await.unwrap();
    token
}

async fn sec_3_a_token_comes_back_by_its_secret(bed: Bed) {
    let ada = bed.user("ada@example.org").await;
    for (secret, permissions) in [
        ("all", None),
        ("none", Some(vec![])),
        ("some", Some(vec![Permission::AuditView, Permission::OrganizationsView])),
    ] {
        let token = token(&bed, ada, secret, permissions).await;
        assert_eq!(bed.read().await.token_by_secret(hash(secret)).await.unwrap(), Some(token.clone()));
        assert_eq!(bed.read().await.token(token.id).await.unwrap(), Some(token));
    }
    assert_eq!(bed.read().await.token_by_secret(hash("other")).await.unwrap(), None);
    let token = bed.read().await.token_by_secret(hash("all")).await.unwrap().unwrap();
    let start = token.created_at;
    for (touched, expected) in [(0, 0), (59, 0), (61, 61), (30, 61)] {
        let mut tx = bed.write().await;
        tx.token_touch(token.id, start.plus_seconds(touched)).await.unwrap();
        tx.commit().await.unwrap();
        let known = bed.read().await.token(token.id).await.unwrap().unwrap();
        assert_eq!(known.last_used_at, Some(start.plus_seconds(expected)), "written once a minute at most");
    }
}

async fn sec_3_one_withdraws_one_s_own_tokens_only(bed: Bed) {
    let (ada, bob) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let (mine, theirs) = (token(&bed, ada, "mine", None).await, token(&bed, bob, "theirs", None).await);
    let permit = bed.permit::<DeleteToken>(ada, Own(ada)).await;
    for (id, gone) in [(theirs.id, false), (mine.id, true), (mine.id, false)] {
        let mut tx = bed.write().await;
        assert_eq!(tx.token_delete(&permit, id, bed.audit()).await, Ok(gone));
        tx.commit().await.unwrap();
    }
    assert_eq!(bed.read().await.token_by_secret(hash("mine")).await.unwrap(), None);
    let view = bed.permit::<ViewOwn>(bob, Own(bob)).await;
    assert_eq!(bed.read().await.token_list(&view).await.unwrap(), [theirs]);
    let newer = token(&bed, bob, "newer", None).await;
    let names: Vec<_> = bed.read().await.token_list(&view).await.unwrap().into_iter().map(|t| t.id).collect();
    assert_eq!(names[0], newer.id, "the newest first");
    let other = bed.try_permit::<DeleteToken>(ada, Own(bob)).await;
    assert_eq!(other.err(), Some(Error::NotFound));
}

/// Rule 7: whoever counts holds the account's row, so that no two pass the limit together.
async fn sec_3_tokens_are_counted_by_one_at_a_time(bed: Bed) {
    let ada = bed.user("ada@example.org").await;
    let expired = token(&bed, ada, "old", None).await;
    let mut attempts = Vec::new();
    for number in 0..8 {
        let permit = bed.permit::<CreateToken>(ada, Own(ada)).await;
        let now = expired.expires_at;
        let token = Token {
            id: TokenId::fresh(&SystemIds),
            created_at: now,
            expires_at: now.plus_seconds(60),
            ..expired.clone()
        };
        let store = bed.store.clone();
        attempts.push(async move {
            let mut tx = store.write(&Bounds::Everything).await.unwrap();
            if tx.tokens_count_locked(ada, now).await.unwrap() >= 3 {
                return false;
            }
            tx.token_create(&permit, &token, hash(&format!("new {number}")), audit_id()).await.unwrap();
            tx.commit().await.unwrap();
            true
        });
    }
    assert_eq!(
        race(attempts).await.into_iter().filter(|made| *made).count(),
        3,
        "the expired one does not count"
    );
}

fn grant(
    bed: &Bed,
    realm: RealmId,
    secret: &str,
    kind: LoginGrantKind,
    state: LoginGrantState,
) -> LoginGrant {
    LoginGrant {
        secret_hash: hash(secret),
        realm,
        kind,
        token_name: "My computer".parse().unwrap(),
        state,
        user: None,
        expires_at: bed.now().plus_seconds(600),
        polled_at: None,
    }
}

async fn device(bed: &Bed, realm: RealmId, secret: &str, user_code: &str) -> LoginGrant {
    let kind = LoginGrantKind::Device { user_code: user_code.into() };
    let grant = grant(bed, realm, secret, kind, LoginGrantState::Waiting);
    let mut tx = bed.write().await;
    tx.device_grant_create(&grant, bed.now()).await.unwrap();
    tx.commit().await.unwrap();
    grant
}

async fn decide(bed: &Bed, user: UserId, user_code: &str, state: LoginGrantState, now: Timestamp) -> bool {
    let permit = bed.permit::<AgreeLogin>(user, Own(user)).await;
    let mut tx = bed.write().await;
    let decided = tx.device_grant_decide(&permit, user_code, state, now).await.unwrap();
    tx.commit().await.unwrap();
    decided
}

async fn use_up(bed: &Bed, secret: &str, now: Timestamp) -> bool {
    let mut tx = bed.write().await;
    let used = tx.login_grant_use(hash(secret), now).await.unwrap();
    tx.commit().await.unwrap();
    used
}

async fn a_device_waits_until_its_user_decides(bed: Bed) {
    let ada = bed.user("ada@example.org").await;
    let now = bed.now();
    for (code, answer) in [("AAAA", LoginGrantState::Agreed), ("BBBB", LoginGrantState::Denied)] {
        let mut grant = device(&bed, RealmId::PLATFORM, code, code).await;
        assert_eq!(bed.read().await.login_grant(hash(code)).await.unwrap(), Some(grant.clone()));
        assert_eq!(bed.read().await.login_grant_by_user_code(code).await.unwrap(), Some(grant.clone()));
        assert_eq!(bed.read().await.device_grants_waiting(now).await.unwrap(), 1);
        assert!(!use_up(&bed, code, now).await, "nobody has agreed");
        assert!(decide(&bed, ada, code, answer, now).await);
        assert!(!decide(&bed, ada, code, LoginGrantState::Agreed, now).await, "decided once");
        (grant.state, grant.user) = (answer, Some(ada));
        assert_eq!(bed.read().await.login_grant(hash(code)).await.unwrap(), Some(grant.clone()));
        assert_eq!(use_up(&bed, code, now).await, answer == LoginGrantState::Agreed);
        let mut tx = bed.write().await;
        tx.login_grant_polled(hash(code), now).await.unwrap();
        tx.commit().await.unwrap();
        let known = bed.read().await.login_grant(hash(code)).await.unwrap().unwrap();
        assert_eq!(known.polled_at, Some(now));
    }
    assert_eq!(bed.read().await.device_grants_waiting(now).await.unwrap(), 0);
    assert!(!decide(&bed, ada, "CCCC", LoginGrantState::Agreed, now).await);
    let late = device(&bed, RealmId::PLATFORM, "late", "LATE").await;
    assert!(!decide(&bed, ada, "LATE", LoginGrantState::Agreed, late.expires_at).await, "it has ended");
    let mut tx = bed.write().await;
    let same_code = grant(
        &bed,
        RealmId::PLATFORM,
        "other",
        LoginGrantKind::Device { user_code: "LATE".into() },
        LoginGrantState::Waiting,
    );
    assert_eq!(code(tx.device_grant_create(&same_code, now).await), "user_code_taken");
}

/// HIER-3, CLI-2: what was begun under one client's address is nothing under another's.
async fn hier_3_a_device_of_another_realm_waits_on(bed: Bed) {
    let brand = bed.realm("brand").await;
    let ada = bed.user("ada@example.org").await;
    let waiting = device(&bed, brand, "secret", "CODE").await;
    for answer in [LoginGrantState::Agreed, LoginGrantState::Denied] {
        assert!(!decide(&bed, ada, "CODE", answer, bed.now()).await);
    }
    assert_eq!(bed.read().await.login_grant(hash("secret")).await.unwrap(), Some(waiting));
    let theirs = bed.user_in(brand, "ada@example.org").await;
    assert!(decide(&bed, theirs, "CODE", LoginGrantState::Agreed, bed.now()).await);
}

async fn code_grant(bed: &Bed, user: UserId, secret: &str) -> LoginGrant {
    let kind = LoginGrantKind::Code { challenge: "challenge".into() };
    let grant = grant(bed, RealmId::PLATFORM, secret, kind, LoginGrantState::Agreed);
    let permit = bed.permit::<AgreeLogin>(user, Own(user)).await;
    let mut tx = bed.write().await;
    tx.code_grant_create(&permit, &grant, bed.now()).await.unwrap();
    tx.commit().await.unwrap();
    LoginGrant { user: Some(user), ..grant }
}

async fn a_login_code_is_used_once(bed: Bed) {
    let ada = bed.user("ada@example.org").await;
    let mut grant = code_grant(&bed, ada, "secret").await;
    assert_eq!(bed.read().await.login_grant(hash("secret")).await.unwrap(), Some(grant.clone()));
    let now = bed.now();
    let uses = (0..20).map(|_| {
        let store = bed.store.clone();
        async move {
            let mut tx = store.write(&Bounds::Everything).await.unwrap();
            let used = tx.login_grant_use(hash("secret"), now).await.unwrap();
            tx.commit().await.unwrap();
            used
        }
    });
    assert_eq!(race(uses).await.into_iter().filter(|used| *used).count(), 1);
    grant.state = LoginGrantState::Used;
    assert_eq!(bed.read().await.login_grant(hash("secret")).await.unwrap(), Some(grant));
}

async fn a_login_code_ends(bed: Bed) {
    let ada = bed.user("ada@example.org").await;
    let grant = code_grant(&bed, ada, "secret").await;
    assert!(!use_up(&bed, "secret", grant.expires_at).await);
    assert!(!use_up(&bed, "other", bed.now()).await);
    for (now, left) in
        [(Timestamp::from_millis(grant.expires_at.as_millis() - 1), true), (grant.expires_at, false)]
    {
        let mut tx = bed.write().await;
        tx.login_grants_sweep(now).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(bed.read().await.login_grant(hash("secret")).await.unwrap().is_some(), left);
    }
}

async fn join_token(bed: &Bed, secret: &str) -> JoinToken {
    let now = bed.now();
    let token = JoinToken {
        id: JoinTokenId::fresh(&SystemIds),
        hub: bed.hub,
        cluster_name: "spoke-1".parse().unwrap(),
        created_at: now,
        expires_at: now.plus_seconds(3_600),
        used_at: None,
        withdrawn_at: None,
    };
    let permit = bed.site::<CreateJoinToken>(bed.hub).await;
    let mut tx = bed.write().await;
    tx.join_token_create(&permit, &token, hash(secret), audit_id()).await.unwrap();
    tx.commit().await.unwrap();
    token
}

async fn fleet_1_a_join_token_is_used_once(bed: Bed) {
    let mut token = join_token(&bed, "secret").await;
    assert_eq!(bed.read().await.join_token_by_secret(hash("secret")).await.unwrap(), Some(token.clone()));
    assert_eq!(bed.read().await.join_token_by_secret(hash("other")).await.unwrap(), None);
    assert_eq!(bed.read().await.join_token(token.id).await, Ok(token.clone()));
    let now = bed.now();
    let mut attempts = Vec::new();
    for _ in 0..20 {
        let (permit, store, id) = (bed.door::<RequestJoin>(bed.hub).await, bed.store.clone(), token.id);
        attempts.push(async move {
            let mut tx = store.write(&Bounds::Everything).await.unwrap();
            let used = tx.join_token_use(&permit, id, now).await.unwrap();
            tx.commit().await.unwrap();
            used
        });
    }
    assert_eq!(race(attempts).await.into_iter().filter(|used| *used).count(), 1);
    token.used_at = Some(now);
    assert_eq!(bed.read().await.join_token(token.id).await, Ok(token.clone()));
    assert_eq!(token.state(now), "used");
    let nothing = JoinTokenId::fresh(&SystemIds);
    assert_eq!(bed.read().await.join_token(nothing).await, Err(Error::NotFound));
}

async fn fleet_1_a_join_token_ends_and_is_withdrawn(bed: Bed) {
    let (expired, withdrawn) = (join_token(&bed, "one").await, join_token(&bed, "two").await);
    let door = bed.door::<RequestJoin>(bed.hub).await;
    let permit = bed.site::<DeleteJoinToken>(bed.hub).await;
    let mut tx = bed.write().await;
    assert_eq!(tx.join_token_use(&door, expired.id, expired.expires_at).await, Ok(false));
    assert_eq!(tx.join_token_delete(&permit, &withdrawn, bed.audit()).await, Ok(true));
    assert_eq!(tx.join_token_delete(&permit, &withdrawn, bed.audit()).await, Ok(false));
    assert_eq!(tx.join_token_use(&door, withdrawn.id, bed.now()).await, Ok(false));
    tx.commit().await.unwrap();
    let view = bed.site::<CreateJoinToken>(bed.hub).await;
    let listed = bed.read().await.join_token_list(&view).await.unwrap();
    let states: Vec<_> = listed.iter().map(|token| (token.id, token.state(expired.expires_at))).collect();
    assert_eq!(states, [(withdrawn.id, "withdrawn"), (expired.id, "expired")], "the newest first");
    assert_eq!(expired.state(bed.now()), "unused");
}

async fn fleet_1_a_join_token_is_good_for_its_own_hub(bed: Bed) {
    let token = join_token(&bed, "secret").await;
    let other = HubId::fresh(&SystemIds);
    let insert = format!(
        "insert into hubs (id, slug, name, created_at_ms) values ({}, 'other', 'Other', 0)",
        bed.database.literal(other.uuid())
    );
    bed.database.raw(&insert).await.unwrap();
    let door = bed.door::<RequestJoin>(other).await;
    let permit = bed.site::<DeleteJoinToken>(other).await;
    let mut tx = bed.write().await;
    assert_eq!(tx.join_token_use(&door, token.id, bed.now()).await, Ok(false));
    assert_eq!(tx.join_token_delete(&permit, &token, bed.audit()).await, Ok(false));
    drop(tx);
    let view = bed.site::<CreateJoinToken>(other).await;
    assert_eq!(bed.read().await.join_token_list(&view).await.unwrap(), []);
}

async fn a_set_up_link_is_used_once_and_replaced_by_the_next(bed: Bed) {
    let now = bed.now();
    let end = now.plus_seconds(3_600);
    for secret in ["first", "second"] {
        let mut tx = bed.write().await;
        tx.setup_link_replace(hash(secret), now, end).await.unwrap();
        tx.commit().await.unwrap();
    }
    let open = async |secret: &str, now| bed.read().await.setup_link_open(hash(secret), now).await.unwrap();
    assert!(!open("first", now).await, "replaced");
    assert!(open("second", now).await);
    assert!(!open("second", end).await, "ended");
    let mut attempts = Vec::new();
    for _ in 0..20 {
        let (permit, store) = (bed.door::<CompleteSetup>(Site).await, bed.store.clone());
        attempts.push(async move {
            let mut tx = store.write(&Bounds::Everything).await.unwrap();
            let used = tx.setup_link_use(&permit, hash("second"), now).await.unwrap();
            tx.commit().await.unwrap();
            used
        });
    }
    assert_eq!(race(attempts).await.into_iter().filter(|used| *used).count(), 1);
    assert!(!open("second", now).await);
    let permit = bed.door::<CompleteSetup>(Site).await;
    let mut tx = bed.write().await;
    tx.setup_link_replace(hash("third"), now, end).await.unwrap();
    assert_eq!(tx.setup_link_use(&permit, hash("third"), end).await, Ok(false), "ended");
    assert_eq!(tx.setup_link_use(&permit, hash("third"), now).await, Ok(true));
}
