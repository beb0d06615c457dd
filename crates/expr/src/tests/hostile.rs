//! Text that nobody means well: no panic, no hang, no deep stack.

use proptest::prelude::*;
use serde_json::Value;

use super::scope;
use crate::Template;

/// Reads, renders and lists names; whatever comes out, it comes out.
fn survive(text: &str) {
    for template in [
        Template::parse(Value::String(text.to_owned())),
        Template::expression(text),
    ] {
        let Ok(template) = template else { continue };
        let _ = template.render(&scope());
        for reference in template.references() {
            assert!(template.source().as_str().unwrap().len() >= reference.at.range.start);
        }
        let _ = (template.calls(), format!("{template:?}"));
    }
}

/// Pieces of CEL, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("${{"),
        Just("}}"),
        Just("item"),
        Just("object"),
        Just("."),
        Just("["),
        Just("]"),
        Just("("),
        Just(")"),
        Just("{"),
        Just("}"),
        Just("'"),
        Just("\""),
        Just("'''"),
        Just("r'"),
        Just("\\"),
        Just("1"),
        Just("2u"),
        Just("0x"),
        Just("1e"),
        Just("+"),
        Just("-"),
        Just("!"),
        Just("=="),
        Just("&&"),
        Just("?"),
        Just(":"),
        Just(","),
        Just(" in "),
        Just("has("),
        Just("map(x,"),
        Just("exists("),
        Just("size("),
        Just("int("),
        Just("é"),
        Just("//"),
        Just("\n"),
        Just("`a`"),
        Just("Foo{"),
        Just("a:"),
        Just(".?"),
        Just("[?"),
        Just("matches("),
        Just("9223372036854775808"),
        Just("-9223372036854775808"),
        Just("null"),
        Just("true"),
        Just("x"),
        Just("filter("),
        Just("all("),
        Just("format("),
        Just("%d"),
        Just("type("),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text(text in ".{0,60}") {
        survive(&text);
        survive(&format!("${{{{ {text} }}}}"));
    }

    #[test]
    fn any_pieces(text in pieces()) {
        survive(&text);
        survive(&format!("${{{{ {text} }}}}"));
    }
}

#[test]
fn deep_and_long_text_stays_on_a_small_stack() {
    for text in [
        "(".repeat(20) + "1" + &")".repeat(20),
        "[".repeat(24) + &"]".repeat(24),
        "-".repeat(250) + "1",
        "!".repeat(250) + "true",
        vec!["1"; 250].join("+"),
        vec!["item"; 120].join("=="),
        vec!["true"; 120].join("&&"),
        "true ? 1 : ".repeat(120) + "2",
        "a".to_owned() + &".b".repeat(250),
        "a".to_owned() + &"[0]".repeat(120),
        "a".to_owned() + &".f()".repeat(120),
        "f(".repeat(24) + &")".repeat(24),
        "{'a':".repeat(24) + "1" + &"}".repeat(24),
        "[1,2].map(x, ".repeat(3) + "x" + &")".repeat(3),
        "1 in ".repeat(120) + "[1]",
        "1 ".repeat(2000),
        "} ".repeat(2000),
        "# ".repeat(2000),
        "a ? ".repeat(120),
        format!("[{}]", vec!["1"; 2000].join(",")),
    ] {
        survive(&text);
    }
}
