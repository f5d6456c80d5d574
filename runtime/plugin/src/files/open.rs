//! Opens a file or directory below a granted one. The rules are those of wasmtime's `open-at`; what is neither a regular file nor a
//! directory is refused, and without waiting: opening a pipe would wait until somebody opens its other end.

use std::path::Path;

use cap_primitives::fs::{FollowSymlinks, OpenOptions};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use wasmtime_wasi::OpenMode;
use wasmtime_wasi::filesystem::{Descriptor, Dir, File};
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorFlags, ErrorCode, OpenFlags, PathFlags};

pub(super) fn open(
    dir: &Dir,
    path_flags: PathFlags,
    path: &str,
    open_flags: OpenFlags,
    flags: DescriptorFlags,
) -> Result<Descriptor, ErrorCode> {
    let (options, mode) = options(path_flags, open_flags, flags)?;
    if dir.perms.write_not_permitted() && mode.contains(OpenMode::WRITE) {
        return Err(ErrorCode::NotPermitted);
    }
    let opened = cap_primitives::fs::open(&dir.dir, Path::new(path), &options).map_err(|error| {
        // A pipe to be written that nobody reads, or a socket.
        let special = error.raw_os_error() == Some(Errno::NXIO.raw_os_error());
        if special { ErrorCode::NotPermitted } else { error.into() }
    })?;
    let kind = opened.metadata()?.file_type();
    if !kind.is_file() && !kind.is_dir() {
        return Err(ErrorCode::NotPermitted);
    }
    if kind.is_dir() {
        // Used on the thread that asks, which is one of the plugin's own.
        return Ok(Descriptor::Dir(Dir::new(opened, dir.perms, mode, true)));
    }
    if open_flags.contains(OpenFlags::DIRECTORY) {
        return Err(ErrorCode::NotDirectory);
    }
    let status = fcntl_getfl(&opened).map_err(std::io::Error::from)?;
    fcntl_setfl(&opened, status - OFlags::NONBLOCK).map_err(std::io::Error::from)?;
    Ok(Descriptor::File(File::new(opened, dir.perms, mode, true)))
}

/// What to ask the system for, and what the descriptor says of itself.
fn options(
    path_flags: PathFlags,
    open_flags: OpenFlags,
    flags: DescriptorFlags,
) -> Result<(OpenOptions, OpenMode), ErrorCode> {
    let sync = DescriptorFlags::FILE_INTEGRITY_SYNC
        | DescriptorFlags::DATA_INTEGRITY_SYNC
        | DescriptorFlags::REQUESTED_WRITE_SYNC;
    if flags.intersects(sync) {
        return Err(ErrorCode::Unsupported);
    }
    let changes = OpenFlags::CREATE | OpenFlags::EXCLUSIVE | OpenFlags::TRUNCATE;
    if open_flags.contains(OpenFlags::DIRECTORY) && open_flags.intersects(changes) {
        return Err(ErrorCode::Invalid);
    }
    let (mut options, mut mode) = (OpenOptions::new(), OpenMode::empty());
    if open_flags.contains(OpenFlags::CREATE) {
        if open_flags.contains(OpenFlags::EXCLUSIVE) {
            options.create_new(true);
        } else {
            options.create(true);
        }
        options.write(true);
        mode |= OpenMode::WRITE;
    }
    if open_flags.contains(OpenFlags::TRUNCATE) {
        options.truncate(true).write(true);
        mode |= OpenMode::WRITE;
    }
    if flags.contains(DescriptorFlags::WRITE) {
        options.write(true);
        mode |= OpenMode::WRITE;
    }
    // The system wants one of both; what the guest may do with the descriptor is decided by its mode.
    if flags.contains(DescriptorFlags::READ) || !flags.contains(DescriptorFlags::WRITE) {
        options.read(true);
        mode |= OpenMode::READ;
    }
    let follow = if path_flags.contains(PathFlags::SYMLINK_FOLLOW) { FollowSymlinks::Yes } else { FollowSymlinks::No };
    options._cap_fs_ext_follow(follow)._cap_fs_ext_nonblock(true);
    Ok((options, mode))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use wasmtime_wasi::FsPerms;

    use super::*;

    fn dir(path: &Path, perms: FsPerms) -> Dir {
        let dir = std::fs::File::open(path).unwrap();
        Dir::new(dir, perms, OpenMode::READ | OpenMode::WRITE, true)
    }

    #[test]
    fn pipes_sockets_and_links_to_them_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        mknodat(CWD, folder.path().join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let _listener = UnixListener::bind(folder.path().join("socket")).unwrap();
        symlink("pipe", folder.path().join("link")).unwrap();
        let dir = dir(folder.path(), FsPerms::ReadWrite);
        for name in ["pipe", "socket", "link"] {
            for flags in [
                DescriptorFlags::READ,
                DescriptorFlags::WRITE,
                DescriptorFlags::READ | DescriptorFlags::WRITE,
                DescriptorFlags::empty(),
            ] {
                let opened = open(&dir, PathFlags::SYMLINK_FOLLOW, name, OpenFlags::empty(), flags);
                assert!(matches!(opened.err(), Some(ErrorCode::NotPermitted)), "{name} with {flags:?}");
            }
        }
    }

    #[test]
    fn files_and_directories_are_opened_as_before() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("in")).unwrap();
        std::fs::write(folder.path().join("file"), "content").unwrap();
        let dir = dir(folder.path(), FsPerms::ReadOnly);
        let open = |path, open_flags, flags| open(&dir, PathFlags::empty(), path, open_flags, flags);
        let read = DescriptorFlags::READ;
        assert!(matches!(open("file", OpenFlags::empty(), read), Ok(Descriptor::File(_))));
        assert!(matches!(open("in", OpenFlags::DIRECTORY, read), Ok(Descriptor::Dir(_))));
        assert!(matches!(open("in", OpenFlags::empty(), read), Ok(Descriptor::Dir(_))));
        let refused = [
            (open("file", OpenFlags::DIRECTORY, read), ErrorCode::NotDirectory),
            (open("new", OpenFlags::CREATE, read), ErrorCode::NotPermitted),
            (open("file", OpenFlags::TRUNCATE, read), ErrorCode::NotPermitted),
            (open("file", OpenFlags::empty(), DescriptorFlags::WRITE), ErrorCode::NotPermitted),
            (open("../x", OpenFlags::empty(), read), ErrorCode::NotPermitted),
            (open("none", OpenFlags::empty(), read), ErrorCode::NoEntry),
        ];
        for (opened, expected) in refused {
            let error = opened.err().expect("refused");
            assert_eq!(format!("{error:?}"), format!("{expected:?}"));
        }
    }
}
