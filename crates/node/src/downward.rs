//! What a pod may be told about itself: `fieldRef` and `resourceFieldRef`.
//!
//! Invariant: pure.

use jiff::SignedDuration;
use k8s_openapi::api::core::v1::{Container, Pod, ResourceFieldSelector};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// What is known only once a pod has a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The pod's address.
    pub(crate) pod_ip: String,
    /// The node's.
    pub(crate) host_ip: String,
    /// The node's processors, in thousandths.
    pub(crate) cpu: i128,
    /// The node's memory in bytes.
    pub(crate) memory: i128,
}

/// The value of a field path, or that it is not one.
pub(crate) fn field(pod: &Pod, place: &Place, path: &str) -> Result<String, String> {
    let meta = &pod.metadata;
    let spec = pod.spec.clone().unwrap_or_default();
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    if let Some((map, key)) = path
        .split_once("['")
        .map(|(map, key)| (map, key.trim_end_matches("']")))
    {
        let values = match map {
            "metadata.labels" => meta.labels.as_ref(),
            "metadata.annotations" => meta.annotations.as_ref(),
            _ => return Err(format!("invalid fieldPath {path}")),
        };
        return Ok(values
            .and_then(|values| values.get(key))
            .cloned()
            .unwrap_or_default());
    }
    Ok(match path {
        "metadata.name" => text(&meta.name),
        "metadata.namespace" => text(&meta.namespace),
        "metadata.uid" => text(&meta.uid),
        "metadata.labels" => listed(meta.labels.iter().flatten()),
        "metadata.annotations" => listed(meta.annotations.iter().flatten()),
        "spec.nodeName" => text(&spec.node_name),
        "spec.serviceAccountName" => text(&spec.service_account_name),
        "status.podIP" | "status.podIPs" => place.pod_ip.clone(),
        "status.hostIP" | "status.hostIPs" => place.host_ip.clone(),
        _ => return Err(format!("unsupported fieldPath: {path}")),
    })
}

/// `key="value"`, one a line, as the downward API writes maps.
fn listed<'a>(map: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    map.map(|(key, value)| format!("{key}={value:?}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The value of a resource, in units of its divisor, rounded up.
pub(crate) fn resource(
    container: &Container,
    place: &Place,
    selector: &ResourceFieldSelector,
) -> Result<String, String> {
    let resources = container.resources.clone().unwrap_or_default();
    let (kind, name) = selector
        .resource
        .split_once('.')
        .ok_or_else(|| unsupported(&selector.resource))?;
    let given = match kind {
        "limits" => resources.limits,
        "requests" => resources.requests,
        _ => return Err(unsupported(&selector.resource)),
    };
    let given = given.and_then(|given| given.get(name).map(milli));
    let value = given.unwrap_or(match (kind, name) {
        ("limits", "cpu") => place.cpu,
        ("limits", "memory") => place.memory * 1000,
        _ => 0,
    });
    let divisor = selector.divisor.as_ref().map_or(0, milli);
    let divisor = if divisor == 0 { 1000 } else { divisor };
    Ok(((value + divisor - 1) / divisor).to_string())
}

fn unsupported(resource: &str) -> String {
    format!("unsupported container resource : {resource}")
}

/// A quantity in thousandths.
pub(crate) fn milli(quantity: &Quantity) -> i128 {
    let text = quantity.0.as_str();
    let digits = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit: i128 = match unit {
        "m" => 1,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "T" => 1_000_000_000_000_000,
        "Ki" => 1000 << 10,
        "Mi" => 1000 << 20,
        "Gi" => 1000 << 30,
        "Ti" => 1000 << 40,
        _ => 1000,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole = whole.parse::<i128>().unwrap_or(0) * unit;
    let scale = 10_i128.pow(u32::try_from(fraction.len()).unwrap_or(0).min(12));
    whole + fraction.parse::<i128>().unwrap_or(0) * unit / scale
}

/// Seconds as a duration; negative ones are none.
pub(crate) fn seconds(value: Option<i32>, default: i32) -> SignedDuration {
    SignedDuration::from_secs(i64::from(
        value.filter(|value| *value > 0).unwrap_or(default),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_thousandths() {
        let all =
            ["64Mi", "1.5", "250m", "2k", "1.5Gi"].map(|text| milli(&Quantity(text.to_owned())));
        assert_eq!(
            all,
            [67_108_864_000, 1500, 250, 2_000_000, 1_610_612_736_000]
        );
    }
}
