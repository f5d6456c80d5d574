//! A connectors file contains the connectors either before or after a change, and always what has been acknowledged.

use parking_lot::Mutex;

use super::*;

fn stored(name: &str, target: TargetState) -> (String, StoredConnector) {
    let config = [("name", name), ("topic", "x\ny"), ("password", "${file:/s:p}")];
    let config = config.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let origin = if name == "c" { Origin::CommandLine } else { Origin::Rest };
    (name.to_owned(), StoredConnector { config, target, origin })
}

fn sample() -> BTreeMap<String, StoredConnector> {
    let targets = [("a", TargetState::Paused), ("b", TargetState::Stopped), ("c", TargetState::Started)];
    targets.into_iter().map(|(name, target)| stored(name, target)).collect()
}

fn read_back(text: &[u8]) -> Option<BTreeMap<String, StoredConnector>> {
    Some(parse(text).ok()?.into_iter().map(Line::into_stored).collect())
}

#[test]
fn what_is_written_is_read_back() {
    assert_eq!(read_back(render(sample().into_iter()).as_bytes()), Some(sample()));
    assert_eq!(read_back(render(std::iter::empty()).as_bytes()), Some(BTreeMap::new()));
    let unconfigured = StoredConnector { config: ConfigMap::new(), target: TargetState::Started, origin: Origin::Rest };
    let text = render(std::iter::once(("new".to_owned(), unconfigured)));
    assert_eq!(read_back(text.as_bytes()), Some(BTreeMap::new()), "a connector without a configuration is not written");
}

#[test]
fn every_cut_and_every_flipped_byte_is_refused() {
    let whole = render(sample().into_iter()).into_bytes();
    for end in 1..whole.len() {
        assert!(parse(&whole[..end]).is_err(), "cut at {end}");
    }
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        assert!(read_back(&damaged).is_none_or(|read| read == sample()), "flipped at {at}");
    }
}

fn fill(file: &ConfigFile, connectors: BTreeMap<String, StoredConnector>) {
    connectors.into_iter().for_each(|(name, connector)| file.put(&name, connector));
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_left_alone_and_an_unfinished_write_is_not_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("connectors");
    let file = ConfigFile::open(&path).expect("a new file");
    fill(&file, sample());
    file.save().await.expect("written");
    // The temporary file of a worker that was killed between its write and its rename.
    std::fs::write(directory.path().join(".weir-x1y2z3"), "{\"weir\":\"connec").expect("written");
    assert_eq!(ConfigFile::open(&path).expect("whole").connectors(), sample());

    std::fs::write(&path, "{\"weir\":\"connectors\"}\n").expect("written");
    let error = ConfigFile::open(&path).err().expect("refused").to_string();
    assert!(error.contains("weir.standalone.state") && error.contains("move it away"), "{error}");
    assert_eq!(std::fs::read(&path).expect("left"), b"{\"weir\":\"connectors\"}\n");
    let offsets = checksummed_lines::render("offsets", &Default::default(), std::iter::empty::<String>());
    std::fs::write(&path, offsets).expect("written");
    let error = ConfigFile::open(&path).err().expect("refused").to_string();
    assert!(error.contains("not a connectors file"), "{error}");
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_noticed_at_the_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let error = ConfigFile::open(&directory.path().join("missing/connectors")).err().expect("refused").to_string();
    assert!(error.contains("cannot write"), "{error}");
}

#[tokio::test]
async fn each_change_is_durable_when_it_is_acknowledged() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("connectors");
    let file = Arc::new(ConfigFile::open(&path).expect("a new file"));
    let changes = (0..50).map(|number| {
        let (file, path) = (Arc::clone(&file), path.clone());
        tokio::spawn(async move {
            let (name, connector) = stored(&format!("c{number}"), TargetState::Started);
            file.put(&name, connector);
            file.save().await.expect("written");
            let on_disk = ConfigFile::open(&path).expect("whole");
            assert!(on_disk.connector(&name).is_some(), "{name} is acknowledged and missing");
        })
    });
    for change in changes.collect::<Vec<_>>() {
        change.await.expect("no panic");
    }
    assert_eq!(ConfigFile::open(&path).expect("whole").connectors().len(), 50);
}

#[tokio::test]
async fn a_write_whose_caller_has_left_does_not_overwrite_a_newer_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("connectors");
    ConfigFile::open(&path).expect("a new file");
    let (begin, begun) = std::sync::mpsc::channel();
    let (pass, passed) = std::sync::mpsc::channel::<()>();
    let passed = Mutex::new(passed);
    let replace = move |path: &Path, content: &[u8]| {
        let _ = begin.send(());
        passed.lock().recv().map_err(std::io::Error::other)?;
        replace_file(path, content)
    };
    let file = Arc::new(ConfigFile::open_with(&path, Arc::new(replace)).expect("a file"));
    fill(&file, sample());
    let patience = std::time::Duration::from_millis(50);
    tokio::time::timeout(patience, file.save()).await.expect_err("it waits");
    begun.recv().expect("it is being written");
    sample().keys().for_each(|name| file.remove(name));
    let newer = tokio::spawn({
        let file = Arc::clone(&file);
        async move { file.save().await }
    });
    tokio::time::sleep(2 * patience).await;
    assert!(begun.try_recv().is_err(), "a second write began during the first");
    pass.send(()).expect("the first");
    pass.send(()).expect("the second");
    newer.await.expect("no panic").expect("written");
    assert_eq!(ConfigFile::open(&path).expect("whole").connectors(), BTreeMap::new());
}
