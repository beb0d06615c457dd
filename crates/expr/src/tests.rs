//! Templates as a scenario writes them, good and bad.

mod hostile;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{ExprError, FUNCTIONS, Scope, Template};

/// The values that every test may use.
fn scope() -> Scope {
    Scope::new()
        .with(
            "values",
            json!({"place": ["master-1", "node-1"], "nodeTimeout": 2000, "half": 0.5}),
        )
        .with(
            "nodes",
            json!({"master-1": "kind-worker", "node-1": "kind-worker4"}),
        )
        .with("item", json!(1))
        .with("text", json!("a-b"))
        .with("nothing", json!(null))
        .with("big", json!(u64::MAX))
        .with(
            "object",
            json!({
                "metadata": {"name": "redis-0", "labels": {"apps.kubernetes.io/pod-index": "1"}},
                "status": {"conditions": [{"type": "Ready", "status": "True"}]},
            }),
        )
}

/// What a template gives, or what is wrong with it and where.
fn check(source: impl Into<Value>) -> String {
    let source = source.into();
    match Template::parse(source.clone()) {
        Ok(template) => match template.render(&scope()) {
            Ok(value) => value.to_string(),
            Err(error) => shown(&error),
        },
        Err(errors) => errors
            .0
            .iter()
            .map(|error| format!("{}{:?} {error}", error.at, error.at.range))
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

fn shown(error: &ExprError) -> String {
    let kind = if error.is_missing() { "missing: " } else { "" };
    format!("{kind}{error} @ {}{:?}", error.at(), error.at().range)
}

/// What a bare expression gives.
fn bare(text: &str) -> String {
    match Template::expression(text) {
        Ok(template) => match template.render(&scope()) {
            Ok(value) => value.to_string(),
            Err(error) => shown(&error),
        },
        Err(errors) => {
            let first = &errors.0[0];
            format!("{:?} {first}", first.at.range)
        }
    }
}

/// The names that an expression uses, each with the text at its place.
fn names(text: &str) -> String {
    let template = Template::parse(Value::String(text.to_owned())).unwrap();
    let references = template.references().into_iter().map(|name| {
        format!(
            "{}/{} at `{}`",
            name.root,
            name.path.join("/"),
            &text[name.at.range]
        )
    });
    let calls = template
        .calls()
        .into_iter()
        .map(|call| format!("{}() at `{}`", call.function, &text[call.at.range]));
    references.chain(calls).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_expression_alone_keeps_its_type() {
    assert_snapshot!(check("${{ values.place }}"), @r#"["master-1","node-1"]"#);
    assert_snapshot!(check("${{ item }}"), @"1");
    assert_snapshot!(check("${{ item == 1 }}"), @"true");
    assert_snapshot!(check("${{ nothing }}"), @"null");
    assert_snapshot!(check("${{ values.half }}"), @"0.5");
    assert_snapshot!(check("${{ big }}"), @"18446744073709551615");
    assert_snapshot!(check("${{ {'a': [1, 2u, 'x']} }}"), @r#"{"a":[1,2,"x"]}"#);
}

#[test]
fn expressions_in_text_become_text() {
    assert_snapshot!(check("redis-${{ item }}-${{ text }}-${{ item == 1 }}"), @r#""redis-1-a-b-true""#);
    assert_snapshot!(check("${{ item }}${{ item }}"), @r#""11""#);
    assert_snapshot!(check(" ${{ item }}"), @r#"" 1""#);
    assert_snapshot!(check("a ${{ nothing }}"), @"`nothing` is null, which cannot be part of text @ 2..16");
    assert_snapshot!(check("a ${{ values.place }}"), @"`values.place` is a list, which cannot be part of text @ 2..21");
    assert_snapshot!(check("a ${{ nodes }}"), @"`nodes` is a map, which cannot be part of text @ 2..14");
}

#[test]
fn keys_hold_expressions_too() {
    assert_snapshot!(check(json!({"k-${{ item }}": {"${{ text }}": ["${{ item }}"]}})), @r#"{"k-1":{"a-b":[1]}}"#);
    assert_snapshot!(check(json!({"a-b": 1, "${{ text }}": 2})), @"the key `a-b` comes out twice @ a-b0..0");
}

#[test]
fn what_is_not_an_expression_passes_through() {
    assert_snapshot!(check("${X} $(X) $$ $ {{ x }} $X ${{'$'}}{"), @r#""${X} $(X) $$ $ {{ x }} $X ${""#);
    assert_snapshot!(check(""), @r#""""#);
    assert_snapshot!(check(json!([null, true, 3, {"a": "b"}])), @r#"[null,true,3,{"a":"b"}]"#);
}

#[test]
fn braces_inside_cel_do_not_end_it() {
    assert_snapshot!(check("${{ '}}' }}"), @r#""}}""#);
    assert_snapshot!(check(r"${{ '\'}}' }}"), @r#""'}}""#);
    assert_snapshot!(check(r"${{ r'\' + '}}' }}"), @r#""\\}}""#);
    assert_snapshot!(check("${{ '''a'}}''' }}"), @r#""a'}}""#);
    assert_snapshot!(check("${{ {'a': {'b': 1}}['a']['b'] }}"), @"1");
    assert_snapshot!(check("${{ {'a': {'b': 1}}}}"), @r#"{"a":{"b":1}}"#);
    assert_snapshot!(check("${{ '${{' }}"), @r#""${{""#);
}

#[test]
fn mistakes_have_a_place() {
    assert_snapshot!(check("a ${{ item"), @"2..5 `${{` without `}}`");
    assert_snapshot!(check("a ${{ 'item }}"), @"6..7 the string is not closed");
    assert_snapshot!(check("é ${{ ite m }}"), @"11..12 unexpected `m` in the expression");
    assert_snapshot!(check("${{ }}"), @"0..6 there is no expression in `${{ }}`");
    assert_snapshot!(check("${{ a + }}"), @"6..7 the expression ends too early");
    assert_snapshot!(check("${{ (a }}"), @"4..5 `(` is not closed");
    assert_snapshot!(check("${{ a) }}"), @"5..6 `)` closes nothing");
    assert_snapshot!(check("${{ a # b }}"), @"6..7 unexpected `#` in the expression");
    assert_snapshot!(check("${{ 'é' + 'ü' = 3 }}"), @"16..17 unexpected `=` in the expression");
    assert_snapshot!(check("${{ Foo{a: 1} }}"), @"3..14 a message literal is not part of the language");
    assert_snapshot!(check("${{ has(a) }}"), @"8..9 invalid argument to has() macro");
    assert_snapshot!(check(json!({"a": ["${{", {"b${{": "${{ ) }}"}]})), @r"
    a[0]0..3 `${{` without `}}`
    a[1].b${{1..4 `${{` without `}}`
    a[1].b${{4..5 `)` closes nothing
    ");
    assert_snapshot!(bare("${{ item }}"), @"0..11 this is an expression already");
    assert_snapshot!(bare("a ==\n  b c"), @"9..10 unexpected `c` in the expression");
    assert_snapshot!(bare(" "), @"0..1 there is no expression");
    assert_snapshot!(bare(&"(".repeat(5000)), @"0..1 the expression is too long: 5000 bytes, at most 4096");
    assert_snapshot!(bare(&format!("'{}'", "x".repeat(5000))), @"0..1 the expression is too long: 5002 bytes, at most 4096");
    assert_snapshot!(bare(&vec!["1"; 500].join("+")), @"513..514 the expression is too complex");
    assert_snapshot!(bare("[1].map(a, [1].map(b, [1].map(c, [1].map(d, 1))))"), @"0..49 the expression is too complex");
}

#[test]
fn numbers_of_json_are_signed() {
    assert_snapshot!(bare("item == 1 && item + 1 == 2 && item - 3 == -2 && item < 2"), @"true");
    assert_snapshot!(bare("values.place[item]"), @r#""node-1""#);
    assert_snapshot!(bare("values.nodeTimeout / 2 + item"), @"1001");
    assert_snapshot!(bare("big + 1u"), @"`big + 1u`: the number is too large @ 0..8");
    assert_snapshot!(bare("values.half + 0.5"), @"1.0");
}

#[test]
fn the_language_has_what_scenarios_need() {
    assert_snapshot!(bare("nodes['master-1'] + '/' + nodes[values.place[1]]"), @r#""kind-worker/kind-worker4""#);
    assert_snapshot!(bare("int(object.metadata.labels['apps.kubernetes.io/pod-index']) + 1"), @"2");
    assert_snapshot!(bare("string(item) + string(true) + string(1.5)"), @r#""1true1.5""#);
    assert_snapshot!(bare("size(values.place) + size(text) + size(nodes)"), @"7");
    assert_snapshot!(bare("values.place.size()"), @"2");
    assert_snapshot!(bare("object.status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')"), @"true");
    assert_snapshot!(bare("values.place.all(p, p in nodes) && !('x' in nodes) && 'node-1' in values.place"), @"true");
    assert_snapshot!(bare("values.place.map(p, nodes[p])"), @r#"["kind-worker","kind-worker4"]"#);
    assert_snapshot!(bare("values.place.filter(p, p.startsWith('m'))"), @r#"["master-1"]"#);
    assert_snapshot!(bare("nodes.all(n, n != '')"), @"true");
    assert_snapshot!(bare("has(object.status.phase) ? 'a' : 'b'"), @r#""b""#);
    assert_snapshot!(bare("text.matches('^a-.$') && text.contains('-') && text.endsWith('b')"), @"true");
    assert_snapshot!(bare("text.split('-')"), @r#"["a","b"]"#);
    assert_snapshot!(bare("type(item) == int"), @"true");
}

#[test]
fn what_is_missing_may_come_later() {
    assert_snapshot!(bare("object.status.podIP == ''"), @"missing: `object.status.podIP == ''`: there is no `object.status.podIP` @ 0..25");
    assert_snapshot!(bare("object.metadata.labels['role']"), @"missing: `object.metadata.labels['role']`: there is no `object.metadata.labels.role` @ 0..30");
    assert_snapshot!(bare("object.status.conditions[3].type"), @"missing: `object.status.conditions[3].type`: there is no `[3]` @ 0..32");
    assert_snapshot!(bare("saved.disks"), @"missing: `saved.disks`: there is no `saved` @ 0..11");
    assert_snapshot!(bare("nodes[text]"), @"missing: `nodes[text]`: there is no `a-b` @ 0..11");
    assert_snapshot!(bare("object.status.conditions.map(c, c.reason)"), @"missing: `object.status.conditions.map(c, c.reason)`: there is no `reason` @ 0..41");
    assert_snapshot!(check(json!({"a": ["x ${{ saved.x }}"]})), @"missing: `saved.x`: there is no `saved` @ a[0]2..16");
}

#[test]
fn what_fails_says_why() {
    assert_snapshot!(bare("item + text"), @"`item + text`: `+` does not work on int and string @ 0..11");
    assert_snapshot!(bare("text.foo"), @"`text.foo`: a string has no keys @ 0..8");
    assert_snapshot!(bare("nothing.foo"), @"`nothing.foo`: a null_type has no keys @ 0..11");
    assert_snapshot!(bare("item / 0"), @"`item / 0`: division by zero @ 0..8");
    assert_snapshot!(bare("int('x')"), @"`int('x')`: `int`: string parse error: invalid digit found in string @ 0..8");
    assert_snapshot!(bare("text.matches('(')"), @"`text.matches('(')`: `matches`: error: unclosed group @ 0..17");
    assert_snapshot!(bare("9223372036854775807 + 1"), @"`9223372036854775807 + 1`: the number is too large @ 0..23");
    assert_snapshot!(bare("1.0 / 0.0"), @"`1.0 / 0.0`: it gives inf, which JSON does not have @ 0..9");
    assert_snapshot!(bare("b'x'"), @"`b'x'`: it gives a bytes, which JSON does not have @ 0..4");
    assert_snapshot!(bare("siez(text)"), @"`siez(text)`: there is no function `siez` @ 0..10");
    assert_snapshot!(bare("item > text"), @"`item > text`: `>` does not work on int and string @ 0..11");
    assert_snapshot!(bare("text ? 1 : 2"), @"`text ? 1 : 2`: a bool is needed, not a string @ 0..12");
    assert_snapshot!(bare("item[0]"), @"`item[0]`: `[ ]` does not work on int and int @ 0..7");
    assert_snapshot!(bare("item && true"), @"`item && true`: `&&` does not work on int and bool @ 0..12");
}

#[test]
fn names_are_read_off_the_text() {
    assert_snapshot!(names("${{ values.place[item] }} ${{ nodes['x'] }}"), @r"
    values/place at `values.place`
    item/ at `item`
    nodes/x at `nodes['x']`
    ");
    assert_snapshot!(names("${{ object.metadata.labels['a/b'].size() + size( index ) }}"), @r"
    object/metadata/labels/a/b at `object.metadata.labels['a/b']`
    index/ at `index`
    size() at `size`
    size() at `size`
    ");
    assert_snapshot!(names("${{ values.place.map(p, p + item).exists(p, p == saved.x) && p }}"), @r"
    values/place at `values.place`
    item/ at `item`
    saved/x at `saved.x`
    p/ at `p`
    ");
    assert_snapshot!(names("é ${{ 'é' + values . place[ 'x' ] }}"), @"values/place/x at `values . place[ 'x'`");
    assert_snapshot!(names("${{ has(object.a.b) ? int(redis.shards[0].pods) : {'a': item}.a }}"), @r"
    object/a/b at `object.a.b`
    redis/shards at `redis.shards`
    item/ at `item`
    int() at `int`
    ");
    assert_snapshot!(names("${{ type(item) == int }}"), @r"
    item/ at `item`
    type() at `type`
    ");
    assert_snapshot!(names("no expression"), @"");
}

#[test]
fn every_function_is_there() {
    for function in FUNCTIONS {
        let forms = [
            format!("{function}(object.status)"),
            format!("'a'.{function}('a')"),
            format!("[1].{function}(x, x == 1)"),
        ];
        let there = forms.iter().any(|form| !bare(form).contains("no function"));
        assert!(there, "{function}: {}", bare(&forms[0]));
    }
}

#[test]
fn a_scope_is_extended_without_being_changed() {
    let outer = Scope::new().with("a", 1);
    let inner = outer.clone().with("a", 2).with("b", 3);
    let template = Template::expression("a").unwrap();
    assert_eq!(template.render(&outer), Ok(json!(1)));
    assert_eq!(template.render(&inner), Ok(json!(2)));
    assert_eq!(inner.names().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(outer.get("b"), None);
}

#[test]
fn a_constant_is_known_as_one() {
    let constant = Template::parse(json!({"a": ["$(X)"]})).unwrap();
    assert!(constant.is_constant() && constant.references().is_empty());
    let literal = Template::constant(json!("${{ not looked at }}"));
    assert_eq!(
        literal.render(&Scope::new()),
        Ok(json!("${{ not looked at }}"))
    );
    let expression = Template::expression("[1].map(x, x)").unwrap();
    assert!(!expression.is_constant() && expression.has_loops());
    assert_eq!(expression.source(), &json!("${{ [1].map(x, x) }}"));
}

#[test]
fn text_is_rendered_as_text() {
    let text = |source: Value| Template::parse(source).unwrap().render_text(&scope());
    assert_eq!(text(json!("${{ item }}")), Ok("1".to_owned()));
    assert_eq!(text(json!(7)), Ok("7".to_owned()));
    assert_snapshot!(text(json!("${{ values.place }}")).unwrap_err(), @"`${{ values.place }}` is a list, which cannot be part of text");
}
