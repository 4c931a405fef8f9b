using CityHelper.Engine.Documents;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning.Filters;

/// <summary>The argument <c>within</c>: the kind of area that the plan is made for.</summary>
/// <param name="node">Its value; null for the parent row's own area.</param>
/// <param name="grid">The rows' grid columns.</param>
internal sealed class AreaArgument(InputNode? node, GridColumns grid)
{
    public InputNode? Node { get; } = node;

    public GridColumns Grid { get; } = grid;

    /// <summary>The kind of the area. The variable signature includes which member is given.</summary>
    public AreaKind Kind { get; } = node is null ? AreaKind.Surface : MemberOf(node) switch
    {
        AreaInput.Viewport => AreaKind.Viewport,
        AreaInput.Circle => AreaKind.Circle,
        _ => AreaKind.Surface,
    };

    /// <summary>The value as the request sent it; cursors are bound to it.</summary>
    public object? Evaluate(VariableValues variables) => Node?.Evaluate(variables);

    private static string MemberOf(InputNode node) => node is ObjectNode { Members: { Count: 1 } members }
        ? members.Keys.Single()
        : throw new PlanException(new AreaInvalidError("`within` takes exactly one area."));
}
