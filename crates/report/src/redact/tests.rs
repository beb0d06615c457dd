//! Secrets of every look, planted and looked for.

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::json;

use super::{text, value};

#[test]
fn tokens_by_their_look() {
    assert_snapshot!(text("Authorization: Bearer abc.DEF-123"), @"Authorization: Bearer <redacted>");
    assert_snapshot!(text("curl -H 'Authorization: Basic cmVkaXM6aHVudGVyMg=='"), @"curl -H 'Authorization: Basic <redacted>'");
    assert_snapshot!(text("sent bearer kqnzvwxplmtrsdghb to it"), @"sent bearer <redacted> to it");
    assert_snapshot!(text("got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln, refused"), @"got <redacted>, refused");
}

#[test]
fn private_keys_whole_and_cut_off() {
    assert_snapshot!(text("a\n-----BEGIN RSA PRIVATE KEY-----\nMIIEow==\n-----END RSA PRIVATE KEY-----\nb"), @"
    a
    <redacted>
    b
    ");
    assert_snapshot!(text("a -----BEGIN PRIVATE KEY-----\nMIIEow"), @"a <redacted>");
    assert_snapshot!(text(r#"{"key":"-----BEGIN EC PRIVATE KEY-----\nMIIE\n-----END EC PRIVATE KEY-----\n"}"#), @r#"{"key":"<redacted>\n"}"#);
    assert_snapshot!(text("MIIEowIBAAKCAQEAxyz0123==\n-----END PRIVATE KEY-----\nb"), @"
    <redacted>
    b
    ");
}

#[test]
fn kubeconfigs() {
    let config = "users:\n- name: kind\n  user:\n    client-certificate-data: LS0tLS1C\n    client-key-data: LS0tLS1D\n    token: abc def\n";
    assert_snapshot!(text(config), @"
    users:
    - name: kind
      user:
        client-certificate-data: <redacted>
        client-key-data: <redacted>
        token: <redacted>
    ");
    assert_snapshot!(text(r#"{"user":{"client-key-data":"LS0t","token":"x\"y"}}"#), @r#"{"user":{"client-key-data":"<redacted>","token":"<redacted>"}}"#);
}

#[test]
fn secrets_in_yaml_and_json() {
    let yaml = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: auth\ndata:\n  a: Zm9v\n  b: |\n    YmFy\n    YmF6\nstringData: {c: foo}\ntype: Opaque\n";
    assert_snapshot!(text(yaml), @"
    apiVersion: v1
    kind: Secret
    metadata:
      name: auth
    data:
      a: <redacted>
      b: <redacted>
    stringData: <redacted>
    type: Opaque
    ");
    assert_snapshot!(text(r#"{"kind":"Secret","data":{"a":"Zm9v","b":"}x"},"type":"Opaque"}"#), @r#"{"kind":"Secret","data":{"<redacted>":""},"type":"Opaque"}"#);
    assert_snapshot!(text(r#"last-applied: "{\"data\":{\"a\":\"}Zm9v\"},\"kind\":\"Secret\"}" end"#), @r#"last-applied: "{\"data\":{\"<redacted>\":\"\"},\"kind\":\"Secret\"}" end"#);
    assert_snapshot!(text("kind: ConfigMap\ndata:\n  a: plain\n"), @"
    kind: ConfigMap
    data:
      a: plain
    ");
}

#[test]
fn passwords_by_their_names() {
    for (plain, kept) in [
        ("password=hunter2&x=1", "password=<redacted>&x=1"),
        (
            "MYSQL_ROOT_PASSWORD: hunter2 and more",
            "MYSQL_ROOT_PASSWORD: <redacted>",
        ),
        (
            r#"{"dbPassword": "hunter2", "a": 1}"#,
            r#"{"dbPassword": "<redacted>", "a": 1}"#,
        ),
        (
            "redis-server --requirepass hunter2 --port 1",
            "redis-server --requirepass <redacted> --port 1",
        ),
        ("masterauth hunter2", "masterauth <redacted>"),
        (
            r#"["--requirepass", "hunter2"]"#,
            r#"["--requirepass", "<redacted>"]"#,
        ),
        ("> AUTH hunter2", "> AUTH <redacted>"),
        ("AUTH default hunter2", "AUTH <redacted>"),
        (
            r#"1700 [0 lua] "auth" "hunter2""#,
            r#"1700 [0 lua] "auth" <redacted>"#,
        ),
        (
            "redis-cli -h x -a hunter2 ping",
            "redis-cli -h x -a <redacted> ping",
        ),
        (
            "redis://bob:hunt@er2@h:6379/0",
            "redis://bob:<redacted>@h:6379/0",
        ),
        ("rediss://:hunter2@h:6379", "rediss://:<redacted>@h:6379"),
        (
            "- name: DB_PASSWORD\n  value: hunter2",
            "- name: DB_PASSWORD\n  value: <redacted>",
        ),
        (
            r#"{"name":"DB_TOKEN","value":"hunter2"}"#,
            r#"{"name":"DB_TOKEN","value":"<redacted>"}"#,
        ),
        (
            "ACL SETUSER bob on >hunter2 ~*",
            "ACL SETUSER bob on <redacted> ~*",
        ),
    ] {
        assert_eq!(text(plain), kept);
    }
}

#[test]
fn what_is_no_secret_stays() {
    for plain in [
        "NOAUTH Authentication required.",
        "WRONGPASS invalid username-password pair",
        "the bearer of this",
        "automountServiceAccountToken: false",
        "secretName: redis-auth",
        "Pod redis/redis-cluster-0 .spec.nodeName: expected master-1, seen master-2",
        "https://127.0.0.1:40123/api/v1/namespaces/redis/pods?watch=1",
        "12.40s  Warning FailedMount: MountVolume.SetUp failed for volume \"redis-0-data\"",
        "user@host:/disk1",
        "requirepass \"\"",
        "cargo xtask e2e local-pv-redis --cluster kind --seed 42",
    ] {
        assert_eq!(text(plain), plain);
    }
}

#[test]
fn a_pruned_secret_is_known_by_its_object() {
    let failure = json!({
        "expected": "data:\n  a: Zm9v\n",
        "seen": "data:\n  a: YmFy\n",
        "mismatches": [{"object": "Secret redis/auth", "path": ".data.a", "expected": "Zm9v", "seen": "YmFy"}],
    });
    let redacted = value(failure).to_string();
    assert!(
        !redacted.contains("Zm9v") && !redacted.contains("YmFy"),
        "{redacted}"
    );
}

/// Pieces of which texts are made that come near to what is redacted.
fn piece() -> impl Strategy<Value = String> {
    let known = [
        "kind: Secret\n",
        "data:\n",
        "  a: ",
        "\"data\":{",
        "}",
        "\\\"",
        "\"",
        "'",
        "\n",
        " ",
        ": ",
        "=",
        "password",
        "token",
        "AUTH ",
        "Bearer ",
        "bearer",
        "://",
        "@",
        ":",
        "--requirepass ",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "eyJhbGciOiJ9.",
        "<redacted>",
        "stringData: {a: b}",
        "name: X_TOKEN",
        "value: ",
        "redis-cli -a ",
        "setuser x >",
        ",",
        "|",
        "authorization: basic ",
        "\\",
        "é",
        "{",
        "[",
        "]",
        "  ",
        "\t",
        "masterauth",
        "\"kind\":\"Secret\"",
    ];
    prop_oneof![
        proptest::sample::select(known.to_vec()).prop_map(str::to_owned),
        "[a-zA-Z0-9]{1,20}",
        "\\PC{0,6}",
    ]
}

fn patchwork() -> impl Strategy<Value = String> {
    proptest::collection::vec(piece(), 0..14).prop_map(|pieces| pieces.concat())
}

/// What no text has by chance, in the alphabet of tokens.
fn token() -> impl Strategy<Value = String> {
    "[A-Za-z0-9]{24,40}".prop_map(|tail| format!("s3cr3t{tail}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn twice_is_once(plain in patchwork()) {
        let once = text(&plain);
        prop_assert_eq!(text(&once), once);
    }

    #[test]
    fn no_text_is_too_odd(plain in "\\PC{0,200}|(?s:.{0,200})") {
        text(&plain);
    }

    #[test]
    fn a_planted_token_never_survives(
        token in token(),
        before in "[a-z ]{0,12}",
        after in "[a-z ]{0,12}",
        place in 0_usize..16,
    ) {
        let t = &token;
        let planted = match place {
            0 => format!("{before}\ntoken: {t}\n{after}"),
            1 => format!("{before} password={t} {after}"),
            2 => format!("{before} Bearer {t} {after}"),
            3 => format!("{before} redis://u:{t}@host/{after}"),
            4 => format!("{before}\nkind: Secret\ndata:\n  k: {t}\n{after}"),
            5 => format!(r#"{{"a":"{before}","kind":"Secret","stringData":{{"k":"{t}"}}}}"#),
            6 => format!(r#"{before} {{"password":"{t}"}} {after}"#),
            7 => format!("{before} requirepass {t} {after}"),
            8 => format!("{before} --masterauth {t} {after}"),
            9 => format!("{before} AUTH default {t} {after}"),
            10 => format!("{before}\n-----BEGIN PRIVATE KEY-----\n{t}\n{after}"),
            11 => format!("{before} eyJhbGciOiJIUzI1NiJ9.{t}.{t} {after}"),
            12 => format!("    client-key-data: {t}\n{after}"),
            13 => format!("{before}\npassword: |\n  {t}\n{after}"),
            14 => format!(r#""{{\"kind\":\"Secret\",\"data\":{{\"k\":\"{t}\"}}}}" {after}"#),
            _ => format!("- name: A_PASSWORD\n  value: \"{t}\"\n{after}"),
        };
        let redacted = text(&planted);
        prop_assert!(!redacted.contains(t.as_str()), "{redacted}");
    }
}
