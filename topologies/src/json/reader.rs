//! From tokens to values. There is no tree of the parser's between the two: it would take as much memory again.

use super::equal::check_keys;
use super::value::{Data, Member, Number, Value};
use crate::diagnostic::Diagnostic;
use jsonc_parser::common::Range;
use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::tokens::Token;
use jsonc_parser::{Scanner, ScannerOptions};
use sim_core::source::{FileId, Span};

/// What ends the reading of a text.
pub(super) struct Wrong {
    pub what: String,
    pub range: Range,
}

/// The value of a text, if it has any. Its nesting is known to be within the limit.
pub(super) fn read(text: &str, file: FileId, equal: &mut Vec<Diagnostic>) -> Result<Option<Value>, Wrong> {
    let options = ScannerOptions {
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let mut reader = Reader { scanner: Scanner::new(text, &options), file, equal };
    let Some(first) = reader.next()? else { return Ok(None) };
    let value = reader.value(first)?;
    match reader.next()? {
        None => Ok(Some(value)),
        Some(_) => Err(reader.wrong(ParseErrorKind::MultipleRootJsonValues)),
    }
}

struct Reader<'a, 'd> {
    scanner: Scanner<'a>,
    file: FileId,
    /// What there is to say of equal keys.
    equal: &'d mut Vec<Diagnostic>,
}

impl<'a> Reader<'a, '_> {
    /// The next token that is no comment.
    fn next(&mut self) -> Result<Option<Token<'a>>, Wrong> {
        loop {
            match self.scanner.scan() {
                Ok(Some(Token::CommentLine(_) | Token::CommentBlock(_))) => {}
                Ok(token) => return Ok(token),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The value that starts with a token.
    fn value(&mut self, first: Token<'a>) -> Result<Value, Wrong> {
        let start = self.scanner.token_start();
        let data = match first {
            Token::OpenBrace => self.object()?,
            Token::OpenBracket => self.array()?,
            Token::String(text) => Data::String(text.into_owned()),
            Token::Number(text) => {
                Data::Number(text.parse().map_or_else(|_| Number::Decimal(text.to_owned()), Number::Integer))
            }
            Token::Boolean(value) => Data::Bool(value),
            Token::Null => Data::Null,
            Token::CloseBracket => return Err(self.wrong(ParseErrorKind::UnexpectedCloseBracket)),
            Token::CloseBrace => return Err(self.wrong(ParseErrorKind::UnexpectedCloseBrace)),
            Token::Comma => return Err(self.wrong(ParseErrorKind::UnexpectedComma)),
            Token::Colon => return Err(self.wrong(ParseErrorKind::UnexpectedColon)),
            Token::Word(_) => return Err(self.wrong(ParseErrorKind::UnexpectedWord)),
            Token::CommentLine(_) | Token::CommentBlock(_) => return Err(self.wrong(ParseErrorKind::UnexpectedToken)),
        };
        Ok(Value::new(self.span(start), data))
    }

    fn array(&mut self) -> Result<Data, Wrong> {
        let start = self.scanner.token_start();
        let mut items = Vec::new();
        let mut token = self.next()?;
        loop {
            match token {
                Some(Token::CloseBracket) => break,
                Some(first) => items.push(self.value(first)?),
                None => return Err(self.since(start, ParseErrorKind::UnterminatedArray)),
            }
            token = self.after_value()?;
        }
        items.shrink_to_fit();
        Ok(Data::Array(items))
    }

    fn object(&mut self) -> Result<Data, Wrong> {
        let start = self.scanner.token_start();
        let mut members = Vec::new();
        let mut token = self.next()?;
        loop {
            match token {
                Some(Token::CloseBrace) => break,
                Some(Token::String(key)) => members.push(self.member(key.into_owned())?),
                Some(Token::Word(_) | Token::Number(_) | Token::Boolean(_) | Token::Null) => {
                    return Err(self.wrong(ParseErrorKind::ExpectedStringObjectProperty));
                }
                Some(_) => return Err(self.wrong(ParseErrorKind::UnexpectedTokenInObject)),
                None => return Err(self.since(start, ParseErrorKind::UnterminatedObject)),
            }
            token = self.after_value()?;
        }
        members.shrink_to_fit();
        check_keys(&members, self.equal);
        Ok(Data::Object(members))
    }

    fn member(&mut self, key: String) -> Result<Member, Wrong> {
        let key_span = self.span(self.scanner.token_start());
        let Some(Token::Colon) = self.next()? else {
            return Err(self.wrong(ParseErrorKind::ExpectedColonAfterObjectKey));
        };
        let Some(first) = self.next()? else { return Err(self.wrong(ParseErrorKind::ExpectedObjectValue)) };
        Ok(Member { key, key_span, value: self.value(first)? })
    }

    /// What stands behind a value of a list, past the comma. A comma may be the last.
    fn after_value(&mut self) -> Result<Option<Token<'a>>, Wrong> {
        let end = self.scanner.token_end();
        match self.next()? {
            Some(Token::Comma) => self.next(),
            other @ (Some(Token::CloseBrace | Token::CloseBracket | Token::Colon) | None) => Ok(other),
            Some(_) => Err(Wrong { what: ParseErrorKind::ExpectedComma.to_string(), range: Range::new(end, end) }),
        }
    }

    /// From a place to the end of the last token.
    fn span(&self, start: usize) -> Span {
        Span::new(self.file, start, self.scanner.token_end())
    }

    /// Blames the last token.
    fn wrong(&self, kind: ParseErrorKind) -> Wrong {
        self.since(self.scanner.token_start(), kind)
    }

    fn since(&self, start: usize, kind: ParseErrorKind) -> Wrong {
        Wrong { what: kind.to_string(), range: Range::new(start, self.scanner.token_end()) }
    }
}

impl From<ParseError> for Wrong {
    fn from(error: ParseError) -> Self {
        Self { what: error.kind().to_string(), range: error.range() }
    }
}
