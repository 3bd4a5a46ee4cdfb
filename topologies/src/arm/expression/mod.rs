//! The expression language inside template strings: what it looks like, as a tree.
//!
//! A string is an expression if it starts with `[`, ends with `]` and does not start with `[[` (template reference,
//! "Template expressions"; a leading `[[` stands for a literal `[`).

mod lexer;
mod parser;

use std::ops::Range;

pub(crate) use parser::{SyntaxError, parse};

/// Longest expression, in characters: Azure's own limit (template best practices, "Template limits").
pub const MAX_EXPRESSION_LENGTH: usize = 24_576;

/// Deepest nesting of calls, arguments and indices in one expression.
pub const MAX_EXPRESSION_DEPTH: usize = 64;

/// A node and the bytes of the string it came from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expression {
    pub(crate) kind: Kind,
    pub(crate) at: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Text(String),
    Integer(i64),
    /// Kept as written.
    Decimal(String),
    Call {
        name: String,
        arguments: Vec<Expression>,
    },
    /// `base.a[0].b`: all steps in one node, so that a long chain does not nest.
    Access {
        base: Box<Expression>,
        steps: Vec<Step>,
    },
}

/// One step of an access.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) key: Key,
    /// `.?` or `[?`: null instead of an error where there is nothing.
    pub(crate) safe: bool,
    pub(crate) at: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Key {
    Name(String),
    Index(Expression),
}

/// What a template string is.
pub(crate) enum Template<'t> {
    /// Means itself.
    Literal(&'t str),
    /// `[...]`: the text between the brackets; it starts at byte 1 of the string.
    Expression(&'t str),
}

/// Tells an expression from a string that means itself.
pub(crate) fn classify(text: &str) -> Template<'_> {
    match text.strip_prefix('[') {
        None => Template::Literal(text),
        Some(rest) if rest.starts_with('[') => Template::Literal(rest),
        Some(rest) => rest.strip_suffix(']').map_or(Template::Literal(text), Template::Expression),
    }
}
