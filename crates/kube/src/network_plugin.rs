//! Which network plug-in a cluster has, by the `DaemonSet` that it runs on every node, and whether it enforces network
//! policies: nothing else closes organizations towards each other (PLAN-4). Pure; who asks the cluster is `capabilities`.

use bastide_model::cluster::ConditionStatus;
use serde_json::Value;

/// A network plug-in that is known by its `DaemonSet`.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) daemon_set: &'static str,
    pub(crate) namespaces: &'static [&'static str],
    plugin: &'static str,
    enforces: Enforces,
}

#[derive(Debug)]
enum Enforces {
    Always,
    Never,
    /// Where a container has this argument.
    With(&'static str),
    /// Not told by the `DaemonSet`.
    Depends,
}

const fn known(
    daemon_set: &'static str,
    namespaces: &'static [&'static str],
    plugin: &'static str,
    enforces: Enforces,
) -> Known {
    Known { daemon_set, namespaces, plugin, enforces }
}

const SYSTEM: &[&str] = &["kube-system"];

/// Those that enforce come first: they may run beside one that connects pods and enforces nothing.
pub(crate) const KNOWN: [Known; 17] = [
    known("cilium", &["kube-system", "cilium"], "Cilium", Enforces::Always),
    known("anetd", SYSTEM, "GKE Dataplane V2", Enforces::Always),
    known("calico-node", &["calico-system", "kube-system"], "Calico", Enforces::Always),
    known("canal", SYSTEM, "Canal", Enforces::Always),
    known("rke2-canal", SYSTEM, "Canal", Enforces::Always),
    known("antrea-agent", SYSTEM, "Antrea", Enforces::Always),
    known("kube-router", SYSTEM, "kube-router", Enforces::Always),
    known("weave-net", SYSTEM, "Weave Net", Enforces::Always),
    known(
        "ovnkube-node",
        &["openshift-ovn-kubernetes", "ovn-kubernetes"],
        "OVN-Kubernetes",
        Enforces::Always,
    ),
    known("kube-ovn-cni", SYSTEM, "Kube-OVN", Enforces::Always),
    known("sdn", &["openshift-sdn"], "OpenShift SDN", Enforces::Always),
    known("azure-npm", SYSTEM, "Azure Network Policy Manager", Enforces::Always),
    known("kube-network-policies", SYSTEM, "kube-network-policies", Enforces::Always),
    known("aws-node", SYSTEM, "Amazon VPC CNI", Enforces::With("--enable-network-policy=true")),
    known("kindnet", SYSTEM, "kindnet", Enforces::Depends),
    known("azure-cns", SYSTEM, "Azure CNI", Enforces::Never),
    known("kube-flannel-ds", &["kube-flannel", "kube-system"], "flannel", Enforces::Never),
];

/// The names of the `DaemonSets` that are looked for: the agent may read these and no others.
pub fn daemon_sets() -> Vec<&'static str> {
    KNOWN.iter().map(|known| known.daemon_set).collect()
}

/// What connects the pods of a cluster, and whether it enforces network policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkPlugin {
    /// What people call it; empty when it is not known.
    pub name: String,
    /// Whether it enforces network policies.
    pub enforced: ConditionStatus,
    /// Why that is said, in one word.
    pub reason: &'static str,
    /// Why, as a sentence with what to do.
    pub message: String,
}

/// What is at stake, for whoever reads that it is not enforced.
const STAKE: &str = "Nothing else closes organizations towards each other on the network.";

impl NetworkPlugin {
    /// By a `DaemonSet` of the cluster.
    pub(crate) fn of(known: &Known, daemon_set: &Value) -> Self {
        let name = known.plugin;
        let ready = daemon_set.pointer("/status/numberReady").and_then(Value::as_u64).unwrap_or_default();
        let (enforced, reason, message) = match known.enforces {
            Enforces::Never => (
                ConditionStatus::False,
                "NotEnforced",
                format!(
                    "{name} enforces no network policies. {STAKE} Use a plug-in that enforces them, or add one that does only that."
                ),
            ),
            Enforces::With(argument) if !has_argument(daemon_set, argument) => (
                ConditionStatus::False,
                "NotSwitchedOn",
                format!(
                    "{name} enforces network policies only with `{argument}`, which it does not have. {STAKE}"
                ),
            ),
            Enforces::Depends => (
                ConditionStatus::Unknown,
                "CannotBeTold",
                format!(
                    "Not every version of {name} enforces network policies. {STAKE} Make sure that yours does."
                ),
            ),
            Enforces::Always | Enforces::With(_) if ready == 0 => (
                ConditionStatus::Unknown,
                "NotReady",
                format!("{name} would enforce network policies, but none of its pods is ready. {STAKE}"),
            ),
            Enforces::Always | Enforces::With(_) => {
                (ConditionStatus::True, "Enforced", format!("{name} is known to enforce network policies."))
            }
        };
        Self { name: name.to_owned(), enforced, reason, message }
    }

    /// Where none of the known `DaemonSets` is. `k3s` has its network in its own program.
    pub(crate) fn without(kubernetes_version: &str) -> Self {
        let (name, reason, message) = if kubernetes_version.contains("+k3s") {
            let message = format!(
                "K3s enforces network policies unless it was started with --disable-network-policy. {STAKE}"
            );
            ("K3s", "CannotBeTold", message)
        } else {
            let message = format!(
                "No network plug-in that is known was found. {STAKE} Make sure that network policies are enforced."
            );
            ("", "PluginUnknown", message)
        };
        Self { name: name.to_owned(), enforced: ConditionStatus::Unknown, reason, message }
    }

    /// Where the agent may not look.
    pub(crate) fn hidden() -> Self {
        Self {
            name: String::new(),
            enforced: ConditionStatus::Unknown,
            reason: "NotAllowedToLook",
            message: "The agent may not read DaemonSets of network plug-ins. Apply its manifest anew."
                .to_owned(),
        }
    }
}

fn has_argument(daemon_set: &Value, argument: &str) -> bool {
    let containers = daemon_set.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    containers.into_iter().flatten().any(|container| {
        let arguments = ["args", "command"].into_iter().filter_map(|field| container.get(field)?.as_array());
        arguments.flatten().any(|one| one.as_str() == Some(argument))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    fn judged(daemon_set: &str, object: &Value) -> (String, ConditionStatus, &'static str) {
        let known = KNOWN.iter().find(|known| known.daemon_set == daemon_set).unwrap();
        let found = NetworkPlugin::of(known, object);
        assert!(found.message.contains(&found.name), "{}", found.message);
        (found.name, found.enforced, found.reason)
    }

    /// PLAN-4: a plug-in that enforces nothing is a warning, and so is one that may or may not.
    #[test]
    fn plan_4_whether_a_plugin_enforces() {
        let running = json!({ "status": { "numberReady": 3 } });
        let word = |name: &str, status, reason| (name.to_owned(), status, reason);
        assert_eq!(judged("cilium", &running), word("Cilium", ConditionStatus::True, "Enforced"));
        assert_eq!(judged("cilium", &json!({})), word("Cilium", ConditionStatus::Unknown, "NotReady"));
        assert_eq!(
            judged("kube-flannel-ds", &running),
            word("flannel", ConditionStatus::False, "NotEnforced")
        );
        assert_eq!(judged("kindnet", &running), word("kindnet", ConditionStatus::Unknown, "CannotBeTold"));
        let aws = |switch: &str| {
            let containers = json!([{ "name": "aws-node" }, { "name": "agent", "args": ["--x", switch] }]);
            let template = json!({ "spec": { "containers": containers } });
            judged("aws-node", &json!({ "spec": { "template": template }, "status": { "numberReady": 1 } }))
        };
        assert_eq!(aws("--enable-network-policy=true").1, ConditionStatus::True);
        assert_eq!(aws("--enable-network-policy=false").2, "NotSwitchedOn");
        assert_eq!(NetworkPlugin::without("v1.36.3").reason, "PluginUnknown");
        assert_eq!(NetworkPlugin::without("v1.36.3+k3s1").name, "K3s");
    }

    #[test]
    fn each_daemon_set_is_known_once() {
        let names: BTreeSet<_> = daemon_sets().into_iter().collect();
        assert_eq!(names.len(), KNOWN.len());
    }
}
