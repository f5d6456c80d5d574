//! Worker keys: where plugins are found, and their limits and grants.

use super::super::check::Check;
use super::super::key::{Fallback, Section, Usage};
use super::super::types::Type;
use super::define::{AT_LEAST_0, AT_LEAST_1, UP_TO_A_DAY, key};

use Fallback::{Computed, Value};
use Type::{Boolean, Int, List, Long, String};
use Usage::{Ignored, Used};

pub(super) const SECTION: Section = Section {
    title: "Plugins",
    intro: "Plugins are loaded from the directories of `plugin.path` at start, and from `POST /plugins`, after which they are \
            available at once. Limits and grants apply to each task of a connector. A connector's own configuration may lower \
            `weir.task.memory.max` and `weir.call.timeout.ms`, but not raise them.",
    keys: &[
        key(
            "plugin.path",
            List,
            Computed("the directory `plugins` next to the program, which contains the components that ship with Weir"),
            Used,
            "Directories with components: `*.wasm` in the directory itself or one level below. Directories that do not exist are \
             skipped. If the key is set, the components that ship with Weir are found only if their directory is listed too.",
        ),
        key(
            "plugin.discovery",
            String,
            Value("hybrid_warn"),
            Ignored("a component describes its own contents, so there is nothing to scan for"),
            "How plugins are discovered.",
        )
        .checked(&[Check::OneOfIgnoringCase(&["only_scan", "hybrid_warn", "hybrid_fail", "service_load"])]),
        key(
            "weir.plugin.store",
            String,
            Computed("`weir-plugins` in the directory of the `offset.storage.file.filename` file"),
            Used,
            "Directory for uploaded components. It and its parent directories must belong to the worker's user or root, and must not \
             be writable by anyone else.",
        ),
        key(
            "weir.plugin.cache",
            String,
            Computed("`cache` in the directory of `weir.plugin.store`"),
            Used,
            "Directory for compiled components. It may be deleted at any time; missing components are compiled again. It must belong \
             to the worker's user, and neither it nor its parent directories may be writable by anyone else. Its contents are \
             authenticated with a key that is stored in it.",
        ),
        key(
            "weir.plugin.max.bytes",
            Long,
            Value("67108864"),
            Used,
            "Maximum size of an uploaded component, in bytes. Larger uploads are answered with 413.",
        )
        .checked(AT_LEAST_1),
        key(
            "weir.plugin.uploads.max",
            Int,
            Value("4"),
            Used,
            "Maximum number of concurrent uploads. Each is written to disk in `weir.plugin.store` until it is complete, for which it \
             has 10 minutes. Further uploads are answered with 503.",
        )
        .checked(AT_LEAST_1),
        key(
            "weir.plugin.upload.override",
            Boolean,
            Value("false"),
            Used,
            "Whether an uploaded component may contain classes that are on `plugin.path`. If `true`, the latest version is used, \
             regardless of its origin. If `false`, such an upload is answered with 409.",
        ),
        key(
            "weir.plugin.compile.memory.max",
            Long,
            Value("1073741824"),
            Used,
            "Maximum memory for compiling one component, in bytes. Components are compiled in a child process; a component that \
             needs more is refused.",
        )
        .checked(&[Check::Range(Some(67108864), None)]),
        key(
            "weir.plugin.compile.cpu.ms",
            Long,
            Value("120000"),
            Used,
            "Maximum processor time for compiling one component, for all threads together, in milliseconds; rounded up to whole \
             seconds. A component that needs more is refused.",
        )
        .checked(UP_TO_A_DAY),
        key(
            "weir.plugin.compile.timeout.ms",
            Long,
            Value("60000"),
            Used,
            "Maximum time for compiling one component, in milliseconds. A component that takes longer is refused.",
        )
        .checked(UP_TO_A_DAY),
        key(
            "weir.plugin.compile.parallel",
            Int,
            Value("1"),
            Used,
            "Number of components that are compiled concurrently. Each may use the memory of `weir.plugin.compile.memory.max`.",
        )
        .checked(AT_LEAST_1),
        key(
            "weir.plugin.compile.queue.max",
            Int,
            Value("8"),
            Used,
            "Maximum number of uploads that wait for compilation. Further uploads are answered with 503. If a client disconnects, \
             its upload is not compiled.",
        )
        .checked(AT_LEAST_0),
        key(
            "weir.plugin.compile.queue.timeout.ms",
            Long,
            Value("30000"),
            Used,
            "Maximum time that an upload waits for compilation, in milliseconds. After that, it is answered with 503.",
        )
        .checked(UP_TO_A_DAY),
        key(
            "weir.task.memory.max",
            Long,
            Value("268435456"),
            Used,
            "Memory limit for each plugin instance, in bytes: its linear memory and its overhead in the worker (3 MiB for its stack \
             and handles, globals, functions, tables, and buffers of open files and sockets). If a plugin exceeds it, its task \
             fails; a transform or predicate first gets the records again in smaller batches. The keys, values and headers of a \
             batch have at most a sixteenth of it, unless a single record is larger.",
        )
        .checked(&[Check::Range(Some(65536), Some(4294967296))]),
        key(
            "weir.task.memory.request.max",
            Long,
            Value("536870912"),
            Used,
            "Highest memory limit, in bytes, for an instance of a plugin whose description states how much memory it needs \
             (attribute `memory`). Such a plugin gets what it states instead of `weir.task.memory.max`, up to the larger of the two \
             keys, unless the connector's configuration lowers `weir.task.memory.max`.",
        )
        .checked(&[Check::Range(Some(65536), Some(4294967296))]),
        key(
            "weir.task.files.max",
            Int,
            Value("256"),
            Used,
            "Maximum number of files and directories that each plugin instance may have open. Opening more fails with `quota`. All \
             plugins together may use half of the process's file descriptors (`ulimit -n`).",
        )
        .checked(AT_LEAST_1),
        key(
            "weir.task.sockets.max",
            Int,
            Value("64"),
            Used,
            "Maximum number of sockets that each plugin instance may have open. Opening more fails with `new-socket-limit`.",
        )
        .checked(AT_LEAST_1),
        key(
            "weir.instances.max",
            Int,
            Computed("as many as fit in half of the kernel's `vm.max_map_count`, with 12 mappings each"),
            Used,
            "Maximum number of plugin instances at the same time. A connector has one instance; each of its tasks has one for the \
             connector's plugin and one for each chain of transforms. A task that would need one more fails.",
        )
        .checked(AT_LEAST_1),
        key(
            "weir.call.timeout.ms",
            Long,
            Value("60000"),
            Used,
            "Maximum time for one call of a plugin, in milliseconds. If a plugin takes longer, its task fails.",
        )
        .checked(AT_LEAST_1),
        key(
            "weir.plugin.log.bytes.per.second",
            Long,
            Value("65536"),
            Used,
            "Bytes per second that the plugins of a connector may write to the log, for all of its tasks together; after a pause, up \
             to 16 times as many at once. Lines beyond the limit are dropped and counted, and a log line reports how many.",
        )
        .checked(AT_LEAST_1),
        key(
            "weir.allow.read",
            List,
            Value(""),
            Used,
            "Directories that plugins may be granted permission to read, including everything below them. A plugin gets only the \
             part that its connector's configuration asks for. Symbolic links are followed once, at start. The directories must be \
             separate from the worker's own files; see [security.md](security.md#the-workers-own-files).",
        ),
        key(
            "weir.allow.write",
            List,
            Value(""),
            Used,
            "Directories in which plugins may be granted permission to read, write and delete. As for `weir.allow.read`, they must \
             be separate from the worker's own files.",
        ),
        key(
            "weir.allow.connect",
            List,
            Value(""),
            Used,
            "`host:port` pairs that plugins may be granted permission to connect to. `*` as the first label of the host matches any \
             names (`*.internal:5432`), `*` as the port matches any port. Addresses of this machine (127.0.0.1, `[::1]`), link-local \
             addresses and those of metadata services must be listed as addresses, even if an allowed name resolves to them; see \
             [security.md](security.md#names-that-lead-to-this-machine).",
        ),
    ],
};
