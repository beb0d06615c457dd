//! The columns of each kind, as data.

use serde_json::Value;

use super::{Ages, cells, pods};

/// A kind's columns and the function that fills them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns {
    /// The columns.
    pub(crate) list: &'static [Column],
    /// The cells of one object, one for each column.
    pub(crate) cells: fn(&Value, Ages) -> Vec<Value>,
}

/// One column.
#[derive(Debug)]
pub(crate) struct Column {
    pub(super) name: &'static str,
    pub(super) ty: &'static str,
    pub(super) format: &'static str,
    pub(super) priority: i32,
    pub(super) doc: Doc,
}

/// Where a column's description comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Doc {
    /// The schema's field.
    Field(&'static str, &'static str),
    /// This text.
    Text(&'static str),
}

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const NODE_INFO: &str = "io.k8s.api.core.v1.NodeSystemInfo";
const EVENT_DEF: &str = "io.k8s.api.core.v1.Event";
const VOLUME_SPEC: &str = "io.k8s.api.core.v1.PersistentVolumeSpec";
const VOLUME_STATUS: &str = "io.k8s.api.core.v1.PersistentVolumeStatus";
const CLAIM_SPEC: &str = "io.k8s.api.core.v1.PersistentVolumeClaimSpec";
const CLAIM_STATUS: &str = "io.k8s.api.core.v1.PersistentVolumeClaimStatus";
const CLASS_DEF: &str = "io.k8s.api.storage.v1.StorageClass";
const SERVICE_SPEC: &str = "io.k8s.api.core.v1.ServiceSpec";
const SLICE_DEF: &str = "io.k8s.api.discovery.v1.EndpointSlice";
const POD_SPEC: &str = "io.k8s.api.core.v1.PodSpec";
const POD_STATUS: &str = "io.k8s.api.core.v1.PodStatus";

const fn column(name: &'static str, doc: Doc) -> Column {
    Column {
        name,
        ty: "string",
        format: "",
        priority: 0,
        doc,
    }
}

const fn wide(name: &'static str, doc: Doc) -> Column {
    Column {
        name,
        ty: "string",
        format: "",
        priority: 1,
        doc,
    }
}

const fn number(name: &'static str, doc: Doc) -> Column {
    Column {
        name,
        ty: "integer",
        format: "",
        priority: 0,
        doc,
    }
}

const NAME: Column = Column {
    name: "Name",
    ty: "string",
    format: "name",
    priority: 0,
    doc: Doc::Field(META, "name"),
};
const AGE: Column = column("Age", Doc::Field(META, "creationTimestamp"));

/// What every kind has.
pub(crate) const NAME_AND_AGE: Columns = Columns {
    list: &[NAME, AGE],
    cells: cells::name_and_age,
};

pub(crate) const CONFIG_MAP: Columns = Columns {
    list: &[
        NAME,
        column("Data", Doc::Field("io.k8s.api.core.v1.ConfigMap", "data")),
        AGE,
    ],
    cells: cells::config_map,
};

pub(crate) const SECRET: Columns = Columns {
    list: &[
        NAME,
        column("Type", Doc::Field("io.k8s.api.core.v1.Secret", "type")),
        column("Data", Doc::Field("io.k8s.api.core.v1.Secret", "data")),
        AGE,
    ],
    cells: cells::secret,
};

pub(crate) const ENDPOINTS: Columns = Columns {
    list: &[
        NAME,
        column(
            "Endpoints",
            Doc::Field("io.k8s.api.core.v1.Endpoints", "subsets"),
        ),
        AGE,
    ],
    cells: cells::endpoints,
};

pub(crate) const ENDPOINT_SLICE: Columns = Columns {
    list: &[
        NAME,
        column("AddressType", Doc::Field(SLICE_DEF, "addressType")),
        column(
            "Ports",
            Doc::Text(
                "ports specifies the list of network ports exposed by each endpoint in this slice. Each port must have a unique name. When ports \
                 is empty, it indicates that there are no defined ports. When a port is defined with a nil port value, it indicates \"all \
                 ports\". Each slice may include a maximum of 100 ports.",
            ),
        ),
        column("Endpoints", Doc::Field(SLICE_DEF, "endpoints")),
        AGE,
    ],
    cells: cells::endpoint_slice,
};

pub(crate) const SERVICE_ACCOUNT: Columns = Columns {
    list: &[
        NAME,
        column(
            "Secrets",
            Doc::Field("io.k8s.api.core.v1.ServiceAccount", "secrets"),
        ),
        AGE,
    ],
    cells: cells::service_account,
};

pub(crate) const EVENT: Columns = Columns {
    list: &[
        column("Last Seen", Doc::Field(EVENT_DEF, "lastTimestamp")),
        column("Type", Doc::Field(EVENT_DEF, "type")),
        column("Reason", Doc::Field(EVENT_DEF, "reason")),
        column("Object", Doc::Field(EVENT_DEF, "involvedObject")),
        wide(
            "Subobject",
            Doc::Field("io.k8s.api.core.v1.ObjectReference", "fieldPath"),
        ),
        wide("Source", Doc::Field(EVENT_DEF, "source")),
        column("Message", Doc::Field(EVENT_DEF, "message")),
        wide("First Seen", Doc::Field(EVENT_DEF, "firstTimestamp")),
        wide("Count", Doc::Field(EVENT_DEF, "count")),
        Column {
            name: "Name",
            ty: "string",
            format: "name",
            priority: 1,
            doc: Doc::Field(META, "name"),
        },
    ],
    cells: cells::event,
};

pub(crate) const NAMESPACE: Columns = Columns {
    list: &[
        NAME,
        column("Status", Doc::Text("The status of the namespace")),
        AGE,
    ],
    cells: cells::namespace,
};

pub(crate) const NODE: Columns = Columns {
    list: &[
        NAME,
        column("Status", Doc::Text("The status of the node")),
        column("Roles", Doc::Text("The roles of the node")),
        AGE,
        column("Version", Doc::Field(NODE_INFO, "kubeletVersion")),
        wide(
            "Internal-IP",
            Doc::Field("io.k8s.api.core.v1.NodeStatus", "addresses"),
        ),
        wide(
            "External-IP",
            Doc::Field("io.k8s.api.core.v1.NodeStatus", "addresses"),
        ),
        wide("OS-Image", Doc::Field(NODE_INFO, "osImage")),
        wide("Kernel-Version", Doc::Field(NODE_INFO, "kernelVersion")),
        wide(
            "Container-Runtime",
            Doc::Field(NODE_INFO, "containerRuntimeVersion"),
        ),
    ],
    cells: cells::node,
};

pub(crate) const POD: Columns = Columns {
    list: &[
        NAME,
        column(
            "Ready",
            Doc::Text("The aggregate readiness state of this pod for accepting traffic."),
        ),
        column(
            "Status",
            Doc::Text("The aggregate status of the containers in this pod."),
        ),
        column(
            "Restarts",
            Doc::Text(
                "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.",
            ),
        ),
        AGE,
        wide("IP", Doc::Field(POD_STATUS, "podIP")),
        wide("Node", Doc::Field(POD_SPEC, "nodeName")),
        wide(
            "Nominated Node",
            Doc::Field(POD_STATUS, "nominatedNodeName"),
        ),
        wide("Readiness Gates", Doc::Field(POD_SPEC, "readinessGates")),
    ],
    cells: pods::cells,
};

pub(crate) const VOLUME: Columns = Columns {
    list: &[
        NAME,
        column("Capacity", Doc::Field(VOLUME_SPEC, "capacity")),
        column("Access Modes", Doc::Field(VOLUME_SPEC, "accessModes")),
        column(
            "Reclaim Policy",
            Doc::Field(VOLUME_SPEC, "persistentVolumeReclaimPolicy"),
        ),
        column("Status", Doc::Field(VOLUME_STATUS, "phase")),
        column("Claim", Doc::Field(VOLUME_SPEC, "claimRef")),
        column("StorageClass", Doc::Text("StorageClass of the pv")),
        column(
            "VolumeAttributesClass",
            Doc::Text("VolumeAttributesClass of the pv"),
        ),
        column("Reason", Doc::Field(VOLUME_STATUS, "reason")),
        AGE,
        wide("VolumeMode", Doc::Field(VOLUME_SPEC, "volumeMode")),
    ],
    cells: cells::volume,
};

pub(crate) const CLAIM: Columns = Columns {
    list: &[
        NAME,
        column("Status", Doc::Field(CLAIM_STATUS, "phase")),
        column("Volume", Doc::Field(CLAIM_SPEC, "volumeName")),
        column("Capacity", Doc::Field(CLAIM_STATUS, "capacity")),
        column("Access Modes", Doc::Field(CLAIM_STATUS, "accessModes")),
        column("StorageClass", Doc::Text("StorageClass of the pvc")),
        column(
            "VolumeAttributesClass",
            Doc::Text("VolumeAttributesClass of the pvc"),
        ),
        AGE,
        wide("VolumeMode", Doc::Field(CLAIM_SPEC, "volumeMode")),
    ],
    cells: cells::claim,
};

pub(crate) const STORAGE_CLASS: Columns = Columns {
    list: &[
        NAME,
        column("Provisioner", Doc::Field(CLASS_DEF, "provisioner")),
        column("ReclaimPolicy", Doc::Field(CLASS_DEF, "reclaimPolicy")),
        column(
            "VolumeBindingMode",
            Doc::Field(CLASS_DEF, "volumeBindingMode"),
        ),
        column(
            "AllowVolumeExpansion",
            Doc::Field(CLASS_DEF, "allowVolumeExpansion"),
        ),
        AGE,
    ],
    cells: cells::storage_class,
};

pub(crate) const SERVICE: Columns = Columns {
    list: &[
        NAME,
        column("Type", Doc::Field(SERVICE_SPEC, "type")),
        column("Cluster-IP", Doc::Field(SERVICE_SPEC, "clusterIP")),
        column("External-IP", Doc::Field(SERVICE_SPEC, "externalIPs")),
        column("Port(s)", Doc::Field(SERVICE_SPEC, "ports")),
        AGE,
        wide("Selector", Doc::Field(SERVICE_SPEC, "selector")),
    ],
    cells: cells::service,
};

pub(crate) const STATEFUL_SET: Columns = Columns {
    list: &[
        NAME,
        column("Ready", Doc::Text("Number of the pod with ready state")),
        AGE,
        wide(
            "Containers",
            Doc::Text("Names of each container in the template."),
        ),
        wide(
            "Images",
            Doc::Text("Images referenced by each container in the template."),
        ),
    ],
    cells: cells::stateful_set,
};

pub(crate) const CONTROLLER_REVISION: Columns = Columns {
    list: &[
        NAME,
        column("Controller", Doc::Text("Controller of the object")),
        column(
            "Revision",
            Doc::Text("revision indicates the revision of the state represented by Data."),
        ),
        AGE,
    ],
    cells: cells::controller_revision,
};

pub(crate) const BUDGET: Columns = Columns {
    list: &[
        NAME,
        column(
            "Min Available",
            Doc::Text("The minimum number of pods that must be available."),
        ),
        column(
            "Max Unavailable",
            Doc::Text("The maximum number of pods that may be unavailable."),
        ),
        number(
            "Allowed Disruptions",
            Doc::Text("Calculated number of pods that may be disrupted at this time."),
        ),
        AGE,
    ],
    cells: cells::budget,
};

pub(crate) const LEASE: Columns = Columns {
    list: &[
        NAME,
        column(
            "Holder",
            Doc::Field("io.k8s.api.coordination.v1.LeaseSpec", "holderIdentity"),
        ),
        AGE,
    ],
    cells: cells::lease,
};

/// The scale of a set.
pub(crate) const SCALE: Columns = Columns {
    list: &[
        column("Name", Doc::Field(META, "name")),
        number(
            "Desired",
            Doc::Field("io.k8s.api.autoscaling.v1.ScaleSpec", "replicas"),
        ),
        number(
            "Available",
            Doc::Field("io.k8s.api.autoscaling.v1.ScaleStatus", "replicas"),
        ),
        AGE,
    ],
    cells: cells::scale,
};
