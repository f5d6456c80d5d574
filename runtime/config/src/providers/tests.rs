//! The whole of it against files: what Kafka's `ConfigTransformer` and the three providers do, and what must never come out.

use super::open::Opened;
use super::*;
use crate::Error as KeyError;

fn map(entries: &[(&str, &str)]) -> ConfigMap {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn opened(entries: &[(&str, &str)]) -> Opened {
    open(map(entries)).expect("opened")
}

/// A `file` provider that may read this directory, which contains `s.properties`.
fn with_file(content: &str) -> (tempfile::TempDir, Providers, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("s.properties");
    std::fs::write(&path, content).expect("written");
    let allowed = directory.path().display().to_string();
    let opened = opened(&[
        ("config.providers", "file , env"),
        ("config.providers.file.class", "org.apache.kafka.common.config.provider.FileConfigProvider"),
        ("config.providers.file.param.allowed.paths", &allowed),
        ("config.providers.file.param.weir.ttl.ms", "5000"),
        ("config.providers.env.class", "EnvVarConfigProvider"),
        ("config.providers.env.param.allowlist.pattern", "CARGO_MANIFEST_DIR|SHORT"),
    ]);
    assert_eq!(opened.warnings, Vec::<String>::new());
    (directory, opened.providers, path.display().to_string())
}

#[tokio::test]
async fn references_are_replaced_and_what_is_unknown_stays() {
    let (_directory, providers, path) = with_file("user=me\npassword=hunter2 ${env:CARGO_MANIFEST_DIR}\nempty=\n");
    let config = map(&[
        ("url", &format!("db://${{file:{path}:user}}:${{file:{path}:password}}@h")),
        ("empty", &format!("a${{file:{path}:empty}}b")),
        ("env", "${env:CARGO_MANIFEST_DIR}"),
        ("unknown", &format!("${{vault:a:b}} ${{file:{path}:none}} ${{env:PATH}} ${{file:/etc/passwd:root}}")),
        ("${env:CARGO_MANIFEST_DIR}", "no reference"),
    ]);
    let resolved = providers.resolve(&config).await.expect("resolved");
    let got = resolved.config();
    assert_eq!(got["url"], "db://me:hunter2 ${env:CARGO_MANIFEST_DIR}@h", "a value is not resolved again");
    assert_eq!(got["empty"], "ab");
    assert_eq!(got["env"], env!("CARGO_MANIFEST_DIR"));
    assert_eq!(got["unknown"], config["unknown"]);
    assert!(got.contains_key("${env:CARGO_MANIFEST_DIR}"), "keys are not references");
    assert!(got.keys().eq(config.keys()), "in the same order");
    assert_eq!(resolved.ttl(), Some(Duration::from_secs(5)));
    assert_eq!(resolved.submitted("url"), Some(config["url"].as_str()));
    assert_eq!(resolved.submitted("unknown"), None);
    let missing: Vec<_> = resolved.missing().iter().map(ToString::to_string).collect();
    assert_eq!(missing.len(), 4, "{missing:?}");
    assert!(
        missing[0]
            .starts_with("unknown: ${vault:a:b} names a config provider that does not exist. The worker has env, file")
    );
    assert!(missing[1].starts_with("unknown: the config provider 'file' has no value for ${file:"), "{missing:?}");
    assert!(!format!("{resolved:?}").is_empty());
}

#[tokio::test]
async fn a_misspelt_reference_is_told_with_what_was_meant_or_let_through_if_asked() {
    let misspelt = map(&[("password", "${flie:/s:p}"), ("plain", "${a}")]);
    let missing = async |entries: &[(&str, &str)]| {
        let providers = opened(entries).providers;
        let resolved = providers.resolve(&misspelt).await.expect("resolved");
        assert_eq!(resolved.config(), &misspelt);
        resolved.missing().iter().map(|error| format!("{}: {error}", error.key())).collect::<Vec<_>>()
    };
    let file = [("config.providers", "file"), ("config.providers.file.class", "FileConfigProvider")];
    let told = missing(&file).await;
    assert!(
        told.len() == 1 && told[0].starts_with("password: ") && told[0].contains("did you mean 'file'?"),
        "{told:?}"
    );
    let told = missing(&[]).await;
    assert!(told.len() == 1 && told[0].contains("the worker has no config providers"), "{told:?}");
    assert_eq!(missing(&[("weir.config.providers.strict", "false")]).await, [""; 0]);
    // A worker's file is read the same way.
    let refused = |more: &[(&str, &str)]| open(map(&[&[("sasl.password", "${flie:/s:p}")], more].concat())).is_err();
    assert!(refused(&[]) && !refused(&[("weir.config.providers.strict", "false")]));
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_an_error_with_kafkas_text() {
    let (_directory, providers, path) = with_file("");
    let resolve = async |value: String| providers.resolve(&map(&[("k", &value)])).await.map(drop);
    let missing = format!("{path}.none");
    let error = resolve(format!("${{file:{missing}:k}}")).await.expect_err("not there");
    assert_eq!(error.to_string(), format!("Could not read properties from file {missing}"));
    assert!(matches!(resolve("${env:p:k}".to_owned()).await, Err(Error::PathOfEnvironment { .. })));
    assert_eq!(providers.failures(), 2);
}

#[tokio::test]
async fn what_a_request_can_ask_for_is_bounded() {
    let (directory, providers, path) = with_file(&format!("long={}\n", "x".repeat(1 << 19)));
    let many: String = (0..=MAX_PATHS).map(|n| format!("${{file:{path}.{n}:k}}")).collect();
    assert_eq!(providers.resolve(&map(&[("k", &many)])).await.map(drop), Err(Error::ManyPaths));
    let long = format!("${{file:{path}:long}}").repeat(1000);
    assert_eq!(providers.resolve(&map(&[("k", &long)])).await.map(drop), Err(Error::Large));
    let over_keys: ConfigMap = (0..10).map(|n| (n.to_string(), format!("${{file:{path}:long}}"))).collect();
    assert_eq!(providers.resolve(&over_keys).await.map(drop), Err(Error::Large));
    let huge = directory.path().join("huge");
    std::fs::File::create(&huge).and_then(|file| file.set_len(1 << 40)).expect("made");
    let huge = map(&[("k", &format!("${{file:{}:k}}", huge.display()))]);
    assert!(matches!(providers.resolve(&huge).await, Err(Error::File { .. })));
}

#[tokio::test]
async fn what_leaves_has_the_references_again() {
    let (_directory, providers, path) = with_file("password=hunter2\nbatch=7\ntopic=orders\n");
    let reference = |key: &str| format!("${{file:{path}:{key}}}");
    let config =
        map(&[("password", &reference("password")), ("batch", &reference("batch")), ("topics", &reference("topic"))]);
    let resolved = providers.resolve(&config).await.expect("resolved");

    let hidden = |error| resolved.hide_error(error).to_string();
    let generic = |key: &str| {
        format!(
            "Invalid value for configuration '{key}': the value resolved from the config provider reference failed validation"
        )
    };
    assert_eq!(hidden(KeyError::invalid("batch", "7", "too small: 7")), generic("batch"));
    assert_eq!(hidden(KeyError::other("password", "wrong")), generic("password"));
    let echoed = KeyError::invalid("url", "db://hunter2", "no db at hunter2");
    let reference_text = reference("password");
    assert_eq!(
        hidden(echoed),
        format!("Invalid value db://{reference_text} for configuration url: no db at {reference_text}")
    );
    assert_eq!(hidden(KeyError::missing("x")), KeyError::missing("x").to_string());

    let task = map(&[("password", "hunter2"), ("url", "u:hunter2"), ("topics", "orders"), ("batch", "8")]);
    let shown = map(&[
        ("password", &reference("password")),
        ("url", &format!("u:{reference_text}")),
        ("topics", &reference("topic")),
        ("batch", "8"),
    ]);
    assert_eq!(resolved.task_config_as_shown(&task), shown);
}

#[test]
fn the_workers_file_is_resolved_too_but_for_plugin_path() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = |name: &str| directory.path().join(name).display().to_string();
    std::fs::write(at("password"), "swordfish\n").expect("written");
    let directory = format!("${{dir:{}:password}}", at(""));
    let opened = opened(&[
        ("config.providers", "dir,later"),
        ("config.providers.dir.class", "DirectoryConfigProvider"),
        ("config.providers.dir.param.allowed.paths", &at("")),
        ("config.providers.later.class", "File"),
        ("sasl.password", &directory),
        ("plugin.path", &directory),
    ]);
    assert_eq!(opened.resolved.config()["sasl.password"], "swordfish\n");
    assert_eq!(opened.resolved.config()["plugin.path"], directory);
    assert_eq!(opened.warnings.len(), 1, "one provider may read everything: {:?}", opened.warnings);
    assert!(opened.warnings[0].contains("'config.providers.later.param.allowed.paths'"));
}

#[test]
fn what_is_wrong_with_a_provider_names_its_key() {
    let errors = |entries: &[(&str, &str)]| -> Vec<String> {
        let mut all = vec![("config.providers", "p")];
        all.extend(entries);
        match open(map(&all)) {
            Ok(opened) => opened.warnings,
            Err(errors) => errors.iter().map(|error| format!("{}: {error}", error.key())).collect(),
        }
    };
    let class = ("config.providers.p.class", "FileConfigProvider");
    let vault = errors(&[("config.providers.p.class", "com.example.VaultConfigProvider")]);
    assert!(vault[0].contains(
        "Invalid value com.example.VaultConfigProvider for configuration config.providers.p.class: Could not load config \
         provider class or one of its dependencies"
    ));
    for wrong in
        ["org.apache.kafka.common.config.provider.File", "com.example.FileConfigProvider", "FileConfigProvider2"]
    {
        assert!(errors(&[("config.providers.p.class", wrong)])[0].contains("Could not load"), "{wrong}");
    }
    assert!(
        errors(&[class, ("config.providers.p.param.allowed.paths", "rel")])[0].contains("Path rel is not absolute")
    );
    let env = ("config.providers.p.class", "org.apache.kafka.common.config.provider.EnvVarConfigProvider");
    assert!(errors(&[env, ("config.providers.p.param.allowlist.pattern", "(")])[0].contains("Invalid regex"));
    assert!(errors(&[env, ("config.providers.p.param.weir.ttl.ms", "500")])[0].contains("has no effect"));
    let misspelt = errors(&[class, ("config.providers.p.param.allowed.path", "/etc/weir")]);
    assert!(misspelt[0].contains("the nearest known key is 'config.providers.p.param.allowed.paths'"), "{misspelt:?}");
    assert!(
        errors(&[class, ("config.providers.p.param.weir.ttl.ms", "soon")])[0].contains("Not a number of type LONG")
    );
    assert!(errors(&[class, ("config.providers.p.param.weir.ttl.ms", "1")])[0].contains("at least 100"));
    assert!(errors(&[])[0].contains("there is no key 'config.providers.p.class'"));
}
