//! Tests that a guest can access only what was granted.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use weir_plugin::{Allowed, Budget, CallError, Capability, GrantError, Grants, Guarded, Limits, NoStoredOffsets};

use crate::guest::{component, config, identity};

/// Returns the result of a command in an instance with these grants.
async fn run(command: &str, grants: &Grants) -> String {
    let component = component().await;
    let config = config(&[("do", command)]);
    let values = component.validate("test.Source", &config, &Limits::default(), grants).await.unwrap();
    values[0].errors[0].clone()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn allowed(directory: &Path) -> Allowed {
    let allowed = Allowed { read: vec![directory.to_owned()], write: vec![directory.to_owned()], ..Allowed::default() };
    allowed.settle().unwrap()
}

#[tokio::test]
async fn a_guest_without_grants_finds_an_empty_world() {
    assert_eq!(run("environment", &Grants::none()).await, "[] [] \"\"");
    for command in ["list /", "read /etc/passwd", "write /tmp/x", "connect 127.0.0.1:9", "look-up localhost"] {
        let answer = run(command, &Grants::none()).await;
        assert!(answer.starts_with("error: "), "{command} gave {answer}");
    }
    let random = run("random", &Grants::none()).await;
    let time: u64 = random.split(' ').nth(1).unwrap().parse().unwrap();
    assert!(time > 1_700_000_000, "the clock runs: {random}");
}

#[tokio::test]
async fn a_directory_for_reading_can_be_read_and_not_written() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("in")).unwrap();
    fs::write(root.path().join("in/file"), "content").unwrap();
    let directory = root.path().join("in");
    let grants = allowed(root.path()).grant(&[Capability::ReadDirectory(text(&directory).to_owned())]).await.unwrap();
    let file = directory.join("file");
    assert_eq!(run(&format!("read {}", text(&file)), &grants).await, "content");
    assert_eq!(run(&format!("list {}", text(&directory)), &grants).await, "file");
    for command in ["write", "remove"] {
        let answer = run(&format!("{command} {}", text(&file)), &grants).await;
        assert!(answer.starts_with("error: "), "{command} gave {answer}");
    }
    assert_eq!(fs::read_to_string(file).unwrap(), "content");
}

#[tokio::test]
async fn a_directory_for_writing_can_be_written() {
    let root = tempfile::tempdir().unwrap();
    let directory = text(root.path()).to_owned();
    let grants = allowed(root.path()).grant(&[Capability::WriteDirectory(directory.clone())]).await.unwrap();
    assert_eq!(run(&format!("write {directory}/new"), &grants).await, "written");
    assert_eq!(fs::read_to_string(root.path().join("new")).unwrap(), "written by the guest");
    assert_eq!(run(&format!("remove {directory}/new"), &grants).await, "removed");
    assert!(!root.path().join("new").exists());
}

#[tokio::test]
async fn neither_links_nor_dots_lead_out_of_a_directory() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("in")).unwrap();
    fs::write(root.path().join("secret"), "secret").unwrap();
    fs::write(root.path().join("in/file"), "content").unwrap();
    symlink(root.path().join("secret"), root.path().join("in/absolute")).unwrap();
    symlink("../secret", root.path().join("in/relative")).unwrap();
    symlink("..", root.path().join("in/up")).unwrap();
    symlink("file", root.path().join("in/inside")).unwrap();
    let directory = root.path().join("in");
    let directory = text(&directory);
    let grants = allowed(root.path()).grant(&[Capability::WriteDirectory(directory.to_owned())]).await.unwrap();
    for way in ["absolute", "relative", "up/secret", "../secret", "x/../../secret"] {
        for command in ["read", "write", "remove"] {
            // Removing a link removes the link, not its target.
            if command == "remove" && !way.contains('/') {
                continue;
            }
            let answer = run(&format!("{command} {directory}/{way}"), &grants).await;
            assert!(answer.starts_with("error: "), "{command} {way} gave {answer}");
        }
    }
    assert_eq!(run(&format!("read {directory}/inside"), &grants).await, "content");
    assert_eq!(fs::read_to_string(root.path().join("secret")).unwrap(), "secret");
}

#[tokio::test]
async fn an_absolute_link_to_a_place_inside_is_followed_whatever_it_is_used_for() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("in");
    fs::create_dir_all(directory.join("day")).unwrap();
    for name in ["day/file", "day/gone"] {
        fs::write(directory.join(name), "content").unwrap();
    }
    // The directory has another name, which is not requested.
    symlink("in", root.path().join("alias")).unwrap();
    symlink(directory.join("day/file"), directory.join("current")).unwrap();
    symlink(directory.join("day"), directory.join("today")).unwrap();
    symlink(root.path().join("alias/day/file"), directory.join("elsewhere")).unwrap();
    let granted = text(&directory).to_owned();
    let grants = allowed(root.path()).grant(&[Capability::WriteDirectory(granted.clone())]).await.unwrap();
    for name in ["current", "today/file"] {
        assert_eq!(run(&format!("read {granted}/{name}"), &grants).await, "content", "{name}");
        assert_eq!(run(&format!("write {granted}/{name}"), &grants).await, "written", "{name}");
        fs::write(directory.join("day/file"), "content").unwrap();
    }
    assert_eq!(run(&format!("list {granted}/today"), &grants).await, "file,gone");
    assert_eq!(run(&format!("remove {granted}/today/gone"), &grants).await, "removed");
    assert!(!directory.join("day/gone").exists());
    // The link cannot be followed, because its target has another name.
    assert!(run(&format!("read {granted}/elsewhere"), &grants).await.starts_with("error: "));
    // Granted by the other name, links to names in the directory are followed, too.
    let alias = text(&root.path().join("alias")).to_owned();
    let grants = allowed(root.path()).grant(&[Capability::ReadDirectory(alias.clone())]).await.unwrap();
    for name in ["current", "today/file", "elsewhere"] {
        assert_eq!(run(&format!("read {alias}/{name}"), &grants).await, "content", "{name}");
    }
}

#[tokio::test]
async fn a_failure_has_the_cause_that_the_guest_was_not_told() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("file"), "content").unwrap();
    symlink("/etc/passwd", root.path().join("link")).unwrap();
    mknodat(CWD, root.path().join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let directory = text(root.path());
    let grants = allowed(root.path()).grant(&[Capability::ReadDirectory(directory.to_owned())]).await.unwrap();
    let component = component().await;
    for (command, cause) in [
        ("read ^/link", "^/link: the path leads out of the granted directory"),
        ("read ^/../x", "^/../x: the path leads out of the granted directory"),
        ("read ^/pipe", "^/pipe: it is a pipe; plugins may open only regular files and directories"),
        ("write ^/file", "^/file: the directory was granted for reading only"),
        ("remove ^/file", "^/file: the directory was granted for reading only"),
        ("remove ^/link/x", "^/link/x: the path leads out of the granted directory"),
    ] {
        let command = command.replace('^', directory);
        let mut source = component.source(identity("test.Source"), &Limits::default(), &grants).await.unwrap();
        source.start(&config(&[("do", &command)]), Arc::new(NoStoredOffsets)).await.unwrap();
        let budget = Budget { max_records: 1, max_bytes: 1 << 20, max_wait: Duration::ZERO };
        let said = source.poll(budget).await.unwrap_err().to_string();
        assert!(said.contains(&format!("({}", cause.replace('^', directory))), "{command}: {said}");
    }
    // An error that is complete gets no explanation.
    let mut source = component.source(identity("test.Source"), &Limits::default(), &grants).await.unwrap();
    source.start(&config(&[("do", &format!("read {directory}/none"))]), Arc::new(NoStoredOffsets)).await.unwrap();
    let budget = Budget { max_records: 1, max_bytes: 1 << 20, max_wait: Duration::ZERO };
    let said = source.poll(budget).await.unwrap_err().to_string();
    assert!(said.ends_with("(os error 44)"), "{said}");
}

#[tokio::test]
async fn what_was_granted_is_what_is_reached_whatever_comes_in_its_place() {
    let root = tempfile::tempdir().unwrap();
    for name in ["in", "other"] {
        fs::create_dir(root.path().join(name)).unwrap();
        fs::write(root.path().join(name).join("file"), name).unwrap();
    }
    let directory = root.path().join("in");
    let asked = [
        Capability::ReadDirectory(text(&directory).to_owned()),
        Capability::WriteDirectory(text(&directory).to_owned()),
    ];
    let grants = allowed(&directory).grant(&asked).await.unwrap();
    fs::rename(&directory, root.path().join("moved")).unwrap();
    symlink(root.path().join("other"), &directory).unwrap();
    assert_eq!(run(&format!("read {}/file", text(&directory)), &grants).await, "in");
    assert_eq!(run(&format!("write {}/file", text(&directory)), &grants).await, "written");
    assert_eq!(fs::read_to_string(root.path().join("other/file")).unwrap(), "other");
    assert_eq!(fs::read_to_string(root.path().join("moved/file")).unwrap(), "written by the guest");
}

#[tokio::test]
async fn a_plugin_that_asks_for_the_workers_files_is_refused() {
    let root = tempfile::tempdir().unwrap();
    for name in ["data", "weir-plugins/cache"] {
        fs::create_dir_all(root.path().join(name)).unwrap();
    }
    let path = |name: &str| root.path().join(name);
    let places = [("weir.plugin.store", "weir-plugins"), ("offset.storage.file.filename", "data/offsets")];
    let guarded: Vec<_> = places.map(|(what, name)| Guarded { what: what.to_owned(), path: path(name) }).into();
    // An operator may have configured it, but a worker would not start with it.
    let allowed = Allowed { guarded, ..allowed(root.path()) };
    let component = component().await;
    for (asked, what) in [
        ("weir-plugins", "weir.plugin.store"),
        ("weir-plugins/cache", "weir.plugin.store"),
        ("data", "offset.storage.file.filename"),
        ("data/../weir-plugins", "weir.plugin.store"),
        ("", "weir.plugin.store"),
    ] {
        for key in ["read", "write"] {
            let config = config(&[(key, text(&path(asked)))]);
            let needed = component.capabilities("test.Source", &config, &Limits::default()).await.unwrap();
            let error = allowed.grant(&needed).await.unwrap_err().to_string();
            assert!(error.contains(what) && error.contains(&format!("weir.allow.{key}")), "{asked}: {error}");
        }
    }
    assert!(allowed.clone().settle().is_err());
}

#[tokio::test]
async fn what_a_plugin_needs_is_granted_or_refused_by_name() {
    let component = component().await;
    let root = tempfile::tempdir().unwrap();
    let config = config(&[("read", text(root.path())), ("write", "/var/lib/none"), ("connect", "db.internal:5432")]);
    let needed = component.capabilities("test.Source", &config, &Limits::default()).await.unwrap();
    let expected = [
        Capability::ReadDirectory(text(root.path()).to_owned()),
        Capability::WriteDirectory("/var/lib/none".to_owned()),
        Capability::Connect("db.internal".to_owned(), 5432),
    ];
    assert_eq!(needed, expected);
    assert!(matches!(Allowed::default().grant(&needed).await, Err(GrantError::Host { .. })));
    let error = allowed(root.path()).grant(&needed[..2]).await.unwrap_err().to_string();
    for part in ["weir.allow.write", "/var/lib/none", text(root.path())] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[tokio::test]
async fn a_plugin_that_cannot_say_what_it_needs_refuses_the_configuration() {
    let config = config(&[("refuse", "no file given")]);
    let answer = component().await.capabilities("test.Source", &config, &Limits::default()).await;
    assert!(matches!(answer, Err(CallError::Fatal(message)) if message == "no file given"));
}

#[tokio::test]
async fn only_granted_hosts_and_ports_can_be_reached() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let other = other.local_addr().unwrap().port();
    let connect = ["*:*", "127.0.0.1:*", "[::1]:*"].map(|pattern| pattern.parse().unwrap()).into();
    let allowed = Allowed { connect, ..Allowed::default() };

    let address = allowed.grant(&[Capability::Connect("127.0.0.1".into(), port)]).await.unwrap();
    assert_eq!(run(&format!("connect 127.0.0.1:{port}"), &address).await, "connected");
    for target in [format!("127.0.0.1:{other}"), format!("127.0.0.2:{port}"), format!("localhost:{port}")] {
        let answer = run(&format!("connect {target}"), &address).await;
        assert!(answer.starts_with("error: "), "{target} gave {answer}");
    }

    let name = allowed.grant(&[Capability::Connect("localhost".into(), port)]).await.unwrap();
    let before = run(&format!("connect 127.0.0.1:{port}"), &name).await;
    assert!(before.starts_with("error: "), "nobody has looked the name up yet: {before}");
    assert_eq!(run(&format!("connect localhost:{port}"), &name).await, "connected");
    let answer = run(&format!("connect localhost:{other}"), &name).await;
    assert!(answer.starts_with("error: "), "{answer}");
    let answer = run("look-up example.com", &name).await;
    assert!(answer.starts_with("error: "), "{answer}");
    assert!(run("look-up LOCALHOST", &name).await.contains("127.0.0.1"));
}

#[tokio::test]
async fn a_granted_name_that_leads_to_this_machine_is_not_connected_to() {
    // The owner of a name may change its address to 127.0.0.1, which `localhost` already has.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for pattern in ["*:*", "localhost:*"] {
        let allowed = Allowed { connect: vec![pattern.parse().unwrap()], ..Allowed::default() };
        let name = allowed.grant(&[Capability::Connect("localhost".into(), port)]).await.unwrap();
        for target in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
            let answer = run(&format!("connect {target}"), &name).await;
            assert!(answer.starts_with("error: "), "{pattern}, {target} gave {answer}");
        }
        for host in ["127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254"] {
            let error = allowed.grant(&[Capability::Connect(host.into(), port)]).await.unwrap_err();
            assert!(matches!(error, GrantError::Host { .. }), "{host}: {error}");
        }
    }
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "nobody was connected");
}
