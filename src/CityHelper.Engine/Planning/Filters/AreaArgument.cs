using CityHelper.Engine.Documents;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning.Filters;

/// <summary>The argument <c>within</c>: which kind of area the plan is made for.</summary>
/// <param name="node">Its value; null for the area that the row above stands for.</param>
/// <param name="grid">The rows' place on the grid.</param>
internal sealed class AreaArgument(InputNode? node, GridColumns grid)
{
    public InputNode? Node { get; } = node;

    public GridColumns Grid { get; } = grid;

    /// <summary>The kind: which member is given is part of the variables' shape.</summary>
    public AreaKind Kind { get; } = node is null ? AreaKind.Surface : MemberOf(node) switch
    {
        AreaInput.Viewport => AreaKind.Viewport,
        AreaInput.Circle => AreaKind.Circle,
        _ => AreaKind.Surface,
    };

    /// <summary>The value as the request sent it, to which cursors are bound.</summary>
    public object? Evaluate(VariableValues variables) => Node?.Evaluate(variables);

    private static string MemberOf(InputNode node) => node is ObjectNode { Members: { Count: 1 } members }
        ? members.Keys.Single()
        : throw new PlanException(new AreaInvalidError("`within` takes exactly one area."));
}
