//! Which topics a sink reads.

use crate::error::Error;
use crate::keys::KeyReader;

/// Maximum number of topics that a sink may name. The time that librdkafka's consumer needs grows faster than their number: with
/// 50,000 topics that do not exist, it takes a minute to close, during which its task cannot be stopped.
const TOPICS_MAX: usize = 2000;

/// The topics that a sink reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subscription {
    /// `topics`.
    Topics(Vec<String>),
    /// `topics.regex`.
    Pattern(String),
}

impl Subscription {
    /// Reads both keys; `validation` checks that exactly one of them is set.
    pub(super) fn read(reader: &mut KeyReader<'_>, faults: &mut Vec<Error>) -> Self {
        let topics = reader.list("topics");
        if topics.len() > TOPICS_MAX {
            let text = format!("'topics' names {} topics; the limit is {TOPICS_MAX}. Use topics.regex.", topics.len());
            faults.push(Error::other("topics", text));
        }
        reader.optional("topics.regex").map_or(Self::Topics(topics), Self::Pattern)
    }
}
