//! The worker's own files: source offsets, and the functions that write the files of connectors and plugins. Nothing is acknowledged
//! before it is on disk, and a file that cannot be written keeps its old content.

pub mod checksummed_lines;
pub mod offsets;
pub mod own_io;
pub mod replace_file;
