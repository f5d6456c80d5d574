//! Changes the topic of records with their topic and timestamp.

use std::rc::Rc;

use weir_java::date_format::DateFormat;
use weir_sdk::transform::{Columns, Outcome, Record};
use weir_sdk::{Config, ConfigError, RecordError, Transform};

/// The keys of [`TimestampRouter`].
#[derive(Config, Debug)]
pub struct TimestampRouterConfig {
    /// Format string which can contain <code>${topic}</code> and <code>${timestamp}</code> as placeholders for the topic and
    /// timestamp, respectively.
    #[config(name = "topic.format", default = "${topic}-${timestamp}", importance = high)]
    topic: String,
    /// Format string for the timestamp that is compatible with <code>java.text.SimpleDateFormat</code>.
    #[config(name = "timestamp.format", default = "yyyyMMdd", importance = high)]
    timestamp: String,
}

/// `org.apache.kafka.connect.transforms.TimestampRouter`
#[derive(Debug)]
pub struct TimestampRouter {
    topic_format: String,
    format: DateFormat,
    /// Timestamps have the same text if their quotients by this number are equal.
    granularity: i64,
    last: Option<Route>,
}

/// The topic of the last record.
#[derive(Debug)]
struct Route {
    from: Rc<str>,
    quotient: i64,
    to: String,
}

impl Transform for TimestampRouter {
    const CLASS: &'static str = "org.apache.kafka.connect.transforms.TimestampRouter";
    const VERSION: &'static str = crate::VERSION;
    type Config = TimestampRouterConfig;

    fn new(config: TimestampRouterConfig) -> Result<TimestampRouter, ConfigError> {
        let format = DateFormat::new(&config.timestamp)
            .map_err(|why| ConfigError::new("timestamp.format", &config.timestamp, why))?;
        Ok(TimestampRouter { topic_format: config.topic, granularity: format.granularity(), format, last: None })
    }

    fn columns(&self) -> Columns {
        Columns::NONE
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        let topic = record.shared_topic();
        let timestamp = record
            .timestamp()
            .ok_or_else(|| RecordError::new(format_args!("Timestamp missing on record: topic {topic}")))?;
        let quotient = timestamp.div_euclid(self.granularity);
        let known = self.last.as_ref().is_some_and(|last| last.quotient == quotient && last.from == topic);
        if !known {
            let to =
                self.topic_format.replace("${topic}", &topic).replace("${timestamp}", &self.format.format(timestamp));
            self.last = Some(Route { from: topic, quotient, to });
        }
        if let Some(route) = &self.last {
            record.set_topic(&route.to);
        }
        Ok(Outcome::Keep)
    }
}
