using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Planning;

/// <summary>
/// A subscription: what it asks for, and the writer of its events. An event's values come from the log; its row is read by key.
/// </summary>
/// <param name="field">Its name, and the writer of an event.</param>
/// <param name="binding">The rows.</param>
internal sealed class SubscriptionPlan(FieldWriter field, SubscriptionBinding binding) : RootPlan(field)
{
    public SubscriptionBinding Binding { get; } = binding;

    /// <summary>The tenant; null where the id of one row names it.</summary>
    public NamedTenant? Tenant { get; init; }

    /// <summary>The id of the row; null for the rows of a tenant.</summary>
    public InputNode? Id { get; init; }

    /// <summary>The area; null for everywhere.</summary>
    public AreaArgument? Area { get; init; }

    /// <summary>The conditions.</summary>
    public IReadOnlyList<LoggedCondition> Where { get; init; } = [];

    /// <summary>Where to go on; null where it is not given.</summary>
    public InputNode? After { get; init; }

    /// <summary>What is read of a changed row, once for each of its selections.</summary>
    public IReadOnlyList<RowsByKeyPlan> Rows { get; init; } = [];

    /// <summary>Variables of the selection, in order: what an event shows depends on them, and not on those of the arguments.</summary>
    public IReadOnlyList<string> SelectionVariables { get; init; } = [];

    // Of an event; the statement that tests points against a circle's rim has a batch of its own.
    public override int StatementCount => Rows.Sum(row => row.StatementCount);
}

/// <summary>A condition on a logged column.</summary>
/// <param name="Column">The number of the column.</param>
/// <param name="Equal">The value that it must have; null where none is given.</param>
/// <param name="In">The values of which it must have one; null where none are given.</param>
internal sealed record LoggedCondition(int Column, InputNode? Equal, InputNode? In);
