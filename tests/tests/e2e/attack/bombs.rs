//! Modules whose code is small and whose compilation is not. Small ones: what a large one does is for a test of its own.

use fastrand::Rng;

const I32: u8 = 0x7f;

const LOCAL_GET: u8 = 0x20;
const LOCAL_SET: u8 = 0x21;
const BLOCK: u8 = 0x02;
const LOOP: u8 = 0x03;
const BR_IF: u8 = 0x0d;
const BR_TABLE: u8 = 0x0e;
const END: u8 = 0x0b;
const DROP: u8 = 0x1a;
const CONST: u8 = 0x41;
const ADD: u8 = 0x6a;
const MULTIPLY: u8 = 0x6c;

/// A block type without parameters and results.
const EMPTY: u8 = 0x40;

/// One of them, and how it is called with its size.
pub(super) fn module(rng: &mut Rng) -> (String, Vec<u8>) {
    match rng.u8(..4) {
        0 => {
            let (branches, results) = (rng.usize(100..4000), rng.usize(10..800));
            (format!("{branches} branches with {results} results"), with_results(branches, results))
        }
        1 => {
            let (locals, loops) = (rng.usize(100..6000), rng.usize(10..300));
            (format!("{locals} locals in {loops} loops"), locals_in_loops(locals, loops))
        }
        2 => {
            let depth = rng.usize(100..50_000);
            (format!("{depth} nested blocks"), nested(depth))
        }
        _ => {
            let (targets, depth) = (rng.usize(100..20_000), rng.usize(100..5000));
            (format!("a table of {targets} branches out of {depth} blocks"), table(targets, depth))
        }
    }
}

/// The section that makes a module part of a component. At a component's end it changes nothing that is there before.
pub(super) fn core_module(module: &[u8]) -> Vec<u8> {
    section(1, module)
}

/// A block of many results, and many branches out of it, each of which carries them all.
fn with_results(branches: usize, results: usize) -> Vec<u8> {
    let mut code = vec![BLOCK];
    signed(1, &mut code);
    for round in 0..2 {
        for result in 0..results {
            code.extend([LOCAL_GET, 0, CONST]);
            signed((result * 7 + round) as i64, &mut code);
            code.push(MULTIPLY);
        }
        for _ in 0..branches / 2 {
            code.extend([LOCAL_GET, 0, BR_IF, 0]);
        }
        if round == 0 {
            code.extend(vec![DROP; results]);
        }
    }
    code.push(END);
    code.extend(vec![ADD; results - 1]);
    function(&[(1, 1), (0, results)], 0, code)
}

/// Loops in each other, and locals that change in the innermost.
fn locals_in_loops(locals: usize, loops: usize) -> Vec<u8> {
    let mut code = [LOOP, EMPTY].repeat(loops);
    for local in 1..=locals {
        code.push(LOCAL_GET);
        unsigned(local, &mut code);
        code.extend([CONST, 1, ADD, LOCAL_SET]);
        unsigned(local, &mut code);
    }
    code.extend([LOCAL_GET, 0, BR_IF, 0, END].repeat(loops));
    code.extend([LOCAL_GET, 0]);
    function(&[(1, 1)], locals, code)
}

fn nested(depth: usize) -> Vec<u8> {
    let mut code = [BLOCK, EMPTY].repeat(depth);
    code.extend([LOCAL_GET, 0, BR_IF, 0]);
    code.extend(vec![END; depth]);
    code.extend([LOCAL_GET, 0]);
    function(&[(1, 1)], 0, code)
}

fn table(targets: usize, depth: usize) -> Vec<u8> {
    let mut code = [BLOCK, EMPTY].repeat(depth);
    code.extend([LOCAL_GET, 0, BR_TABLE]);
    unsigned(targets, &mut code);
    for target in 0..=targets {
        unsigned(target % depth, &mut code);
    }
    code.extend(vec![END; depth]);
    code.extend([LOCAL_GET, 0]);
    function(&[(1, 1)], 0, code)
}

/// A module with these types (counts of parameters and of results) and one function, of the first of them.
fn function(types: &[(usize, usize)], locals: usize, code: Vec<u8>) -> Vec<u8> {
    let mut kinds = Vec::new();
    unsigned(types.len(), &mut kinds);
    for (parameters, results) in types {
        kinds.push(0x60);
        for count in [parameters, results] {
            unsigned(*count, &mut kinds);
            kinds.extend(vec![I32; *count]);
        }
    }
    let mut body = Vec::new();
    if locals == 0 {
        body.push(0);
    } else {
        body.push(1);
        unsigned(locals, &mut body);
        body.push(I32);
    }
    body.extend(code);
    body.push(END);
    let mut bodies = vec![1];
    unsigned(body.len(), &mut bodies);
    bodies.extend(body);
    [b"\0asm\x01\0\0\0".to_vec(), section(1, &kinds), section(3, &[1, 0]), section(10, &bodies)].concat()
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    let mut section = vec![id];
    unsigned(content.len(), &mut section);
    section.extend(content);
    section
}

/// LEB128.
fn unsigned(mut number: usize, into: &mut Vec<u8>) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

fn signed(mut number: i64, into: &mut Vec<u8>) {
    while !(-0x40..0x40).contains(&number) {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8 & 0x7f);
}
