//! Keys that end with the number of a task.

use weir_api::ConnectorTaskId;
use weir_java::number::parse_long;

/// Returns the task of a key whose first `prefix` parts are its prefix: `task-NAME-0` has one such part, `status-task-NAME-0` has two. The
/// name may contain `-`. Like Java's `split`, ignores each `-` at the end.
pub(super) fn task(key: &str, prefix: usize) -> Option<ConnectorTaskId> {
    let mut parts: Vec<&str> = key.split('-').collect();
    while parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    let number = parts.pop()?;
    let name = parts.get(prefix..).filter(|name| !name.is_empty())?;
    let number = parse_long(number).and_then(|number| i32::try_from(number).ok());
    Some(ConnectorTaskId { connector: name.join("-"), task: number.and_then(|number| u32::try_from(number).ok())? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_what_is_between_the_prefix_and_the_number() {
        let found = |key| task(key, 1).map(|task| (task.connector, task.task));
        assert_eq!(found("task-a-0"), Some(("a".to_owned(), 0)));
        assert_eq!(found("task-a-b-12"), Some(("a-b".to_owned(), 12)));
        assert_eq!(found("task--3"), Some((String::new(), 3)));
        assert_eq!(found("task-a--3-"), Some(("a-".to_owned(), 3)));
        for malformed in ["task-", "task-0", "task-a", "task-a-b", "task-a-2147483648", "task-a-1.0"] {
            assert_eq!(found(malformed), None, "{malformed}");
        }
        assert_eq!(task("status-task-0", 2), None);
    }
}
