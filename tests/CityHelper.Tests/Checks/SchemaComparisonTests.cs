using CityHelper.Checks.Contracts;
using Xunit;

namespace CityHelper.Tests.Checks;

/// <summary>Every kind of schema change: its name, its location and its possible effect on clients.</summary>
public sealed class SchemaComparisonTests
{
    [Theory]
    [InlineData("type A { a: Int } type B { b: Int }", "type A { a: Int }", "TYPE_REMOVED", "B")]
    [InlineData("type A { a: Int }", "input A { a: Int }", "TYPE_CHANGED_KIND", "A")]
    [InlineData("interface A { a: Int }", "type A { a: Int }", "TYPE_CHANGED_KIND", "A")]
    [InlineData("scalar A", "enum A { B }", "TYPE_CHANGED_KIND", "A")]
    [InlineData("type A { a: Int b: Int }", "type A { a: Int }", "FIELD_REMOVED", "A.b")]
    [InlineData("interface A { a: Int b: Int }", "interface A { a: Int }", "FIELD_REMOVED", "A.b")]
    [InlineData("type A { a: Int! }", "type A { a: Int }", "FIELD_CHANGED_KIND", "A.a")]
    [InlineData("type A { a: Int }", "type A { a: Float }", "FIELD_CHANGED_KIND", "A.a")]
    [InlineData("type A { a: Int }", "type A { a: [Int] }", "FIELD_CHANGED_KIND", "A.a")]
    [InlineData("type A { a: [Int!] }", "type A { a: [Int] }", "FIELD_CHANGED_KIND", "A.a")]
    [InlineData("type A { a(x: Int): Int }", "type A { a: Int }", "ARG_REMOVED", "A.a(x:)")]
    [InlineData("type A { a: Int }", "type A { a(x: Int!): Int }", "REQUIRED_ARG_ADDED", "A.a(x:)")]
    [InlineData("type A { a(x: Int): Int }", "type A { a(x: Int!): Int }", "ARG_CHANGED_KIND", "A.a(x:)")]
    [InlineData("type A { a(x: Int = 1): Int }", "type A { a(x: Int! = 1): Int }", "ARG_CHANGED_KIND", "A.a(x:)")]
    [InlineData("type A { a(x: [Int]): Int }", "type A { a(x: [Int!]): Int }", "ARG_CHANGED_KIND", "A.a(x:)")]
    [InlineData("type A { a(x: Int): Int }", "type A { a(x: ID): Int }", "ARG_CHANGED_KIND", "A.a(x:)")]
    [InlineData("input A { a: Int b: Int }", "input A { a: Int }", "FIELD_REMOVED", "A.b")]
    [InlineData("input A { a: Int }", "input A { a: Int b: Int! }", "REQUIRED_INPUT_FIELD_ADDED", "A.b")]
    [InlineData("input A { a: Int }", "input A { a: Int! }", "FIELD_CHANGED_KIND", "A.a")]
    [InlineData("input A { a: Int }", "input A @oneOf { a: Int }", "ONE_OF_ADDED", "A")]
    [InlineData("enum A { B C }", "enum A { B }", "VALUE_REMOVED_FROM_ENUM", "A.C")]
    [InlineData(
        "type A { a: Int } type B { a: Int } union U = A | B",
        "type A { a: Int } type B { a: Int } union U = A",
        "TYPE_REMOVED_FROM_UNION",
        "U")]
    [InlineData(
        "interface I { a: Int } type A implements I { a: Int }",
        "interface I { a: Int } type A { a: Int }",
        "IMPLEMENTED_INTERFACE_REMOVED",
        "A")]
    [InlineData("directive @d on FIELD", "scalar S directive @e on FIELD", "DIRECTIVE_REMOVED", "@d")]
    [InlineData("directive @d(a: Int) on FIELD", "directive @d on FIELD", "DIRECTIVE_ARG_REMOVED", "@d(a:)")]
    [InlineData("directive @d on FIELD", "directive @d(a: Int!) on FIELD", "REQUIRED_DIRECTIVE_ARG_ADDED", "@d(a:)")]
    [InlineData("directive @d(a: Int) on FIELD", "directive @d(a: Int!) on FIELD", "DIRECTIVE_ARG_CHANGED_KIND", "@d(a:)")]
    [InlineData("directive @d repeatable on FIELD", "directive @d on FIELD", "DIRECTIVE_REPEATABLE_REMOVED", "@d")]
    [InlineData("directive @d on FIELD | QUERY", "directive @d on FIELD", "DIRECTIVE_LOCATION_REMOVED", "@d")]
    [InlineData(
        "schema { query: A mutation: A } type A { a: Int }", "schema { query: A } type A { a: Int }", "ROOT_TYPE_CHANGED", "schema")]
    [InlineData(
        "type Query { a: Int } type A { a: Int }",
        "schema { query: A } type Query { a: Int } type A { a: Int }",
        "ROOT_TYPE_CHANGED",
        "schema")]
    public void What_breaks_clients_is_breaking(string old, string now, string code, string coordinate) =>
        AssertFound(old, now, ChangeRisk.Breaking, code, coordinate);

    [Theory]
    [InlineData("enum A { B }", "enum A { B C }", "VALUE_ADDED_TO_ENUM", "A.C")]
    [InlineData(
        "type A { a: Int } type B { a: Int } union U = A",
        "type A { a: Int } type B { a: Int } union U = A | B",
        "TYPE_ADDED_TO_UNION",
        "U")]
    [InlineData("input A { a: Int }", "input A { a: Int b: Int }", "OPTIONAL_INPUT_FIELD_ADDED", "A.b")]
    [InlineData("input A { a: Int }", "input A { a: Int b: Int! = 1 }", "OPTIONAL_INPUT_FIELD_ADDED", "A.b")]
    [InlineData("type A { a: Int }", "type A { a(x: Int): Int }", "OPTIONAL_ARG_ADDED", "A.a(x:)")]
    [InlineData("type A { a: Int }", "type A { a(x: Int! = 1): Int }", "OPTIONAL_ARG_ADDED", "A.a(x:)")]
    [InlineData(
        "interface I { a: Int } type A { a: Int }",
        "interface I { a: Int } type A implements I { a: Int }",
        "IMPLEMENTED_INTERFACE_ADDED",
        "A")]
    [InlineData("type A { a(x: Int = 1): Int }", "type A { a(x: Int = 2): Int }", "ARG_DEFAULT_VALUE_CHANGE", "A.a(x:)")]
    [InlineData("type A { a(x: Int = 1): Int }", "type A { a(x: Int): Int }", "ARG_DEFAULT_VALUE_CHANGE", "A.a(x:)")]
    [InlineData("type A { a(x: Int): Int }", "type A { a(x: Int = 1): Int }", "DEFAULT_VALUE_ADDED", "A.a(x:)")]
    [InlineData("input A { a: [Int] = [1, 2] }", "input A { a: [Int] = [2, 1] }", "INPUT_FIELD_DEFAULT_VALUE_CHANGE", "A.a")]
    [InlineData("directive @d on FIELD", "directive @d(a: Int) on FIELD", "OPTIONAL_DIRECTIVE_ARG_ADDED", "@d(a:)")]
    [InlineData("directive @d(a: Int = 1) on FIELD", "directive @d(a: Int = 2) on FIELD", "DIRECTIVE_ARG_DEFAULT_VALUE_CHANGE", "@d(a:)")]
    [InlineData("scalar A @specifiedBy(url: \"x\")", "scalar A @specifiedBy(url: \"y\")", "SPECIFICATION_CHANGED", "A")]
    public void What_clients_may_not_expect_is_dangerous(string old, string now, string code, string coordinate) =>
        AssertFound(old, now, ChangeRisk.Dangerous, code, coordinate);

    [Theory]
    [InlineData("scalar A", "scalar A scalar B", "TYPE_ADDED", "B")]
    [InlineData("type A { a: Int }", "type A { a: Int b: Int }", "FIELD_ADDED", "A.b")]
    [InlineData("type A { a: [Int] }", "type A { a: [Int!]! }", "FIELD_CHANGED_SAFELY", "A.a")]
    [InlineData("type A { a(x: [Int!]!): Int }", "type A { a(x: [Int]): Int }", "INPUT_CHANGED_SAFELY", "A.a(x:)")]
    [InlineData("input A { a: Int! }", "input A { a: Int }", "INPUT_CHANGED_SAFELY", "A.a")]
    [InlineData("input A @oneOf { a: Int }", "input A { a: Int }", "ONE_OF_REMOVED", "A")]
    [InlineData("scalar A", "scalar A directive @d on FIELD", "DIRECTIVE_ADDED", "@d")]
    [InlineData("directive @d on FIELD", "directive @d repeatable on FIELD", "DIRECTIVE_REPEATABLE_ADDED", "@d")]
    [InlineData("directive @d on FIELD", "directive @d on FIELD | QUERY", "DIRECTIVE_LOCATION_ADDED", "@d")]
    [InlineData("type A { a: Int }", "type A { a: Int @deprecated(reason: \"b\") }", "DEPRECATION_CHANGED", "A.a")]
    [InlineData("enum A { B @deprecated }", "enum A { B }", "DEPRECATION_CHANGED", "A.B")]
    [InlineData(
        "input A { a: Int @deprecated(reason: \"b\") }", "input A { a: Int @deprecated(reason: \"c\") }", "DEPRECATION_CHANGED", "A.a")]
    [InlineData("type A { a(x: Int): Int }", "type A { a(x: Int @deprecated): Int }", "DEPRECATION_CHANGED", "A.a(x:)")]
    [InlineData("type A { a: Int @cost(weight: \"1\") }", "type A { a: Int @cost(weight: \"2\") }", "DIRECTIVE_USE_CHANGED", "A.a")]
    [InlineData("\"One.\" scalar A", "\"Two.\" scalar A", "DESCRIPTION_CHANGED", "A")]
    [InlineData("type A { \"One.\" a: Int }", "type A { a: Int }", "DESCRIPTION_CHANGED", "A.a")]
    [InlineData("schema { query: A } type A { a: Int }", "schema { query: A mutation: A } type A { a: Int }", "ROOT_TYPE_ADDED", "schema")]
    public void What_no_client_notices_is_safe(string old, string now, string code, string coordinate) =>
        AssertFound(old, now, ChangeRisk.Safe, code, coordinate);

    [Theory]
    [InlineData("type A { a: Int b: Int }", "type A { b: Int a: Int }")]
    [InlineData("enum A { B C }", "enum A { C B }")]
    [InlineData(
        "input A { a: B = {c: 1, d: [2]} } input B { c: Int d: [Int] }", "input A { a: B = {d: [2], c: 1} } input B { c: Int d: [Int] }")]
    [InlineData("type A { a: Int @d(x: 1, y: 2) }", "type A { a: Int @d(y: 2, x: 1) }")]
    [InlineData("type Query { a: Int }", "schema { query: Query } type Query { a: Int }")]
    [InlineData("scalar A # one", "scalar A # two")]
    public void Order_and_spelling_are_no_change(string old, string now) => Assert.Empty(Compare(old, now));

    [Fact]
    public void The_worst_is_told_first()
    {
        IReadOnlyList<SchemaChange> changes = Compare("type A { a: Int b: Int } enum E { F }", "type A { b: Int c: Int } enum E { F G }");
        Assert.Equal([ChangeRisk.Breaking, ChangeRisk.Dangerous, ChangeRisk.Safe], changes.Select(c => c.Risk));
    }

    [Theory]
    [InlineData("type {", "old.graphql(1,6) is no schema: ")]
    [InlineData("{ a }", "old.graphql holds a OperationDefinition: ")]
    [InlineData("type A { a: Int } extend type A { b: Int }", "old.graphql holds a ObjectTypeExtension: ")]
    [InlineData("scalar A scalar A", "old.graphql defines A twice.")]
    public void What_is_no_whole_schema_is_told_by_name(string sdl, string message)
    {
        InvalidDataException refused = Assert.Throws<InvalidDataException>(() => SchemaDefinitions.Parse(sdl, "old.graphql"));
        Assert.StartsWith(message, refused.Message, StringComparison.Ordinal);
    }

    private static void AssertFound(string old, string now, ChangeRisk risk, string code, string coordinate)
    {
        SchemaChange change = Assert.Single(Compare(old, now), c => c.Code == code);
        Assert.Equal((risk, coordinate), (change.Risk, change.Coordinate));
        Assert.NotEmpty(change.Message);
        Assert.All(Compare(old, now), c => Assert.True(c.Risk <= risk, $"{c} is worse than what was changed"));
    }

    private static IReadOnlyList<SchemaChange> Compare(string old, string now) =>
        SchemaComparison.Compare(SchemaDefinitions.Parse(old, "old.graphql"), SchemaDefinitions.Parse(now, "new.graphql"));
}
