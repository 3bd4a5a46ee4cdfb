//! What each function gives, from Azure's reference and the engine's own published tests.

use super::super::{Environment, deploy};
use crate::json;
use crate::source::Sources;

/// The value of an expression, or the message of the error.
fn value(expression: &str) -> String {
    let mut sources = Sources::new();
    // The template is written by hand, so the expression has to be fit for a JSON string.
    let escaped = expression.replace('\\', "\\\\").replace('"', "\\\"");
    let template = format!(
        r#"{{"contentVersion": "1.0.0.0", "resources": [],
            "parameters": {{"o": {{"type": "object", "defaultValue": {{"Ab": 1, "c": {{"d": [5, 6]}}}}}}}},
            "outputs": {{"x": {{"type": "string", "value": "[{escaped}]"}}}}}}"#
    );
    let file = sources.add("t.json", template);
    let template = json::parse(&sources, file).value.expect("the test's own template is JSON");
    let deployment = deploy(&template, None, &Environment::default());
    match (deployment.diagnostics.first(), deployment.outputs.first()) {
        (Some(diagnostic), _) => format!("{}: {}", diagnostic.code, diagnostic.message),
        (None, Some(output)) => output.value.to_string(),
        (None, None) => "nothing".to_owned(),
    }
}

fn check(table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .map(|(expression, expected)| (expression, expected, value(expression)))
        .filter(|(_, expected, found)| found != *expected)
        .map(|(expression, expected, found)| format!("{expression}\n  expected {expected}\n  found    {found}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Catches: any string function off by one, blind to letter case where Azure is not, or the other way round.
#[test]
fn string_functions() {
    check(&[
        ("concat('prefix', '-', 5, true())", r#""prefix-5True""#),
        ("concat(createArray('1'), createArray('2', '3'))", r#"["1","2","3"]"#),
        ("contains('OneTwoThree', 'e')", "true"),
        ("contains('OneTwoThree', 'z')", "false"),
        ("contains('OneTwoThree', 'one')", "false"),
        ("contains(createArray('one', 'two'), 'two')", "true"),
        ("contains(createArray('one', 'two'), 'TWO')", "false"),
        ("contains(parameters('o'), 'ab')", "true"),
        ("endsWith('abcdef', 'EF')", "true"),
        ("endsWith('abcdef', 'e')", "false"),
        ("startsWith('abcdef', 'AB')", "true"),
        ("first('One Two Three')", r#""O""#),
        ("first('')", r#""""#),
        ("last('One Two Three')", r#""e""#),
        (
            "format('{0}, {1}. Formatted number: {2:N0}', 'Hello', 'User', 8175133)",
            r#""Hello, User. Formatted number: 8,175,133""#,
        ),
        ("format('{0}-{0}-{{x}}', false())", r#""False-False-{x}""#),
        ("format('vm{0:D2}|{1,4}|{1,-4}|{0:X}', 10, 'a')", r#""vm10|   a|a   |A""#),
        ("indexOf('test', 't')", "0"),
        ("indexOf('abcdef', 'CD')", "2"),
        ("indexOf('abcdef', 'z')", "-1"),
        ("lastIndexOf('test', 't')", "3"),
        ("lastIndexOf('abcdef', 'AB')", "0"),
        ("length('One Two Three')", "13"),
        ("padLeft('123', 10, '0')", r#""0000000123""#),
        ("padLeft(5, 2, '0')", r#""05""#),
        ("replace('123-123-1234', '-', '')", r#""1231231234""#),
        ("skip('one two three', 4)", r#""two three""#),
        ("split('one,two,three', ',')", r#"["one","two","three"]"#),
        ("split('one;two,three', createArray(',', ';'))", r#"["one","two","three"]"#),
        ("split('10.0.0.0/16', '/')[1]", r#""16""#),
        ("string(5)", r#""5""#),
        ("string(createArray('a', 'b'))", r#""[\"a\",\"b\"]""#),
        ("string(true())", r#""True""#),
        ("substring('one two three', 4, 3)", r#""two""#),
        ("substring('one two three', 4)", r#""two three""#),
        (
            "substring('abc', 2, 2)",
            "arm.bad-argument: substring: 2 characters from 2 on run past the end of a string of 3",
        ),
        ("take('one two three', 2)", r#""on""#),
        ("take('one', 9)", r#""one""#),
        ("toLower('One Two')", r#""one two""#),
        ("toUpper('One Two')", r#""ONE TWO""#),
        ("trim('    one two three   ')", r#""one two three""#),
        ("join(createArray('one', 'two'), '-')", r#""one-two""#),
        ("length(uniqueString(resourceGroup().id))", "13"),
        ("length(guid('a', 'b'))", "36"),
        ("equals(guid('a', 'b'), guid('a-b'))", "true"),
    ]);
}

/// Catches: addresses joined otherwise than Azure does, encodings that lose characters.
#[test]
fn encoding_functions() {
    check(&[
        ("base64('one, two')", r#""b25lLCB0d28=""#),
        ("base64ToString('b25lLCB0d28=')", r#""one, two""#),
        (
            "base64ToJson(base64('{''a'': 1}'))",
            "arm.bad-argument: base64ToJson: the text is not JSON (not JSON: Single-quoted strings are not allowed)",
        ),
        ("base64ToJson('eyJhIjogMX0=')", r#"{"a":1}"#),
        ("dataUri('Hello')", r#""data:text/plain;charset=utf8;base64,SGVsbG8=""#),
        ("dataUriToString('data:;base64,SGVsbG8sIFdvcmxkIQ==')", r#""Hello, World!""#),
        (
            "uri('http://contoso.org/firstpath/azuredeploy.json/', 'myscript.sh')",
            r#""http://contoso.org/firstpath/azuredeploy.json/myscript.sh""#,
        ),
        (
            "uri('http://contoso.org/firstpath/azuredeploy.json', 'myscript.sh')",
            r#""http://contoso.org/firstpath/myscript.sh""#,
        ),
        ("uri('http://contoso.org/firstpath', '/x')", r#""http://contoso.org/x""#),
        ("uri('http://contoso.org', 'a')", r#""http://contoso.org/a""#),
        ("uri('http://c.org/a/b/c', '../d')", r#""http://c.org/a/d""#),
        (
            "uriComponent('http://contoso.com/resources/nested/azuredeploy.json')",
            r#""http%3A%2F%2Fcontoso.com%2Fresources%2Fnested%2Fazuredeploy.json""#,
        ),
        ("uriComponentToString('http%3A%2F%2Fcontoso.com%2Fresources')", r#""http://contoso.com/resources""#),
    ]);
}

/// Catches: wrong division, overflow that panics or wraps, numbers as strings taken for numbers.
#[test]
fn numeric_functions() {
    check(&[
        ("add(5, 3)", "8"),
        ("sub(7, 3)", "4"),
        ("mul(5, 3)", "15"),
        ("div(8, 3)", "2"),
        ("mod(7, 3)", "1"),
        ("div(1, 0)", "arm.bad-argument: div: 1 and 0 have no result of 64 bits (a division by zero, or too large)"),
        (
            "add(9223372036854775807, 1)",
            "arm.bad-argument: add: 9223372036854775807 and 1 have no result of 64 bits (a division by zero, or too large)",
        ),
        ("add('5', 3)", "arm.bad-argument: add: argument 1 must be an integer, not a string"),
        ("min(createArray(0, 3, 2, 5, 4))", "0"),
        ("min(3, 2)", "2"),
        ("max(0, 3, 2, 5, 4)", "5"),
        ("int('4')", "4"),
        ("int('x')", "arm.bad-argument: int: \"x\" is no integer"),
        ("float('4.5')", "4.5"),
        ("copyIndex()", "arm.bad-argument: copyIndex: there is no loop around this expression"),
    ]);
}

/// Catches: order, repeats or letter case of keys treated otherwise than Azure does.
#[test]
fn array_and_object_functions() {
    check(&[
        ("array('a')", r#"["a"]"#),
        ("array(createArray('a'))", r#"["a"]"#),
        ("createObject('a', 1, 'b', createArray())", r#"{"a":1,"b":[]}"#),
        (
            "createObject('a')",
            "arm.bad-argument: createObject: keys and values come in pairs, the last key has no value",
        ),
        ("empty(createArray())", "true"),
        ("empty('')", "true"),
        ("empty(null())", "true"),
        ("empty(createObject())", "true"),
        ("empty('a')", "false"),
        ("first(createArray('one', 'two'))", r#""one""#),
        ("first(createArray())", "null"),
        ("flatten(createArray(createArray('a', 'b'), createArray(1)))", r#"["a","b",1]"#),
        ("intersection(createArray('a', 'b', 'b', 'c'), createArray('b', 'c', 'd'))", r#"["b","c"]"#),
        ("intersection(createObject('a', 1, 'b', 2), createObject('a', 1, 'b', 3))", r#"{"a":1}"#),
        ("union(createArray('one', 'two'), createArray('two', 'three'))", r#"["one","two","three"]"#),
        (
            "union(createObject('a', createObject('x', 1)), createObject('a', createObject('y', 2)))",
            r#"{"a":{"x":1,"y":2}}"#,
        ),
        (
            "shallowMerge(createArray(createObject('a', createObject('x', 1)), createObject('a', createObject('y', 2))))",
            r#"{"a":{"y":2}}"#,
        ),
        ("items(createObject('b', 2, 'a', 1))", r#"[{"key":"a","value":1},{"key":"b","value":2}]"#),
        ("objectKeys(createObject('b', 2, 'a', 1))", r#"["a","b"]"#),
        ("last(createArray(1, 2))", "2"),
        ("length(createObject('a', 1))", "1"),
        ("range(5, 3)", "[5,6,7]"),
        ("range(0, 10001)", "arm.bad-argument: range: 10001 numbers from 0 on; 0 to 10000 are possible"),
        ("skip(createArray(1, 2, 3), 2)", "[3]"),
        ("take(createArray(1, 2, 3), 2)", "[1,2]"),
        ("take(createArray(1), -5)", "[]"),
        ("tryGet(parameters('o'), 'c', 'd', 1)", "6"),
        ("tryGet(parameters('o'), 'x', 'd')", "null"),
        ("parameters('o').c.d[0]", "5"),
        ("parameters('o').?x.?y", "null"),
        ("parameters('o')['c'].d[?9]", "null"),
        ("parameters('o').AB", "1"),
        ("parameters('o').cc", "arm.no-property: there is no property 'cc'"),
        ("parameters('o').c.d[2]", "arm.index-out-of-range: there is no item 2 in an array of 2"),
        ("indexFromEnd(createArray(1, 2, 3), 1)", "3"),
        ("json('{\"a\": [1, 2.5, null]}')", r#"{"a":[1,2.5,null]}"#),
    ]);
}

/// Catches: a branch evaluated that is not taken, comparisons that convert types.
#[test]
fn logical_functions() {
    check(&[
        ("if(true(), 'a', div(1, 0))", r#""a""#),
        ("if(equals(1, 1), 'a', fail('no'))", r#""a""#),
        ("and(false(), div(1, 0))", "false"),
        ("or(true(), div(1, 0))", "true"),
        ("and(true(), true(), false())", "false"),
        ("not(true())", "false"),
        ("bool('true')", "true"),
        ("bool(0)", "false"),
        ("coalesce(null(), 'a', div(1, 0))", r#""a""#),
        ("equals('a', 'A')", "false"),
        ("equals(1, '1')", "false"),
        ("equals(createObject('a', 1), createObject('a', 1))", "true"),
        ("equals(createObject('a', 1, 'b', 2), createObject('b', 2, 'a', 1))", "true"),
        ("less(1, 2)", "true"),
        ("lessOrEquals(2, 2)", "true"),
        ("greater('b', 'a')", "true"),
        ("greaterOrEquals(1, 2)", "false"),
        ("fail('stop here')", "arm.fail: the template itself refuses to go on: stop here"),
    ]);
}

/// Catches: lambdas that see the wrong variables, an unstable sort.
#[test]
fn lambda_functions() {
    check(&[
        ("map(createArray(1, 2), lambda('x', mul(lambdaVariables('x'), 10)))", "[10,20]"),
        (
            "map(createArray('a', 'b'), lambda('x', 'i', format('{0}{1}', lambdaVariables('i'), lambdaVariables('x'))))",
            r#"["0a","1b"]"#,
        ),
        ("filter(createArray(1, 2, 3), lambda('x', greater(lambdaVariables('x'), 1)))", "[2,3]"),
        ("reduce(createArray(1, 2, 3), 0, lambda('s', 'x', add(lambdaVariables('s'), lambdaVariables('x'))))", "6"),
        ("sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))", "[1,2,3]"),
        ("toObject(createArray('a', 'b'), lambda('x', lambdaVariables('x')), lambda('x', 1))", r#"{"a":1,"b":1}"#),
        (
            "groupBy(createArray('ab', 'ac', 'b'), lambda('x', take(lambdaVariables('x'), 1)))",
            r#"{"a":["ab","ac"],"b":["b"]}"#,
        ),
        ("mapValues(createObject('a', 1), lambda('x', add(lambdaVariables('x'), 1)))", r#"{"a":2}"#),
        (
            "map(createArray(1), lambda('x', map(createArray(2), lambda('y', add(lambdaVariables('x'), lambdaVariables('y'))))))",
            "[[3]]",
        ),
        ("map(createArray(1), 'x')", "arm.bad-argument: map: a lambda is missing"),
        ("lambdaVariables('x')", "arm.bad-argument: lambdaVariables: no lambda around has a variable 'x'"),
    ]);
}

/// Catches: a wrong scope, names and types interleaved wrongly.
#[test]
fn resource_and_deployment_functions() {
    let group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/vnetsim-rg";
    let subnet = format!("\"{group}/providers/Microsoft.Network/virtualNetworks/v/subnets/s\"");
    check(&[
        ("resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')", &subnet),
        ("resourceId('Microsoft.Network/virtualNetworks/subnets', 'v/s')", &subnet),
        (
            "resourceId('g2', 'Microsoft.Network/virtualNetworks', 'v')",
            "\"/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g2/providers/Microsoft.Network/virtualNetworks/v\"",
        ),
        (
            "resourceId('s2', 'g2', 'Microsoft.Network/virtualNetworks', 'v')",
            "\"/subscriptions/s2/resourceGroups/g2/providers/Microsoft.Network/virtualNetworks/v\"",
        ),
        (
            "subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')",
            "\"/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.Authorization/roleDefinitions/r\"",
        ),
        (
            "tenantResourceId('Microsoft.Authorization/roleDefinitions', 'r')",
            "\"/providers/Microsoft.Authorization/roleDefinitions/r\"",
        ),
        (
            "extensionResourceId('/x/y', 'Microsoft.Authorization/locks', 'l')",
            "\"/x/y/providers/Microsoft.Authorization/locks/l\"",
        ),
        (
            "resourceId('Microsoft.Network/virtualNetworks', 'v', 's')",
            "arm.bad-argument: resourceId: the type Microsoft.Network/virtualNetworks needs 1 names, 2 are given (v/s)",
        ),
        ("resourceGroup().id", &format!("\"{group}\"")),
        ("resourceGroup().location", "\"eastus\""),
        ("subscription().subscriptionId", "\"00000000-0000-0000-0000-000000000000\""),
        ("deployment().name", "\"main\""),
        ("environment().suffixes.storage", "\"core.windows.net\""),
        ("reference('nothing').x", "arm.unknown-resource: the template declares no resource 'nothing'"),
        (
            "reference(resourceId('Microsoft.Network/publicIPAddresses', 'p')).ipAddress",
            &format!("\"<reference({group}/providers/Microsoft.Network/publicIPAddresses/p).properties.ipAddress>\""),
        ),
        ("listKeys('/a/b', '2020-01-01').keys[0].value", "\"<listKeys(/a/b).keys[0].value>\""),
        (
            "resourceid('Microsoft.Network/virtualNetworks')",
            "arm.argument-count: resourceId takes 2 or more arguments, not 1",
        ),
        ("resorceId('a/b', 'c')", "arm.unknown-function: there is no function `resorceId`"),
    ]);
}

/// Catches: a subnet or host miscounted; the tables are those of Azure's reference.
#[test]
fn cidr_functions() {
    check(&[
        ("cidrSubnet('10.144.0.0/20', 24, 0)", r#""10.144.0.0/24""#),
        ("cidrSubnet('10.144.0.0/20', 24, 15)", r#""10.144.15.0/24""#),
        ("cidrSubnet('10.144.0.0/20', 24, 16)", "arm.bad-argument: cidrSubnet: 10.144.0.0/20 has no part 16 of /24"),
        ("cidrSubnet('fdad:3236:5555::/48', 64, 1)", r#""fdad:3236:5555:1::/64""#),
        ("cidrHost('10.144.3.0/24', 0)", r#""10.144.3.1""#),
        ("cidrHost('10.144.3.0/24', 4)", r#""10.144.3.5""#),
        (
            "parseCidr('10.144.0.0/20')",
            r#"{"network":"10.144.0.0","netmask":"255.255.240.0","broadcast":"10.144.15.255","firstUsable":"10.144.0.1","lastUsable":"10.144.15.254","cidr":20}"#,
        ),
        ("cidrHost('0.0.0.0/0', 4294967295)", "arm.bad-argument: cidrHost: 0.0.0.0/0 has no address 4294967295"),
        (
            "parseCidr('10.0.0.0/33')",
            "arm.bad-argument: parseCidr: \"10.0.0.0/33\" is no address range such as 10.0.0.0/16",
        ),
        ("parseCidr('::/0').lastUsable", r#""ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff""#),
    ]);
}

/// Catches: calendar slips at month ends, leap years and offsets.
#[test]
fn date_functions() {
    check(&[
        ("dateTimeAdd('2020-04-07 14:53:14Z', 'P3Y')", r#""2023-04-07T14:53:14Z""#),
        ("dateTimeAdd('2020-04-07 14:53:14Z', '-P9D')", r#""2020-03-29T14:53:14Z""#),
        ("dateTimeAdd('2020-04-07 14:53:14Z', 'PT1H', 'HH:mm')", r#""15:53""#),
        ("dateTimeAdd('2024-01-31T00:00:00Z', 'P1M')", r#""2024-02-29T00:00:00Z""#),
        ("dateTimeToEpoch('2020-01-01T00:00:00Z')", "1577836800"),
        ("dateTimeToEpoch('2020-01-01T02:00:00+02:00')", "1577836800"),
        ("dateTimeFromEpoch(1577836800)", r#""2020-01-01T00:00:00Z""#),
        (
            "dateTimeAdd('2020-13-01', 'P1D')",
            "arm.bad-argument: dateTimeAdd: \"2020-13-01\" is no date such as 2026-01-31T12:00:00Z",
        ),
        (
            "dateTimeAdd('2020-01-01', 'P9999999999999Y')",
            "arm.bad-argument: dateTimeAdd: \"P9999999999999Y\" is no duration such as PT1H or P3DT2H",
        ),
        ("utcNow('yyyy-MM-dd')", r#""2026-01-01""#),
        ("utcNow()", r#""20260101T000000Z""#),
    ]);
}
