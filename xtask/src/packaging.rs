//! Checks docs/packaging: values that several files contain are the same in each, and what the image copies is built.

use std::fs;
use std::process::Command;

use crate::workspace::Group;

fn read(name: &str) -> String {
    let path = crate::workspace::root().join("docs/packaging").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The values of a key in a unit file.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

/// The directives of a unit file, without its comments.
fn directives(unit: &str) -> Vec<String> {
    unit.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn the_image_copies_what_a_build_leaves() {
    let (image, toolchain) = (read("Containerfile"), crate::workspace::root().join("rust-toolchain.toml"));
    let built: Vec<_> =
        image.lines().filter_map(|line| line.strip_prefix("COPY --from=build /weir/")?.split_once(' ')).collect();
    let plugins = Group::Plugins.folder();
    let (server, components) = ("target/dist/weir".to_owned(), format!("target/dist/{plugins}"));
    assert_eq!(
        built,
        [(server.as_str(), "/opt/weir/current/weir"), (components.as_str(), "/opt/weir/current/plugins")]
    );
    let toolchain = fs::read_to_string(toolchain).unwrap();
    let version = toolchain.lines().find_map(|line| line.strip_prefix("channel = \"")?.strip_suffix('"')).unwrap();
    assert!(image.contains(&format!("FROM docker.io/library/rust:{version}-")), "the toolchain is {version}");
    let (unit, command) = (read("weir.service"), r#"CMD ["standalone", "/etc/weir/worker.properties"]"#);
    assert!(image.contains(r#"ENTRYPOINT ["/opt/weir/current/weir"]"#) && image.contains(command), "{image}");
    assert_eq!(values(&unit, "ExecStart"), ["/opt/weir/current/weir standalone /etc/weir/worker.properties"]);
}

#[test]
fn the_worker_file_keeps_everything_in_the_directories_of_the_unit() {
    let (unit, worker) = (read("weir.service"), read("worker.properties"));
    let value =
        |key: &str| worker.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap().to_owned();
    let state = format!("/var/lib/{}/", values(&unit, "StateDirectory")[0]);
    for key in ["offset.storage.file.filename", "weir.standalone.state", "weir.plugin.store"] {
        assert!(value(key).starts_with(&state), "{key}");
    }
    assert!(value("weir.plugin.cache").starts_with(&format!("/var/cache/{}/", values(&unit, "CacheDirectory")[0])));
    assert_eq!(values(&unit, "ReadWritePaths"), [format!("-{}", value("weir.allow.write"))]);
    assert_eq!(value("plugin.path"), "/opt/weir/current/plugins");
    let sysusers = read("weir.sysusers");
    assert!(sysusers.starts_with(&format!("u {} ", values(&unit, "User")[0])), "{sysusers}");
}

#[test]
fn the_unit_of_several_workers_is_the_unit_of_one_with_a_name() {
    let one = read("weir.service")
        .replace("Kafka connectors\n", "Kafka connectors (%i)\n")
        .replace("User=weir", "User=weir-%i")
        .replace("Group=weir", "Group=weir-%i")
        .replace("/etc/weir/worker.properties", "/etc/weir/%i.properties")
        .replace("Directory=weir", "Directory=weir-%i")
        .replace("/srv/weir", "/srv/weir-%i");
    assert_eq!(directives(&read("weir@.service")), directives(&one));
}

#[test]
fn the_unit_waits_longer_for_a_stop_than_the_worker_takes() {
    let (unit, keys) =
        (read("weir.service"), fs::read_to_string(crate::workspace::root().join("docs/configuration.md")).unwrap());
    let milliseconds: u64 = ["task.shutdown.graceful.timeout.ms", "weir.shutdown.timeout.ms"]
        .iter()
        .map(|key| {
            let line = keys.lines().find(|line| line.starts_with(&format!("| `{key}` "))).unwrap();
            line.split('`').nth(3).unwrap().parse::<u64>().unwrap()
        })
        .sum();
    let patience: u64 = values(&unit, "TimeoutStopSec")[0].parse().unwrap();
    // Five more that the process may take to end itself.
    assert!(patience * 1000 > milliseconds + 5000, "{patience} s for {milliseconds} ms");
    assert!(read("README.md").contains(&format!("podman stop --time {patience}")));
}

#[test]
fn systemd_accepts_the_units_where_it_is_installed() {
    let directory = std::env::temp_dir().join(format!("weir-xtask-units-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    for (unit, name) in [("weir.service", "weir.service"), ("weir@.service", "weir@orders.service")] {
        let file = directory.join(name);
        // The program is looked for, too.
        fs::write(&file, read(unit).replace("/opt/weir/current/weir", "/bin/true")).unwrap();
        match Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file).output() {
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                let about_it: Vec<_> = said.lines().filter(|line| line.contains("weir")).collect();
                assert!(about_it.is_empty(), "{about_it:#?}");
            }
            Err(error) => eprintln!("not checked by systemd: {error}"),
        }
    }
    fs::remove_dir_all(directory).unwrap();
}
