//! Somebody to whom RBAC allows nearly everything, and every way to write an object: what holds against them holds by
//! policy.

use bastide_testkit::control_plane::ControlPlane;
use kube::Client;
use serde_json::{Value, json};

/// Every way to write an existing object. `/finalize` knows the first only.
pub(crate) const WAYS: [&str; 5] = ["put", "merge", "strategic", "json", "apply"];

/// A client of somebody who may do everything on every kind of Kubernetes and of the Gateway API, but is no cluster
/// administrator: what makes one is that `*` stands for the groups, too.
pub(crate) async fn client(plane: &ControlPlane) -> Client {
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": "intruder" },
        "rules": [{
            "apiGroups": [
                "", "apps", "batch", "coordination.k8s.io", "gateway.networking.k8s.io", "networking.k8s.io",
                "rbac.authorization.k8s.io", "scheduling.k8s.io",
            ],
            "resources": ["*"], "verbs": ["*"],
        }],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": "intruder" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "intruder" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "intruder" }],
    });
    let admin = plane.client().await.unwrap();
    let base = "/apis/rbac.authorization.k8s.io/v1";
    for (path, body) in [("clusterroles", role), ("clusterrolebindings", binding)] {
        let path = format!("{base}/{path}/intruder?fieldManager=test");
        send(&admin, "PATCH", &path, "application/apply-patch+yaml", &body).await.unwrap();
    }
    plane.client_as("intruder", &["system:authenticated"]).await.unwrap()
}

/// One request with a JSON body. What came back, or status code and message.
pub(crate) async fn send(
    client: &Client,
    method: &str,
    path: &str,
    content_type: &str,
    body: &Value,
) -> Result<Value, (u16, String)> {
    let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(body).unwrap() };
    let request =
        http::Request::builder().method(method).uri(path).header("content-type", content_type).body(body);
    match client.request::<Value>(request.unwrap()).await {
        Ok(answer) => Ok(answer),
        Err(kube::Error::Api(status)) => Err((status.code, status.message.clone())),
        Err(error) => panic!("{method} {path}: {error}"),
    }
}

pub(crate) async fn post(client: &Client, path: &str, body: &Value) -> Result<Value, (u16, String)> {
    send(client, "POST", path, "application/json", body).await
}

pub(crate) async fn delete(client: &Client, path: &str) -> Result<Value, (u16, String)> {
    send(client, "DELETE", path, "application/json", &Value::Null).await
}

pub(crate) async fn get(client: &Client, path: &str) -> Result<Value, (u16, String)> {
    send(client, "GET", path, "application/json", &Value::Null).await
}

/// Makes the change, which is written as a merge patch, in one of the [`WAYS`] at `path` plus `subresource`.
pub(crate) async fn write(
    client: &Client,
    way: &str,
    path: &str,
    subresource: &str,
    change: &Value,
) -> Result<Value, (u16, String)> {
    let live = get(client, path).await?;
    let mut changed = live.clone();
    merge(&mut changed, change);
    let target = format!("{path}{subresource}");
    match way {
        "put" => send(client, "PUT", &target, "application/json", &changed).await,
        "merge" => send(client, "PATCH", &target, "application/merge-patch+json", change).await,
        "strategic" => send(client, "PATCH", &target, "application/strategic-merge-patch+json", change).await,
        "json" => {
            let mut steps = Vec::new();
            let patched = steps_between("", &live, &changed, &mut steps);
            assert!(patched, "the change changes something");
            send(client, "PATCH", &target, "application/json-patch+json", &json!(steps)).await
        }
        "apply" => {
            // What is taken away cannot be applied; the whole is applied with what is changed instead.
            let mut wanted = changed.clone();
            for field in ["managedFields", "resourceVersion", "uid", "creationTimestamp", "generation"] {
                wanted["metadata"].as_object_mut().unwrap().remove(field);
            }
            let target = format!("{target}?fieldManager=bastide-agent&force=true");
            send(client, "PATCH", &target, "application/apply-patch+yaml", &wanted).await
        }
        other => panic!("no such way: {other}"),
    }
}

/// RFC 7386.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let fields = target.as_object_mut().unwrap();
    for (key, value) in patch {
        if value.is_null() {
            fields.remove(key);
        } else {
            merge(fields.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// RFC 6902, whole lists at once. Whether there is a difference.
fn steps_between(path: &str, from: &Value, to: &Value, steps: &mut Vec<Value>) -> bool {
    let (Value::Object(before), Value::Object(after)) = (from, to) else {
        if from != to {
            steps.push(json!({ "op": "replace", "path": path, "value": to }));
        }
        return from != to;
    };
    let pointer = |key: &str| format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        steps.push(json!({ "op": "remove", "path": pointer(key) }));
    }
    for (key, value) in after {
        match before.get(key) {
            None => steps.push(json!({ "op": "add", "path": pointer(key), "value": value })),
            Some(old) => {
                steps_between(&pointer(key), old, value, steps);
            }
        }
    }
    !steps.is_empty()
}

/// Whether it was refused with this code by a policy of ours.
pub(crate) fn is_refused(result: &Result<Value, (u16, String)>, code: &str) -> bool {
    matches!(result, Err((403, message)) if message.contains(&format!("{code}:")))
}
