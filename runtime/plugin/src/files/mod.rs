//! `wasi:filesystem` for granted directories: wasmtime's implementation on separate threads for plugins, with a limit on open files.
//!
//! Operations that wait run on the threads of `blocking.rs`. Only regular files and directories are opened, because reading from a pipe, a
//! socket or a device may wait for ever. Buffers and lists of names count as memory of the instance.

mod entries;
mod links;
mod open;
mod stream;
mod trouble;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Handle;
use wasmtime::component::{HasData, Resource, ResourceTable, ResourceTableError};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtx, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, DirectoryEntryStream, ErrorCode,
    Filesize, HostDescriptor, HostDirectoryEntryStream, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};
use weir_data::text::bounded;

use self::entries::Entries;
use self::open::NotOpened;
use self::stream::{Reader, Writer};
use self::trouble::Refused;
pub(crate) use self::trouble::Trouble;
use crate::blocking::Blocking;
use crate::budget::{Budget, Charge};
use crate::descriptors::{Descriptors, FILES_MAX, Open};
use crate::grants::{Directory, Grants};
use crate::limits::{Limiter, Limits};

/// The cost of an open file apart from the buffers of its streams.
const FILE_BYTES: usize = 1024;
/// The buffer of a stream: the maximum size of a read or write, as in wasmtime.
const STREAM_BYTES: usize = 64 << 10;
/// The maximum number of bytes of a path that are kept for messages.
const MAX_PATH: usize = 512;

/// The files of an instance.
#[derive(Debug)]
pub(crate) struct OpenFiles {
    blocking: Blocking,
    budget: Arc<Budget>,
    descriptors: Descriptors,
    /// Open files by the handle of the descriptor. Streams share the slot, so the file is open until the last of them is closed.
    open: HashMap<u32, Arc<OpenFile>>,
    /// Files that are being closed on another thread.
    closing: Arc<AtomicUsize>,
    /// The last error in the current call.
    pub(crate) trouble: Trouble,
}

/// The slot of an open file.
#[derive(Debug)]
struct OpenFile {
    /// For messages.
    path: String,
    _place: Open,
    _memory: Charge,
}

impl OpenFiles {
    pub(crate) fn new(blocking: Blocking, budget: Arc<Budget>, limits: &Limits) -> Self {
        Self {
            blocking,
            budget,
            descriptors: Descriptors::new(limits.files_max, "files", FILES_MAX),
            open: HashMap::new(),
            closing: Arc::default(),
            trouble: Trouble::default(),
        }
    }

    /// Closes the remaining files, with their handles in this table, on a thread where closing may wait.
    pub(crate) fn close_all(&mut self, table: ResourceTable) {
        if !self.open.is_empty() {
            let open = std::mem::take(&mut self.open);
            self.close((table, open));
        }
    }

    fn close(&self, file: impl Send + 'static) {
        // Without a runtime the worker is ending.
        let Ok(runtime) = Handle::try_current() else { return };
        self.closing.fetch_add(1, Ordering::AcqRel);
        let closing = Arc::clone(&self.closing);
        runtime.spawn(self.blocking.run(move || {
            drop(file);
            closing.fetch_sub(1, Ordering::AcqRel);
        }));
    }
}

/// A view of a store for the linker.
pub(crate) struct Files<'a> {
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) files: &'a mut OpenFiles,
    pub(crate) limiter: &'a mut Limiter,
    pub(crate) grants: &'a Grants,
}

/// The marker of [`Files`] for the linker.
pub(crate) struct HasFiles;

impl HasData for HasFiles {
    type Data<'a> = Files<'a>;
}

impl Files<'_> {
    /// Calls a function of wasmtime on another thread, with a table that contains only its descriptors.
    async fn elsewhere<const N: usize, R, W>(&mut self, descriptors: [&Resource<Descriptor>; N], work: W) -> FsResult<R>
    where
        R: Send + 'static,
        W: AsyncFnOnce(&mut WasiFilesystemCtxView<'_>, [Resource<Descriptor>; N]) -> FsResult<R> + Send + 'static,
    {
        let mut copies = Vec::with_capacity(N);
        for descriptor in descriptors {
            copies.push(self.table.get(descriptor)?.clone());
        }
        let on_thread = move || {
            let (mut table, mut ctx) = (ResourceTable::new(), WasiFilesystemCtx::default());
            let handles = copies.into_iter().map(|copy| table.push(copy)).collect::<Result<Vec<_>, _>>()?;
            let handles = handles.try_into().map_err(|_| FsError::trap(ResourceTableError::NotPresent))?;
            // The descriptors are configured to be used on the current thread, so this does not wait.
            Handle::current().block_on(work(&mut WasiFilesystemCtxView { ctx: &mut ctx, table: &mut table }, handles))
        };
        self.files.blocking.run(on_thread).await
    }

    /// Returns the granted directory of this descriptor, if it is one.
    fn granted(&self, fd: &Resource<Descriptor>) -> Option<&Directory> {
        let Ok(Descriptor::Dir(dir)) = self.table.get(fd) else { return None };
        self.grants.directories.iter().find(|directory| Arc::ptr_eq(&directory.dir.dir, &dir.dir))
    }

    /// Returns the name of a path from this descriptor in messages.
    fn name(&self, fd: &Resource<Descriptor>, path: &str) -> String {
        match self.granted(fd) {
            Some(directory) => {
                Path::new(&directory.name).join(bounded(path.to_owned(), MAX_PATH)).display().to_string()
            }
            None => bounded(path.to_owned(), MAX_PATH),
        }
    }

    /// Like [`Files::elsewhere`], for an operation on a path. If the path leads out of the directory, it may contain an absolute link to a
    /// place in the directory, and the operation is tried again without such links.
    async fn at<R, W>(&mut self, fd: Resource<Descriptor>, how: PathFlags, path: String, work: W) -> FsResult<R>
    where
        R: Send + 'static,
        W: AsyncFnOnce(&mut WasiFilesystemCtxView<'_>, Resource<Descriptor>, String) -> FsResult<R>,
        W: Clone + Send + 'static,
    {
        let (again, first) = (work.clone(), path.clone());
        let done = self.elsewhere([&fd], async move |fs, [fd]| work(fs, fd, first).await).await;
        let Descriptor::Dir(dir) = self.table.get(&fd)? else { return done };
        if !matches!(&done, Err(error) if matches!(error.downcast_ref(), Some(ErrorCode::NotPermitted))) {
            return done;
        }
        let (read_only, dir) = (dir.perms.write_not_permitted(), Arc::clone(&dir.dir));
        let names = self.granted(&fd).map_or_else(Arc::default, |directory| Arc::clone(&directory.paths));
        let (name, follow) = (self.name(&fd, &path), how.contains(PathFlags::SYMLINK_FOLLOW));
        let look = move || {
            let path = Path::new(&path);
            open::leads_out(&dir, path, follow).then(|| links::rewrite(&dir, &names, path, follow))
        };
        match self.files.blocking.run(look).await {
            Some(Some(path)) => {
                let path = path.to_string_lossy().into_owned();
                return self.elsewhere([&fd], async move |fs, [fd]| again(fs, fd, path).await).await;
            }
            Some(_) => self.files.trouble.note(&name, Refused::Escape),
            None if read_only => self.files.trouble.note(&name, Refused::ReadOnly),
            None => {}
        }
        done
    }

    /// Returns a slot for another open file.
    async fn place(&mut self, path: String) -> FsResult<Arc<OpenFile>> {
        loop {
            let full = match (self.files.descriptors.open(), self.files.budget.charge(FILE_BYTES)) {
                (Ok(place), Some(memory)) => return Ok(Arc::new(OpenFile { path, _place: place, _memory: memory })),
                (Err(full), _) => full,
                (Ok(_), None) => self.limiter.memory_limit(),
            };
            if self.files.closing.load(Ordering::Acquire) == 0 {
                self.files.trouble.note(&path, format_args!("{full} reached"));
                self.limiter.refuse_call(full);
                return Err(ErrorCode::Quota.into());
            }
            // Slots will become free when closing files have been closed. Waits at most until the deadline.
            self.files.blocking.run(|| ()).await;
            tokio::task::yield_now().await;
        }
    }

    /// Returns the file of a descriptor, its slot, and memory for the buffer of a stream.
    fn for_stream(&mut self, fd: &Resource<Descriptor>) -> FsResult<stream::Opened> {
        let Descriptor::File(file) = self.table.get(fd)? else { return Err(ErrorCode::IsDirectory.into()) };
        let place = self.files.open.get(&fd.rep()).cloned();
        let Some(memory) = self.files.budget.charge(STREAM_BYTES) else {
            let full = self.limiter.memory_limit();
            let path = place.as_ref().map_or("a file", |place| &place.path);
            self.files.trouble.note(path, format_args!("{full} reached"));
            self.limiter.refuse_call(full);
            return Err(ErrorCode::InsufficientMemory.into());
        };
        Ok(stream::Opened {
            file: Arc::clone(&file.file),
            writable: !file.perms.write_not_permitted(),
            blocking: self.files.blocking.clone(),
            place,
            trouble: self.files.trouble.clone(),
            _memory: memory,
        })
    }
}

impl types::Host for Files<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn filesystem_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        // The guest gets the cause and reports it itself.
        self.files.trouble.forget();
        types::Host::filesystem_error_code(
            &mut WasiFilesystemCtxView { ctx: &mut WasiFilesystemCtx::default(), table: self.table },
            error,
        )
    }
}

impl HostDescriptor for Files<'_> {
    async fn advise(&mut self, fd: Resource<Descriptor>, from: Filesize, len: Filesize, how: Advice) -> FsResult<()> {
        self.elsewhere([&fd], async move |fs, [fd]| fs.advise(fd, from, len, how).await).await
    }

    async fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.elsewhere([&fd], async move |fs, [fd]| fs.sync_data(fd).await).await
    }

    async fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorFlags> {
        self.elsewhere([&fd], async move |fs, [fd]| fs.get_flags(fd).await).await
    }

    async fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorType> {
        self.elsewhere([&fd], async move |fs, [fd]| fs.get_type(fd).await).await
    }

    async fn set_size(&mut self, fd: Resource<Descriptor>, size: Filesize) -> FsResult<()> {
        self.elsewhere([&fd], async move |fs, [fd]| fs.set_size(fd, size).await).await
    }

    async fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        self.elsewhere([&fd], async move |fs, [fd]| fs.set_times(fd, accessed, modified).await).await
    }

    async fn read(&mut self, fd: Resource<Descriptor>, len: Filesize, from: Filesize) -> FsResult<(Vec<u8>, bool)> {
        self.elsewhere([&fd], async move |fs, [fd]| fs.read(fd, len, from).await).await
    }

    async fn write(&mut self, fd: Resource<Descriptor>, bytes: Vec<u8>, at: Filesize) -> FsResult<Filesize> {
        self.elsewhere([&fd], async move |fs, [fd]| fs.write(fd, bytes, at).await).await
    }

    async fn read_directory(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DirectoryEntryStream>> {
        let Descriptor::Dir(dir) = self.table.get(&fd)? else { return Err(ErrorCode::NotDirectory.into()) };
        let (dir, budget) = (Arc::clone(&dir.dir), Arc::clone(&self.files.budget));
        let entries = self.files.blocking.run(move || Entries::read(&dir, &budget)).await?;
        let Some(entries) = entries else {
            self.limiter.refuse_call(self.limiter.memory_limit());
            return Err(ErrorCode::InsufficientMemory.into());
        };
        // The handle has wasmtime's type; it is used only below.
        Ok(Resource::new_own(self.table.push(entries)?.rep()))
    }

    async fn sync(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.elsewhere([&fd], async move |fs, [fd]| fs.sync(fd).await).await
    }

    async fn create_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.at(fd, PathFlags::empty(), path, async move |fs, fd, path| fs.create_directory_at(fd, path).await).await
    }

    async fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        self.elsewhere([&fd], async move |fs, [fd]| fs.stat(fd).await).await
    }

    async fn stat_at(&mut self, fd: Resource<Descriptor>, flags: PathFlags, path: String) -> FsResult<DescriptorStat> {
        self.at(fd, flags, path, async move |fs, fd, path| fs.stat_at(fd, flags, path).await).await
    }

    async fn set_times_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let work = async move |fs: &mut WasiFilesystemCtxView<'_>, fd, path| {
            fs.set_times_at(fd, flags, path, accessed, modified).await
        };
        self.at(fd, flags, path, work).await
    }

    async fn link_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        old_path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        let work = async move |fs: &mut WasiFilesystemCtxView<'_>, [fd, new_fd]: [_; 2]| {
            fs.link_at(fd, flags, old_path, new_fd, new_path).await
        };
        self.elsewhere([&fd, &new_fd], work).await
    }

    async fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let Descriptor::Dir(dir) = self.table.get(&fd)?.clone() else { return Err(ErrorCode::NotDirectory.into()) };
        let place = self.place(self.name(&fd, &path)).await?;
        let names = self.granted(&fd).map_or_else(Arc::default, |directory| Arc::clone(&directory.paths));
        let opening = move || open::open(&dir, &names, path_flags, &path, open_flags, flags);
        let opened = self.files.blocking.run(opening).await.map_err(|error| {
            if let NotOpened::Refused(cause) = &error {
                self.files.trouble.note(&place.path, cause);
            }
            error.code()
        })?;
        let fd = self.table.push(opened)?;
        self.files.open.insert(fd.rep(), place);
        Ok(fd)
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        let place = self.files.open.remove(&fd.rep());
        let descriptor = self.table.delete(fd)?;
        // A granted directory has no slot and stays open.
        if place.is_some() {
            self.files.close((descriptor, place));
        }
        Ok(())
    }

    async fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        self.at(fd, PathFlags::empty(), path, async move |fs, fd, path| fs.readlink_at(fd, path).await).await
    }

    async fn remove_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.at(fd, PathFlags::empty(), path, async move |fs, fd, path| fs.remove_directory_at(fd, path).await).await
    }

    async fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        old_path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        let work = async move |fs: &mut WasiFilesystemCtxView<'_>, [fd, new_fd]: [_; 2]| {
            fs.rename_at(fd, old_path, new_fd, new_path).await
        };
        self.elsewhere([&fd, &new_fd], work).await
    }

    async fn symlink_at(&mut self, fd: Resource<Descriptor>, target: String, path: String) -> FsResult<()> {
        self.elsewhere([&fd], async move |fs, [fd]| fs.symlink_at(fd, target, path).await).await
    }

    async fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.at(fd, PathFlags::empty(), path, async move |fs, fd, path| fs.unlink_file_at(fd, path).await).await
    }

    fn read_via_stream(&mut self, fd: Resource<Descriptor>, from: Filesize) -> FsResult<Resource<DynInputStream>> {
        let reader: DynInputStream = Box::new(Reader::new(self.for_stream(&fd)?, from));
        Ok(self.table.push(reader)?)
    }

    fn write_via_stream(&mut self, fd: Resource<Descriptor>, from: Filesize) -> FsResult<Resource<DynOutputStream>> {
        self.writer(&fd, Some(from))
    }

    fn append_via_stream(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DynOutputStream>> {
        self.writer(&fd, None)
    }

    async fn is_same_object(&mut self, a: Resource<Descriptor>, b: Resource<Descriptor>) -> wasmtime::Result<bool> {
        let work = async move |fs: &mut WasiFilesystemCtxView<'_>, [a, b]: [_; 2]| {
            fs.is_same_object(a, b).await.map_err(FsError::trap)
        };
        let same = self.elsewhere([&a, &b], work).await;
        same.or_else(|error| Err(error.downcast()?.into()))
    }

    async fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        self.elsewhere([&fd], async move |fs, [fd]| fs.metadata_hash(fd).await).await
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        self.at(fd, flags, path, async move |fs, fd, path| fs.metadata_hash_at(fd, flags, path).await).await
    }
}

impl Files<'_> {
    /// Returns a stream that writes from this position, or at the end.
    fn writer(&mut self, fd: &Resource<Descriptor>, from: Option<Filesize>) -> FsResult<Resource<DynOutputStream>> {
        if let Descriptor::Dir(_) = self.table.get(fd)? {
            return Err(ErrorCode::BadDescriptor.into());
        }
        let opened = self.for_stream(fd)?;
        if !opened.writable {
            return Err(ErrorCode::NotPermitted.into());
        }
        let writer: DynOutputStream = Box::new(Writer::new(opened, from));
        Ok(self.table.push(writer)?)
    }
}

/// Returns the table's entry for the handle of a list of names.
fn entries(stream: &Resource<DirectoryEntryStream>) -> Resource<Entries> {
    Resource::new_own(stream.rep())
}

impl HostDirectoryEntryStream for Files<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        self.table.get_mut(&entries(&stream))?.next().transpose()
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.table.delete(entries(&stream))?;
        Ok(())
    }
}
