using System.Globalization;
using System.Text;
using System.Text.Json;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Engine.Planning.Connections;

/// <summary>The arguments of a connection, null where not given.</summary>
/// <param name="Coordinate">The field, as errors and cursors name it: <c>Query.serviceRequests</c>.</param>
/// <param name="First">Rows from the beginning.</param>
/// <param name="After">A cursor.</param>
/// <param name="Last">Rows from the end.</param>
/// <param name="Before">A cursor.</param>
/// <param name="Area">The area.</param>
/// <param name="Filter">The filter.</param>
/// <param name="Order">The order.</param>
internal sealed record ConnectionArguments(
    string Coordinate,
    InputNode? First,
    InputNode? After,
    InputNode? Last,
    InputNode? Before,
    AreaArgument? Area,
    InputNode? Filter,
    InputNode? Order)
{
    /// <summary>Whether the page is read from the end of its list.</summary>
    public bool Backward => Last is not null;

    public static ConnectionArguments Of(
        RowPlanner rows, CollectedField field, FieldType definition, ConnectionRows connection, string parent)
    {
        InputNode? Given(string name) => definition.Arguments!.Find(name) is null ? null : rows.GivenArgument(field, definition, name);

        return new ConnectionArguments(
            $"{parent}.{definition.Name}",
            Given(ConnectionBinding.FirstArgument),
            Given(ConnectionBinding.AfterArgument),
            Given(ConnectionBinding.LastArgument),
            Given(ConnectionBinding.BeforeArgument),
            FieldBinding.Of(definition) is TenantConnectionBinding { OfArea: true } ? new AreaArgument(null, connection.Access.Grid!)
                : Given(ConnectionBinding.AreaArgument) is { } area ? new AreaArgument(area, connection.Access.Grid!)
                : null,
            Filtered(Given(ConnectionBinding.FilterArgument), connection.Selectors.Select(selector => (selector, Given(selector)))),
            Given(ConnectionBinding.OrderArgument));
    }

    // An argument beside the filter becomes one more condition of it: it is compiled in the same way, and cursors are bound to it too.
    private static InputNode? Filtered(InputNode? filter, IEnumerable<(string Name, InputNode? Value)> selectors)
    {
        InputNode[] conditions = [.. selectors.Where(s => s.Value is not null)
            .Select(s => One(s.Name, One("eq", s.Value!)))];
        return conditions.Length == 0 ? filter
            : One(JoiningFilterInput.And, new ListNode(filter is null ? conditions : [filter, .. conditions]));
    }

    private static ObjectNode One(string member, InputNode value) => new(new Dictionary<string, InputNode> { [member] = value });

    /// <summary>The size of the page, or the error that refuses it.</summary>
    public (int Rows, RequestError? Error) Page(VariableValues variables, bool mustBeGiven)
    {
        if (First is not null && Last is not null)
        {
            return (0, new PageBoundariesError(Coordinate));
        }

        if (First is null && Last is null && mustBeGiven)
        {
            return (0, new PageBoundaryMissingError(Coordinate));
        }

        string argument = Backward ? ConnectionBinding.LastArgument : ConnectionBinding.FirstArgument;
        int rows = PageArguments.Rows(Last ?? First, variables);
        return (rows, PageArguments.Check(argument, rows, Coordinate));
    }

    /// <summary>The cursors' keyset positions, or the error for a cursor that was not signed for this question.</summary>
    public (KeysetPosition? After, KeysetPosition? Before, RequestError? Error) Positions(CursorSigner? signer, VariableValues variables)
    {
        KeysetPosition? after = Open(After, signer, variables);
        KeysetPosition? before = Open(Before, signer, variables);
        string? broken = After is not null && after is null ? ConnectionBinding.AfterArgument
            : Before is not null && before is null ? ConnectionBinding.BeforeArgument
            : null;
        return (after, before, broken is null ? null : new CursorInvalidError(broken, Coordinate));
    }

    private static KeysetPosition? Open(InputNode? cursor, CursorSigner? signer, VariableValues variables) =>
        cursor is null ? null : signer!.Open((string)cursor.Evaluate(variables)!);

    /// <summary>
    /// What a cursor of the connection is bound to: the field, the tenant, the area, the filter and the order. It is not bound to the page
    /// size or the selected fields, which a client may change from page to page, nor to the parent row of a nested connection.
    /// </summary>
    public string Question(short tenant, RowOrder order, VariableValues variables, long? area = null)
    {
        var text = new StringBuilder(Coordinate);
        text.Append('|').Append(tenant.ToString(CultureInfo.InvariantCulture));
        text.Append('|').Append(order.Name).Append('|');
        Append(text, area ?? Area?.Evaluate(variables));
        text.Append('|');
        Append(text, Filter?.Evaluate(variables));
        return text.ToString();
    }

    // Members sorted by name, so that a literal and a variable of equal content give the same text.
    private static void Append(StringBuilder text, object? value)
    {
        switch (value)
        {
            case Dictionary<string, object?> members:
                text.Append('{');
                foreach ((string name, object? member) in members.OrderBy(m => m.Key, StringComparer.Ordinal))
                {
                    text.Append(name).Append(':');
                    Append(text, member);
                    text.Append(',');
                }

                text.Append('}');
                break;
            case List<object?> items:
                text.Append('[');
                foreach (object? item in items)
                {
                    Append(text, item);
                    text.Append(',');
                }

                text.Append(']');
                break;
            case NetTopologySuite.Geometries.Geometry geometry:
                // Hashed: a polygon may be long, and only its identity matters.
                text.Append(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(geometry.AsBinary())));
                break;
            case DateTimeOffset moment:
                text.Append(moment.UtcTicks.ToString(CultureInfo.InvariantCulture));
                break;
            default:
                text.Append(JsonSerializer.Serialize(value));
                break;
        }
    }
}

/// <summary>The arguments that limit a list.</summary>
internal static class PageArguments
{
    public static int Rows(InputNode? argument, VariableValues variables) =>
        argument?.Evaluate(variables) as int? ?? Limits.PageRowsDefault;

    public static RequestError? Check(string argument, int rows, string coordinate) => rows switch
    {
        < 0 => new PageSizeNegativeError(argument, coordinate),
        > Limits.PageRowsMax => new PageTooLargeError(coordinate, rows),
        _ => null,
    };
}
