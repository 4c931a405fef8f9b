using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Engine.Binding;

/// <summary>
/// The range of creation times that a filter allows, in milliseconds since 1970: the intersection of an <c>and</c>, the hull of an
/// <c>or</c>. Rounded outward to whole milliseconds; SQL still tests the exact time.
/// </summary>
/// <param name="LowMs">The first millisecond.</param>
/// <param name="HighMs">The first millisecond after the range.</param>
internal readonly record struct CreationBounds(long LowMs, long HighMs)
{
    /// <summary>No bounds.</summary>
    public static CreationBounds All { get; } = new(long.MinValue, long.MaxValue);

    /// <summary>Whether both ends are bounded and close enough to filter row by row; both ends count.</summary>
    public bool IsShort =>
        LowMs != long.MinValue && HighMs != long.MaxValue && HighMs - LowMs <= TimeSpan.MillisecondsPerDay * Limits.ScanDaysMax + 1;

    /// <summary>The bounds as row keys.</summary>
    public KeyRange Keys(RowAccess access) => new(
        LowMs == long.MinValue ? long.MinValue : access.Created!.KeyOfMs(LowMs),
        HighMs == long.MaxValue ? long.MaxValue : access.Created!.KeyOfMs(HighMs));

    public static CreationBounds Of(FilterInput input, InputNode? filter, ColumnMap created, VariableValues variables) =>
        InputNode.MembersOf(input, filter).Aggregate(All, (bounds, m) => bounds.And(Member(input, m.Field, m.Node, created, variables)));

    private static CreationBounds Member(FilterInput input, FieldType field, InputNode node, ColumnMap created, VariableValues variables)
    {
        if (field.Name is JoiningFilterInput.And or JoiningFilterInput.Or)
        {
            CreationBounds[] items = [.. InputNode.ItemsOf(node).Select(item => Of(input, item, created, variables))];
            return items.Length == 0 ? All : items.Aggregate((a, b) => field.Name == JoiningFilterInput.And ? a.And(b) : a.Or(b));
        }

        return FieldBinding.Of(input.Target(field.Name)) is ColumnBinding column && column.Column == created
            && node is ObjectNode operations
            ? operations.Members
                .Where(m => !m.Value.IsNull)
                .Select(m => Operation(m.Key, m.Value.Evaluate(variables)))
                .Aggregate(All, (a, b) => a.And(b))
            : All;
    }

    private static CreationBounds Operation(string operation, object? value) => (operation, value) switch
    {
        ("gt" or "gte" or "nlt" or "nlte", DateTimeOffset moment) => new(moment.ToUnixTimeMilliseconds(), long.MaxValue),
        ("lt" or "lte" or "ngt" or "ngte", DateTimeOffset moment) => new(long.MinValue, moment.ToUnixTimeMilliseconds() + 1),
        ("eq", DateTimeOffset moment) => new(moment.ToUnixTimeMilliseconds(), moment.ToUnixTimeMilliseconds() + 1),
        ("in", List<object?> items) when items.OfType<DateTimeOffset>().ToArray() is { Length: > 0 } moments =>
            new(moments.Min().ToUnixTimeMilliseconds(), moments.Max().ToUnixTimeMilliseconds() + 1),
        _ => All,
    };

    private CreationBounds And(CreationBounds other) => new(Math.Max(LowMs, other.LowMs), Math.Min(HighMs, other.HighMs));

    private CreationBounds Or(CreationBounds other) => new(Math.Min(LowMs, other.LowMs), Math.Max(HighMs, other.HighMs));
}
