//! How Java prints values, for the converters that write what `toString` gives.
