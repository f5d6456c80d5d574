//! What only a debugger and a panic's backtrace need of the server is most of it: it goes into a file of its own, which both find by
//! the name that stays in the server.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::process;

/// Leaves a program without its symbols, and these in a file that should lie beside it. Where a system keeps them elsewhere anyway, the
/// program is only copied.
pub(crate) fn separate(program: &Path, stripped: &Path, symbols: &Path) -> anyhow::Result<()> {
    if !cfg!(target_os = "linux") {
        std::fs::copy(program, stripped).with_context(|| format!("cannot write {}", stripped.display()))?;
        return Ok(());
    }
    process::run(objcopy().arg("--only-keep-debug").args([program, symbols]))?;
    // The link has the file's name and check sum, so the file has to be there.
    let mut link = OsString::from("--add-gnu-debuglink=");
    link.push(symbols);
    process::run(objcopy().arg("--strip-all").arg(link).args([program, stripped]))
}

/// `weir.debug` for `weir`.
pub(crate) fn symbols_of(program: &Path) -> PathBuf {
    let mut name = program.as_os_str().to_owned();
    name.push(".debug");
    name.into()
}

/// The one that comes with the compiler, which finds the compiler's libraries only if it is told where they are; or the system's.
fn objcopy() -> Command {
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"])).unwrap_or_default();
    let libraries = Path::new(sysroot.trim()).join("lib");
    let host = format!("rustlib/{}-unknown-linux-gnu/bin/rust-objcopy", std::env::consts::ARCH);
    let ours = libraries.join(host);
    if !ours.is_file() {
        return Command::new("objcopy");
    }
    let mut command = Command::new(ours);
    command.env("LD_LIBRARY_PATH", libraries);
    command
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_program_runs_without_its_symbols_and_they_are_beside_it() {
        let folder = std::env::temp_dir().join(format!("weir-xtask-symbols-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (this, stripped) = (std::env::current_exe().unwrap(), folder.join("program"));
        separate(&this, &stripped, &symbols_of(&stripped)).unwrap();
        let size = |path: &Path| path.metadata().unwrap().len();
        assert!(size(&stripped) < size(&this) / 2, "{} of {} bytes", size(&stripped), size(&this));
        assert!(size(&folder.join("program.debug")) > size(&stripped));
        let listed = Command::new(&stripped).arg("--list").output().unwrap();
        assert!(listed.status.success() && !listed.stdout.is_empty());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
