using System.Text.Json.Nodes;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>
/// A connection that an operation asked for: its page, the number of rows without any condition, its arguments, and the number of enclosing
/// connections.
/// </summary>
internal sealed record OracleConnection(OraclePage Page, int Candidates, IReadOnlyDictionary<string, JsonNode?> Arguments, int Depth)
{
    public bool HasRows => Page.Rows.Count > 0;

    /// <summary>Some rows pass the conditions and some do not.</summary>
    public bool Divides => Page.TotalCount > 0 && Page.TotalCount < Candidates;

    /// <summary>A page with rows that starts or ends at a cursor.</summary>
    public bool IsLaterPage => HasRows && (Given("after") || Given("before"));

    public bool IsBackward => HasRows && Given("last") && Page.HasPrevious;

    public bool HasOr => Divides && Mentions("or");

    public bool HasListFilter => Divides && Mentions("updates");

    public bool IsOrdered => Page.Rows.Count > 1 && Given("order");

    private bool Given(string argument) => Arguments.GetValueOrDefault(argument) is not null;

    private bool Mentions(string member) => Mentions(Arguments.GetValueOrDefault("where"), member);

    private static bool Mentions(JsonNode? node, string member) => node switch
    {
        JsonObject members => members.Any(m => (m.Key == member && m.Value is not null) || Mentions(m.Value, member)),
        JsonArray items => items.Any(i => Mentions(i, member)),
        _ => false,
    };
}
