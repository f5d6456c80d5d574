//! An acknowledged change is in the file, a refused one is not, now or later, and no connector exceeds its limits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::offsets::ConnectorOffsets;
use weir_plugin::StoredOffsets as _;

use crate::offsets::limits::TEXT_MAX;

const LIMITS: Limits = Limits { partitions: 1000, bytes: 1 << 20, total: 1 << 24 };

struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a directory") }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("connect.offsets")
    }

    fn open(&self) -> OffsetFile {
        self.with(LIMITS)
    }

    fn with(&self, limits: Limits) -> OffsetFile {
        OffsetFile::open(&self.path(), limits).expect("a whole file")
    }
}

fn at(position: u64) -> Option<String> {
    Some(format!(r#"{{"position":{position}}}"#))
}

async fn set(file: &OffsetFile, connector: &str, partition: &str, offset: Option<String>) -> Result<(), Error> {
    file.set(connector, vec![(partition.to_owned(), offset)]).await
}

const IN: &str = r#"{"filename":"in"}"#;

#[tokio::test]
async fn offsets_survive_a_reopening() {
    let place = Place::new();
    let file = place.open();
    set(&file, "a", IN, at(1)).await.expect("stored");
    set(&file, "b\"", IN, at(2)).await.expect("stored");
    let again = place.open();
    assert_eq!((again.get("a", IN), again.get("b\"", IN)), (at(1), at(2)));
    set(&again, "a", IN, None).await.expect("removed");
    assert_eq!(place.open().get("a", IN), None);
}

#[tokio::test]
async fn commits_at_once_are_all_durable() {
    let place = Place::new();
    let file = place.open();
    let commits = (0..50).map(|number| {
        let file = file.clone();
        tokio::spawn(async move { set(&file, "c", &format!("{{\"n\":{number}}}"), at(number)).await })
    });
    for commit in commits.collect::<Vec<_>>() {
        commit.await.expect("no panic").expect("stored");
    }
    let again = place.open();
    for number in 0..50 {
        assert_eq!(again.get("c", &format!("{{\"n\":{number}}}")), at(number));
    }
}

#[tokio::test]
async fn a_connectors_partitions_are_listed_and_found_under_any_text_that_means_the_same() {
    let place = Place::new();
    let file = place.open();
    for (connector, number) in [("a", 1), ("a\",{", 2), ("ab", 3)] {
        set(&file, connector, r#"{"y":2,"x":1}"#, at(number)).await.expect("stored");
    }
    set(&file, "a", r#"{"x":2}"#, at(4)).await.expect("stored");
    let listed = |number| {
        vec![(r#"{"x":2}"#.to_owned(), at(4).expect("one")), (r#"{"y":2,"x":1}"#.to_owned(), at(number).expect("one"))]
    };
    assert_eq!(file.all("a"), listed(1));
    assert_eq!(file.all("a\",{").len(), 1);
    assert_eq!(file.all("none"), []);

    for file in [&file, &place.open()] {
        let asked = [r#"{"x":1,"y":2}"#, r#"{ "y":2, "x":1}"#, r#"{"x":3}"#];
        assert_eq!(asked.map(|partition| file.get("a", partition)), [at(1), at(1), None]);
        assert_eq!(file.text("a", asked[0]).as_deref(), Some(r#"{"y":2,"x":1}"#));
    }
    // It is stored once, under the text that was written last.
    set(&file, "a", r#"{"x":1, "y":2}"#, at(5)).await.expect("stored");
    set(&file, "a", r#"{"y":2,"x":1}"#, at(6)).await.expect("stored");
    assert_eq!(file.all("a"), listed(6));
    assert_eq!(place.open().all("a"), listed(6));
    set(&file, "a", r#"{"x":1,"y":2}"#, None).await.expect("removed");
    assert_eq!(place.open().all("a").len(), 1);
}

#[tokio::test]
async fn a_partition_with_line_breaks_leaves_the_file_whole() {
    let place = Place::new();
    let file = place.open();
    let partition = "{\"a\":\r\n1}\n";
    file.set("c", vec![(partition.to_owned(), Some("\n{\"o\":\n1}".to_owned()))]).await.expect("stored");
    let again = place.open();
    assert!(again.get("c", partition).is_some());
    assert!(again.get("c", r#"{"a":1}"#).is_some());
}

#[test]
fn a_damaged_file_is_refused_and_left_alone() {
    let place = Place::new();
    std::fs::write(place.path(), "{\"weir\":\"offsets\"").expect("written");
    let error = OffsetFile::open(&place.path(), LIMITS).err().expect("refused").to_string();
    assert!(error.contains("connect.offsets") && error.contains("offset.storage.file.filename"), "{error}");
    assert_eq!(std::fs::read(place.path()).expect("read"), b"{\"weir\":\"offsets\"");
}

#[tokio::test]
async fn a_change_that_was_refused_does_not_come_back() {
    let place = Place::new();
    let (file, elsewhere) = (place.open(), place.directory.path().with_extension("moved"));
    set(&file, "a", IN, at(1)).await.expect("stored");
    // Without its directory the file cannot be written, even by root.
    std::fs::rename(place.directory.path(), &elsewhere).expect("moved");
    for offset in [at(2), None] {
        let error = set(&file, "a", IN, offset).await.expect_err("refused").to_string();
        assert!(error.contains("cannot write the offset file"), "{error}");
        assert_eq!(file.get("a", IN), at(1));
    }
    assert_eq!(file.failures(), 2);
    std::fs::rename(&elsewhere, place.directory.path()).expect("moved back");
    set(&file, "b", IN, at(3)).await.expect("stored");
    for file in [&file, &place.open()] {
        assert_eq!((file.get("a", IN), file.get("b", IN)), (at(1), at(3)));
    }
}

/// A file whose writes wait until they are let through, one message each.
fn slow(place: &Place) -> (OffsetFile, mpsc::Sender<()>, mpsc::Receiver<()>, Arc<AtomicUsize>) {
    let (begin, begun) = mpsc::channel();
    let (pass, passed) = mpsc::channel::<()>();
    let (passed, at_once, most) = (Mutex::new(passed), AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let replace = move |path: &Path, content: &[u8]| {
        seen.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let _ = begin.send(());
        passed.lock().recv().map_err(std::io::Error::other)?;
        let done = replace_file(path, content);
        at_once.fetch_sub(1, Ordering::SeqCst);
        done
    };
    let file = OffsetFile::open_with(&place.path(), LIMITS, Arc::new(replace)).expect("a new file");
    (file, pass, begun, most)
}

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_write_that_outlives_its_timeout_does_not_overwrite_a_newer_one() {
    let place = Place::new();
    let (file, pass, begun, most) = slow(&place);
    let old = tokio::time::timeout(Duration::from_millis(50), set(&file, "a", IN, at(1))).await;
    old.expect_err("it waits");
    begun.recv_timeout(PATIENCE).expect("it is being written");
    let newer = tokio::spawn({
        let file = file.clone();
        async move { set(&file, "a", IN, at(2)).await }
    });
    // If nothing prevented it, the newer write would begin now.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(begun.try_recv().is_err(), "a second write began during the first");
    pass.send(()).expect("the first");
    pass.send(()).expect("the second");
    newer.await.expect("no panic").expect("stored");
    assert_eq!(most.load(Ordering::SeqCst), 1, "one at a time");
    assert_eq!((file.get("a", IN), place.open().get("a", IN)), (at(2), at(2)));
}

#[tokio::test]
async fn a_change_whose_caller_left_before_it_was_written_is_not_made() {
    let place = Place::new();
    let (file, pass, begun, _) = slow(&place);
    let first = tokio::spawn({
        let file = file.clone();
        async move { set(&file, "a", IN, at(1)).await }
    });
    while begun.try_recv().is_err() {
        tokio::task::yield_now().await;
    }
    let left = tokio::time::timeout(Duration::from_millis(50), set(&file, "a", IN, at(2))).await;
    left.expect_err("it waits");
    let last = tokio::spawn({
        let file = file.clone();
        async move { set(&file, "b", IN, at(3)).await }
    });
    pass.send(()).expect("the first");
    pass.send(()).expect("the last");
    first.await.expect("no panic").expect("stored");
    last.await.expect("no panic").expect("stored");
    assert_eq!((file.get("a", IN), place.open().get("a", IN)), (at(1), at(1)));
    assert_eq!(place.open().get("b", IN), at(3));
}

#[tokio::test]
async fn abandoned_writes_have_ended_once_the_file_is_settled() {
    let place = Place::new();
    let (file, pass, begun, _) = slow(&place);
    let left = tokio::time::timeout(Duration::from_millis(50), set(&file, "a", IN, at(1))).await;
    left.expect_err("it waits");
    begun.recv_timeout(PATIENCE).expect("it is being written");
    assert!(tokio::time::timeout(Duration::from_millis(50), file.settle()).await.is_err(), "the write has not ended");
    assert_eq!(file.all("a"), [], "and is not seen yet");
    pass.send(()).expect("passed");
    file.settle().await;
    assert_eq!(file.get("a", IN), at(1));
}

#[tokio::test]
async fn a_connector_has_no_more_partitions_and_bytes_than_its_limits() {
    let place = Place::new();
    let file = place.with(Limits { partitions: 2, bytes: 200, ..LIMITS });
    let exceeded = |result: Result<(), Error>| match result {
        Err(Error::Exceeded(exceeded)) => exceeded.to_string(),
        other => format!("{other:?}"),
    };
    let one = |number: u32| format!(r#"{{"n":{number}}}"#);
    let all = (0..3).map(|number| (one(number), at(1))).collect();
    let text = exceeded(file.set("c", all).await);
    assert!(text.contains("weir.offsets.partitions.max") && text.contains("connector c"), "{text}");
    assert_eq!(file.all("c"), [], "all of a change or nothing");
    for number in 0..2 {
        set(&file, "c", &one(number), at(1)).await.expect("stored");
    }
    let text = exceeded(set(&file, "c", &one(2), at(1)).await);
    assert!(text.contains("weir.offsets.partitions.max"), "{text}");
    // Another connector has its own limits, and existing offsets may change.
    set(&file, "d", &one(2), at(1)).await.expect("stored");
    set(&file, "c", &one(1), at(2)).await.expect("stored");
    let long = Some(format!(r#"{{"position":"{}"}}"#, "x".repeat(150)));
    let text = exceeded(set(&file, "c", &one(1), long.clone()).await);
    assert!(text.contains("weir.offsets.bytes.max"), "{text}");
    set(&file, "c", &one(0), None).await.expect("removed");
    set(&file, "c", &one(1), long.clone()).await.expect("there is room now");

    // Offsets that were stored under other limits remain, and may become fewer.
    set(&file, "d", &one(3), at(1)).await.expect("stored");
    let file = place.with(Limits { partitions: 1, bytes: 60, ..LIMITS });
    assert!(exceeded(set(&file, "d", &one(4), at(1)).await).contains("partitions"));
    set(&file, "d", &one(3), at(2)).await.expect("no more than before");
    set(&file, "c", &one(1), at(1)).await.expect("less than before");
    assert!(exceeded(set(&file, "c", &one(1), long).await).contains("bytes"));
    set(&file, "d", &one(3), None).await.expect("less than before");
}

#[tokio::test]
async fn all_connectors_together_have_no_more_than_the_total_and_small_ones_are_never_refused() {
    let place = Place::new();
    let file = place.with(Limits { bytes: 1 << 20, total: 250_000, ..LIMITS });
    let large = || Some(format!(r#"{{"x":"{}"}}"#, "x".repeat(100_000)));
    set(&file, "small", IN, at(9)).await.expect("stored");
    for connector in ["gone", "here"] {
        set(&file, connector, IN, large()).await.expect("stored");
    }
    let error = set(&file, "one more", IN, large()).await.expect_err("refused").to_string();
    assert!(error.contains("connector one more") && error.contains("weir.offsets.total.bytes.max"), "{error}");
    let error = set(&file, "here", r#"{"filename":"in2"}"#, large()).await.expect_err("refused").to_string();
    assert!(error.contains("250000 bytes"), "{error}");
    // Together with a change that frees space it is within the limit, and offsets that were stored under another limit may change.
    let file = place.with(Limits { bytes: 1 << 20, total: 1000, ..LIMITS });
    set(&file, "small", IN, at(10)).await.expect("a longer number");
    set(&file, "new", IN, at(1)).await.expect("a small one");
    set(&file, "here", IN, large()).await.expect("no more than before");
    set(&file, "gone", IN, None).await.expect("less than before");
}

#[tokio::test]
async fn a_text_that_is_too_long_is_not_stored() {
    let place = Place::new();
    let file = place.open();
    let long = format!(r#"{{"x":"{}"}}"#, "x".repeat(TEXT_MAX));
    for (partition, offset, what) in [(&*long, at(1), "source partition"), (IN, Some(long.clone()), "source offset")] {
        let error = set(&file, "c", partition, offset).await.expect_err("refused").to_string();
        assert!(error.contains(what) && error.contains("262144"), "{error}");
    }
    assert_eq!(file.all("c"), []);
    let offsets = ConnectorOffsets { store: Arc::new(file), connector: "c".to_owned() };
    assert_eq!(offsets.stored_offsets(vec![long, IN.to_owned()]).await, Ok(vec![None, None]));
}

#[tokio::test]
async fn a_change_that_exceeds_a_limit_does_not_affect_others_in_the_same_write() {
    let place = Place::new();
    let (file, pass, begun, _) = slow(&place);
    let spawn = |connector: &'static str, count: u64| {
        let file = file.clone();
        let entries = (0..count).map(|number| (format!("{{\"n\":{number}}}"), at(number))).collect();
        tokio::spawn(async move { file.set(connector, entries).await })
    };
    let first = spawn("a", 1);
    while begun.try_recv().is_err() {
        tokio::task::yield_now().await;
    }
    let (greedy, modest) = (spawn("b", LIMITS.partitions + 1), spawn("c", 1));
    pass.send(()).expect("the first");
    pass.send(()).expect("the second");
    // If the two do not share a write, the refused one has nothing to write.
    drop(pass);
    first.await.expect("no panic").expect("stored");
    assert!(matches!(greedy.await.expect("no panic"), Err(Error::Exceeded(_))));
    modest.await.expect("no panic").expect("stored");
    let again = place.open();
    assert_eq!([again.all("a").len(), again.all("b").len(), again.all("c").len()], [1, 0, 1]);
}

#[tokio::test]
async fn offsets_that_were_written_for_another_cluster_are_reported_until_they_change() {
    let place = Place::new();
    let file = place.open();
    assert_eq!(file.belong_to("one"), None);
    set(&file, "a", IN, at(1)).await.expect("stored");
    assert_eq!(place.open().belong_to("one"), None);
    // Each start reports it, as long as nothing was written for the new cluster.
    for _ in 0..2 {
        assert_eq!(place.open().belong_to("two"), Some("one".to_owned()));
    }
    let file = place.open();
    file.belong_to("two");
    set(&file, "a", IN, at(2)).await.expect("stored");
    assert_eq!(place.open().belong_to("two"), None);
    set(&file, "a", IN, None).await.expect("removed");
    assert_eq!(place.open().belong_to("three"), None, "there are no offsets");
}

#[tokio::test]
async fn epochs_are_counted_in_the_file() {
    let place = Place::new();
    let file = place.open();
    assert_eq!(file.begin_epoch().await.expect("written"), 1);
    set(&file, "a", IN, at(1)).await.expect("stored");
    let file = place.open();
    assert_eq!(file.begin_epoch().await.expect("written"), 2);
    // With all that is in the file, and before it belongs to another cluster.
    file.belong_to("one");
    set(&file, "a", IN, at(2)).await.expect("stored");
    assert_eq!(place.open().begin_epoch().await.expect("written"), 3);
    let file = place.open();
    assert_eq!(file.get("a", IN), at(2));
    assert_eq!(file.belong_to("two"), Some("one".to_owned()));
}

#[test]
fn offsets_are_stored_while_all_other_threads_wait() {
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().expect("a runtime");
    let place = Place::new();
    let (release, hold) = mpsc::channel::<()>();
    runtime.block_on(async {
        let waiting = tokio::task::spawn_blocking(move || hold.recv().is_err());
        let file = place.open();
        file.set("c", vec![("{}".to_owned(), Some("{\"at\":1}".to_owned()))]).await.expect("stored");
        drop(release);
        assert!(waiting.await.expect("it ended"));
    });
    let again = place.open();
    assert_eq!(again.get("c", "{}").as_deref(), Some("{\"at\":1}"));
}

/// A store in memory and one in a file give the same answers.
#[tokio::test]
async fn the_two_kinds_of_stores_agree() {
    use crate::offsets::{MemoryOffsets, OffsetStore};
    let place = Place::new();
    let limits = Limits { partitions: 3, bytes: 200, total: 400 };
    let stores: [Arc<dyn OffsetStore>; 2] = [Arc::new(place.with(limits)), Arc::new(MemoryOffsets::new(limits))];
    let mut answers = Vec::new();
    for store in stores {
        let mut answer = Vec::new();
        for number in 0..200 {
            let (connector, name) = (["a", "b"][number % 2], number * 7 % 5);
            let offset = (number % 3 > 0).then(|| format!("{{\"at\":{}}}", "1".repeat(number % 60)));
            let entries = vec![(format!("{{\"x\":1,\"n\":{name}}}"), offset)];
            let stored = store.set(connector, entries).await.map_err(|error| error.to_string());
            let asked = [format!("{{\"n\":{name},\"x\":1}}")];
            let found = store.get(connector, &asked).await.expect("read");
            let texts = store.texts(connector, asked.to_vec()).await.expect("read");
            answer.push((stored, found, texts, store.all(connector).await.expect("read")));
        }
        answers.push(answer);
    }
    assert!(answers[0].iter().any(|(stored, ..)| stored.is_err()), "a limit is reached");
    assert_eq!(answers[0], answers[1]);
}
