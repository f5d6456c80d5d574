//! `wasi:filesystem/preopens`: the directories that were granted, as they were opened then. wasmtime's own would open them again, by a
//! path that may lead elsewhere by now.

use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::preopens;

use crate::grants::Grants;

/// The granted directories of an instance.
pub(crate) struct Preopens<'a> {
    pub(crate) grants: &'a Grants,
    pub(crate) table: &'a mut ResourceTable,
}

/// Marker of [`Preopens`] for the linker.
pub(crate) struct HasPreopens;

impl HasData for HasPreopens {
    type Data<'a> = Preopens<'a>;
}

impl preopens::Host for Preopens<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let mut directories = Vec::with_capacity(self.grants.folders.len());
        for folder in self.grants.folders.iter() {
            // One descriptor for all: what a guest asks for again is not opened again.
            let directory = Descriptor::Dir(folder.dir.clone());
            directories.push((self.table.push(directory)?, folder.name.clone()));
        }
        Ok(directories)
    }
}
