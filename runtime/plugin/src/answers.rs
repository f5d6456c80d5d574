//! Limits for the results of plugins about configurations: errors and capabilities. They are stored, returned over REST and logged, so a
//! plugin must not determine their size.

use weir_data::text::{self, MAX_MESSAGE};

use crate::grants::{Capability, host_and_port};
use crate::info::ConfigValue;

/// The maximum number of bytes of a result of `validate`. Each entry counts [`ENTRY_BYTES`] more.
const MAX_VALIDATION_BYTES: usize = 1 << 20;
/// The cost of an entry of a list apart from its text.
const ENTRY_BYTES: usize = 64;
/// The maximum number of bytes of a key or of a recommended value.
const MAX_VALUE: usize = 1 << 10;
/// The maximum number of capabilities of a plugin.
const MAX_CAPABILITIES: usize = 256;
/// The maximum number of bytes of the target of a capability. Linux allows no longer paths.
const MAX_CAPABILITY_NAME: usize = 4 << 10;
/// Limits a result of `validate`: truncates long texts, and drops what exceeds the limit; the last value then says so.
pub(crate) fn bounded(values: Vec<ConfigValue>) -> Vec<ConfigValue> {
    let mut left = MAX_VALIDATION_BYTES;
    let mut left_out = 0_usize;
    let mut fits = |bytes: usize| match left.checked_sub(bytes + ENTRY_BYTES) {
        Some(rest) => {
            left = rest;
            true
        }
        None => {
            left_out += 1;
            false
        }
    };
    let mut kept: Vec<ConfigValue> = Vec::new();
    for value in values {
        let ConfigValue { key, errors, recommended_values, visible } = value;
        let key = text::bounded(key, MAX_VALUE);
        if !fits(key.len()) {
            continue;
        }
        let errors = errors.into_iter().map(|error| text::bounded(error, MAX_MESSAGE));
        let errors: Vec<String> = errors.filter(|error| fits(error.len())).collect();
        let recommended_values = recommended_values.into_iter();
        // A truncated value would be another value.
        let recommended_values = recommended_values.filter(|value| value.len() <= MAX_VALUE && fits(value.len()));
        let recommended_values = recommended_values.collect();
        kept.push(ConfigValue { key, errors, recommended_values, visible });
    }
    if left_out > 0
        && let Some(last) = kept.last_mut()
    {
        let note = "... truncated: the plugin's validation has more than";
        last.errors
            .push(format!("{note} {MAX_VALIDATION_BYTES} bytes; {left_out} keys, errors and values were dropped"));
    }
    kept
}

/// A capability as a plugin returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Needed {
    pub(crate) kind: String,
    pub(crate) target: String,
    pub(crate) options: Vec<(String, String)>,
}

/// # Errors
///
/// The limit that is exceeded.
pub(crate) fn check_size(needed: &[Needed]) -> Result<(), String> {
    if needed.len() > MAX_CAPABILITIES {
        return Err(format!("{} capabilities; the limit is {MAX_CAPABILITIES}", needed.len()));
    }
    match needed.iter().map(|needed| needed.target.len()).max() {
        Some(bytes) if bytes > MAX_CAPABILITY_NAME => {
            Err(format!("a capability names {bytes} bytes; the limit is {MAX_CAPABILITY_NAME}"))
        }
        _ => Ok(()),
    }
}

/// Converts the capabilities that a plugin needs.
///
/// # Errors
///
/// This worker does not know the kind or an option, or the target is not valid. The text is for the user, because the target may come from
/// the configuration.
pub(crate) fn capabilities(needed: Vec<Needed>) -> Result<Vec<Capability>, String> {
    needed.into_iter().map(capability).collect()
}

fn capability(needed: Needed) -> Result<Capability, String> {
    let Needed { kind, target, options } = needed;
    let capability = match kind.as_str() {
        "read-directory" => Capability::ReadDirectory(target),
        "write-directory" => Capability::WriteDirectory(target),
        "connect" => {
            let (host, port) = host_and_port(&target)?;
            Capability::Connect(host, port)
        }
        _ => {
            return Err(format!(
                "the plugin needs {:?} for {:?}, which this worker does not know. It knows read-directory, write-directory and connect; \
                 use a newer worker, or another version of the plugin",
                text::shown(&kind),
                text::shown(&target)
            ));
        }
    };
    match options.first() {
        None => Ok(capability),
        Some((name, _)) => Err(format!(
            "the plugin needs {kind} with the option {:?}, which this worker does not know. Use a newer worker, or another version of the \
             plugin",
            text::shown(name)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(errors: Vec<String>, recommended_values: Vec<String>) -> ConfigValue {
        ConfigValue { key: "k".into(), errors, recommended_values, visible: true }
    }

    fn bytes(values: &[ConfigValue]) -> usize {
        let texts = values.iter().flat_map(|value| value.errors.iter().chain(&value.recommended_values));
        texts.map(String::len).sum()
    }

    #[test]
    fn what_a_modest_plugin_says_is_kept() {
        let said = vec![value(vec!["wrong".into()], vec!["right".into()]), value(vec![], vec![])];
        assert_eq!(bounded(said.clone()), said);
    }

    #[test]
    fn one_long_error_is_cut_and_a_long_recommended_value_is_left_out() {
        let kept = bounded(vec![value(vec!["e".repeat(30 << 20)], vec!["v".repeat(2000), "short".into()])]);
        assert!(kept[0].errors[0].ends_with("... truncated, 31457280 bytes in total"));
        assert_eq!(kept[0].recommended_values, ["short"]);
    }

    #[test]
    fn many_errors_of_many_keys_are_bounded_together() {
        for said in [
            vec![value(vec!["e".into(); 1_000_000], vec![])],
            vec![value(vec!["e".repeat(8000); 10], vec!["v".repeat(1000); 10]); 1000],
            vec![value(vec![], vec![]); 100_000],
        ] {
            let kept = bounded(said);
            let entries = kept.iter().map(|value| 1 + value.errors.len() + value.recommended_values.len());
            assert!(entries.sum::<usize>() * ENTRY_BYTES + bytes(&kept) <= MAX_VALIDATION_BYTES + 1000);
            let note = kept.last().and_then(|value| value.errors.last()).expect("a note");
            assert!(note.starts_with("... truncated: "), "{note}");
        }
    }

    fn needed(kind: &str, target: &str) -> Needed {
        Needed { kind: kind.into(), target: target.into(), options: vec![] }
    }

    #[test]
    fn capabilities_are_few_and_short() {
        assert_eq!(check_size(&vec![needed("read-directory", "/data"); MAX_CAPABILITIES]), Ok(()));
        assert!(check_size(&vec![needed("connect", "h:1"); 257]).is_err());
        assert!(check_size(&[needed("write-directory", &"d".repeat(5000))]).is_err());
    }

    #[test]
    fn capabilities_are_read_and_what_is_unknown_is_refused_by_name() {
        let known = [
            ("read-directory", "/data", Capability::ReadDirectory("/data".into())),
            ("write-directory", "/out", Capability::WriteDirectory("/out".into())),
            ("connect", "db.internal:5432", Capability::Connect("db.internal".into(), 5432)),
            ("connect", "[::1]:9092", Capability::Connect("::1".into(), 9092)),
        ];
        for (kind, target, expected) in known {
            assert_eq!(capabilities(vec![needed(kind, target)]), Ok(vec![expected]));
        }
        let option = Needed { options: vec![("tls".into(), "on".into())], ..needed("connect", "h:1") };
        for (needed, expected) in [
            (needed("listen", ":80"), "\"listen\""),
            (option, "the option \"tls\""),
            (needed("connect", "db"), "\"db\" is not HOST:PORT"),
            (needed("connect", "db:"), "\"db:\" is not HOST:PORT"),
            (needed("connect", "db:70000"), "\"db:70000\" is not HOST:PORT"),
            (needed("connect", ":80"), "\":80\" is not HOST:PORT"),
            (needed("connect", "::1:80"), "\"::1:80\" is not HOST:PORT"),
            (needed("connect", "*.example.com:80"), "\"*.example.com:80\" is not HOST:PORT"),
        ] {
            let reason = capabilities(vec![needed]).expect_err(expected);
            assert!(reason.contains(expected), "{expected:?} in {reason:?}");
        }
    }
}
