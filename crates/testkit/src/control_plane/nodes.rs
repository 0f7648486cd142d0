//! Simulated nodes.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Node;

/// The taint that a new node has until the controllers see that it is Ready.
const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// A node to simulate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSpec {
    /// Its name.
    pub name: String,
    /// Its labels, besides those that every node has.
    pub labels: BTreeMap<String, String>,
    /// Its taints.
    pub taints: Vec<Taint>,
    /// Its processors, as a Kubernetes quantity.
    pub cpu: String,
    /// Its memory, as a Kubernetes quantity.
    pub memory: String,
    /// How many pods it takes.
    pub pods: u32,
}

/// What keeps pods that do not tolerate it off a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taint {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
}

impl NodeSpec {
    /// A node without labels and taints, with 8 processors, 32 GiB of memory and room for 110 pods.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            labels: BTreeMap::new(),
            taints: Vec::new(),
            cpu: "8".to_owned(),
            memory: "32Gi".to_owned(),
            pods: 110,
        }
    }

    /// The same with a label.
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The same with a taint.
    pub fn taint(mut self, key: &str, value: &str, effect: &str) -> Self {
        self.taints.push(Taint { key: key.to_owned(), value: value.to_owned(), effect: effect.to_owned() });
        self
    }

    /// The object to create.
    pub(super) fn object(&self) -> Result<Node> {
        let resources = serde_json::json!({
            "cpu": self.cpu, "memory": self.memory, "pods": self.pods.to_string(), "ephemeral-storage": SCRATCH,
        });
        let taints: Vec<_> = self
            .taints
            .iter()
            .map(
                |taint| serde_json::json!({ "key": taint.key, "value": taint.value, "effect": taint.effect }),
            )
            .collect();
        let mut labels = BTreeMap::from([
            ("kubernetes.io/hostname".to_owned(), self.name.clone()),
            ("kubernetes.io/os".to_owned(), "linux".to_owned()),
            ("kubernetes.io/arch".to_owned(), "amd64".to_owned()),
        ]);
        labels.extend(self.labels.clone());
        serde_json::from_value(serde_json::json!({
            "metadata": { "name": self.name, "labels": labels },
            "spec": { "taints": taints },
            "status": { "capacity": resources, "allocatable": resources },
        }))
        .with_context(|| format!("the node {} cannot be described", self.name))
    }
}

/// Scratch space of every node.
const SCRATCH: &str = "200Gi";

/// Whether a node is Ready and free of the taint that it had until then, so that pods can be scheduled there.
pub(super) fn is_ready(node: &Node) -> bool {
    let mut conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let mut taints = node.spec.iter().flat_map(|spec| spec.taints.iter().flatten());
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
        && !taints.any(|taint| taint.key == NOT_READY)
}
