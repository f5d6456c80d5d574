//! The worker's own files: source offsets, and what the files of connectors and plugins are written with. Nothing is acknowledged
//! before it is on disk, and a file that cannot be written keeps its old content.

pub mod hashed_lines;
pub mod offsets;
pub mod own_io;
pub mod replace_file;
