//! Whoever changes an object again and again is named and sets no pace (FLEET-6).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::support::hub::{Hub, has};
use crate::support::running::{Cluster, cluster, joined, organization};
use crate::support::until;

/// Opens a policy as often as it can, and counts how often it found it closed again.
struct Meddler {
    writes: Arc<AtomicU32>,
    undone: Arc<AtomicU32>,
    running: JoinHandle<()>,
}

impl Meddler {
    fn start(policies: Api<NetworkPolicy>, name: &'static str) -> Self {
        let (writes, undone) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let counted = (writes.clone(), undone.clone());
        let running = tokio::spawn(async move {
            let params = PatchParams { field_manager: Some("meddler".to_owned()), ..PatchParams::default() };
            loop {
                let before = policies.get(name).await.unwrap().spec.unwrap_or_default();
                if before.ingress.is_none_or(|rules| rules.is_empty()) {
                    counted.1.fetch_add(1, Ordering::SeqCst);
                }
                // Every one of its writes changes something, so that every one is seen.
                let number = counted.0.fetch_add(1, Ordering::SeqCst).to_string();
                let open = json!({
                    "metadata": { "annotations": { "example.org/number": number } },
                    "spec": { "ingress": [{}] },
                });
                policies.patch(name, &params, &Patch::Merge(open)).await.unwrap();
            }
        });
        Self { writes, undone, running }
    }

    fn writes(&self) -> u32 {
        self.writes.load(Ordering::SeqCst)
    }

    fn undone(&self) -> u32 {
        self.undone.load(Ordering::SeqCst)
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// FLEET-6: who fights back over an object is named, by field manager, operation and time; Bastide's writes become few,
/// while everything else is repaired at once; and when it ends, all is as it should be.
#[tokio::test]
async fn fleet_6_who_fights_back_is_named_and_sets_no_pace() {
    let (plane, hub) = (cluster("contest").await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    let (id, content) = organization("acme");
    hub.want(id, Some(content));
    hub.reported("the set to be applied", id, |report| has(&report.conditions, "Applied", "True", "Applied"))
        .await;
    let on_cluster = Cluster::of(&plane).await;

    let meddler = Meddler::start(on_cluster.policies("acme"), "default-deny");
    let report = hub
        .reported("the fight", id, |report| has(&report.conditions, "Applied", "False", "Contested"))
        .await;
    let told =
        report.objects.iter().find(|one| one.name == "default-deny" && one.namespace == "acme").unwrap();
    assert!(!told.ready && told.message.contains("`meddler` changed it (Update, 20"), "{}", told.message);
    let condition = report.conditions.iter().find(|one| one.kind == "Applied").unwrap();
    assert!(condition.message.contains("meddler"), "{}", condition.message);
    assert_eq!(report.objects.iter().filter(|one| one.message.contains("meddler")).count(), 1);

    // Deletes the first policy by name, which is another one.
    let (writes, undone) = (meddler.writes(), meddler.undone());
    on_cluster.delete_and_await_repair("acme").await;
    until("many more attempts", async || meddler.writes() > writes + 300).await;
    let (writes, undone) = (meddler.writes() - writes, meddler.undone() - undone);
    assert!(undone * 20 < writes, "{undone} of {writes} attempts were undone");
    on_cluster.delete_and_await_repair("acme").await;

    hub.kept().reports.clear();
    drop(meddler);
    let report = hub
        .reported("the end of the fight", id, |report| has(&report.conditions, "Applied", "True", "Applied"))
        .await;
    assert!(report.objects.iter().all(|one| !one.message.contains("meddler")), "{:?}", report.objects);
    let spec = on_cluster.policies("acme").get("default-deny").await.unwrap().spec.unwrap_or_default();
    assert!(spec.ingress.is_none_or(|rules| rules.is_empty()), "closed again");
    agent.stop().await;
}
