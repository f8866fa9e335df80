//! Text into the tree of a script. What is not known is an error that names it.

use super::words::{Command, Joint, List, Piece, Pipeline, Redirect, Word};

/// How deep things are nested at most.
const DEPTH: usize = 40;

const CLOSING: [&str; 8] = ["then", "else", "elif", "fi", "do", "done", "}", ")"];

/// A reader of a script.
struct Parser {
    text: Vec<char>,
    at: usize,
    depth: usize,
}

/// Parse a script.
///
/// # Errors
/// What was expected, or is not known.
pub fn parse(text: &str) -> Result<List, String> {
    let mut parser = Parser { text: text.chars().collect(), at: 0, depth: 0 };
    let list = parser.list()?;
    match parser.peek() {
        None => Ok(list),
        Some(found) => Err(format!("unexpected `{found}`")),
    }
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn starts(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(at, one)| self.text.get(self.at + at) == Some(&one))
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.starts(text);
        if found {
            self.at += text.chars().count();
        }
        found
    }

    /// Blanks, continued lines and comments.
    fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.text.get(self.at + 1) == Some(&'\n') => self.at += 2,
                Some('#') => {
                    while self.peek().is_some_and(|one| one != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    /// What separates commands.
    fn separators(&mut self) {
        loop {
            self.blanks();
            match self.peek() {
                Some('\n') => self.at += 1,
                Some(';') if !self.starts(";;") => self.at += 1,
                _ => return,
            }
        }
    }

    /// The plain word that comes next, without taking it.
    fn next_word(&self) -> String {
        let rest = &self.text[self.at.min(self.text.len())..];
        match rest.first() {
            Some(one @ (')' | '(')) => one.to_string(),
            _ => rest.iter().take_while(|one| !" \t\r\n;&|<>()".contains(**one)).collect(),
        }
    }

    fn keyword(&mut self, word: &str) -> bool {
        self.blanks();
        let found = self.next_word() == word;
        if found {
            self.at += word.chars().count();
        }
        found
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        self.separators();
        if self.keyword(word) { Ok(()) } else { Err(format!("expected `{word}`, found `{}`", self.next_word())) }
    }

    fn list(&mut self) -> Result<List, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("too deeply nested".to_owned());
        }
        let mut list = Vec::new();
        let mut joint = Joint::Always;
        loop {
            self.separators();
            if self.peek().is_none() || CLOSING.contains(&self.next_word().as_str()) {
                break;
            }
            list.push((joint, self.pipeline()?));
            self.blanks();
            joint = match () {
                () if self.take("&&") => Joint::And,
                () if self.take("||") => Joint::Or,
                () if self.peek() == Some('&') => return Err("commands in the background are not known".to_owned()),
                () => Joint::Always,
            };
        }
        self.depth -= 1;
        if joint != Joint::Always {
            return Err("expected a command after `&&` or `||`".to_owned());
        }
        Ok(list)
    }

    fn pipeline(&mut self) -> Result<Pipeline, String> {
        let negated = self.keyword("!");
        let mut commands = vec![self.command()?];
        loop {
            self.blanks();
            if self.starts("||") || !self.take("|") {
                return Ok(Pipeline { negated, commands });
            }
            self.separators();
            commands.push(self.command()?);
        }
    }

    fn command(&mut self) -> Result<(Command, Vec<Redirect>), String> {
        self.blanks();
        let command = match self.next_word().as_str() {
            "if" => self.condition()?,
            word @ ("while" | "until") => {
                self.at += 5;
                let condition = self.list()?;
                Command::Loop(word == "until", condition, self.body()?)
            }
            "for" => self.each()?,
            "{" => self.group("{", "}")?,
            "(" => self.group("(", ")")?,
            word @ ("case" | "function" | "select" | "time" | "[[") => return Err(format!("`{word}` is not known")),
            _ => return self.simple(),
        };
        let mut redirects = Vec::new();
        while let Some(redirect) = self.redirect()? {
            redirects.push(redirect);
        }
        Ok((command, redirects))
    }

    fn group(&mut self, open: &str, close: &str) -> Result<Command, String> {
        self.at += open.len();
        let list = self.list()?;
        self.expect(close)?;
        Ok(Command::Group(list))
    }

    fn body(&mut self) -> Result<List, String> {
        self.expect("do")?;
        let list = self.list()?;
        self.expect("done")?;
        Ok(list)
    }

    fn condition(&mut self) -> Result<Command, String> {
        self.at += 2;
        let mut branches = Vec::new();
        loop {
            let condition = self.list()?;
            self.expect("then")?;
            branches.push((condition, self.list()?));
            self.separators();
            if self.keyword("elif") {
                continue;
            }
            let otherwise = if self.keyword("else") { self.list()? } else { Vec::new() };
            self.expect("fi")?;
            return Ok(Command::If(branches, otherwise));
        }
    }

    fn each(&mut self) -> Result<Command, String> {
        self.at += 3;
        self.blanks();
        let name = self.next_word();
        self.at += name.chars().count();
        let mut words = Vec::new();
        if self.keyword("in") {
            loop {
                self.blanks();
                match self.word()? {
                    word if word.is_empty() => break,
                    word => words.push(word),
                }
            }
        } else {
            words.push(vec![Piece::Parameter("@".to_owned(), true, None)]);
        }
        Ok(Command::For(name, words, self.body()?))
    }

    fn simple(&mut self) -> Result<(Command, Vec<Redirect>), String> {
        let (mut variables, mut words, mut redirects) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            self.blanks();
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
                continue;
            }
            let word = self.word()?;
            if word.is_empty() {
                break;
            }
            match assignment(&word).filter(|_| words.is_empty()) {
                Some(pair) => variables.push(pair),
                None => words.push(word),
            }
        }
        if variables.is_empty() && words.is_empty() && redirects.is_empty() {
            let found = self.peek().map_or_else(|| "the end".to_owned(), |one| format!("`{one}`"));
            return Err(format!("expected a command, found {found}"));
        }
        Ok((Command::Simple(variables, words), redirects))
    }

    fn redirect(&mut self) -> Result<Option<Redirect>, String> {
        self.blanks();
        let start = self.at;
        let channel = match self.peek() {
            Some(digit @ '0'..='2') if matches!(self.text.get(self.at + 1), Some('<' | '>')) => {
                self.at += 1;
                digit.to_digit(10).and_then(|digit| u8::try_from(digit).ok())
            }
            _ => None,
        };
        if self.take("<<<") {
            return self.target().map(|word| Some(Redirect::Here(word)));
        }
        if self.starts("<<") || self.starts("<(") || self.starts(">(") {
            return Err("here documents are not known".to_owned());
        }
        if self.take("&>") {
            return self.target().map(|word| Some(Redirect::To(0, word, false)));
        }
        if self.take("<") {
            return self.target().map(|word| Some(Redirect::From(word)));
        }
        if self.take(">&") {
            let to = self.peek().and_then(|digit| digit.to_digit(10)).and_then(|digit| u8::try_from(digit).ok());
            self.at += 1;
            let to = to.ok_or("expected a number after `>&`")?;
            return Ok(Some(Redirect::Same(channel.unwrap_or(1), to)));
        }
        if self.take(">>") {
            return self.target().map(|word| Some(Redirect::To(channel.unwrap_or(1), word, true)));
        }
        if self.take(">") {
            return self.target().map(|word| Some(Redirect::To(channel.unwrap_or(1), word, false)));
        }
        self.at = start;
        Ok(None)
    }

    fn target(&mut self) -> Result<Word, String> {
        self.blanks();
        let word = self.word()?;
        if word.is_empty() { Err("expected a file after a redirection".to_owned()) } else { Ok(word) }
    }

    fn word(&mut self) -> Result<Word, String> {
        let mut word = Vec::new();
        let mut plain = String::new();
        while let Some(one) = self.peek() {
            match one {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')' => break,
                '\'' => {
                    self.at += 1;
                    let text = self.until('\'')?;
                    word.extend(text_piece(&mut plain));
                    word.push(Piece::Text(text, true));
                }
                '"' => {
                    self.at += 1;
                    word.extend(text_piece(&mut plain));
                    self.quoted(&mut word)?;
                }
                '\\' => {
                    let next = self.text.get(self.at + 1).copied();
                    self.at += 2;
                    if let Some(next) = next.filter(|next| *next != '\n') {
                        word.extend(text_piece(&mut plain));
                        word.push(Piece::Text(next.to_string(), true));
                    }
                }
                '$' | '`' => {
                    word.extend(text_piece(&mut plain));
                    word.push(self.dollar(false)?);
                }
                other => {
                    plain.push(other);
                    self.at += 1;
                }
            }
        }
        word.extend(text_piece(&mut plain));
        Ok(word)
    }

    fn until(&mut self, end: char) -> Result<String, String> {
        let mut text = String::new();
        while let Some(one) = self.peek() {
            self.at += 1;
            if one == end {
                return Ok(text);
            }
            text.push(one);
        }
        Err(format!("expected `{end}`, found the end"))
    }

    fn quoted(&mut self, word: &mut Word) -> Result<(), String> {
        let mut text = String::new();
        let before = word.len();
        loop {
            match self.peek() {
                None => return Err("expected `\"`, found the end".to_owned()),
                Some('"') => {
                    self.at += 1;
                    // Even nothing in quotes is a word; parameters alone say themselves whether they are.
                    if !text.is_empty() || word.len() == before {
                        word.push(Piece::Text(text, true));
                    }
                    return Ok(());
                }
                Some('\\') if self.text.get(self.at + 1).is_some_and(|next| "\"\\$`\n".contains(*next)) => {
                    text.extend(self.text.get(self.at + 1).filter(|next| **next != '\n'));
                    self.at += 2;
                }
                Some('$' | '`') => {
                    if !text.is_empty() {
                        word.push(Piece::Text(std::mem::take(&mut text), true));
                    }
                    word.push(self.dollar(true)?);
                }
                Some(other) => {
                    text.push(other);
                    self.at += 1;
                }
            }
        }
    }

    fn dollar(&mut self, quoted: bool) -> Result<Piece, String> {
        if self.take("`") {
            let text = self.until('`')?;
            return self.inner(&text, quoted);
        }
        self.at += 1;
        if self.starts("((") {
            return Err("arithmetic is not known".to_owned());
        }
        if self.take("(") {
            let list = self.list()?;
            self.expect(")")?;
            return Ok(Piece::Command(list, quoted));
        }
        if self.take("{") {
            return self.braced(quoted);
        }
        let name: String = match self.peek() {
            Some(one) if "@*#?$!-".contains(one) || one.is_ascii_digit() => one.to_string(),
            _ => self.text[self.at..].iter().take_while(|one| is_name(**one)).collect(),
        };
        self.at += name.chars().count();
        if name.is_empty() { Ok(Piece::Text("$".to_owned(), quoted)) } else { Ok(Piece::Parameter(name, quoted, None)) }
    }

    fn inner(&mut self, text: &str, quoted: bool) -> Result<Piece, String> {
        parse(text).map(|list| Piece::Command(list, quoted))
    }

    fn braced(&mut self, quoted: bool) -> Result<Piece, String> {
        let inside = self.until('}')?;
        let end = inside.find(|one: char| !is_name(one) && !"@*#?".contains(one)).unwrap_or(inside.len());
        let (name, rest) = inside.split_at(end);
        let otherwise = match rest {
            "" => None,
            rest => {
                let text = rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-'));
                let text = text.ok_or_else(|| format!("`${{{inside}}}` is not known"))?;
                Some(vec![Piece::Text(text.trim_matches(['"', '\'']).to_owned(), true)])
            }
        };
        Ok(Piece::Parameter(name.to_owned(), quoted, otherwise))
    }
}

fn is_name(one: char) -> bool {
    one.is_ascii_alphanumeric() || one == '_'
}

fn text_piece(plain: &mut String) -> Option<Piece> {
    (!plain.is_empty()).then(|| Piece::Text(std::mem::take(plain), false))
}

/// `NAME=value`, taken apart.
fn assignment(word: &Word) -> Option<(String, Word)> {
    let Some(Piece::Text(first, false)) = word.first() else { return None };
    let (name, rest) = first.split_once('=')?;
    let valid = !name.is_empty() && name.chars().all(is_name) && !name.starts_with(|one: char| one.is_ascii_digit());
    valid.then(|| {
        let rest = (!rest.is_empty()).then(|| Piece::Text(rest.to_owned(), false));
        (name.to_owned(), rest.into_iter().chain(word[1..].iter().cloned()).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_of_several_lines_are_parsed() {
        let script = "\nif [ -n \"$2\" ]; then mkdir -p /a && tar -x -f - -C /a || exit 1; fi\nuntil [ -S /s ] && true >/dev/null 2>&1; do sleep 0.05; done\n";
        let list = parse(script).unwrap();
        assert_eq!(list.len(), 2);
        assert!(matches!(list[0].1.commands[0].0, Command::If(..)));
        assert!(matches!(list[1].1.commands[0].0, Command::Loop(true, ..)));
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for wrong in [
            "a &&",
            "if a; then b",
            "case x in y) z;; esac",
            "echo \"a",
            "a & b",
            "$((1+1))",
            "echo ${a%b}",
            ")",
            "cat <<E",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse(&"(".repeat(5000)).is_err());
    }
}
