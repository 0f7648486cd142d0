//! What leaves later, once more or at most once: the outbox and kept answers.

use bastide_authz::Bounds;
use bastide_model::{OutboxId, SystemIds, Timestamp};
use bastide_store::Kept;
use serde_json::{Value, json};

use crate::bed::{Bed, both_engines, race};

both_engines! {
    a_message_is_taken_done_and_swept,
    a_message_that_is_not_done_is_taken_again,
    two_takers_never_take_the_same,
    messages_leave_in_the_order_of_their_making,
    an_answer_is_kept_and_given_again,
    a_key_is_held_by_one_at_a_time,
    e_47_keys_belong_to_their_caller_and_operation,
    a_key_is_given_back_and_swept,
}

async fn put(bed: &Bed, kind: &str, payload: Value, now: Timestamp) {
    let mut tx = bed.write().await;
    tx.outbox_put(&SystemIds, kind, payload, now).await.unwrap();
    assert!(tx.commit().await.unwrap().revision.is_some(), "who delivers is woken");
}

async fn take(bed: &Bed, now: Timestamp, retry_at: Timestamp, most: i64) -> Vec<(OutboxId, String, i64)> {
    let mut tx = bed.write().await;
    let taken = tx.outbox_take(now, retry_at, most).await.unwrap();
    tx.commit().await.unwrap();
    taken.into_iter().map(|message| (message.id, message.kind, message.attempts)).collect()
}

async fn depth(bed: &Bed) -> u64 {
    bed.read().await.outbox_depth().await.unwrap()
}

async fn a_message_is_taken_done_and_swept(bed: Bed) {
    let now = bed.now();
    assert_eq!(depth(&bed).await, 0);
    let payload = json!({"z": [1, 2.5, null, "ü'\""], "a": {"b": true}});
    put(&bed, "organization.created", payload.clone(), now).await;
    assert_eq!(depth(&bed).await, 1);
    let mut tx = bed.write().await;
    let taken = tx.outbox_take(now, now.plus_seconds(30), 10).await.unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].kind.as_str(), &taken[0].payload), ("organization.created", &payload));
    assert_eq!((taken[0].created_at, taken[0].attempts), (now, 1));
    tx.outbox_done(taken[0].id, now).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(depth(&bed).await, 0);
    assert_eq!(take(&bed, now.plus_seconds(3_600), now, 10).await, []);
    for (before, left) in [(Timestamp::from_millis(now.as_millis() - 1), 1), (now, 0)] {
        let mut tx = bed.write().await;
        tx.outbox_sweep(before).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(bed.database.number("select count(*) from outbox").await, left);
    }
}

async fn a_message_that_is_not_done_is_taken_again(bed: Bed) {
    let now = bed.now();
    put(&bed, "kind", json!({}), now).await;
    let retry = now.plus_seconds(30);
    let first = take(&bed, now, retry, 10).await;
    assert_eq!(take(&bed, now, retry, 10).await, [], "it is hidden");
    assert_eq!(take(&bed, Timestamp::from_millis(retry.as_millis() - 1), retry, 10).await, []);
    let again = take(&bed, retry, retry.plus_seconds(30), 10).await;
    assert_eq!(again, [(first[0].0, "kind".into(), 2)], "the same id, so that repeats can be told");
    let mut tx = bed.write().await;
    tx.outbox_sweep(now.plus_seconds(9_999)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(depth(&bed).await, 1, "what did not arrive is never swept");
}

async fn two_takers_never_take_the_same(bed: Bed) {
    let now = bed.now();
    for number in 0..30 {
        put(&bed, &format!("kind {number}"), json!({}), now).await;
    }
    let mut all = Vec::new();
    for _ in 0..30 {
        let takers = (0..4).map(|_| {
            let store = bed.store.clone();
            async move {
                let mut tx = store.write(&Bounds::Everything).await.unwrap();
                let taken = tx.outbox_take(now, now.plus_seconds(30), 3).await.unwrap();
                tx.commit().await.unwrap();
                taken.into_iter().map(|message| message.id).collect::<Vec<_>>()
            }
        });
        all.extend(race(takers).await.concat());
    }
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!((all.len(), count), (30, 30));
}

async fn messages_leave_in_the_order_of_their_making(bed: Bed) {
    let start = bed.now();
    for (kind, seconds) in [("third", 3), ("first", 1), ("second", 2), ("later", 99)] {
        put(&bed, kind, json!({}), start.plus_seconds(seconds)).await;
    }
    let kinds = async |most| {
        let taken = take(&bed, start.plus_seconds(50), start.plus_seconds(9_999), most).await;
        taken.into_iter().map(|(_, kind, _)| kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(2).await, ["first", "second"]);
    assert_eq!(kinds(9).await, ["third"]);
}

async fn begin(bed: &Bed, key: (bastide_model::UserId, &str, &str), payload: &[u8]) -> Kept {
    let mut tx = bed.write().await;
    let kept = tx.idempotency_begin(key, payload.to_vec(), bed.now()).await.unwrap();
    tx.commit().await.unwrap();
    kept
}

async fn finish(bed: &Bed, key: (bastide_model::UserId, &str, &str), status: u16, response: Value) {
    let mut tx = bed.write().await;
    tx.idempotency_finish(key, status, response).await.unwrap();
    tx.commit().await.unwrap();
}

async fn an_answer_is_kept_and_given_again(bed: Bed) {
    let responses = [json!({"b": 1, "a": [null]}), json!(null), json!("text"), json!([]), json!(true)];
    for (number, response) in responses.into_iter().enumerate() {
        let name = format!("key {number}");
        let key = (bed.administrator, "organization_create", name.as_str());
        assert_eq!(begin(&bed, key, b"payload").await, Kept::Fresh);
        assert_eq!(begin(&bed, key, b"payload").await, Kept::InFlight);
        assert_eq!(begin(&bed, key, b"another").await, Kept::OtherPayload);
        finish(&bed, key, 201, response.clone()).await;
        assert_eq!(begin(&bed, key, b"payload").await, Kept::Answered { status: 201, response });
        assert_eq!(begin(&bed, key, b"another").await, Kept::OtherPayload);
    }
    // SQLite would give back another type; neither engine takes it.
    let key = (bed.administrator, "organization_create", "key 0");
    let result = bed.write().await.idempotency_finish(key, 200, json!(5)).await;
    assert!(matches!(result, Err(bastide_model::Error::Internal { .. })), "{result:?}");
}

async fn a_key_is_held_by_one_at_a_time(bed: Bed) {
    let (user, now) = (bed.administrator, bed.now());
    let begins = (0..20).map(|_| {
        let store = bed.store.clone();
        async move {
            let mut tx = store.write(&Bounds::Everything).await.unwrap();
            let kept =
                tx.idempotency_begin((user, "operation", "key"), b"payload".to_vec(), now).await.unwrap();
            tx.commit().await.unwrap();
            kept
        }
    });
    let kept = race(begins).await;
    assert_eq!(kept.iter().filter(|one| **one == Kept::Fresh).count(), 1);
    assert_eq!(kept.iter().filter(|one| **one == Kept::InFlight).count(), 19);
}

async fn e_47_keys_belong_to_their_caller_and_operation(bed: Bed) {
    let (ada, bob) = (bed.user("ada@example.org").await, bed.user("bob@example.org").await);
    let brand = bed.realm("brand").await;
    let namesake = bed.user_in(brand, "ada@example.org").await;
    let keys = [(ada, "one", "key"), (bob, "one", "key"), (namesake, "one", "key"), (ada, "two", "key")];
    for (number, key) in keys.into_iter().enumerate() {
        assert_eq!(begin(&bed, key, b"the same").await, Kept::Fresh, "{number}");
        finish(&bed, key, 200, json!({"for": number})).await;
    }
    for (number, key) in keys.into_iter().enumerate() {
        let expected = Kept::Answered { status: 200, response: json!({"for": number}) };
        assert_eq!(begin(&bed, key, b"the same").await, expected);
    }
}

async fn a_key_is_given_back_and_swept(bed: Bed) {
    let key = (bed.administrator, "operation", "key");
    assert_eq!(begin(&bed, key, b"payload").await, Kept::Fresh);
    let mut tx = bed.write().await;
    tx.idempotency_forget(key).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(begin(&bed, key, b"payload").await, Kept::Fresh, "after a failure one may try again");
    let now = bed.now();
    for (before, expected) in [(now.plus_seconds(-60), Kept::InFlight), (now, Kept::Fresh)] {
        let mut tx = bed.write().await;
        tx.idempotency_sweep(before).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(begin(&bed, key, b"payload").await, expected);
    }
}
