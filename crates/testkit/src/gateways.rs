//! Stands in for a gateway controller, which needs pods that really run: says of every `Gateway` and `ListenerSet` that it is accepted and
//! programmed, so that what waits for a ready gateway can be tested.

use std::time::Duration;

use anyhow::Result;
use bastide_model::{Clock as _, SystemClock};
use kube::api::{DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, Client};
use serde_json::{Value, json};

/// The pause between two looks.
const INTERVAL: Duration = Duration::from_millis(200);

/// A stand-in that works until it is dropped.
#[derive(Debug)]
pub(crate) struct GatewayController {
    task: tokio::task::JoinHandle<()>,
}

impl GatewayController {
    /// Starts to serve the gateways of a cluster.
    pub(crate) fn start(client: Client) -> Self {
        let task = tokio::spawn(async move {
            loop {
                // A look that fails is made up for by the next one.
                let _ = serve(&client).await;
                tokio::time::sleep(INTERVAL).await;
            }
        });
        Self { task }
    }
}

impl Drop for GatewayController {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(client: &Client) -> Result<()> {
    serve_all(client, "Gateway").await?;
    serve_all(client, "ListenerSet").await
}

async fn serve_all(client: &Client, kind: &str) -> Result<()> {
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("gateway.networking.k8s.io", "v1", kind));
    let all = Api::<DynamicObject>::all_with(client.clone(), &kind).list(&ListParams::default()).await?;
    for gateway in all.items.into_iter().filter(|gateway| !is_served(gateway)) {
        let (Some(namespace), Some(name)) = (&gateway.metadata.namespace, &gateway.metadata.name) else {
            continue;
        };
        let generation = gateway.metadata.generation.unwrap_or_default();
        let condition = |kind: &str| {
            json!({
                "type": kind, "status": "True", "reason": kind, "message": "", "observedGeneration": generation,
                "lastTransitionTime": SystemClock.now().to_string(),
            })
        };
        let status = json!({ "status": { "conditions": [condition("Accepted"), condition("Programmed")] } });
        Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &kind)
            .patch_status(name, &PatchParams::default(), &Patch::Merge(status))
            .await?;
    }
    Ok(())
}

fn is_served(gateway: &DynamicObject) -> bool {
    let generation = json!(gateway.metadata.generation.unwrap_or_default());
    let conditions = gateway.data.pointer("/status/conditions").and_then(Value::as_array);
    conditions.is_some_and(|conditions| {
        conditions.iter().any(|one| {
            one.get("type") == Some(&json!("Programmed"))
                && one.get("status") == Some(&json!("True"))
                && one.get("observedGeneration") == Some(&generation)
        })
    })
}
