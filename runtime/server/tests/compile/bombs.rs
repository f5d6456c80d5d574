//! Components that are small and valid, and cost a compiler more than any plugin.

/// A component that exports `weir:connect/plugin` and holds these core modules besides.
pub(crate) fn plugin(modules: &[Vec<u8>]) -> Vec<u8> {
    component(modules, r#"(component (instance $i) (export "weir:connect/plugin@0.2.0" (instance $i)))"#)
}

/// A component for something else that holds these core modules besides.
pub(crate) fn foreign(modules: &[Vec<u8>]) -> Vec<u8> {
    component(modules, r#"(component (instance $i) (export "wasi:cli/run@0.2.0" (instance $i)))"#)
}

fn component(modules: &[Vec<u8>], rest: &str) -> Vec<u8> {
    let rest = wat::parse_str(rest).expect("a component");
    let (head, sections) = rest.split_at(8);
    let mut bytes = head.to_vec();
    for module in modules {
        bytes.extend(section(1, module));
    }
    bytes.extend(sections);
    bytes
}

/// A block of this many results, with branches that each carry all of them.
pub(crate) fn branches(count: usize, results: usize) -> Vec<u8> {
    let values = |factor: i64| {
        let value = |index: i64| [&[0x20, 0x00, 0x41][..], &signed(index * 7 + factor), &[0x6c]].concat();
        (0..results as i64).flat_map(value).collect::<Vec<u8>>()
    };
    let branch = [0x20, 0x00, 0x0d, 0x00];
    let mut code = [&[0x02][..], &signed(1)].concat();
    code.extend(values(1));
    code.extend(branch.repeat(count / 2));
    code.extend([0x1a].repeat(results));
    code.extend(values(2));
    code.extend(branch.repeat(count / 2));
    code.push(0x0b);
    code.extend([0x6a].repeat(results - 1));
    module(&[function_type(&[I32], &[I32]), function_type(&[], &vec![I32; results])], &[], &code)
}

/// Nested loops around this many locals, each of which may have changed in each loop.
pub(crate) fn loops(locals: usize, depth: usize) -> Vec<u8> {
    let mut code = [0x03, 0x40].repeat(depth);
    for local in 1..=locals {
        let local = unsigned(local);
        code.extend([&[0x20][..], &local, &[0x41, 0x01, 0x6a, 0x21], &local].concat());
    }
    code.extend([0x20, 0x00, 0x0d, 0x00, 0x0b].repeat(depth));
    code.extend([0x20, 0x00]);
    module(&[function_type(&[I32], &[I32])], &[(locals, I32)], &code)
}

/// A component that takes minutes to compile, and little memory. Each number makes another.
pub(crate) fn slow(number: usize) -> Vec<u8> {
    plugin(&[branches(200_000 + 2 * number, 20)])
}

/// One function that computes for a long time without a branch: nothing special, only large.
pub(crate) fn large(operations: usize) -> Vec<u8> {
    let step = [0x20, 0x00, 0x41, 0x03, 0x6c, 0x41, 0x05, 0x6a, 0x73];
    let code = [&[0x20, 0x00][..], &step.repeat(operations)].concat();
    module(&[function_type(&[I32], &[I32])], &[], &code)
}

const I32: u8 = 0x7f;

fn module(types: &[Vec<u8>], locals: &[(usize, u8)], code: &[u8]) -> Vec<u8> {
    let locals: Vec<_> = locals.iter().map(|(count, kind)| [&unsigned(*count)[..], &[*kind]].concat()).collect();
    let body = [&vector(&locals)[..], code, &[0x0b]].concat();
    let body = [unsigned(body.len()), body].concat();
    [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &vector(types)),
        section(3, &vector(&[unsigned(0)])),
        section(10, &vector(&[body])),
    ]
    .concat()
}

fn function_type(parameters: &[u8], results: &[u8]) -> Vec<u8> {
    let list = |kinds: &[u8]| [unsigned(kinds.len()), kinds.to_vec()].concat();
    [vec![0x60], list(parameters), list(results)].concat()
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id][..], &unsigned(content.len()), content].concat()
}

fn vector(items: &[Vec<u8>]) -> Vec<u8> {
    [unsigned(items.len()), items.concat()].concat()
}

/// LEB128.
fn unsigned(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}

/// LEB128 with a sign.
fn signed(mut number: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (number & 0x7f) as u8;
        number >>= 7;
        if (number == 0 && byte & 0x40 == 0) || (number == -1 && byte & 0x40 != 0) {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}
