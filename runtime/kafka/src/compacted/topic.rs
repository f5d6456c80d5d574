//! Creates a compacted topic, or checks an existing one, with Kafka Connect's rules and messages (`KafkaTopicBasedBackingStore`,
//! `TopicAdmin`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;
use tokio::time::{Instant, sleep};
use tracing::{debug, info};

use crate::admin::{self, Admin, Creation, NewTopic};

/// How long a topic that was just created may be unknown to the brokers.
const UNKNOWN: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

const POLICY: &str = "cleanup.policy";
const COMPACT: &str = "compact";

/// How messages name a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicKeys {
    /// The key that has the topic's name, such as `config.storage.topic`.
    pub name: &'static str,
    /// What the topic contains, such as `connector configurations`.
    pub purpose: &'static str,
    /// The key that says whether topics are created.
    pub creation: &'static str,
}

/// The settings of a compacted topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactedTopic {
    /// The topic's name.
    pub name: String,
    /// How messages name it.
    pub keys: TopicKeys,
    /// The number of partitions with which it is created; -1 for the broker's default.
    pub partitions: i32,
    /// Whether an existing topic must have one partition.
    pub is_single: bool,
    /// The number of replicas with which it is created; -1 for the broker's default.
    pub replication_factor: i16,
    /// Other settings with which it is created.
    pub settings: BTreeMap<String, String>,
    /// Whether it is created.
    pub is_created: bool,
}

/// Why a topic cannot be used. The texts are Kafka Connect's.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// It does not exist and must not be created.
    #[error(
        "Topic '{topic}' specified via the '{}' property is missing. The config '{}' is set to 'false', so automatic creation of internal \
         topics is disabled. Either enable automatic creation or create the topics manually.",
        keys.name, keys.creation
    )]
    Missing {
        /// The topic.
        topic: String,
        /// How the message names it.
        keys: TopicKeys,
    },
    /// It has another `cleanup.policy`.
    #[error(
        "Topic '{topic}' supplied via the '{key}' property is required to have 'cleanup.policy=compact' to guarantee consistency and \
         durability of {purpose}, but found the topic currently has 'cleanup.policy={policy}'. Continuing would likely result in \
         eventually losing {purpose} and problems restarting this Connect cluster in the future. Change the '{key}' property in the \
         Connect worker configurations to use a topic with 'cleanup.policy=compact'.",
        key = keys.name, purpose = keys.purpose
    )]
    Policy {
        /// The topic.
        topic: String,
        /// How the message names it.
        keys: TopicKeys,
        /// The topic's policy.
        policy: String,
    },
    /// It has more than one partition.
    #[error(
        "Topic '{topic}' supplied via the '{}' property is required to have a single partition in order to guarantee consistency of {}, \
         but found {partitions} partitions.",
        keys.name, keys.purpose
    )]
    Partitions {
        /// The topic.
        topic: String,
        /// How the message names it.
        keys: TopicKeys,
        /// The number of its partitions.
        partitions: usize,
    },
    /// The cluster does not create it.
    #[error("Unable to create topic(s) '{topic}': {cause}")]
    Refused {
        /// The topic.
        topic: String,
        /// The cluster's answer.
        #[source]
        cause: Arc<admin::Error>,
    },
    /// The cluster did not answer in time.
    #[error(
        "Timed out while checking for or creating topic(s) '{topic}'. This could indicate a connectivity issue, unavailable topic \
         partitions, or if this is your first use of the topic it may have taken too long to create.\nCaused by: {cause}"
    )]
    TimedOut {
        /// The topic.
        topic: String,
        /// The last answer.
        #[source]
        cause: Arc<admin::Error>,
    },
    /// The cluster does not let the worker see it.
    #[error("Error while attempting to describe topics '{topic}': {cause}")]
    Describe {
        /// The topic.
        topic: String,
        /// The cluster's answer.
        #[source]
        cause: Arc<admin::Error>,
    },
    /// The brokers do not know it, or its partitions have no leaders.
    #[error(
        "Could not look up partition metadata for topic '{topic}' in the allotted period. This could indicate a connectivity issue, \
         unavailable topic partitions, or if this is your first use of the topic it may have taken too long to create."
    )]
    Unavailable {
        /// The topic.
        topic: String,
    },
}

impl CompactedTopic {
    /// Creates the topic if it does not exist, or else checks its settings. Returns the number of its partitions.
    ///
    /// `limit` and `pause` are the time after which a cluster that does not answer or has too few brokers is given up, and the pause
    /// before each retry (`default.api.timeout.ms`, `retry.backoff.ms`).
    pub async fn prepare(&self, admin: &Admin, limit: Duration, pause: Duration) -> Result<usize, Error> {
        if self.is_created {
            if !self.create(admin, limit, pause).await? {
                self.check_policy(admin).await?;
            }
        } else {
            if self.describe(admin).await?.is_none() {
                return Err(Error::Missing { topic: self.name.clone(), keys: self.keys });
            }
            self.check_policy(admin).await?;
        }
        let partitions = self.partitions(admin).await?;
        match partitions {
            0 | 1 => Ok(partitions),
            _ if self.is_single => Err(Error::Partitions { topic: self.name.clone(), keys: self.keys, partitions }),
            _ => Ok(partitions),
        }
    }

    /// Creates the topic. Returns whether it was created; if not, it exists, or only others may create it.
    async fn create(&self, admin: &Admin, limit: Duration, pause: Duration) -> Result<bool, Error> {
        let mut configs = self.settings.clone();
        configs.insert(POLICY.to_owned(), COMPACT.to_owned());
        let (name, replication_factor) = (self.name.clone(), self.replication_factor);
        let new = NewTopic { name, partitions: self.partitions, replication_factor, configs };
        let deadline = Instant::now() + limit;
        loop {
            let topic = || self.name.clone();
            match admin.create_topic(&new).await {
                Ok(Creation::Created) => return Ok(true),
                Ok(Creation::Exists) => return Ok(false),
                Err(error) if error.is_not_authorized() => {
                    debug!(topic = self.name, %error, "not authorized to create a topic; it may exist");
                    return Ok(false);
                }
                // Brokers may still be starting.
                Err(
                    error @ (admin::Error::TimedOut | admin::Error::Kafka(RDKafkaErrorCode::InvalidReplicationFactor)),
                ) => {
                    if Instant::now() + pause >= deadline {
                        return Err(Error::TimedOut { topic: topic(), cause: Arc::new(error) });
                    }
                    info!(topic = self.name, %error, "cannot create a topic; trying again");
                    sleep(pause).await;
                }
                Err(error) => return Err(Error::Refused { topic: topic(), cause: Arc::new(error) }),
            }
        }
    }

    async fn describe(&self, admin: &Admin) -> Result<Option<usize>, Error> {
        let described = admin.describe_topic(&self.name).await;
        let failed = |cause| Error::Describe { topic: self.name.clone(), cause: Arc::new(cause) };
        Ok(described.map_err(failed)?.map(|topic| topic.partitions))
    }

    /// Checks that the topic is compacted, and nothing else.
    async fn check_policy(&self, admin: &Admin) -> Result<(), Error> {
        let failed = |cause| Error::Describe { topic: self.name.clone(), cause: Arc::new(cause) };
        let Some(policy) = admin.cleanup_policy(&self.name).await.map_err(failed)? else {
            info!(
                topic = self.name,
                "the cleanup policy of a topic is not known: the worker may not describe the topic's settings"
            );
            return Ok(());
        };
        let policies = policy.split(',').map(|policy| policy.trim().to_lowercase());
        let policies: BTreeSet<String> = policies.filter(|policy| !policy.is_empty()).collect();
        if policies.is_empty() || policies.iter().eq([COMPACT]) {
            return Ok(());
        }
        let policy = policies.into_iter().collect::<Vec<_>>().join(",");
        Err(Error::Policy { topic: self.name.clone(), keys: self.keys, policy })
    }

    /// Returns the number of partitions, once the brokers know it.
    async fn partitions(&self, admin: &Admin) -> Result<usize, Error> {
        let deadline = Instant::now() + UNKNOWN;
        let mut pause = FIRST_PAUSE;
        loop {
            match self.describe(admin).await? {
                Some(partitions) if partitions > 0 => return Ok(partitions),
                _ if Instant::now() >= deadline => return Err(Error::Unavailable { topic: self.name.clone() }),
                _ => sleep(pause).await,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
