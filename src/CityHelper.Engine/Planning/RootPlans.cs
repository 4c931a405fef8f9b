using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Planning;

/// <summary>One row by a unique column. Where the row is a partition that other statements need, its key is looked up first.</summary>
/// <param name="field">Its name and writer.</param>
/// <param name="binding">The column, and who knows the partitions.</param>
/// <param name="name">The argument.</param>
internal sealed class UniqueRowPlan(FieldWriter field, UniqueRowBinding binding, InputNode name) : RootPlan(field)
{
    public UniqueRowBinding Binding { get; } = binding;

    public InputNode Name { get; } = name;
}

/// <summary>One row of a partition by id or foreign key.</summary>
/// <param name="field">Its name and writer.</param>
/// <param name="binding">The row's table.</param>
/// <param name="partition">The argument of the partition and its value.</param>
/// <param name="id">The global id; null when the row is named by a foreign key.</param>
internal sealed class RowOfPartitionPlan(FieldWriter field, RowOfPartitionBinding binding, NamedPartition partition, InputNode? id) : RootPlan(field)
{
    public RowOfPartitionBinding Binding { get; } = binding;

    public NamedPartition Partition { get; } = partition;

    public InputNode? Id { get; } = id;
}

/// <summary>One row of a partition by global id, which says the partition too.</summary>
/// <param name="field">Its name and writer.</param>
/// <param name="binding">The row's table.</param>
/// <param name="id">The global id.</param>
internal sealed class RowByIdPlan(FieldWriter field, RowByIdBinding binding, InputNode id) : RootPlan(field)
{
    public RowByIdBinding Binding { get; } = binding;

    public InputNode Id { get; } = id;
}

/// <summary>A root whose arguments are refused by the plan itself, whatever their values.</summary>
/// <param name="field">Its name and writer.</param>
/// <param name="error">What the client is told.</param>
internal sealed class RefusedRootPlan(FieldWriter field, RequestError error) : RootPlan(field)
{
    public RequestError Error { get; } = error;
}

/// <summary>Rows by their keys, which a loader gives: no field of its own.</summary>
/// <param name="field">The field that asks for them.</param>
/// <param name="entity">The rows' table.</param>
internal sealed class RowsByKeyPlan(FieldWriter field, EntityMap entity) : RootPlan(field)
{
    public EntityMap Entity { get; } = entity;

    /// <summary>Whether the rows are partitions, so that each is read alone.</summary>
    public bool IsPartition => Entity.PartitionColumn is null;
}

/// <summary><c>node</c> or <c>nodes</c>: which rows of which types they are is known when the ids are, so a loader reads them.</summary>
/// <param name="field">Its name and writer.</param>
/// <param name="binding">Which of the two.</param>
/// <param name="ids">The id or the list of ids.</param>
/// <param name="types">What is read of each type of node.</param>
internal sealed class NodePlan(FieldWriter field, NodeBinding binding, InputNode ids, IReadOnlyDictionary<string, RowsByKeyPlan> types) : RootPlan(field)
{
    public NodeBinding Binding { get; } = binding;

    public InputNode Ids { get; } = ids;

    public IReadOnlyDictionary<string, RowsByKeyPlan> Types { get; } = types;

    /// <summary>Those of the type that needs most; ids of several types are bounded when they are known.</summary>
    public override int StatementCount => Types.Values.Max(t => t.StatementCount);

    /// <summary>Which of the types the ids are of is not known yet.</summary>
    public override bool AddsUp => Types.Values.Any(type => type.AddsUp);
}

/// <summary>The argument that names a root's partition.</summary>
/// <param name="Argument">The argument.</param>
/// <param name="Value">Its value.</param>
internal sealed record NamedPartition(PartitionArgument Argument, InputNode Value);
