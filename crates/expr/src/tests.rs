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
    assert_snapshot!(check("${{ values.place }}"), @"");
    assert_snapshot!(check("${{ item }}"), @"");
    assert_snapshot!(check("${{ item == 1 }}"), @"");
    assert_snapshot!(check("${{ nothing }}"), @"");
    assert_snapshot!(check("${{ values.half }}"), @"");
    assert_snapshot!(check("${{ big }}"), @"");
    assert_snapshot!(check("${{ {'a': [1, 2u, 'x']} }}"), @"");
}

#[test]
fn expressions_in_text_become_text() {
    assert_snapshot!(check("redis-${{ item }}-${{ text }}-${{ item == 1 }}"), @"");
    assert_snapshot!(check("${{ item }}${{ item }}"), @"");
    assert_snapshot!(check(" ${{ item }}"), @"");
    assert_snapshot!(check("a ${{ nothing }}"), @"");
    assert_snapshot!(check("a ${{ values.place }}"), @"");
    assert_snapshot!(check("a ${{ nodes }}"), @"");
}

#[test]
fn keys_hold_expressions_too() {
    assert_snapshot!(check(json!({"k-${{ item }}": {"${{ text }}": ["${{ item }}"]}})), @"");
    assert_snapshot!(check(json!({"a-b": 1, "${{ text }}": 2})), @"");
}

#[test]
fn what_is_not_an_expression_passes_through() {
    assert_snapshot!(check("${X} $(X) $$ $ {{ x }} $X ${{'$'}}{"), @"");
    assert_snapshot!(check(""), @"");
    assert_snapshot!(check(json!([null, true, 3, {"a": "b"}])), @"");
}

#[test]
fn braces_inside_cel_do_not_end_it() {
    assert_snapshot!(check("${{ '}}' }}"), @"");
    assert_snapshot!(check(r"${{ '\'}}' }}"), @"");
    assert_snapshot!(check(r"${{ r'\' + '}}' }}"), @"");
    assert_snapshot!(check("${{ '''a'}}''' }}"), @"");
    assert_snapshot!(check("${{ {'a': {'b': 1}}['a']['b'] }}"), @"");
    assert_snapshot!(check("${{ {'a': {'b': 1}}}}"), @"");
    assert_snapshot!(check("${{ '${{' }}"), @"");
}

#[test]
fn mistakes_have_a_place() {
    assert_snapshot!(check("a ${{ item"), @"");
    assert_snapshot!(check("a ${{ 'item }}"), @"");
    assert_snapshot!(check("é ${{ ite m }}"), @"");
    assert_snapshot!(check("${{ }}"), @"");
    assert_snapshot!(check("${{ a + }}"), @"");
    assert_snapshot!(check("${{ (a }}"), @"");
    assert_snapshot!(check("${{ a) }}"), @"");
    assert_snapshot!(check("${{ a # b }}"), @"");
    assert_snapshot!(check("${{ 'é' + 'ü' = 3 }}"), @"");
    assert_snapshot!(check("${{ Foo{a: 1} }}"), @"");
    assert_snapshot!(check("${{ has(a) }}"), @"");
    assert_snapshot!(check(json!({"a": ["${{", {"b${{": "${{ ) }}"}]})), @"");
    assert_snapshot!(bare("${{ item }}"), @"");
    assert_snapshot!(bare("a ==\n  b c"), @"");
    assert_snapshot!(bare(" "), @"");
    assert_snapshot!(bare(&"(".repeat(5000)), @"");
    assert_snapshot!(bare(&format!("'{}'", "x".repeat(5000))), @"");
    assert_snapshot!(bare(&vec!["1"; 500].join("+")), @"");
    assert_snapshot!(bare("[1].map(a, [1].map(b, [1].map(c, [1].map(d, 1))))"), @"");
}

#[test]
fn numbers_of_json_are_signed() {
    assert_snapshot!(bare("item == 1 && item + 1 == 2 && item - 3 == -2 && item < 2"), @"");
    assert_snapshot!(bare("values.place[item]"), @"");
    assert_snapshot!(bare("values.nodeTimeout / 2 + item"), @"");
    assert_snapshot!(bare("big + 1u"), @"");
    assert_snapshot!(bare("values.half + 0.5"), @"");
}

#[test]
fn the_language_has_what_scenarios_need() {
    assert_snapshot!(bare("nodes['master-1'] + '/' + nodes[values.place[1]]"), @"");
    assert_snapshot!(bare("int(object.metadata.labels['apps.kubernetes.io/pod-index']) + 1"), @"");
    assert_snapshot!(bare("string(item) + string(true) + string(1.5)"), @"");
    assert_snapshot!(bare("size(values.place) + size(text) + size(nodes)"), @"");
    assert_snapshot!(bare("values.place.size()"), @"");
    assert_snapshot!(bare("object.status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')"), @"");
    assert_snapshot!(bare("values.place.all(p, p in nodes) && !('x' in nodes) && 'node-1' in values.place"), @"");
    assert_snapshot!(bare("values.place.map(p, nodes[p])"), @"");
    assert_snapshot!(bare("values.place.filter(p, p.startsWith('m'))"), @"");
    assert_snapshot!(bare("nodes.all(n, n != '')"), @"");
    assert_snapshot!(bare("has(object.status.phase) ? 'a' : 'b'"), @"");
    assert_snapshot!(bare("text.matches('^a-.$') && text.contains('-') && text.endsWith('b')"), @"");
    assert_snapshot!(bare("text.split('-')"), @"");
    assert_snapshot!(bare("type(item) == int"), @"");
}

#[test]
fn what_is_missing_may_come_later() {
    assert_snapshot!(bare("object.status.podIP == ''"), @"");
    assert_snapshot!(bare("object.metadata.labels['role']"), @"");
    assert_snapshot!(bare("object.status.conditions[3].type"), @"");
    assert_snapshot!(bare("saved.disks"), @"");
    assert_snapshot!(bare("nodes[text]"), @"");
    assert_snapshot!(bare("object.status.conditions.map(c, c.reason)"), @"");
    assert_snapshot!(check(json!({"a": ["x ${{ saved.x }}"]})), @"");
}

#[test]
fn what_fails_says_why() {
    assert_snapshot!(bare("item + text"), @"");
    assert_snapshot!(bare("text.foo"), @"");
    assert_snapshot!(bare("nothing.foo"), @"");
    assert_snapshot!(bare("item / 0"), @"");
    assert_snapshot!(bare("int('x')"), @"");
    assert_snapshot!(bare("text.matches('(')"), @"");
    assert_snapshot!(bare("9223372036854775807 + 1"), @"");
    assert_snapshot!(bare("1.0 / 0.0"), @"");
    assert_snapshot!(bare("b'x'"), @"");
    assert_snapshot!(bare("siez(text)"), @"");
    assert_snapshot!(bare("item > text"), @"");
    assert_snapshot!(bare("text ? 1 : 2"), @"");
    assert_snapshot!(bare("item[0]"), @"");
    assert_snapshot!(bare("item && true"), @"");
}

#[test]
fn names_are_read_off_the_text() {
    assert_snapshot!(names("${{ values.place[item] }} ${{ nodes['x'] }}"), @"");
    assert_snapshot!(names("${{ object.metadata.labels['a/b'].size() + size( index ) }}"), @"");
    assert_snapshot!(names("${{ values.place.map(p, p + item).exists(p, p == saved.x) && p }}"), @"");
    assert_snapshot!(names("é ${{ 'é' + values . place[ 'x' ] }}"), @"");
    assert_snapshot!(names("${{ has(object.a.b) ? int(redis.shards[0].pods) : {'a': item}.a }}"), @"");
    assert_snapshot!(names("${{ type(item) == int }}"), @"");
    assert_snapshot!(names("no expression"), @"");
}

#[test]
fn every_function_is_there() {
    for function in FUNCTIONS {
        let error = bare(&format!("{function}(1, 2, 3, 4, 5)"));
        assert!(
            !error.contains(&format!("no `{function}`")),
            "{function}: {error}"
        );
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
    assert_snapshot!(text(json!("${{ values.place }}")).unwrap_err(), @"");
}
