//! What a worker stores: the files of a standalone worker and of plugins, and the records of the topics of a distributed worker. Nothing is
//! acknowledged before it is on disk, and a file that cannot be written keeps its old content.

pub mod checksummed_lines;
pub mod cluster;
pub mod offsets;
pub mod own_io;
pub mod replace_file;
pub mod topics;
