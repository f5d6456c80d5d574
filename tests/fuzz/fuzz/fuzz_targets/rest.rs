//! libFuzzer's entry to [`weir_fuzz::rest`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::rest(data));
