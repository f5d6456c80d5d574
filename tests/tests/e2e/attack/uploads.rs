//! Uploads that misbehave: what is no component, a component with damage, one whose code is small and takes long to compile, and one
//! that does harm when it is asked what it is.

use anyhow::{Context, Result, ensure};
use fastrand::Rng;

use super::actors::Turn;
use super::bombs;
use crate::uploads;

/// What is uploaded.
const KINDS: &[&str] = &["garbage", "cut", "flipped", "bomb", "bare bomb", "describes", "version"];

pub(super) fn act(turn: &mut Turn<'_>) -> Result<String> {
    let kind = turn.one_of(KINDS);
    let (what, bytes) = component(kind, &turn.scene.component, &mut turn.rng)?;
    turn.does(format!("uploads {what}, {} bytes", bytes.len()));
    let answer = turn.scene.rest.upload(&bytes)?;
    ensure!(answer.status != 500, "an upload was answered with 500: {}", answer.body);
    if matches!(answer.status, 200 | 201) {
        let id = answer.body["id"].as_str().context("an id")?;
        let gone = turn.scene.rest.delete(&format!("/plugins/{id}"))?;
        // Used by a connector that has chosen the highest version, or removed by the other uploader.
        ensure!(matches!(gone.status, 204 | 404 | 409), "removing it was answered with {} {}", gone.status, gone.body);
    }
    Ok(format!("{kind} {}", answer.status))
}

/// A component of this kind, with other random numbers each time.
fn component(kind: &str, hostile: &[u8], rng: &mut Rng) -> Result<(String, Vec<u8>)> {
    let mut bytes = hostile.to_vec();
    Ok(match kind {
        "garbage" => {
            let mut bytes: Vec<u8> = (0..rng.usize(..1 << 20)).map(|_| rng.u8(..)).collect();
            if rng.bool() {
                bytes.splice(..0, *b"\0asm\x0d\0\x01\0");
            }
            (kind.into(), bytes)
        }
        "cut" => {
            bytes.truncate(rng.usize(8..bytes.len()));
            (kind.into(), bytes)
        }
        "flipped" => {
            let count = rng.usize(1..20);
            for _ in 0..count {
                let at = rng.usize(8..bytes.len());
                bytes[at] ^= 1 << rng.u32(..8);
            }
            (format!("{count} flipped bits"), bytes)
        }
        // In a component that has all exports, so that nothing else is wrong with it.
        "bomb" => {
            let (what, bomb) = bombs::module(rng);
            bytes.extend(bombs::core_module(&bomb));
            (format!("bomb {what}"), bytes)
        }
        "bare bomb" => {
            let (what, bomb) = bombs::module(rng);
            (format!("bare bomb {what}"), [b"\0asm\x0d\0\x01\0", bombs::core_module(&bomb).as_slice()].concat())
        }
        "describes" => {
            let deeds =
                ["spin", "sleep", "eat-memory", "trap", "panic", "recurse", "log-1gb", "lie-nothing", "lie-twice"];
            let deed = deeds[rng.usize(..deeds.len())];
            (format!("describe does {deed}"), uploads::describing(deed)?)
        }
        _ => {
            let version = format!("version {}.{}", rng.u8(..), rng.u8(..));
            let bytes = uploads::describing(&version)?;
            (version, bytes)
        }
    })
}
