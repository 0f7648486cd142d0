//! How much an organization may use: ResourceQuota, and a LimitRange so that a container that asks for nothing is still
//! counted (FLEET-5).

use bastide_model::placement::DesiredOrganization;
use bastide_model::plan::ComputeLimits;
use serde_json::{Value, json};

use super::{namespace_names, of_organization, own_gateway};
use crate::object::{LIMIT_RANGE, Object, RESOURCE_QUOTA};

/// Name of each quota.
const QUOTA: &str = "bastide-limits";
/// Name of each limit range.
const DEFAULTS: &str = "bastide-defaults";

/// Least processor of a container that does not say, in thousandths of a core.
const CPU_MILLIS_MIN: u64 = 10;
/// Least memory of a container that does not say, in MiB.
const MEMORY_MIB_MIN: u64 = 16;

/// Scratch space that a container which does not say is promised, in MiB.
const SCRATCH_REQUEST_MIB: u64 = 64;
/// Scratch space that a container which does not say may use, in GiB.
const SCRATCH_GIB: u64 = 1;
/// Scratch space for each pod of the plan, in GiB: twice that of one container.
const SCRATCH_PER_POD_GIB: u64 = 2 * SCRATCH_GIB;

/// Objects that an organization may have beside what its plan counts: `at_least`, and `per_pod` more for each pod of
/// the plan. Generous, but an end: what has none fills the cluster's database for everybody.
struct Count {
    resource: &'static str,
    at_least: u64,
    per_pod: u64,
}

const fn count(resource: &'static str, at_least: u64, per_pod: u64) -> Count {
    Count { resource, at_least, per_pod }
}

const COUNTS: [Count; 16] = [
    // Pods that have ended are no longer counted as `pods`.
    count("count/pods", 50, 10),
    count("configmaps", 20, 4),
    count("secrets", 20, 4),
    count("persistentvolumeclaims", 10, 2),
    count("count/serviceaccounts", 10, 1),
    count("count/deployments.apps", 10, 2),
    // A deployment keeps ten of them by default.
    count("count/replicasets.apps", 120, 24),
    count("count/statefulsets.apps", 10, 2),
    count("count/daemonsets.apps", 10, 1),
    count("count/jobs.batch", 50, 10),
    count("count/cronjobs.batch", 10, 2),
    count("count/horizontalpodautoscalers.autoscaling", 10, 2),
    count("count/poddisruptionbudgets.policy", 10, 2),
    count("count/leases.coordination.k8s.io", 10, 2),
    count("count/httproutes.gateway.networking.k8s.io", 10, 2),
    count("count/grpcroutes.gateway.networking.k8s.io", 10, 2),
];

/// What the gateway namespace may use, whatever the plan: room for a few replicas of one gateway.
const GATEWAY: ComputeLimits =
    ComputeLimits { cpu_millis: 4_000, memory_mib: 4_096, storage_gib: 0, pods: 10, services: 4 };

/// Load balancers that a namespace may ask for, and the node ports that these bring with them.
#[derive(Clone, Copy)]
struct Exposure {
    load_balancers: u64,
    node_ports: u64,
}

const NO_EXPOSURE: Exposure = Exposure { load_balancers: 0, node_ports: 0 };
/// Kubernetes gives a load balancer one node port for each of its ports and counts it.
const OWN_GATEWAY: Exposure = Exposure { load_balancers: 1, node_ports: 16 };

/// Quota and defaults of both namespaces.
pub(super) fn render(desired: &DesiredOrganization) -> Vec<Object> {
    let [main, gateway] = namespace_names(desired);
    let exposure = if own_gateway(desired).is_some() { OWN_GATEWAY } else { NO_EXPOSURE };
    vec![
        quota(desired, &main, desired.compute, NO_EXPOSURE),
        defaults(desired, &main, desired.compute),
        quota(desired, &gateway, GATEWAY, exposure),
        defaults(desired, &gateway, GATEWAY),
    ]
}

fn quota(
    desired: &DesiredOrganization,
    namespace: &str,
    limits: ComputeLimits,
    exposure: Exposure,
) -> Object {
    let (cpu, memory) = (cores(limits.cpu_millis), mebibytes(limits.memory_mib));
    let scratch = gibibytes(limits.pods.saturating_mul(SCRATCH_PER_POD_GIB));
    let mut hard = json!({
        "requests.cpu": cpu,
        "limits.cpu": cpu,
        "requests.memory": memory,
        "limits.memory": memory,
        "requests.ephemeral-storage": scratch,
        "limits.ephemeral-storage": scratch,
        "requests.storage": gibibytes(limits.storage_gib),
        "pods": number(limits.pods),
        "services": number(limits.services),
        "services.loadbalancers": number(exposure.load_balancers),
        "services.nodeports": number(exposure.node_ports),
    });
    if let Some(hard) = hard.as_object_mut() {
        hard.extend(COUNTS.iter().map(|count| {
            let most = limits.pods.saturating_mul(count.per_pod).saturating_add(count.at_least);
            (count.resource.to_owned(), json!(number(most)))
        }));
    }
    of_organization(desired, &RESOURCE_QUOTA, Some(namespace), QUOTA, json!({ "spec": { "hard": hard } }))
}

/// A container that names no limits gets an equal share, so that as many such pods fit as the plan allows.
fn defaults(desired: &DesiredOrganization, namespace: &str, limits: ComputeLimits) -> Object {
    let pods = limits.pods.max(1);
    let share = |scratch: String| {
        json!({
            "cpu": cores((limits.cpu_millis / pods).max(CPU_MILLIS_MIN)),
            "memory": mebibytes((limits.memory_mib / pods).max(MEMORY_MIB_MIN)),
            "ephemeral-storage": scratch,
        })
    };
    let (most, request) = (share(gibibytes(SCRATCH_GIB)), share(mebibytes(SCRATCH_REQUEST_MIB)));
    let limits: Value = json!([{ "type": "Container", "default": most, "defaultRequest": request }]);
    of_organization(desired, &LIMIT_RANGE, Some(namespace), DEFAULTS, json!({ "spec": { "limits": limits } }))
}

/// A count as Kubernetes itself would write it: the largest decimal unit that needs no fraction.
fn number(count: u64) -> String {
    let mut count = count;
    let mut units = ["", "k", "M", "G", "T", "P", "E"].into_iter().peekable();
    while let Some(unit) = units.next() {
        if count == 0 || !count.is_multiple_of(1_000) || units.peek().is_none() {
            return format!("{count}{unit}");
        }
        count /= 1_000;
    }
    count.to_string()
}

/// Thousandths of a core as Kubernetes itself would write them, so that what is read back compares equal.
fn cores(millis: u64) -> String {
    if millis.is_multiple_of(1_000) { number(millis / 1_000) } else { format!("{millis}m") }
}

/// Binary units as Kubernetes itself would write them: the largest that needs no fraction.
fn mebibytes(count: u64) -> String {
    binary(count, &["Mi", "Gi", "Ti", "Pi", "Ei"])
}

fn gibibytes(count: u64) -> String {
    binary(count, &["Gi", "Ti", "Pi", "Ei"])
}

fn binary(count: u64, units: &[&str]) -> String {
    let mut count = count;
    let mut units = units.iter().peekable();
    while let Some(unit) = units.next() {
        if count == 0 {
            return "0".to_owned();
        }
        if !count.is_multiple_of(1_024) || units.peek().is_none() {
            return format!("{count}{unit}");
        }
        count /= 1_024;
    }
    count.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_written_as_kubernetes_writes_them() {
        assert_eq!([0, 250, 2_000, 2_500, 2_000_000].map(cores), ["0", "250m", "2", "2500m", "2k"]);
        assert_eq!([0, 7, 1_000, 1_500, 3_000_000].map(number), ["0", "7", "1k", "1500", "3M"]);
        assert_eq!(
            [0, 1, 512, 1_024, 1_536, 65_536].map(mebibytes),
            ["0", "1Mi", "512Mi", "1Gi", "1536Mi", "64Gi"]
        );
        assert_eq!([0, 20, 1_024, 5_000].map(gibibytes), ["0", "20Gi", "1Ti", "5000Gi"]);
        assert_eq!(mebibytes(1_024 * 1_024 * 1_024), "1Pi");
    }
}
