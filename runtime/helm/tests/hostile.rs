//! Templates and values that mean harm: everything ends, with a text or with an error, and nothing panics.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // what cannot be read fails the test

use meshrun_helm::{Chart, Error, Options, Rendered, UserValues, render};
use serde_json::{Value, json};

const CHART: &str = "apiVersion: v2\nname: c\nversion: 1.0.0\n";

fn run(source: &str, values: &Value) -> Result<Rendered, Error> {
    let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
    let chart = Chart::from_files([file("Chart.yaml", CHART), file("templates/t.yaml", source)])?;
    render(&chart, values, &Options::default())
}

/// A generator that always gives the same numbers.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % below
    }
}

const PIECES: &[&str] = &[
    "{{",
    "}}",
    "{{-",
    "-}}",
    " ",
    "\n",
    "if",
    "else",
    "end",
    "range",
    "with",
    "define",
    "template",
    "block",
    "break",
    "continue",
    ".",
    ".Values",
    ".a",
    "$",
    "$x",
    ":=",
    "=",
    ",",
    "|",
    "(",
    ")",
    "\"a\"",
    "`b`",
    "'c'",
    "1",
    "0x",
    "1.5",
    "-",
    "nil",
    "true",
    "include",
    "tpl",
    "dict",
    "list",
    "index",
    "printf",
    "\"%d%s%[9]d%*x\"",
    "trunc",
    "/*",
    "*/",
    "é",
    "\u{0}",
    "\"",
    "toYaml",
    "fromYaml",
    "until",
    "upper",
    "set",
    "merge",
    "{{ end }}",
    "{{ if .Values.a }}",
    "{{ range .Values.l }}",
    "{{ define \"x\" }}",
    "{{ include \"x\" . }}",
];

#[test]
fn random_templates_end_without_a_panic() {
    let mut numbers = Numbers(7);
    let values = json!({"a": 1, "l": [1, {"a": null}, "x"]});
    for _ in 0..3000 {
        let length = 1 + numbers.next(14);
        let source: String = (0..length).map(|_| PIECES[numbers.next(PIECES.len())]).collect();
        match run(&source, &values) {
            Err(error @ Error::Thread { .. }) => panic!("{source:?}: {error}"),
            _ => continue,
        }
    }
}

/// How many random calls each function gets: a minute in all in a debug build. 1,200 have passed as well.
const ROUNDS: usize = 200;

#[test]
fn random_calls_end_without_a_panic() {
    let names: Vec<&str> = include_str!("data/functions.txt").split_whitespace().collect();
    assert!(names.len() > 200);
    let arguments = [
        "1",
        "-1",
        "0",
        "9223372036854775807",
        "-9223372036854775808",
        "1.5",
        "\"\"",
        "\"a\"",
        "\"é\\xff\"",
        "nil",
        "true",
        ".",
        ".Values",
        ".Values.l",
        ".Values.missing",
        "(list)",
        "(list 1 \"a\" nil)",
        "(dict)",
        "(dict \"a\" (list 1))",
        "(until 3)",
        ".Files",
        ".Chart",
        "(splitList \",\" \"a,b\")",
        "now",
        ".Capabilities",
        "\"[\"",
        "\"%*d\"",
        "100000000000",
    ];
    let slow = ["genPrivateKey", "genCA", "genSelfSignedCert", "genSignedCert", "derivePassword", "bcrypt", "htpasswd"];
    let mut numbers = Numbers(11);
    for name in names.iter().filter(|name| !slow.iter().any(|slow| name.starts_with(slow))) {
        let calls: Vec<String> = (0..ROUNDS)
            .map(|_| {
                let count = numbers.next(5);
                let given: Vec<&str> = (0..count).map(|_| arguments[numbers.next(arguments.len())]).collect();
                format!("{{{{ {name} {} }}}}", given.join(" "))
            })
            .collect();
        for call in calls {
            if let Err(error @ Error::Thread { .. }) = run(&call, &json!({"l": ["x", 2]})) {
                panic!("{call}: {error}");
            }
        }
    }
}

#[test]
fn what_never_ends_is_ended() {
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!({"x": deep});
    }
    for (source, says) in [
        ("{{ define \"r\" }}{{ include \"r\" . }}{{ end }}{{ include \"r\" . }}", "nested reference name"),
        ("{{ define \"r\" }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}", "exceeded maximum template depth"),
        (
            "{{ $_ := set .Values \"t\" \"{{ tpl .Values.t . }}\" }}{{ tpl .Values.t . }}",
            "exceeded maximum template depth",
        ),
        ("{{ range until 1000000000 }}x{{ end }}", "too long"),
        ("{{ repeat 1000000000000 \"x\" }}", "overflow"),
        ("{{ indent 1000000000000 \"x\" }}", "overflow"),
        ("{{ $x := \"xxxxxxxxxx\" }}{{ range until 60 }}{{ $x = print $x $x }}{{ end }}{{ $x }}", "produce more than"),
        ("{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ $d | mustToJson }}", "cycle"),
        ("{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ deepCopy $d }}", "holds itself"),
    ] {
        let error = run(source, &deep).expect_err(source).to_string();
        assert!(error.contains(says), "{source}: {}", &error[error.len().saturating_sub(300)..]);
    }
}

#[test]
fn values_may_nest_as_deep_as_loops_make_them() {
    let source = "{{ $d := dict }}{{ range until 300000 }}{{ $d = dict \"x\" $d }}{{ end }}{{ len $d }}{{ $l := list }}{{ range until \
                  300000 }}{{ $l = list $l }}{{ end }}{{ len $l }}";
    assert_eq!(run(source, &json!({})).unwrap().files[0].1, "11");
}

#[test]
fn a_value_that_holds_itself_prints_to_an_end() {
    let source = "{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ $s := print $d }}{{ len $s | lt 100 }}{{ toJson $d }}{{ toYaml $d }}";
    assert_eq!(run(source, &json!({})).unwrap().files[0].1, "true");
}

#[test]
fn nesting_that_no_chart_has_is_refused() {
    for source in ["{{ if 1 }}".repeat(5000), "{{ (".repeat(5000), "{{ if 1 }}{{ else if 1 }}".repeat(3000)] {
        assert!(matches!(run(&source, &json!({})), Err(Error::Template { .. })));
    }
}

#[test]
fn hostile_archives_and_expressions_are_errors() {
    assert!(Chart::from_archive(b"no archive").is_err());
    assert!(Chart::from_archive(&[0x1f, 0x8b, 8, 0, 0]).is_err());
    let mut values = UserValues::new();
    for expression in [
        "a[99999999999999999999]=1",
        "a[-1]=1",
        "a[0",
        "a={",
        "{",
        "=",
        "a.=1",
        "a..b=1",
        "[0]=1",
        "a[0][0][0].b=1",
        "\\",
    ] {
        // Whatever it means, it comes back.
        let _ = values.set(expression);
        let _ = values.set_json(expression);
        let _ = values.set_literal(expression);
    }
    assert!(values.set(&"a[0]".repeat(100_000)).is_err());
    assert!(values.set(&"a.".repeat(100_000)).is_err());
}

#[test]
fn steps_over_the_whole_range_of_numbers_are_exact() {
    let source = "{{ untilStep -9223372036854775808 9223372036854775807 9223372036854775807 }}";
    let text = run(source, &json!({})).unwrap().files[0].1.clone();
    assert_eq!(text.trim(), "[-9223372036854775808 -1 9223372036854775806]");
}
