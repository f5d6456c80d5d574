//! Opens a file or directory in a granted one, with the rules of wasmtime's `open-at`. Anything else than a regular file or a directory is
//! rejected without waiting: opening a pipe would wait until another process opens its other end.

use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use cap_primitives::fs::{FollowSymlinks, OpenOptions};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use wasmtime_wasi::OpenMode;
use wasmtime_wasi::filesystem::{Descriptor, Dir, File};
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorFlags, ErrorCode, OpenFlags, PathFlags};

use super::links::rewrite;
use super::trouble::Refused;

/// Why something was not opened.
#[derive(Debug)]
pub(super) enum NotOpened {
    Refused(Refused),
    Code(ErrorCode),
}

impl From<io::Error> for NotOpened {
    fn from(error: io::Error) -> Self {
        match error.raw_os_error().map(Errno::from_raw_os_error) {
            // A pipe without a reader that is opened for writing, or a socket.
            Some(Errno::NXIO) => Self::Refused(Refused::Special("a pipe or a socket")),
            Some(Errno::ACCESS) => Self::Refused(Refused::NoRight),
            _ if is_escape(&error) => Self::Refused(Refused::Escape),
            _ => Self::Code(error.into()),
        }
    }
}

impl NotOpened {
    /// Returns the error code for the guest.
    pub(super) fn code(self) -> ErrorCode {
        match self {
            Self::Refused(Refused::NoRight) => ErrorCode::Access,
            Self::Refused(_) => ErrorCode::NotPermitted,
            Self::Code(code) => code,
        }
    }
}

/// Opens a file or directory. `names` are the absolute names of `dir`, for links. It is empty unless `dir` is a granted directory.
pub(super) fn open(
    dir: &Dir,
    names: &[PathBuf],
    path_flags: PathFlags,
    path: &str,
    open_flags: OpenFlags,
    flags: DescriptorFlags,
) -> Result<Descriptor, NotOpened> {
    let (options, mode) = options(path_flags, open_flags, flags).map_err(NotOpened::Code)?;
    if dir.perms.write_not_permitted() && mode.contains(OpenMode::WRITE) {
        return Err(NotOpened::Refused(Refused::ReadOnly));
    }
    let path = Path::new(path);
    let opened = cap_primitives::fs::open(&dir.dir, path, &options).or_else(|error| {
        let follow = path_flags.contains(PathFlags::SYMLINK_FOLLOW);
        match is_escape(&error).then(|| rewrite(&dir.dir, names, path, follow)).flatten() {
            Some(path) => cap_primitives::fs::open(&dir.dir, &path, &options),
            None => Err(error),
        }
    })?;
    let kind = opened.metadata()?.file_type();
    if !kind.is_file() && !kind.is_dir() {
        return Err(NotOpened::Refused(Refused::Special(special(kind))));
    }
    if kind.is_dir() {
        // It is used on the current thread, which is one for blocking operations.
        return Ok(Descriptor::Dir(Dir::new(opened, dir.perms, mode, true)));
    }
    if open_flags.contains(OpenFlags::DIRECTORY) {
        return Err(NotOpened::Code(ErrorCode::NotDirectory));
    }
    let status = fcntl_getfl(&opened).map_err(io::Error::from)?;
    fcntl_setfl(&opened, status - OFlags::NONBLOCK).map_err(io::Error::from)?;
    Ok(Descriptor::File(File::new(opened, dir.perms, mode, true)))
}

/// Returns whether a path leads out of the directory.
pub(super) fn leads_out(dir: &std::fs::File, path: &Path, follow: bool) -> bool {
    let follow = if follow { FollowSymlinks::Yes } else { FollowSymlinks::No };
    cap_primitives::fs::stat(dir, path, follow).is_err_and(|error| is_escape(&error))
}

/// Returns whether cap-primitives rejected a path because it leads out of the directory. It has no error type for that.
fn is_escape(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}

fn special(kind: std::fs::FileType) -> &'static str {
    if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// The options for the system, and the flags of the descriptor.
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
    // The system requires one of the two. The mode of the descriptor determines what the guest may do.
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
        let directory = tempfile::tempdir().unwrap();
        mknodat(CWD, directory.path().join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let _listener = UnixListener::bind(directory.path().join("socket")).unwrap();
        symlink("pipe", directory.path().join("link")).unwrap();
        let dir = dir(directory.path(), FsPerms::ReadWrite);
        for name in ["pipe", "socket", "link"] {
            for flags in [
                DescriptorFlags::READ,
                DescriptorFlags::WRITE,
                DescriptorFlags::READ | DescriptorFlags::WRITE,
                DescriptorFlags::empty(),
            ] {
                let opened = open(&dir, &[], PathFlags::SYMLINK_FOLLOW, name, OpenFlags::empty(), flags);
                let error = opened.err().expect("refused");
                assert!(matches!(error, NotOpened::Refused(Refused::Special(_))), "{name} with {flags:?}: {error:?}");
                assert!(matches!(error.code(), ErrorCode::NotPermitted));
            }
        }
    }

    #[test]
    fn a_link_to_a_name_of_the_directory_is_followed_and_none_that_leads_out() {
        let root = tempfile::tempdir().unwrap();
        let granted = root.path().join("granted");
        std::fs::create_dir(&granted).unwrap();
        std::fs::write(granted.join("file"), "content").unwrap();
        std::fs::write(root.path().join("secret"), "secret").unwrap();
        symlink(granted.join("file"), granted.join("inside")).unwrap();
        symlink(granted.join("../secret"), granted.join("round")).unwrap();
        symlink(root.path().join("secret"), granted.join("outside")).unwrap();
        symlink("../secret", granted.join("relative")).unwrap();
        let dir = dir(&granted, FsPerms::ReadWrite);
        let names = [granted.clone()];
        let opened = |names: &[PathBuf], path| {
            open(&dir, names, PathFlags::SYMLINK_FOLLOW, path, OpenFlags::empty(), DescriptorFlags::READ)
        };
        let Ok(Descriptor::File(file)) = opened(&names, "inside") else { panic!("it was not opened") };
        assert_eq!(std::io::read_to_string(&*file.file).unwrap(), "content");
        for (names, path) in [(&[][..], "inside"), (&names, "round"), (&names, "outside"), (&names, "relative")] {
            let error = opened(names, path).err().expect("refused");
            assert!(matches!(error, NotOpened::Refused(Refused::Escape)), "{path}: {error:?}");
        }
    }

    #[test]
    fn files_and_directories_are_opened_as_before() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("in")).unwrap();
        std::fs::write(directory.path().join("file"), "content").unwrap();
        let dir = dir(directory.path(), FsPerms::ReadOnly);
        let open = |path, open_flags, flags| {
            open(&dir, &[], PathFlags::empty(), path, open_flags, flags).map_err(NotOpened::code)
        };
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
