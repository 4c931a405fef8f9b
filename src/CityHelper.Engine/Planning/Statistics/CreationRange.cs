using CityHelper.Engine.Documents;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Engine.Planning.Statistics;

/// <summary>
/// The creation times that a filter leaves, where they are exactly one range of milliseconds. The keys then express it fully, and no
/// condition on the time remains. Anything else, such as a time in an <c>or</c>, is no range.
/// </summary>
/// <param name="LowMs">The first millisecond; <see cref="long.MinValue"/> without a bound.</param>
/// <param name="HighMs">The exclusive end in milliseconds; <see cref="long.MaxValue"/> without a bound.</param>
internal readonly record struct CreationRange(long LowMs, long HighMs)
{
    private static readonly string[] s_ranges = ["gt", "gte", "lt", "lte", "ngt", "ngte", "nlt", "nlte", "eq"];

    /// <summary>All times.</summary>
    public static CreationRange All { get; } = new(long.MinValue, long.MaxValue);

    public bool IsEmpty => LowMs >= HighMs;

    /// <summary>Whether the filter's conditions on the creation time form a range, whatever the values.</summary>
    public static bool IsRange(FilterInput input, InputNode? filter, ColumnMap created) =>
        InputNode.MembersOf(input, filter).All(m => m.Field.Name switch
        {
            JoiningFilterInput.And => InputNode.ItemsOf(m.Node).All(item => IsRange(input, item, created)),
            JoiningFilterInput.Or => !InputNode.ItemsOf(m.Node).Any(item => Mentions(input, item, created)),
            _ => !IsCreated(input, m.Field.Name, created)
                || m.Node is not ObjectNode node
                || node.Members.All(o => s_ranges.Contains(o.Key) && !o.Value.IsNull),
        });

    /// <summary>The range of a filter for which <see cref="IsRange"/> holds.</summary>
    public static CreationRange Of(FilterInput input, InputNode? filter, ColumnMap created, VariableValues variables) =>
        InputNode.MembersOf(input, filter).Aggregate(All, (range, m) => m.Field.Name switch
        {
            JoiningFilterInput.And => InputNode.ItemsOf(m.Node).Aggregate(range, (r, item) => r.And(Of(input, item, created, variables))),
            JoiningFilterInput.Or => range,
            _ when IsCreated(input, m.Field.Name, created) && m.Node is ObjectNode node =>
                node.Members.Aggregate(range, (r, o) => r.And(Operation(o.Key, (DateTimeOffset)o.Value.Evaluate(variables)!))),
            _ => range,
        });

    private CreationRange And(CreationRange other) => new(Math.Max(LowMs, other.LowMs), Math.Min(HighMs, other.HighMs));

    // Rows are created in whole milliseconds; operands may be finer.
    private static CreationRange Operation(string operation, DateTimeOffset moment)
    {
        long floor = moment.ToUnixTimeMilliseconds();
        long ceiling = moment.Ticks % TimeSpan.TicksPerMillisecond == 0 ? floor : floor + 1;
        return operation switch
        {
            "gte" or "nlt" => new(ceiling, long.MaxValue),
            "gt" or "nlte" => new(floor + 1, long.MaxValue),
            "lt" or "ngte" => new(long.MinValue, ceiling),
            "lte" or "ngt" => new(long.MinValue, floor + 1),
            "eq" when floor == ceiling => new(floor, floor + 1),
            "eq" => new(0, 0),
            _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "Not an operation of a range."),
        };
    }

    private static bool IsCreated(FilterInput input, string member, ColumnMap created) =>
        FieldBinding.Of(input.Target(member)) is ColumnBinding binding && binding.Column == created;

    private static bool Mentions(FilterInput input, InputNode? filter, ColumnMap created) =>
        InputNode.MembersOf(input, filter).Any(m => m.Field.Name switch
        {
            JoiningFilterInput.And or JoiningFilterInput.Or =>
                InputNode.ItemsOf(m.Node).Any(item => Mentions(input, item, created)),
            _ => IsCreated(input, m.Field.Name, created),
        });
}
