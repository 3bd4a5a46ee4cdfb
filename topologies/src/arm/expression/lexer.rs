//! Cuts an expression into tokens.

use std::ops::Range;

use super::SyntaxError;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Text(String),
    Integer(i64),
    Decimal(String),
    Open,
    Close,
    OpenIndex,
    CloseIndex,
    Comma,
    Dot,
    Question,
}

impl Token {
    /// For messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Name(name) => format!("`{name}`"),
            Self::Text(text) => format!("the string '{}'", text.chars().take(40).collect::<String>()),
            Self::Integer(value) => format!("`{value}`"),
            Self::Decimal(text) => format!("`{text}`"),
            Self::Open => "`(`".to_owned(),
            Self::Close => "`)`".to_owned(),
            Self::OpenIndex => "`[`".to_owned(),
            Self::CloseIndex => "`]`".to_owned(),
            Self::Comma => "`,`".to_owned(),
            Self::Dot => "`.`".to_owned(),
            Self::Question => "`?`".to_owned(),
        }
    }
}

/// All tokens of `text`, each with its bytes.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, Range<usize>)>, SyntaxError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        let start = at;
        at += character.len_utf8();
        let token = match character {
            space if space.is_whitespace() => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            '[' => Token::OpenIndex,
            ']' => Token::CloseIndex,
            ',' => Token::Comma,
            '.' => Token::Dot,
            '?' => Token::Question,
            '\'' => {
                let (value, end) = string(text, start)?;
                at = end;
                Token::Text(value)
            }
            '-' | '+' | '0'..='9' => {
                at = start + 1 + length(&text[at..], |next| next.is_ascii_digit() || next == '.');
                number(&text[start..at], start..at)?
            }
            first if first.is_alphabetic() || matches!(first, '_' | '$') => {
                at = start + length(&text[start..], |next| next.is_alphanumeric() || matches!(next, '_' | '$' | '-'));
                Token::Name(text[start..at].to_owned())
            }
            other => {
                return Err(SyntaxError::new(start..at, format!("the character {other:?} means nothing here")));
            }
        };
        tokens.push((token, start..at));
    }
    Ok(tokens)
}

/// The string that opens at `start`, and where it ends. A quote inside is written twice.
fn string(text: &str, start: usize) -> Result<(String, usize), SyntaxError> {
    let mut value = String::new();
    let mut at = start + 1;
    loop {
        let Some(length) = text[at..].find('\'') else {
            return Err(SyntaxError::new(start..text.len(), "this string has no closing quote".to_owned()));
        };
        value.push_str(&text[at..at + length]);
        at += length + 1;
        if !text[at..].starts_with('\'') {
            return Ok((value, at));
        }
        value.push('\'');
        at += 1;
    }
}

fn number(text: &str, at: Range<usize>) -> Result<Token, SyntaxError> {
    if let Ok(value) = text.parse() {
        return Ok(Token::Integer(value));
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && text.contains('.') => Ok(Token::Decimal(text.to_owned())),
        _ => Err(SyntaxError::new(at, format!("`{text}` is no number of 64 bits"))),
    }
}

fn length(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|next| !belongs(next)).unwrap_or(text.len())
}
