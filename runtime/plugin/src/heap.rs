//! Returns freed memory to the system.
#![expect(unsafe_code, reason = "calls malloc_trim of the C library")]

/// Returns to the system what was freed. glibc would keep most of it: a component is in memory several times while it is loaded, compiled
/// code among it, and glibc returns such blocks by itself only if they are at the end of its heap.
pub(crate) async fn trim() {
    // A panic in it is not possible, and would only mean that memory was not returned.
    let _ = tokio::task::spawn_blocking(trim_now).await;
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn trim_now() {
    // SAFETY: malloc_trim has no preconditions, and may be called by any thread. It locks each part of the heap while it looks at it.
    unsafe { libc::malloc_trim(0) };
}

/// Other C libraries have no such function.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim_now() {}
