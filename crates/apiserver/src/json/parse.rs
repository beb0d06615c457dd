//! A JSON parser that reports errors in Go's words and keeps order and repeated keys.
//!
//! Invariant: recursion is at most [`MAX_DEPTH`] deep.

use serde_json::Number;

use super::Tree;

/// How deep a document may nest. Clients in Rust read no deeper than 128, and one object that
/// they cannot read makes them deaf to all others of its kind.
pub(crate) const MAX_DEPTH: usize = 100;

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Syntax(pub(crate) String);

/// Parses one JSON document.
pub(crate) fn parse(input: &[u8]) -> Result<Tree, Syntax> {
    let mut parser = Parser { input, at: 0 };
    let tree = parser.value(0)?;
    parser.space();
    match parser.peek() {
        None => Ok(tree),
        Some(byte) => Err(invalid(byte, "after top-level value")),
    }
}

struct Parser<'a> {
    input: &'a [u8],
    at: usize,
}

fn invalid(byte: u8, context: &str) -> Syntax {
    Syntax(format!("invalid character {} {context}", quoted(byte)))
}

fn quoted(byte: u8) -> String {
    match byte {
        b'\'' => "'\\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        b'\n' => "'\\n'".to_owned(),
        b'\r' => "'\\r'".to_owned(),
        b'\t' => "'\\t'".to_owned(),
        0x20..=0x7e | 0x80.. => format!("'{}'", char::from(byte)),
        _ => format!("'\\x{byte:02x}'"),
    }
}

fn ended() -> Syntax {
    Syntax("unexpected end of JSON input".to_owned())
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Tree, Syntax> {
        self.space();
        match self.peek().ok_or_else(ended)? {
            byte @ (b'{' | b'[') if depth >= MAX_DEPTH => Err(invalid(byte, "exceeded max depth")),
            b'{' => self.map(depth),
            b'[' => self.list(depth),
            b'"' => self.string().map(Tree::Text),
            b't' => self.literal("true", Tree::Bool(true)),
            b'f' => self.literal("false", Tree::Bool(false)),
            b'n' => self.literal("null", Tree::Null),
            b'-' | b'0'..=b'9' => self.number(),
            byte => Err(invalid(byte, "looking for beginning of value")),
        }
    }

    fn literal(&mut self, word: &str, tree: Tree) -> Result<Tree, Syntax> {
        for (index, expected) in word.bytes().enumerate() {
            let byte = self.peek().ok_or_else(ended)?;
            if byte != expected {
                let context = format!(
                    "in literal {word} (expecting {})",
                    quoted(word.as_bytes()[index])
                );
                return Err(invalid(byte, &context));
            }
            self.at += 1;
        }
        Ok(tree)
    }

    fn map(&mut self, depth: usize) -> Result<Tree, Syntax> {
        self.at += 1;
        let mut entries = Vec::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Tree::Map(entries));
        }
        loop {
            self.space();
            match self.peek().ok_or_else(ended)? {
                b'"' => {}
                byte => return Err(invalid(byte, "looking for beginning of object key string")),
            }
            let key = self.string()?;
            self.space();
            match self.peek().ok_or_else(ended)? {
                b':' => self.at += 1,
                byte => return Err(invalid(byte, "after object key")),
            }
            let value = self.value(depth + 1)?;
            entries.push((key, value));
            self.space();
            match self.peek().ok_or_else(ended)? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(Tree::Map(entries));
                }
                byte => return Err(invalid(byte, "after object key:value pair")),
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Tree, Syntax> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Tree::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek().ok_or_else(ended)? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(Tree::List(items));
                }
                byte => return Err(invalid(byte, "after array element")),
            }
        }
    }

    fn string(&mut self) -> Result<String, Syntax> {
        self.at += 1;
        let mut text = Vec::new();
        loop {
            match self.peek().ok_or_else(ended)? {
                b'"' => {
                    self.at += 1;
                    // As Go does, bytes that are no UTF-8 become replacement characters.
                    return Ok(String::from_utf8_lossy(&text).into_owned());
                }
                b'\\' => self.escape(&mut text)?,
                byte @ 0..=0x1f => return Err(invalid(byte, "in string literal")),
                byte => {
                    text.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), Syntax> {
        self.at += 1;
        let byte = self.peek().ok_or_else(ended)?;
        self.at += 1;
        let plain = match byte {
            b'"' | b'\\' | b'/' => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => return self.unicode(text),
            _ => return Err(invalid(byte, "in string escape code")),
        };
        text.push(plain);
        Ok(())
    }

    fn unicode(&mut self, text: &mut Vec<u8>) -> Result<(), Syntax> {
        let mut code = self.hex()?;
        if (0xd800..0xdc00).contains(&code) && self.input[self.at..].starts_with(b"\\u") {
            let back = self.at;
            self.at += 2;
            let low = self.hex()?;
            if (0xdc00..0xe000).contains(&low) {
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            } else {
                self.at = back;
            }
        }
        let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    fn hex(&mut self) -> Result<u32, Syntax> {
        let mut code = 0;
        for _ in 0..4 {
            let byte = self.peek().ok_or_else(ended)?;
            let digit = char::from(byte).to_digit(16);
            code = code * 16
                + digit.ok_or_else(|| invalid(byte, "in \\u hexadecimal character escape"))?;
            self.at += 1;
        }
        Ok(code)
    }

    fn digits(&mut self, context: &str) -> Result<(), Syntax> {
        match self.peek().ok_or_else(ended)? {
            b'0'..=b'9' => {}
            byte => return Err(invalid(byte, context)),
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Tree, Syntax> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        let text = String::from_utf8_lossy(&self.input[start..self.at]);
        Ok(Tree::Number(number(&text).ok_or_else(|| {
            Syntax(format!("number {text} is out of range"))
        })?))
    }
}

/// A number from its text: whole when it can be.
pub(crate) fn number(text: &str) -> Option<Number> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Number::from(whole));
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(Number::from(whole));
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn check(input: &str) -> String {
        match parse(input.as_bytes()) {
            Ok(tree) => tree.into_value().to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn documents_are_read() {
        assert_snapshot!(check(r#" {"a":[1,-2.5e3,true,null],"b":"\u00e9\n\ud83d\ude00"} "#), @r#"{"a":[1,-2500.0,true,null],"b":"é\n😀"}"#);
    }

    #[test]
    fn errors_are_in_the_words_of_go() {
        assert_snapshot!(check("hello"), @"invalid character 'h' looking for beginning of value");
        assert_snapshot!(check("{x"), @"invalid character 'x' looking for beginning of object key string");
        assert_snapshot!(check("{\"a\":1,"), @"unexpected end of JSON input");
        assert_snapshot!(check("[1 2]"), @"invalid character '2' after array element");
        assert_snapshot!(check("nul"), @"unexpected end of JSON input");
        assert_snapshot!(check("{} {}"), @"invalid character '{' after top-level value");
    }

    #[test]
    fn depth_is_bounded() {
        assert_snapshot!(check(&"[".repeat(100_000)), @"invalid character '[' exceeded max depth");
    }
}
