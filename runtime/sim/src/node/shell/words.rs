//! The tree of a script.

/// Commands, each with what joins it to the one before.
pub type List = Vec<(Joint, Pipeline)>;

/// How a command depends on the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joint {
    /// Not at all.
    Always,
    /// It runs when that ended well.
    And,
    /// It runs when that failed.
    Or,
}

/// Commands of which each reads what the one before writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Whether its code is turned round.
    pub negated: bool,
    /// The commands.
    pub commands: Vec<(Command, Vec<Redirect>)>,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A program with its arguments, and variables before it.
    Simple(Vec<(String, Word)>, Vec<Word>),
    /// `if`: conditions with what follows, and what is done otherwise.
    If(Vec<(List, List)>, List),
    /// `while` and, turned round, `until`.
    Loop(bool, List, List),
    /// `for`.
    For(String, Vec<Word>, List),
    /// `{ }` and `( )`.
    Group(List),
}

/// Where output goes, or input comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redirect {
    /// To a file; appended or not. The number is the channel; 0 is both.
    To(u8, Word, bool),
    /// From a file.
    From(Word),
    /// From the text itself.
    Here(Word),
    /// One channel to where the other one goes.
    Same(u8, u8),
}

/// A word: pieces one after the other.
pub type Word = Vec<Piece>;

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text; quoted or not.
    Text(String, bool),
    /// A parameter; quoted or not; what stands for it when it is empty.
    Parameter(String, bool, Option<Word>),
    /// What a command writes; quoted or not.
    Command(List, bool),
}
