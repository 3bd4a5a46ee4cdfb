//! From tokens to a tree.

use std::ops::Range;

use super::lexer::{Token, tokens};
use super::{Expression, Key, Kind, MAX_EXPRESSION_DEPTH, MAX_EXPRESSION_LENGTH, Step};

/// Why a text is no expression, and which bytes of it are to blame.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SyntaxError {
    pub(crate) at: Range<usize>,
    pub(crate) message: String,
}

impl SyntaxError {
    pub(super) fn new(at: Range<usize>, message: String) -> Self {
        Self { at, message }
    }
}

/// Reads the text between the brackets.
pub(crate) fn parse(text: &str) -> Result<Expression, SyntaxError> {
    if text.chars().nth(MAX_EXPRESSION_LENGTH).is_some() {
        let message = format!("longer than the {MAX_EXPRESSION_LENGTH} characters that Azure takes");
        return Err(SyntaxError::new(0..text.len(), message));
    }
    let mut parser = Parser { tokens: tokens(text)?, next: 0, end: text.len() };
    let expression = parser.expression(0)?;
    match parser.peek() {
        None => Ok(expression),
        Some(token) => Err(parser.error(format!("{} after the end of the expression", token.describe()))),
    }
}

struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    end: usize,
}

impl Parser {
    fn expression(&mut self, depth: usize) -> Result<Expression, SyntaxError> {
        if depth >= MAX_EXPRESSION_DEPTH {
            return Err(self.error(format!("nested deeper than {MAX_EXPRESSION_DEPTH} levels")));
        }
        let base = self.primary(depth)?;
        let steps = self.steps(depth)?;
        match steps.last() {
            None => Ok(base),
            Some(last) => {
                let at = base.at.start..last.at.end;
                Ok(Expression { kind: Kind::Access { base: Box::new(base), steps }, at })
            }
        }
    }

    fn primary(&mut self, depth: usize) -> Result<Expression, SyntaxError> {
        let Some((token, at)) = self.tokens.get(self.next).cloned() else {
            return Err(self.error("a value is missing".to_owned()));
        };
        let kind = match token {
            Token::Text(text) => Kind::Text(text),
            Token::Integer(value) => Kind::Integer(value),
            Token::Decimal(text) => Kind::Decimal(text),
            Token::Name(name) => return self.call(name, at.start, depth),
            other => return Err(self.error(format!("a value is missing before {}", other.describe()))),
        };
        self.next += 1;
        Ok(Expression { kind, at })
    }

    /// `name(...)` or `namespace.name(...)`; the first name is the next token.
    fn call(&mut self, mut name: String, start: usize, depth: usize) -> Result<Expression, SyntaxError> {
        self.next += 1;
        while self.peek() == Some(&Token::Dot) {
            let Some((Token::Name(part), _)) = self.tokens.get(self.next + 1) else { break };
            name = format!("{name}.{part}");
            self.next += 2;
        }
        if self.peek() != Some(&Token::Open) {
            return Err(SyntaxError::new(
                start..self.position(),
                format!(
                    "`{name}` is no function call; write '{name}' if a string is meant, parameters('{name}') for a parameter"
                ),
            ));
        }
        self.next += 1;
        let mut arguments = Vec::new();
        if self.peek() != Some(&Token::Close) {
            arguments.push(self.expression(depth + 1)?);
            while self.peek() == Some(&Token::Comma) {
                self.next += 1;
                arguments.push(self.expression(depth + 1)?);
            }
        }
        self.expect(&Token::Close, &format!("the call of `{name}`"))?;
        Ok(Expression { kind: Kind::Call { name, arguments }, at: start..self.previous_end() })
    }

    fn steps(&mut self, depth: usize) -> Result<Vec<Step>, SyntaxError> {
        let mut steps = Vec::new();
        loop {
            let start = self.position();
            let key = match self.peek() {
                Some(Token::Dot) => {
                    self.next += 1;
                    let safe = self.take_question();
                    match self.tokens.get(self.next) {
                        Some((Token::Name(name), _)) => {
                            let name = name.clone();
                            self.next += 1;
                            (Key::Name(name), safe)
                        }
                        _ => return Err(self.error("a property name is missing after the dot".to_owned())),
                    }
                }
                Some(Token::OpenIndex) => {
                    self.next += 1;
                    let safe = self.take_question();
                    let index = self.expression(depth + 1)?;
                    self.expect(&Token::CloseIndex, "the index")?;
                    (Key::Index(index), safe)
                }
                _ => return Ok(steps),
            };
            steps.push(Step { key: key.0, safe: key.1, at: start..self.previous_end() });
        }
    }

    fn take_question(&mut self) -> bool {
        let found = self.peek() == Some(&Token::Question);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, token: &Token, what: &str) -> Result<(), SyntaxError> {
        if self.peek() == Some(token) {
            self.next += 1;
            return Ok(());
        }
        let found = self.peek().map_or("the end".to_owned(), Token::describe);
        Err(self.error(format!("{what} needs {} before {found}", token.describe())))
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    fn position(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(_, at)| at.start)
    }

    fn previous_end(&self) -> usize {
        self.next.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |(_, at)| at.end)
    }

    fn error(&self, message: String) -> SyntaxError {
        let at = self.tokens.get(self.next).map_or(self.end..self.end, |(_, at)| at.clone());
        SyntaxError::new(at, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(expression: &Expression) -> String {
        match &expression.kind {
            Kind::Text(text) => format!("'{text}'"),
            Kind::Integer(value) => value.to_string(),
            Kind::Decimal(text) => text.clone(),
            Kind::Call { name, arguments } => {
                format!("{name}({})", arguments.iter().map(shape).collect::<Vec<_>>().join(" "))
            }
            Kind::Access { base, steps } => {
                let steps = steps.iter().map(|step| {
                    let safe = if step.safe { "?" } else { "" };
                    match &step.key {
                        Key::Name(name) => format!("{safe}.{name}"),
                        Key::Index(index) => format!("{safe}[{}]", shape(index)),
                    }
                });
                format!("{}{}", shape(base), steps.collect::<String>())
            }
        }
    }

    /// Catches: a doubled quote ending a string, a dotted function name read as an access, steps lost or misordered.
    #[test]
    fn expressions_read_as_written() {
        let table = [
            ("concat('it''s', '')", "concat('it's' '')"),
            ("parameters('a').b[0].c-d", "parameters('a').b[0].c-d"),
            (" f ( -1 , 2.5 ) ", "f(-1 2.5)"),
            ("__bicep.build(1).?x[?'y']", "__bicep.build(1)?.x?['y']"),
            ("a()[b()[copyIndex()]]", "a()[b()[copyIndex()]]"),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text).map(|tree| shape(&tree)), Ok(expected.to_owned()), "{text}");
        }
    }

    /// Catches: a syntax error blamed on the wrong bytes, or accepted.
    #[test]
    fn syntax_errors_point_at_the_culprit() {
        let table = [
            ("", 0..0),
            ("f(", 2..2),
            ("f('a' 'b')", 6..9),
            ("f('a)", 2..5),
            ("f() g()", 4..5),
            ("name", 0..4),
            ("f().", 4..4),
            ("f(#)", 2..3),
            ("99999999999999999999", 0..20),
        ];
        for (text, at) in table {
            assert_eq!(parse(text).unwrap_err().at, at, "{text}");
        }
    }

    /// Catches: a stack overflow on deep nesting; a limit so low that long access chains fail.
    #[test]
    fn nesting_is_limited_but_chains_are_not() {
        let deep = "f(".repeat(10_000);
        assert!(parse(&deep).unwrap_err().message.contains("deeper"));
        assert!(parse(&format!("f(){}", ".a".repeat(5_000))).is_ok());
    }
}
