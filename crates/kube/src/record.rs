//! What was put on a cluster, written down on that cluster before it is put there, so that nothing is ever orphaned: one
//! `ConfigMap` for each set in Bastide's namespace. It also holds what is wanted, so that an agent that is cut off from
//! its hub, or restarted, goes on (FLEET-6).

use std::collections::BTreeMap;
use std::fmt;

use bastide_model::OrganizationId;
use bastide_model::placement::{DesiredOrganization, DesiredSet};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, ListParams, PostParams, Preconditions};
use kube::{Api, Client};
use serde::{Deserialize, Serialize};

use crate::apply::FIELD_MANAGER;
use crate::error::{Error, Result};
use crate::object::{Object, ObjectKey};
use crate::render::{MANAGED_BY, MANAGED_BY_LABEL, SYSTEM_NAMESPACE};

/// What the name of each record begins with.
const PREFIX: &str = "set-";
/// Records that are read with one request.
const PAGE: u32 = 200;

const GENERATION: &str = "generation";
const DESIRED: &str = "desired";
const OBJECTS: &str = "objects";

/// Whose objects a set is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetName {
    /// Bastide's own.
    Cluster,
    /// An organization's.
    Organization(OrganizationId),
}

impl SetName {
    /// Name of the `ConfigMap`. An id's underscore is not allowed in a name.
    fn record(self) -> String {
        match self {
            Self::Cluster => format!("{PREFIX}cluster"),
            Self::Organization(id) => format!("{PREFIX}{}", id.to_string().replace('_', "-")),
        }
    }

    /// From the name of a `ConfigMap`; nothing when it is no record.
    fn from_record(name: &str) -> Option<Self> {
        match name.strip_prefix(PREFIX)? {
            "cluster" => Some(Self::Cluster),
            id => id.replacen('-', "_", 1).parse().ok().map(Self::Organization),
        }
    }
}

impl fmt::Display for SetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => f.write_str("the cluster's own set"),
            Self::Organization(id) => write!(f, "the set of {id}"),
        }
    }
}

/// One object of a set, as it was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Its uid; nothing until it is known, which is after it was applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Hash of what it was to be.
    pub intent: String,
}

/// What was wanted and what was put there for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Whose it is.
    pub set: SetName,
    /// The newest generation that was seen. It stays when everything was removed, so that an older one is still refused.
    pub generation: i64,
    /// What that generation wants; nothing when it wants everything gone.
    pub desired: Option<DesiredOrganization>,
    /// Everything that was put there, or is about to be.
    pub objects: BTreeMap<ObjectKey, Recorded>,
    stored: Option<Stored>,
}

/// The record as it is on the cluster.
#[derive(Debug, Clone, PartialEq)]
struct Stored {
    uid: Option<String>,
    resource_version: Option<String>,
    data: BTreeMap<String, String>,
}

/// One entry of the list of objects.
#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    key: ObjectKey,
    #[serde(flatten)]
    recorded: Recorded,
}

impl Record {
    /// Of a set that nothing is known of yet.
    pub fn new(set: SetName) -> Self {
        Self { set, generation: 0, desired: None, objects: BTreeMap::new(), stored: None }
    }

    /// What is wanted, as the hub said it; nothing of Bastide's own set.
    pub fn desired_set(&self) -> Option<DesiredSet> {
        match self.set {
            SetName::Cluster => None,
            SetName::Organization(organization) => {
                Some(DesiredSet { organization, generation: self.generation, content: self.desired.clone() })
            }
        }
    }

    /// Whether everything was to go, or to be let go, and that is done.
    pub fn is_removed(&self) -> bool {
        self.desired.as_ref().is_none_or(|desired| desired.released) && self.objects.is_empty()
    }

    /// Takes in what is wanted from now on. What was there before stays in the record until it is gone.
    pub(crate) fn intend(
        &mut self,
        generation: i64,
        desired: Option<DesiredOrganization>,
        wanted: &[Object],
    ) {
        self.generation = generation;
        self.desired = desired;
        for object in wanted {
            let uid = self.objects.get(object.key()).and_then(|recorded| recorded.uid.clone());
            self.objects.insert(object.key().clone(), Recorded { uid, intent: object.intent() });
        }
    }

    fn data(&self) -> Result<BTreeMap<String, String>> {
        let entries: Vec<Entry> = self
            .objects
            .iter()
            .map(|(key, recorded)| Entry { key: key.clone(), recorded: recorded.clone() })
            .collect();
        let text = |value: serde_json::Result<String>| {
            value.map_err(|error| Error::Answer { subject: self.set.to_string(), problem: error.to_string() })
        };
        let mut data = BTreeMap::from([
            (GENERATION.to_owned(), self.generation.to_string()),
            (OBJECTS.to_owned(), text(serde_json::to_string(&entries))?),
        ]);
        if let Some(desired) = &self.desired {
            data.insert(DESIRED.to_owned(), text(serde_json::to_string(desired))?);
        }
        Ok(data)
    }

    fn read(set: SetName, map: ConfigMap) -> std::result::Result<Self, String> {
        let data = map.data.unwrap_or_default();
        let field = |name: &str| data.get(name).ok_or_else(|| format!("`{name}` is missing"));
        let generation =
            field(GENERATION)?.parse().map_err(|_| format!("`{GENERATION}` is not a whole number"))?;
        let desired = data
            .get(DESIRED)
            .map(|text| serde_json::from_str(text).map_err(|error| format!("`{DESIRED}`: {error}")))
            .transpose()?;
        let entries: Vec<Entry> =
            serde_json::from_str(field(OBJECTS)?).map_err(|error| format!("`{OBJECTS}`: {error}"))?;
        let objects = entries.into_iter().map(|entry| (entry.key, entry.recorded)).collect();
        let stored = Stored { uid: map.metadata.uid, resource_version: map.metadata.resource_version, data };
        Ok(Self { set, generation, desired, objects, stored: Some(stored) })
    }
}

/// Every set that was recorded on a cluster.
#[derive(Debug, Default)]
pub struct Records {
    /// Those of organizations, in the order of their ids; those from which everything was removed included.
    pub organizations: Vec<Record>,
    /// What could not be read, each naming its `ConfigMap`.
    pub damaged: Vec<Error>,
}

/// Reads the records of all organizations: what an agent goes on with when it starts without its hub.
///
/// # Errors
/// When the API server does not answer.
pub async fn load_all(client: &Client) -> Result<Records> {
    let api = config_maps(client);
    let mut records = Records::default();
    let mut params = ListParams::default().limit(PAGE);
    loop {
        let page = api.list(&params).await.map_err(Error::api("the records of sets"))?;
        let next = page.metadata.continue_.clone().filter(|token| !token.is_empty());
        for map in page {
            let name = map.metadata.name.clone().unwrap_or_default();
            let Some(set @ SetName::Organization(_)) = SetName::from_record(&name) else { continue };
            match Record::read(set, map) {
                Ok(record) => records.organizations.push(record),
                Err(problem) => records.damaged.push(Error::DamagedRecord { name, problem }),
            }
        }
        let Some(next) = next else { break };
        params = params.continue_token(&next);
    }
    records.organizations.sort_by_key(|record| record.set);
    Ok(records)
}

/// Reads the record of one set; nothing when there is none.
///
/// # Errors
/// When the API server does not answer, or the record cannot be read.
pub async fn load(client: &Client, set: SetName) -> Result<Option<Record>> {
    let name = set.record();
    let found = config_maps(client).get_opt(&name).await.map_err(Error::api(set))?;
    found
        .map(|map| Record::read(set, map).map_err(|problem| Error::DamagedRecord { name, problem }))
        .transpose()
}

/// Writes the record; nothing is written when it did not change. Has to be called before anything is applied.
///
/// # Errors
/// When the API server does not answer, Bastide's namespace is missing, or somebody else changed the record meanwhile
/// (status 409): two agents must not work on one set.
pub async fn save(client: &Client, record: &mut Record) -> Result<()> {
    let data = record.data()?;
    if record.stored.as_ref().is_some_and(|stored| stored.data == data) {
        return Ok(());
    }
    let api = config_maps(client);
    let name = record.set.record();
    let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
    let labels = BTreeMap::from([(MANAGED_BY_LABEL.to_owned(), MANAGED_BY.to_owned())]);
    let mut map = ConfigMap {
        metadata: ObjectMeta { name: Some(name.clone()), labels: Some(labels), ..ObjectMeta::default() },
        data: Some(data.clone()),
        ..ConfigMap::default()
    };
    let written = match &record.stored {
        None => api.create(&params, &map).await,
        Some(stored) => {
            map.metadata.resource_version.clone_from(&stored.resource_version);
            api.replace(&name, &params, &map).await
        }
    };
    let written = written.map_err(Error::api(record.set))?;
    record.stored =
        Some(Stored { uid: written.metadata.uid, resource_version: written.metadata.resource_version, data });
    Ok(())
}

/// Deletes the record of a set from which everything was removed. To be called once the hub no longer names the set:
/// until then the record is what refuses an older generation. A record that still has objects is kept.
///
/// # Errors
/// When the API server does not answer, or somebody else changed the record meanwhile (status 409).
pub async fn forget(client: &Client, record: &Record) -> Result<bool> {
    let Some(stored) = record.stored.as_ref().filter(|_| record.is_removed()) else { return Ok(false) };
    let preconditions =
        Preconditions { uid: stored.uid.clone(), resource_version: stored.resource_version.clone() };
    let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
    match config_maps(client).delete(&record.set.record(), &params).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(true),
        Err(error) => Err(Error::api(record.set)(error)),
    }
}

fn config_maps(client: &Client) -> Api<ConfigMap> {
    Api::namespaced(client.clone(), SYSTEM_NAMESPACE)
}

#[cfg(test)]
mod tests {
    use bastide_model::{Ids as _, SystemIds};
    use serde_json::json;

    use super::*;
    use crate::object::NAMESPACE;

    #[test]
    fn a_record_is_found_by_its_name_again() {
        let id = OrganizationId::from_uuid(SystemIds.fresh());
        for set in [SetName::Cluster, SetName::Organization(id)] {
            let name = set.record();
            assert!(bastide_model::labels::is_dns_label(&name), "{name}");
            assert_eq!(SetName::from_record(&name), Some(set));
        }
        for other in ["kube-root-ca.crt", "set-", "set-org", "set-usr-01", "settings"] {
            assert_eq!(SetName::from_record(other), None, "{other}");
        }
    }

    #[test]
    fn a_record_survives_storage_and_a_damaged_one_is_told() {
        let id = OrganizationId::from_uuid(SystemIds.fresh());
        let mut record = Record::new(SetName::Organization(id));
        let object = Object::new(&NAMESPACE, None, "acme", json!({}));
        record.intend(7, None, std::slice::from_ref(&object));
        let map = |data| ConfigMap { data: Some(data), ..ConfigMap::default() };
        let read = Record::read(record.set, map(record.data().unwrap())).unwrap();
        assert_eq!((read.generation, &read.objects), (7, &record.objects));
        assert!(!read.is_removed());
        for (field, value, word) in
            [(GENERATION, "x", "whole number"), (OBJECTS, "{", OBJECTS), (DESIRED, "{}", DESIRED)]
        {
            let mut data = record.data().unwrap();
            data.insert(field.to_owned(), value.to_owned());
            assert!(Record::read(record.set, map(data)).unwrap_err().contains(word));
        }
        assert!(Record::read(record.set, map(BTreeMap::new())).unwrap_err().contains("missing"));
    }

    #[test]
    fn a_new_intent_keeps_what_is_known() {
        let mut record = Record::new(SetName::Cluster);
        let object =
            |labels| Object::new(&NAMESPACE, None, "acme", json!({ "metadata": { "labels": labels } }));
        record.intend(1, None, &[object(json!({}))]);
        record.objects.values_mut().for_each(|recorded| recorded.uid = Some("1".to_owned()));
        let (old, new) = (object(json!({})), object(json!({ "a": "b" })));
        record.intend(2, None, std::slice::from_ref(&new));
        let recorded = record.objects.get(new.key()).unwrap();
        assert_eq!((recorded.uid.as_deref(), recorded.intent.clone()), (Some("1"), new.intent()));
        assert_ne!(old.intent(), new.intent());
        record.intend(3, None, &[]);
        assert_eq!(record.objects.len(), 1, "what is no longer wanted stays until it is gone");
    }
}
