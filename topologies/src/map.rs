//! Maps for looking up alone: large inputs have ids by the ten thousand, long and alike at their starts.

/// A map whose order nobody sees; the same in every run.
pub(crate) type Map<K, V> = hashbrown::HashMap<K, V, foldhash::fast::FixedState>;
