//! Tests of what plans and states become.
