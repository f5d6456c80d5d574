//! Replaces a file as a whole, so that whatever happens meanwhile it has the old content or the new one.

use std::io::Write as _;
use std::path::Path;

/// Writes the content beside the file, makes it durable, and gives it the file's name. The file is readable by its owner only. A
/// process that is killed meanwhile may leave a `.weir-` file in the folder, which nothing reads.
pub(crate) fn replace_file(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new().prefix(".weir-").tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    std::fs::File::open(folder)?.sync_all()
}
