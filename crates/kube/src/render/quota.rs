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
    let hard = json!({
        "requests.cpu": cpu,
        "limits.cpu": cpu,
        "requests.memory": memory,
        "limits.memory": memory,
        "requests.storage": gibibytes(limits.storage_gib),
        "pods": limits.pods.to_string(),
        "services": limits.services.to_string(),
        "services.loadbalancers": exposure.load_balancers.to_string(),
        "services.nodeports": exposure.node_ports.to_string(),
    });
    of_organization(desired, &RESOURCE_QUOTA, Some(namespace), QUOTA, json!({ "spec": { "hard": hard } }))
}

/// A container that names no limits gets an equal share, so that as many such pods fit as the plan allows.
fn defaults(desired: &DesiredOrganization, namespace: &str, limits: ComputeLimits) -> Object {
    let pods = limits.pods.max(1);
    let share = json!({
        "cpu": cores((limits.cpu_millis / pods).max(CPU_MILLIS_MIN)),
        "memory": mebibytes((limits.memory_mib / pods).max(MEMORY_MIB_MIN)),
    });
    let limits: Value = json!([{ "type": "Container", "default": share, "defaultRequest": share }]);
    of_organization(desired, &LIMIT_RANGE, Some(namespace), DEFAULTS, json!({ "spec": { "limits": limits } }))
}

/// Thousandths of a core as Kubernetes itself would write them, so that what is read back compares equal.
fn cores(millis: u64) -> String {
    if millis.is_multiple_of(1_000) { (millis / 1_000).to_string() } else { format!("{millis}m") }
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
        assert_eq!([0, 250, 2_000, 2_500].map(cores), ["0", "250m", "2", "2500m"]);
        assert_eq!(
            [0, 1, 512, 1_024, 1_536, 65_536].map(mebibytes),
            ["0", "1Mi", "512Mi", "1Gi", "1536Mi", "64Gi"]
        );
        assert_eq!([0, 20, 1_024, 5_000].map(gibibytes), ["0", "20Gi", "1Ti", "5000Gi"]);
        assert_eq!(mebibytes(1_024 * 1_024 * 1_024), "1Pi");
    }
}
