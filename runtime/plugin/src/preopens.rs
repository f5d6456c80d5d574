//! `wasi:filesystem/preopens`: the granted directories, as they were opened then. wasmtime's implementation would open them again by their
//! paths, whose targets may have changed.

use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::preopens;

use crate::grants::Grants;

/// The granted directories of an instance.
pub(crate) struct Preopens<'a> {
    pub(crate) grants: &'a Grants,
    pub(crate) table: &'a mut ResourceTable,
}

/// The marker of [`Preopens`] for the linker.
pub(crate) struct HasPreopens;

impl HasData for HasPreopens {
    type Data<'a> = Preopens<'a>;
}

impl preopens::Host for Preopens<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let mut directories = Vec::with_capacity(self.grants.directories.len());
        for granted in self.grants.directories.iter() {
            // One descriptor is shared: if a guest requests the directories again, they are not opened again.
            let directory = Descriptor::Dir(granted.dir.clone());
            directories.push((self.table.push(directory)?, granted.name.clone()));
        }
        Ok(directories)
    }
}
