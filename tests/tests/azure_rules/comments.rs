//! Comments of a source file that stand alone in their lines, each with the test it belongs to. What stands in a string
//! is none.

/// The lines of one comment, from the first to the last that follow each other.
#[derive(Debug, PartialEq, Eq)]
pub struct Comment {
    /// The number of the first line, from 1.
    pub line: usize,
    /// The text of each line, without the marks and the space after them.
    pub lines: Vec<String>,
    /// The function it stands in, or before where it stands in none.
    pub function: Option<Function>,
}

/// A function around a comment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Whether `#[test]` stands before it.
    pub is_test: bool,
}

/// The comments of a YAML file. They belong to the file as a whole.
pub fn of_yaml(text: &str) -> Vec<Comment> {
    let mut found = Found::default();
    for (n, line) in text.lines().enumerate() {
        if let Some(comment) = line.trim_start().strip_prefix('#') {
            found.add(n + 1, comment, None);
        }
    }
    found.comments
}

/// The comments of a Rust file.
pub fn of_rust(text: &str) -> Vec<Comment> {
    let mut found = Found::default();
    let mut code = Code::default();
    let mut rest = text;
    let mut line = 1;
    let mut alone = true;
    while let Some(first) = rest.chars().next() {
        let (length, is_comment) = token(rest, first);
        let (piece, after) = rest.split_at(length);
        if is_comment && alone {
            let marks = piece.len() - piece.trim_start_matches(['/', '!']).len();
            found.add(line, &piece[marks..], code.function());
        } else if !is_comment {
            if code.read(piece) {
                found.settle(&code.last);
            }
            alone = piece.ends_with('\n') || (alone && piece.trim().is_empty());
        }
        line += piece.matches('\n').count();
        rest = after;
    }
    found.comments
}

#[derive(Default)]
struct Found {
    comments: Vec<Comment>,
    /// From which comment on the next function is waited for.
    waiting: usize,
}

impl Found {
    fn add(&mut self, line: usize, text: &str, function: Option<Function>) {
        let text = text.strip_prefix(' ').unwrap_or(text).trim_end().to_owned();
        match self.comments.last_mut() {
            Some(last) if last.line + last.lines.len() == line => last.lines.push(text),
            _ => self.comments.push(Comment { line, lines: vec![text], function }),
        }
    }

    /// Gives a function that begins to the comments before it.
    fn settle(&mut self, function: &Function) {
        for comment in &mut self.comments[self.waiting..] {
            comment.function.get_or_insert_with(|| function.clone());
        }
        self.waiting = self.comments.len();
    }
}

/// What is known of the code so far: in which function it is.
#[derive(Default)]
struct Code {
    depth: usize,
    /// How many parentheses and square brackets are open.
    brackets: usize,
    /// The outermost function that is open, and at which depth.
    open: Option<(Function, usize)>,
    /// The function whose body is waited for.
    pending: Option<Function>,
    last: Function,
    word_before: String,
    is_test: bool,
}

impl Code {
    fn function(&self) -> Option<Function> {
        self.open.as_ref().map(|(function, _)| function.clone())
    }

    /// Reads a piece of code; says whether it is the name of a function that is in no other.
    fn read(&mut self, piece: &str) -> bool {
        match piece {
            "{" => {
                self.depth += 1;
                if let Some(function) = self.pending.take() {
                    self.open.get_or_insert((function, self.depth));
                }
            }
            "}" => {
                if self.open.as_ref().is_some_and(|(_, depth)| *depth == self.depth) {
                    self.open = None;
                }
                self.depth = self.depth.saturating_sub(1);
            }
            "(" | "[" => self.brackets += 1,
            ")" | "]" => self.brackets = self.brackets.saturating_sub(1),
            // A trait's function without a body.
            ";" if self.brackets == 0 => self.pending = None,
            _ => {}
        }
        let is_word = piece.starts_with(|c: char| c.is_alphabetic() || c == '_');
        let begins = is_word && self.word_before == "fn" && self.open.is_none();
        if begins {
            self.last = Function { name: piece.to_owned(), is_test: std::mem::take(&mut self.is_test) };
            self.pending = Some(self.last.clone());
        }
        self.is_test |= piece == "test" && self.word_before == "#[";
        if piece == "[" && self.word_before == "#" {
            self.word_before.push('[');
        } else if !piece.trim().is_empty() {
            piece.clone_into(&mut self.word_before);
        }
        begins
    }
}

/// How long the first token of a text is, and whether it is a comment that ends with its line.
fn token(text: &str, first: char) -> (usize, bool) {
    if text.starts_with("//") {
        return (text.find('\n').unwrap_or(text.len()), true);
    }
    if text.starts_with("/*") {
        return (text.find("*/").map_or(text.len(), |at| at + 2), false);
    }
    if let Some(length) = string(text) {
        return (length, false);
    }
    if first == '\'' {
        return (quoted_char(text), false);
    }
    if first.is_alphanumeric() || first == '_' {
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
        return (end.unwrap_or(text.len()), false);
    }
    (first.len_utf8(), false)
}

/// How long the string is that a text begins with.
fn string(text: &str) -> Option<usize> {
    let bare = text.strip_prefix(['b', 'c']).unwrap_or(text);
    let prefix = text.len() - bare.len();
    if let Some(raw) = bare.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let body = raw[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let length = body.find(&end).map_or(body.len(), |at| at + end.len());
        return Some(prefix + 1 + hashes + 1 + length);
    }
    let body = bare.strip_prefix('"')?;
    let mut escaped = false;
    for (at, byte) in body.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(prefix + 1 + at + 1),
            _ => {}
        }
    }
    Some(text.len())
}

/// How long the character is that a text begins with, or only its quote where it is a lifetime's.
fn quoted_char(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => {
            chars.next();
            chars.find(|(_, c)| *c == '\'').map_or(text.len(), |(at, _)| at + 1)
        }
        Some(_) => chars.next().filter(|(_, c)| *c == '\'').map_or(1, |(at, _)| at + 1),
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::{Function, of_rust, of_yaml};

    /// Text, function and whether that is a test, of each comment.
    fn comments(text: &str) -> Vec<(String, Option<(String, bool)>)> {
        let function = |it: Option<Function>| it.map(|it| (it.name, it.is_test));
        of_rust(text).into_iter().map(|it| (it.lines.join("|"), function(it.function))).collect()
    }

    fn own(text: &str, function: Option<(&str, bool)>) -> (String, Option<(String, bool)>) {
        (text.to_owned(), function.map(|(name, is_test)| (name.to_owned(), is_test)))
    }

    #[test]
    fn strings_hold_no_comments() {
        // Catches: a comment seen in a string of any kind, a string that never ends, a lifetime taken for a character.
        let text = "const A: &str = \"x\n/// in a string\n\\\"\n// still\";\n// one\nconst B: &str = r#\"\"\n// raw\n\"#;\n\
                    fn f<'a>(x: &'a str) -> char { '\"' }\n// two\nlet q = '\\''; // beside code\n/* // block\n// more */\n// three\n";
        let expected = [own("one", Some(("f", false))), own("two", None), own("three", None)];
        assert_eq!(comments(text), expected);
    }

    #[test]
    fn a_comment_knows_its_test() {
        // Catches: comments given to the function before, to a helper inside a test, or to a test when they stand in none;
        // the attribute of one function taken for the next one's.
        let text = "/// Before.\n#[test]\nfn one() {\n    // In one.\n    fn inner() {\n        // Inside.\n    }\n}\n\n\
                    trait T { fn bare(); }\nfn helper(x: [u8; 4]) {\n    // Helps.\n}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn two() {\n        \
                    if a { b(); }\n        // In two.\n        //\n        /// Goes on.\n    }\n}\n";
        let expected = [
            own("Before.", Some(("one", true))),
            own("In one.", Some(("one", true))),
            own("Inside.", Some(("one", true))),
            own("Helps.", Some(("helper", false))),
            own("In two.||Goes on.", Some(("two", true))),
        ];
        assert_eq!(comments(text), expected);
    }

    #[test]
    fn yaml_has_comments_too() {
        // Catches: a hash inside a line taken for a comment, line numbers that are off.
        let found = of_yaml("# One\n# two\nname: a # b\n  # three\n");
        let told: Vec<_> = found.iter().map(|it| (it.line, it.lines.join(" "))).collect();
        assert_eq!(told, [(1, "One two".to_owned()), (4, "three".to_owned())]);
    }
}
