//! libFuzzer's entry to [`weir_fuzz::json`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::json(data));
