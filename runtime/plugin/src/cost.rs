//! The cost of an instance apart from the memories and tables that the guest grows: globals, functions, segments and handles, each time
//! that a module is instantiated. Computed from the component's bytes, before an instance is created.
//!
//! The sizes are upper bounds of what wasmtime allocates. A component may instantiate a module many times, and may itself be instantiated
//! many times; these numbers are multiplied.

use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind,
    ComponentTypeRef, ElementItems, Encoding, Instance, Parser, Payload, Result,
};

use crate::limits::{MAX_INSTANCES, MAX_MEMORIES, MAX_TABLES};

/// The cost of each instance: the stack of its fiber, its handles, and the host's state.
const INSTANCE_BYTES: u64 = 3 << 20;
/// The cost of an instance of an empty core module.
const MODULE_BYTES: u64 = 4 << 10;
/// The cost of an instance of a component in another one.
const COMPONENT_BYTES: u64 = 2 << 10;
/// An import, export or definition of a module: a global, a reference to a function, a segment.
const ITEM_BYTES: u64 = 48;
/// A memory or a table, without its content.
const MEMORY_BYTES: u64 = 1 << 10;
/// An element of a segment, which each instance stores.
const ELEMENT_BYTES: u64 = 16;
/// A function that is lifted, lowered or built in.
const CANONICAL_BYTES: u64 = 256;

/// The stack of the fiber and its guard page.
const STACK_MAPPINGS: u64 = 2;
/// A memory: guard pages before and after it, its initial data, its accessible part and the part into which it may grow.
const MEMORY_MAPPINGS: u64 = 6;
/// From this size, the allocator requests a separate mapping from the system.
const MAPPED_ALLOCATION: u64 = 128 << 10;

/// The cost of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Bytes.
    pub(crate) bytes: u64,
    /// Mappings in the address space of the process, of which the kernel allows some ten thousands.
    pub(crate) mappings: u64,
}

impl Cost {
    /// Computes the cost of a component.
    ///
    /// # Errors
    ///
    /// It is not well-formed.
    pub(crate) fn of(wasm: &[u8]) -> Result<Self> {
        let mut walk = Walk::default();
        for payload in Parser::new(0).parse_all(wasm) {
            walk.take(payload?)?;
        }
        let Walk { whole, largest, .. } = walk;
        let mut sum = whole;
        if sum.unbounded {
            // The engine creates no more core instances than this.
            sum = largest.times(MAX_INSTANCES as u64);
        }
        sum = sum.plus(largest.times(sum.unknown_modules));
        let bytes = INSTANCE_BYTES.saturating_add(sum.bytes);
        let memories = MEMORY_MAPPINGS * sum.memories.min(MAX_MEMORIES as u64);
        let large = sum.tables.min(MAX_TABLES as u64).saturating_add(sum.bytes / MAPPED_ALLOCATION);
        Ok(Self { bytes, mappings: large.saturating_add(STACK_MAPPINGS + memories) })
    }
}

/// The cost of an instance of a module or component, as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    bytes: u64,
    memories: u64,
    tables: u64,
    /// Instances of imported modules, each of which may be any module of the file.
    unknown_modules: u64,
    /// Instances of imported components.
    unbounded: bool,
}

impl Sum {
    fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            memories: self.memories.saturating_add(other.memories),
            tables: self.tables.saturating_add(other.tables),
            unknown_modules: self.unknown_modules.saturating_add(other.unknown_modules),
            unbounded: self.unbounded | other.unbounded,
        }
    }

    fn times(self, count: u64) -> Self {
        Self {
            bytes: self.bytes.saturating_mul(count),
            memories: self.memories.saturating_mul(count),
            tables: self.tables.saturating_mul(count),
            unknown_modules: self.unknown_modules.saturating_mul(count),
            unbounded: self.unbounded && count > 0,
        }
    }

    fn add(&mut self, bytes: u64, count: u64) {
        self.bytes = self.bytes.saturating_add(bytes.saturating_mul(count));
    }
}

/// A module or component that is being read.
#[derive(Debug, Default)]
struct Frame {
    sum: Sum,
    is_module: bool,
    functions: u64,
    /// References to functions that the module may pass out: at most one for each function.
    references: u64,
    /// The index spaces. `None` for an entry that is imported or an export of an instance.
    modules: Vec<Option<Sum>>,
    components: Vec<Option<Sum>>,
}

#[derive(Debug, Default)]
struct Walk {
    frames: Vec<Frame>,
    whole: Sum,
    /// The maximum cost of the modules of the file, for each resource.
    largest: Sum,
}

impl Walk {
    fn take(&mut self, payload: Payload<'_>) -> Result<()> {
        if let Payload::Version { encoding, .. } = payload {
            let is_module = encoding == Encoding::Module;
            let bytes = if is_module { MODULE_BYTES } else { COMPONENT_BYTES };
            self.frames.push(Frame { is_module, sum: Sum { bytes, ..Sum::default() }, ..Frame::default() });
            return Ok(());
        }
        if let Payload::End(_) = payload {
            self.end();
            return Ok(());
        }
        let outer = self.frames.len();
        let Some((frame, frames)) = self.frames.split_last_mut() else { return Ok(()) };
        match payload {
            Payload::ImportSection(imports) => {
                frame.functions += u64::from(imports.count());
                frame.sum.add(ITEM_BYTES, imports.count().into());
            }
            Payload::FunctionSection(functions) => frame.functions += u64::from(functions.count()),
            Payload::GlobalSection(globals) => {
                frame.references += u64::from(globals.count());
                frame.sum.add(ITEM_BYTES, globals.count().into());
            }
            Payload::ExportSection(exports) => frame.references += u64::from(exports.count()),
            Payload::TagSection(tags) => frame.sum.add(ITEM_BYTES, tags.count().into()),
            Payload::DataSection(data) => frame.sum.add(ITEM_BYTES, data.count().into()),
            Payload::TableSection(tables) => {
                frame.sum.add(MEMORY_BYTES, tables.count().into());
                frame.sum.tables += u64::from(tables.count());
            }
            Payload::MemorySection(memories) => {
                frame.sum.add(MEMORY_BYTES, memories.count().into());
                frame.sum.memories += u64::from(memories.count());
            }
            Payload::StartSection { .. } => frame.references += 1,
            Payload::ElementSection(segments) => {
                for segment in segments {
                    let elements = match segment?.items {
                        ElementItems::Functions(functions) => functions.count(),
                        ElementItems::Expressions(_, expressions) => expressions.count(),
                    };
                    frame.references += u64::from(elements);
                    frame.sum.add(ITEM_BYTES, 1);
                    frame.sum.add(ELEMENT_BYTES, elements.into());
                }
            }
            Payload::InstanceSection(instances) => {
                for instance in instances {
                    if let Instance::Instantiate { module_index, .. } = instance? {
                        let module = frame.modules.get(module_index as usize).copied().flatten();
                        let unknown = Sum { unknown_modules: 1, ..Sum::default() };
                        frame.sum = frame.sum.plus(module.unwrap_or(unknown));
                    }
                }
            }
            Payload::ComponentInstanceSection(instances) => {
                for instance in instances {
                    if let ComponentInstance::Instantiate { component_index, .. } = instance? {
                        let component = frame.components.get(component_index as usize).copied().flatten();
                        let unknown = Sum { unbounded: true, ..Sum::default() };
                        frame.sum = frame.sum.plus(component.unwrap_or(unknown));
                    }
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases {
                    match alias? {
                        ComponentAlias::InstanceExport { kind: ComponentExternalKind::Module, .. } => {
                            frame.modules.push(None);
                        }
                        ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, .. } => {
                            frame.components.push(None);
                        }
                        ComponentAlias::Outer { kind, count, index } => {
                            let owner = (outer - 1).checked_sub(count as usize);
                            let owner = match owner {
                                Some(owner) if owner < frames.len() => frames.get(owner),
                                Some(_) => Some(&*frame),
                                None => None,
                            };
                            let index = index as usize;
                            match kind {
                                ComponentOuterAliasKind::CoreModule => {
                                    let module = owner.and_then(|frame| frame.modules.get(index).copied().flatten());
                                    frame.modules.push(module);
                                }
                                ComponentOuterAliasKind::Component => {
                                    let component =
                                        owner.and_then(|frame| frame.components.get(index).copied().flatten());
                                    frame.components.push(component);
                                }
                                ComponentOuterAliasKind::CoreType | ComponentOuterAliasKind::Type => {}
                            }
                        }
                        ComponentAlias::InstanceExport { .. } | ComponentAlias::CoreInstanceExport { .. } => {}
                    }
                }
            }
            Payload::ComponentImportSection(imports) => {
                for import in imports {
                    frame.sum.add(ITEM_BYTES, 1);
                    match import?.ty {
                        ComponentTypeRef::Module(_) => frame.modules.push(None),
                        ComponentTypeRef::Component(_) => frame.components.push(None),
                        _ => {}
                    }
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    // An export has its own index, as if it were defined again.
                    let export = export?;
                    let index = export.index as usize;
                    match export.kind {
                        ComponentExternalKind::Module => {
                            let module = frame.modules.get(index).copied().flatten();
                            frame.modules.push(module);
                        }
                        ComponentExternalKind::Component => {
                            let component = frame.components.get(index).copied().flatten();
                            frame.components.push(component);
                        }
                        _ => {}
                    }
                }
            }
            Payload::ComponentCanonicalSection(functions) => {
                for function in functions {
                    let _: CanonicalFunction = function?;
                    frame.sum.add(CANONICAL_BYTES, 1);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Ends the innermost module or component.
    fn end(&mut self) {
        let Some(mut frame) = self.frames.pop() else { return };
        if frame.is_module {
            frame.sum.add(ITEM_BYTES, frame.references.min(frame.functions));
            self.largest.bytes = self.largest.bytes.max(frame.sum.bytes);
            self.largest.memories = self.largest.memories.max(frame.sum.memories);
            self.largest.tables = self.largest.tables.max(frame.sum.tables);
        }
        match self.frames.last_mut() {
            Some(outer) if frame.is_module => outer.modules.push(Some(frame.sum)),
            Some(outer) => outer.components.push(Some(frame.sum)),
            None => self.whole = frame.sum,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(text: &str) -> Cost {
        Cost::of(&wat::parse_str(text).unwrap()).unwrap()
    }

    /// Returns a component that instantiates a module with this number of globals this number of times.
    fn globals(count: usize, instances: usize) -> String {
        let globals = "(global i32 (i32.const 1))".repeat(count);
        let instances = "(core instance (instantiate $m))".repeat(instances);
        format!("(component (core module $m {globals}) {instances})")
    }

    #[test]
    fn each_instance_of_a_module_counts() {
        let empty = cost("(component)");
        assert_eq!(cost(&globals(1000, 0)), empty, "what is not instantiated costs nothing");
        let one = cost(&globals(1000, 1)).bytes - empty.bytes;
        assert_eq!(one, MODULE_BYTES + 1000 * ITEM_BYTES);
        assert_eq!(cost(&globals(1000, 120)).bytes - empty.bytes, 120 * one);
    }

    #[test]
    fn components_within_components_multiply() {
        let once = cost(
            "(component (component $a (core module $m (memory 1)) (core instance (instantiate $m))) (instance (instantiate $a)))",
        );
        let many = cost(
            "(component
               (component $a (core module $m (memory 1)) (core instance (instantiate $m)) (core instance (instantiate $m)))
               (component $b (alias outer 1 $a (component $a)) (instance (instantiate $a)) (instance (instantiate $a)))
               (instance (instantiate $b)) (instance (instantiate $b)))",
        );
        assert_eq!(once.mappings + MEMORY_MAPPINGS * 7, many.mappings);
        assert!(many.bytes > once.bytes + 7 * MODULE_BYTES);
    }

    #[test]
    fn a_module_that_is_passed_around_counts_as_the_largest() {
        let globals = "(global i32 (i32.const 1))".repeat(500);
        let text = format!(
            "(component
               (core module $large {globals}) (core module $small)
               (component $a (import \"m\" (core module $m)) (core instance (instantiate $m)) (core instance (instantiate $m)))
               (instance (instantiate $a (with \"m\" (core module $small)))))"
        );
        assert!(cost(&text).bytes >= cost("(component)").bytes + 2 * 500 * ITEM_BYTES);
    }

    #[test]
    fn a_component_that_is_passed_around_costs_as_much_as_can_be_made() {
        let text = "(component
               (core module $m (memory 1))
               (component $a (import \"c\" (component $c)) (instance (instantiate $c)))
               (component $b)
               (instance (instantiate $a (with \"c\" (component $b)))))";
        assert_eq!(cost(text).bytes, INSTANCE_BYTES + MAX_INSTANCES as u64 * (MODULE_BYTES + MEMORY_BYTES));
    }

    #[test]
    fn elements_and_references_count() {
        let text = format!(
            "(component (core module $m (func $f) (elem func {})) (core instance (instantiate $m)))",
            "$f ".repeat(10_000)
        );
        assert!(cost(&text).bytes - cost("(component)").bytes >= 10_000 * ELEMENT_BYTES);
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        let mut wasm = wat::parse_str(globals(100, 1)).unwrap();
        wasm.truncate(wasm.len() / 2);
        assert!(Cost::of(&wasm).is_err());
    }
}
