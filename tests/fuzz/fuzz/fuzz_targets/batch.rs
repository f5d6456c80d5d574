//! libFuzzer's entry to [`weir_fuzz::batch`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::batch(data));
